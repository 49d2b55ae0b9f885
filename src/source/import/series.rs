//! Series that follow from imported events, so that views of levels over time have something to show, and what all importers share.

use std::collections::{HashMap, VecDeque};

use super::input::Input;
use super::slices::SPAN_NS;
use crate::model::batch::{Batch, Sample};
use crate::model::entity::{EntityId, EntityKind};
use crate::model::metric::{self, MetricKey};
use crate::model::time::Timestamp;
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

/// What can be said of a source that is a file.
pub(super) fn info(input: &Input, metrics: &[MetricKey]) -> SourceInfo {
    SourceInfo {
        spec: format!("import:{}", input.name()),
        title: input.name().to_owned(),
        metrics: metrics.to_vec(),
        has_census: false,
        has_gc_events: !metrics.is_empty(),
        has_stack_samples: false,
        limits: Vec::new(),
    }
}

/// The metrics that collections tell of a heap.
pub(super) const OF_HEAPS: [MetricKey; 3] = [metric::MEMORY_USED, metric::HEAP_HELD, metric::HEAP_LIVE];

/// Where processes belong whose names tell nothing.
pub(super) const PROCESSES: &str = "processes";

/// Adds what each heap held and had in use after its last collection of a batch, and puts processes without a component into one.
/// Whatever a source calls itself, it is the import of the file `name`.
pub(super) fn with_series(source: Box<dyn Source>, name: &str) -> Box<dyn Source> {
    if !source.info().has_gc_events {
        return source;
    }
    let mut info = SourceInfo { spec: format!("import:{name}"), ..source.info().clone() };
    let others: Vec<_> = info.metrics.drain(..).filter(|metric| !OF_HEAPS.contains(metric)).collect();
    info.metrics = OF_HEAPS.into_iter().chain(others).collect();
    Box::new(WithSeries { info, source, waiting: VecDeque::new(), last: None, word_bytes: HashMap::new() })
}

struct WithSeries {
    info: SourceInfo,
    source: Box<dyn Source>,
    /// Parts of the source's last batch.
    waiting: VecDeque<Batch>,
    /// When that was.
    last: Option<Timestamp>,
    /// Of heaps that are alive.
    word_bytes: HashMap<EntityId, f64>,
}

/// On all 64-bit machines.
const WORD_BYTES: f64 = 8.0;

impl Source for WithSeries {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        if self.waiting.is_empty() {
            let Some(mut batch) = self.source.next_batch(stop)? else { return Ok(None) };
            // Recorders leave out what is not later than what they have.
            if let Some(last) = self.last.filter(|last| batch.at <= *last) {
                batch.at = last.plus_ns(1);
            }
            let before = self.last.replace(batch.at);
            self.waiting = split(batch, before).into();
        }
        let Some(mut batch) = self.waiting.pop_front() else { return Ok(None) };
        for entity in batch.appeared.iter_mut().filter(|it| is_heap(it.kind)) {
            entity.component.get_or_insert_with(|| PROCESSES.into());
            let told = entity.attributes.get("word_bytes").and_then(|text| text.parse().ok());
            self.word_bytes.insert(entity.id, told.unwrap_or(WORD_BYTES));
        }
        let mut last = HashMap::new();
        for event in batch.gc_events.iter().filter(|event| event.kind.is_collection()) {
            last.insert(event.entity, (event.held_words, event.after_words));
        }
        let mut last: Vec<_> = last.into_iter().collect();
        last.sort_unstable();
        for (entity, (held, used)) in last {
            let Some(word_bytes) = self.word_bytes.get(&entity) else { continue };
            let [held, used] = [held, used].map(|words| words as f64 * word_bytes);
            for (metric, value) in OF_HEAPS.into_iter().zip([held, held, used]) {
                batch.samples.push(Sample { entity, metric, value });
            }
        }
        for id in &batch.vanished {
            self.word_bytes.remove(id);
        }
        Ok(Some(batch))
    }
}

/// Cuts a batch that reaches over a long time, so that what heaps held is told at more than one moment; all parts are
/// later than the batch `before`.
fn split(mut batch: Batch, before: Option<Timestamp>) -> Vec<Batch> {
    let events = std::mem::take(&mut batch.gc_events);
    let mut parts = Vec::new();
    let mut part = Batch { appeared: std::mem::take(&mut batch.appeared), ..Batch::default() };
    let mut from = None;
    for event in events {
        let end = Timestamp(event.at.0.saturating_add_unsigned(event.pause_ns));
        let is_due = from.is_some_and(|from: Timestamp| end.0.saturating_sub(from.0) >= SPAN_NS);
        if is_due && before < Some(part.at) && part.at < end && part.at < batch.at {
            let at = part.at;
            parts.push(std::mem::replace(&mut part, Batch { at, ..Batch::default() }));
            from = None;
        }
        from.get_or_insert(end);
        part.at = if parts.is_empty() && part.gc_events.is_empty() { end } else { part.at.max(end) };
        part.gc_events.push(event);
    }
    batch.appeared = part.appeared;
    batch.gc_events = part.gc_events;
    parts.push(batch);
    parts
}

fn is_heap(kind: EntityKind) -> bool {
    matches!(kind, EntityKind::BeamProcess | EntityKind::Heap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gc::{GcEvent, GcKind};

    fn event(ms: i64) -> GcEvent {
        let (at, entity) = (Timestamp(ms * 1_000_000), EntityId(0));
        GcEvent {
            at,
            entity,
            kind: GcKind::Major,
            pause_ns: 0,
            before_words: 2,
            after_words: 1,
            held_words: 3,
            reclaimed_words: 1,
            beam: None,
            logged: None,
        }
    }

    #[test]
    fn a_long_batch_is_cut_into_later_and_later_parts_and_loses_nothing() {
        let moments = [0, 150, 250, 240, 260, 900, 890, 2000];
        let batch = Batch { at: Timestamp(2_000_000_000), gc_events: moments.map(event).to_vec(), ..Batch::default() };
        for before in [None, Some(Timestamp(-1)), Some(Timestamp(300_000_000)), Some(Timestamp(1_999_999_999))] {
            let parts = split(batch.clone(), before);
            let mut last = before;
            for part in &parts {
                assert!(last < Some(part.at), "{before:?}: {parts:?}");
                last = Some(part.at);
            }
            let events: usize = parts.iter().map(|part| part.gc_events.len()).sum();
            assert_eq!((events, parts.last().unwrap().at), (moments.len(), batch.at));
        }
        assert!(split(batch, None).len() > 2);
    }
}
