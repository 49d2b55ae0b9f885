//! The lowest line: source, what is stored, work in the background, the last message.

use crate::model::format::{bytes_text, number_text};
use crate::model::unit::Unit;
use crate::state::State;
use crate::state::command::{Command, SessionCommand, WindowCommand};
use crate::ui::shell::inspector::consistency::contradictions_ui;
use crate::ui::shell::inspector::findings::count_ui;
use crate::ui::theme::Theme;

/// Draws it.
pub fn status_line_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    ui.horizontal(|ui| {
        if let Some(session) = &state.session {
            let source = egui::RichText::new(format!("Source: {}", session.source)).small();
            ui.add(egui::Label::new(source).truncate());
            if session.span.is_some() {
                let values = number_text(session.values as f64, Unit::COUNT);
                let text = format!("{values} values, {}", bytes_text(session.bytes as f64));
                ui.label(egui::RichText::new(text).small().color(theme.text_weak));
            }
            count_ui(state, ui, commands);
            contradictions_ui(state, ui, commands);
            if !session.warnings.is_empty() {
                let text = egui::RichText::new(format!("{} notes", session.warnings.len()))
                    .small()
                    .color(theme.warning.stroke);
                ui.label(text).on_hover_text(session.warnings.join("\n"));
            }
        }
        for job in &state.jobs {
            ui.separator();
            ui.spinner();
            ui.label(egui::RichText::new(&job.title).small());
            if let Some(progress) = job.progress {
                ui.label(egui::RichText::new(format!("{:.0} %", progress * 100.0)).small());
            }
            if job.can_cancel && ui.small_button("Cancel").clicked() {
                commands.push(SessionCommand::CancelJob(job.id).into());
            }
        }
        if let Some(message) = state.messages.last() {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.small_button("Dismiss").clicked() {
                    commands.push(WindowCommand::DismissMessages.into());
                }
                let colour = if message.is_error { theme.critical.stroke } else { theme.text };
                let text = egui::RichText::new(&message.text).small().color(colour);
                ui.add(egui::Label::new(text).truncate()).on_hover_text(&message.text);
            });
        }
    });
}
