//! What a view shows where it has nothing to draw: why, and what would help.

use crate::state::State;
use crate::state::question::Topic;
use crate::ui::theme::Theme;

/// A short text in the middle: what is missing, and below it what to do.
pub fn empty_ui(ui: &mut egui::Ui, title: &str, advice: &str) {
    let weak = Theme::get(ui).text_weak;
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.3).clamp(8.0, 200.0));
        ui.label(egui::RichText::new(title).heading());
        ui.label(egui::RichText::new(advice).color(weak));
    });
}

/// What to show in place of an answer that is not there: why it failed, that it is being read, or `title` and `advice`.
pub fn missing_ui(ui: &mut egui::Ui, state: &State, topic: Topic, title: &str, advice: &str) {
    let answers = &state.answers;
    if let Some(why) = answers.failed.get(&topic) {
        empty_ui(ui, "This could not be read", why);
    } else if answers.is_pending(topic) {
        ui.vertical_centered(|ui| {
            ui.add_space((ui.available_height() * 0.4).clamp(0.0, 200.0));
            ui.label(egui::RichText::new("Reading …").color(Theme::get(ui).text_weak));
        });
    } else {
        empty_ui(ui, title, advice);
    }
}
