//! Series that follow from imported events, so that views of levels over time have something to show, and what all importers share.

use std::collections::HashMap;

use super::input::Input;
use crate::model::batch::{Batch, Sample};
use crate::model::entity::{EntityId, EntityKind};
use crate::model::metric::{self, MetricKey};
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
    let (spec, metrics) = (format!("import:{name}"), OF_HEAPS.to_vec());
    let info = SourceInfo { spec, metrics, ..source.info().clone() };
    Box::new(WithSeries { info, source, word_bytes: HashMap::new() })
}

struct WithSeries {
    info: SourceInfo,
    source: Box<dyn Source>,
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
        let Some(mut batch) = self.source.next_batch(stop)? else { return Ok(None) };
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

fn is_heap(kind: EntityKind) -> bool {
    matches!(kind, EntityKind::BeamProcess | EntityKind::Heap)
}
