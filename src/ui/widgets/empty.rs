//! What a view shows where it has nothing to draw: why, and what would help.

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
