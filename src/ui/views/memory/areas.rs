//! Memory of all components over the visible range, stacked; one mesh, whatever the number of values.

use egui::{Color32, Mesh, PopupAnchor, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2};

use crate::analysis::grid::{GAP_STEPS, usual_step};
use crate::analysis::layers::{Layer, Layers};
use crate::model::format::number_text;
use crate::model::time::{TimeRange, Timestamp};
use crate::state::command::{Command, NavigateCommand};
use crate::state::question::Topic;
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::missing_ui;
use crate::ui::widgets::legend::{Entry, LEGEND_WIDTH, legend};
use crate::ui::widgets::time_chart::{Chart, time_interactions, visible};

/// Draws the layers with their legend into `rect`.
pub fn areas(ui: &mut Ui, rect: Rect, state: &State, commands: &mut Vec<Command>) {
    let Some(layers) = state.answers.layers.as_deref().filter(|layers| !layers.times.is_empty()) else {
        ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
            let advice = "Zoom out, or show all, to find where values are.";
            missing_ui(ui, state, Topic::Layers, "Nothing measured in this stretch of time", advice);
        });
        return;
    };
    let (left, right) = rect.split_left_right_at_x(rect.left() + LEGEND_WIDTH);
    let seen = visible(&layers.times, state.range);
    let runs = runs(layers, seen.clone());
    let (sums, largest) = sums(layers, seen);
    let chart = Chart::new(right, state.range, largest, layers.metric.unit());
    let response = ui.interact(chart.plot, ui.scope_id().with("areas"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Memory over time, by component"));
    chart.frame(ui);
    chart.gaps(ui, &gaps(layers, &runs));
    draw(ui, &chart, layers, &runs, state);
    base_line(ui, &chart, state);
    chart.cursor(ui, state);
    time_interactions(ui, &response, &chart.scale, state, commands);
    let hovered = response.hover_pos().and_then(|pointer| {
        let column = column_at(layers, chart.scale.at_x(pointer.x))?;
        Some((column, pointer))
    });
    if let Some((column, pointer)) = hovered {
        ui.painter_at(chart.plot).vline(pointer.x, chart.plot.y_range(), Stroke::new(1.0, Theme::get(ui).text_weak));
        let layer = layer_at(layers, column, chart_value(&chart, pointer));
        let sum = sums.get(column).copied().unwrap_or(f64::NAN);
        egui::Tooltip::always_open(
            ui.ctx().clone(),
            ui.layer_id(),
            ui.scope_id().with("areas_value"),
            PopupAnchor::Pointer,
        )
        .gap(14.0)
        .show(|ui| explain(ui, layers, column, layer, sum, total_title(state)));
    }
    let at = hovered.map(|(column, _)| column).or_else(|| column_at(layers, state.cursor()?));
    legend_ui(ui, left.with_max_x(left.right() - 4.0), layers, at, state, commands);
}

fn chart_value(chart: &Chart, pointer: Pos2) -> f64 {
    f64::from((chart.plot.bottom() - pointer.y) / chart.plot.height()) * chart.top
}

/// Stretches of columns without a gap inside, as ranges of indices.
fn runs(layers: &Layers, seen: std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
    let times = &layers.times;
    let step = usual_step(times.iter().map(|at| at.0), layers.width_ns);
    let is_gap = |index: usize| times[index].0.saturating_sub(times[index - 1].0) as f64 >= GAP_STEPS * step as f64;
    let mut runs = Vec::new();
    let mut first = seen.start;
    for index in seen.start + 1..seen.end {
        if is_gap(index) {
            runs.push(first..index);
            first = index;
        }
    }
    if first < seen.end {
        runs.push(first..seen.end);
    }
    runs
}

/// What lies between runs.
fn gaps(layers: &Layers, runs: &[std::ops::Range<usize>]) -> Vec<TimeRange> {
    let end = |run: &std::ops::Range<usize>| layers.times[run.end - 1].plus_ns(layers.width_ns);
    runs.windows(2).map(|pair| TimeRange::new(end(&pair[0]), layers.times[pair[1].start])).collect()
}

/// The sum of all layers in each column (NaN outside `seen`), and the largest of them and of the total.
fn sums(layers: &Layers, seen: std::ops::Range<usize>) -> (Vec<f64>, f64) {
    let mut sums = vec![f64::NAN; layers.times.len()];
    let mut largest = 0.0_f64;
    for column in seen {
        let sum: f64 = layers.layers.iter().filter_map(|layer| layer.values.get(column)).sum();
        sums[column] = sum;
        let total = layers.total.as_ref().and_then(|total| total.get(column)).copied().unwrap_or(0.0);
        largest = largest.max(sum).max(total);
    }
    (sums, largest)
}

/// While a difference is shown: the moment that is compared to, dashed, so that it is not taken for the cursor.
fn base_line(ui: &Ui, chart: &Chart, state: &State) {
    let Some(base) = state.memory_base().filter(|_| state.memory.needs_change()) else { return };
    let x = chart.scale.x_of(base).clamp(chart.plot.left(), chart.plot.right() - 1.0);
    let line = [pos2(x, chart.plot.top()), pos2(x, chart.plot.bottom())];
    let stroke = Stroke::new(1.5, Theme::get(ui).cursor);
    ui.painter_at(chart.plot.expand2(egui::vec2(2.0, 0.0))).extend(Shape::dashed_line(&line, stroke, 5.0, 4.0));
}

fn colour(theme: &Theme, layer: &Layer) -> Color32 {
    match (&layer.component, layer.entity) {
        (Some(component), _) => theme.series_colour(component.as_str()),
        (None, Some(entity)) => theme.series_colour(&entity.0.to_string()),
        (None, None) => theme.unknown.stroke,
    }
}

/// What a click on a layer selects.
fn selects(layer: &Layer) -> Option<Selection> {
    layer.entity.map(Selection::Entity).or_else(|| layer.component.clone().map(Selection::Component))
}

/// Whether a layer is what is selected, or the component that this lies in.
fn is_selected(layer: &Layer, state: &State) -> bool {
    let component = state.selected_component();
    let own = selects(layer);
    own.is_some() && own == state.selection || layer.component.is_some() && layer.component == component
}

/// All areas as one mesh; over them the outline of the selected one and the total.
fn draw(ui: &Ui, chart: &Chart, layers: &Layers, runs: &[std::ops::Range<usize>], state: &State) {
    let theme = Theme::get(ui);
    let painter = ui.painter_at(chart.plot);
    let mut mesh = Mesh::default();
    let mut outlines = Vec::new();
    for run in runs {
        let x_of = xs(chart, layers, run);
        let mut below = vec![0.0; run.len()];
        for layer in &layers.layers {
            let values = &layer.values[run.start.min(layer.values.len())..run.end.min(layer.values.len())];
            let above: Vec<f64> = below.iter().zip(values).map(|(below, value)| below + value).collect();
            let is_selected = is_selected(layer, state);
            let fill = theme.panel.lerp_to_gamma(colour(theme, layer), if is_selected { 1.0 } else { 0.72 });
            strip(&mut mesh, chart, &x_of, &below, &above, fill);
            if is_selected {
                outlines.push(line(chart, &x_of, &below));
                outlines.push(line(chart, &x_of, &above));
            }
            below = above;
        }
    }
    painter.add(Shape::mesh(mesh));
    for points in outlines {
        painter.add(Shape::line(points, Stroke::new(1.5, theme.text)));
    }
    let Some(total) = &layers.total else { return };
    for run in runs {
        let x_of = xs(chart, layers, run);
        let values = total.get(run.clone()).unwrap_or_default();
        for known in known_stretches(values) {
            let points = line(chart, &x_of[known.start..known.end + 2], &values[known]);
            painter.add(Shape::line(points, Stroke::new(1.5, theme.text)));
        }
    }
}

/// Places of the values of a run: its start, the middle of each column, its end; so that a single column is a bar.
fn xs(chart: &Chart, layers: &Layers, run: &std::ops::Range<usize>) -> Vec<f32> {
    let times = &layers.times[run.clone()];
    let middle = |at: &Timestamp| chart.scale.x_of(at.plus_ns(layers.width_ns / 2));
    let first = times.first().map(|at| chart.scale.x_of(*at));
    let last = times.last().map(|at| chart.scale.x_of(at.plus_ns(layers.width_ns)));
    first.into_iter().chain(times.iter().map(middle)).chain(last).collect()
}

/// A value for each place of [`xs`]: the first and the last one hold to the ends of the run.
fn extended(values: &[f64]) -> impl Iterator<Item = f64> + '_ {
    values.first().into_iter().chain(values).chain(values.last()).copied()
}

fn strip(mesh: &mut Mesh, chart: &Chart, x_of: &[f32], below: &[f64], above: &[f64], fill: Color32) {
    if below.iter().zip(above).all(|(below, above)| below == above) {
        return;
    }
    let first = mesh.vertices.len() as u32;
    for ((x, below), above) in x_of.iter().zip(extended(below)).zip(extended(above)) {
        mesh.colored_vertex(pos2(*x, chart.y_of(below)), fill);
        mesh.colored_vertex(pos2(*x, chart.y_of(above)), fill);
    }
    let corners = mesh.vertices.len() as u32;
    for corner in (first..corners.saturating_sub(2)).step_by(2) {
        mesh.add_triangle(corner, corner + 1, corner + 2);
        mesh.add_triangle(corner + 1, corner + 2, corner + 3);
    }
}

fn line(chart: &Chart, x_of: &[f32], values: &[f64]) -> Vec<Pos2> {
    x_of.iter().zip(extended(values)).map(|(x, value)| pos2(*x, chart.y_of(value))).collect()
}

/// Ranges of indices whose values are numbers.
fn known_stretches(values: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut stretches = Vec::new();
    let mut first = None;
    for (index, value) in values.iter().chain([&f64::NAN]).enumerate() {
        match (value.is_finite(), first) {
            (true, None) => first = Some(index),
            (false, Some(start)) => {
                stretches.push(start..index);
                first = None;
            }
            _ => {}
        }
    }
    stretches
}

/// The column that a moment falls into; `None` in a gap.
fn column_at(layers: &Layers, at: Timestamp) -> Option<usize> {
    let next = layers.times.partition_point(|&start| start <= at);
    let column = next.checked_sub(1)?;
    let step = usual_step(layers.times.iter().map(|at| at.0), layers.width_ns);
    (at.0.saturating_sub(layers.times[column].0) < step.saturating_mul(2)).then_some(column)
}

/// The layer that lies at a height of a column.
fn layer_at(layers: &Layers, column: usize, value: f64) -> Option<&Layer> {
    let mut top = 0.0;
    layers.layers.iter().find(|layer| {
        top += layer.values.get(column).copied().unwrap_or(0.0);
        value < top
    })
}

fn explain(ui: &mut Ui, layers: &Layers, column: usize, layer: Option<&Layer>, sum: f64, total_title: String) {
    let unit = layers.metric.unit();
    ui.label(layers.times[column].local("%d %b %H:%M:%S"));
    if let Some(layer) = layer {
        ui.strong(format!("{}: {}", layer.title, number_text(layer.values[column], unit)));
    }
    ui.label(format!("all layers: {}", number_text(sum, unit)));
    if let Some(total) = layers.total.as_ref().and_then(|total| total.get(column)).filter(|total| total.is_finite()) {
        ui.label(format!("{total_title}: {}", number_text(*total, unit)));
    }
}

fn legend_ui(
    ui: &mut Ui,
    rect: Rect,
    layers: &Layers,
    column: Option<usize>,
    state: &State,
    commands: &mut Vec<Command>,
) {
    let theme = Theme::get(ui);
    let unit = layers.metric.unit();
    let value = |values: &[f64]| column.and_then(|column| values.get(column)).map(|value| number_text(*value, unit));
    let mut entries: Vec<Entry> = Vec::with_capacity(layers.layers.len() + 1);
    if let Some(total) = &layers.total {
        let value = value(total).unwrap_or_default();
        entries.push(Entry { colour: theme.text, name: total_title(state), value, selected: false });
    }
    let totals = entries.len();
    entries.extend(layers.layers.iter().map(|layer| Entry {
        colour: theme.panel.lerp_to_gamma(colour(theme, layer), 0.72),
        name: layer.title.clone(),
        value: value(&layer.values).unwrap_or_default(),
        selected: is_selected(layer, state),
    }));
    let clicked = legend(ui, rect, "areas_legend", &entries).and_then(|index| index.checked_sub(totals));
    if let Some(selection) = clicked.and_then(|index| selects(layers.layers.get(index)?)) {
        commands.push(NavigateCommand::Select(Some(selection)).into());
    }
}

/// What the line over all layers is the total of.
fn total_title(state: &State) -> String {
    match state.memory.component() {
        Some(id) => format!("{}, total", state.component_title(id)),
        None => String::from("In use, total"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric::MEMORY_RESIDENT;

    fn layers(times: &[i64]) -> Layers {
        let times: Vec<Timestamp> = times.iter().copied().map(Timestamp).collect();
        let layer = |title: &str, value: f64| Layer {
            component: Some(title.into()),
            entity: None,
            title: title.to_owned(),
            values: vec![value; times.len()],
        };
        let range = TimeRange::new(Timestamp(0), Timestamp(1000));
        let layers = vec![layer("low", 5.0), layer("high", 3.0)];
        Layers { metric: MEMORY_RESIDENT, range, width_ns: 10, total: None, times, layers }
    }

    #[test]
    fn gaps_divide_runs_but_slow_sampling_does_not() {
        let layers = layers(&[0, 20, 40, 60, 200, 220]);
        assert_eq!(runs(&layers, 0..6), [0..4, 4..6]);
        let gaps = gaps(&layers, &runs(&layers, 0..6));
        assert_eq!(gaps, [TimeRange::new(Timestamp(70), Timestamp(200))]);
        assert!(runs(&layers, 2..2).is_empty());
    }

    #[test]
    fn pointing_finds_column_and_layer() {
        let layers = layers(&[0, 10, 20, 100]);
        assert_eq!(column_at(&layers, Timestamp(15)), Some(1));
        assert_eq!(column_at(&layers, Timestamp(60)), None, "in the gap");
        assert_eq!(layer_at(&layers, 1, 2.0).map(|layer| layer.title.as_str()), Some("low"));
        assert_eq!(layer_at(&layers, 1, 7.0).map(|layer| layer.title.as_str()), Some("high"));
        assert!(layer_at(&layers, 1, 9.0).is_none());
    }

    #[test]
    fn a_total_is_drawn_only_where_it_is_known() {
        assert_eq!(known_stretches(&[1.0, 2.0, f64::NAN, 3.0]), [0..2, 3..4]);
        assert_eq!(known_stretches(&[f64::NAN]), []);
    }
}
