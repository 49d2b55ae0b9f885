//! Rules on observations put together by hand; growth and shapes have tests of their own.

use std::collections::BTreeMap;

use super::*;
use crate::model::entity::EntityKind;
use crate::model::metric::{self, MetricKey};
use crate::model::time::{NS_PER_S, Timestamp};

const SECONDS: usize = 400;

fn track(value: impl Fn(usize) -> f64) -> Track {
    let level = |at: usize| Level { at_s: at as f64, count: 1, min: value(at), mean: value(at), max: value(at) };
    Track { width_s: 1.0, levels: (0..SECONDS).map(level).collect() }
}

fn subject(id: u32, kind: EntityKind, name: &str, series: Vec<(MetricKey, Track)>) -> Subject {
    Subject {
        entity: EntityId(id),
        kind,
        name: name.to_owned(),
        component: (kind != EntityKind::Runtime).then(|| ComponentId::from("app:shop")),
        attributes: BTreeMap::new(),
        series: series.into_iter().collect(),
    }
}

/// A node with two schedulers and 100 MB in use, of which one is idle.
fn node(subjects: Vec<Subject>) -> Observed {
    let whole = vec![
        (metric::MEMORY_USED, track(|_| 100e6)),
        (metric::CPU_UTILIZATION, track(|_| 0.55)),
        (metric::BEAM_RUN_QUEUE, track(|_| 0.0)),
    ];
    let mut all = vec![subject(0, EntityKind::Runtime, "shop@db1", whole)];
    all.extend(subjects);
    let start = Timestamp(0);
    Observed {
        source: String::from("beam:shop@db1"),
        start,
        range: TimeRange::new(start, start.plus_ns(SECONDS as i64 * NS_PER_S)),
        subjects: all,
        schedulers: 2,
        stacks: BTreeMap::new(),
        stated: BTreeMap::new(),
    }
}

fn process(id: u32, name: &str, series: Vec<(MetricKey, Track)>) -> Subject {
    subject(id, EntityKind::BeamProcess, name, series)
}

fn table(id: u32, name: &str, rows: impl Fn(usize) -> f64, row_bytes: f64) -> Subject {
    let bytes = track(|at| rows(at) * row_bytes);
    subject(id, EntityKind::EtsTable, name, vec![(metric::TABLE_OBJECTS, track(rows)), (metric::MEMORY_USED, bytes)])
}

fn ids(observed: &Observed) -> Vec<String> {
    find(observed).list.into_iter().map(|finding| finding.id).collect()
}

#[test]
fn a_process_at_its_limit_with_waiting_messages_is_a_bottleneck() {
    let burst = |at: usize| (100..115).contains(&at) || (200..215).contains(&at);
    let cores = || track(|at| if burst(at) { 1.0 } else { 0.1 });
    let queue = || track(|at| if burst(at) { ((at % 100) * 4) as f64 } else { 0.0 });
    let busy = |queue| process(1, "registry", vec![(metric::CPU_CORES, cores()), (metric::QUEUE_LENGTH, queue)]);
    let mut observed = node(vec![busy(queue())]);
    let mut stacks = Stacks::default();
    let frames =
        ["gen_server:loop/7", "registry:handle_call/3 (registry.erl:30)", "registry:search/2 (registry.erl:50)"];
    let frames: Vec<String> = frames.map(str::to_owned).to_vec();
    stacks.count(&frames, 50);
    stacks.count(&frames[..2], 50);
    observed.stacks.insert(EntityId(1), stacks);
    let found = find(&observed).list;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].rule_class, found[0].severity), (RuleClass::Serialization, Severity::Warning));
    assert!(found[0].is_about_entity(EntityId(1)) && found[0].is_about_component(&ComponentId::from("app:shop")));
    for part in ["registry", "30 s", "search/2 50 %", "3.73 /s"] {
        assert!(found[0].message.contains(part), "{part}: {}", found[0].message);
    }
    // Nobody waits: it is busy, no bottleneck. All schedulers are busy: the node is small, whoever runs.
    assert_eq!(ids(&node(vec![busy(track(|_| 0.0))])), Vec::<String>::new());
    let mut full = node(vec![busy(queue())]);
    full.subjects[0].series.insert(metric::CPU_UTILIZATION, track(|_| 1.0));
    full.subjects[0].series.insert(metric::BEAM_RUN_QUEUE, track(|_| 9.0));
    assert_eq!(ids(&full), Vec::<String>::new());
}

#[test]
fn a_queue_that_grows_is_told_from_one_that_drains() {
    let with = |queue: Track| find(&node(vec![process(1, "inbox", vec![(metric::QUEUE_LENGTH, queue)])])).list;
    let grows = with(track(|at| if at < 200 { (at % 3) as f64 } else { (at - 200) as f64 * 20.0 }));
    assert_eq!(grows.len(), 1, "{grows:?}");
    assert_eq!((grows[0].rule_class, grows[0].severity), (RuleClass::QueueGrowth, Severity::Warning));
    assert!(grows[0].message.contains("20 /s") && grows[0].message.contains("since 3 min 1"), "{}", grows[0].message);
    assert_eq!(with(track(|at| ((at % 45) * 9) as f64)), Vec::new(), "a queue that builds up and drains");
    let was = with(track(|at| if at < 100 { at as f64 * 50.0 } else { 0.0 }));
    assert_eq!(was[0].severity, Severity::Info, "{was:?}");
    let long = with(track(|at| 200_000.0 + (at % 7) as f64));
    assert_eq!((long[0].rule_class, long[0].severity), (RuleClass::LongQueue, Severity::Critical));
}

#[test]
fn tables_alike_all_the_time_are_suspected() {
    let grows = |at: usize| 50_000.0 + at as f64;
    let alike = node(vec![table(1, "users", grows, 400.0), table(2, "users_copy", grows, 401.0)]);
    let found = find(&alike).list;
    let found: Vec<_> = found.iter().filter(|it| it.rule_class == RuleClass::RedundantTables).collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].grade, found[0].id.as_str()), (Grade::Suspected, "redundant_tables:users+users_copy"));
    let others = [
        table(2, "other_rows", |at| 40_000.0 + at as f64, 400.0),
        table(2, "other_sizes", grows, 500.0),
        table(2, "at_rest", |_| 50_200.0, 400.0),
    ];
    for other in others {
        let name = other.name.clone();
        let found = ids(&node(vec![table(1, "users", grows, 400.0), other]));
        assert!(!found.iter().any(|id| id.starts_with("redundant")), "{name}: {found:?}");
    }
    let index = |id, name| table(id, name, |_| 50_000.0, 104.0);
    assert_eq!(ids(&node(vec![index(1, "by_name"), index(2, "by_age")])), Vec::<String>::new(), "short rows are alike");
}

#[test]
fn a_leak_is_told_where_it_is_and_only_once() {
    let saw = |at: usize| 5e6 + at as f64 * 50e3 + (at % 20) as f64 * 300e3;
    // A heap grows in steps, each time by a fifth or more.
    let held = track(|at| 8e6 * 1.3_f64.powi((saw(at / 40 * 40) / 8e6).ln().max(0.0).div_euclid(0.262) as i32 + 1));
    let leak = process(1, "history", vec![(metric::HEAP_LIVE, track(saw)), (metric::HEAP_HELD, held)]);
    let component = subject(2, EntityKind::Component, "shop", vec![(metric::MEMORY_USED, track(|at| 30e6 + saw(at)))]);
    let mut observed = node(vec![leak, component]);
    observed.subjects[0].series.insert(metric::MEMORY_USED, track(|at| 100e6 + saw(at)));
    let found = find(&observed).list;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].id, "leak:history:heap.live_bytes");
    assert!(found[0].message.contains("MB/min"), "{}", found[0].message);
    // No full collection was seen, by which the heap would have changed its size: what fills it may be garbage.
    let fills = vec![(metric::HEAP_LIVE, track(saw)), (metric::HEAP_HELD, track(|_| 60e6))];
    let found = find(&node(vec![process(1, "history", fills)]));
    assert!(!found.list.iter().any(|finding| finding.rule_class == RuleClass::Leak), "{found:?}");
    assert!(found.not_examined[0].contains("history (heap in use"), "{found:?}");
}

#[test]
fn short_recordings_say_what_they_can_not_tell() {
    let mut observed = node(Vec::new());
    observed.range.to = observed.range.from.plus_ns(60 * NS_PER_S);
    let found = find(&observed);
    assert!(found.list.is_empty());
    assert!(found.not_examined.iter().any(|text| text.starts_with("Leaks") && text.contains("5 min")));
}

#[test]
fn limits_that_come_near_are_named_with_the_time_that_is_left() {
    let mut observed = node(Vec::new());
    let share = |at: usize| 0.75 + at as f64 / 4000.0;
    observed.subjects[0].series.insert(metric::BEAM_PROCESS_LIMIT_SHARE, track(share));
    let found = find(&observed).list;
    assert_eq!((found[0].rule_class, found[0].severity), (RuleClass::Limit, Severity::Warning));
    assert!(found[0].message.contains("limit is reached in"), "{}", found[0].message);
    observed.subjects[0].series.insert(metric::BEAM_PROCESS_LIMIT_SHARE, track(|_| 0.95));
    let found = find(&observed).list;
    assert_eq!(found[0].severity, Severity::Critical);
    assert!(found[0].message.contains("not seen to grow"), "{}", found[0].message);
    let mut observed = node(Vec::new());
    observed.subjects[0].series.insert(metric::BEAM_ATOMS, track(|at| 20_000.0 + 10.0 * at as f64));
    observed.subjects[0]
        .series
        .insert(metric::BEAM_ATOM_LIMIT_SHARE, track(|at| (20_000.0 + 10.0 * at as f64) / 1_048_576.0));
    let found = find(&observed).list;
    assert_eq!((found[0].rule_class, found[0].severity), (RuleClass::AtomGrowth, Severity::Warning));
}

#[test]
fn heaps_that_hold_for_nothing_are_named() {
    let heap = |id, name, held: f64, live: f64, binaries: f64| {
        let series = [(metric::HEAP_HELD, held), (metric::HEAP_LIVE, live), (metric::BINARY_HELD, binaries)];
        process(id, name, series.map(|(metric, value)| (metric, track(move |_| value))).to_vec())
    };
    let observed = node(vec![
        heap(1, "big", 30e6, 1e6, 0.0),
        heap(2, "full", 30e6, 25e6, 0.0),
        heap(3, "views", 0.1e6, 0.05e6, 13e6),
        heap(4, "small", 0.2e6, 0.01e6, 0.5e6),
    ]);
    assert_eq!(ids(&observed), ["binaries_held:views", "heap_efficiency:app:shop"]);
}

#[test]
fn many_in_ets_are_a_sign_of_contention() {
    let mut plain = table(9, "sessions", |_| 5000.0, 300.0);
    plain.attributes.insert(String::from("protection"), String::from("public"));
    let mut subjects = vec![plain];
    subjects.extend((1..5).map(|id| process(id, &format!("worker {id}"), Vec::new())));
    let mut observed = node(subjects);
    for id in 1..5 {
        let mut stacks = Stacks::default();
        stacks.count(&[String::from("worker:run/1"), String::from("ets:insert/2")], 40);
        stacks.count(&[String::from("worker:run/1")], 40);
        observed.stacks.insert(EntityId(id), stacks);
    }
    let found = find(&observed).list;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].grade, Grade::Inferred);
    assert!(found[0].message.contains("sessions") && found[0].message.contains("50 %"), "{}", found[0].message);
}
