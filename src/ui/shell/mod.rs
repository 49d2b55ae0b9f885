//! The window around the views: what is open, its vitals, components, inspector, timeline, and what lies over it.

mod help;
mod inspector;
mod keys;
mod palette;
mod status_line;
mod timeline;
mod top_bar;
mod tree;
mod vitals;
mod welcome;

use crate::state::State;
use crate::state::command::{Command, NavigateCommand};
use crate::ui::theme::Theme;
use crate::ui::views;

/// Draws the whole window and adds what the user wants changed to `commands`.
pub fn shell_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    keys::keys(state, ui, commands);
    egui::Panel::top("top_bar").show(ui, |ui| top_bar::top_bar_ui(state, ui, commands));
    egui::Panel::bottom("status_line").show(ui, |ui| status_line::status_line_ui(state, ui, commands));
    if state.session.is_none() {
        egui::CentralPanel::default().show(ui, |ui| welcome::welcome_ui(state, ui, commands));
    } else {
        session_ui(state, ui, commands);
    }
    if state.palette.is_some() {
        palette::palette_ui(state, ui, commands);
    }
    if state.help_open {
        help::help_ui(state, ui, commands);
    }
}

fn session_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    egui::Panel::top("vitals").show(ui, |ui| vitals::vitals_ui(state, ui, commands));
    if state.measured_span().is_some() {
        egui::Panel::bottom("timeline").resizable(true).default_size(96.0).size_range(72.0..=220.0).show(ui, |ui| {
            timeline::timeline_ui(state, ui, commands);
        });
    }
    egui::Panel::left("components").default_size(210.0).size_range(140.0..=420.0).show(ui, |ui| {
        tree::tree_ui(state, ui, commands);
    });
    egui::Panel::right("inspector").default_size(280.0).size_range(200.0..=520.0).show(ui, |ui| {
        inspector::inspector_ui(state, ui, commands);
    });
    egui::CentralPanel::default().show(ui, |ui| {
        tabs_ui(state, ui, commands);
        ui.separator();
        views::find(state.view).ui(state, ui, commands);
    });
}

fn tabs_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    ui.horizontal(|ui| {
        for (index, view) in views::ALL.iter().enumerate() {
            let id = view.id();
            let open = state.view == id;
            let label = egui::RichText::new(format!("{} {}", index + 1, id.title()));
            let label = if open { label.strong().color(theme.text) } else { label.color(theme.text_weak) };
            let tab = ui.selectable_label(open, label).on_hover_text(view.help());
            if tab.clicked() {
                commands.push(NavigateCommand::Show(id).into());
            }
        }
    });
}
