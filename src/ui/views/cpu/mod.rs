//! The cpu view.

use super::View;
use crate::state::command::Command;
use crate::state::{State, ViewId};

/// The cpu view.
pub struct Cpu;

impl View for Cpu {
    fn id(&self) -> ViewId {
        ViewId::Cpu
    }

    fn help(&self) -> &'static str {
        ""
    }

    fn ui(&self, _state: &State, ui: &mut egui::Ui, _commands: &mut Vec<Command>) {
        ui.label(self.help());
    }
}
