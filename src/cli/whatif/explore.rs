//! `whatif --frontier`, `--tornado`, and what several settings do together.

use std::fmt::Write;

use serde::Serialize;

use super::parts::{Predicted, value_json};
use super::text::figure;
use crate::cli::clean;
use crate::cli::inspect::text::Style;
use crate::model::unit::Unit;
use crate::whatif::combine::Combined;
use crate::whatif::explore::Tradeoff;
use crate::whatif::frontier::Point;
use crate::whatif::prediction::unit_of;
use crate::whatif::scenario::Setting;
use crate::whatif::sensitivity::Tornado;

/// A frontier, for JSON.
#[derive(Debug, Serialize)]
pub struct FrontierPart {
    objectives: Vec<&'static str>,
    recorded: Option<Vec<f64>>,
    /// Points that no other one beats, in order of the first objective.
    best: Vec<PointPart>,
    /// Of these the one where the curve bends most.
    knee: Option<usize>,
    points: usize,
    points_without_answer: usize,
}

#[derive(Debug, Serialize)]
struct PointPart {
    settings: serde_json::Map<String, serde_json::Value>,
    costs: Vec<Predicted>,
}

/// The points that no other one beats, by the first objective, and where the knee is among them.
fn best(tradeoff: &Tradeoff) -> (Vec<&Point>, Option<usize>) {
    let frontier = &tradeoff.frontier;
    let mut best: Vec<(usize, &Point)> = frontier.points.iter().enumerate().filter(|(_, it)| it.is_best).collect();
    let first = |point: &Point| point.costs.first().map_or(0.0, |cost| cost.value);
    best.sort_by(|a, b| first(a.1).total_cmp(&first(b.1)));
    // Settings that come to the same are one point.
    best.dedup_by(|a, b| a.1.costs == b.1.costs && frontier.knee != Some(a.0));
    let knee = best.iter().position(|(number, _)| frontier.knee == Some(*number));
    (best.into_iter().map(|(_, point)| point).collect(), knee)
}

impl FrontierPart {
    pub fn new(tradeoff: &Tradeoff) -> Self {
        let (best, knee) = best(tradeoff);
        let point = |point: &&Point| PointPart {
            settings: point.settings.iter().map(|one| (one.path(), value_json(one.value))).collect(),
            costs: point
                .costs
                .iter()
                .zip(&tradeoff.objectives)
                .map(|(cost, (_, unit))| Predicted::of(*cost, *unit, true))
                .collect(),
        };
        Self {
            objectives: tradeoff.objectives.iter().map(|(metric, _)| *metric).collect(),
            recorded: tradeoff.recorded.clone(),
            best: best.iter().map(point).collect(),
            knee,
            points: tradeoff.frontier.points.len() + tradeoff.frontier.refused,
            points_without_answer: tradeoff.frontier.refused,
        }
    }
}

/// The frontier for people: one line a point.
pub fn frontier_text(tradeoff: &Tradeoff, style: Style) -> String {
    const MOST: usize = 30;
    let mut page = String::new();
    let metrics: Vec<_> = tradeoff.objectives.iter().map(|(metric, _)| *metric).collect();
    let heading = format!("What no other value beats in {}", metrics.join(", "));
    let _ = writeln!(page, "{}", style.heading(&heading));
    let costs = |values: &mut dyn Iterator<Item = f64>| -> String {
        let texts = values.zip(&tradeoff.objectives).map(|(value, (_, unit))| figure(value, *unit));
        texts.map(|text| format!("{text:>12}")).collect::<Vec<_>>().join(" ")
    };
    if let Some(recorded) = &tradeoff.recorded {
        let _ = writeln!(page, "  {}  as recorded", costs(&mut recorded.iter().copied()));
    }
    let (best, knee) = best(tradeoff);
    let step = best.len().div_ceil(MOST).max(1);
    for (number, point) in best.iter().enumerate() {
        let is_knee = knee == Some(number);
        if number % step != 0 && !is_knee && number + 1 != best.len() {
            continue;
        }
        let settings: Vec<_> = point.settings.iter().map(|one| format!("{} = {}", one.path(), one.value)).collect();
        let mark = if is_knee { "  ← the bend" } else { "" };
        let values = costs(&mut point.costs.iter().map(|cost| cost.value));
        let _ = writeln!(page, "  {values}  {}{mark}", clean::line(&settings.join(", ")));
    }
    let refused = tradeoff.frontier.refused;
    let _ = writeln!(
        page,
        "  {} points were tried, {refused} of them have no answer",
        tradeoff.frontier.points.len() + refused
    );
    page
}

/// A tornado, for JSON.
#[derive(Debug, Serialize)]
pub struct TornadoPart {
    metric: String,
    middle: f64,
    bars: Vec<BarPart>,
    without_answer: Vec<String>,
}

#[derive(Debug, Serialize)]
struct BarPart {
    knob: String,
    moved: (String, String),
    outcome: (f64, f64),
}

impl TornadoPart {
    pub fn new(metric: &str, tornado: &Tornado) -> Self {
        let bar = |bar: &crate::whatif::sensitivity::Bar| BarPart {
            knob: bar.title.clone(),
            moved: bar.moved.clone(),
            outcome: bar.outcome,
        };
        Self {
            metric: metric.to_owned(),
            middle: tornado.middle,
            bars: tornado.bars.iter().map(bar).collect(),
            without_answer: tornado.without_answer.clone(),
        }
    }
}

/// The tornado for people, the widest bar first.
pub fn tornado_text(metric: &str, tornado: &Tornado, unit: Unit, style: Style) -> String {
    let mut page = String::new();
    let _ = writeln!(page, "{}", style.heading(&format!("What moves {metric}, halved and doubled")));
    let _ = writeln!(page, "  as it is set: {}", figure(tornado.middle, unit));
    for bar in &tornado.bars {
        let (low, high) = (figure(bar.outcome.0, unit), figure(bar.outcome.1, unit));
        let _ = writeln!(page, "  {}: {low} at {}, {high} at {}", bar.title, bar.moved.0, bar.moved.1);
    }
    for title in &tornado.without_answer {
        let _ = writeln!(page, "  {title}: no answer at one end");
    }
    page
}

/// What settings do together, for JSON.
#[derive(Debug, Serialize)]
pub struct TogetherPart {
    metric: &'static str,
    component: Option<String>,
    /// The change by all of them.
    joint: f64,
    /// The changes by each alone, added up, which is not what happens.
    sum_of_parts: f64,
    /// Of each setting: its change alone, and its part of the joint one (Shapley 1953).
    settings: Vec<(String, f64, f64)>,
}

impl TogetherPart {
    pub fn all(settings: &[Setting], combined: &Combined) -> Vec<Self> {
        let part = |joint: &crate::whatif::combine::Joint| Self {
            metric: joint.metric,
            component: joint.component.as_ref().map(ToString::to_string),
            joint: joint.joint,
            sum_of_parts: joint.sum_of_parts,
            settings: settings
                .iter()
                .zip(&joint.shares)
                .map(|(setting, share)| (setting.path(), share.alone, share.attributed))
                .collect(),
        };
        combined.joint.iter().map(part).collect()
    }
}

/// What settings do together, for people: where it is not the sum of what each does alone.
pub fn together_text(settings: &[Setting], combined: &Combined, style: Style) -> String {
    let mut page = String::new();
    if combined.joint.iter().all(|joint| joint.joint == 0.0) && combined.without_shares.is_none() {
        return page;
    }
    let _ = writeln!(page, "\n{}", style.heading("Together, and each alone"));
    for joint in combined.joint.iter().filter(|joint| joint.joint != 0.0 || joint.sum_of_parts != 0.0) {
        let unit = unit_of(&combined.parts, joint.metric);
        let whose = joint.component.as_ref().map_or_else(|| "all".to_owned(), |id| clean::line(id.as_str()));
        let change = |value: f64| if value > 0.0 { format!("+{}", figure(value, unit)) } else { figure(value, unit) };
        let alone: Vec<String> = settings
            .iter()
            .zip(&joint.shares)
            .map(|(it, share)| format!("{} {}", it.path(), change(share.alone)))
            .collect();
        let _ = writeln!(
            page,
            "  {} of {whose}: {} together; alone {} (not {})",
            joint.metric,
            change(joint.joint),
            clean::line(&alone.join(", ")),
            change(joint.sum_of_parts)
        );
    }
    if let Some(why) = &combined.without_shares {
        let _ = writeln!(page, "  {why}");
    }
    page
}
