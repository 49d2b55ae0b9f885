//! The list of keys, made from the one list of actions.

use crate::model::quantity::Provenance;
use crate::state::State;
use crate::state::action::available;
use crate::state::command::{Command, WindowCommand};
use crate::ui::theme::Theme;
use crate::ui::views;
use crate::ui::widgets::provenance::mark_ui;

/// Draws it over the window.
pub fn help_ui(state: &State, ui: &egui::Ui, commands: &mut Vec<Command>) {
    let modal = egui::Modal::new(egui::Id::unique("help")).show(ui.ctx(), |ui| {
        ui.set_width(560.0);
        ui.horizontal(|ui| {
            ui.heading("Keys");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Close the help").clicked() {
                    commands.push(WindowCommand::ToggleHelp.into());
                }
            });
        });
        egui::ScrollArea::vertical().max_height(460.0).auto_shrink([false, true]).show(ui, |ui| {
            keys_ui(state, ui);
            ui.add_space(8.0);
            ui.heading("With the mouse");
            ui.label("Over time: drag to move, scroll to zoom, click to set the cursor, double-click to show all.");
            ui.label("Anything that has a name can be clicked to select it; every view shows the same selection.");
            ui.add_space(8.0);
            ui.heading("Where figures come from");
            marks_ui(ui);
            ui.add_space(8.0);
            ui.heading("Views");
            for view in views::ALL {
                ui.label(egui::RichText::new(view.id().title()).strong());
                ui.label(view.help());
            }
        });
    });
    if modal.backdrop_response.clicked() {
        commands.push(WindowCommand::ToggleHelp.into());
    }
}

fn keys_ui(state: &State, ui: &mut egui::Ui) {
    let weak = Theme::get(ui).text_weak;
    egui::Grid::new("keys").num_columns(3).spacing([16.0, 3.0]).show(ui, |ui| {
        for action in available(state) {
            let Some(shortcut) = action.shortcut else { continue };
            ui.label(egui::RichText::new(action.group).color(weak));
            ui.label(egui::RichText::new(shortcut.to_string()).monospace());
            ui.label(&action.title);
            ui.end_row();
        }
    });
}

fn marks_ui(ui: &mut egui::Ui) {
    let marks = [
        (Provenance::Measured { source: "a source".to_owned(), window: None }, "measured by a source"),
        (Provenance::Derived { formula: "a formula".to_owned(), inputs: Vec::new() }, "computed from other figures"),
        (Provenance::Stated { document: "a document".to_owned(), item: "item".into() }, "stated by a document"),
        (Provenance::Assumed { by: "somebody".to_owned(), why: "a reason".to_owned() }, "assumed by somebody"),
    ];
    for (provenance, meaning) in marks {
        ui.horizontal(|ui| {
            mark_ui(ui, &provenance);
            ui.label(meaning);
        });
    }
}
