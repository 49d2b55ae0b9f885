//! Gathers what the models of what-if read from a recording: heaps whose collections were traced, single requests, tables.

use std::collections::{BTreeMap, HashMap};

use crate::model::document::Document;
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::gc::{GcEvent, GcTracing, HeapSettings, TracingChange, TracingEnd};
use crate::model::id::ComponentId;
use crate::model::metric::{CPU_CORES, MEMORY_USED, TABLE_OBJECTS};
use crate::model::series::SeriesKey;
use crate::model::time::{TimeRange, Timestamp};
use crate::store::recording::{Recording, RecordingError};
use crate::whatif::data::{ComponentData, SessionData, TableData, TracedHeap};

/// So many events are read at once.
const EVENTS_AT_ONCE: u64 = 1 << 17;

/// A table's sizes are told at no more moments than this.
const MOMENTS: i64 = 2000;

/// On all 64-bit machines.
const WORD_BYTES: u64 = 8;

/// Everything that models can use of a recording in `range`, or in all of it: components in the order of the document, those that only
/// the source knows behind. A heap's stretch that began before the range begins with it.
///
/// # Errors
/// When the recording can't be read.
pub fn gather(
    recording: &Recording,
    document: Option<&Document>,
    range: Option<TimeRange>,
) -> Result<SessionData, RecordingError> {
    let summary = recording.summary()?;
    let Some(span) = summary.span else { return Ok(SessionData { word_bytes: WORD_BYTES, ..SessionData::default() }) };
    let range = range.and_then(|range| range.intersection(span)).unwrap_or(span);
    let entities = recording.entities()?;
    let mut components = Components::new(document, &entities);
    let names: HashMap<EntityId, &Entity> = entities.iter().map(|entity| (entity.id, entity)).collect();

    let mut stretches = Stretches::new(&recording.gc_tracing(range.to)?, range);
    let requests_are_many = summary.gc_events.max(summary.requests);
    for part in slices(range, span, requests_are_many) {
        for event in recording.gc_events(part, None)? {
            stretches.take(event);
        }
        for request in recording.requests(part, None)? {
            if let Some(component) = names.get(&request.entity).and_then(|entity| components.of(entity)) {
                component.requests.push(request);
            }
        }
    }
    for stretch in stretches.into_sorted() {
        let Some(entity) = names.get(&stretch.entity) else { continue };
        if let Some(component) = components.of(entity) {
            let collector = entity.attributes.get("collector").cloned();
            component.heaps.push(TracedHeap { name: entity.name.clone(), collector, ..stretch });
        }
    }
    for entity in entities.iter().filter(|entity| entity.kind == EntityKind::EtsTable) {
        let sizes = table_sizes(recording, entity.id, range)?;
        if let Some(component) = components.of(entity).filter(|_| !sizes.is_empty()) {
            component.tables.push(TableData { entity: entity.id, name: entity.name.clone(), sizes });
        }
    }
    for entity in entities.iter().filter(|entity| entity.kind == EntityKind::Component) {
        let cores = means(recording, SeriesKey { entity: entity.id, metric: CPU_CORES }, range)?.collect();
        if let Some(component) = components.of(entity) {
            component.cpu_cores = cores;
        }
    }
    let machine = Machine::of(&entities);
    Ok(SessionData {
        range: Some(range),
        word_bytes: machine.word_bytes,
        otp_release: machine.otp_release,
        cores: machine.cores,
        components: components.list,
    })
}

/// What the entities say of what it ran on.
pub(super) struct Machine {
    pub word_bytes: u64,
    otp_release: Option<u32>,
    cores: Option<f64>,
}

impl Machine {
    pub fn of(entities: &[Entity]) -> Self {
        let told = |kind: EntityKind, name: &str| {
            let of_kind = entities.iter().filter(|entity| entity.kind == kind);
            of_kind.filter_map(|entity| entity.attributes.get(name)).next_back()
        };
        let number = |kind, name| told(kind, name).and_then(|text| text.parse::<f64>().ok());
        let word_bytes = number(EntityKind::Runtime, "word_bytes").or(number(EntityKind::Heap, "word_bytes"));
        // "27", or "27.1.2" of a build that tells more.
        let release = told(EntityKind::Runtime, "release").or(told(EntityKind::Runtime, "otp"));
        let cores = number(EntityKind::Runtime, "schedulers")
            .or(number(EntityKind::Machine, "cores"))
            .or(number(EntityKind::Heap, "cores"));
        Self {
            word_bytes: word_bytes.map_or(WORD_BYTES, |bytes| bytes as u64).clamp(1, 16),
            otp_release: release.and_then(|text| text.split('.').next()?.parse().ok()),
            cores: cores.filter(|cores| *cores > 0.0),
        }
    }
}

/// The components, and where entities belong.
struct Components {
    list: Vec<ComponentData>,
    by_id: BTreeMap<ComponentId, usize>,
}

impl Components {
    fn new(document: Option<&Document>, entities: &[Entity]) -> Self {
        let stated = document.map_or(&[][..], |document| &document.components);
        let stated = stated.iter().map(|component| (component.id.clone(), component.title.clone()));
        let mut found: Vec<(ComponentId, String)> = entities
            .iter()
            .filter(|entity| entity.kind == EntityKind::Component)
            .map(|entity| (ComponentId(entity.key.clone()), entity.name.clone()))
            .collect();
        found.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        let mut components = Self { list: Vec::new(), by_id: BTreeMap::new() };
        for (id, title) in stated.chain(found) {
            components.by_id.entry(id.clone()).or_insert_with(|| {
                components.list.push(ComponentData { id, title, ..ComponentData::default() });
                components.list.len() - 1
            });
        }
        components
    }

    fn of(&mut self, entity: &Entity) -> Option<&mut ComponentData> {
        let index = match (entity.kind, &entity.component) {
            (EntityKind::Component, _) => self.by_id.get(&ComponentId(entity.key.clone())),
            (_, Some(component)) => self.by_id.get(component),
            (_, None) => None,
        };
        self.list.get_mut(*index?)
    }
}

/// Stretches of tracing, being filled with their events.
pub(super) struct Stretches {
    range: TimeRange,
    /// Of each entity, in order of time.
    by_entity: HashMap<EntityId, Vec<TracedHeap>>,
}

impl Stretches {
    pub fn new(changes: &[GcTracing], range: TimeRange) -> Self {
        let mut by_entity: HashMap<EntityId, Vec<TracedHeap>> = HashMap::new();
        for change in changes {
            let stretches = by_entity.entry(change.entity).or_default();
            let open = stretches.last_mut().filter(|stretch| stretch.end.is_none());
            match (change.change, open) {
                (TracingChange::Began(settings), open) => {
                    if let Some(open) = open {
                        // Nobody said that it ended: what came between may have been missed.
                        open.to = change.at.min(range.to);
                        open.end = Some(TracingEnd::Stopped);
                    }
                    stretches.push(stretch(change.entity, change.at, settings, range));
                }
                (TracingChange::Ended(end), Some(open)) => {
                    open.to = change.at;
                    open.end = Some(end);
                }
                (TracingChange::Ended(_), None) => {}
            }
        }
        for stretches in by_entity.values_mut() {
            stretches.retain(|stretch| stretch.to >= range.from);
            for stretch in stretches {
                if stretch.from < range.from {
                    stretch.from = range.from;
                    // The block is that of the first event then.
                    stretch.settings = stretch.settings.map(|it| HeapSettings { heap_block_words: 0, ..it });
                }
            }
        }
        Self { range, by_entity }
    }

    fn take(&mut self, event: GcEvent) {
        let Some(stretches) = self.by_entity.get_mut(&event.entity) else { return };
        let holds = |stretch: &&mut TracedHeap| stretch.from <= event.at && event.at <= stretch.to;
        let Some(stretch) = stretches.iter_mut().rfind(holds) else { return };
        let is_first = stretch.events.is_empty();
        if let Some(settings) = stretch.settings.as_mut().filter(|settings| is_first && settings.heap_block_words == 0)
        {
            settings.heap_block_words = event.beam.map_or(0, |beam| beam.start.heap_block);
        }
        stretch.events.push(event);
    }

    pub fn into_sorted(self) -> Vec<TracedHeap> {
        let mut all: Vec<TracedHeap> = self.by_entity.into_values().flatten().collect();
        all.retain(|stretch| stretch.from < self.range.to);
        all.sort_by_key(|stretch| (stretch.entity, stretch.from));
        all
    }
}

fn stretch(entity: EntityId, from: Timestamp, settings: Option<HeapSettings>, range: TimeRange) -> TracedHeap {
    TracedHeap {
        entity,
        name: String::new(),
        collector: None,
        settings,
        from,
        to: range.to,
        end: None,
        events: Vec::new(),
    }
}

/// The range, cut so that about [`EVENTS_AT_ONCE`] of the recording's events fall into each part.
pub(super) fn slices(range: TimeRange, span: TimeRange, events: u64) -> Vec<TimeRange> {
    let share = range.length_ns() as f64 / span.length_ns().max(1) as f64;
    let parts = (events as f64 * share / EVENTS_AT_ONCE as f64).ceil().clamp(1.0, 10_000.0) as i64;
    let width = (range.length_ns() / parts).max(1);
    let inner = (1..parts).map(|part| range.from.plus_ns(width.saturating_mul(part)));
    let ends: Vec<Timestamp> = std::iter::once(range.from).chain(inner).chain([range.to]).collect();
    ends.windows(2).map(|pair| TimeRange::new(pair[0], pair[1])).collect()
}

/// Rows and bytes of a table over time, wherever both are known.
fn table_sizes(
    recording: &Recording,
    entity: EntityId,
    range: TimeRange,
) -> Result<Vec<(Timestamp, f64, f64)>, RecordingError> {
    let rows: BTreeMap<Timestamp, f64> =
        means(recording, SeriesKey { entity, metric: TABLE_OBJECTS }, range)?.collect();
    let bytes = means(recording, SeriesKey { entity, metric: MEMORY_USED }, range)?;
    Ok(bytes.filter_map(|(at, bytes)| Some((at, *rows.get(&at)?, bytes))).collect())
}

/// A series as means over short stretches, by their beginnings.
fn means(
    recording: &Recording,
    key: SeriesKey,
    range: TimeRange,
) -> Result<impl Iterator<Item = (Timestamp, f64)>, RecordingError> {
    let width_ns = (range.length_ns() / MOMENTS).max(1);
    let buckets = recording.buckets(key, range, width_ns)?.buckets;
    Ok(buckets.into_iter().map(move |bucket| (bucket.start.max(range.from), bucket.mean())))
}
