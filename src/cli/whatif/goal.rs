//! `whatif --goal`: which values of some settings reach what is wanted, and what stands in the way where none does.

use std::fmt::Write;

use serde::Serialize;

use super::parts::{Predicted, value_json};
use crate::cli::clean;
use crate::cli::inspect::text::Style;
use crate::model::format::number_text;
use crate::model::unit::Unit;
use crate::whatif::goal::{Lever, Reached, Side, Sought, Standing, Target};
use crate::whatif::knob::KNOBS;
use crate::whatif::outcome::OutcomeInfo;
use crate::whatif::prediction::Part;
use crate::whatif::scenario::Setting;

/// Reads `METRIC<=VALUE` or `METRIC>=VALUE`; of `METRIC=VALUE` the side is the good one of the metric.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn target(text: &str) -> Result<Target, String> {
    if text.contains(['<', '>']) {
        return Target::parse(text);
    }
    let Some((metric, value)) = text.split_once('=') else {
        return Err(format!("\"{text}\" is no goal: it is METRIC<=VALUE or METRIC>=VALUE"));
    };
    let id = metric.rsplit_once(':').map_or(metric, |(_, id)| id).trim();
    match OutcomeInfo::find(id).and_then(|info| info.lower_is_better) {
        Some(true) => Target::parse(&format!("{metric}<={value}")),
        Some(false) => Target::parse(&format!("{metric}>={value}")),
        None => Err(format!("of {id} it is not known whether less is better: write {id}<={value} or {id}>={value}")),
    }
}

/// Reads `PATH` or `PATH=LOW..HIGH`: a setting whose value is looked for.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn lever(text: &str) -> Result<Lever, String> {
    let (path, range) = text.split_once('=').map_or((text, None), |(path, range)| (path, Some(range)));
    let is_it = |knob: &&crate::whatif::knob::Knob| {
        path.trim().strip_suffix(knob.path).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    // Without a knob of this name the sentence about the setting says which there are.
    let some_value = KNOBS
        .iter()
        .find(is_it)
        .and_then(|knob| knob.words.first().map(|word| (*word).to_owned()).or(Some(knob.range.0.to_string())));
    let Setting { place, knob, .. } = Setting::parse(&format!("{path}={}", some_value.unwrap_or_default()))?;
    let mut lever = Lever::of(place, knob);
    if let Some(range) = range {
        let ends =
            range.split_once("..").and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
        lever.range = ends
            .filter(|(low, high): &(f64, f64)| low < high && knob.words.is_empty())
            .ok_or_else(|| format!("\"{text}\" is no range of values: it is PATH=LOW..HIGH"))?;
    }
    Ok(lever)
}

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
            predicted: Predicted::of(standing.predicted, unit(&standing.target.metric, parts), true),
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

/// The unit of a metric, as the answer has it.
fn unit(metric: &str, parts: &[Part]) -> Unit {
    let outcomes = parts.iter().flat_map(|part| &part.outcomes);
    outcomes.into_iter().find(|outcome| outcome.metric == metric).map_or(Unit::COUNT, |outcome| outcome.unit)
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
        let unit = unit(&target.metric, parts);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_have_the_good_side_and_levers_a_range() {
        let side_of = |text: &str| target(text).map(|target| (target.side, target.value));
        assert_eq!(side_of("memory.peak_bytes=5"), Ok((Side::AtMost, 5.0)));
        assert_eq!(side_of("gc.count>=3"), Ok((Side::AtLeast, 3.0)));
        assert!(target("nothing=3").unwrap_err().contains("nothing<=3"));
        assert!(target("gc.count").is_err());
        let heap = lever("agents.gc.min_heap_words=500..9000").unwrap();
        assert_eq!((heap.knob.path, heap.range), ("gc.min_heap_words", (500.0, 9000.0)));
        assert_eq!(lever("*.gc.hibernate").unwrap().points(9).len(), 2);
        assert!(lever("agents.gc.none").unwrap_err().contains("gc.fullsweep_after"));
        assert!(lever("agents.gc.min_heap_words=9..5").unwrap_err().contains("LOW..HIGH"));
    }
}
