//! The uppermost line: what is open, and the few things that are always at hand.

use crate::state::command::{Command, DocumentCommand, SessionCommand, WindowCommand};
use crate::state::{SessionKind, State, ThemeChoice};
use crate::ui::theme::Theme;

/// Draws it.
pub fn top_bar_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.add_space(2.0);
        match &state.session {
            None => {
                ui.label(egui::RichText::new("Vivarium").heading());
            }
            Some(session) => {
                ui.add(egui::Label::new(egui::RichText::new(&session.title).heading()).truncate());
                kind_ui(ui, session.kind);
                let unsaved = if state.unsaved { "not saved" } else { "" };
                ui.label(egui::RichText::new(unsaved).small().color(Theme::get(ui).text_weak));
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            right_ui(state, ui, commands);
        });
    });
}

fn kind_ui(ui: &mut egui::Ui, kind: SessionKind) {
    let theme = Theme::get(ui);
    let (text, colour, hint) = match kind {
        SessionKind::Live => ("LIVE ●", theme.critical.stroke, "It is being measured now."),
        SessionKind::Recorded => ("RECORDED", theme.accent, "It was measured; nothing is added any more."),
        SessionKind::Stated => {
            ("STATED", theme.optimization.stroke, "It holds what a document states; nothing was measured.")
        }
    };
    ui.label(egui::RichText::new(text).strong().color(colour)).on_hover_text(hint);
}

fn right_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let mut button = |ui: &mut egui::Ui, text: &str, hint: &str, enabled: bool, command: Command| {
        let response = ui.add_enabled(enabled, egui::Button::new(text)).on_hover_text(hint);
        if response.clicked() {
            commands.push(command);
        }
    };
    button(ui, "Keys", "Show the keys (F1)", true, WindowCommand::ToggleHelp.into());
    let (theme_title, next) = match (state.theme, ui.visuals().dark_mode) {
        (ThemeChoice::Dark, _) | (ThemeChoice::System, true) => ("Light", ThemeChoice::Light),
        _ => ("Dark", ThemeChoice::Dark),
    };
    button(ui, theme_title, "Change between light and dark", true, WindowCommand::SetTheme(next).into());
    button(ui, "Commands", "Find a command (Ctrl+K)", true, WindowCommand::TogglePalette.into());
    if state.session.is_some() {
        let title = |title: Option<&str>, word: &str| match title {
            Some(title) => format!("{word}: {title}"),
            None => format!("Nothing to {}", word.to_lowercase()),
        };
        let (undo, redo) = (state.history.undo_title(), state.history.redo_title());
        button(ui, "Redo", &title(redo, "Redo"), redo.is_some(), DocumentCommand::Redo.into());
        button(ui, "Undo", &title(undo, "Undo"), undo.is_some(), DocumentCommand::Undo.into());
        button(ui, "Close", "Close the session (Ctrl+W)", true, SessionCommand::Close.into());
        button(ui, "Save", "Save the session (Ctrl+S)", true, SessionCommand::Save.into());
    }
    button(ui, "Open", "Open a file (Ctrl+O)", true, SessionCommand::OpenDialog.into());
    if state.is_live() {
        button(ui, "Stop", "Stop watching; what was measured stays open", true, SessionCommand::StopWatching.into());
    }
}
