//! Cuts a stream of single events into batches: of a bounded size, in order of time.

use super::complaints::Complaints;
use crate::model::batch::Batch;
use crate::model::time::Timestamp;

/// A batch is full with so many events.
const EVENTS: usize = 8192;

/// A batch spans no more, so that series taken from it have detail.
pub(super) const SPAN_NS: i64 = 200_000_000;

/// Collects events until a batch of them is due.
#[derive(Debug, Default)]
pub(super) struct Slices {
    batch: Batch,
    from: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// Of the batch before.
    last: Option<Timestamp>,
}

impl Slices {
    /// What is being collected.
    pub fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Whether what lies at `at` begins a new batch; then the one before is to be taken first.
    pub fn is_full_before(&self, at: Timestamp) -> bool {
        let batch = &self.batch;
        batch.gc_events.len() + batch.gc_tracing.len() + batch.requests.len() >= EVENTS
            || self.from.is_some_and(|from| at.0.saturating_sub(from.0) >= SPAN_NS)
    }

    /// Something of this moment was put into the batch.
    pub fn put_at(&mut self, at: Timestamp) {
        self.from.get_or_insert(at);
        self.newest = self.newest.max(Some(at));
    }

    /// The batch with what there is to complain about, if there is anything; later than the one before.
    pub fn take(&mut self, complaints: &mut Complaints) -> Option<Batch> {
        let mut batch = std::mem::take(&mut self.batch);
        self.from = None;
        let newest = self.newest.unwrap_or_default();
        batch.at = self.last.map_or(newest, |last| newest.max(last.plus_ns(1)));
        batch.notices = complaints.notices(batch.at);
        if batch == (Batch { at: batch.at, ..Batch::default() }) {
            return None;
        }
        self.last = Some(batch.at);
        Some(batch)
    }
}
