//! The memory view.

use super::View;
use crate::state::command::Command;
use crate::state::{State, ViewId};

/// The memory view.
pub struct Memory;

impl View for Memory {
    fn id(&self) -> ViewId {
        ViewId::Memory
    }

    fn help(&self) -> &'static str {
        ""
    }

    fn ui(&self, _state: &State, ui: &mut egui::Ui, _commands: &mut Vec<Command>) {
        ui.label(self.help());
    }
}
