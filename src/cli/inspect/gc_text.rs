//! The GC part of `inspect` for people.

use super::parts::{GcFiguresPart, GcPart};
use super::text::{clock, cut, share};
use crate::model::format::{bytes_text, duration_text, quantity_text};

/// More causes are in the JSON.
const CAUSES_SHOWN: usize = 4;

/// Its heading.
pub fn heading(gc: &GcPart) -> String {
    let all = &gc.all;
    let heaps = if all.heaps == 1 { "heap" } else { "heaps" };
    let stretch = format!("{} to {}", clock(gc.from_s), clock(gc.to_s));
    format!("Garbage collections, {stretch}: {} of {} {heaps}", all.count, all.heaps)
}

/// What is known of all of them, with the provenance's letter.
pub fn facts(gc: &GcPart) -> Vec<Vec<String>> {
    let all = &gc.all;
    let row = |title: &str, value: Option<String>, letter: &str, what: &str| {
        Some([title, value?.as_str(), letter, what].map(str::to_owned).to_vec())
    };
    let pause = &all.pause_us;
    let who = match gc.stops_the_world {
        Some(true) => "stop-the-world: the whole program stands still",
        Some(false) => "one process stands still at a time",
        None => "",
    };
    let besides = [(all.forced, "forced"), (all.hibernations, "hibernations between them")];
    let besides: String =
        besides.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}")).collect();
    let kinds = format!("{} minor, {} major{besides}", all.minor, all.major);
    let stops = (all.stops > 0).then(|| format!("{}, beside them {}", all.stops, duration_text(all.concurrent_s)));
    let causes: Vec<String> =
        all.causes.iter().take(CAUSES_SHOWN).map(|it| format!("{} ({})", it.cause, it.count)).collect();
    let (pauses, longest) = match gc.stops_the_world {
        Some(true) => ("Stop-the-world pauses", "Longest, total stop"),
        _ => ("Pauses", "Longest, total pause"),
    };
    let quantiles = format!("p50 {}, p90 {}, p99 {}", us(pause.p50), us(pause.p90), us(pause.p99));
    let bytes = |bytes: Option<f64>| bytes.map(bytes_text);
    let allocated = all.allocation_rate.as_ref().map(|figure| quantity_text(&figure.quantity));
    [
        row("Kinds", Some(kinds), "M", &failed(all)),
        row("Causes", (!causes.is_empty()).then(|| causes.join(", ")), "M", ""),
        row("Stops of cycles", stops, "M", "pauses that are parts of collections, and work beside the program"),
        row("Interval", all.interval_s.map(duration_text), "D", "mean, over all heaps"),
        row(pauses, Some(quantiles), "M", who),
        row(longest, Some(format!("{}, {}", us(pause.max), us(pause.total))), "M", ""),
        row("Efficiency", all.efficiency.map(|it| share(Some(it))), "D", "reclaimed, of what was examined"),
        row("Reclaimed", bytes(Some(all.reclaimed_bytes)), "M", ""),
        row("Copied", bytes(all.copied_bytes), "D", ""),
        row("Promoted", bytes(all.promoted_bytes), "D", "from young to old heaps"),
        row("Allocation rate", allocated, "D", "between collections"),
        row("Live after collections", bytes(Some(all.live_bytes)), "D", "mean over time"),
        row("Heap efficiency", all.heap_efficiency.map(|it| share(Some(it))), "D", "live, of what is held"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn failed(all: &GcFiguresPart) -> String {
    let failed = (all.failed_minor > 0).then(|| format!("{} minor ones failed and became major", all.failed_minor));
    let over = (all.over_limit > 0).then(|| format!("{} times over max_heap_size", all.over_limit));
    let full = all.evacuation_failures;
    let full = (full > 0).then(|| format!("{full} found no room for survivors (evacuation failure)"));
    [failed, over, full].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// A row for each component, the first `top`.
pub fn by_component(gc: &GcPart, top: usize) -> Vec<Vec<String>> {
    let head = ["component", "collections", "major", "p99 pause", "total pause", "efficiency", "live", "heaps"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(gc.by_component.iter().take(top).map(|part| {
        let figures = &part.figures;
        vec![
            cut(&part.title),
            figures.count.to_string(),
            figures.major.to_string(),
            us(figures.pause_us.p99),
            us(figures.pause_us.total),
            share(figures.efficiency),
            bytes_text(figures.live_bytes),
            figures.heaps.to_string(),
        ]
    }));
    rows
}

/// The longest pauses, with whose and when.
pub fn worst(gc: &GcPart, top: usize) -> Vec<Vec<String>> {
    let head = ["longest pauses", "collection", "process", "at", "reclaimed", "live after"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(gc.worst.iter().take(top).map(|pause| {
        vec![
            us(pause.pause_us),
            pause.sort.to_owned(),
            cut(&pause.name),
            clock(pause.at_s),
            bytes_text(pause.reclaimed_bytes as f64),
            bytes_text(pause.live_bytes as f64),
        ]
    }));
    rows
}

fn us(microseconds: f64) -> String {
    duration_text(microseconds / 1e6)
}
