//! The calls as a picture: callers above, what they call below, as wide as they were seen. One mesh; hover tells, a click zooms.

use egui::{Align2, Color32, Mesh, Rect, Role, Sense, Shape, Ui, WidgetInfo, pos2, vec2};

use crate::analysis::functions::{CallBox, Functions, module};
use crate::model::format::share_text;
use crate::state::State;
use crate::state::command::{Command, NavigateCommand};
use crate::ui::theme::Theme;
use crate::ui::widgets::paint::{line_of_text, text_on};

const ROW_HEIGHT: f32 = 16.0;
/// Narrower boxes get no name.
const LABEL_WIDTH: f32 = 34.0;
const MAX_LABELS: usize = 250;

/// The colour of a function is that of its module.
pub fn colour(theme: &Theme, name: &str) -> Color32 {
    theme.series_colour(module(name))
}

/// The box that is zoomed into: as far as the calls that were zoomed into are still there.
fn zoomed(found: &Functions, state: &State) -> usize {
    let mut at = 0;
    for call in &state.function_zoom {
        let is_call = |(_, child): &(usize, &CallBox)| child.parent == at && child.depth > 0 && child.name == *call;
        match found.tree.iter().enumerate().find(is_call) {
            Some((index, _)) => at = index,
            None => break,
        }
    }
    at
}

/// The calls from the outermost to this box.
fn calls(found: &Functions, mut index: usize) -> Vec<String> {
    let mut calls = Vec::new();
    while let Some(found_box) = found.tree.get(index).filter(|found_box| found_box.depth > 0) {
        calls.push(found_box.name.clone());
        index = found_box.parent;
    }
    calls.reverse();
    calls
}

/// Boxes to draw: those around the zoomed one and those within it, cut to its sides.
fn visible<'a>(found: &'a Functions, focus: &'a CallBox) -> impl Iterator<Item = (usize, &'a CallBox, f32, f32)> + 'a {
    let (from, to) = (focus.start, focus.start + focus.count);
    let share = move |at: u64| (at.clamp(from, to) - from) as f32 / focus.count.max(1) as f32;
    found
        .tree
        .iter()
        .enumerate()
        .filter(move |(_, found_box)| found_box.start < to && found_box.start + found_box.count > from)
        .map(move |(index, found_box)| {
            (index, found_box, share(found_box.start), share(found_box.start + found_box.count))
        })
}

/// How high the whole picture would be.
pub fn wanted_height(found: &Functions, state: &State) -> f32 {
    let focus = found.tree.get(zoomed(found, state));
    let depth = focus.and_then(|focus| visible(found, focus).map(|(_, found_box, ..)| found_box.depth).max());
    (depth.unwrap_or(0) + 1) as f32 * ROW_HEIGHT
}

/// Draws it into `rect`.
pub fn icicle(ui: &mut Ui, rect: Rect, found: &Functions, state: &State, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    let focus_index = zoomed(found, state);
    let Some(focus) = found.tree.get(focus_index) else { return };
    let response = ui.interact(rect, ui.scope_id().with("icicle"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Calls, callers above, as wide as they were seen"));
    let painter = ui.painter_at(rect);
    let rows = (rect.height() / ROW_HEIGHT).floor().max(1.0) as usize;
    let deepest = visible(found, focus).map(|(_, found_box, ..)| found_box.depth).max().unwrap_or(0);
    // Where not all rows fit, those above the zoomed box go first: they say least.
    let skipped = (deepest + 1).saturating_sub(rows).min(focus.depth.saturating_sub(1));
    let pointer = response.hover_pos();
    let mut mesh = Mesh::default();
    let mut hovered = None;
    let mut labels = Vec::new();
    for (index, found_box, left, right) in visible(found, focus) {
        let Some(row) = found_box.depth.checked_sub(skipped).filter(|row| *row < rows) else { continue };
        let top = rect.top() + row as f32 * ROW_HEIGHT;
        let place = Rect::from_min_max(
            pos2(rect.left() + left * rect.width(), top),
            pos2(rect.left() + right * rect.width(), top + ROW_HEIGHT),
        );
        let under_pointer = pointer.is_some_and(|pointer| place.contains(pointer));
        if under_pointer {
            hovered = Some(index);
        }
        let own = if found_box.depth == 0 { theme.raised } else { colour(theme, &found_box.name) };
        let is_around = found_box.depth < focus.depth;
        let fill = match (under_pointer, is_around) {
            (true, _) => own.lerp_to_gamma(theme.text, 0.25),
            (_, true) => own.lerp_to_gamma(theme.panel, 0.6),
            _ => own,
        };
        mesh.add_colored_rect(place.shrink2(vec2((place.width() * 0.2).min(0.5), 0.5)), fill);
        if place.width() >= LABEL_WIDTH && labels.len() < MAX_LABELS {
            labels.push((index, place, fill));
        }
    }
    painter.add(Shape::mesh(mesh));
    for (index, place, fill) in labels {
        let found_box = &found.tree[index];
        let text = if found_box.depth == 0 { "all samples" } else { found_box.name.as_str() };
        let at = place.left_center() + vec2(3.0, 0.0);
        line_of_text(&painter, at, Align2::LEFT_CENTER, text, 11.0, text_on(fill), place.width() - 6.0);
    }
    if deepest + 1 > skipped + rows {
        let text = format!("{} deeper rows: click a box to zoom", deepest + 1 - skipped - rows);
        let at = rect.right_bottom() - vec2(3.0, 1.0);
        let galley = painter.layout_no_wrap(text, egui::FontId::proportional(10.0), theme.text_weak);
        let place = Align2::RIGHT_BOTTOM.anchor_size(at, galley.size());
        painter.rect_filled(place.expand(2.0), 2.0, theme.panel);
        painter.galley(place.min, galley, theme.text_weak);
    }
    let Some(index) = hovered else { return };
    if response.clicked() {
        // A click on the box that is zoomed into zooms out by one.
        let index = if index == focus_index { found.tree[index].parent } else { index };
        commands.push(NavigateCommand::ZoomFunctions(calls(found, index)).into());
    }
    let found_box = &found.tree[index];
    let share = found_box.count as f64 / found.total.max(1) as f64;
    let name = if found_box.depth == 0 { "all samples" } else { found_box.name.as_str() };
    response.on_hover_text_at_pointer(format!(
        "{name}\n{} of {} samples, {}\nclick to zoom",
        found_box.count,
        found.total,
        share_text(share)
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::functions::functions;
    use crate::model::batch::StackSample;
    use crate::model::entity::EntityId;
    use crate::model::time::{TimeRange, Timestamp};

    fn found() -> Functions {
        let sample = |frames: &[&str]| StackSample {
            at: Timestamp(0),
            entity: EntityId(1),
            frames: frames.iter().map(|frame| (*frame).to_owned()).collect(),
            weight: 1,
        };
        let samples =
            [sample(&["a:a/0", "b:b/0"]), sample(&["a:a/0", "c:c/0"]), sample(&["d:d/0"]), sample(&["a:a/0"])];
        functions(&samples, TimeRange::new(Timestamp(0), Timestamp(1)), 1.0)
    }

    #[test]
    fn zooming_follows_the_calls_as_far_as_they_are_there() {
        let found = found();
        let zoom = |calls: &[&str]| {
            let function_zoom = calls.iter().map(|call| (*call).to_owned()).collect();
            zoomed(&found, &State { function_zoom, ..State::default() })
        };
        let b = zoom(&["a:a/0", "b:b/0"]);
        assert_eq!(found.tree[b].name, "b:b/0");
        assert_eq!(calls(&found, b), ["a:a/0", "b:b/0"]);
        assert_eq!(found.tree[zoom(&["a:a/0", "gone:x/0"])].name, "a:a/0");
        assert_eq!(zoom(&["b:b/0"]), 0, "nobody outermost has this name");
        let around: Vec<&str> = visible(&found, &found.tree[b]).map(|(_, shown, ..)| shown.name.as_str()).collect();
        assert_eq!(around, ["", "a:a/0", "b:b/0"]);
    }
}
