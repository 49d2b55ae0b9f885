//! Small painting helpers: one-line text that fits, hatching, readable text colours.

use egui::epaint::text::{LayoutJob, TextWrapping};
use egui::{Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Stroke, pos2};

/// Paints one line of text, cut with "…" at `width`, and returns the rectangle that it covers.
pub fn line_of_text(
    painter: &Painter,
    place: Pos2,
    anchor: Align2,
    text: &str,
    size: f32,
    colour: Color32,
    width: f32,
) -> Rect {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), FontId::proportional(size), colour);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    let galley = painter.layout_job(job);
    let rect = anchor.anchor_size(place, galley.size());
    painter.galley(rect.min, galley, colour);
    rect
}

/// Black or white, whichever reads better on `background` (at least 4.5:1 on any colour).
pub fn text_on(background: Color32) -> Color32 {
    // Relative luminance with a gamma of 2.2, near enough to WCAG's curve to decide between the two.
    let linear = |value: u8| (f32::from(value) / 255.0).powf(2.2);
    let luminance = 0.2126 * linear(background.r()) + 0.7152 * linear(background.g()) + 0.0722 * linear(background.b());
    if luminance > 0.179 { Color32::BLACK } else { Color32::WHITE }
}

/// Adds diagonal lines over `rect`, `spacing` points apart, to a mesh: "nothing is known here" told without colour alone.
pub fn hatch(mesh: &mut Mesh, rect: Rect, spacing: f32, colour: Color32) {
    if !rect.is_positive() {
        return;
    }
    // Lines x + y = sum, so that neighbouring hatched rectangles join without a break.
    let mut sum = ((rect.left() + rect.top()) / spacing).floor() * spacing;
    let last = rect.right() + rect.bottom();
    while sum < last {
        let high = pos2((sum - rect.top()).min(rect.right()), rect.top().max(sum - rect.right()));
        let low = pos2(rect.left().max(sum - rect.bottom()), (sum - rect.left()).min(rect.bottom()));
        if high.x > low.x {
            let index = mesh.vertices.len() as u32;
            let half = egui::vec2(0.35, 0.35);
            for corner in [high - half, high + half, low - half, low + half] {
                mesh.colored_vertex(corner, colour);
            }
            mesh.add_triangle(index, index + 1, index + 2);
            mesh.add_triangle(index + 1, index + 2, index + 3);
        }
        sum += spacing;
    }
}

/// Outlines what is selected or has the keyboard's focus, readable on any colour: dark and light side by side.
pub fn outline(painter: &Painter, rect: Rect, colour: Color32) {
    painter.rect_stroke(rect, 0.0, Stroke::new(2.0, colour), egui::StrokeKind::Inside);
    let inner = rect.shrink(2.0);
    painter.rect_stroke(inner, 0.0, Stroke::new(1.0, text_on(colour)), egui::StrokeKind::Inside);
}
