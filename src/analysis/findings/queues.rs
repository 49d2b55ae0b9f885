//! Queues that grow, and queues that are long.

use super::observed::{Level, Observed, Subject, Track, derived};
use super::{Finding, Grade, RuleClass, Severity, finding};
use crate::analysis::stats::trend;
use crate::model::entity::EntityKind;
use crate::model::format::{duration_text, number_text};
use crate::model::metric;
use crate::model::unit::Unit;

/// Shorter growth is a burst.
const LEAST_S: f64 = 30.0;
/// A queue that never gets longer than this is no trouble.
const LEAST_MESSAGES: f64 = 100.0;
/// Messages that wait at the end: many, and very many.
const LONG: f64 = 1_000.0;
const VERY_LONG: f64 = 100_000.0;
/// The chance of a false alarm that all processes of one look together may have.
const FALSE_ALARMS: f64 = 0.01;
/// What is called the end.
const END_S: f64 = 15.0;

/// All of them; one finding a process.
pub fn find(observed: &Observed) -> Vec<Finding> {
    let processes: Vec<(&Subject, &Track)> = observed
        .subjects
        .iter()
        .filter(|subject| subject.kind == EntityKind::BeamProcess)
        .filter_map(|subject| Some((subject, subject.track(metric::QUEUE_LENGTH)?)))
        .collect();
    let tests = processes.len();
    let one = |(process, track): &(&Subject, &Track)| {
        growing(observed, process, track, tests).or_else(|| long(observed, process, track))
    };
    processes.iter().filter_map(one).collect()
}

/// The growth up to the longest that the queue ever was.
fn growing(observed: &Observed, process: &Subject, track: &Track, tests: usize) -> Option<Finding> {
    let floors = floors(track);
    let top = floors.iter().max_by(|a, b| a.min.total_cmp(&b.min))?.min;
    let end = floors.iter().position(|level| level.min >= top)?;
    // It began when the queue was last nearly empty, or else with the shortest that was seen.
    let low = floors[..=end].iter().map(|level| level.min).fold(f64::INFINITY, f64::min);
    let mut begin = floors[..=end].iter().rposition(|level| level.min <= (0.1 * top).max(low))?;
    while begin > 0 && floors[begin - 1].min < floors[begin].min {
        begin -= 1;
    }
    let stretch = &floors[begin..=end];
    let (from_s, to_s) = (stretch.first()?.at_s, stretch.last()?.at_s + track.width_s);
    if top - low < LEAST_MESSAGES || top < 1.5 * low || to_s - from_s < LEAST_S {
        return None;
    }
    let times: Vec<f64> = stretch.iter().map(|level| level.at_s).collect();
    let values: Vec<f64> = stretch.iter().map(|level| level.min).collect();
    let found = trend::trend(&times, &values, 1)?;
    if !found.grows() || found.p > FALSE_ALARMS / tests.max(1) as f64 {
        return None;
    }
    let last = track.last()?.mean;
    let goes_on = last >= 0.5 * top && to_s >= track.last()?.at_s - LEAST_S;
    let severity = match goes_on {
        true if last >= VERY_LONG => Severity::Critical,
        true => Severity::Warning,
        false => Severity::Info,
    };
    let range = observed.stretch(from_s, to_s);
    let mut finding = finding(RuleClass::QueueGrowth, severity, Grade::Derived, &[process], range);
    let rate = |value: f64| number_text(value, Unit::COUNT_PER_S);
    let then = if goes_on {
        String::from("it still grows or stands there")
    } else {
        format!("it has drained to {} since", number_text(last, Unit::COUNT))
    };
    finding.message = format!(
        "{}: its queue grows by {} ({} to {}) since {} after the start, up to {} within {}; {then}.",
        process.name,
        rate(found.line.slope),
        rate(found.interval.0),
        rate(found.interval.1),
        duration_text(observed.since_start(from_s).round()),
        number_text(top, Unit::COUNT),
        duration_text((to_s - from_s).round()),
    );
    let formula = "Theil–Sen slope of the shortest queue in each stretch";
    finding.evidence = vec![
        derived("arrivals less what it handles", found.line.slope, Unit::COUNT_PER_S, formula),
        observed.measured("longest", track.peak(), Unit::COUNT, range),
        observed.measured("last", last, Unit::COUNT, observed.range),
    ];
    finding.derived = Some(finding.evidence[0].quantity.clone());
    finding.stated = observed.stated(process, metric::QUEUE_LENGTH);
    finding.next = String::from(
        "See whether it is slow (its functions, CPU view) or has too much to do; give senders back-pressure or drop what is too old.",
    );
    Some(finding)
}

/// The shortest queue in each of at most 60 stretches, as a queue that empties in between does not grow.
fn floors(track: &Track) -> Vec<Level> {
    let step = (track.levels.len() / 60).max(if track.width_s < 2.0 { 2 } else { 1 });
    let lowest = |levels: &[Level]| levels.iter().copied().min_by(|a, b| a.min.total_cmp(&b.min));
    let chunks = track.levels.chunks(step);
    chunks.filter_map(|chunk| Some(Level { at_s: chunk.first()?.at_s, ..lowest(chunk)? })).collect()
}

/// A queue that is long at the end, whether it grows or not.
fn long(observed: &Observed, process: &Subject, track: &Track) -> Option<Finding> {
    let end_s = observed.range.length_seconds();
    let end = track.levels.iter().filter(|level| level.at_s >= end_s - END_S - track.width_s);
    let shortest = end.map(|level| level.min).reduce(f64::min)?;
    if shortest < LONG {
        return None;
    }
    let severity = if shortest >= VERY_LONG { Severity::Critical } else { Severity::Warning };
    let since_s = track.levels.iter().rev().take_while(|level| level.min >= LONG).last()?.at_s;
    let range = observed.stretch(since_s, end_s);
    let mut finding = finding(RuleClass::LongQueue, severity, Grade::Measured, &[process], range);
    let last = track.last()?.mean;
    let waiting = number_text(last, Unit::COUNT);
    finding.message = if end_s < 1.0 {
        // One moment is all there is.
        let function = process.attributes.get("current_function");
        let place = function.map_or_else(String::new, |function| format!("; it was in {function}"));
        format!("{}: {waiting} messages wait{place}.", process.name)
    } else {
        format!(
            "{}: {waiting} messages wait, and no fewer than {} for the last {}.",
            process.name,
            number_text(LONG, Unit::COUNT),
            duration_text((end_s - since_s).round())
        )
    };
    finding.evidence = vec![observed.measured("waiting", last, Unit::COUNT, range)];
    finding.derived = Some(finding.evidence[0].quantity.clone());
    finding.stated = observed.stated(process, metric::QUEUE_LENGTH);
    finding.next = String::from(
        "A long queue slows every selective receive and is copied by its collections; find what holds the process up, or who floods it.",
    );
    Some(finding)
}
