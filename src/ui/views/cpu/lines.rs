//! Lines of what is selected: the mean, over a band from the lowest to the highest value.

use egui::{Color32, Mesh, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2};

use crate::analysis::grid::{GAP_STEPS, usual_step};
use crate::analysis::lines::{Line, Lines};
use crate::model::format::number_text;
use crate::model::series::Bucket;
use crate::model::time::{TimeRange, Timestamp};
use crate::state::command::{Command, NavigateCommand};
use crate::state::question::Topic;
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::missing_ui;
use crate::ui::widgets::legend::{Entry, LEGEND_WIDTH, legend};
use crate::ui::widgets::time_chart::{Chart, time_interactions};

/// More points than this for each point of width are joined.
const POINTS_PER_POINT: f32 = 2.0;

/// Draws the lines with their legend into `rect`.
pub fn lines(ui: &mut Ui, rect: Rect, state: &State, commands: &mut Vec<Command>) {
    let Some(lines) = state.answers.lines.as_deref().filter(|lines| !lines.lines.is_empty()) else {
        ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
            let advice =
                "What is selected was not measured in the visible time. Select another component, or show all.";
            missing_ui(ui, state, Topic::Lines, "No lines", advice);
        });
        return;
    };
    let (left, right) = rect.split_left_right_at_x(rect.left() + LEGEND_WIDTH);
    let most = (right.width() * POINTS_PER_POINT) as usize;
    let drawn: Vec<Vec<Bucket>> = lines.lines.iter().map(|line| seen(line, state.range, most)).collect();
    let largest = drawn.iter().flatten().map(|bucket| bucket.max).fold(0.0, f64::max);
    let chart = Chart::new(right, state.range, largest, lines.metric.unit());
    let response = ui.interact(chart.plot, ui.scope_id().with("lines"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "CPU use over time, lines"));
    chart.frame(ui);
    chart.gaps(ui, &common_gaps(lines, state.range));
    let colours = colours(Theme::get(ui), lines);
    for ((line, buckets), colour) in lines.lines.iter().zip(&drawn).zip(&colours).rev() {
        draw(ui, &chart, line, buckets, *colour, is_selected(line, state));
    }
    chart.cursor(ui, state);
    time_interactions(ui, &response, &chart.scale, state, commands);
    let hovered = response.hover_pos().map(|pointer| (pointer, chart.scale.at_x(pointer.x)));
    if let Some((pointer, _)) = hovered {
        ui.painter_at(chart.plot).vline(pointer.x, chart.plot.y_range(), Stroke::new(1.0, Theme::get(ui).text_weak));
    }
    let at = hovered.map(|(_, at)| at).or(state.cursor());
    let entries: Vec<Entry> = lines
        .lines
        .iter()
        .zip(&colours)
        .map(|(line, colour)| Entry {
            colour: *colour,
            name: line.name.clone(),
            value: at
                .and_then(|at| mean_at(line, at))
                .map_or(String::from("–"), |value| number_text(value, lines.metric.unit())),
            selected: is_selected(line, state),
        })
        .collect();
    if let Some(at) = hovered.map(|(_, at)| at) {
        egui::Tooltip::always_open(
            ui.ctx().clone(),
            ui.layer_id(),
            ui.scope_id().with("lines_value"),
            egui::PopupAnchor::Pointer,
        )
        .gap(14.0)
        .show(|ui| {
            ui.label(at.local("%d %b %H:%M:%S"));
            for entry in &entries {
                ui.label(format!("{}: {}", entry.name, entry.value));
            }
        });
    }
    if let Some(index) = legend(ui, left.with_max_x(left.right() - 4.0), "lines_legend", &entries) {
        let selection = Selection::Entity(lines.lines[index].entity);
        commands.push(NavigateCommand::Select(Some(selection)).into());
    }
}

fn is_selected(line: &Line, state: &State) -> bool {
    state.selection == Some(Selection::Entity(line.entity))
}

/// A colour for each line; names keep theirs, unless an earlier line has it already.
fn colours(theme: &Theme, lines: &Lines) -> Vec<Color32> {
    let mut colours: Vec<Color32> = Vec::with_capacity(lines.lines.len());
    for line in &lines.lines {
        let own = theme.series_colour(&line.name);
        let is_free = |colour: &&Color32| !colours.contains(colour);
        let colour = [own].iter().chain(&theme.series).find(is_free).copied().unwrap_or(own);
        colours.push(colour);
    }
    colours
}

/// The buckets in sight (and one more on each side), joined so that there are at most `most`.
fn seen(line: &Line, range: TimeRange, most: usize) -> Vec<Bucket> {
    let buckets = &line.buckets.buckets;
    let first = buckets.partition_point(|bucket| bucket.start < range.from).saturating_sub(1);
    let last = buckets.partition_point(|bucket| bucket.start <= range.to).saturating_add(1).min(buckets.len());
    let seen = &buckets[first..last.max(first)];
    let joined = seen.len().div_ceil(most.max(1)).max(1);
    if joined == 1 {
        return seen.to_vec();
    }
    let join = |several: &[Bucket]| {
        several.iter().copied().reduce(|a, b| Bucket {
            start: a.start,
            count: a.count.saturating_add(b.count),
            min: a.min.min(b.min),
            max: a.max.max(b.max),
            sum: a.sum + b.sum,
        })
    };
    seen.chunks(joined).filter_map(join).collect()
}

/// Stretches in which no line has a value.
fn common_gaps(lines: &Lines, range: TimeRange) -> Vec<TimeRange> {
    let width_ns = lines.lines.iter().map(|line| line.buckets.width_ns).max().unwrap_or(1);
    let starts = lines.lines.iter().flat_map(|line| line.buckets.buckets.iter().map(|bucket| bucket.start));
    let mut starts: Vec<Timestamp> = starts.collect();
    starts.sort_unstable();
    starts.dedup();
    let step = usual_step(starts.iter().map(|at| at.0), width_ns);
    let pairs = starts.iter().zip(starts.iter().skip(1));
    let gaps = pairs.filter(|(a, b)| is_gap(**a, **b, step)).map(|(a, b)| TimeRange::new(a.plus_ns(width_ns), *b));
    gaps.filter(|gap| gap.intersection(range).is_some()).collect()
}

fn is_gap(before: Timestamp, next: Timestamp, step_ns: i64) -> bool {
    next.0.saturating_sub(before.0) as f64 >= GAP_STEPS * step_ns as f64
}

fn draw(ui: &Ui, chart: &Chart, line: &Line, buckets: &[Bucket], colour: Color32, is_selected: bool) {
    let painter = ui.painter_at(chart.plot);
    let step = usual_step(buckets.iter().map(|bucket| bucket.start.0), line.buckets.width_ns);
    let half_ns = step / 2;
    let mut band = Mesh::default();
    let mut paths = Vec::new();
    for run in buckets.chunk_by(|a, b| !is_gap(a.start, b.start, step)) {
        let x_of = |bucket: &Bucket| chart.scale.x_of(bucket.start.plus_ns(half_ns));
        let first = band.vertices.len() as u32;
        let mut path: Vec<Pos2> = Vec::with_capacity(run.len());
        for bucket in run {
            let x = x_of(bucket);
            path.push(pos2(x, chart.y_of(bucket.mean())));
            band.colored_vertex(pos2(x, chart.y_of(bucket.min)), colour.gamma_multiply(0.28));
            band.colored_vertex(pos2(x, chart.y_of(bucket.max)), colour.gamma_multiply(0.28));
        }
        for corner in (first..(band.vertices.len() as u32).saturating_sub(2)).step_by(2) {
            band.add_triangle(corner, corner + 1, corner + 2);
            band.add_triangle(corner + 1, corner + 2, corner + 3);
        }
        if let [only] = path[..] {
            // A single value is a short line, as long as the time that it stands for.
            path = vec![only - egui::vec2(2.0, 0.0), only + egui::vec2(2.0, 0.0)];
        }
        paths.push(path);
    }
    painter.add(Shape::mesh(band));
    for path in paths {
        painter.add(Shape::line(path, Stroke::new(if is_selected { 2.5 } else { 1.5 }, colour)));
    }
}

/// The mean of the bucket at a moment; `None` where there is none near.
fn mean_at(line: &Line, at: Timestamp) -> Option<f64> {
    let buckets = &line.buckets.buckets;
    let step = usual_step(buckets.iter().map(|bucket| bucket.start.0), line.buckets.width_ns);
    let bucket = buckets.get(buckets.partition_point(|bucket| bucket.start <= at).checked_sub(1)?)?;
    (!is_gap(bucket.start, at, step)).then(|| bucket.mean())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entity::EntityId;
    use crate::model::metric::CPU_CORES;
    use crate::model::series::Buckets;

    fn line(starts: &[i64]) -> Line {
        let bucket = |&start: &i64| Bucket {
            start: Timestamp(start),
            count: 2,
            min: start as f64,
            max: start as f64 + 2.0,
            sum: start as f64 * 2.0 + 2.0,
        };
        let buckets = Buckets { width_ns: 10, buckets: starts.iter().map(bucket).collect() };
        Line { entity: EntityId(1), name: String::from("a"), buckets }
    }

    fn range(from: i64, to: i64) -> TimeRange {
        TimeRange::new(Timestamp(from), Timestamp(to))
    }

    #[test]
    fn joining_keeps_extremes_and_means() {
        let all: Vec<i64> = (0..100).map(|index| index * 10).collect();
        let joined = seen(&line(&all), range(0, 1000), 25);
        assert_eq!(joined.len(), 25);
        assert_eq!((joined[0].min, joined[0].max, joined[0].mean()), (0.0, 32.0, 16.0));
        assert_eq!(seen(&line(&all), range(200, 300), 1000).len(), 13, "those in sight and one on each side");
    }

    #[test]
    fn a_gap_has_no_value_and_is_common_only_if_no_line_has_one() {
        let one = line(&[0, 10, 20, 100, 110]);
        assert_eq!(mean_at(&one, Timestamp(25)), Some(21.0));
        assert_eq!(mean_at(&one, Timestamp(60)), None);
        let mut lines = Lines { metric: CPU_CORES, range: range(0, 200), lines: vec![one] };
        assert_eq!(common_gaps(&lines, range(0, 200)), [range(30, 100)]);
        lines.lines.push(line(&[30, 40, 50, 60, 70, 80, 90]));
        assert_eq!(common_gaps(&lines, range(0, 200)), []);
    }

    #[test]
    fn lines_differ_in_colour() {
        let lines = Lines { metric: CPU_CORES, range: range(0, 1), lines: vec![line(&[0]), line(&[0]), line(&[0])] };
        let colours = colours(Theme::of(false), &lines);
        assert!(colours[0] != colours[1] && colours[1] != colours[2] && colours[0] != colours[2]);
    }
}
