//! What the importers of garbage-collection logs share: one heap at a time, its collections in batches, and the series that follow from
//! them (allocation and promotion per second, the longest pause, the generations).

use std::collections::BTreeMap;

use super::complaints::Complaints;
use super::slices::Slices;
use crate::model::batch::{Batch, Sample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::gc::{GcEvent, GcTracing, HeapSettings, TracingChange, TracingEnd};
use crate::model::id::ComponentId;
use crate::model::metric::{self, MetricKey};
use crate::model::time::Timestamp;
use crate::source::SourceError;

/// The series of such a heap, besides those of all imported ones.
pub(super) const METRICS: [MetricKey; 9] = [
    metric::MEMORY_ALLOCATION_RATE,
    metric::GC_PROMOTION_RATE,
    metric::GC_PAUSE,
    metric::HEAP_YOUNG,
    metric::HEAP_OLD,
    metric::HEAP_HUMONGOUS,
    metric::METASPACE_USED,
    metric::SAFEPOINT_STOP,
    metric::SAFEPOINT_REACH,
];

/// Rates over shorter stretches are noise.
const RATE_NS: i64 = 200_000_000;

/// Batches of one log being filled.
pub(super) struct GcLog {
    slices: Slices,
    pub complaints: Complaints,
    full: Vec<Batch>,
    heaps: u32,
    heap: Option<Heap>,
    /// Latest values of the series until the batch is due.
    levels: BTreeMap<MetricKey, f64>,
    /// The latest moment of all.
    latest: Timestamp,
    events: u64,
}

/// The heap that events belong to now.
struct Heap {
    id: EntityId,
    is_timed: bool,
    last_after: Option<u64>,
    last_end: Timestamp,
    allocated: u64,
    promoted: Option<u64>,
    rates_from: Timestamp,
}

impl GcLog {
    pub fn new(name: &str) -> Self {
        Self {
            slices: Slices::default(),
            complaints: Complaints::new(name),
            full: Vec::new(),
            heaps: 0,
            heap: None,
            levels: BTreeMap::new(),
            latest: Timestamp(0),
            events: 0,
        }
    }

    /// Whether events have a heap to belong to.
    pub fn has_heap(&self) -> bool {
        self.heap.is_some()
    }

    /// Collections so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The latest moment that was told.
    pub fn latest(&self) -> Timestamp {
        self.latest
    }

    /// A heap is there from `at` on; `limit_bytes` is the most that it may have. Without a clock nothing is said of how long it was watched.
    pub fn begin(
        &mut self,
        at: Timestamp,
        name: &str,
        limit_bytes: Option<u64>,
        facts: BTreeMap<String, String>,
        is_timed: bool,
    ) {
        let id = EntityId(self.heaps);
        self.heaps = self.heaps.saturating_add(1);
        let mut attributes = facts;
        attributes.insert("word_bytes".to_owned(), "1".to_owned());
        if let Some(limit) = limit_bytes {
            attributes.insert("limit_bytes".to_owned(), limit.to_string());
        }
        self.make_room(at);
        let batch = self.slices.batch();
        batch.appeared.push(Entity {
            id,
            kind: EntityKind::Heap,
            key: format!("heap:{}:{name}", id.0),
            component: Some(ComponentId(name.to_owned())),
            name: name.to_owned(),
            parent: None,
            started: None,
            ended: None,
            attributes,
        });
        if is_timed {
            let settings = limit_bytes.map(|limit| HeapSettings { max_heap_words: limit, ..Default::default() });
            batch.gc_tracing.push(GcTracing { at, entity: id, change: TracingChange::Began(settings) });
        }
        self.slices.put_at(at);
        self.heap =
            Some(Heap { id, is_timed, last_after: None, last_end: at, allocated: 0, promoted: None, rates_from: at });
    }

    /// The heap is gone: its program ended and another one began.
    pub fn end(&mut self) {
        self.close();
        let Some(heap) = self.heap.take() else { return };
        let batch = self.slices.batch();
        if heap.is_timed {
            let change = TracingChange::Ended(TracingEnd::Gone);
            batch.gc_tracing.push(GcTracing { at: self.latest, entity: heap.id, change });
        }
        batch.vanished.push(heap.id);
        self.slices.put_at(self.latest);
    }

    /// A collection, a pause or a concurrent phase of the heap; its entity is filled in.
    pub fn put(&mut self, mut event: GcEvent) {
        self.make_room(event.at);
        let Some(heap) = &mut self.heap else { return };
        event.entity = heap.id;
        let end = Timestamp(event.at.0.saturating_add_unsigned(event.pause_ns));
        self.latest = self.latest.max(end);
        self.events += 1;
        if event.kind.is_collection() {
            // A collection that goes on beside another one says nothing of what came between them.
            if let Some(after) = heap.last_after.filter(|_| event.at >= heap.last_end) {
                heap.allocated = heap.allocated.saturating_add(event.before_words.saturating_sub(after));
            }
            heap.allocated = heap.allocated.saturating_add(event.allocated_meanwhile_words());
            heap.last_after = Some(event.after_words);
            let beside = event.logged.map_or(0, |logged| logged.concurrent_ns);
            heap.last_end = heap.last_end.max(Timestamp(end.0.saturating_add_unsigned(beside)));
            if let Some(promoted) = event.logged.and_then(|logged| logged.promoted_bytes) {
                heap.promoted = Some(heap.promoted.unwrap_or(0).saturating_add(promoted));
            }
        }
        if event.is_pause() {
            raise(&mut self.levels, metric::GC_PAUSE, event.pause_ns as f64 / 1e9);
        }
        self.slices.put_at(event.at);
        self.slices.batch().gc_events.push(event);
    }

    /// A value that holds from now on.
    pub fn level(&mut self, metric: MetricKey, value: f64) {
        self.levels.insert(metric, value);
    }

    /// The largest value of a batch counts.
    pub fn peak(&mut self, at: Timestamp, metric: MetricKey, value: f64) {
        if self.heap.is_some() {
            self.make_room(at);
            self.slices.put_at(at);
            raise(&mut self.levels, metric, value);
        }
    }

    /// A batch that is full.
    pub fn next_full(&mut self) -> Option<Batch> {
        (!self.full.is_empty()).then(|| self.full.remove(0))
    }

    /// At the end of the file: what is left.
    ///
    /// # Errors
    /// When there was no collection.
    pub fn finish(&mut self) -> Result<(), SourceError> {
        if self.events > 0 {
            self.complaints.take();
        }
        self.complaints.finish()?;
        self.close();
        Ok(())
    }

    fn make_room(&mut self, at: Timestamp) {
        if self.slices.is_full_before(at) {
            self.close();
        }
    }

    /// Ends the batch with its series.
    fn close(&mut self) {
        if let Some(heap) = &mut self.heap {
            let length = self.latest.0.saturating_sub(heap.rates_from.0);
            if heap.is_timed && length >= RATE_NS {
                let per_s = |bytes: u64| bytes as f64 / (length as f64 / 1e9);
                self.levels.insert(metric::MEMORY_ALLOCATION_RATE, per_s(std::mem::take(&mut heap.allocated)));
                if let Some(promoted) = heap.promoted.as_mut() {
                    self.levels.insert(metric::GC_PROMOTION_RATE, per_s(std::mem::take(promoted)));
                }
                heap.rates_from = self.latest;
            }
            let entity = heap.id;
            let samples = std::mem::take(&mut self.levels);
            let samples = samples.into_iter().map(|(metric, value)| Sample { entity, metric, value });
            self.slices.batch().samples.extend(samples);
        }
        self.full.extend(self.slices.take(&mut self.complaints));
    }
}

fn raise(levels: &mut BTreeMap<MetricKey, f64>, metric: MetricKey, value: f64) {
    let level = levels.entry(metric).or_insert(value);
    *level = level.max(value);
}
