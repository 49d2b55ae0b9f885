//! A chart over the visible range: its frame with both axes, gaps and the cursor, and what mouse and wheel do on it.
//!
//! Everything drawn over time behaves alike: a drag pans, the wheel zooms about the pointer, a click sets the cursor, a double
//! click shows everything.

use egui::{Align2, FontId, Id, Mesh, PointerButton, Rect, Response, Shape, Stroke, Ui, pos2};

use super::paint::hatch;
use super::time_axis::{TimeScale, time_axis};
use crate::model::format::number_text;
use crate::model::time::{TimeRange, Timestamp};
use crate::model::unit::Unit;
use crate::state::State;
use crate::state::command::{Command, TimeCommand};
use crate::ui::theme::Theme;

/// Height of the strip with the times below a plot.
pub const AXIS_HEIGHT: f32 = 15.0;

/// Width of the strip with the values beside a plot.
pub const TICKS_WIDTH: f32 = 62.0;

/// Wheel turns that follow each other within this many seconds are one gesture, which "back" undoes at once.
const GESTURE_S: f64 = 0.7;

/// Pans, zooms, sets the cursor and shows everything, by what the user does on `response`; the wheel zooms.
pub fn time_interactions(ui: &Ui, response: &Response, scale: &TimeScale, state: &State, commands: &mut Vec<Command>) {
    pan_and_click(response, scale, state, commands);
    let turn = ui.input(|input| input.smooth_scroll_delta());
    let wheel = f64::from((turn.y * 0.004).exp());
    zoom(ui, response, scale, state, wheel, f64::from(turn.x), commands);
}

/// The same over a list that the wheel scrolls: here the wheel zooms only together with Ctrl.
pub fn time_interactions_over_list(
    ui: &Ui,
    response: &Response,
    scale: &TimeScale,
    state: &State,
    commands: &mut Vec<Command>,
) {
    pan_and_click(response, scale, state, commands);
    zoom(ui, response, scale, state, 1.0, 0.0, commands);
}

fn pan_and_click(response: &Response, scale: &TimeScale, state: &State, commands: &mut Vec<Command>) {
    let ns_per_point = state.range.length_ns() as f64 / f64::from(scale.width);
    if response.dragged_by(PointerButton::Primary) && response.drag_delta().x != 0.0 {
        let by_ns = (-f64::from(response.drag_delta().x) * ns_per_point) as i64;
        let keep_back = response.drag_started();
        commands.push(TimeCommand::SetRange { range: state.range.shifted_ns(by_ns), keep_back }.into());
    }
    if response.double_clicked() {
        commands.push(TimeCommand::ShowAll.into());
    } else if response.clicked()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        commands.push(TimeCommand::SetCursor(scale.at_x(pointer.x)).into());
    }
}

/// Zooms by the wheel's factor times that of Ctrl + wheel or a pinch, and pans by a sideways turn (in points).
fn zoom(
    ui: &Ui,
    response: &Response,
    scale: &TimeScale,
    state: &State,
    wheel: f64,
    sideways: f64,
    commands: &mut Vec<Command>,
) {
    let Some(pointer) = response.hover_pos() else { return };
    let factor = wheel * f64::from(ui.input(|input| input.zoom_delta()));
    if factor == 1.0 && sideways == 0.0 {
        return;
    }
    let now_s = ui.input(|input| input.time);
    let id = Id::unique("time_chart_gesture");
    let before_s: Option<f64> = ui.data(|data| data.get_temp(id));
    ui.data_mut(|data| data.insert_temp(id, now_s));
    let keep_back = before_s.is_none_or(|before_s| now_s - before_s > GESTURE_S);
    let ns_per_point = state.range.length_ns() as f64 / f64::from(scale.width);
    let range = state.range.shifted_ns((-sideways * ns_per_point) as i64);
    let range = range.scaled_about(scale.at_x(pointer.x), 1.0 / factor);
    commands.push(TimeCommand::SetRange { range, keep_back }.into());
}

/// A plot with its axes.
#[derive(Clone, Copy, Debug)]
pub struct Chart {
    /// Where values are drawn.
    pub plot: Rect,
    /// Places of moments.
    pub scale: TimeScale,
    /// The value at the upper edge; the lower edge is 0.
    pub top: f64,
    /// From one labelled value to the next.
    step: f64,
    /// Of the values.
    unit: Unit,
}

impl Chart {
    /// A chart that fills `rect`, axes included, for values up to `largest`.
    pub fn new(rect: Rect, range: TimeRange, largest: f64, unit: Unit) -> Self {
        let plot = Rect::from_min_max(
            pos2(rect.left() + TICKS_WIDTH, rect.top() + 4.0),
            pos2(rect.right(), (rect.bottom() - AXIS_HEIGHT).max(rect.top() + 5.0)),
        );
        let (top, step) = value_scale(largest, f64::from(plot.height()));
        Self { plot, scale: TimeScale::new(range, plot), top, step, unit }
    }

    /// Where a value lies.
    pub fn y_of(&self, value: f64) -> f32 {
        self.plot.bottom() - (value / self.top * f64::from(self.plot.height())) as f32
    }

    /// Draws the background, the lines across with their values, and the time axis.
    pub fn frame(&self, ui: &Ui) {
        let theme = Theme::get(ui);
        let painter = ui.painter();
        painter.rect_filled(self.plot, 0.0, theme.background);
        let count = (self.top / self.step).round() as usize;
        for value in (0..=count).map(|index| index as f64 * self.step) {
            let y = self.y_of(value);
            painter.hline(self.plot.x_range(), y, Stroke::new(1.0, theme.grid));
            let text = number_text(value, self.unit);
            let place = pos2(self.plot.left() - 5.0, y);
            painter.text(place, Align2::RIGHT_CENTER, text, FontId::proportional(10.0), theme.text_weak);
        }
        let mut with_axis = self.plot;
        with_axis.max.y += AXIS_HEIGHT;
        time_axis(ui, with_axis, &self.scale);
    }

    /// Hatches stretches in which nothing was measured.
    pub fn gaps(&self, ui: &Ui, gaps: &[TimeRange]) {
        let theme = Theme::get(ui);
        let mut mesh = Mesh::default();
        for gap in gaps.iter().filter_map(|gap| gap.intersection(self.scale.range)) {
            let x_range = self.scale.x_of(gap.from)..=self.scale.x_of(gap.to);
            let band = Rect::from_x_y_ranges(x_range, self.plot.y_range());
            mesh.add_colored_rect(band, theme.gap.gamma_multiply(0.5));
            hatch(&mut mesh, band, 8.0, theme.text_weak.gamma_multiply(0.5));
        }
        ui.painter_at(self.plot).add(Shape::mesh(mesh));
    }

    /// Draws the cursor, if it is in sight.
    pub fn cursor(&self, ui: &Ui, state: &State) {
        cursor_line(ui, self.plot, &self.scale, state);
    }
}

/// Draws the cursor as a line through `rect`, if it is in sight.
pub fn cursor_line(ui: &Ui, rect: Rect, scale: &TimeScale, state: &State) {
    if let Some(cursor) = state.cursor() {
        let stroke = Stroke::new(1.5, Theme::get(ui).cursor);
        ui.painter_at(rect).vline(scale.x_of(cursor), rect.y_range(), stroke);
    }
}

/// The value at the upper edge and the step between labels: 1, 2 or 5 times a power of ten, about 34 points apart.
fn value_scale(largest: f64, height: f64) -> (f64, f64) {
    let largest = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
    let least_step = largest * 34.0 / height.max(34.0);
    let power = 10_f64.powf(least_step.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|step| *step >= least_step);
    let step = step.unwrap_or(power * 10.0);
    // A little air, so that the largest value does not touch the edge.
    ((largest * 1.02 / step).ceil() * step, step)
}

/// The part of sorted `times` (starts of columns) that can be seen, with one more on each side for lines that leave the plot.
pub fn visible(times: &[Timestamp], range: TimeRange) -> std::ops::Range<usize> {
    let first = times.partition_point(|&at| at < range.from).saturating_sub(1);
    let last = times.partition_point(|&at| at <= range.to).saturating_add(1).min(times.len());
    first..last.max(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_round_and_not_crowded() {
        for (largest, height) in [(3.2e9, 150.0), (0.0042, 300.0), (7.0, 20.0), (f64::NAN, 100.0), (0.0, 100.0)] {
            let (top, step) = value_scale(largest, height);
            assert!(top >= largest || largest.is_nan(), "{largest}: {top}");
            assert!(top / step * 30.0 <= height.max(34.0) + 34.0, "{largest}: {top} by {step}");
        }
        assert_eq!(value_scale(3.2e9, 150.0), (4e9, 1e9));
    }

    #[test]
    fn only_what_is_seen_is_drawn() {
        let times: Vec<Timestamp> = (0..100).map(|index| Timestamp(index * 10)).collect();
        let seen = visible(&times, TimeRange::new(Timestamp(205), Timestamp(300)));
        assert_eq!(seen, 20..32);
        assert_eq!(visible(&times, TimeRange::new(Timestamp(5000), Timestamp(6000))), 99..100);
        assert_eq!(visible(&[], TimeRange::new(Timestamp(0), Timestamp(1))), 0..0);
    }
}
