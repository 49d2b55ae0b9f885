//! Memory that heaps hold for nothing: blocks far larger than what is in them, and large binaries kept alive by small heaps.

use std::collections::BTreeMap;

use super::observed::{Observed, Subject, derived};
use super::{Finding, Grade, RuleClass, Severity, finding};
use crate::model::entity::EntityKind;
use crate::model::format::{bytes_text, share_text};
use crate::model::metric::{self, MetricKey};
use crate::model::unit::Unit;

/// Smaller amounts are of no interest: bytes, and a share of all memory.
const LEAST_BYTES: f64 = 2e6;
const LEAST_SHARE: f64 = 0.01;
/// A heap with less than this in use is oversized.
const LOW_USE: f64 = 0.25;
/// Binaries of so many times the heap are held by it.
const MANY_TIMES: f64 = 10.0;
/// A heap is judged by the middle of so many looks at least, over so much time.
const LEAST_VALUES: usize = 10;
const LEAST_S: f64 = 30.0;
/// From this share of all memory on it is worth a warning.
const WARNING_SHARE: f64 = 0.1;

/// All of them.
pub fn find(observed: &Observed) -> Vec<Finding> {
    let mut found = binaries(observed);
    found.extend(oversized(observed));
    found
}

/// The middle of a series that was looked at often enough.
fn middle(subject: &Subject, metric: MetricKey) -> Option<f64> {
    let track = subject.track(metric)?;
    (track.values() >= LEAST_VALUES && track.span_s() >= LEAST_S).then(|| track.middle()).flatten()
}

fn least_bytes(observed: &Observed) -> f64 {
    (LEAST_SHARE * observed.memory_bytes().unwrap_or(0.0)).max(LEAST_BYTES)
}

fn severity(observed: &Observed, bytes: f64) -> Severity {
    let is_much = observed.memory_bytes().is_some_and(|memory| bytes >= WARNING_SHARE * memory);
    if is_much { Severity::Warning } else { Severity::Info }
}

fn binaries(observed: &Observed) -> Vec<Finding> {
    let one = |process: &Subject| {
        // Who sleeps is looked at once: its last value stands.
        let held = process.track(metric::BINARY_HELD)?;
        let (bytes, heap) = (held.middle()?, process.track(metric::HEAP_HELD)?.middle()?);
        if bytes < least_bytes(observed) || bytes < MANY_TIMES * heap {
            return None;
        }
        let severity = severity(observed, bytes);
        let mut finding = finding(RuleClass::BinariesHeld, severity, Grade::Measured, &[process], observed.range);
        finding.message = format!(
            "{}: {} of binaries are kept alive by a heap of {}; a small part of each may be all that is needed.",
            process.name,
            bytes_text(bytes),
            bytes_text(heap)
        );
        finding.evidence = vec![
            observed.measured("binaries held", bytes, Unit::BYTES, observed.range),
            observed.measured("heap held", heap, Unit::BYTES, observed.range),
        ];
        finding.derived =
            Some(derived("binaries per byte of heap", bytes / heap.max(1.0), Unit::RATIO, "held ÷ heap").quantity);
        finding.next = String::from(
            "Copy the parts that are kept (binary:copy/1), so that the rest can go; a rarely collected process may also hibernate.",
        );
        Some(finding)
    };
    observed.subjects.iter().filter(|subject| subject.kind == EntityKind::BeamProcess).filter_map(one).collect()
}

/// Members of one component together.
fn oversized(observed: &Observed) -> Vec<Finding> {
    let mut by_component: BTreeMap<_, Vec<(&Subject, f64, f64)>> = BTreeMap::new();
    for process in observed.subjects.iter().filter(|subject| subject.kind == EntityKind::BeamProcess) {
        let heap = middle(process, metric::HEAP_HELD).zip(middle(process, metric::HEAP_LIVE));
        let Some((held, live)) = heap else { continue };
        if held >= least_bytes(observed) && live <= LOW_USE * held {
            by_component.entry(process.component.clone()).or_default().push((process, held, live));
        }
    }
    by_component.into_values().map(|mut members| {
        members.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.name.cmp(&b.0.name)));
        let subjects: Vec<&Subject> = members.iter().map(|(subject, ..)| *subject).collect();
        let (held, live) = members.iter().fold((0.0, 0.0), |(held, live), (_, h, l)| (held + h, live + l));
        let severity = severity(observed, held - live);
        let mut finding = finding(RuleClass::HeapEfficiency, severity, Grade::Measured, &subjects, observed.range);
        let place = members.first().and_then(|(subject, ..)| subject.component.clone());
        finding.id = format!(
            "{}:{}",
            RuleClass::HeapEfficiency.word(),
            place.map_or_else(|| String::from("none"), |component| component.to_string())
        );
        let names: Vec<&str> = subjects.iter().take(5).map(|subject| subject.name.as_str()).collect();
        let more = if subjects.len() > 5 { format!(" and {} more", subjects.len() - 5) } else { String::new() };
        let efficiency = live / held;
        finding.message = format!(
            "{}{more}: heaps of {} hold {} most of the time, so that {} are in use ({} {}).",
            names.join(", "),
            bytes_text(held),
            bytes_text(live),
            share_text(efficiency),
            subjects.len(),
            if subjects.len() == 1 { "process" } else { "processes" },
        );
        for (subject, held, live) in members.iter().take(5) {
            let quantity = |label: &str, value| {
                observed.measured(&format!("{}, {label}", subject.name), value, Unit::BYTES, observed.range)
            };
            finding.evidence.extend([quantity("heap held", *held), quantity("in use", *live)]);
        }
        let formula = "median in use ÷ median held";
        finding.derived = Some(derived("heap efficiency", efficiency, Unit::RATIO, formula).quantity);
        finding.stated = subjects.first().and_then(|subject| observed.stated(subject, metric::MEMORY_EFFICIENCY));
        finding.next = String::from(
            "Hibernate after large work, do large work in processes of its own that end, or lower fullsweep_after and min_heap_size; \
             What-if on traced collections tells what each would save.",
        );
        finding
    }).collect()
}
