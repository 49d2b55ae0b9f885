//! A sign beside a stated figure that disagrees with others: ≠, ? or ≤; hovering says how, a click leads to the statement.

use crate::analysis::consistency::{Disagreement, Severity};
use crate::model::document::StatusClass;
use crate::model::id::ItemId;
use crate::model::quantity::{Provenance, Quantity};
use crate::state::command::{Command, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;

/// So many disagreements are told in a tooltip.
const MAX_TOLD: usize = 4;

/// What disagrees with a statement, the worst first.
pub fn doubts<'a>(state: &'a State, item: &'a ItemId) -> impl Iterator<Item = &'a Disagreement> {
    state.answers.consistency.iter().flat_map(move |consistency| consistency.about(item))
}

/// What disagrees with one figure.
pub fn doubts_of<'a>(state: &'a State, quantity: &'a Quantity) -> impl Iterator<Item = &'a Disagreement> {
    let found = state.answers.consistency.iter().flat_map(|consistency| &consistency.disagreements);
    found.filter(move |found| found.is_about_quantity(quantity))
}

/// Draws the sign beside a figure, if there is something to say.
pub fn doubt_ui(state: &State, quantity: &Quantity, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    if let Provenance::Stated { item, .. } = &quantity.provenance {
        sign_ui(item, doubts_of(state, quantity).collect(), ui, commands);
    }
}

/// Draws the sign beside a statement without a figure.
pub fn statement_doubt_ui(state: &State, provenance: &Provenance, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    if let Provenance::Stated { item, .. } = provenance {
        sign_ui(item, doubts(state, item).collect(), ui, commands);
    }
}

fn sign_ui(item: &ItemId, found: Vec<&Disagreement>, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(worst) = found.iter().map(|found| found.severity).min() else { return };
    let sign = egui::RichText::new(worst.symbol()).strong().color(colour(ui, worst));
    let label = egui::Label::new(sign).sense(egui::Sense::click()).selectable(false);
    let response = ui.add(label).on_hover_cursor(egui::CursorIcon::PointingHand);
    response.widget_info(|| {
        let name = format!("{}: {item} disagrees with other figures", worst.word());
        egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, name)
    });
    let response = response.on_hover_ui(|ui| doubts_text_ui(found.into_iter(), ui));
    if response.clicked() {
        commands.push(NavigateCommand::Select(Some(Selection::Statement(item.clone()))).into());
    }
}

/// Says how figures disagree, for a tooltip.
pub fn doubts_text_ui<'a>(found: impl Iterator<Item = &'a Disagreement>, ui: &mut egui::Ui) {
    let found: Vec<&Disagreement> = found.collect();
    if found.is_empty() {
        return;
    }
    ui.set_max_width(380.0);
    for one in found.iter().take(MAX_TOLD) {
        let head = format!("{} {}: {}", one.severity.symbol(), one.severity.word(), one.class.title());
        ui.label(egui::RichText::new(head).small().strong().color(colour(ui, one.severity)));
        ui.label(&one.message);
    }
    if found.len() > MAX_TOLD {
        ui.label(egui::RichText::new(format!("and {} more", found.len() - MAX_TOLD)).small());
    }
}

/// The class whose colours tell a severity.
pub fn class(severity: Severity) -> Option<StatusClass> {
    match severity {
        Severity::Contradiction => Some(StatusClass::Critical),
        Severity::Ambiguous => Some(StatusClass::Warning),
        Severity::Bound => Some(StatusClass::Human),
        Severity::Rounding => Some(StatusClass::Healthy),
    }
}

/// The colour of a severity's sign on a panel.
pub fn colour(ui: &egui::Ui, severity: Severity) -> egui::Color32 {
    Theme::get(ui).class(class(severity)).stroke
}
