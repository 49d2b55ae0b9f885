//! The views: one file or folder each, behind one small trait. A view is a function from the state to commands.

pub mod compare;
pub mod cpu;
pub mod map;
pub mod memory;
pub mod roadmap;
pub mod whatif;

use crate::state::command::Command;
use crate::state::{State, ViewId};

/// One tab of the window.
pub trait View: Sync {
    /// Which one.
    fn id(&self) -> ViewId;

    /// What it shows and how to use it, in a sentence or two; shown when it is empty and in the help.
    fn help(&self) -> &'static str;

    /// Draws it into all of `ui` and adds what the user wants changed to `commands`.
    fn ui(&self, state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>);
}

/// Every view, in the order of the tabs.
pub const ALL: [&dyn View; 6] =
    [&map::Map, &memory::Memory, &cpu::Cpu, &whatif::WhatIf, &roadmap::Roadmap, &compare::Compare];

/// The view with this id.
pub fn find(id: ViewId) -> &'static dyn View {
    match id {
        ViewId::Map => &map::Map,
        ViewId::Memory => &memory::Memory,
        ViewId::Cpu => &cpu::Cpu,
        ViewId::WhatIf => &whatif::WhatIf,
        ViewId::Roadmap => &roadmap::Roadmap,
        ViewId::Compare => &compare::Compare,
    }
}
