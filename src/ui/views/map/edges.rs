//! Arrows of the map and their labels.

use egui::text::LayoutJob;
use egui::{Align, Color32, FontId, Pos2, Rect, Sense, Shape, Stroke, Vec2, WidgetInfo};

use super::camera::Camera;
use super::scene::Scene;
use crate::analysis::map_layout::{MapLayout, PlacedEdge};
use crate::model::document::EdgeKind;
use crate::model::id::ComponentId;
use crate::state::Selection;
use crate::state::command::{Command, NavigateCommand};
use crate::ui::theme::Theme;

/// How near the pointer must be to an arrow to mean it, in points.
const REACH: f32 = 5.0;

/// From this scale on labels are written.
const LABELS_FROM: f32 = 0.72;

/// With more arrows than this on the screen, dashes would cost too much and tell nothing.
const MAX_DASHED: usize = 200;

/// Room for a label, in map units.
const LABEL_WIDTH: f32 = 70.0;

/// Draws all arrows that are on the screen; those of `lit` and the one under the pointer stand out.
pub fn edges_ui(
    scene: &Scene,
    ui: &mut egui::Ui,
    canvas: Rect,
    camera: &Camera,
    lit: Option<&ComponentId>,
    hovered: Option<usize>,
    commands: &mut Vec<Command>,
) {
    let theme = Theme::get(ui);
    let painter = ui.painter_at(canvas);
    let visible: Vec<(&PlacedEdge, Vec<Pos2>)> = scene
        .layout
        .edges
        .iter()
        .map(|placed| (placed, screen_points(placed, canvas, camera)))
        .filter(|(_, points)| Rect::from_points(points).expand(1.0).intersects(canvas))
        .collect();
    let dashed = visible.len() <= MAX_DASHED;
    // Those that stand out come last, over the others.
    let (strong, weak): (Vec<_>, Vec<_>) = visible.into_iter().partition(|(placed, _)| {
        let edge = scene.state.document.edges.get(placed.edge);
        let touches = |id: &ComponentId| edge.is_some_and(|edge| &edge.from == id || &edge.to == id);
        hovered == Some(placed.edge) || scene.selected_edge == Some(placed.edge) || lit.is_some_and(touches)
    });
    for (places, stands_out) in [(&weak, false), (&strong, true)] {
        for (placed, points) in places {
            let Some(edge) = scene.state.document.edges.get(placed.edge) else { continue };
            let width = (if stands_out { 2.4 } else { 1.3 }) * camera.scale.clamp(0.7, 1.4);
            let colour = if stands_out { theme.accent } else { theme.text_weak.gamma_multiply(0.85) };
            let stroke = Stroke::new(width, colour);
            let kind = if dashed { edge.kind } else { EdgeKind::Flow };
            let shown = rounded(points, 10.0 * camera.scale);
            for run in on_screen(&shown, canvas) {
                painter.extend(line(run, kind, stroke));
            }
            painter.add(head(points, 7.0 * camera.scale.clamp(0.6, 1.5) + width, colour));
        }
    }
    if camera.scale >= LABELS_FROM {
        for (placed, _) in weak.iter().chain(&strong) {
            label_ui(scene, ui, canvas, camera, placed, commands);
        }
    }
}

fn label_ui(
    scene: &Scene,
    ui: &mut egui::Ui,
    canvas: Rect,
    camera: &Camera,
    placed: &PlacedEdge,
    commands: &mut Vec<Command>,
) {
    let Some(edge) = scene.state.document.edges.get(placed.edge) else { return };
    let middle = camera.point(canvas, placed.label);
    if edge.label.is_empty() || !canvas.expand(60.0).contains(middle) {
        return;
    }
    let theme = Theme::get(ui);
    let size = super::boxes::font_size(10.5, camera.scale, 8.5..=14.0);
    let mut job =
        LayoutJob::simple(edge.label.clone(), FontId::proportional(size), theme.text, LABEL_WIDTH * camera.scale);
    job.halign = Align::Center;
    job.wrap.max_rows = 3;
    let galley = ui.painter().layout_job(job);
    let rect = Rect::from_center_size(middle, galley.size());
    let painter = ui.painter_at(canvas);
    let chosen = scene.selected_edge == Some(placed.edge);
    let ground = if chosen { theme.selection } else { theme.background.gamma_multiply(0.86) };
    painter.rect_filled(rect.expand2(Vec2::new(2.0, 0.0)), 3.0, ground);
    painter.galley(Pos2::new(middle.x, rect.top()), galley, theme.text);
    let response = ui.interact(rect.intersect(canvas), ui.scope_id().with(("edge", placed.edge)), Sense::click());
    response.widget_info(|| {
        let name = format!("{}, from {} to {}", edge.label, scene.title(&edge.from), scene.title(&edge.to));
        WidgetInfo::labeled(egui::accesskit::Role::Button, true, name)
    });
    if response.has_focus() {
        painter.rect_stroke(rect.expand(2.0), 3.0, (1.5, theme.accent), egui::StrokeKind::Outside);
    }
    if response.clicked() {
        commands.push(NavigateCommand::Select(Some(Selection::Edge(placed.edge))).into());
    }
}

/// The arrow under the pointer.
pub fn nearest(layout: &MapLayout, canvas: Rect, camera: &Camera, at: Pos2) -> Option<usize> {
    let distance = |placed: &PlacedEdge| {
        let points = screen_points(placed, canvas, camera);
        points.windows(2).map(|pair| distance_to(at, pair[0], pair[1])).fold(f32::INFINITY, f32::min)
    };
    let found = layout.edges.iter().map(|placed| (placed.edge, distance(placed)));
    found.filter(|(_, distance)| *distance <= REACH).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(edge, _)| edge)
}

/// A line in the pattern of its kind.
pub fn line(points: &[Pos2], kind: EdgeKind, stroke: Stroke) -> Vec<Shape> {
    let (dashes, gaps): (&[f32], &[f32]) = match kind {
        EdgeKind::Flow => return vec![Shape::line(points.to_vec(), stroke)],
        EdgeKind::Control => (&[9.0], &[4.0]),
        EdgeKind::Feedback => (&[4.0], &[3.0]),
        EdgeKind::Learning => (&[9.0, 2.0], &[3.0, 3.0]),
    };
    Shape::dashed_line_with_offset(points, stroke, dashes, gaps, 0.0)
}

fn screen_points(placed: &PlacedEdge, canvas: Rect, camera: &Camera) -> Vec<Pos2> {
    placed.points.iter().map(|point| camera.point(canvas, *point)).collect()
}

/// The stretches of a line that are on the screen, so that no dashes are made for the rest.
fn on_screen(points: &[Pos2], canvas: Rect) -> Vec<&[Pos2]> {
    let seen = |pair: &[Pos2]| Rect::from_points(pair).expand(2.0).intersects(canvas);
    let mut runs = Vec::new();
    let mut start = None;
    for index in 0..points.len().saturating_sub(1) {
        match (seen(&points[index..index + 2]), start) {
            (true, None) => start = Some(index),
            (false, Some(from)) => {
                runs.push(&points[from..=index]);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        runs.push(&points[from..]);
    }
    runs
}

/// The same way with rounded corners (each a quadratic Bézier curve in four steps).
fn rounded(points: &[Pos2], radius: f32) -> Vec<Pos2> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let mut way = vec![*first];
    for corner in points.windows(3) {
        let (before, after) = (corner[0] - corner[1], corner[2] - corner[1]);
        let reach = radius.min(before.length() / 2.0).min(after.length() / 2.0);
        let (from, to) = (corner[1] + before.normalized() * reach, corner[1] + after.normalized() * reach);
        way.extend((0..=4).map(|step| {
            let t = step as f32 / 4.0;
            from.lerp(corner[1], t).lerp(corner[1].lerp(to, t), t)
        }));
    }
    way.push(*last);
    way
}

fn head(points: &[Pos2], size: f32, colour: Color32) -> Shape {
    let [.., before, tip] = points else { return Shape::Noop };
    let back = (*before - *tip).normalized() * size;
    let side = back.rot90() * 0.45;
    Shape::convex_polygon(vec![*tip, *tip + back + side, *tip + back - side], colour, Stroke::NONE)
}

fn distance_to(at: Pos2, from: Pos2, to: Pos2) -> f32 {
    let way = to - from;
    let share = if way == Vec2::ZERO { 0.0 } else { ((at - from).dot(way) / way.length_sq()).clamp(0.0, 1.0) };
    at.distance(from + way * share)
}
