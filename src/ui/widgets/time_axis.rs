//! A horizontal axis of time, shared by everything that is drawn over the visible range.

use egui::{Align2, FontId, Pos2, Rect, Stroke};

use crate::model::time::{NS_PER_S, TimeRange, Timestamp};
use crate::ui::theme::Theme;

/// Steps between labels, in seconds.
const STEPS_S: [i64; 17] =
    [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800, 2_592_000];

/// Maps moments to pixels and back.
#[derive(Clone, Copy, Debug)]
pub struct TimeScale {
    /// The visible range.
    pub range: TimeRange,
    /// The left edge in points.
    pub left: f32,
    /// The width in points.
    pub width: f32,
}

impl TimeScale {
    /// The range drawn over the width of `rect`.
    pub fn new(range: TimeRange, rect: Rect) -> Self {
        Self { range, left: rect.left(), width: rect.width().max(1.0) }
    }

    /// Where a moment lies.
    pub fn x_of(&self, at: Timestamp) -> f32 {
        let share = at.0.saturating_sub(self.range.from.0) as f64 / self.range.length_ns().max(1) as f64;
        self.left + (share * f64::from(self.width)) as f32
    }

    /// The moment at a place.
    pub fn at_x(&self, x: f32) -> Timestamp {
        let share = f64::from(x - self.left) / f64::from(self.width);
        self.range.from.plus_ns((share * self.range.length_ns() as f64) as i64)
    }
}

/// Draws ticks with local times along the bottom of `rect`, and faint lines up through it.
pub fn time_axis(ui: &egui::Ui, rect: Rect, scale: &TimeScale) {
    let theme = Theme::get(ui);
    let painter = ui.painter_at(rect);
    for (at, label) in ticks(scale.range, scale.width) {
        let x = scale.x_of(at);
        painter.vline(x, rect.y_range(), Stroke::new(1.0, theme.grid));
        let anchor = if x + 64.0 > rect.right() { Align2::RIGHT_BOTTOM } else { Align2::LEFT_BOTTOM };
        let place = Pos2::new(if anchor == Align2::LEFT_BOTTOM { x + 3.0 } else { x - 3.0 }, rect.bottom() - 1.0);
        painter.text(place, anchor, label, FontId::proportional(10.0), theme.text_weak);
    }
}

/// Moments to label and their labels, at most one in about 90 points.
pub fn ticks(range: TimeRange, width: f32) -> Vec<(Timestamp, String)> {
    let most = (width / 90.0).max(1.0) as i64;
    let step_s = STEPS_S.iter().copied().find(|step| range.length_ns() / (step * NS_PER_S) <= most);
    let Some(step_s) = step_s.or(STEPS_S.last().copied()) else { return Vec::new() };
    let pattern = match step_s {
        ..60 => "%H:%M:%S",
        60..86_400 if range.length_seconds() < 86_400.0 => "%H:%M",
        60..86_400 => "%d %b %H:%M",
        _ => "%d %b %Y",
    };
    let step_ns = step_s * NS_PER_S;
    let first = range.from.0.div_euclid(step_ns).saturating_add(1).saturating_mul(step_ns);
    let count = (range.to.0.saturating_sub(first) / step_ns).clamp(-1, 2 * most + 2);
    (0..=count)
        .map(|index| Timestamp(first.saturating_add(index * step_ns)))
        .map(|at| (at, at.local(pattern)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_its_place_belong_together() {
        let range = TimeRange::new(Timestamp(0), Timestamp(100 * NS_PER_S));
        let scale = TimeScale { range, left: 50.0, width: 200.0 };
        assert_eq!(scale.x_of(Timestamp(25 * NS_PER_S)), 100.0);
        assert_eq!(scale.at_x(100.0), Timestamp(25 * NS_PER_S));
    }

    #[test]
    fn labels_never_crowd() {
        for length_s in [1, 7, 61, 3600, 86_400, 400 * 86_400] {
            let range = TimeRange::new(Timestamp(12_345), Timestamp(12_345 + length_s * NS_PER_S));
            let count = ticks(range, 900.0).len();
            assert!(count <= 22, "{length_s} s: {count}");
        }
    }
}
