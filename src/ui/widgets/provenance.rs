//! A figure with its mark: where it comes from.

use crate::model::format::quantity_text;
use crate::model::quantity::{Provenance, Quantity};
use crate::ui::theme::Theme;

/// Shows a quantity's text and, small beside it, the letter of its provenance; hovering tells all.
pub fn quantity_ui(ui: &mut egui::Ui, quantity: &Quantity) -> egui::Response {
    let text = quantity_text(quantity);
    let response = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        ui.label(egui::RichText::new(text).strong());
        mark_ui(ui, &quantity.provenance);
    });
    response.response.on_hover_text(tooltip(&quantity.provenance))
}

/// Shows only the mark.
pub fn mark_ui(ui: &mut egui::Ui, provenance: &Provenance) -> egui::Response {
    let theme = Theme::get(ui);
    let colour = match provenance {
        Provenance::Measured { .. } => theme.healthy.stroke,
        Provenance::Derived { .. } => theme.human.stroke,
        Provenance::Stated { .. } => theme.optimization.stroke,
        Provenance::Assumed { .. } => theme.warning.stroke,
    };
    let mark = egui::RichText::new(provenance.mark()).small().color(colour);
    ui.label(mark).on_hover_text(tooltip(provenance))
}

/// What the mark says in words: `stated: M-AgentPool.04 of 078 Living system snapshots`.
pub fn tooltip(provenance: &Provenance) -> String {
    format!("{}: {}", provenance.word(), provenance.origin())
}
