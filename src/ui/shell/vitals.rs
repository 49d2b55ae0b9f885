//! The line of vital figures below the top bar.

use crate::analysis::vitals::Vital;
use crate::state::State;
use crate::state::command::Command;
use crate::state::question::Topic;
use crate::ui::theme::Theme;
use crate::ui::widgets::provenance;

/// Draws it.
pub fn vitals_ui(state: &State, ui: &mut egui::Ui, _commands: &mut Vec<Command>) {
    egui::ScrollArea::horizontal().auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal(|ui| {
            if state.answers.vitals.is_empty() {
                let text = match state.answers.failed.get(&Topic::Vitals) {
                    Some(error) => error.as_str(),
                    None => "Reading the vital figures …",
                };
                ui.label(egui::RichText::new(text).color(Theme::get(ui).text_weak));
            }
            for (index, vital) in state.answers.vitals.iter().enumerate() {
                if index > 0 {
                    ui.separator();
                }
                vital_ui(ui, vital);
            }
        });
    });
}

fn vital_ui(ui: &mut egui::Ui, vital: &Vital) {
    let weak = Theme::get(ui).text_weak;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let label = ui.label(egui::RichText::new(&vital.label).small().color(weak));
        label.on_hover_text(&vital.definition);
        match &vital.quantity {
            Some(quantity) => {
                provenance::quantity_ui(ui, quantity);
            }
            None => {
                let needs = vital.needs.as_deref().unwrap_or("This session can't tell.");
                ui.label(egui::RichText::new("not measured").color(weak)).on_hover_text(needs);
            }
        }
    });
}
