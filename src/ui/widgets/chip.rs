//! Short words on a coloured ground: a status, a state, a risk.

use egui::{Color32, RichText, WidgetInfo};

use crate::model::document::StatusClass;
use crate::ui::theme::Theme;

/// A status class as symbol and word, in its colours.
pub fn status_chip(ui: &mut egui::Ui, class: StatusClass) -> egui::Response {
    let colours = Theme::get(ui).class(Some(class));
    chip(ui, &format!("{} {}", class.symbol(), class.word()), colours.fill, colours.stroke, colours.text)
}

/// A word without a class.
pub fn plain_chip(ui: &mut egui::Ui, text: &str) -> egui::Response {
    let colours = Theme::get(ui).unknown;
    chip(ui, text, colours.fill, colours.stroke, colours.text)
}

fn chip(ui: &mut egui::Ui, text: &str, fill: Color32, stroke: Color32, text_colour: Color32) -> egui::Response {
    let frame = egui::Frame::new().fill(fill).stroke((1.0, stroke)).corner_radius(8).inner_margin(egui::vec2(6.0, 1.0));
    let response = frame.show(ui, |ui| ui.label(RichText::new(text).small().color(text_colour))).response;
    response.widget_info(|| WidgetInfo::labeled(egui::accesskit::Role::Label, true, text));
    response
}
