//! The line of vital figures below the top bar.

use crate::analysis::vitals::Vital;
use crate::state::State;
use crate::state::command::Command;
use crate::state::question::Topic;
use crate::ui::theme::Theme;
use crate::ui::widgets::doubt::doubt_ui;
use crate::ui::widgets::provenance;

/// Draws it.
pub fn vitals_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    egui::ScrollArea::horizontal().auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal(|ui| {
            if state.answers.vitals.is_empty() {
                let text = match state.answers.failed.get(&Topic::Vitals) {
                    Some(error) => error.as_str(),
                    None => "Reading the vital figures …",
                };
                ui.label(egui::RichText::new(text).color(Theme::get(ui).text_weak));
            }
            let (known, missing): (Vec<&Vital>, Vec<&Vital>) =
                state.answers.vitals.iter().partition(|vital| vital.quantity.is_some());
            for vital in known {
                vital_ui(state, vital, ui, commands);
                ui.separator();
            }
            if !missing.is_empty() {
                missing_ui(ui, &missing);
            }
        });
    });
}

fn vital_ui(state: &State, vital: &Vital, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let label = ui.label(egui::RichText::new(&vital.label).small().color(weak));
        label.on_hover_text(&vital.definition);
        if let Some(quantity) = &vital.quantity {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 3.0;
                provenance::quantity_ui(ui, quantity);
                doubt_ui(state, quantity, ui, commands);
            });
        }
    });
}

/// What this session can't tell, and which source would: named together, so that they don't crowd out what is known.
fn missing_ui(ui: &mut egui::Ui, missing: &[&Vital]) {
    let weak = Theme::get(ui).text_weak;
    let names: Vec<&str> = missing.iter().map(|vital| vital.label.as_str()).collect();
    let needs: Vec<&str> = missing.iter().filter_map(|vital| vital.needs.as_deref()).collect();
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.label(egui::RichText::new("Not measured here").small().color(weak));
        let text = egui::RichText::new(names.join(", ")).color(weak);
        ui.add(egui::Label::new(text).truncate()).on_hover_text(needs.join("\n"));
    });
}
