//! The collections of a recording, added up by component and over time.

use std::collections::{BTreeMap, HashMap};

use super::whatif::{Machine, Stretches, slices};
use crate::analysis::gc::{GcAnalysis, GcSummary};
use crate::analysis::gc_timeline::{Timeline, TimelineBuilder};
use crate::analysis::grid::Grid;
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::GC_RATE;
use crate::model::series::SeriesKey;
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
    Ok(read(recording, entities, range, None)?.map(|(found, _)| found))
}

/// Collections over time, in columns of about `width_ns`; `title` names a component. Without single collections it holds what a runtime
/// counted by itself; `None` where there is neither.
///
/// # Errors
/// When the recording can't be read.
pub fn timeline(
    recording: &Recording,
    entities: &[Entity],
    range: TimeRange,
    width_ns: i64,
    title: impl Fn(&ComponentId) -> String,
) -> Result<Option<Timeline>, RecordingError> {
    let grid = Grid::new(range, width_ns);
    let runtime = entities.iter().find(|entity| entity.kind == EntityKind::Runtime);
    let counted = match runtime {
        Some(runtime) => {
            let key = SeriesKey { entity: runtime.id, metric: GC_RATE };
            Some(recording.buckets(key, range, grid.width_ns)?).filter(|counted| !counted.buckets.is_empty())
        }
        None => None,
    };
    let read = read(recording, entities, range, Some(grid))?;
    let name = |id: &Option<ComponentId>| {
        let title = id.as_ref().map_or_else(|| String::from("without a component"), &title);
        (id.clone(), title)
    };
    let found = match read {
        Some((found, Some((builder, traced)))) => {
            Some(builder.finish(found.summary, found.components.iter().map(name).collect(), traced))
        }
        _ if counted.is_some() => {
            Some(TimelineBuilder::new(grid, 0).finish(GcSummary::default(), Vec::new(), Vec::new()))
        }
        _ => None,
    };
    Ok(found.map(|found| Timeline { counted, ..found }))
}

type Sorted = Option<(TimelineBuilder, Vec<TimeRange>)>;

/// Reads the events once, for figures and, where a grid is given, for columns.
fn read(
    recording: &Recording,
    entities: &[Entity],
    range: TimeRange,
    grid: Option<Grid>,
) -> Result<Option<(Collections, Sorted)>, RecordingError> {
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
    let all_traced: Vec<TimeRange> = traced.values().flatten().copied().collect();
    let mut analysis = GcAnalysis::new(range, numbers.len());
    let mut builder = grid.map(|grid| TimelineBuilder::new(grid, numbers.len()));
    for (entity, component) in heaps {
        analysis.heap(entity, component, word_bytes, traced.remove(&entity).unwrap_or_default());
    }
    for part in slices(range, span, summary.gc_events) {
        for event in recording.gc_events(part, None)? {
            if let (Some(seen), Some(builder)) = (analysis.take(&event), &mut builder) {
                builder.take(&event, &seen);
            }
        }
    }
    let mut components: Vec<(Option<&ComponentId>, usize)> = numbers.into_iter().collect();
    components.sort_by_key(|(_, number)| *number);
    let summary = analysis.finish();
    let components = components.into_iter().map(|(id, _)| id.cloned()).collect();
    let sorted = builder.map(|builder| (builder, all_traced));
    Ok((summary.all.count > 0).then_some((Collections { summary, components }, sorted)))
}
