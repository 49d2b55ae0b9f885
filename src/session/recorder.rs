//! From a source into a recording: the source measures on a thread of its own, the recorder groups, adds up, thins and appends.
//!
//! Used by `record` and by the window for everything live; a replay takes the same way.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::intake::{Intake, TraceOrder};
use crate::analysis::retention::RetentionPolicy;
use crate::model::batch::Batch;
use crate::model::document::Document;
use crate::model::entity::EntityId;
use crate::model::time::TimeRange;
use crate::source::{Source, SourceError, StopSignal};

/// What was appended is safe after so long at the latest, with some room to a second.
const COMMIT_INTERVAL: Duration = Duration::from_millis(800);

/// So many batches may wait for the recorder before the source has to.
const AHEAD: usize = 4;

/// What a sink says when it can't go on.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Where recorded batches go.
pub trait Sink {
    /// Takes a batch; batches come in order of time.
    ///
    /// # Errors
    /// When it can't be kept.
    fn append(&mut self, batch: &Batch) -> Result<(), SinkError>;

    /// Makes everything taken so far outlast a crash.
    ///
    /// # Errors
    /// When that fails.
    fn commit(&mut self) -> Result<(), SinkError>;
}

/// Entities whose series are kept whatever they do, such as the selected one; clones share the set.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    entities: Arc<Mutex<BTreeSet<EntityId>>>,
}

impl Pins {
    /// Replaces the set. The numbers are those of the recording.
    pub fn set(&self, entities: BTreeSet<EntityId>) {
        *self.entities.lock().unwrap_or_else(PoisonError::into_inner) = entities;
    }

    fn get(&self) -> BTreeSet<EntityId> {
        self.entities.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How to record.
#[derive(Clone, Debug, Default)]
pub struct RecordOptions {
    /// For how long; without it until the source ends or a stop is requested.
    pub duration: Option<Duration>,
    /// Whose components' selectors group the entities.
    pub document: Option<Document>,
    /// Whose series are kept.
    pub retention: RetentionPolicy,
    /// Whose series are kept besides.
    pub pins: Pins,
    /// Of which components single collections are traced.
    pub gc_trace: TraceOrder,
    /// To which single requests are.
    pub requests: TraceOrder,
}

/// How far a recording has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Since it began.
    pub elapsed: Duration,
    /// Batches appended.
    pub batches: u64,
    /// Values in them, without censuses.
    pub values: u64,
    /// What was said last.
    pub last_notice: Option<String>,
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There was nothing more.
    SourceEnded,
    /// The duration was over.
    Duration,
    /// A stop was requested.
    Stopped,
}

/// What came of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// From the first batch to the last one.
    pub span: Option<TimeRange>,
    /// At its end.
    pub progress: Progress,
    /// Batches left out because they were not later than those before, as when a replay was rewound.
    pub left_out: u64,
    /// Why it ended.
    pub ended: Ended,
}

/// Why a recording broke off. What was appended until then was committed as far as the sink let it.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The source can't go on.
    #[error("{0}; what was recorded until then is kept")]
    Source(#[from] SourceError),
    /// The source's thread panicked.
    #[error(
        "the source `{0}` failed for a reason of its own; what was recorded until then is kept, please report this"
    )]
    Panicked(String),
    /// No thread for the source.
    #[error("can't start measuring: {0}; close other programs and try again")]
    Thread(#[source] std::io::Error),
    /// The recording can't be written.
    #[error("can't go on recording: {0}")]
    Sink(SinkError),
}

/// Records until the source ends, the duration is over, or `stop` is requested. `on_progress` is called after every batch and
/// at least once a second.
///
/// # Errors
/// When the source or the sink can't go on.
pub fn record(
    source: Box<dyn Source>,
    sink: &mut dyn Sink,
    options: &RecordOptions,
    stop: &StopSignal,
    on_progress: &mut dyn FnMut(&Progress),
) -> Result<Recorded, RecordError> {
    let name = source.info().spec.clone();
    // The source stops when we are asked to, but also when the duration is over or the sink is full.
    let end_of_source = StopSignal::default();
    let target = end_of_source.clone();
    let _follow = stop.on_request(move || target.request());
    let (sender, batches) = mpsc::sync_channel(AHEAD);
    std::thread::scope(|scope| {
        let end = end_of_source.clone();
        let measuring = std::thread::Builder::new()
            .name(format!("source {name}"))
            .spawn_scoped(scope, move || measure(source, &sender, &end))
            .map_err(RecordError::Thread)?;
        let recorded = {
            let _end = RequestOnDrop(&end_of_source);
            Recorder::new(sink, options).run(batches, options.duration, stop, on_progress)
        };
        let measured = measuring.join();
        let recorded = recorded?;
        measured.map_err(|_| RecordError::Panicked(name))??;
        Ok(recorded)
    })
}

/// Requests the end even when the recorder panics; else the source's thread would be waited for in vain.
struct RequestOnDrop<'a>(&'a StopSignal);

impl Drop for RequestOnDrop<'_> {
    fn drop(&mut self) {
        self.0.request();
    }
}

fn measure(mut source: Box<dyn Source>, batches: &SyncSender<Batch>, end: &StopSignal) -> Result<(), SourceError> {
    while let Some(batch) = source.next_batch(end)? {
        if batches.send(batch).is_err() {
            break;
        }
    }
    Ok(())
}

struct Recorder<'a> {
    sink: &'a mut dyn Sink,
    intake: Intake,
    pins: Pins,
    span: Option<TimeRange>,
    progress: Progress,
    left_out: u64,
}

impl<'a> Recorder<'a> {
    fn new(sink: &'a mut dyn Sink, options: &RecordOptions) -> Self {
        Self {
            sink,
            intake: Intake::new(
                options.document.as_ref(),
                options.retention.clone(),
                [options.gc_trace.clone(), options.requests.clone()],
            ),
            pins: options.pins.clone(),
            span: None,
            progress: Progress::default(),
            left_out: 0,
        }
    }

    fn run(
        mut self,
        batches: Receiver<Batch>,
        duration: Option<Duration>,
        stop: &StopSignal,
        on_progress: &mut dyn FnMut(&Progress),
    ) -> Result<Recorded, RecordError> {
        let began = Instant::now();
        let deadline = duration.and_then(|duration| began.checked_add(duration));
        let mut committed = began;
        let mut is_committed = true;
        let ended = loop {
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                break Ended::Duration;
            }
            let until_commit = (committed + COMMIT_INTERVAL).saturating_duration_since(now);
            let until_deadline = deadline.map(|deadline| deadline.saturating_duration_since(now));
            let longest = if is_committed { COMMIT_INTERVAL } else { until_commit };
            match batches.recv_timeout(until_deadline.map_or(longest, |left| left.min(longest))) {
                Ok(batch) => {
                    self.append(batch)?;
                    is_committed = false;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    break if stop.is_requested() { Ended::Stopped } else { Ended::SourceEnded };
                }
            }
            if !is_committed && committed.elapsed() >= COMMIT_INTERVAL {
                self.sink.commit().map_err(RecordError::Sink)?;
                (committed, is_committed) = (Instant::now(), true);
            }
            self.progress.elapsed = began.elapsed();
            on_progress(&self.progress);
        };
        self.sink.commit().map_err(RecordError::Sink)?;
        self.progress.elapsed = began.elapsed();
        on_progress(&self.progress);
        Ok(Recorded { span: self.span, progress: self.progress, left_out: self.left_out, ended })
    }

    fn append(&mut self, batch: Batch) -> Result<(), RecordError> {
        if self.span.is_some_and(|span| batch.at <= span.to) {
            self.left_out += 1;
            return Ok(());
        }
        let batch = self.intake.prepare(batch, self.pins.get());
        self.sink.append(&batch).map_err(RecordError::Sink)?;
        self.span = Some(TimeRange::new(self.span.map_or(batch.at, |span| span.from), batch.at));
        self.progress.batches += 1;
        self.progress.values += batch.samples.len() as u64;
        if let Some(notice) = batch.notices.last() {
            self.progress.last_notice = Some(notice.text.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::{Census, Notice, Sample};
    use crate::model::entity::{Entity, EntityKind};
    use crate::model::metric;
    use crate::model::time::{NS_PER_S, Timestamp};
    use crate::source::SourceInfo;

    enum Then {
        End,
        WaitForStop,
        Fail,
        Panic,
    }

    /// Delivers its batches at once, and then does what it is told.
    struct Script {
        info: SourceInfo,
        batches: std::vec::IntoIter<Batch>,
        then: Then,
    }

    impl Script {
        fn boxed(batches: Vec<Batch>, then: Then) -> Box<dyn Source> {
            let info = SourceInfo {
                spec: String::from("script"),
                title: String::from("a script"),
                metrics: vec![metric::CPU_CORES],
                has_census: true,
                has_gc_events: false,
                has_stack_samples: false,
                limits: Vec::new(),
            };
            Box::new(Self { info, batches: batches.into_iter(), then })
        }
    }

    impl Source for Script {
        fn info(&self) -> &SourceInfo {
            &self.info
        }

        fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
            match (self.batches.next(), &self.then) {
                (Some(batch), _) => Ok(Some(batch)),
                (None, Then::End) => Ok(None),
                (None, Then::WaitForStop) => {
                    stop.sleep_until(Instant::now() + Duration::from_secs(600));
                    Ok(None)
                }
                (None, Then::Fail) => Err(SourceError(String::from("the line was cut"))),
                (None, Then::Panic) => panic!("on purpose"),
            }
        }
    }

    #[derive(Default)]
    struct Kept {
        batches: Vec<Batch>,
        committed: usize,
        commits: usize,
        /// How many batches fit.
        room: Option<usize>,
    }

    impl Sink for Kept {
        fn append(&mut self, batch: &Batch) -> Result<(), SinkError> {
            if self.room.is_some_and(|room| self.batches.len() >= room) {
                return Err("the disk is full".into());
            }
            self.batches.push(batch.clone());
            Ok(())
        }

        fn commit(&mut self) -> Result<(), SinkError> {
            self.committed = self.batches.len();
            self.commits += 1;
            Ok(())
        }
    }

    /// A process with number 7 that uses as many cores as seconds have passed.
    fn batch(second: i64) -> Batch {
        let at = Timestamp(second * NS_PER_S);
        let process = Entity {
            id: EntityId(7),
            kind: EntityKind::OsProcess,
            key: String::from("os:7:0"),
            name: String::from("sh"),
            parent: None,
            component: Some("exe:sh".into()),
            started: None,
            ended: None,
            attributes: Default::default(),
        };
        let sample = Sample { entity: EntityId(7), metric: metric::CPU_CORES, value: second as f64 };
        Batch {
            at,
            appeared: if second == 1 { vec![process] } else { vec![] },
            samples: vec![sample, Sample { entity: EntityId(99), ..sample }],
            census: Some(Census { at, rows: vec![sample] }),
            notices: vec![Notice { at, text: format!("second {second}") }],
            ..Batch::default()
        }
    }

    fn run(source: Box<dyn Source>, sink: &mut Kept, options: &RecordOptions) -> Result<Recorded, RecordError> {
        record(source, sink, options, &StopSignal::default(), &mut |_| ())
    }

    #[test]
    fn a_component_gets_its_own_number_and_strangers_are_dropped() {
        let mut sink = Kept::default();
        let recorded = run(Script::boxed(vec![batch(1), batch(2)], Then::End), &mut sink, &RecordOptions::default());
        let recorded = recorded.unwrap();
        assert_eq!((recorded.ended, sink.committed), (Ended::SourceEnded, 2));
        assert_eq!(recorded.span, Some(TimeRange::new(Timestamp(NS_PER_S), Timestamp(2 * NS_PER_S))));
        assert_eq!((recorded.progress.batches, recorded.progress.values), (2, 6));
        assert_eq!(recorded.progress.last_notice.as_deref(), Some("second 2"));
        let [process, component] = &sink.batches[0].appeared[..] else { panic!("{:?}", sink.batches[0].appeared) };
        assert_eq!((component.kind, component.key.as_str()), (EntityKind::Component, "exe:sh"));
        assert_ne!(process.id, component.id);
        let cpu = |id: EntityId| Sample { entity: id, metric: metric::CPU_CORES, value: 2.0 };
        let members = Sample { entity: component.id, metric: metric::MEMBERS, value: 1.0 };
        assert_eq!(sink.batches[1].samples, [cpu(process.id), cpu(component.id), members]);
        assert_eq!(sink.batches[1].census.as_ref().unwrap().rows, [cpu(process.id)]);
    }

    #[test]
    fn what_is_not_kept_as_a_series_is_still_in_the_census_and_can_be_pinned() {
        let nobody = RetentionPolicy { top: 0, hold_ns: 0 };
        let options = RecordOptions { retention: nobody, ..RecordOptions::default() };
        let values_of = |options: &RecordOptions| {
            let mut sink = Kept::default();
            run(Script::boxed(vec![batch(1)], Then::End), &mut sink, options).unwrap();
            let process = sink.batches[0].appeared[0].id;
            let census = sink.batches[0].census.as_ref().unwrap();
            assert_eq!(census.rows.len(), 1);
            sink.batches[0].samples.iter().filter(|sample| sample.entity == process).count()
        };
        assert_eq!(values_of(&options), 0);
        options.pins.set([EntityId(0)].into());
        assert_eq!(values_of(&options), 1);
    }

    #[test]
    fn a_rewound_replay_does_not_write_the_past_again() {
        let mut sink = Kept::default();
        let source = Script::boxed(vec![batch(1), batch(2), batch(1), batch(2), batch(3)], Then::End);
        let recorded = run(source, &mut sink, &RecordOptions::default()).unwrap();
        let seconds: Vec<i64> = sink.batches.iter().map(|batch| batch.at.0 / NS_PER_S).collect();
        assert_eq!((seconds, recorded.left_out), (vec![1, 2, 3], 2));
    }

    #[test]
    fn what_was_appended_is_committed_within_a_second_though_nothing_follows() {
        let mut sink = Kept::default();
        let stop = StopSignal::default();
        let stopper = stop.clone();
        let options = RecordOptions::default();
        let source = Script::boxed(vec![batch(1)], Then::WaitForStop);
        let recorded = record(source, &mut sink, &options, &stop, &mut |progress| {
            if progress.elapsed >= COMMIT_INTERVAL {
                stopper.request();
            }
        });
        assert_eq!(recorded.unwrap().ended, Ended::Stopped);
        assert_eq!((sink.committed, sink.commits), (1, 2), "one when it was due, and one at the end");
    }

    #[test]
    fn the_duration_ends_a_source_that_would_go_on() {
        let options = RecordOptions { duration: Some(Duration::from_millis(50)), ..RecordOptions::default() };
        let mut sink = Kept::default();
        let recorded = run(Script::boxed(vec![batch(1)], Then::WaitForStop), &mut sink, &options).unwrap();
        assert_eq!((recorded.ended, sink.committed), (Ended::Duration, 1));
    }

    #[test]
    fn a_source_that_fails_or_panics_leaves_what_it_delivered() {
        for (then, expected) in [(Then::Fail, "the line was cut"), (Then::Panic, "the source `script` failed")] {
            let mut sink = Kept::default();
            let error = run(Script::boxed(vec![batch(1)], then), &mut sink, &RecordOptions::default()).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(expected) && text.contains("is kept"), "{text}");
            assert_eq!(sink.committed, 1);
        }
    }

    #[test]
    fn a_full_disk_ends_the_source_as_well() {
        let mut sink = Kept { room: Some(1), ..Kept::default() };
        let source = Script::boxed((1..50).map(batch).collect(), Then::WaitForStop);
        let error = run(source, &mut sink, &RecordOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "can't go on recording: the disk is full");
    }
}
