//! Keys to commands, by the one list of actions.

use egui::KeyboardShortcut;

use crate::state::action::{Key, Shortcut, available};
use crate::state::command::Command;
use crate::state::{Palette, State};

/// Takes the keys that were pressed and adds what they do.
pub fn keys(state: &State, ui: &egui::Ui, commands: &mut Vec<Command>) {
    let typing = ui.ctx().egui_wants_keyboard_input() || state.palette.is_some();
    for action in available(state) {
        let Some(shortcut) = action.shortcut else { continue };
        if typing && !shortcut.works_while_typing() {
            continue;
        }
        for egui_shortcut in egui_shortcuts(shortcut) {
            if ui.input_mut(|input| input.consume_shortcut(&egui_shortcut)) {
                commands.push(action.command.clone());
                break;
            }
        }
    }
    if let Some(Palette { .. }) = state.palette {
        super::palette::palette_keys(state, ui, commands);
    }
}

/// The ways in which egui may see a shortcut: signs can lie on shifted keys.
fn egui_shortcuts(shortcut: Shortcut) -> Vec<KeyboardShortcut> {
    let mut modifiers = egui::Modifiers::NONE;
    modifiers.command = shortcut.command;
    modifiers.shift = shortcut.shift;
    let keys: Vec<egui::Key> = match shortcut.key {
        Key::Char('+') => vec![egui::Key::Plus, egui::Key::Equals],
        Key::Char('-') => vec![egui::Key::Minus],
        Key::Char(key) => egui::Key::from_name(&key.to_string()).into_iter().collect(),
        Key::F(number) => egui::Key::from_name(&format!("F{number}")).into_iter().collect(),
        Key::Escape => vec![egui::Key::Escape],
        Key::Space => vec![egui::Key::Space],
        Key::Left => vec![egui::Key::ArrowLeft],
        Key::Right => vec![egui::Key::ArrowRight],
        Key::Home => vec![egui::Key::Home],
        Key::End => vec![egui::Key::End],
        Key::Backspace => vec![egui::Key::Backspace],
    };
    keys.into_iter().map(|key| KeyboardShortcut::new(modifiers, key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shortcut_can_be_pressed() {
        for action in available(&State::default()) {
            if let Some(shortcut) = action.shortcut {
                assert!(!egui_shortcuts(shortcut).is_empty(), "{shortcut}");
            }
        }
    }
}
