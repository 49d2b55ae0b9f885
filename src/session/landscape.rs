//! Gathers the memory landscape of a recording at one moment, and the difference between two.
//!
//! Whoever has a series of its own is known at the moment itself; all others are as the last census before it counted them.

use std::collections::{BTreeSet, HashMap};

use super::answer::{Asker, MAX_AGE_NS};
use crate::analysis::landscape::difference::{Difference, difference};
use crate::analysis::landscape::kinds::Sizes;
use crate::analysis::landscape::outside::{AllocatorUse, outside};
use crate::analysis::landscape::{self, Landscape, Measured, Whole};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{
    ALLOCATOR_CARRIERS, ALLOCATOR_UTILIZATION, BINARY_HELD, HEAP_FRAGMENTS, HEAP_HELD, HEAP_LIVE, HEAP_OLD_HELD,
    HEAP_OLD_LIVE, HEAP_STACK, MEMORY_RESIDENT, MEMORY_USED, MetricKey, QUEUE_LENGTH,
};
use crate::model::quantity::Quantity;
use crate::model::time::Timestamp;
use crate::model::unit::Unit;
use crate::store::recording::{Recording, RecordingError};

/// What is known of the insides of processes.
const INSIDES: [MetricKey; 8] =
    [HEAP_HELD, HEAP_LIVE, HEAP_OLD_HELD, HEAP_OLD_LIVE, HEAP_FRAGMENTS, HEAP_STACK, BINARY_HELD, QUEUE_LENGTH];

/// So many components that match nothing, or were not measured, are named.
const NAMED: usize = 5;

impl Asker<'_> {
    /// The landscape at a moment, or as stated; `None` if nothing is known.
    pub(super) fn landscape(&self, at: Option<Timestamp>) -> Result<Option<Landscape>, RecordingError> {
        let (Some(at), Some(recording)) = (at, self.recording) else {
            return Ok(landscape::stated(self.known.document));
        };
        let known: HashMap<EntityId, &Entity> = self.known.entities.iter().map(|entity| (entity.id, entity)).collect();
        let is_alive = |id: &EntityId| known.get(id).is_some_and(|entity| entity.ended.is_none_or(|ended| ended > at));
        let part_metric = self.part_metric();
        let mut values = self.values_at(part_metric, at)?;
        let has_processes = self.known.entities.iter().any(|entity| entity.kind == EntityKind::BeamProcess);
        let mut insides = Insides::default();
        if has_processes {
            for metric in INSIDES {
                self.values_at(metric, at)?.iter().for_each(|(&id, &value)| insides.put(id, metric, value));
            }
        }
        let mut counted = Insides::default();
        let census = recording.census_before(at)?;
        for sample in census.iter().flat_map(|census| &census.rows).filter(|sample| is_alive(&sample.entity)) {
            if sample.metric == part_metric {
                values.entry(sample.entity).or_insert(sample.value);
            } else if has_processes {
                counted.put(sample.entity, sample.metric, sample.value);
            }
        }
        insides.add(counted);
        let is_somebody = |id: &EntityId| {
            let kind = known.get(id).map(|entity| entity.kind);
            !matches!(
                kind,
                None | Some(EntityKind::Component | EntityKind::Machine | EntityKind::Runtime | EntityKind::Core)
            )
        };
        let members: Vec<(EntityId, f64)> =
            values.iter().filter(|(id, _)| is_somebody(id)).map(|(id, value)| (*id, *value)).collect();
        let totals: Vec<(ComponentId, f64)> =
            self.components().filter_map(|(entity, id)| Some((id, *values.get(&entity.id)?))).collect();
        let whole = self.whole();
        let of_whole = |metric: MetricKey| -> Result<Option<f64>, RecordingError> {
            let Some(whole) = whole else { return Ok(None) };
            Ok(self.values_at(metric, at)?.get(&whole).copied())
        };
        let total_bytes = of_whole(MEMORY_USED)?;
        if members.is_empty() && totals.is_empty() && total_bytes.is_none() {
            return Ok(None);
        }
        let kind = whole.and_then(|whole| known.get(&whole)).map(|entity| entity.kind);
        let measured = Measured {
            at,
            source: self.known.source,
            entities: self.known.entities,
            values: &members,
            component_totals: &totals,
            total_bytes,
            whole: if kind == Some(EntityKind::Runtime) { Whole::Runtime } else { Whole::Machine },
            sizes: &insides.sizes,
            has_generations: insides.has_generations,
        };
        let mut found = landscape::measured_in(&measured, |id| self.title(id));
        found.census_at = census.map(|census| census.at);
        if found.whole == Whole::Runtime {
            let resident = of_whole(MEMORY_RESIDENT)?;
            let total = found.total_bytes();
            // The total of the moment at which the allocators were asked.
            let carriers = recording.values_at(ALLOCATOR_CARRIERS, at, MAX_AGE_NS)?;
            let asked_at = carriers.iter().find(|(id, _)| Some(*id) == whole).map(|(_, point)| point.at);
            let then = match asked_at.zip(whole) {
                Some((then, whole)) => self.values_at(MEMORY_USED, then)?.get(&whole).copied(),
                None => None,
            };
            found.outside = outside(total, then.unwrap_or(total), &self.allocators(at)?, resident);
            let measured = |bytes| Quantity::measured(bytes, Unit::BYTES, self.known.source, None);
            found.resident = resident.map(measured);
        }
        found.notes = self.notes(recording, &found, has_processes && insides.sizes.is_empty())?;
        Ok(Some(found))
    }

    fn allocators(&self, at: Timestamp) -> Result<Vec<AllocatorUse>, RecordingError> {
        let (carriers, utilization) =
            (self.values_at(ALLOCATOR_CARRIERS, at)?, self.values_at(ALLOCATOR_UTILIZATION, at)?);
        let allocators = self.known.entities.iter().filter(|entity| entity.kind == EntityKind::Allocator);
        let found = allocators.filter_map(|entity| {
            Some(AllocatorUse {
                entity: entity.id,
                name: entity.name.clone(),
                carrier_bytes: *carriers.get(&entity.id)?,
                // One without carriers uses all of nothing.
                utilization: utilization.get(&entity.id).copied().unwrap_or(1.0),
            })
        });
        Ok(found.collect())
    }

    /// What is missing or to be known.
    fn notes(
        &self,
        recording: &Recording,
        found: &Landscape,
        lacks_insides: bool,
    ) -> Result<Vec<String>, RecordingError> {
        let Some(at) = found.at else { return Ok(Vec::new()) };
        let mut notes = Vec::new();
        for gap in recording.gaps()?.iter().filter(|gap| gap.range.from < at && at < gap.range.to) {
            let (from, to) = (gap.range.from.local("%H:%M:%S"), gap.range.to.local("%H:%M:%S"));
            notes.push(format!(
                "Nothing was measured from {from} to {to} ({}); this is how it was known before.",
                gap.why.trim_end_matches('.')
            ));
        }
        match found.whole {
            Whole::Sum => notes.push(String::from(
                "The whole was not measured at this moment, so the total is the sum of the parts and nothing can be unattributed.",
            )),
            Whole::Runtime if found.outside.is_empty() => notes.push(String::from(
                "Allocators and physical memory were not measured at this moment, so the boxes add up to what the runtime counts.",
            )),
            Whole::Runtime if found.resident.is_none() => notes.push(String::from(
                "The machine of the node does not tell its physical memory, so the boxes add up to the carriers of its allocators.",
            )),
            _ => {}
        }
        if lacks_insides {
            notes.push(String::from("What processes consist of was not recorded."));
        }
        notes.extend(self.unmeasured(found, at));
        notes.extend(self.unmatched(at));
        Ok(notes)
    }

    /// Components whose processes or tables were there, but of which nothing was measured.
    fn unmeasured(&self, found: &Landscape, at: Timestamp) -> Option<String> {
        let shown: BTreeSet<&ComponentId> = found.parts.iter().map(|part| &part.component).collect();
        let alive = self.alive(at);
        let hidden: Vec<String> = alive.into_iter().filter(|id| !shown.contains(id)).map(|id| self.title(id)).collect();
        let hidden: Vec<&str> = hidden.iter().map(String::as_str).collect();
        named(
            "was not measured lately, though it was there",
            "were not measured lately, though they were there",
            &hidden,
        )
    }

    /// Components with somebody who was there.
    fn alive(&self, at: Timestamp) -> BTreeSet<&ComponentId> {
        let is_alive = |entity: &&Entity| {
            !matches!(entity.kind, EntityKind::Component | EntityKind::Machine | EntityKind::Runtime)
                && entity.started.is_none_or(|started| started <= at)
                && entity.ended.is_none_or(|ended| ended > at)
        };
        self.known.entities.iter().filter(is_alive).filter_map(|entity| entity.component.as_ref()).collect()
    }

    /// Components of the document whose selectors matched nobody who lived then.
    fn unmatched(&self, at: Timestamp) -> Option<String> {
        let alive = self.alive(at);
        let with_selectors = self.known.document.components.iter().filter(|component| !component.selectors.is_empty());
        let unmatched: Vec<&str> = with_selectors
            .filter(|component| !alive.contains(&component.id))
            .map(|component| component.title.as_str())
            .collect();
        named("matches nobody who was there at this moment", "match nobody who was there at this moment", &unmatched)
    }

    /// What changed between two moments; `None` if nothing is known of one of them.
    pub(super) fn change(&self, from: Timestamp, to: Timestamp) -> Result<Option<Difference>, RecordingError> {
        if self.recording.is_none() {
            return Ok(None);
        }
        let (Some(one), Some(other)) = (self.landscape(Some(from))?, self.landscape(Some(to))?) else {
            return Ok(None);
        };
        let lives: HashMap<EntityId, (Option<Timestamp>, Option<Timestamp>)> =
            self.known.entities.iter().map(|entity| (entity.id, (entity.started, entity.ended))).collect();
        Ok(difference(&one, &other, |id| lives.get(&id).copied().unwrap_or_default()))
    }
}

/// A sentence on components by their names; none of none.
fn named(of_one: &str, of_many: &str, components: &[&str]) -> Option<String> {
    let names = components.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match components.len() {
        0 => None,
        1 => Some(format!("A component {of_one}: {names}.")),
        count if count <= NAMED => Some(format!("{count} components {of_many}: {names}.")),
        count => Some(format!("{count} components {of_many}, among them {names}.")),
    }
}

/// The insides of processes as they come together from series and censuses.
#[derive(Default)]
struct Insides {
    sizes: HashMap<EntityId, Sizes>,
    has_generations: bool,
}

impl Insides {
    fn put(&mut self, entity: EntityId, metric: MetricKey, value: f64) {
        if !INSIDES.contains(&metric) {
            return;
        }
        self.has_generations |= metric == HEAP_STACK;
        let sizes = self.sizes.entry(entity).or_default();
        let place = match metric {
            HEAP_HELD => return sizes.held = Some(value),
            HEAP_LIVE => &mut sizes.live,
            HEAP_OLD_HELD => &mut sizes.old_held,
            HEAP_OLD_LIVE => &mut sizes.old_live,
            HEAP_FRAGMENTS => &mut sizes.fragments,
            HEAP_STACK => &mut sizes.stack,
            BINARY_HELD => &mut sizes.binaries,
            _ => &mut sizes.queue,
        };
        *place = value;
    }

    /// Fills in whose heaps are not known yet.
    fn add(&mut self, counted: Insides) {
        self.has_generations |= counted.has_generations;
        for (entity, sizes) in counted.sizes {
            match self.sizes.get_mut(&entity) {
                Some(known) if known.held.is_some() => {}
                Some(known) => *known = Sizes { queue: known.queue, ..sizes },
                None => {
                    self.sizes.insert(entity, sizes);
                }
            }
        }
        // Queues alone tell nothing where nobody looked into any heap.
        let has_heaps = self.sizes.values().any(|sizes| sizes.held.is_some());
        self.sizes.retain(|_, sizes| has_heaps && (sizes.held.is_some() || sizes.queue > 0.0));
    }
}
