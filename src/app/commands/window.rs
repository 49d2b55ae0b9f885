//! The window itself: theme, palette, help, quitting.

use crate::app::App;
use crate::state::command::WindowCommand;
use crate::state::{Palette, ViewId};

/// Carries one out.
pub fn apply(app: &mut App, command: WindowCommand) {
    let state = &mut app.state;
    match command {
        WindowCommand::SetTheme(theme) => {
            state.theme = theme;
            app.settings.set_theme(theme);
        }
        WindowCommand::TogglePalette => {
            state.help_open = false;
            state.palette = if state.palette.is_some() { None } else { Some(Palette::default()) };
        }
        WindowCommand::PaletteQuery(query) => state.palette = Some(Palette { query, index: 0 }),
        WindowCommand::PaletteIndex(index) => {
            if let Some(palette) = &mut state.palette {
                palette.index = index;
            }
        }
        WindowCommand::ToggleHelp => {
            state.palette = None;
            state.help_open = !state.help_open;
        }
        WindowCommand::DismissMessages => state.messages.clear(),
        WindowCommand::Escape => {
            if state.palette.take().is_some() {
            } else if state.help_open {
                state.help_open = false;
            } else if state.view == ViewId::Memory && state.memory.zoom.pop().is_some() {
            } else {
                state.history.seal();
                state.selection = None;
            }
        }
        WindowCommand::Quit => app.quit = true,
    }
}
