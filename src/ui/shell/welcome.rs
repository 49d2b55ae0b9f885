//! The page shown while nothing is open: recent files, this machine live, bundled sessions, open.

use crate::state::State;
use crate::state::command::{Command, SessionCommand};
use crate::ui::theme::Theme;

/// Draws it.
pub fn welcome_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let margin = ((ui.available_width() - 720.0) / 2.0).max(16.0);
        ui.horizontal(|ui| {
            ui.add_space(margin);
            ui.vertical(|ui| {
                ui.set_max_width(720.0);
                ui.add_space(32.0);
                ui.label(
                    egui::RichText::new("Where do memory and CPU go, and what should be done about it?").heading(),
                );
                ui.label(
                    egui::RichText::new(
                        "Open a recording or a document, or watch a system live. Drop a file anywhere.",
                    )
                    .color(weak),
                );
                ui.add_space(16.0);
                section(ui, "Live");
                entry(
                    ui,
                    commands,
                    "Watch this machine",
                    "memory and CPU of every process, now",
                    SessionCommand::Watch("host".into()),
                );
                ui.add_space(12.0);
                section(ui, "Bundled sessions");
                for (name, title) in &state.bundled {
                    entry(ui, commands, title, "opens without any file", SessionCommand::OpenBundled(name.clone()));
                }
                ui.add_space(12.0);
                section(ui, "Files");
                entry(
                    ui,
                    commands,
                    "Open a file …",
                    ".vivarium recordings and .ron documents (Ctrl+O)",
                    SessionCommand::OpenDialog,
                );
                for path in &state.recent {
                    let name = path
                        .file_name()
                        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
                    let folder = path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
                    entry(ui, commands, &name, &folder, SessionCommand::Open(path.clone()));
                }
            });
        });
    });
}

fn section(ui: &mut egui::Ui, title: &str) {
    ui.label(egui::RichText::new(title).strong());
}

fn entry(ui: &mut egui::Ui, commands: &mut Vec<Command>, title: &str, about: &str, command: SessionCommand) {
    let weak = Theme::get(ui).text_weak;
    ui.horizontal(|ui| {
        if ui.button(title).clicked() {
            commands.push(command.into());
        }
        ui.label(egui::RichText::new(about).color(weak));
    });
}
