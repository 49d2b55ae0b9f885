//! Carries commands out: the one place where the user's changes happen, by subject.

mod document;
mod session;
mod time;
mod trying;
mod window;

pub use time::keep_cursor_in_range;

use super::App;
use crate::state::ViewId;
use crate::state::command::{Command, NavigateCommand};

/// Carries one out.
pub fn apply(app: &mut App, command: Command) {
    match command {
        Command::Session(command) => session::apply(app, command),
        Command::Navigate(command) => navigate(app, command),
        Command::Time(command) => time::apply(&mut app.state, command),
        Command::Document(command) => document::apply(app, command),
        Command::Try(command) => trying::apply(app, command),
        Command::Window(command) => window::apply(app, command),
    }
}

fn navigate(app: &mut App, command: NavigateCommand) {
    match command {
        NavigateCommand::Show(view) => app.state.view = view,
        NavigateCommand::Select(selection) => {
            app.state.history.seal();
            if app.state.selection != selection {
                app.state.function_zoom.clear();
            }
            app.state.selection = selection;
            app.pin_selection();
        }
        NavigateCommand::FilterTree(text) => app.state.tree_filter = text,
        NavigateCommand::Memory(command) => app.state.memory.apply(command),
        NavigateCommand::ShowCpuDetail(detail) => {
            app.state.cpu_detail = detail;
            app.state.view = ViewId::Cpu;
        }
        NavigateCommand::FilterFunctions(text) => app.state.function_filter = text,
        NavigateCommand::ZoomFunctions(calls) => app.state.function_zoom = calls,
        NavigateCommand::CompareWith(against) => app.state.against = against,
    }
}
