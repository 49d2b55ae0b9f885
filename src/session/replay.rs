//! A recording as a source: what was measured once takes the same way into a new recording as what is measured now.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::batch::{Batch, Sample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::metric::MetricKey;
use crate::model::series::SeriesKey;
use crate::model::time::{NS_PER_S, TimeRange, Timestamp};
use crate::source::replay::BatchReader;
use crate::source::{SourceError, SourceInfo};
use crate::store::recording::{Recording, RecordingError};

/// How much is read ahead: long enough that a chunk of a series is not unpacked for every batch.
const WINDOW_NS: i64 = 600 * NS_PER_S;

/// Reads a recording batch by batch.
pub struct RecordingReader {
    recording: Recording,
    info: SourceInfo,
    span: Option<TimeRange>,
    entities: Vec<Entity>,
    series: Vec<SeriesKey>,
    census_times: Vec<Timestamp>,
    /// What lies in `read`, by time.
    window: BTreeMap<Timestamp, Batch>,
    read: TimeRange,
}

impl RecordingReader {
    /// Reads everything but the values.
    ///
    /// # Errors
    /// When the recording can't be read.
    pub fn new(recording: Recording) -> Result<Self, RecordingError> {
        let summary = recording.summary()?;
        let series = recording.series()?;
        let metrics: BTreeSet<MetricKey> = series.iter().map(|key| key.metric).collect();
        let info = SourceInfo {
            spec: summary.info.source,
            title: summary.info.title,
            metrics: metrics.into_iter().collect(),
            has_census: summary.censuses > 0,
            has_gc_events: summary.gc_events > 0,
            has_stack_samples: summary.stack_samples > 0,
            limits: summary.info.notes,
        };
        let start = summary.span.map_or(Timestamp(i64::MIN), |span| span.from);
        Ok(Self {
            info,
            span: summary.span,
            entities: recording.entities()?,
            series,
            census_times: recording.census_times()?,
            window: BTreeMap::new(),
            read: TimeRange::new(start, start),
            recording,
        })
    }

    /// When an entity enters the stream: components and what has no known start at once, others when they began.
    fn appears(&self, entity: &Entity) -> Timestamp {
        let start = self.span.map_or(Timestamp(i64::MIN), |span| span.from);
        match entity.started {
            Some(started) if entity.kind != EntityKind::Component => started.max(start),
            _ => start,
        }
    }

    fn read_window(&mut self, from: Timestamp) -> Result<(), RecordingError> {
        let range = TimeRange::new(from, from.plus_ns(WINDOW_NS));
        let mut window: BTreeMap<Timestamp, Batch> = BTreeMap::new();
        let batch_at = |window: &mut BTreeMap<Timestamp, Batch>, at: Timestamp, put: &mut dyn FnMut(&mut Batch)| {
            put(window.entry(at).or_insert_with(|| Batch { at, ..Batch::default() }));
        };
        for &key in &self.series {
            for point in self.recording.points(key, range)? {
                let sample = Sample { entity: key.entity, metric: key.metric, value: point.value };
                batch_at(&mut window, point.at, &mut |batch| batch.samples.push(sample));
            }
        }
        for event in self.recording.gc_events(range, None)? {
            batch_at(&mut window, event.at, &mut |batch| batch.gc_events.push(event));
        }
        for tracing in self.recording.gc_tracing(range.to)?.into_iter().filter(|tracing| range.contains(tracing.at)) {
            batch_at(&mut window, tracing.at, &mut |batch| batch.gc_tracing.push(tracing));
        }
        for request in self.recording.requests(range, None)? {
            batch_at(&mut window, request.arrival, &mut |batch| batch.requests.push(request.clone()));
        }
        for sample in self.recording.stack_samples(range, None)? {
            batch_at(&mut window, sample.at, &mut |batch| batch.stack_samples.push(sample.clone()));
        }
        for &at in self.census_times.iter().filter(|at| range.contains(**at)) {
            let census = self.recording.census_before(at)?;
            batch_at(&mut window, at, &mut |batch| batch.census.clone_from(&census));
        }
        for gap in self.recording.gaps()?.into_iter().filter(|gap| range.contains(gap.range.to)) {
            batch_at(&mut window, gap.range.to, &mut |batch| batch.gaps.push(gap.clone()));
        }
        for notice in self.recording.notices()?.into_iter().filter(|notice| range.contains(notice.at)) {
            batch_at(&mut window, notice.at, &mut |batch| batch.notices.push(notice.clone()));
        }
        self.introduce(&mut window, range);
        self.window = window;
        self.read = range;
        Ok(())
    }

    /// Puts entities that come and go into the batches of the window: each before the first batch that may speak of it.
    fn introduce(&self, window: &mut BTreeMap<Timestamp, Batch>, range: TimeRange) {
        for entity in &self.entities {
            let at = self.appears(entity);
            if range.contains(at)
                && let Some((_, batch)) = window.range_mut(at..).next()
            {
                batch.appeared.push(entity.clone());
            }
            if let Some(ended) = entity.ended.filter(|ended| range.contains(*ended))
                && let Some((_, batch)) = window.range_mut(ended..).next()
            {
                batch.vanished.push(entity.id);
            }
        }
        for batch in window.values_mut() {
            // Components first: else the receiver would add them up itself, from the few members that were kept.
            batch.appeared.sort_by_key(|entity| (entity.kind != EntityKind::Component, entity.id));
        }
    }
}

impl BatchReader for RecordingReader {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn span(&self) -> Option<TimeRange> {
        self.span
    }

    fn next_after(&mut self, after: Timestamp) -> Result<Option<Batch>, SourceError> {
        let Some(span) = self.span else { return Ok(None) };
        let mut from = after.plus_ns(1).max(span.from);
        loop {
            let inside = self.read.contains(from);
            if inside && let Some((_, batch)) = self.window.range(from..).next() {
                return Ok(Some(batch.clone()));
            }
            if inside {
                from = self.read.to;
            }
            if from > span.to {
                return Ok(None);
            }
            self.read_window(from).map_err(|error| SourceError(error.to_string()))?;
        }
    }

    fn alive_before(&mut self, at: Timestamp) -> Result<Vec<Entity>, SourceError> {
        let alive = |entity: &&Entity| self.appears(entity) < at && entity.ended.is_none_or(|ended| ended >= at);
        let mut alive: Vec<Entity> = self.entities.iter().filter(alive).cloned().collect();
        alive.sort_by_key(|entity: &Entity| -> (bool, EntityId) { (entity.kind != EntityKind::Component, entity.id) });
        Ok(alive)
    }
}
