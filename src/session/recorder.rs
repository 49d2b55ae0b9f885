//! From a source into a recording: the source measures on a thread of its own, the recorder groups, adds up, thins and appends.
//!
//! Used by `record` and by the window for everything live; a replay takes the same way.

use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::analysis::grouping::{Aggregator, Grouping};
use crate::analysis::retention::{Retention, RetentionPolicy};
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
            intake: Intake::new(options),
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
        self.intake.retention.set_pinned(self.pins.get());
        let batch = self.intake.prepare(batch);
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

/// Makes of a source's batches what is kept.
struct Intake {
    numbers: Numbers,
    grouping: Grouping,
    aggregator: Aggregator,
    retention: Retention,
}

impl Intake {
    fn new(options: &RecordOptions) -> Self {
        Self {
            numbers: Numbers::default(),
            grouping: Grouping::new(options.document.as_ref()),
            aggregator: Aggregator::default(),
            retention: Retention::new(options.retention.clone()),
        }
    }

    fn prepare(&mut self, mut batch: Batch) -> Batch {
        self.numbers.renumber(&mut batch);
        for entity in &mut batch.appeared {
            entity.component = self.grouping.component_of(entity);
        }
        let numbers = &mut self.numbers;
        let components = self.aggregator.aggregate(&batch, &self.grouping, &mut || numbers.next());
        batch.appeared.extend(components.appeared);
        batch.samples.extend(components.samples);
        self.retention.thin(&mut batch);
        batch
    }
}

/// The recording's own numbers of entities: the source has numbered its own, and components come in between.
#[derive(Default)]
struct Numbers {
    used: u32,
    of_source: HashMap<EntityId, EntityId>,
}

impl Numbers {
    fn next(&mut self) -> EntityId {
        let id = EntityId(self.used);
        self.used = self.used.saturating_add(1);
        id
    }

    /// Values of entities that the source has not introduced are dropped: nobody could say whose they are.
    fn renumber(&mut self, batch: &mut Batch) {
        // One that is known already was told again by a replay that jumped.
        batch.appeared.retain(|entity| !self.of_source.contains_key(&entity.id));
        for entity in &mut batch.appeared {
            let id = self.next();
            self.of_source.insert(entity.id, id);
            entity.id = id;
        }
        for entity in &mut batch.appeared {
            entity.parent = entity.parent.and_then(|parent| self.of_source.get(&parent).copied());
        }
        let own = &self.of_source;
        let known = |id: &mut EntityId| own.get(id).map(|own| *id = *own).is_some();
        batch.samples.retain_mut(|sample| known(&mut sample.entity));
        if let Some(census) = &mut batch.census {
            census.rows.retain_mut(|row| known(&mut row.entity));
        }
        batch.gc_events.retain_mut(|event| known(&mut event.entity));
        batch.stack_samples.retain_mut(|sample| known(&mut sample.entity));
        let vanished = std::mem::take(&mut batch.vanished);
        batch.vanished = vanished.iter().filter_map(|id| self.of_source.remove(id)).collect();
    }
}
