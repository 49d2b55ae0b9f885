//! Live sources through the recorder, on the machine that runs the tests.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vivarium::analysis::retention::RetentionPolicy;
use vivarium::model::batch::{Batch, Sample};
use vivarium::model::document::{Component, ComponentKind, Document, Selector};
use vivarium::model::entity::{Entity, EntityId, EntityKind};
use vivarium::model::metric::{self, MetricKey};
use vivarium::model::time::{TimeRange, Timestamp};
use vivarium::session::recorder::{Ended, RecordOptions, Recorded, Sink, SinkError, record};
use vivarium::source::replay::{BatchReader, ReplayControls, ReplaySource};
use vivarium::source::spec::open_live;
use vivarium::source::{SourceError, SourceInfo, StopSignal};

#[derive(Default)]
struct Memory {
    batches: Vec<Batch>,
    committed: usize,
}

impl Sink for Memory {
    fn append(&mut self, batch: &Batch) -> Result<(), SinkError> {
        self.batches.push(batch.clone());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        self.committed = self.batches.len();
        Ok(())
    }
}

impl Memory {
    fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.batches.iter().flat_map(|batch| &batch.appeared)
    }

    /// The last one, if it went from one program on to another under our eyes.
    fn process(&self, pid: u32) -> &Entity {
        let pid = pid.to_string();
        let seen = self.entities().filter(|entity| entity.attributes.get("pid") == Some(&pid));
        seen.last().expect("the process was seen")
    }

    fn descends_from(&self, entity: &Entity, ancestor: EntityId) -> bool {
        let parent = self.entities().find(|other| Some(other.id) == entity.parent);
        entity.parent == Some(ancestor) || parent.is_some_and(|parent| self.descends_from(parent, ancestor))
    }

    fn values(&self, entity: EntityId, metric: MetricKey) -> Vec<f64> {
        let samples = self.batches.iter().flat_map(|batch| &batch.samples);
        samples.filter(|sample| sample.entity == entity && sample.metric == metric).map(|sample| sample.value).collect()
    }
}

/// Ends its process however the test ends.
struct Sleeper(Child);

impl Sleeper {
    fn new() -> Self {
        Self(Command::new("sleep").arg("600").spawn().unwrap())
    }

    fn end(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn record_live(spec: &str, options: &RecordOptions, during: impl FnOnce(&StopSignal) + Send) -> (Memory, Recorded) {
    let source = open_live(&spec.parse().unwrap(), Duration::from_millis(250)).unwrap();
    let mut sink = Memory::default();
    let stop = StopSignal::default();
    let recorded = std::thread::scope(|scope| {
        scope.spawn(|| during(&stop));
        record(source, &mut sink, options, &stop, &mut |_| ()).unwrap()
    });
    (sink, recorded)
}

#[test]
fn the_machine_and_this_test_are_recorded_with_all_that_appears_and_vanishes() {
    let everything = RetentionPolicy { top: usize::MAX, ..RetentionPolicy::default() };
    let options =
        RecordOptions { duration: Some(Duration::from_secs(3)), retention: everything, ..RecordOptions::default() };
    let busy = AtomicBool::new(true);
    let mut sleeper_pid = 0;
    let (sink, recorded) = std::thread::scope(|scope| {
        // Something to measure.
        scope.spawn(|| {
            while busy.load(Ordering::Relaxed) {
                std::hint::spin_loop()
            }
        });
        let result = record_live("host", &options, |_| {
            std::thread::sleep(Duration::from_millis(600));
            let mut sleeper = Sleeper::new();
            sleeper_pid = sleeper.0.id();
            std::thread::sleep(Duration::from_millis(1200));
            sleeper.end();
        });
        busy.store(false, Ordering::Relaxed);
        result
    });
    assert_eq!(recorded.ended, Ended::Duration);
    assert_eq!(sink.committed, sink.batches.len());
    assert!(sink.batches.windows(2).all(|pair| pair[0].at < pair[1].at));

    let machine = sink.entities().find(|entity| entity.kind == EntityKind::Machine).unwrap().id;
    let total = sink.values(machine, metric::MEMORY_TOTAL)[0];
    assert!(sink.values(machine, metric::MEMORY_USED).iter().all(|used| (1e6..total).contains(used)));
    let shares = sink.values(machine, metric::CPU_SHARE);
    assert_eq!(shares.len(), sink.batches.len() - 1, "no processor time is made up for the first moment");
    assert!(shares.iter().all(|share| (0.0..=1.01).contains(share)));
    let cores = sink.entities().filter(|entity| entity.kind == EntityKind::Core).count();
    assert!(cores > 0);

    let own = sink.process(std::process::id());
    assert!(own.key.starts_with(&format!("os:{}:", std::process::id())));
    assert!(own.attributes["exe"].contains("sources") && own.name.starts_with("sources"));
    assert!(sink.values(own.id, metric::MEMORY_RESIDENT).iter().all(|bytes| (1e6..total).contains(bytes)));
    let cpu = sink.values(own.id, metric::CPU_CORES);
    assert!(cpu.iter().sum::<f64>() / cpu.len() as f64 > 0.02, "it was busy all the time: {cpu:?}");
    assert!(cpu.iter().all(|used| *used <= cores as f64 * 2.0), "{cpu:?}");
    assert!(sink.values(own.id, metric::THREADS).iter().all(|threads| *threads >= 3.0));

    let sleeper = sink.process(sleeper_pid);
    assert_eq!(sleeper.component, Some("exe:sleep".into()));
    assert!(sink.descends_from(sleeper, own.id));
    assert!(sink.values(sleeper.id, metric::MEMORY_RESIDENT).iter().any(|bytes| *bytes > 0.0));
    let vanished: Vec<_> = sink.batches.iter().flat_map(|batch| &batch.vanished).collect();
    assert_eq!(vanished.iter().filter(|id| ***id == sleeper.id).count(), 1);
    assert!(!vanished.contains(&&own.id));

    let processes = sink.batches[0].appeared.iter().filter(|entity| entity.kind == EntityKind::OsProcess);
    let census = sink.batches[0].census.as_ref().expect("a census at the start");
    for process in processes {
        assert!(census.rows.iter().any(|row| row.entity == process.id), "{process:?}");
    }
    components_add_up(&sink);
}

/// At every moment. Not of threads: who has neither memory nor processor time has no series, but may have a thread.
fn components_add_up(sink: &Memory) {
    let entities: BTreeMap<EntityId, &Entity> = sink.entities().map(|entity| (entity.id, entity)).collect();
    assert_eq!(entities.len(), sink.entities().count(), "every number is given once");
    let mut compared = 0;
    for batch in &sink.batches {
        let mut members: BTreeMap<(&str, MetricKey), f64> = BTreeMap::new();
        let mut components = BTreeMap::new();
        for Sample { entity, metric, value } in batch.samples.iter().copied() {
            let entity = entities[&entity];
            if metric == metric::MEMBERS || metric == metric::THREADS {
                continue;
            }
            if entity.kind == EntityKind::Component {
                assert_eq!(components.insert((entity.key.as_str(), metric), value), None);
            } else if let Some(component) = &entity.component {
                *members.entry((component.as_str(), metric)).or_default() += value;
            }
        }
        for (key, sum) in &components {
            let expected = members.get(key).copied().unwrap_or(0.0);
            assert!((sum - expected).abs() <= 1e-9 * sum.abs().max(1.0), "{key:?}: {sum} and {expected}");
            compared += 1;
        }
    }
    assert!(compared > 20);
}

#[test]
fn a_stop_ends_a_recording_promptly() {
    let mut requested = None;
    let (sink, recorded) = record_live("host", &RecordOptions::default(), |stop| {
        std::thread::sleep(Duration::from_millis(300));
        requested = Some(Instant::now());
        stop.request();
    });
    assert!(requested.unwrap().elapsed() < Duration::from_secs(2));
    assert_eq!(recorded.ended, Ended::Stopped);
    assert!(!sink.batches.is_empty() && sink.committed == sink.batches.len());
}

#[test]
fn a_process_and_its_children_fall_into_the_components_of_a_document() {
    let mut document = Document::new("sleepers");
    let mut component = Component::new("M-Sleep".into(), "Those who sleep", ComponentKind::System);
    component.selectors.push(Selector { name: Some(String::from("sleep*")), ..Selector::default() });
    document.components.push(component);
    let options = RecordOptions {
        duration: Some(Duration::from_millis(900)),
        document: Some(document),
        ..RecordOptions::default()
    };
    let sleeper = Sleeper::new();
    let (sink, _) = record_live(&format!("pid:{}", std::process::id()), &options, |_| ());
    assert_eq!(sink.process(sleeper.0.id()).component, Some("M-Sleep".into()));
    let component = sink.entities().find(|entity| entity.key == "M-Sleep").unwrap();
    assert_eq!((component.kind, component.name.as_str()), (EntityKind::Component, "Those who sleep"));
    assert!(sink.values(component.id, metric::MEMBERS).iter().all(|members| *members >= 1.0));
    assert!(!sink.entities().any(|entity| entity.attributes.get("pid").is_some_and(|pid| pid == "1")));
}

/// A recording read back.
struct Recording {
    info: SourceInfo,
    batches: Vec<Batch>,
}

impl BatchReader for Recording {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn span(&self) -> Option<TimeRange> {
        Some(TimeRange::new(self.batches.first()?.at, self.batches.last()?.at))
    }

    fn next_after(&mut self, after: Timestamp) -> Result<Option<Batch>, SourceError> {
        Ok(self.batches.iter().find(|batch| batch.at > after).cloned())
    }

    fn alive_before(&mut self, _at: Timestamp) -> Result<Vec<Entity>, SourceError> {
        Err(SourceError(String::from("nobody jumps here")))
    }
}

#[test]
fn a_replay_that_is_recorded_again_is_the_same_recording() {
    let mut options = RecordOptions { duration: Some(Duration::from_millis(700)), ..RecordOptions::default() };
    let (live, _) = record_live("host", &options, |_| ());
    options.duration = None;
    let info = open_live(&"host".parse().unwrap(), Duration::from_secs(1)).unwrap().info().clone();
    let reader = Recording { info, batches: live.batches.clone() };
    let controls = ReplayControls::as_fast_as_possible(reader.span().unwrap());
    let mut again = Memory::default();
    let source = Box::new(ReplaySource::new(reader, controls));
    let recorded = record(source, &mut again, &options, &StopSignal::default(), &mut |_| ()).unwrap();
    assert_eq!(recorded.ended, Ended::SourceEnded);
    assert!(live.batches.len() >= 2 && again.batches == live.batches);
}
