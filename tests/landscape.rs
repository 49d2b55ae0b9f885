//! The memory landscape and the timeline of collections of a recording: from the file to what the window and the shell show.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use vivarium::analysis::gc_timeline::{Sort, Timeline};
use vivarium::analysis::landscape::difference::{Difference, How};
use vivarium::analysis::landscape::{Kind, Landscape, Part, Step, Whole};
use vivarium::model::batch::{Batch, Census, Sample};
use vivarium::model::entity::{Entity, EntityId, EntityKind};
use vivarium::model::gc::{
    BeamCollection, GcEvent, GcKind, GcTracing, HeapSettings, HeapSizes, TracingChange, TracingEnd,
};
use vivarium::model::metric::{self, MetricKey};
use vivarium::model::series::Gap;
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::session::answer::{Known, answer};
use vivarium::session::open::{Session, describe, discovered, open_path};
use vivarium::state::question::{Answer, Question};
use vivarium::store::recording::{RecordingInfo, Writer};

const START: Timestamp = Timestamp(1_795_478_400 * NS_PER_S);
const NODE: EntityId = EntityId(0);
const ALLOCATOR: EntityId = EntityId(1);
const TABLE: EntityId = EntityId(2);
const SHOP: EntityId = EntityId(3);
/// The first process; others follow.
const FIRST: u32 = 10;

const DOCUMENT: &str = r#"(
    format: "vivarium-session",
    version: 1,
    title: "A shop",
    components: [
        (id: "nobody", title: "Nobody's box", kind: System, selectors: [(name: Some("no such process"))]),
    ],
)"#;

fn second(index: i64) -> Timestamp {
    START.plus_ns(index * NS_PER_S)
}

fn range(from: i64, to: i64) -> TimeRange {
    TimeRange::new(second(from), second(to))
}

fn entity(id: EntityId, kind: EntityKind, name: &str, component: Option<&str>) -> Entity {
    Entity {
        id,
        kind,
        key: if kind == EntityKind::Component { name.to_owned() } else { format!("beam:shop@db1/{}", id.0) },
        name: name.to_owned(),
        parent: None,
        component: component.map(Into::into),
        started: None,
        ended: None,
        attributes: [("word_bytes".to_owned(), "8".to_owned())].into(),
    }
}

fn process(id: u32, started: Option<i64>) -> Entity {
    let started = started.map(second);
    Entity { started, ..entity(EntityId(id), EntityKind::BeamProcess, &format!("worker {id}"), Some("app:shop")) }
}

fn sample(entity: EntityId, metric: MetricKey, value: f64) -> Sample {
    Sample { entity, metric, value }
}

/// A process of `bytes`: a tenth is its own structure, of the rest half is free, and a tenth of that is the stack.
fn sizes(id: u32, bytes: f64) -> Vec<Sample> {
    let (id, held) = (EntityId(id), bytes * 0.9);
    vec![
        sample(id, metric::MEMORY_USED, bytes),
        sample(id, metric::HEAP_HELD, held),
        sample(id, metric::HEAP_LIVE, held * 0.5),
        sample(id, metric::HEAP_STACK, held * 0.1),
    ]
}

/// A node with three processes; the first has a series, the others are in the census only. At 60 s the third is gone and a fourth came.
struct Node {
    _folder: TempDir,
    path: PathBuf,
    writer: Option<Writer>,
}

impl Node {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.vivarium");
        let info = RecordingInfo {
            source: String::from("beam:shop@db1"),
            title: String::from("shop@db1"),
            started: START,
            notes: Vec::new(),
        };
        let mut writer = Writer::create(&path, &info).unwrap();
        let appeared = vec![
            entity(NODE, EntityKind::Runtime, "shop@db1", None),
            entity(ALLOCATOR, EntityKind::Allocator, "eheap_alloc", None),
            entity(TABLE, EntityKind::EtsTable, "orders", Some("app:shop")),
            entity(SHOP, EntityKind::Component, "app:shop", Some("app:shop")),
            process(FIRST, None),
            process(FIRST + 1, None),
            process(FIRST + 2, None),
        ];
        writer.append(&Batch { at: START, appeared, ..Batch::default() }).unwrap();
        Self { _folder: folder, path, writer: Some(writer) }
    }

    fn append(&mut self, batch: Batch) -> &mut Self {
        self.writer.as_mut().unwrap().append(&batch).unwrap();
        self
    }

    /// What is measured at a second: the total, the component, the table, and the first process.
    fn measure(&mut self, at: i64, total: f64, component: f64, first: f64) -> &mut Self {
        let mut samples = vec![
            sample(NODE, metric::MEMORY_USED, total),
            sample(SHOP, metric::MEMORY_USED, component),
            sample(TABLE, metric::MEMORY_USED, 1e6),
        ];
        samples.extend(sizes(FIRST, first));
        self.append(Batch { at: second(at), samples, ..Batch::default() })
    }

    fn census(&mut self, at: i64, processes: &[(u32, f64)]) -> &mut Self {
        let mut rows = vec![sample(TABLE, metric::MEMORY_USED, 1e6)];
        rows.extend(processes.iter().flat_map(|(id, bytes)| sizes(*id, *bytes)));
        let census = Some(Census { at: second(at), rows });
        self.append(Batch { at: second(at), census, ..Batch::default() })
    }

    /// The whole story.
    fn told(mut self) -> Self {
        self.measure(10, 20e6, 9e6, 4e6).census(10, &[(FIRST, 4e6), (FIRST + 1, 2e6), (FIRST + 2, 1e6)]);
        let of_allocator = [
            sample(ALLOCATOR, metric::ALLOCATOR_CARRIERS, 40e6),
            sample(ALLOCATOR, metric::ALLOCATOR_UTILIZATION, 0.6),
            sample(NODE, metric::ALLOCATOR_CARRIERS, 40e6),
            sample(NODE, metric::MEMORY_RESIDENT, 35e6),
        ];
        self.append(Batch { at: second(11), samples: of_allocator.to_vec(), ..Batch::default() });
        self.measure(20, 22e6, 9e6, 4e6);
        let gap = Gap { range: range(20, 50), why: String::from("the connection was lost.") };
        self.append(Batch { at: second(50), gaps: vec![gap], ..Batch::default() });
        let changed = Batch {
            at: second(55),
            appeared: vec![process(FIRST + 3, Some(55))],
            vanished: vec![EntityId(FIRST + 2)],
            ..Batch::default()
        };
        self.append(changed).measure(60, 25e6, 13e6, 7e6);
        self.census(60, &[(FIRST, 7e6), (FIRST + 1, 2e6), (FIRST + 3, 3e6)]);
        self
    }

    fn collections(mut self) -> Self {
        let traced = |at: i64, entity: u32, change| GcTracing { at: second(at), entity: EntityId(entity), change };
        let began = TracingChange::Began(Some(HeapSettings::default()));
        let tracing = vec![
            traced(10, FIRST, began),
            traced(10, FIRST + 1, began),
            traced(30, FIRST + 1, TracingChange::Ended(TracingEnd::Stopped)),
        ];
        self.append(Batch { at: second(30), gc_tracing: tracing, ..Batch::default() });
        let event = |at: i64, entity: u32, kind: GcKind, pause_ns: u64, need_words: u64| {
            let start = HeapSizes { heap: 360, heap_block: 376, bin_vheap_block: 46_422, ..HeapSizes::default() };
            let beam = BeamCollection { need_words, start, end: HeapSizes { heap: 100, ..start } };
            GcEvent::of_beam(second(at), EntityId(entity), kind, pause_ns, 260, beam)
        };
        let gc_events = vec![
            event(12, FIRST, GcKind::Minor, 4_000, 100),
            event(14, FIRST, GcKind::Major, 90_000, 0),
            event(15, FIRST + 1, GcKind::Major, 30_000, 100),
        ];
        self.append(Batch { at: second(30), gc_events, ..Batch::default() });
        self
    }

    fn open(&mut self) -> Session {
        if let Some(mut writer) = self.writer.take() {
            writer.set_document(DOCUMENT).unwrap();
            writer.finish().unwrap();
        }
        open_path(&self.path).unwrap()
    }

    fn ask(&mut self, question: &Question) -> Answer {
        let session = self.open();
        let info = describe(&session, false).unwrap();
        let found = discovered(&session.document, &info.entities);
        let known = Known {
            document: &session.document,
            discovered: &found,
            entities: &info.entities,
            source: &info.source,
            span: info.span,
        };
        answer(question, known, session.recording.as_ref()).unwrap()
    }

    fn landscape(&mut self, at: i64) -> Landscape {
        match self.ask(&Question::Landscape { at: Some(second(at)) }) {
            Answer::Landscape(Some(landscape)) => landscape,
            other => panic!("{other:?}"),
        }
    }

    fn change(&mut self, from: i64, to: i64) -> Option<Difference> {
        match self.ask(&Question::Change { from: second(from), to: second(to) }) {
            Answer::Change(change) => change,
            other => panic!("{other:?}"),
        }
    }

    fn timeline(&mut self, range: TimeRange) -> Option<Timeline> {
        match self.ask(&Question::Timeline { range, width_ns: NS_PER_S }) {
            Answer::Timeline(timeline) => timeline,
            other => panic!("{other:?}"),
        }
    }

    /// What the shell tells.
    fn inspect(&mut self, arguments: &[&str]) -> Value {
        drop(self.open());
        let mut command = Command::new(env!("CARGO_BIN_EXE_vivarium"));
        command.arg("inspect").arg(&self.path).args(arguments).arg("--json").stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn assert_adds_up(landscape: &Landscape) {
    for part in &landscape.parts {
        let members: f64 = part.members.iter().map(|member| member.bytes).sum();
        assert!((members - part.bytes()).abs() < 1.0, "{part:?}");
        for member in part.members.iter().filter(|member| !member.kinds.is_empty()) {
            let kinds: f64 = member.kinds.iter().map(|slice| slice.bytes).sum();
            assert!((kinds - member.bytes).abs() < 2.0, "{member:?}");
        }
    }
    let parts: f64 = landscape.parts.iter().map(Part::bytes).sum();
    let sum = parts + landscape.unattributed_bytes - landscape.counted_twice_bytes;
    assert!((sum - landscape.total_bytes()).abs() < 1.0, "{landscape:?}");
}

fn shop(landscape: &Landscape) -> &Part {
    landscape.parts.iter().find(|part| part.component.as_str() == "app:shop").unwrap()
}

#[test]
fn everything_adds_up_to_the_total_and_on_to_physical_memory() {
    let landscape = Node::new().told().landscape(20);
    assert_adds_up(&landscape);
    assert_eq!((landscape.whole, landscape.total_bytes(), landscape.unattributed_bytes), (Whole::Runtime, 22e6, 13e6));
    let outside: f64 = landscape.outside.iter().map(|outside| outside.bytes).sum();
    assert_eq!(landscape.total_bytes() + outside, 35e6);
    let steps: Vec<(Step, f64)> = landscape.outside.iter().map(|outside| (outside.step, outside.bytes)).collect();
    // 2 MB came in use after the allocators were asked; their blocks are 24 of 40 MB, of which 5 are not in memory.
    let expected = [(Step::Since, -2e6), (Step::Uncounted, 4e6), (Step::Carriers, 16e6), (Step::Resident, -5e6)];
    assert_eq!(steps, expected);
    // A component, its process, its kinds.
    let member = &shop(&landscape).members[0];
    assert_eq!((member.name.as_str(), member.bytes), ("worker 10", 4e6));
    let kind = |kind: Kind| member.kinds.iter().find(|slice| slice.kind == kind).map(|slice| slice.bytes.round());
    assert_eq!(kind(Kind::HeapLive), Some(1.8e6));
    assert_eq!((kind(Kind::Stack), kind(Kind::HeapSlack)), (Some(0.36e6), Some(1.44e6)));
    assert_eq!((kind(Kind::Structure), kind(Kind::OldLive)), (Some(0.4e6), None));
    // Who has no series of its own is there as the census has it.
    assert_eq!(landscape.census_at, Some(second(10)));
    assert!(shop(&landscape).members.iter().any(|member| member.name == "worker 12" && !member.kinds.is_empty()));
    assert!(landscape.notes.iter().any(|note| note.contains("Nobody's box")), "{:?}", landscape.notes);
}

#[test]
fn a_difference_tells_who_came_who_went_and_who_grew() {
    let mut node = Node::new().told();
    let change = node.change(60, 20).unwrap();
    assert_eq!((change.from, change.to, change.total.bytes()), (second(20), second(60), 3e6));
    let told: Vec<(&str, How, f64)> =
        change.parts[0].members.iter().map(|member| (member.name.as_str(), member.how, member.bytes())).collect();
    let expected = [
        ("worker 10", How::Grown, 3e6),
        ("worker 13", How::New, 3e6),
        ("worker 12", How::Gone, -1e6),
        ("others, not told one by one", How::Shrunk, -1e6),
    ];
    assert_eq!(told, expected);
    assert_eq!(change.unattributed.bytes(), -1e6);
    let json = node.inspect(&["--at", "50", "--since", "10"]);
    let change = &json["memory"]["change"];
    assert_eq!(change["new_bytes"], 3e6);
    assert_eq!(change["parts"][0]["members"][1]["how"], "new");
    assert_eq!((&change["from_s"], &change["to_s"]), (&Value::from(10.0), &Value::from(50.0)));
    assert!(node.inspect(&["--at", "50"])["memory"].get("change").is_none());
}

#[test]
fn within_a_gap_it_is_said_that_nothing_was_measured() {
    let mut node = Node::new().told();
    let landscape = node.landscape(40);
    assert_adds_up(&landscape);
    let says = landscape
        .notes
        .iter()
        .any(|note| note.contains("Nothing was measured") && note.contains("connection was lost"));
    assert!(says, "{:?}", landscape.notes);
    assert!(!node.landscape(60).notes.iter().any(|note| note.contains("Nothing was measured")));
}

#[test]
fn one_census_alone_makes_a_landscape_that_says_what_is_missing() {
    let mut node = Node::new();
    node.append(Batch { at: second(10), samples: sizes(FIRST, 4e6), ..Batch::default() });
    node.census(10, &[(FIRST, 4e6), (FIRST + 1, 2e6)]);
    let landscape = node.landscape(10);
    assert_adds_up(&landscape);
    assert_eq!((landscape.whole, landscape.total_bytes()), (Whole::Sum, 7e6));
    assert!(landscape.notes.iter().any(|note| note.contains("sum of the parts")), "{:?}", landscape.notes);
    assert!(matches!(node.ask(&Question::Landscape { at: Some(second(0)) }), Answer::Landscape(None)));
    assert_eq!(node.change(0, 10), None, "nothing is known of the one moment");
    assert_eq!(node.timeline(range(0, 20)), None);
    let json = node.inspect(&[]);
    assert_eq!(json["memory"]["total"]["value"], 7e6);
    assert!(json.get("gc").is_none());
}

#[test]
fn what_was_there_and_was_not_measured_is_named_and_not_taken_for_gone() {
    let mut node = Node::new().told();
    let samples = vec![sample(NODE, metric::MEMORY_USED, 30e6)];
    // The census is of a minute before, but the node was too busy to tell of anything else since.
    node.append(Batch { at: second(200), samples, ..Batch::default() });
    let json = node.inspect(&["--since", "50"]);
    assert_eq!(json["memory"]["change"]["gone_bytes"], 0.0);
    let empty = Node::new()
        .append(Batch { at: second(100), samples: vec![sample(NODE, metric::MEMORY_USED, 30e6)], ..Batch::default() })
        .landscape(100);
    assert_eq!(empty.unattributed_bytes, 30e6);
    assert!(empty.notes.iter().any(|note| note.contains("was not measured lately")), "{:?}", empty.notes);
}

#[test]
fn a_clock_that_was_set_back_disturbs_nothing() {
    let mut node = Node::new();
    node.measure(10, 20e6, 9e6, 4e6).measure(5, 21e6, 9e6, 4e6).measure(11, 22e6, 9e6, 5e6);
    for at in [5, 10, 11] {
        assert_adds_up(&node.landscape(at));
    }
    assert_eq!(node.change(5, 11).unwrap().total.bytes(), 1e6);
}

#[test]
fn an_older_recording_without_generations_tells_heaps_in_use_and_free() {
    let mut node = Node::new();
    let id = EntityId(FIRST);
    let values = [(metric::MEMORY_USED, 1000.0), (metric::HEAP_HELD, 900.0), (metric::HEAP_LIVE, 300.0)];
    let mut samples = values.map(|(metric, value)| sample(id, metric, value)).to_vec();
    samples.push(sample(NODE, metric::MEMORY_USED, 1500.0));
    node.append(Batch { at: second(10), samples, ..Batch::default() });
    let landscape = node.landscape(10);
    let kinds: Vec<(Kind, f64)> =
        landscape.parts[0].members[0].kinds.iter().map(|slice| (slice.kind, slice.bytes)).collect();
    assert_eq!(kinds, [(Kind::Free, 600.0), (Kind::Used, 300.0), (Kind::Structure, 100.0)]);
    assert!(landscape.notes.iter().any(|note| note.contains("Allocators and physical memory were not measured")));
}

#[test]
fn collections_have_their_sort_their_column_and_their_pause() {
    let mut node = Node::new().told().collections();
    let timeline = node.timeline(range(10, 60)).unwrap();
    assert_eq!((timeline.rows.len(), timeline.rows[0].title.as_str()), (1, "app:shop"));
    let row = &timeline.rows[0];
    assert_eq!((row.figures.count, row.figures.forced), (3, 1));
    assert_eq!(
        (row.cells[2].counts, row.cells[4].counts, row.cells[5].counts),
        ([1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0])
    );
    assert_eq!(row.cells[4].longest.unwrap().sort, Sort::Forced);
    assert_eq!(timeline.traced.len(), 1, "stretches that overlap are one");
    let json = node.inspect(&[]);
    let gc = &json["gc"];
    assert_eq!((&gc["count"], &gc["forced"]), (&Value::from(3), &Value::from(1)));
    let worst = &gc["worst"][0];
    assert_eq!((&worst["name"], &worst["sort"], &worst["at_s"]), (&"worker 10".into(), &"forced".into(), &4.0.into()));
    assert_eq!(gc["pauses"].as_array().unwrap().iter().filter_map(|bucket| bucket["count"].as_u64()).sum::<u64>(), 3);
}

#[test]
fn without_single_collections_the_nodes_own_count_is_shown() {
    let mut node = Node::new();
    for at in 10..20 {
        let samples = vec![sample(NODE, metric::GC_RATE, 12.0)];
        node.append(Batch { at: second(at), samples, ..Batch::default() });
    }
    let timeline = node.timeline(range(10, 20)).unwrap();
    assert_eq!((timeline.all.figures.count, timeline.rows.len()), (0, 0));
    let counted = timeline.counted.unwrap();
    assert!(counted.buckets.iter().all(|bucket| bucket.mean() == 12.0), "{counted:?}");
}
