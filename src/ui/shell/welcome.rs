//! The page shown while nothing is open: recent files, this machine live, bundled sessions, open.

use crate::state::command::{Command, SessionCommand};
use crate::state::{LocalNodes, State};
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
                nodes_ui(state, ui, commands);
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
                    "recordings, documents, GC traces, request logs, spans (Ctrl+O)",
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

/// The BEAM nodes that the port mapper of this machine knows, and a field for others.
fn nodes_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    ui.add_space(12.0);
    ui.horizontal(|ui| {
        section(ui, "BEAM nodes on this machine");
        let is_asking = matches!(state.local_nodes, LocalNodes::Unasked | LocalNodes::Asking(_));
        let again = ui.add_enabled(!is_asking, egui::Button::new("Refresh").small());
        if again.on_hover_text("Ask epmd, the port mapper of Erlang, again").clicked() {
            commands.push(SessionCommand::FindNodes.into());
        }
        if is_asking {
            ui.label(egui::RichText::new("asking epmd …").small().color(weak));
        }
    });
    let names = state.local_nodes.names();
    egui::ScrollArea::vertical().id_salt("nodes").max_height(180.0).auto_shrink([false, true]).show(ui, |ui| {
        for name in names {
            entry(
                ui,
                commands,
                name,
                "attach: memory, CPU and functions, live",
                SessionCommand::Watch(format!("beam:{name}")),
            );
        }
    });
    if names.is_empty() && matches!(state.local_nodes, LocalNodes::Known(_)) {
        let text = "None. Start one with a name, as in `iex --sname shop` or `erl -sname shop`, and refresh.";
        ui.label(egui::RichText::new(text).color(weak));
    }
    other_node_ui(ui, commands);
}

/// A node that epmd does not list: on another host, or with a long name.
fn other_node_ui(ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let id = egui::Id::unique("welcome_other_node");
    let mut name: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    ui.horizontal(|ui| {
        let label = ui.label("Another node");
        let field = egui::TextEdit::singleline(&mut name).hint_text("shop@db1").desired_width(220.0);
        let response = ui.add(field).labelled_by(label.id);
        let is_name = name.trim().split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let attach = ui.add_enabled(is_name, egui::Button::new("Attach"));
        if is_name && (entered || attach.clicked()) {
            commands.push(SessionCommand::Watch(format!("beam:{}", name.trim())).into());
        }
        response.on_hover_text("A node on another host, or one with a long name; its cookie is that of ~/.erlang.cookie or VIVARIUM_COOKIE");
    });
    ui.data_mut(|data| data.insert_temp(id, name));
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
