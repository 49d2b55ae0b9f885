//! The roadmap: opportunities in lanes by horizon, and the decisions that are put to the human. Both are edited here.

mod decisions;
mod fields;
mod lanes;
mod opportunity;

use super::View;
use crate::state::command::{Command, DocumentCommand};
use crate::state::{Selection, State, ViewId};
use crate::ui::widgets::empty::empty_ui;

/// The roadmap view.
pub struct Roadmap;

impl View for Roadmap {
    fn id(&self) -> ViewId {
        ViewId::Roadmap
    }

    fn help(&self) -> &'static str {
        "What could be improved, by when, with which claimed effect, effort and risk; and what is to be decided. \
         Click a card or a question to edit it. Claims with different bases are not added up."
    }

    fn ui(&self, state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
        let document = &state.document;
        if document.horizons.is_empty() && document.opportunities.is_empty() && document.decisions.is_empty() {
            empty_ui(
                ui,
                "No roadmap yet",
                "This session's document has no horizons, opportunities or decisions. Write down the first question, \
                 or open a session that has a plan.",
            );
            ui.vertical_centered(|ui| {
                if ui.button("Add a decision").clicked() {
                    commands.push(DocumentCommand::AddDecision.into());
                }
            });
            return;
        }
        // What was selected in the last frame, to notice when something else is, here or elsewhere.
        let memory = ui.scope_id().with("selection seen");
        let seen = ui.data(|data| data.get_temp::<Option<Selection>>(memory)).unwrap_or_default();
        let arrived = seen != state.selection;
        ui.data_mut(|data| data.insert_temp(memory, state.selection.clone()));
        let width = (ui.available_width() * 0.34).clamp(230.0, 420.0);
        let side = egui::Panel::right(ui.scope_id().with("plan side")).default_size(width).size_range(200.0..=560.0);
        side.show(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("plan side").auto_shrink(false).show(ui, |ui| {
                if let Some(Selection::Opportunity(id)) = &state.selection
                    && let Some(opportunity) = document.opportunity(id)
                {
                    opportunity::editor_ui(state, opportunity, ui, commands);
                    ui.separator();
                }
                decisions::decisions_ui(state, arrived, ui, commands);
            });
        });
        egui::CentralPanel::no_frame().show(ui, |ui| lanes::lanes_ui(state, arrived, ui, commands));
    }
}
