//! `whatif --goal`: which values of some settings reach what is wanted, and what stands in the way where none does.

use std::fmt::Write;

use serde::Serialize;

use super::parts::{Predicted, value_json};
use crate::cli::clean;
use crate::cli::inspect::text::Style;
use crate::model::format::number_text;
use crate::whatif::goal::{Reached, Side, Sought, Standing};
use crate::whatif::prediction::{Part, unit_of};

/// What was found, for JSON.
#[derive(Debug, Serialize)]
pub struct GoalPart {
    /// `robustly` (bands and all), `probably` (the middle of the bands) or `missed`.
    reached: &'static str,
    settings: serde_json::Map<String, serde_json::Value>,
    targets: Vec<TargetPart>,
    /// The metric that is missed most.
    obstacle: Option<String>,
    /// Of one setting: from which to which value all targets are met.
    feasible: Option<(f64, f64)>,
    points: usize,
    points_without_answer: usize,
}

#[derive(Debug, Serialize)]
struct TargetPart {
    metric: String,
    component: Option<String>,
    wanted: &'static str,
    value: f64,
    predicted: Predicted,
    /// By which part of the target it is missed; 0 where it is met.
    miss: f64,
    /// What it would have to be relaxed to, the other targets being met.
    relaxed: Option<f64>,
}

impl GoalPart {
    pub fn new(sought: &Sought, parts: &[Part]) -> Self {
        let standing = |standing: &Standing| TargetPart {
            metric: standing.target.metric.clone(),
            component: standing.target.component.as_ref().map(ToString::to_string),
            wanted: side(standing.target.side),
            value: standing.target.value,
            predicted: Predicted::of(standing.predicted, unit_of(parts, &standing.target.metric), true),
            miss: standing.miss,
            relaxed: standing.relaxed,
        };
        let obstacle = sought.obstacle.and_then(|number| sought.standings.get(number));
        Self {
            reached: reached(sought.reached),
            settings: sought.settings.iter().map(|setting| (setting.path(), value_json(setting.value))).collect(),
            targets: sought.standings.iter().map(standing).collect(),
            obstacle: obstacle.map(|standing| standing.target.metric.clone()),
            feasible: sought.feasible,
            points: sought.points.0,
            points_without_answer: sought.points.1,
        }
    }
}

fn reached(reached: Reached) -> &'static str {
    match reached {
        Reached::Robustly => "robustly",
        Reached::Probably => "probably",
        Reached::Missed => "missed",
    }
}

fn side(side: Side) -> &'static str {
    if side == Side::AtMost { "at most" } else { "at least" }
}

/// For people; before the answer at the best point.
pub fn text(sought: &Sought, parts: &[Part], style: Style) -> String {
    let mut page = String::new();
    let said = match sought.reached {
        Reached::Robustly => "Reached, also at the worse end of every band",
        Reached::Probably => "Probably reached, not at the worse end of every band",
        Reached::Missed => "Not reached; this is as near as it gets",
    };
    let _ = writeln!(page, "{}", style.heading(said));
    for setting in &sought.settings {
        let _ = writeln!(page, "  {} = {}", clean::line(&setting.path()), setting.value);
    }
    for (number, standing) in sought.standings.iter().enumerate() {
        let target = &standing.target;
        let unit = unit_of(parts, &target.metric);
        let mut line = format!(
            "  {} {} {}: {} [{} .. {}]",
            clean::line(&target.metric),
            side(target.side),
            number_text(target.value, unit),
            number_text(standing.predicted.value, unit),
            number_text(standing.predicted.low, unit),
            number_text(standing.predicted.high, unit)
        );
        if sought.obstacle == Some(number) {
            line.push_str("; it stands in the way");
        }
        if let Some(relaxed) = standing.relaxed.filter(|_| standing.miss > 0.0) {
            let _ = write!(line, "; {} {} would do", side(target.side), number_text(relaxed, unit));
        }
        let _ = writeln!(page, "{line}");
    }
    if let Some((low, high)) = sought.feasible {
        let _ = writeln!(page, "  all of it is met from {low} to {high}");
    }
    let (points, without) = sought.points;
    let _ = writeln!(page, "  {points} points were tried, {without} of them have no answer\n");
    page
}
