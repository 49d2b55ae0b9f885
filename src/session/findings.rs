//! Gathers from a recording what the rules of `analysis::findings` need, within bounds: who is large, busy, or has messages
//! waiting, at a few moments of the range; of those, series in at most a thousand stretches; and stacks from slices of the time.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Known, MAX_AGE_NS};
use crate::analysis::findings::{Findings, Observed, Stacks, Subject, Track, find};
use crate::model::document::{Document, Statistic};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{self, MetricKey};
use crate::model::quantity::Quantity;
use crate::model::series::SeriesKey;
use crate::model::time::{NS_PER_S, TimeRange};
use crate::store::recording::{Recording, RecordingError};

/// At so many moments it is looked who stands out.
const MOMENTS: i64 = 5;
/// So many by each measure, at each moment.
const TOP: usize = 40;
/// Components are few by nature; this holds where they are not.
const MAX_COMPONENTS: usize = 500;
/// A series comes in so many stretches at most.
const COLUMNS: i64 = 1_000;
/// More stack samples are looked at in slices.
const MAX_STACKS: u64 = 50_000;
const SLICES: i64 = 20;

/// Expressions that a source lets a node evaluate for its measurements: its own doing is no finding.
const OWN_CALLS: [&str; 2] = ["erl_eval:exprs/2", "slave:relay/1"];

/// By which measures somebody stands out.
const OUTSTANDING: [MetricKey; 5] =
    [metric::MEMORY_USED, metric::MEMORY_RESIDENT, metric::CPU_CORES, metric::QUEUE_LENGTH, metric::BINARY_HELD];

/// What the rules find in a range of a recording; nothing without one.
///
/// # Errors
/// When the recording can't be read.
pub fn findings(known: Known<'_>, recording: Option<&Recording>, range: TimeRange) -> Result<Findings, RecordingError> {
    match (recording, known.span) {
        (Some(recording), Some(span)) if range.from < range.to => Ok(find(&observe(known, recording, span, range)?)),
        _ => Ok(Findings::default()),
    }
}

fn observe(
    known: Known<'_>,
    recording: &Recording,
    span: TimeRange,
    range: TimeRange,
) -> Result<Observed, RecordingError> {
    let chosen = chosen(known.entities, recording, range)?;
    let mut metrics: BTreeMap<EntityId, Vec<MetricKey>> = BTreeMap::new();
    for key in recording.series()? {
        metrics.entry(key.entity).or_default().push(key.metric);
    }
    let width_ns = (range.length_ns() / COLUMNS).max(NS_PER_S);
    let mut subjects = Vec::with_capacity(chosen.len());
    for entity in known.entities.iter().filter(|entity| chosen.contains(&entity.id)) {
        let mut series = BTreeMap::new();
        for metric in metrics.get(&entity.id).into_iter().flatten().filter(|metric| is_wanted(entity.kind, **metric)) {
            let buckets = recording.buckets(SeriesKey { entity: entity.id, metric: *metric }, range, width_ns)?;
            series.insert(*metric, Track::of(&buckets, range.from));
        }
        subjects.push(subject(known, entity, series));
    }
    let is_scheduler = |entity: &&Entity| entity.kind == EntityKind::Scheduler && !entity.name.starts_with("dirty");
    Ok(Observed {
        source: known.source.to_owned(),
        start: span.from,
        range,
        stacks: stacks(recording, range, &chosen)?,
        schedulers: known.entities.iter().filter(is_scheduler).count(),
        stated: stated(known.document),
        subjects,
    })
}

fn subject(known: Known<'_>, entity: &Entity, series: BTreeMap<MetricKey, Track>) -> Subject {
    let is_component = entity.kind == EntityKind::Component;
    let component = if is_component { Some(ComponentId(entity.key.clone())) } else { entity.component.clone() };
    let title = component.as_ref().filter(|_| is_component).and_then(|id| known.document.component(id));
    Subject {
        entity: entity.id,
        kind: entity.kind,
        name: title.map_or_else(|| entity.name.clone(), |component| component.title.clone()),
        component,
        attributes: entity.attributes.clone(),
        series,
    }
}

/// The whole, components, and who stands out at one of a few moments.
fn chosen(entities: &[Entity], recording: &Recording, range: TimeRange) -> Result<BTreeSet<EntityId>, RecordingError> {
    let is_own = |entity: &Entity| {
        let calls = entity.attributes.get("initial_call");
        calls.is_some_and(|call| OWN_CALLS.contains(&call.as_str()))
    };
    let kinds: BTreeMap<EntityId, EntityKind> =
        entities.iter().filter(|entity| !is_own(entity)).map(|entity| (entity.id, entity.kind)).collect();
    let of_kind = |wanted: &[EntityKind]| {
        kinds.iter().filter(|(_, kind)| wanted.contains(kind)).map(|(id, _)| *id).collect::<Vec<_>>()
    };
    let mut chosen: BTreeSet<EntityId> = of_kind(&[EntityKind::Runtime, EntityKind::Machine]).into_iter().collect();
    chosen.extend(of_kind(&[EntityKind::Component]).into_iter().take(MAX_COMPONENTS));
    let step_ns = range.length_ns() / MOMENTS;
    for metric in OUTSTANDING {
        for moment in 1..=MOMENTS {
            let at = if moment == MOMENTS { range.to } else { range.from.plus_ns(step_ns * moment) };
            let mut values: BTreeMap<EntityKind, Vec<(f64, EntityId)>> = BTreeMap::new();
            for (id, point) in recording.values_at(metric, at, MAX_AGE_NS)? {
                let kind = kinds.get(&id).copied();
                let is_member = |kind: &EntityKind| {
                    matches!(kind, EntityKind::BeamProcess | EntityKind::EtsTable | EntityKind::OsProcess)
                };
                if let Some(kind) = kind.filter(is_member).filter(|_| point.value > 0.0) {
                    values.entry(kind).or_default().push((point.value, id));
                }
            }
            for mut ranked in values.into_values() {
                ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                chosen.extend(ranked.into_iter().take(TOP).map(|(_, id)| id));
            }
        }
    }
    Ok(chosen)
}

/// The series that some rule looks at.
fn is_wanted(kind: EntityKind, key: MetricKey) -> bool {
    match kind {
        EntityKind::BeamProcess => [
            metric::MEMORY_USED,
            metric::CPU_CORES,
            metric::QUEUE_LENGTH,
            metric::HEAP_HELD,
            metric::HEAP_LIVE,
            metric::BINARY_HELD,
            metric::BEAM_REDUCTIONS,
        ]
        .contains(&key),
        EntityKind::EtsTable => [metric::MEMORY_USED, metric::TABLE_OBJECTS].contains(&key),
        EntityKind::OsProcess => [metric::MEMORY_RESIDENT, metric::CPU_CORES].contains(&key),
        EntityKind::Component => {
            [metric::MEMORY_USED, metric::MEMORY_RESIDENT, metric::MEMBERS, metric::CPU_CORES, metric::BEAM_REDUCTIONS]
                .contains(&key)
        }
        EntityKind::Runtime | EntityKind::Machine => true,
        _ => false,
    }
}

fn stacks(
    recording: &Recording,
    range: TimeRange,
    chosen: &BTreeSet<EntityId>,
) -> Result<BTreeMap<EntityId, Stacks>, RecordingError> {
    let summary = recording.summary()?;
    let mut found: BTreeMap<EntityId, Stacks> = BTreeMap::new();
    for slice in slices(range, summary.span, summary.stack_samples) {
        for sample in recording.stack_samples(slice, None)? {
            if chosen.contains(&sample.entity) {
                found.entry(sample.entity).or_default().count(&sample.frames, sample.weight);
            }
        }
    }
    Ok(found)
}

/// All of the range, or evenly spaced parts of it if there are too many samples; as if they came evenly over the recording.
fn slices(range: TimeRange, span: Option<TimeRange>, samples: u64) -> Vec<TimeRange> {
    let part = span.map_or(1.0, |span| range.length_seconds() / span.length_seconds().max(1e-9));
    let expected = samples as f64 * part.min(1.0);
    if expected <= MAX_STACKS as f64 {
        return vec![range];
    }
    let step_ns = range.length_ns() / SLICES;
    let length_ns = ((step_ns as f64 * MAX_STACKS as f64 / expected) as i64).max(1);
    let slice = |index: i64| {
        let from = range.from.plus_ns(step_ns * index);
        TimeRange::new(from, from.plus_ns(length_ns))
    };
    (0..SLICES).map(slice).collect()
}

/// What the document says of components as they are now.
fn stated(document: &Document) -> BTreeMap<(ComponentId, MetricKey), Quantity> {
    let mut found = BTreeMap::new();
    for component in &document.components {
        for fact in component.facts.iter().filter(|fact| fact.each.is_none() && fact.part_of.is_none()) {
            let is_now = matches!(fact.statistic, Statistic::Unspecified | Statistic::Current | Statistic::Mean);
            let about = fact.about.clone().unwrap_or_else(|| component.id.clone());
            if let Some(metric) = fact.metric.filter(|_| is_now) {
                found.entry((about, metric)).or_insert_with(|| document.quantity(fact));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn many_stacks_are_looked_at_in_parts() {
        let range = TimeRange::new(Timestamp(0), Timestamp(1000 * NS_PER_S));
        assert_eq!(slices(range, Some(range), 10_000), [range]);
        let parts = slices(range, Some(range), 500_000);
        assert_eq!(parts.len(), 20);
        let seconds: f64 = parts.iter().map(|part| part.length_seconds()).sum();
        assert!((seconds - 100.0).abs() < 1.0, "{seconds}");
        assert!(parts.iter().all(|part| range.covers(*part)));
    }
}
