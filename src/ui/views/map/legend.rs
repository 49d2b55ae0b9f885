//! The strip under the map: zoom buttons, and what colours and lines mean.

use egui::{Rect, RichText, Sense, UiBuilder, Vec2};

use super::camera::Camera;
use super::edges;
use crate::analysis::map_layout::MapLayout;
use crate::model::document::{EdgeKind, StatusClass};
use crate::ui::theme::Theme;

const CLASSES: [StatusClass; 5] =
    [StatusClass::Critical, StatusClass::Warning, StatusClass::Healthy, StatusClass::Human, StatusClass::Optimization];

/// The kinds of arrows and what they are called.
pub const KINDS: [(EdgeKind, &str); 4] = [
    (EdgeKind::Flow, "flow"),
    (EdgeKind::Control, "control"),
    (EdgeKind::Feedback, "feedback"),
    (EdgeKind::Learning, "learning"),
];

/// How high the strip is: one row, or two where there is not enough room.
pub fn height(width: f32) -> f32 {
    if is_narrow(width) { 52.0 } else { 28.0 }
}

fn is_narrow(width: f32) -> bool {
    width < 780.0
}

/// Draws the strip.
pub fn legend_ui(ui: &mut egui::Ui, strip: Rect, canvas: Rect, layout: &MapLayout, camera: &mut Camera) {
    let strip = strip.shrink2(Vec2::new(6.0, 3.0));
    ui.scope_builder(UiBuilder::new().max_rect(strip), |ui| {
        let theme = Theme::get(ui);
        let rows = if is_narrow(strip.width()) { 2 } else { 1 };
        ui.horizontal(|ui| {
            for (sign, name, factor) in [("−", "Zoom out", 0.8), ("+", "Zoom in", 1.25)] {
                let button = ui.add(egui::Button::new(sign).min_size(Vec2::splat(20.0))).on_hover_text(name);
                if button.accessible_name(name).clicked() {
                    camera.zoom(canvas, factor, canvas.center());
                }
            }
            if ui.button("Fit").on_hover_text("Show the whole map").accessible_name("Show the whole map").clicked() {
                camera.fit();
            }
            ui.separator();
            for class in CLASSES {
                let colours = theme.class(Some(class));
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 3.0;
                    ui.label(RichText::new(class.symbol()).color(colours.stroke).small());
                    ui.label(RichText::new(class.word()).small());
                });
            }
            if rows == 1 {
                ui.separator();
                kinds_ui(ui, theme);
                pictures_ui(ui, layout, camera);
            }
        });
        if rows == 2 {
            ui.horizontal(|ui| {
                kinds_ui(ui, theme);
                pictures_ui(ui, layout, camera);
            });
        }
    });
}

/// A button for each picture, where there are several.
fn pictures_ui(ui: &mut egui::Ui, layout: &MapLayout, camera: &mut Camera) {
    let named = || layout.pictures.iter().filter(|picture| !picture.title.is_empty());
    if named().count() < 2 {
        return;
    }
    ui.separator();
    for picture in named() {
        let short: String = picture.title.split(' ').next().unwrap_or_default().to_owned();
        let name = format!("Show {}", picture.title);
        if ui.small_button(short).on_hover_text(&name).accessible_name(&name).clicked() {
            camera.fit_picture(picture.area);
        }
    }
}

fn kinds_ui(ui: &mut egui::Ui, theme: &Theme) {
    for (kind, name) in KINDS {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            let (sample, _) = ui.allocate_exact_size(Vec2::new(30.0, 12.0), Sense::hover());
            let way = [sample.left_center(), sample.right_center()];
            ui.painter().extend(edges::line(&way, kind, (1.5, theme.text_weak).into()));
            ui.label(RichText::new(name).small());
        });
    }
}
