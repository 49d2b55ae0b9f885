//! Things that several of these tests need.

use std::path::{Path, PathBuf};

use vivarium::model::batch::{Batch, Census, Notice, Sample, StackSample};
use vivarium::model::entity::{Entity, EntityId, EntityKind};
use vivarium::model::gc::{
    BeamCollection, GcEvent, GcKind, GcTracing, HeapSettings, HeapSizes, TracingChange, TracingEnd,
};
use vivarium::model::metric::{CPU_CORES, MEMORY_RESIDENT, MetricKey};
use vivarium::model::request::{Request, RequestOutcome};
use vivarium::model::series::{Gap, SeriesKey};
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::store::recording::{Opened, Recording, RecordingInfo, Writer};

/// 2026-11-24T00:00:00Z.
pub const START: Timestamp = Timestamp(1_795_478_400 * NS_PER_S);
pub const ALL: TimeRange = TimeRange { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) };

/// A fixed sequence that looks random.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 29)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

pub fn second(index: i64) -> Timestamp {
    START.plus_ns(index * NS_PER_S)
}

pub fn key(entity: u32, metric: MetricKey) -> SeriesKey {
    SeriesKey { entity: EntityId(entity), metric }
}

pub fn info() -> RecordingInfo {
    RecordingInfo {
        source: String::from("host"),
        title: String::from("this machine (test)"),
        started: START,
        notes: vec![String::from("Other users' I/O can't be read."), String::from("<b>&\"'</b>")],
    }
}

pub fn new_file(folder: &tempfile::TempDir) -> (PathBuf, Writer) {
    let path = folder.path().join("test.vivarium");
    let writer = Writer::create(&path, &info()).unwrap();
    (path, writer)
}

/// Opens a file that must be whole.
pub fn open(path: &Path) -> Recording {
    let Opened { recording, warnings } = Recording::open(path).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    recording
}

pub fn entity(id: u32) -> Entity {
    Entity {
        id: EntityId(id),
        kind: EntityKind::OsProcess,
        key: format!("os:{id}:1795478400"),
        name: format!("worker {id}"),
        parent: (id > 1).then_some(EntityId(1)),
        component: Some("exe:worker".into()),
        started: Some(START),
        ended: None,
        attributes: [("exe".to_owned(), format!("/usr/bin/worker{id}")), ("pid".to_owned(), id.to_string())].into(),
    }
}

/// What entity `id` has at second `index`.
pub fn value(id: u32, index: i64) -> f64 {
    (i64::from(id) * 1_000_000 + index * 7 % 1000) as f64
}

/// A batch with two metrics of some entities.
pub fn batch(index: i64, entities: u32) -> Batch {
    let samples = (1..=entities).flat_map(|id| {
        let sample = |metric, value| Sample { entity: EntityId(id), metric, value };
        [sample(MEMORY_RESIDENT, value(id, index)), sample(CPU_CORES, value(id, index) / 8.0)]
    });
    Batch { at: second(index), samples: samples.collect(), ..Batch::default() }
}

/// A batch that has one of everything besides samples.
pub fn events(index: i64) -> Batch {
    let at = second(index);
    let frames = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let stack = |frames, weight| StackSample { at, entity: EntityId(2), frames, weight };
    Batch {
        at,
        appeared: vec![entity(90)],
        vanished: vec![EntityId(2)],
        census: Some(Census {
            at,
            rows: (1..200)
                .map(|id| Sample { entity: EntityId(id), metric: MEMORY_RESIDENT, value: f64::from(id) * 4096.0 })
                .collect(),
        }),
        gc_events: vec![
            GcEvent {
                at,
                entity: EntityId(2),
                kind: GcKind::Minor,
                pause_ns: 1_200,
                before_words: 4_000,
                after_words: 1_000,
                held_words: 6_772,
                reclaimed_words: 3_000,
                beam: None,
                logged: None,
            },
            GcEvent {
                at,
                entity: EntityId(3),
                kind: GcKind::Major,
                pause_ns: 9_000_000,
                before_words: 1 << 40,
                after_words: 5,
                held_words: 233,
                reclaimed_words: (1 << 40) - 5,
                beam: None,
                logged: None,
            },
            GcEvent::of_beam(
                at,
                EntityId(3),
                GcKind::FailedMinor,
                77,
                0,
                BeamCollection {
                    need_words: 8,
                    start: HeapSizes::from_array([220, 233, 0, 0, 5, 0, 71, 1 << 40, 46_422, 127, 46_422]),
                    end: HeapSizes::from_array([180, 376, 610, 1, 128, 180, 0, 129, 46_422, 16_384, u64::MAX]),
                },
            ),
        ],
        gc_tracing: vec![
            GcTracing {
                at,
                entity: EntityId(2),
                change: TracingChange::Began(Some(HeapSettings { min_heap_words: 233, ..HeapSettings::default() })),
            },
            GcTracing { at, entity: EntityId(2), change: TracingChange::Ended(TracingEnd::Gone) },
        ],
        requests: vec![Request {
            arrival: at,
            entity: EntityId(2),
            start: Some(at.plus_ns(5)),
            service_ns: Some(7),
            ready: None,
            key: Some(u64::MAX - 1),
            operation: Some(String::from("lookup")),
            worker: Some(3),
            reused: Some(true),
            outcome: RequestOutcome::Timeout,
        }],
        stack_samples: vec![
            stack(frames(&["proc_lib:init_p_do_apply/3", "gen_server:loop/7"]), 3),
            stack(frames(&["gen_server:loop/7"]), 1),
            stack(Vec::new(), 1),
            stack(frames(&["proc_lib:init_p_do_apply/3", "gen_server:loop/7"]), 2),
        ],
        gaps: vec![Gap { range: TimeRange::new(second(index - 5), at), why: String::from("The node was away.") }],
        notices: vec![Notice { at, text: String::from("Slowed down to every 2 s.") }],
        ..Batch::default()
    }
}
