//! Heaps that obey a law exactly.

use super::*;
use crate::model::entity::EntityId;
use crate::model::gc::{GcEvent, GcKind, HeapSettings};
use crate::model::gc_logged::{GcPhase, LoggedCollection};
use crate::model::time::Timestamp;

const MIB: f64 = 1_048_576.0;
const LIVE: f64 = 100.0 * MIB;
const RATE: f64 = 50.0 * MIB;

/// A heap that obeys a law exactly: collected whenever `headroom` has been allocated; every `full_every`-th time in full.
fn heap(name: &str, limit: f64, headroom: f64, full_every: usize) -> TracedHeap {
    let every_s = headroom / RATE;
    let mut old = 0.0;
    let events = (0..400_usize).map(|number| {
        let is_full = number % full_every == full_every - 1;
        let after = if is_full { LIVE } else { LIVE + old };
        old = if is_full { 0.0 } else { old + 0.002 * headroom };
        GcEvent {
            at: Timestamp(0).plus_seconds((number + 1) as f64 * every_s),
            entity: EntityId(1),
            kind: if is_full { GcKind::Major } else { GcKind::Minor },
            pause_ns: if is_full { 60_000_000 } else { 8_000_000 },
            before_words: ((after + headroom) / 8.0) as u64,
            after_words: (after / 8.0) as u64,
            held_words: (limit / 8.0) as u64,
            reclaimed_words: (headroom / 8.0) as u64,
            beam: None,
            logged: None,
        }
    });
    let settings = Some(HeapSettings { max_heap_words: (limit / 8.0) as u64, ..HeapSettings::default() });
    let events: Vec<GcEvent> = events.collect();
    let to = events[events.len() - 1].at;
    TracedHeap {
        entity: EntityId(1),
        name: name.to_owned(),
        collector: None,
        settings,
        from: Timestamp(0),
        to,
        end: None,
        events,
    }
}

fn ask(traced: TracedHeap, limit: f64) -> Part {
    let component = crate::whatif::data::ComponentData { id: "heap".into(), heaps: vec![traced], ..Default::default() };
    let data = SessionData { word_bytes: 8, components: vec![component], ..SessionData::default() };
    let settings = [Setting::parse(&format!("heap.max_bytes={limit}")).unwrap()];
    predict(&data, &settings, Effort::Full, &|| false).remove(0)
}

fn per_min(part: &Part) -> Band {
    part.outcomes
        .iter()
        .find(|outcome| outcome.metric == "gc.count_per_min")
        .unwrap_or_else(|| panic!("{part:?}"))
        .predicted
}

#[test]
fn full_collections_follow_the_headroom() {
    let base = 800.0 * MIB;
    for limit in [400.0 * MIB, 600.0 * MIB, 1600.0 * MIB, 3200.0 * MIB] {
        let part = ask(heap("plain", base, base - LIVE, 1), limit);
        let truth = 60.0 * RATE / (limit - LIVE);
        let said = per_min(&part);
        assert!((said.value / truth - 1.0).abs() < 0.01, "{limit}: {said:?} {truth}");
        assert!(said.low <= truth && truth <= said.high);
    }
}

#[test]
fn young_collections_follow_the_limit_alone() {
    let base = 800.0 * MIB;
    for limit in [400.0 * MIB, 1600.0 * MIB] {
        let part = ask(heap("serial", base, 0.2667 * base, 50), limit);
        let truth = 60.0 * RATE / (0.2667 * limit);
        assert!((per_min(&part).value / truth - 1.0).abs() < 0.03);
    }
    // G1: six tenths of the limit, less where that does not fit.
    let young = |limit: f64| (0.6 * limit).min(0.92 * (0.9 * limit - LIVE));
    let part = ask(heap("G1", base, young(base), 50), 400.0 * MIB);
    assert!((per_min(&part).value / (60.0 * RATE / young(400.0 * MIB)) - 1.0).abs() < 0.03);
}

#[test]
fn limits_near_what_lives_and_far_ones_are_refused() {
    let base = 800.0 * MIB;
    let refusal = |name: &str, limit: f64| {
        let part = ask(heap(name, base, base - LIVE, 1), limit);
        assert_eq!(part.confidence.grade, Grade::Refused, "{limit}");
        part.confidence.reason.unwrap()
    };
    assert!(refusal("plain", 110.0 * MIB).contains("out of memory"));
    assert!(refusal("plain", 190.0 * MIB).contains("times what lives"));
    assert!(refusal("Go heap", 240.0 * MIB).contains("2.5 times"));
    assert!(refusal("plain", 4000.0 * MIB).contains("four times"));
    let low = ask(heap("plain", base, base - LIVE, 1), 250.0 * MIB);
    assert!(low.outcomes.iter().all(|outcome| !outcome.metric.starts_with("gc.pause")), "{low:?}");
    let mut short = heap("plain", base, base - LIVE, 1);
    short.events.truncate(12);
    assert!(ask(short, base).confidence.reason.unwrap().contains("too few"));
}

/// A heap as a log tells it: `LIVE` and a little garbage of the old generation, collected by a named collector.
fn told(collector: &str, limit: f64, eden: f64, promoted: f64) -> TracedHeap {
    let mut traced = heap("Java heap", limit, eden, usize::MAX);
    traced.collector = Some(collector.to_owned());
    for event in &mut traced.events {
        let logged = LoggedCollection {
            phase: GcPhase::Young,
            promoted_bytes: Some(promoted as u64),
            young_after_bytes: Some(1000),
            ..LoggedCollection::default()
        };
        event.logged = Some(logged);
        event.after_words = (LIVE / 8.0) as u64;
        event.before_words = ((LIVE + eden) / 8.0) as u64;
    }
    traced
}

#[test]
fn g1_is_answered_in_its_quiet_regime_and_bounded_elsewhere() {
    let base = 800.0 * MIB;
    let eden = 0.6 * base;
    let quiet = ask(told("G1", base, eden, 0.0), 1600.0 * MIB);
    assert_eq!(quiet.confidence.grade, Grade::Replayed);
    assert!((per_min(&quiet).value / (60.0 * RATE / (0.6 * 1600.0 * MIB)) - 1.0).abs() < 0.03);
    let mut mixed = told("G1", base, 0.4 * base, 0.0);
    mixed.events[200].logged.as_mut().unwrap().phase = GcPhase::Mixed;
    for (traced, limit) in
        [(mixed, 1600.0), (told("G1", base, eden, 0.1 * eden), 1600.0), (told("G1", base, eden, 0.0), 260.0)]
    {
        let part = ask(traced, limit * MIB);
        assert_eq!(part.confidence.grade, Grade::Bound, "{limit}");
        let band = per_min(&part);
        assert!(band.high.is_infinite() && (band.low / (60.0 * RATE / (0.6 * limit * MIB)) - 1.0).abs() < 0.03);
        assert_eq!(part.outcomes.iter().filter(|it| it.metric.starts_with("gc.pause")).count(), 0);
    }
    // A recording whose young generation is not what the law says is none of the law.
    let part = ask(told("G1", base, 0.3 * base, 0.0), 900.0 * MIB);
    assert!(part.confidence.reason.unwrap().contains("does not describe"));
}

#[test]
fn parallel_and_collectors_without_a_tried_law_are_refused_where_they_should_be() {
    let base = 800.0 * MIB;
    let part = ask(told("Parallel", base, 0.27 * base, 0.0), 240.0 * MIB);
    assert!(part.confidence.reason.unwrap().contains("below 2.5 times"));
    for collector in ["ZGC", "Shenandoah"] {
        let part = ask(told(collector, base, 0.5 * base, 0.0), 900.0 * MIB);
        assert_eq!(part.confidence.grade, Grade::Refused, "{collector}");
    }
    let mut growing = told("Serial", base, 0.2667 * base, 0.0);
    for (number, event) in growing.events.iter_mut().enumerate() {
        event.after_words += number as u64 * 50_000;
        event.before_words += number as u64 * 50_000;
    }
    assert!(ask(growing, 900.0 * MIB).confidence.reason.unwrap().contains("grows all along"));
}

/// What survives is either a ring or a part of what is allocated; the answer is between, and holds both.
#[test]
fn pauses_span_both_extremes_of_what_survives() {
    let base = 800.0 * MIB;
    let part = ask(told("Serial", base, 0.2667 * base, 0.0), 1600.0 * MIB);
    let share = part.outcomes.iter().find(|it| it.metric == "gc.pause_share").unwrap();
    let (now, said) = (share.baseline.unwrap(), share.predicted);
    assert!(said.low < 0.5 * now && now < said.high, "{said:?} from {now}");
    assert!(said.value > 0.5 * now && said.value < now);
    let same = ask(told("Serial", base, 0.2667 * base, 0.0), base);
    assert_eq!(same.confidence.grade, Grade::Measured);
}

/// A heap of Go: the next collection ends when as much was allocated as lives.
fn go(gogc: f64, marking: f64) -> TracedHeap {
    let mut traced = heap("Go heap", LIVE * (1.0 + gogc / 100.0), LIVE * gogc / 100.0, 1);
    traced.collector = Some(String::from("Go"));
    traced.settings = None;
    for event in &mut traced.events {
        let goal = LIVE * (1.0 + gogc / 100.0);
        let every_s = LIVE * gogc / 100.0 / RATE;
        event.pause_ns = 0;
        event.logged = Some(LoggedCollection {
            phase: GcPhase::Cycle,
            user_ns: 20_000_000,
            concurrent_ns: (marking * every_s * 1e9) as u64,
            marked_bytes: Some((LIVE / 8.0) as u64),
            goal_bytes: Some((goal / 8.0) as u64),
            ..LoggedCollection::default()
        });
        event.before_words = (goal / 8.0) as u64;
    }
    for event in &mut traced.events {
        // Sizes of logs are bytes.
        event.before_words *= 8;
        event.after_words *= 8;
        event.held_words *= 8;
        event.reclaimed_words *= 8;
        let logged = event.logged.as_mut().unwrap();
        logged.marked_bytes = logged.marked_bytes.map(|bytes| bytes * 8);
        logged.goal_bytes = logged.goal_bytes.map(|bytes| bytes * 8);
    }
    traced
}

fn ask_go(traced: TracedHeap, setting: &str) -> Part {
    let component = crate::whatif::data::ComponentData { id: "go".into(), heaps: vec![traced], ..Default::default() };
    let data = SessionData { word_bytes: 1, cores: Some(2.0), components: vec![component], ..SessionData::default() };
    predict(&data, &[Setting::parse(setting).unwrap()], Effort::Full, &|| false).remove(0)
}

#[test]
fn go_follows_its_percentage_and_its_memory_limit() {
    for percent in [50.0, 200.0, 400.0] {
        let part = ask_go(go(100.0, 0.1), &format!("heap.gogc_percent={percent}"));
        let truth = 60.0 * RATE / (LIVE * percent / 100.0);
        assert!((per_min(&part).value / truth - 1.0).abs() < 0.02, "{percent}: {part:?}");
        let cpu = part.outcomes.iter().find(|it| it.metric == "gc.cpu_share").unwrap();
        assert!((cpu.predicted.value / (truth / 60.0 * 0.02 / 2.0) - 1.0).abs() < 0.02);
    }
    assert_eq!(ask_go(go(100.0, 0.1), "heap.gogc_percent=101").confidence.grade, Grade::Measured);
    let part = ask_go(go(100.0, 0.1), &format!("heap.max_bytes={}", 400.0 * MIB));
    let truth = 60.0 * RATE / (0.9 * 400.0 * MIB - 4.0 * MIB - LIVE);
    assert!((per_min(&part).value / truth - 1.0).abs() < 0.02);
    assert!(part.notes.iter().any(|note| note.contains("GOGC=off")));
    let part = ask_go(go(100.0, 0.7), "heap.gogc_percent=200");
    assert!(part.confidence.reason.unwrap().contains("Marking goes on"));
}

#[test]
fn the_small_beginning_of_a_collector_that_sizes_itself_is_left_out() {
    let mut traced = told("G1", 800.0 * MIB, 0.6 * 800.0 * MIB, 0.0);
    traced.events.truncate(40);
    for event in &mut traced.events[..9] {
        event.before_words = ((LIVE + 30.0 * MIB) / 8.0) as u64;
    }
    let all: Vec<&GcEvent> = traced.events.iter().collect();
    assert_eq!(after_start_up(&all).len(), 40 - 9);
    let plain = heap("plain", 800.0 * MIB, 300.0 * MIB, 1);
    let all: Vec<&GcEvent> = plain.events.iter().collect();
    assert_eq!(after_start_up(&all).len(), 360, "else the first tenth");
}

#[test]
fn a_leak_is_not_answered_with_a_rate() {
    let mut traced = heap("plain", 800.0 * MIB, 200.0 * MIB, 1);
    for (number, event) in traced.events.iter_mut().enumerate() {
        event.after_words += number as u64 * 100_000;
        event.before_words += number as u64 * 100_000;
    }
    let part = ask(traced, 900.0 * MIB);
    assert!(part.confidence.reason.unwrap().contains("grows all along"));
}
