//! Processes, ports, atoms and tables near the most that the node was started for, and atoms that become more and more.

use super::growth::{Demands, Drift, Growth, judge};
use super::observed::{Observed, Subject, derived};
use super::{Finding, Grade, RuleClass, Severity, finding};
use crate::model::format::{duration_text, number_text, share_text};
use crate::model::metric::{self, MetricKey};
use crate::model::unit::{BaseUnit, Unit};

const WARNING: f64 = 0.7;
const CRITICAL: f64 = 0.9;
/// Fewer new atoms are code that was loaded.
const LEAST_ATOMS: f64 = 500.0;
/// An end that is farther off is no warning.
const SOON_S: f64 = 30.0 * 86_400.0;

/// Share, number, what they are, and how the limit is raised.
const LIMITS: [(MetricKey, MetricKey, &str, &str); 4] = [
    (
        metric::BEAM_PROCESS_LIMIT_SHARE,
        metric::BEAM_PROCESSES,
        "processes",
        "Find who starts them (CPU and Memory view, by component); +P raises the limit.",
    ),
    (
        metric::BEAM_PORT_LIMIT_SHARE,
        metric::BEAM_PORTS,
        "ports",
        "Find who opens sockets and files without closing them; +Q raises the limit.",
    ),
    (
        metric::BEAM_ATOM_LIMIT_SHARE,
        metric::BEAM_ATOMS,
        "atoms",
        "Find who makes atoms of outside data (binary_to_atom, list_to_atom, JSON keys); at the limit the node dies. +t raises it.",
    ),
    (
        metric::BEAM_TABLE_LIMIT_SHARE,
        metric::BEAM_TABLES,
        "ETS tables",
        "Find who creates tables without deleting them.",
    ),
];

/// All of them.
pub fn find(observed: &Observed) -> Vec<Finding> {
    let nodes = observed.subjects.iter().filter(|subject| subject.is_whole());
    nodes
        .flat_map(|node| {
            LIMITS.into_iter().filter_map(|limit| near(observed, node, limit)).chain(atoms(observed, node))
        })
        .collect()
}

fn near(observed: &Observed, node: &Subject, limit: (MetricKey, MetricKey, &str, &str)) -> Option<Finding> {
    let (share_metric, count_metric, thing, next) = limit;
    let track = node.track(share_metric)?;
    let share = track.last()?.mean;
    if share < WARNING {
        return None;
    }
    let severity = if share >= CRITICAL { Severity::Critical } else { Severity::Warning };
    let mut finding = finding(RuleClass::Limit, severity, Grade::Measured, &[node], observed.range);
    finding.id = format!("{}:{share_metric:?}", RuleClass::Limit.word());
    let count = node.track(count_metric).and_then(|track| track.last());
    let count_text = count.map_or_else(String::new, |count| format!("{} ", number_text(count.mean, Unit::COUNT)));
    let drift = drift(track, 0.01);
    let ahead = match drift.and_then(|drift| time_left(share, &drift)) {
        Some((soonest, latest)) => {
            finding.evidence.push(derived(
                "time left, at least",
                soonest,
                Unit::SECONDS,
                "what is left ÷ the steepest likely growth",
            ));
            format!(" If it goes on, the limit is reached in {}.", between(soonest, latest))
        }
        None => String::from(" It is not seen to grow."),
    };
    finding.message = format!("{}: {count_text}{thing} are {} of the limit.{ahead}", node.name, share_text(share));
    finding.evidence.push(observed.measured("share of the limit", share, Unit::RATIO, observed.range));
    finding.derived = finding.evidence.last().map(|evidence| evidence.quantity.clone());
    finding.next = next.to_owned();
    Some(finding)
}

fn drift(track: &super::Track, least_rise: f64) -> Option<Drift> {
    match judge(track, None, Demands { least_rise, tests: 1 })? {
        Growth::Drift(drift) => Some(drift),
        Growth::Step { .. } => None,
    }
}

/// Seconds until the share is 1: the soonest and the latest that the slope's interval allows.
fn time_left(share: f64, drift: &Drift) -> Option<(f64, f64)> {
    let left = (1.0 - share).max(0.0);
    (drift.interval.0 > 0.0).then(|| (left / drift.interval.1, left / drift.interval.0))
}

fn between(soonest_s: f64, latest_s: f64) -> String {
    format!("{} to {}", duration_text(soonest_s.round()), duration_text(latest_s.round()))
}

fn atoms(observed: &Observed, node: &Subject) -> Option<Finding> {
    let track = node.track(metric::BEAM_ATOMS)?;
    let drift = drift(track, LEAST_ATOMS)?;
    // Loading code makes atoms in steps and comes to an end; a drift has to be one.
    if !drift.clear {
        return None;
    }
    let share = node.track(metric::BEAM_ATOM_LIMIT_SHARE).and_then(|track| track.last()).map(|level| level.mean);
    let count = track.last()?.mean;
    let left = share.filter(|share| *share > 0.0).map(|share| {
        let limit = count / share;
        ((limit - count) / drift.interval.1, (limit - count) / drift.interval.0)
    });
    let is_soon = left.is_some_and(|(soonest, _)| soonest < SOON_S);
    let severity = if is_soon { Severity::Warning } else { Severity::Info };
    let end_s = observed.range.length_seconds();
    let range = observed.stretch(drift.from_s, end_s);
    let mut finding = finding(RuleClass::AtomGrowth, severity, Grade::Derived, &[node], range);
    let per_minute = Unit { base: BaseUnit::Count, per: Some(BaseUnit::Minute) };
    let rate = |slope: f64| number_text(slope * 60.0, per_minute);
    let ahead = left.map_or_else(String::new, |(soonest, latest)| {
        format!(" If it goes on, the limit is reached in {}, and the node dies.", between(soonest, latest))
    });
    finding.message = format!(
        "{}: {} new atoms ({} to {}), {} in {}; none is ever given back.{ahead}",
        node.name,
        rate(drift.slope),
        rate(drift.interval.0),
        rate(drift.interval.1),
        number_text(drift.rise, Unit::COUNT),
        duration_text((end_s - drift.from_s).round()),
    );
    finding.evidence = vec![
        derived("growth", drift.slope * 60.0, per_minute, "Theil–Sen slope"),
        observed.measured("atoms", count, Unit::COUNT, observed.range),
    ];
    finding.derived = Some(finding.evidence[0].quantity.clone());
    finding.next = LIMITS[2].3.to_owned();
    Some(finding)
}
