//! Leaks in the making: memory, rows, processes that become more and more; and steps, which are none.

use super::growth::{Demands, Drift, Growth, SHORTEST_S, judge};
use super::observed::{Observed, Subject, derived};
use super::{Finding, Grade, RuleClass, Severity, finding};
use crate::model::entity::EntityKind;
use crate::model::format::{bytes_text, duration_text, number_text};
use crate::model::metric::{self, MetricKey};
use crate::model::unit::{BaseUnit, Dimension, Unit};

/// A smaller rise is of no interest: so many bytes, and such a share of all memory in use, and of the level itself.
const LEAST_BYTES: f64 = 1e6;
const LEAST_SHARE: f64 = 0.005;
const LEAST_OF_LEVEL: f64 = 0.1;
/// Processes and the like, by number.
const LEAST_COUNT: f64 = 100.0;
/// A step has to be larger than a drift to be worth a word: such a share of all memory.
const LEAST_STEP_SHARE: f64 = 0.1;
/// Per second; faster leaks are critical (10 MiB a minute).
const FAST_BYTES_PER_S: f64 = 10.0 * 1_048_576.0 / 60.0;
/// With fewer full collections seen, what is in use may be garbage that waits for one.
const FEWEST_COLLECTIONS: usize = 2;
/// So long after a full collection the least in use counts as what it left.
const AFTER_S: f64 = 15.0;
/// Of a rise in use, so much must be seen from the first full collection to the last.
const SEEN_IN_ALL: f64 = 0.5;
/// And of what the slope promises, so much between the last two.
const SEEN_AT_LAST: f64 = 0.3;
/// So many undecided ones are named.
const MAX_NAMED: usize = 5;

/// What is judged of each kind.
fn judged(kind: EntityKind) -> &'static [MetricKey] {
    match kind {
        EntityKind::BeamProcess => &[metric::HEAP_LIVE, metric::BINARY_HELD],
        EntityKind::EtsTable => &[metric::MEMORY_USED],
        EntityKind::OsProcess => &[metric::MEMORY_RESIDENT],
        EntityKind::Component => &[metric::MEMORY_USED, metric::MEMORY_RESIDENT, metric::MEMBERS],
        EntityKind::Runtime => &[metric::MEMORY_USED],
        _ => &[],
    }
}

/// What was found, and what can't be decided yet.
#[derive(Debug, Default)]
pub struct Leaks {
    /// What was found.
    pub found: Vec<Finding>,
    /// Sentences on what was not looked for or can't be told yet.
    pub undecided: Vec<String>,
}

/// All of them.
pub fn find(observed: &Observed) -> Leaks {
    let span_s = observed.range.length_seconds();
    if span_s < SHORTEST_S {
        let (needed, there) = (duration_text(SHORTEST_S), duration_text(span_s));
        let text = format!("Leaks and steps were not looked for: that takes {needed} of data, and there are {there}.");
        return Leaks { found: Vec::new(), undecided: vec![text] };
    }
    let candidates: Vec<(&Subject, MetricKey)> = observed
        .subjects
        .iter()
        .flat_map(|subject| judged(subject.kind).iter().map(move |metric| (subject, *metric)))
        .filter(|(subject, metric)| subject.track(*metric).is_some())
        .collect();
    let mut grown: Vec<(&Subject, MetricKey, Growth)> = Vec::new();
    for (subject, metric) in &candidates {
        let Some(track) = subject.track(*metric) else { continue };
        let demands = Demands { least_rise: least_rise(observed, subject, *metric), tests: candidates.len() };
        let load = subject.track(metric::BEAM_REDUCTIONS).or(subject.track(metric::CPU_CORES));
        if let Some(growth) = judge(track, load, demands) {
            grown.push((subject, *metric, growth));
        }
    }
    let mut leaks = Leaks::default();
    let mut doubtful: Vec<(f64, String)> = Vec::new();
    for (subject, metric, growth) in &grown {
        match growth {
            Growth::Drift(drift)
                if !drift.clear || *metric == metric::HEAP_LIVE && !outlives_collections(subject, drift) =>
            {
                let rate = rate_text(*metric, drift.slope);
                doubtful.push((drift.slope, format!("{} ({}, {rate})", subject.name, what(subject, *metric))));
            }
            _ if is_explained(subject, *metric, growth, &grown) => {}
            Growth::Drift(drift) => leaks.found.push(leak(observed, subject, *metric, drift)),
            Growth::Step { at_s, before, after } => {
                leaks.found.extend(step(observed, subject, *metric, *at_s, *before, *after));
            }
        }
    }
    doubtful.sort_by(|a, b| b.0.total_cmp(&a.0));
    let more = doubtful.len().saturating_sub(MAX_NAMED);
    let names: Vec<String> = doubtful.into_iter().take(MAX_NAMED).map(|(_, text)| text).collect();
    if !names.is_empty() {
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        leaks.undecided.push(format!(
            "Growth that may still level off, be garbage that waits for a full collection, or follow the time of day: {}{more}. \
             A longer recording tells.",
            names.join(", ")
        ));
    }
    leaks
}

/// Whether what full collections left grew like what is in use. They show where the heap's size changed, as an old heap is only
/// made anew by one; between them what is in use holds garbage, and rises for minutes without any leak.
fn outlives_collections(subject: &Subject, drift: &Drift) -> bool {
    let heap = subject.track(metric::HEAP_HELD).zip(subject.track(metric::HEAP_LIVE));
    let Some((held, live)) = heap else { return false };
    let mut left: Vec<(f64, f64)> = Vec::new();
    for pair in held.levels.windows(2) {
        let (before, now) = (pair[0].mean, pair[1].mean);
        let at_s = pair[1].at_s;
        // A change that lasts for two looks is one collection.
        let is_new = left.last().is_none_or(|(last_s, _)| at_s - last_s > AFTER_S);
        if at_s < drift.from_s || (now - before).abs() <= 0.05 * before || !is_new {
            continue;
        }
        let after = live.levels.iter().filter(|level| (at_s..at_s + AFTER_S).contains(&level.at_s));
        if let Some(least) = after.map(|level| level.min).reduce(f64::min) {
            left.push((at_s, least));
        }
    }
    let (Some(first), Some(last)) = (left.first(), left.last()) else { return false };
    let Some(last_but_one) = left.len().checked_sub(FEWEST_COLLECTIONS).map(|at| left[at]) else { return false };
    let promised = drift.slope * (last.0 - last_but_one.0);
    last.1 - first.1 >= SEEN_IN_ALL * drift.rise && last.1 - last_but_one.1 >= SEEN_AT_LAST * promised
}

fn is_bytes(metric: MetricKey) -> bool {
    metric.unit().dimension() == Dimension::Information
}

fn least_rise(observed: &Observed, subject: &Subject, metric: MetricKey) -> f64 {
    let level = subject.track(metric).and_then(|track| track.middle()).unwrap_or(0.0);
    // Of the node itself a smaller share tells.
    let of_level = LEAST_OF_LEVEL * level * if subject.is_whole() { 0.5 } else { 1.0 };
    match is_bytes(metric) {
        true => (LEAST_SHARE * observed.memory_bytes().unwrap_or(0.0)).max(LEAST_BYTES).max(of_level),
        false => LEAST_COUNT.max(of_level),
    }
}

/// Whether what grows in a component or the node is what was found in its members: the growth is told once, where it is.
fn is_explained(
    subject: &Subject,
    metric: MetricKey,
    growth: &Growth,
    found: &[(&Subject, MetricKey, Growth)],
) -> bool {
    let size = |growth: &Growth| match growth {
        Growth::Drift(drift) => drift.slope,
        Growth::Step { before, after, .. } => after - before,
    };
    if !(subject.is_component() || subject.is_whole()) || !is_bytes(metric) {
        return false;
    }
    let below = found.iter().filter(|(other, other_metric, other_growth)| {
        let is_inside = subject.is_whole() || other.component == subject.component;
        let is_below = !other.is_whole() && other.is_component() == (subject.is_whole() && other.is_component());
        let is_alike = std::mem::discriminant(other_growth) == std::mem::discriminant(growth);
        other.entity != subject.entity && is_inside && is_below && is_bytes(*other_metric) && is_alike
    });
    let inside: f64 = below.map(|(_, _, other)| size(other)).sum();
    inside >= 0.6 * size(growth)
}

fn what(subject: &Subject, metric: MetricKey) -> &'static str {
    match metric {
        metric::HEAP_LIVE => "heap in use",
        metric::BINARY_HELD => "binaries held",
        metric::MEMBERS => "number of members",
        metric::MEMORY_RESIDENT => "resident memory",
        _ if subject.kind == EntityKind::EtsTable => "table memory",
        _ => "memory",
    }
}

fn per(metric: MetricKey, slope: f64) -> (f64, Unit) {
    let base = metric.unit().base;
    // A slow growth reads better by the hour.
    let slow = if is_bytes(metric) { slope * 60.0 < 0.1e6 } else { slope * 60.0 < 1.0 };
    match slow {
        true => (slope * 3600.0, Unit { base, per: Some(BaseUnit::Hour) }),
        false => (slope * 60.0, Unit { base, per: Some(BaseUnit::Minute) }),
    }
}

fn rate_text(metric: MetricKey, slope: f64) -> String {
    let (value, unit) = per(metric, slope);
    number_text(value, unit)
}

fn leak(observed: &Observed, subject: &Subject, metric: MetricKey, drift: &Drift) -> Finding {
    let Drift { from_s, slope, interval, rise, .. } = *drift;
    let end_s = observed.range.length_seconds();
    let range = observed.stretch(from_s, end_s);
    let is_fast = is_bytes(metric) && interval.0 > FAST_BYTES_PER_S;
    let severity = if is_fast { Severity::Critical } else { Severity::Warning };
    let mut finding = finding(RuleClass::Leak, severity, Grade::Derived, &[subject], range);
    finding.id = format!("{}:{}", finding.id, metric.id());
    let name = &subject.name;
    let (thing, unit) = (what(subject, metric), metric.unit());
    finding.message = format!(
        "{name}: {thing} grows by {} ({} to {}), by {} in {}, and does not come back.",
        rate_text(metric, slope),
        rate_text(metric, interval.0),
        rate_text(metric, interval.1),
        number_text(rise, unit),
        duration_text((end_s - from_s).round()),
    );
    let formula = "Theil–Sen slope of the floors with an interval by bootstrap, which holds the truth some 7 times of 10 where there is a daily rhythm; over 3 times the spread of what it leaves";
    let rate = |value: f64| per(metric, value);
    let (value, rate_unit) = rate(slope);
    finding.evidence = vec![
        derived("growth", value, rate_unit, formula),
        derived("growth, at least", rate(interval.0).0, rate(interval.0).1, formula),
        derived("growth, at most", rate(interval.1).0, rate(interval.1).1, formula),
        derived("rise", rise, unit, "slope × time"),
    ];
    if let Some(last) = subject.track(metric).and_then(|track| track.last()) {
        finding.evidence.push(observed.measured(&format!("{thing}, last"), last.mean, unit, range));
    }
    if let Some((rows, bytes)) = subject.track(metric::TABLE_OBJECTS).zip(subject.track(metric::MEMORY_USED))
        && let Some((rows, bytes)) = rows.last().zip(bytes.last())
    {
        finding.evidence.push(observed.measured("rows, last", rows.mean, Unit::COUNT, range));
        if rows.mean > 0.0 {
            let each = bytes.mean / rows.mean;
            finding.evidence.push(derived("bytes per row", each, Unit::BYTES, "memory ÷ rows"));
        }
    }
    let held = subject.track(metric::HEAP_HELD).filter(|_| metric == metric::HEAP_LIVE);
    if let Some(held) = held.and_then(|held| held.last()) {
        finding.evidence.push(observed.measured("heap held, last", held.mean, unit, range));
    }
    finding.derived = Some(finding.evidence[0].quantity.clone());
    finding.stated = observed.stated(subject, metric::MEMORY_GROWTH);
    finding.next = next(subject, metric);
    finding
}

fn next(subject: &Subject, metric: MetricKey) -> String {
    let text = match (subject.kind, metric) {
        (EntityKind::EtsTable, _) => {
            "Look who inserts into this table and who deletes; rows may need an age or a number at which they go."
        }
        (_, metric::BINARY_HELD) => {
            "Copy what is kept of large binaries (binary:copy/1), or let the process collect its garbage when idle."
        }
        (EntityKind::BeamProcess, _) => {
            "Look what its state collects: histories, caches and pending requests need a limit or an age."
        }
        (_, metric::MEMBERS) => {
            "Look who starts these and whether they ever end; a supervisor's count of children tells."
        }
        (EntityKind::Runtime, _) => {
            "No single process or table explains it; record longer, and look at allocators and at many small growers of one kind."
        }
        _ => "Look at the members that grow most, in the Memory view over this time.",
    };
    text.to_owned()
}

fn step(
    observed: &Observed,
    subject: &Subject,
    metric: MetricKey,
    at_s: f64,
    before: f64,
    after: f64,
) -> Option<Finding> {
    // Heaps jump with every larger piece of work; a step is told of what is added up or stored.
    let is_telling = matches!(subject.kind, EntityKind::Component | EntityKind::Runtime | EntityKind::EtsTable);
    let by = after - before;
    let is_large = by >= LEAST_STEP_SHARE * observed.memory_bytes().unwrap_or(f64::INFINITY);
    if !is_telling || !is_bytes(metric) || !is_large {
        return None;
    }
    let range = observed.stretch(at_s, observed.range.length_seconds());
    let mut finding = finding(RuleClass::Step, Severity::Info, Grade::Derived, &[subject], range);
    let thing = what(subject, metric);
    let at = observed.since_start(at_s);
    finding.message = format!(
        "{}: {thing} went up by {} at {} after the start, from {} to {}, and has stayed there; it does not grow on.",
        subject.name,
        bytes_text(by),
        duration_text(at.round()),
        bytes_text(before),
        bytes_text(after)
    );
    finding.evidence = vec![
        derived("before", before, metric.unit(), "median of the floors before"),
        derived("after", after, metric.unit(), "median of the floors after"),
    ];
    finding.derived = Some(derived("step", by, metric.unit(), "after − before").quantity);
    finding.next = String::from("Look what was started, deployed or loaded at that moment.");
    Some(finding)
}
