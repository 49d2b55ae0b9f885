//! The map view.

use super::View;
use crate::state::command::Command;
use crate::state::{State, ViewId};

/// The map view.
pub struct Map;

impl View for Map {
    fn id(&self) -> ViewId {
        ViewId::Map
    }

    fn help(&self) -> &'static str {
        ""
    }

    fn ui(&self, _state: &State, ui: &mut egui::Ui, _commands: &mut Vec<Command>) {
        ui.label(self.help());
    }
}
