//! Draws the heat map: labels at the left, cells from textures, and what the mouse does on them.

use std::sync::Arc;

use egui::{Align2, Color32, Rect, Response, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::texture::{HeatScale, PIECE_ROWS, Pieces};
use crate::analysis::heat_map::{HeatMap, HeatRow};
use crate::model::format::number_text;
use crate::model::time::Timestamp;
use crate::state::command::{Command, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::legend::LEGEND_WIDTH;
use crate::ui::widgets::paint::{line_of_text, outline};
use crate::ui::widgets::time_axis::{TimeScale, time_axis};
use crate::ui::widgets::time_chart::{
    AXIS_HEIGHT, TICKS_WIDTH, cursor_line, time_interactions, time_interactions_over_list,
};

/// Height of one row in points.
pub const ROW_HEIGHT: f32 = 18.0;

/// Width of names and values; the plot begins where those of charts do.
const LABEL_WIDTH: f32 = LEGEND_WIDTH + TICKS_WIDTH;

/// Draws the map into `rect`; a long list scrolls.
pub fn heat_map(
    ui: &mut Ui,
    rect: Rect,
    map: &Arc<HeatMap>,
    scale: &HeatScale,
    state: &State,
    commands: &mut Vec<Command>,
) {
    let (body, axis) = rect.split_top_bottom_at_y(rect.bottom() - AXIS_HEIGHT);
    let plot = body.with_min_x(body.left() + LABEL_WIDTH);
    let time = TimeScale::new(state.range, plot);
    time_axis(ui, axis.with_min_x(plot.left()), &time);
    let fits = map.rows.len() as f32 * ROW_HEIGHT <= body.height() + 0.5;
    ui.scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        ScrollArea::vertical().auto_shrink(false).show_viewport(ui, |ui, viewport| {
            ui.set_height(map.rows.len() as f32 * ROW_HEIGHT);
            let top = ui.max_rect().top();
            let first = (viewport.top() / ROW_HEIGHT).floor().max(0.0) as usize;
            let last = ((viewport.bottom() / ROW_HEIGHT).ceil().max(0.0) as usize).min(map.rows.len());
            let rows = Rows { map, top, left: body.left(), right: body.right(), shown: first..last.max(first) };
            let plot = plot.intersect(ui.clip_rect());
            let response = ui.interact(plot, ui.scope_id().with("cells"), Sense::click_and_drag());
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "CPU use over time, by component"));
            rows.cells(ui, plot, &time, scale);
            cursor_line(ui, plot, &time, state);
            rows.labels(ui, state, commands);
            follow_selection(ui, &rows, state);
            if fits {
                time_interactions(ui, &response, &time, state, commands);
            } else {
                time_interactions_over_list(ui, &response, &time, state, commands);
            }
            rows.point(ui, &response, &time, commands);
        });
    });
}

/// Rows that are in sight, and where.
struct Rows<'a> {
    map: &'a Arc<HeatMap>,
    /// Where the first row begins, which may be out of sight.
    top: f32,
    left: f32,
    right: f32,
    shown: std::ops::Range<usize>,
}

impl Rows<'_> {
    fn rect(&self, row: usize) -> Rect {
        let top = self.top + row as f32 * ROW_HEIGHT;
        Rect::from_min_max(pos2(self.left, top), pos2(self.right, top + ROW_HEIGHT))
    }

    /// Draws the pieces of texture that are in sight.
    fn cells(&self, ui: &Ui, plot: Rect, time: &TimeScale, scale: &HeatScale) {
        let map = self.map;
        let painter = ui.painter_at(plot);
        let start_of = |column: usize| map.range.from.plus_ns((column as i64).saturating_mul(map.width_ns));
        let column_of = |at: Timestamp| at.0.saturating_sub(map.range.from.0).div_euclid(map.width_ns.max(1));
        let first = column_of(time.range.from).clamp(0, map.columns as i64) as usize;
        let last = (column_of(time.range.to) + 1).clamp(0, map.columns as i64) as usize;
        let pixels = (plot.width() * ui.pixels_per_point()).max(1.0);
        let merged = ((time.range.length_ns() as f32 / map.width_ns.max(1) as f32 / pixels).round() as usize).max(1);
        let ctx = ui.ctx().clone();
        let mut pieces = Pieces::take(&ctx, map, ui.visuals().dark_mode, merged);
        let piece_columns = pieces.columns();
        let across = first / piece_columns..last.div_ceil(piece_columns);
        let down = self.shown.start / PIECE_ROWS..self.shown.end.div_ceil(PIECE_ROWS);
        for row in down.clone() {
            for column in across.clone() {
                let texture = pieces.texture(&ctx, scale, row, column);
                // The last pixel may stand for fewer columns than others, but is as wide as they are.
                let end = column * piece_columns + texture.size()[0] * merged;
                let rect = Rect::from_min_max(
                    pos2(time.x_of(start_of(column * piece_columns)), self.rect(row * PIECE_ROWS).top()),
                    pos2(time.x_of(start_of(end)), self.rect(row * PIECE_ROWS + texture.size()[1]).top()),
                );
                let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                painter.image(texture.id(), rect, uv, Color32::WHITE);
            }
        }
        pieces.keep(&ctx, down, across);
    }

    /// Draws names and values; a click on one selects its component.
    fn labels(&self, ui: &Ui, state: &State, commands: &mut Vec<Command>) {
        let theme = Theme::get(ui);
        let painter = ui.painter();
        let selected = state.selected_component();
        let cursor = state.cursor().and_then(|at| column_at(self.map, at));
        for row in self.shown.clone() {
            let Some(entry) = self.map.rows.get(row) else { continue };
            let rect = self.rect(row);
            let label = rect.with_max_x(self.left + LABEL_WIDTH - 4.0);
            let value = number_text(value_at(entry, cursor), self.map.metric.unit());
            let response = ui.interact(label, ui.scope_id().with(("row", row)), Sense::click());
            let is_selected = selected.as_ref() == Some(&entry.component);
            let name = format!("{}: {value}", entry.title);
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, &name));
            if is_selected || response.hovered() {
                painter.rect_filled(label, 2.0, theme.selection);
            }
            if is_selected {
                outline(painter, rect, theme.text);
            }
            if response.has_focus() {
                outline(painter, label, theme.accent);
            }
            let swatch = Rect::from_center_size(pos2(label.left() + 8.0, label.center().y), vec2(9.0, 9.0));
            painter.rect_filled(swatch, 1.0, theme.series_colour(entry.component.as_str()));
            let right = label.right_center() - vec2(4.0, 0.0);
            let taken = line_of_text(painter, right, Align2::RIGHT_CENTER, &value, 11.0, theme.text_weak, 90.0);
            let place = pos2(label.left() + 17.0, label.center().y);
            let width = taken.left() - place.x - 6.0;
            line_of_text(painter, place, Align2::LEFT_CENTER, &entry.title, 12.0, theme.text, width);
            if response.clicked() {
                select(entry, commands);
            }
            response.on_hover_ui(|ui| explain(ui, self.map, entry, None));
        }
    }

    /// Tooltip and click on the cells.
    fn point(&self, ui: &Ui, response: &Response, time: &TimeScale, commands: &mut Vec<Command>) {
        let Some(pointer) = response.hover_pos() else { return };
        let Some(entry) = self.map.rows.get(((pointer.y - self.top) / ROW_HEIGHT).max(0.0) as usize) else { return };
        if response.clicked() {
            select(entry, commands);
        }
        let at = time.at_x(pointer.x);
        if !response.dragged() {
            egui::Tooltip::always_open(
                ui.ctx().clone(),
                ui.layer_id(),
                ui.scope_id().with("cell"),
                egui::PopupAnchor::Pointer,
            )
            .gap(14.0)
            .show(|ui| explain(ui, self.map, entry, Some(at)));
        }
    }
}

fn select(entry: &HeatRow, commands: &mut Vec<Command>) {
    let selection = Selection::Component(entry.component.clone());
    commands.push(NavigateCommand::Select(Some(selection)).into());
}

/// Scrolls to the selected row when the selection has changed.
fn follow_selection(ui: &Ui, rows: &Rows<'_>, state: &State) {
    let id = ui.scope_id().with("followed");
    let selected = state.selected_component();
    let before = ui.data(|data| data.get_temp::<Option<crate::model::id::ComponentId>>(id));
    if before.as_ref() == Some(&selected) {
        return;
    }
    if let Some(row) = rows.map.rows.iter().position(|row| Some(&row.component) == selected.as_ref()) {
        ui.scroll_to_rect(rows.rect(row), None);
    }
    ui.data_mut(|data| data.insert_temp(id, selected));
}

/// The column that a moment falls into.
fn column_at(map: &HeatMap, at: Timestamp) -> Option<usize> {
    let column = at.0.saturating_sub(map.range.from.0).div_euclid(map.width_ns.max(1));
    usize::try_from(column).ok().filter(|column| *column < map.columns)
}

/// A row's value in a column; without one, its last.
fn value_at(row: &HeatRow, column: Option<usize>) -> f64 {
    match column {
        Some(column) => row.values.get(column).map_or(f64::NAN, |value| f64::from(*value)),
        None => row.now,
    }
}

fn explain(ui: &mut Ui, map: &HeatMap, row: &HeatRow, at: Option<Timestamp>) {
    let unit = map.metric.unit();
    ui.strong(&row.title);
    if let Some(at) = at {
        let column = column_at(map, at);
        let value = column.and_then(|column| row.values.get(column)).copied().unwrap_or(f32::NAN);
        let is_measured = column.and_then(|column| map.measured.get(column)).copied().unwrap_or(false);
        ui.label(match (value.is_finite(), is_measured) {
            (true, _) => format!("{} at {}", number_text(f64::from(value), unit), at.local("%d %b %H:%M:%S")),
            (false, true) => format!("did not run at {}", at.local("%d %b %H:%M:%S")),
            (false, false) => format!("nothing was measured at {}", at.local("%d %b %H:%M:%S")),
        });
    }
    ui.label(format!("mean {}, peak {}", number_text(row.mean, unit), number_text(row.peak, unit)));
}
