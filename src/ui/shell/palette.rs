//! The command palette: everything that can be done, found by typing.

use crate::state::State;
use crate::state::action::{Action, search};
use crate::state::command::{Command, WindowCommand};
use crate::ui::theme::Theme;

const MAX_SHOWN: usize = 200;

/// Draws it over the window.
pub fn palette_ui(state: &State, ui: &egui::Ui, commands: &mut Vec<Command>) {
    let Some(palette) = &state.palette else { return };
    let found = search(state, &palette.query);
    let modal = egui::Modal::new(egui::Id::unique("palette")).show(ui.ctx(), |ui| {
        ui.set_width(460.0);
        let mut query = palette.query.clone();
        let label = ui.label("Find a command");
        let edit = egui::TextEdit::singleline(&mut query).hint_text("type a few letters").desired_width(f32::INFINITY);
        let edit = ui.add(edit).labelled_by(label.id);
        edit.request_focus();
        if edit.changed() {
            commands.push(WindowCommand::PaletteQuery(query).into());
        }
        ui.separator();
        egui::ScrollArea::vertical().max_height(360.0).auto_shrink([false, true]).show(ui, |ui| {
            if found.is_empty() {
                ui.label("No command matches.");
            }
            for (index, action) in found.iter().take(MAX_SHOWN).enumerate() {
                let highlighted = index == palette.index.min(found.len() - 1);
                if entry_ui(ui, action, highlighted) {
                    commands.push(WindowCommand::TogglePalette.into());
                    commands.push(action.command.clone());
                }
            }
        });
    });
    if modal.backdrop_response.clicked() {
        commands.push(WindowCommand::TogglePalette.into());
    }
}

fn entry_ui(ui: &mut egui::Ui, action: &Action, highlighted: bool) -> bool {
    let weak = Theme::get(ui).text_weak;
    let row = ui.horizontal(|ui| {
        let button = ui.selectable_label(highlighted, &action.title);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let key = action.shortcut.map(|shortcut| shortcut.to_string()).unwrap_or_default();
            ui.label(egui::RichText::new(key).small().color(weak));
        });
        button
    });
    if highlighted {
        row.inner.scroll_to_me(None);
    }
    row.inner.clicked()
}

/// The keys of the open palette: up, down, Enter.
pub fn palette_keys(state: &State, ui: &egui::Ui, commands: &mut Vec<Command>) {
    let Some(palette) = &state.palette else { return };
    let found = search(state, &palette.query);
    let last = found.len().min(MAX_SHOWN).saturating_sub(1);
    let index = palette.index.min(last);
    let pressed = |key| ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
    if pressed(egui::Key::ArrowDown) {
        commands.push(WindowCommand::PaletteIndex((index + 1).min(last)).into());
    }
    if pressed(egui::Key::ArrowUp) {
        commands.push(WindowCommand::PaletteIndex(index.saturating_sub(1)).into());
    }
    if pressed(egui::Key::Enter)
        && let Some(action) = found.get(index)
    {
        commands.push(WindowCommand::TogglePalette.into());
        commands.push(action.command.clone());
    }
}
