//! Collections over time: a row a component, the sorts told apart, and below the longest pauses; one mesh, whatever the number of events.

use egui::{Align2, Color32, Mesh, PopupAnchor, Rect, Sense, Shape, Stroke, Ui, UiBuilder, pos2, vec2};

use super::collections_side::side;
use crate::analysis::gc_timeline::{Cell, Longest, Row, Sort, Timeline};
use crate::model::format::{bytes_text, duration_text, number_text, share_text};
use crate::model::metric::GC_RATE;
use crate::model::time::{TimeRange, Timestamp};
use crate::model::unit::Unit;
use crate::state::command::{Command, NavigateCommand, TimeCommand};
use crate::state::question::Topic;
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::missing_ui;
use crate::ui::widgets::legend::{Entry, LEGEND_WIDTH, legend};
use crate::ui::widgets::paint::hatch;
use crate::ui::widgets::time_chart::{Chart, TICKS_WIDTH, cursor_line, time_interactions};

/// Heights of a component's row, as there is room.
const ROW_HEIGHTS: (f32, f32) = (17.0, 44.0);

/// The share of the height that pauses have at least.
const PAUSES_SHARE: f32 = 0.40;

/// Width of the figures beside, if there is room for them; with the longest pauses beside them where there is more.
const SIDE_WIDTHS: (f32, f32) = (250.0, 500.0);

/// The colour of a sort.
pub fn colour(theme: &Theme, sort: Sort) -> Color32 {
    match sort {
        Sort::Minor => theme.human.stroke,
        Sort::Major => theme.warning.stroke,
        Sort::Forced => theme.critical.stroke,
        Sort::Hibernation => theme.optimization.stroke,
    }
}

/// Draws the timeline with its figures into `rect`.
pub fn collections(ui: &mut Ui, rect: Rect, state: &State, commands: &mut Vec<Command>) {
    let timeline = state.answers.timeline.as_deref();
    let Some(timeline) = timeline.filter(|timeline| timeline.all.figures.count > 0) else {
        return without_events(ui, rect, timeline, state, commands);
    };
    let has_side = rect.width() >= 640.0;
    let width = if rect.width() >= 1000.0 { SIDE_WIDTHS.1 } else { SIDE_WIDTHS.0 };
    let (chart, beside) = rect.split_left_right_at_x(rect.right() - if has_side { width } else { 0.0 });
    let chart = if has_side { chart.with_max_x(chart.right() - 10.0) } else { chart };
    strip(ui, chart, timeline, state, commands);
    if has_side {
        side(ui, beside, timeline, shown(timeline, state), state, commands);
    }
}

/// The row of the selected component, else all together.
fn shown<'a>(timeline: &'a Timeline, state: &State) -> &'a Row {
    let selected = state.selected_component();
    let row = timeline.rows.iter().find(|row| row.component.is_some() && row.component == selected);
    row.unwrap_or(&timeline.all)
}

fn strip(ui: &mut Ui, rect: Rect, timeline: &Timeline, state: &State, commands: &mut Vec<Command>) {
    let most_height = rect.height() - (rect.height() * PAUSES_SHARE).max(70.0);
    let count = timeline.rows.len().max(1) as f32;
    let height = (most_height / count).clamp(ROW_HEIGHTS.0, ROW_HEIGHTS.1);
    let (upper, lower) = rect.split_top_bottom_at_y(rect.top() + most_height.min(height * count + 4.0));
    let (labels, _) = upper.split_left_right_at_x(upper.left() + LEGEND_WIDTH);
    let fitting = ((upper.height() / height).floor() as usize).max(1);
    let columns = visible(timeline, state.range);
    let row = shown(timeline, state);
    let longest = longest(row, &columns).map_or(0, |longest| longest.pause_ns);
    let chart =
        Chart::new(lower.with_min_x(lower.left() + LEGEND_WIDTH), state.range, longest as f64 / 1e9, Unit::SECONDS);
    chart.frame(ui);
    let field = Rect::from_x_y_ranges(chart.plot.x_range(), upper.y_range());
    let theme = Theme::get(ui);
    ui.painter().rect_filled(field, 0.0, theme.background);
    let shown_rows = &timeline.rows[..timeline.rows.len().min(fitting)];
    let most = shown_rows.iter().flat_map(|row| &row.cells[columns.clone()]).map(Cell::count).max().unwrap_or(0);
    let seen = Seen { timeline, columns, chart: &chart };
    let mut mesh = Mesh::default();
    not_traced(&mut mesh, timeline, state, &chart, field.y_range(), theme);
    for (index, row) in shown_rows.iter().enumerate() {
        let top = field.top() + index as f32 * height;
        let lane = Rect::from_x_y_ranges(field.x_range(), top..=top + height - 2.0);
        bars(&mut mesh, theme, &seen, row, lane, most);
    }
    not_traced(&mut mesh, timeline, state, &chart, chart.plot.y_range(), theme);
    pauses(&mut mesh, theme, &seen, row);
    ui.painter_at(field.union(chart.plot)).add(Shape::mesh(mesh));
    for index in 1..=shown_rows.len() {
        let y = field.top() + index as f32 * height - 1.0;
        ui.painter().hline(field.x_range(), y, Stroke::new(1.0, theme.grid));
    }
    row_labels(ui, labels, shown_rows, timeline.rows.len(), height, state, commands);
    pause_label(ui, lower.with_max_x(lower.left() + LEGEND_WIDTH - 6.0), row);
    cursor_line(ui, field, &chart.scale, state);
    chart.cursor(ui, state);

    let over_rows = ui.interact(field, ui.scope_id().with("gc_rows"), Sense::click_and_drag());
    over_rows.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Collections over time, by component"));
    time_interactions(ui, &over_rows, &chart.scale, state, commands);
    let row_at = |y: f32| shown_rows.get(((y - field.top()) / height) as usize);
    if let Some(pointer) = over_rows.hover_pos()
        && let Some(row) = row_at(pointer.y)
    {
        if over_rows.clicked()
            && let Some(component) = &row.component
        {
            commands.push(NavigateCommand::Select(Some(Selection::Component(component.clone()))).into());
        }
        tooltip(ui, timeline, row, chart.scale.at_x(pointer.x), state);
    }
    let over_pauses = ui.interact(chart.plot, ui.scope_id().with("gc_pauses"), Sense::click_and_drag());
    over_pauses.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Longest pauses over time"));
    time_interactions(ui, &over_pauses, &chart.scale, state, commands);
    if let Some(pointer) = over_pauses.hover_pos() {
        let at = chart.scale.at_x(pointer.x);
        if over_pauses.clicked()
            && let Some(longest) = cell_at(timeline, row, at).and_then(|cell| cell.longest)
        {
            go_to(longest.entity, longest.at, commands);
        }
        tooltip(ui, timeline, row, at, state);
    }
}

/// Selects a process and moves the cursor.
pub fn go_to(entity: crate::model::entity::EntityId, at: Timestamp, commands: &mut Vec<Command>) {
    commands.push(NavigateCommand::Select(Some(Selection::Entity(entity))).into());
    commands.push(TimeCommand::SetCursor(at).into());
}

/// The columns that can be seen.
fn visible(timeline: &Timeline, range: TimeRange) -> std::ops::Range<usize> {
    let count = timeline.all.cells.len() as i64;
    let column = |at: Timestamp| at.0.saturating_sub(timeline.range.from.0).div_euclid(timeline.width_ns.max(1));
    let first = column(range.from).clamp(0, count);
    let last = column(range.to).saturating_add(1).clamp(first, count);
    first as usize..last as usize
}

fn longest(row: &Row, columns: &std::ops::Range<usize>) -> Option<Longest> {
    row.cells[columns.clone()].iter().filter_map(|cell| cell.longest).max_by_key(|longest| longest.pause_ns)
}

fn cell_at<'a>(timeline: &Timeline, row: &'a Row, at: Timestamp) -> Option<&'a Cell> {
    let column = at.0.saturating_sub(timeline.range.from.0).div_euclid(timeline.width_ns.max(1));
    row.cells.get(usize::try_from(column).ok()?).filter(|cell| cell.count() > 0 || cell.counts[3] > 0)
}

/// The columns in sight, and where they are.
struct Seen<'a> {
    timeline: &'a Timeline,
    columns: std::ops::Range<usize>,
    chart: &'a Chart,
}

impl Seen<'_> {
    /// Left and right edge of a column, at least a point apart.
    fn edges(&self, column: usize) -> (f32, f32) {
        let width_ns = self.timeline.width_ns;
        let start = self.timeline.range.from.plus_ns((column as i64).saturating_mul(width_ns));
        let (left, right) = (self.chart.scale.x_of(start), self.chart.scale.x_of(start.plus_ns(width_ns)));
        let gap = ((right - left) * 0.15).min(1.0);
        (left, (right - gap).max(left + 1.0))
    }
}

/// A bar for each column of a row: as high as the root of the number of collections, divided by sorts.
fn bars(mesh: &mut Mesh, theme: &Theme, seen: &Seen<'_>, row: &Row, lane: Rect, most: u32) {
    for column in seen.columns.clone() {
        let cell = &row.cells[column];
        let all: u32 = cell.counts.iter().sum();
        if all == 0 {
            continue;
        }
        let (left, right) = seen.edges(column);
        let height = lane.height() * (f64::from(all) / f64::from(most.max(1))).sqrt().min(1.0) as f32;
        // The rare ones have at least two points, so that a single major among a thousand minor ones is seen.
        let height = height.max(3.0);
        let mut bottom = lane.bottom();
        for sort in Sort::ALL {
            let count = cell.counts[sort as usize];
            if count > 0 {
                let share = (height * count as f32 / all as f32).max(2.0);
                let top = (bottom - share).max(lane.top());
                mesh.add_colored_rect(Rect::from_min_max(pos2(left, top), pos2(right, bottom)), colour(theme, sort));
                bottom = top;
            }
        }
    }
}

/// The longest pause of each column, in the colour of its sort.
fn pauses(mesh: &mut Mesh, theme: &Theme, seen: &Seen<'_>, row: &Row) {
    let chart = seen.chart;
    for column in seen.columns.clone() {
        let Some(longest) = row.cells[column].longest else { continue };
        let (left, right) = seen.edges(column);
        let top = chart.y_of(longest.pause_ns as f64 / 1e9).min(chart.plot.bottom() - 1.5);
        let bar = Rect::from_min_max(pos2(left, top), pos2(right, chart.plot.bottom()));
        mesh.add_colored_rect(bar, colour(theme, longest.sort));
    }
}

/// Hatches the time in which nobody was traced.
fn not_traced(mesh: &mut Mesh, timeline: &Timeline, state: &State, chart: &Chart, y: egui::Rangef, theme: &Theme) {
    if timeline.traced.is_empty() {
        return;
    }
    let mut from = state.range.from;
    let end = TimeRange { from: state.range.to, to: state.range.to };
    for stretch in timeline.traced.iter().chain([&end]) {
        if stretch.from > from {
            let to = stretch.from.min(state.range.to);
            let band = Rect::from_x_y_ranges(chart.scale.x_of(from)..=chart.scale.x_of(to), y);
            if band.width() >= 1.0 {
                mesh.add_colored_rect(band, theme.gap.gamma_multiply(0.5));
                hatch(mesh, band, 8.0, theme.text_weak.gamma_multiply(0.5));
            }
        }
        from = from.max(stretch.to);
    }
}

fn row_labels(
    ui: &mut Ui,
    rect: Rect,
    rows: &[Row],
    all: usize,
    height: f32,
    state: &State,
    commands: &mut Vec<Command>,
) {
    let selected = state.selected_component();
    for (index, row) in rows.iter().enumerate() {
        let top = rect.top() + index as f32 * height + (height - 17.0) / 2.0;
        let place = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width() + TICKS_WIDTH - 6.0, 17.0));
        let is_last = index + 1 == rows.len() && all > rows.len();
        let name = if is_last { format!("{} (and {} more)", row.title, all - rows.len()) } else { row.title.clone() };
        let entry = Entry {
            colour: row
                .component
                .as_ref()
                .map_or(Theme::get(ui).unknown.stroke, |id| Theme::get(ui).series_colour(id.as_str())),
            name,
            value: number_text(row.figures.count as f64, Unit::COUNT),
            selected: row.component.is_some() && row.component == selected,
        };
        if legend(ui, place, &format!("gc_row_{index}"), std::slice::from_ref(&entry)).is_some()
            && let Some(component) = &row.component
        {
            commands.push(NavigateCommand::Select(Some(Selection::Component(component.clone()))).into());
        }
    }
}

fn pause_label(ui: &mut Ui, rect: Rect, row: &Row) {
    let theme = Theme::get(ui);
    let painter = ui.painter();
    let line = |text: &str, y: f32, size: f32, colour: Color32| {
        let place = pos2(rect.left() + 4.0, rect.top() + y);
        crate::ui::widgets::paint::line_of_text(painter, place, Align2::LEFT_TOP, text, size, colour, rect.width());
    };
    line("Longest pause", 6.0, 12.0, theme.text);
    line(&format!("of {}", row.title), 21.0, 11.0, theme.text_weak);
    line("click: go to it", 35.0, 10.0, theme.text_weak);
}

fn tooltip(ui: &Ui, timeline: &Timeline, row: &Row, at: Timestamp, state: &State) {
    egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), ui.scope_id().with("gc_value"), PopupAnchor::Pointer)
        .gap(14.0)
        .show(|ui| {
            ui.label(at.local("%d %b %H:%M:%S"));
            ui.strong(&row.title);
            let Some(cell) = cell_at(timeline, row, at) else {
                let traced = timeline.traced.is_empty() || timeline.traced.iter().any(|range| range.contains(at));
                ui.label(if traced { "no collection" } else { "nobody was traced" });
                return;
            };
            let width = duration_text(timeline.width_ns as f64 / 1e9);
            let sorts = Sort::ALL.iter().zip(cell.counts).filter(|(_, count)| *count > 0);
            let sorts: Vec<String> = sorts.map(|(sort, count)| format!("{count} {}", sort.word())).collect();
            ui.label(format!("{} in {width}", sorts.join(", ")));
            if cell.examined_bytes > 0.0 {
                let (gave, of) = (cell.reclaimed_bytes, cell.examined_bytes);
                ui.label(format!("reclaimed {} of {} ({})", bytes_text(gave), bytes_text(of), share_text(gave / of)));
            }
            ui.label(format!("pauses {} together", duration_text(cell.pause_ns as f64 / 1e9)));
            if let Some(longest) = cell.longest {
                let name = state.entity(longest.entity).map_or("?", |entity| entity.name.as_str());
                let pause = duration_text(longest.pause_ns as f64 / 1e9);
                ui.label(format!("longest {pause} ({}), {name}", longest.sort.word()));
            }
        });
}

/// What can be said without single collections.
fn without_events(ui: &mut Ui, rect: Rect, timeline: Option<&Timeline>, state: &State, commands: &mut Vec<Command>) {
    let is_node = state.session.as_ref().is_some_and(|session| session.source.starts_with("beam:"));
    let advice = if state.can_trace() {
        "Select a component and choose \"Trace its collections\" in the inspector."
    } else if is_node {
        "Record the node with --gc-trace COMPONENT (or '*') to see each one, its process and its pause."
    } else {
        "Single collections come from a BEAM node that is traced (record with --gc-trace), and from files of collections, such as GC logs."
    };
    let Some(counted) = timeline.and_then(|timeline| timeline.counted.as_ref()) else {
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            missing_ui(ui, state, Topic::Timeline, "No collections were recorded in this stretch of time", advice);
        });
        return;
    };
    let (text, below) = rect.split_top_bottom_at_y(rect.top() + 22.0);
    ui.scope_builder(UiBuilder::new().max_rect(text), |ui| {
        ui.horizontal(|ui| {
            ui.label("No single collections were recorded here; the node itself counted so many a second:");
            ui.label(egui::RichText::new(advice).color(Theme::get(ui).text_weak));
        });
    });
    let most = counted.buckets.iter().map(|bucket| bucket.max).fold(0.0, f64::max);
    let chart = Chart::new(below.with_min_x(below.left() + LEGEND_WIDTH), state.range, most, GC_RATE.unit());
    chart.frame(ui);
    let theme = Theme::get(ui);
    let mut mesh = Mesh::default();
    for bucket in &counted.buckets {
        let (left, right) = (chart.scale.x_of(bucket.start), chart.scale.x_of(bucket.start.plus_ns(counted.width_ns)));
        let bar =
            Rect::from_min_max(pos2(left, chart.y_of(bucket.mean())), pos2(right.max(left + 1.0), chart.plot.bottom()));
        mesh.add_colored_rect(bar, theme.panel.lerp_to_gamma(colour(theme, Sort::Minor), 0.7));
    }
    ui.painter_at(chart.plot).add(Shape::mesh(mesh));
    chart.cursor(ui, state);
    let response = ui.interact(chart.plot, ui.scope_id().with("gc_counted"), Sense::click_and_drag());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Image, true, "Collections per second, as the node counts them")
    });
    time_interactions(ui, &response, &chart.scale, state, commands);
}
