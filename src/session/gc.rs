//! The collections of a recording, added up by component.

use std::collections::{BTreeMap, HashMap};

use super::whatif::{Machine, Stretches, slices};
use crate::analysis::gc::{GcAnalysis, GcSummary};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::time::TimeRange;
use crate::store::recording::{Recording, RecordingError};

/// Figures, and of which component each of them is.
#[derive(Debug)]
pub struct Collections {
    /// The figures.
    pub summary: GcSummary,
    /// In the order of its components; `None`: heaps that belong to none.
    pub components: Vec<Option<ComponentId>>,
}

/// The figures of `range`; `None` without a collection in it.
///
/// # Errors
/// When the recording can't be read.
pub fn summarize(
    recording: &Recording,
    entities: &[Entity],
    range: TimeRange,
) -> Result<Option<Collections>, RecordingError> {
    let summary = recording.summary()?;
    let Some(span) = summary.span.filter(|_| summary.gc_events > 0) else { return Ok(None) };
    let mut numbers: BTreeMap<Option<&ComponentId>, usize> = BTreeMap::new();
    let heaps = entities.iter().filter(|it| matches!(it.kind, EntityKind::BeamProcess | EntityKind::Heap));
    let heaps: Vec<(EntityId, usize)> = heaps
        .map(|entity| {
            let next = numbers.len();
            (entity.id, *numbers.entry(entity.component.as_ref()).or_insert(next))
        })
        .collect();
    let word_bytes = Machine::of(entities).word_bytes as f64;
    let stretches = Stretches::new(&recording.gc_tracing(range.to)?, range).into_sorted();
    let mut traced: HashMap<EntityId, Vec<TimeRange>> = HashMap::new();
    for stretch in stretches {
        traced.entry(stretch.entity).or_default().push(TimeRange::new(stretch.from, stretch.to));
    }
    let mut analysis = GcAnalysis::new(range, numbers.len());
    for (entity, component) in heaps {
        analysis.heap(entity, component, word_bytes, traced.remove(&entity).unwrap_or_default());
    }
    for part in slices(range, span, summary.gc_events) {
        recording.gc_events(part, None)?.iter().for_each(|event| analysis.take(event));
    }
    let mut components: Vec<(Option<&ComponentId>, usize)> = numbers.into_iter().collect();
    components.sort_by_key(|(_, number)| *number);
    let summary = analysis.finish();
    let components = components.into_iter().map(|(id, _)| id.cloned()).collect();
    Ok((summary.all.count > 0).then_some(Collections { summary, components }))
}
