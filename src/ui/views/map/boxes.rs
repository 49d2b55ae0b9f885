//! Boxes and groups of the map, with as much text as there is room for.

use std::ops::RangeInclusive;
use std::sync::Arc;

use egui::text::LayoutJob;
use egui::{Color32, FontId, Galley, Pos2, Rect, RichText, Sense, StrokeKind, Vec2, WidgetInfo};

use super::camera::Camera;
use super::scene::Scene;
use crate::analysis::map_layout::GROUP_TITLE;
use crate::model::format::quantity_text;
use crate::model::id::ComponentId;
use crate::model::quantity::Provenance;
use crate::state::Selection;
use crate::state::command::{Command, NavigateCommand};
use crate::ui::theme::{ClassColours, Theme};
use crate::ui::widgets::chip::status_chip;
use crate::ui::widgets::doubt;
use crate::ui::widgets::provenance::quantity_ui;

/// Narrower boxes (in points) are only coloured.
const TITLE_FROM: f32 = 34.0;

/// From this scale on boxes show figures, if they are high enough.
const FIGURES_FROM: f32 = 0.62;

/// Text as large as it is on the map, within what can be read; in half points, so that zooming makes few fonts.
pub fn font_size(units: f32, scale: f32, range: RangeInclusive<f32>) -> f32 {
    ((units * scale).clamp(*range.start(), *range.end()) * 2.0).round() / 2.0
}

/// Draws pictures' headings and groups' frames.
pub fn groups_ui(scene: &Scene, ui: &egui::Ui, canvas: Rect, camera: &Camera) {
    let theme = Theme::get(ui);
    let painter = ui.painter_at(canvas);
    for picture in scene.layout.pictures.iter().filter(|picture| !picture.title.is_empty()) {
        let rect = camera.rect(canvas, picture.area);
        if rect.intersects(canvas) {
            let size = font_size(20.0, camera.scale, 9.0..=28.0);
            let galley = one_line(ui, &picture.title, size, theme.text, rect.width());
            painter.galley(rect.left_top(), galley, theme.text);
        }
    }
    for placed in &scene.layout.groups {
        let rect = camera.rect(canvas, placed.area);
        if !rect.intersects(canvas) {
            continue;
        }
        let fill = if placed.depth % 2 == 0 { theme.panel } else { theme.raised };
        painter.rect(rect, 6.0 * camera.scale.min(1.5), fill, (1.0, theme.outline), StrokeKind::Inside);
        let strip = (GROUP_TITLE + 9.0) * camera.scale;
        let size = font_size(11.5, camera.scale, 8.5..=18.0);
        if strip < size || rect.width() < TITLE_FROM {
            continue;
        }
        let Some(group) = scene.state.document.group(&placed.group) else { continue };
        let inset = 7.0 * camera.scale;
        let galley = one_line(ui, &group.title, size, theme.text_weak, rect.width() - 2.0 * inset);
        let y = rect.top() + (strip - galley.size().y) / 2.0;
        painter.galley(Pos2::new(rect.left() + inset, y), galley, theme.text_weak);
    }
}

/// Draws the boxes that are on the screen, and lets them be hovered, clicked, and reached by the keyboard.
pub fn boxes_ui(
    scene: &Scene,
    ui: &mut egui::Ui,
    canvas: Rect,
    camera: &Camera,
    hovered: Option<&ComponentId>,
    commands: &mut Vec<Command>,
) {
    let theme = Theme::get(ui);
    let painter = ui.painter_at(canvas);
    let near = hovered.map(|id| scene.neighbourhood(id));
    for placed in &scene.layout.boxes {
        let rect = camera.rect(canvas, placed.area);
        if !rect.intersects(canvas) {
            continue;
        }
        let id = &placed.component;
        let class = scene.class(id);
        let colours = theme.class(class);
        let response = ui.interact(rect.intersect(canvas), ui.scope_id().with(("box", id)), Sense::click());
        response.widget_info(|| {
            let status = class.map_or("no status", |class| class.word());
            WidgetInfo::labeled(egui::accesskit::Role::Button, true, format!("{}, {status}", scene.title(id)))
        });
        let is_selected = scene.selected.as_ref() == Some(id);
        let is_near = near.as_ref().is_some_and(|near| near.contains(id)) || hovered == Some(id);
        let radius = 5.0 * camera.scale.clamp(0.4, 1.5);
        let width = if is_near { 2.0 } else { 1.0 } * camera.scale.clamp(0.8, 1.6);
        painter.rect(rect, radius, colours.fill, (width, colours.stroke), StrokeKind::Inside);
        if is_selected || response.has_focus() {
            let outline = if is_selected { 3.0 } else { 1.5 };
            painter.rect_stroke(rect.expand(2.0), radius + 2.0, (outline, theme.accent), StrokeKind::Outside);
        }
        if rect.width() >= TITLE_FROM {
            text_ui(scene, ui, &painter, rect, camera.scale, id, colours);
        }
        if let Some(class) = class
            && rect.width() >= 12.0
        {
            badge(&painter, rect, camera.scale, class.symbol(), colours);
        }
        if response.clicked() {
            commands.push(NavigateCommand::Select(Some(Selection::Component(id.clone()))).into());
        }
        response.on_hover_ui(|ui| tooltip_ui(scene, ui, id));
    }
}

/// The class's symbol on the upper right corner, where no text is.
fn badge(painter: &egui::Painter, rect: Rect, scale: f32, symbol: &str, colours: ClassColours) {
    let radius = (8.0 * scale).clamp(3.5, 10.0);
    let middle = rect.right_top() + Vec2::new(-radius * 0.9, radius * 0.35);
    painter.circle(middle, radius, colours.fill, (1.0, colours.stroke));
    let font = FontId::proportional((radius * 2.6).round() / 2.0);
    painter.text(middle, egui::Align2::CENTER_CENTER, symbol, font, colours.stroke);
}

fn text_ui(
    scene: &Scene,
    ui: &egui::Ui,
    painter: &egui::Painter,
    rect: Rect,
    scale: f32,
    id: &ComponentId,
    colours: ClassColours,
) {
    let inset = Vec2::new((8.0 * scale).clamp(2.0, 12.0), (6.0 * scale).clamp(1.0, 10.0));
    let room = rect.shrink2(inset);
    let title = scene.component(id).map_or(id.as_str(), |component| component.title.as_str());
    let far = scale < FIGURES_FROM;
    let size = if far { fitting_size(title, room.size()) } else { font_size(13.0, scale, 8.5..=20.0) };
    let rows = (((room.height() + 2.0) / (size * 1.2)) as usize).min(if far { 4 } else { 2 });
    if rows == 0 {
        return;
    }
    let mut job = LayoutJob::simple(title.to_owned(), FontId::proportional(size), colours.text, room.width());
    job.wrap.max_rows = rows;
    job.wrap.break_anywhere = rows == 1;
    let galley = painter.layout_job(job);
    let mut y = room.top() + galley.size().y;
    // Without figures the title stands in the middle of the height.
    let top = if far { room.center().y - galley.size().y / 2.0 } else { room.top() };
    painter.galley(Pos2::new(room.left(), top), galley, colours.text);
    if far {
        return;
    }
    y += 2.0 * scale;
    let small = font_size(10.5, scale, 8.5..=16.0);
    let count = ((room.bottom() - y) / (small * 1.25)).max(0.0) as usize;
    for (label, quantity) in scene.figures(id, count.min(12)) {
        let mark = mark_galley(ui, &quantity.provenance, small);
        let figure = one_line(ui, &quantity_text(&quantity), small, colours.text, room.width() * 0.6);
        let mark_x = room.right() - mark.size().x;
        let figure_x = mark_x - 2.0 - figure.size().x;
        // In the colour of the text, which can be read on every class.
        let sign = scene.doubt(&quantity).map(|severity| one_line(ui, severity.symbol(), small, colours.text, 20.0));
        let sign_x = figure_x - sign.as_ref().map_or(0.0, |galley| galley.size().x + 4.0);
        let label = one_line(ui, label, small, colours.text.gamma_multiply(0.86), sign_x - 4.0 - room.left());
        let height = figure.size().y;
        painter.galley(Pos2::new(room.left(), y), label, colours.text);
        if let Some(galley) = sign {
            painter.galley(Pos2::new(sign_x, y), galley, colours.text);
        }
        painter.galley(Pos2::new(figure_x, y), figure, colours.text);
        painter.galley(Pos2::new(mark_x, y), mark, colours.text);
        y += height.max(small * 1.25);
    }
}

/// About the largest size at which a title fits into a box without figures.
fn fitting_size(title: &str, room: Vec2) -> f32 {
    // Mean width and height of a letter with its share of the row, in sizes of the font.
    const LETTER: Vec2 = Vec2::new(0.54, 1.25);
    let longest = title.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(1).max(1);
    let by_word = room.x / (longest as f32 * LETTER.x);
    // Rows are not filled to their ends: about three quarters of the room can be used.
    let by_area = (0.75 * room.x * room.y / (title.chars().count().max(1) as f32 * LETTER.x * LETTER.y)).sqrt();
    font_size(by_word.min(by_area), 1.0, 8.5..=13.0)
}

fn mark_galley(ui: &egui::Ui, provenance: &Provenance, size: f32) -> Arc<Galley> {
    one_line(ui, provenance.mark(), (size * 0.8).max(7.0), Theme::get(ui).text_weak, 20.0)
}

fn one_line(ui: &egui::Ui, text: &str, size: f32, colour: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), FontId::proportional(size), colour, width.max(1.0));
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    ui.painter().layout_job(job)
}

fn tooltip_ui(scene: &Scene, ui: &mut egui::Ui, id: &ComponentId) {
    ui.set_max_width(340.0);
    let Some(component) = scene.component(id) else {
        ui.label(id.as_str());
        return;
    };
    ui.label(RichText::new(&component.title).strong());
    if let Some(class) = scene.class(id) {
        status_chip(ui, class);
    }
    if let Some(why) = scene.why(id) {
        ui.label(RichText::new(why).small());
    }
    if !component.about.is_empty() {
        ui.label(&component.about);
    }
    egui::Grid::new("figures").num_columns(2).spacing([12.0, 2.0]).show(ui, |ui| {
        for (label, quantity) in scene.figures(id, 6) {
            ui.label(label);
            quantity_ui(ui, &quantity);
            ui.end_row();
        }
    });
    doubt::doubts_text_ui(scene.doubts(id), ui);
}
