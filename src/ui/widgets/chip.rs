//! Short words on a coloured ground: a status, a state, a risk.

use egui::RichText;

use crate::model::document::StatusClass;
use crate::ui::theme::Theme;

/// A status class as symbol and word, in its colours.
pub fn status_chip(ui: &mut egui::Ui, class: StatusClass) -> egui::Response {
    chip(ui, Some(class), &format!("{} {}", class.symbol(), class.word()))
}

/// A word in the colours of a class, or in neutral ones.
pub fn chip(ui: &mut egui::Ui, class: Option<StatusClass>, text: &str) -> egui::Response {
    let colours = Theme::get(ui).class(class);
    let ground = egui::Frame::new().fill(colours.fill).stroke((1.0, colours.stroke)).corner_radius(8);
    let shown = ground
        .inner_margin(egui::vec2(6.0, 1.0))
        .show(ui, |ui| ui.add(egui::Label::new(RichText::new(text).small().color(colours.text)).extend()));
    shown.inner
}
