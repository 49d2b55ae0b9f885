//! The frontier as a picture: two costs as axes, the third as colour; where one stands now, what was recorded and what was pinned.

use egui::{Align2, Color32, FontId, Mesh, Pos2, Rect, RichText, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::answer::name;
use super::explore::take;
use crate::model::format::number_text;
use crate::state::State;
use crate::state::command::Command;
use crate::ui::theme::Theme;
use crate::whatif::explore::Tradeoff;

const HEIGHT: f32 = 260.0;

/// One axis; by factors where values differ by more than a tenfold.
struct Axis {
    low: f64,
    high: f64,
    by_factors: bool,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64>) -> Option<Self> {
        let known = values.filter(|value| value.is_finite());
        let ends = known.fold(None, |ends: Option<(f64, f64)>, value| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = ends?;
        let by_factors = low > 0.0 && high / low > 10.0;
        let (low, high) = match (high > low, by_factors) {
            (false, _) => (low - low.abs() * 0.1 - 1e-9, high + high.abs() * 0.1 + 1e-9),
            (true, true) => (low / 1.1, high * 1.1),
            (true, false) => (low - (high - low) * 0.05, high + (high - low) * 0.05),
        };
        Some(Self { low, high, by_factors })
    }

    /// From 0 to 1.
    fn place(&self, value: f64) -> f32 {
        let share = match self.by_factors {
            true => (value.max(self.low) / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        share.clamp(0.0, 1.0) as f32
    }

    /// The value at a place.
    fn at(&self, share: f64) -> f64 {
        match self.by_factors {
            true => self.low * (self.high / self.low).powf(share),
            false => self.low + (self.high - self.low) * share,
        }
    }
}

/// Draws it; a click on a point takes its settings.
pub fn frontier_ui(state: &State, tradeoff: &Tradeoff, ui: &mut Ui, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    let frontier = &tradeoff.frontier;
    let [across, up, rest @ ..] = tradeoff.objectives.as_slice() else {
        only_cost_ui(tradeoff, ui, commands);
        return;
    };
    let cost =
        |objective: usize| frontier.points.iter().filter_map(move |point| Some(point.costs.get(objective)?.value));
    let beside =
        |objective: usize| tradeoff.recorded.iter().filter_map(move |recorded| recorded.get(objective).copied());
    let (Some(x), Some(y)) = (Axis::new(cost(0).chain(beside(0))), Axis::new(cost(1).chain(beside(1)))) else {
        ui.label("No point has an answer.");
        return;
    };
    let shade = Axis::new(cost(2));
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width().clamp(300.0, 760.0), HEIGHT), Sense::click());
    let plot =
        Rect::from_min_max(pos2(rect.left() + 74.0, rect.top() + 6.0), pos2(rect.right() - 8.0, rect.bottom() - 34.0));
    let place =
        |a: f64, b: f64| pos2(plot.left() + x.place(a) * plot.width(), plot.bottom() - y.place(b) * plot.height());
    let painter = ui.painter_at(rect);
    painter.rect_stroke(plot, 0.0, Stroke::new(1.0, theme.outline), egui::StrokeKind::Inside);
    let small = FontId::proportional(10.0);
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let (at_x, at_y) = (plot.left() + share as f32 * plot.width(), plot.bottom() - share as f32 * plot.height());
        painter.vline(at_x, plot.y_range(), (0.5, theme.grid));
        painter.hline(plot.x_range(), at_y, (0.5, theme.grid));
        let align = [Align2::LEFT_TOP, Align2::CENTER_TOP, Align2::CENTER_TOP, Align2::CENTER_TOP, Align2::RIGHT_TOP];
        painter.text(
            pos2(at_x, plot.bottom() + 3.0),
            align[step as usize],
            number_text(x.at(share), across.1),
            small.clone(),
            theme.text_weak,
        );
        painter.text(
            pos2(plot.left() - 4.0, at_y),
            Align2::RIGHT_CENTER,
            number_text(y.at(share), up.1),
            small.clone(),
            theme.text_weak,
        );
    }
    painter.text(
        pos2(plot.center().x, rect.bottom() - 2.0),
        Align2::CENTER_BOTTOM,
        name(across.0),
        FontId::proportional(11.0),
        theme.text,
    );
    let mut mesh = Mesh::default();
    let mut best: Vec<Pos2> = Vec::new();
    for point in &frontier.points {
        let [a, b, more @ ..] = point.costs.as_slice() else { continue };
        let at = place(a.value, b.value);
        let share = shade.as_ref().zip(more.first()).map_or(0.5, |(shade, cost)| shade.place(cost.value));
        let colour = theme.healthy.stroke.lerp_to_gamma(theme.critical.stroke, share);
        let (radius, colour) = if point.is_best { (3.5, colour) } else { (2.0, colour.gamma_multiply(0.35)) };
        mesh.add_colored_rect(Rect::from_center_size(at, vec2(2.0 * radius, 2.0 * radius)), colour);
        if point.is_best {
            best.push(at);
        }
    }
    painter.add(Shape::mesh(mesh));
    if rest.is_empty() {
        best.sort_by(|a, b| a.x.total_cmp(&b.x));
        painter.add(Shape::line(best, Stroke::new(1.5, theme.optimization.stroke)));
    }
    let mut marks: Vec<(Pos2, &str, Color32)> = Vec::new();
    if let Some([a, b, ..]) = tradeoff.recorded.as_deref() {
        marks.push((place(*a, *b), "recorded", theme.text));
    }
    if let Some([a, b, ..]) = tradeoff.present.as_deref() {
        marks.push((place(a.value, b.value), "as set", theme.accent));
    }
    for pinned in &state.document.predictions {
        let figure = |metric: &str| pinned.outcomes.iter().find(|outcome| outcome.metric == metric).map(|it| it.value);
        if let (Some(a), Some(b)) = (figure(across.0), figure(up.0)) {
            marks.push((place(a, b), &pinned.name, theme.human.stroke));
        }
    }
    if let Some(knee) = frontier.knee.and_then(|knee| frontier.points.get(knee))
        && let [a, b, ..] = knee.costs.as_slice()
    {
        marks.push((place(a.value, b.value), "the bend", theme.optimization.stroke));
    }
    for (number, (at, text, colour)) in marks.iter().enumerate() {
        painter.circle_stroke(*at, 6.0, Stroke::new(2.0, *colour));
        // Names of marks at the same place stand one above the other.
        let below = marks[..number].iter().filter(|(other, ..)| other.distance(*at) < 14.0).count();
        let beside = *at + vec2(9.0, -12.0 * below as f32);
        painter.text(beside, Align2::LEFT_CENTER, text, FontId::proportional(11.0), *colour);
    }
    let near = response.hover_pos().and_then(|pointer| {
        let of = |point: &&crate::whatif::frontier::Point| match point.costs.as_slice() {
            [a, b, ..] => place(a.value, b.value).distance(pointer),
            _ => f32::INFINITY,
        };
        let found = frontier.points.iter().filter(|point| point.is_best).min_by(|a, b| of(a).total_cmp(&of(b)));
        found.filter(|point| of(point) < 14.0)
    });
    if let Some(point) = near {
        let costs = point.costs.iter().zip(&tradeoff.objectives);
        let costs = costs.map(|(cost, (metric, unit))| format!("{} {}", name(metric), number_text(cost.value, *unit)));
        let settings = point.settings.iter().map(|one| format!("{} = {}", one.path(), one.value));
        let lines: Vec<String> = settings.chain(costs).chain([String::from("Click to use these settings")]).collect();
        if response.clicked() {
            commands.push(take(&point.settings));
        }
        response.on_hover_text(lines.join("\n"));
    }
    let mut text = format!("Up: {}.", name(up.0));
    if let Some((metric, _)) = rest.first() {
        text.push_str(&format!(" From green to red: {}.", name(metric)));
    }
    let points = frontier.points.len() + frontier.refused;
    text.push_str(&format!(
        " Large: no other point beats it. {points} points were tried; {} have no answer.",
        frontier.refused
    ));
    ui.add(egui::Label::new(RichText::new(text).small().color(theme.text_weak)).wrap());
}

/// With one cost only there is a cheapest point, not a frontier.
fn only_cost_ui(tradeoff: &Tradeoff, ui: &mut Ui, commands: &mut Vec<Command>) {
    let best = tradeoff.frontier.points.iter().find(|point| point.is_best);
    let (Some((metric, unit)), Some(point)) = (tradeoff.objectives.first(), best) else {
        ui.label("No point has an answer.");
        return;
    };
    let settings: Vec<String> = point.settings.iter().map(|one| format!("{} = {}", one.path(), one.value)).collect();
    let cost = point.costs.first().map_or_else(String::new, |cost| number_text(cost.value, *unit));
    ui.horizontal_wrapped(|ui| {
        ui.label(format!("Only {} can be told; it is least, {cost}, at {}.", name(metric), settings.join(", ")));
        if ui.button("Use these settings").clicked() {
            commands.push(take(&point.settings));
        }
    });
}
