//! Heaps that obey a law exactly.

use super::*;
use crate::model::entity::EntityId;
use crate::model::gc::{GcEvent, GcKind, HeapSettings};
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
