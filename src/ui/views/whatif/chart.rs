//! A curve as recorded and as it would have been, on the same axes and the same stretch of time as every other view.

use egui::{RichText, Sense, Shape, Stroke, Ui, vec2};

use super::answer::name;
use crate::model::format::number_text;
use crate::model::time::Timestamp;
use crate::state::State;
use crate::ui::theme::Theme;
use crate::ui::widgets::time_chart::Chart;
use crate::whatif::prediction::Curve;

/// Draws it.
pub fn curve_ui(state: &State, curve: &Curve, ui: &mut Ui) {
    let theme = Theme::get(ui);
    let (before, after) = (theme.text_weak, theme.optimization.stroke);
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(match curve.metric {
            "memory.mean_bytes" | "memory.peak_bytes" => "Memory held over time",
            metric => name(metric),
        }));
        ui.label(RichText::new("■ as recorded").small().color(before));
        ui.label(RichText::new("■ predicted").small().color(after));
    });
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width().max(200.0), 170.0), Sense::hover());
    let largest = curve.baseline.iter().chain(&curve.predicted).map(|(_, value)| *value).fold(0.0, f64::max);
    let chart = Chart::new(rect, state.range, largest, curve.unit);
    chart.frame(ui);
    for (points, colour, width) in [(&curve.baseline, before, 1.5), (&curve.predicted, after, 2.0)] {
        // Levels hold until the next one is reached.
        let mut line = Vec::with_capacity(points.len() * 2);
        let mut last_y = None;
        for (at, value) in points {
            let (x, y) = (chart.scale.x_of(*at), chart.y_of(*value));
            line.extend(last_y.map(|last_y| egui::pos2(x, last_y)));
            line.push(egui::pos2(x, y));
            last_y = Some(y);
        }
        ui.painter_at(chart.plot).add(Shape::line(line, Stroke::new(width, colour)));
    }
    chart.cursor(ui, state);
    if let Some(pointer) = response.hover_pos().filter(|pointer| chart.plot.contains(*pointer)) {
        let at = chart.scale.at_x(pointer.x);
        let text = |points: &[(Timestamp, f64)]| {
            let index = points.partition_point(|(known, _)| *known <= at);
            let value = index.checked_sub(1).and_then(|index| points.get(index));
            value.map_or_else(|| String::from("nothing"), |(_, value)| number_text(*value, curve.unit))
        };
        response.on_hover_text(format!(
            "{}\nrecorded {}\npredicted {}",
            at.local("%H:%M:%S"),
            text(&curve.baseline),
            text(&curve.predicted)
        ));
    }
}
