//! The roadmap view.

use super::View;
use crate::state::command::Command;
use crate::state::{State, ViewId};

/// The roadmap view.
pub struct Roadmap;

impl View for Roadmap {
    fn id(&self) -> ViewId {
        ViewId::Roadmap
    }

    fn help(&self) -> &'static str {
        ""
    }

    fn ui(&self, _state: &State, ui: &mut egui::Ui, _commands: &mut Vec<Command>) {
        ui.label(self.help());
    }
}
