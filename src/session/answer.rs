//! Answering the questions of views: queries to the store, then analysis, to prepared data.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison;
use super::consistency::consistency;
use super::findings::findings;
use super::gc;
use super::open::open_path;
use super::scenarios::Scenarios;
use super::stacks::{self, Whose};
use super::verification::verify;
use crate::analysis::functions::{Functions, functions};
use crate::analysis::gc_timeline::Timeline;
use crate::analysis::heat_map;
use crate::analysis::landscape;
use crate::analysis::layers;
use crate::analysis::lines::{Line, Lines};
use crate::analysis::map_layout;
use crate::analysis::matching::matching;
use crate::analysis::overview::Overview;
use crate::analysis::status::statuses;
use crate::analysis::vitals;
use crate::model::document::{Component, Document};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{CPU_CORES, CPU_SHARE, GC_PAUSE, MEMORY_ALLOCATION_RATE, MEMORY_USED, MetricKey};
use crate::model::quantity::Quantity;
use crate::model::series::{Bucket, Buckets, SeriesKey};
use crate::model::time::{NS_PER_S, TimeRange, Timestamp};
use crate::state::Selection;
use crate::state::compare::{Against, Beside};
use crate::state::question::{Answer, Collections, Question};
use crate::store::recording::{Recording, RecordingError};

/// A value older than this does not stand for a moment any more.
pub const MAX_AGE_NS: i64 = 60 * NS_PER_S;
const OVERVIEW_COLUMNS: i64 = 600;
const MAX_LAYERS: usize = 12;
const MAX_LINES: usize = 6;

/// What is known of the open session beside its recording.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The human part.
    pub document: &'a Document,
    /// Components that the source found.
    pub discovered: &'a [Component],
    /// Everything measured.
    pub entities: &'a [Entity],
    /// As on the command line.
    pub source: &'a str,
    /// From the first value to the last.
    pub span: Option<TimeRange>,
}

/// Answers one question.
///
/// # Errors
/// When the recording can't be read.
pub fn answer(question: &Question, known: Known<'_>, recording: Option<&Recording>) -> Result<Answer, RecordingError> {
    let asker = Asker { known, recording };
    Ok(match question {
        Question::MapLayout => Answer::MapLayout(asker.map_layout()),
        Question::Vitals { at } => asker.vitals(*at)?,
        Question::Landscape { at } => Answer::Landscape(asker.landscape(*at)?),
        Question::Change { from, to } => Answer::Change(asker.change(*from, *to)?),
        Question::Timeline { range, width_ns } => Answer::Timeline(asker.timeline(*range, *width_ns)?),
        Question::Overview => Answer::Overview(asker.overview()?),
        Question::Layers { of: Some(id), metric, range, width_ns } => {
            Answer::Layers(asker.member_layers(id, *metric, *range, *width_ns)?)
        }
        Question::Layers { of: None, metric, range, width_ns } => {
            Answer::Layers(asker.layers(*metric, *range, *width_ns)?)
        }
        Question::HeatMap { metric, range, width_ns } => Answer::HeatMap(asker.heat_map(*metric, *range, *width_ns)?),
        Question::Findings { range } => Answer::Findings(findings(known, recording, *range)?),
        Question::Consistency { range } => Answer::Consistency(consistency(known, recording, *range)?),
        Question::Lines { about, metric, range, width_ns } => {
            Answer::Lines(asker.lines(about.as_ref(), *metric, *range, *width_ns)?)
        }
        Question::Collections { range } => Answer::Collections(asker.collections(*range)?),
        // The window has a thread that keeps what it prepared; here a picture is made, once.
        Question::Beside { against, range, cursor } => asker.beside(against, *range, *cursor)?,
        Question::Knobs { .. } | Question::Predict { .. } | Question::Compare { .. } | Question::Explore { .. } => {
            let answer = Scenarios::default().answer(question, known.document, recording, &|| false)?;
            answer.unwrap_or_else(|| Answer::Knobs(Vec::new()))
        }
        Question::Functions { about, range } => {
            Answer::Functions(about.clone(), asker.functions(about.as_ref(), *range)?)
        }
        Question::Matching { component, at } => {
            Answer::Matching(matching(known.document, component, known.entities, *at))
        }
    })
}

pub(super) struct Asker<'a> {
    pub(super) known: Known<'a>,
    pub(super) recording: Option<&'a Recording>,
}

impl<'a> Asker<'a> {
    fn map_layout(&self) -> map_layout::MapLayout {
        let mut document = self.known.document.clone();
        document.components.extend(self.known.discovered.iter().cloned());
        map_layout::lay_out(&document, map_layout::box_size)
    }

    /// The session beside a later one, or its first part beside its second.
    fn beside(&self, against: &Against, range: TimeRange, cursor: Option<Timestamp>) -> Result<Answer, RecordingError> {
        let Some(recording) = self.recording else {
            return Ok(Answer::Beside(Err(String::from("Nothing was measured in this session."))));
        };
        let part = |range| comparison::Part { recording, range: Some(range) };
        let title_of = |id: &ComponentId| self.title(id);
        let mut is_earlier = false;
        let (title, effects, checks) = match (against, cursor) {
            (Against::AfterCursor, Some(at)) => {
                let (before, after) = (TimeRange::new(range.from, at), TimeRange::new(at, range.to));
                (
                    String::from("after the cursor"),
                    comparison::compare(part(before), part(after), &title_of)?,
                    Vec::new(),
                )
            }
            (Against::AfterCursor, None) => {
                return Ok(Answer::Beside(Err(String::from("There is no cursor to divide at."))));
            }
            (Against::Later(path), _) => {
                let later = match open_path(path) {
                    Ok(later) => later,
                    Err(error) => return Ok(Answer::Beside(Err(error.to_string()))),
                };
                let Some(after) = &later.recording else {
                    let why = format!("{} has no measurements; choose a recording.", path.display());
                    return Ok(Answer::Beside(Err(why)));
                };
                is_earlier = after.summary()?.span.is_some_and(|span| span.to <= range.from);
                let other = comparison::Part { recording: after, range: None };
                let effects = comparison::compare(part(range), other, &title_of)?;
                let predictions = &self.known.document.predictions;
                let outcomes = verify(predictions.iter(), (self.known.document, recording), (&later.document, after))?;
                let checks = predictions.iter().map(|pinned| pinned.name.clone()).zip(outcomes).collect();
                (later.document.title.clone(), effects, checks)
            }
        };
        Ok(Answer::Beside(Ok(Beside { against: against.clone(), title, is_earlier, effects, checks })))
    }

    fn collections(&self, range: TimeRange) -> Result<Option<Collections>, RecordingError> {
        let Some(recording) = self.recording else { return Ok(None) };
        let found = gc::summarize(recording, self.known.entities, range)?;
        Ok(found.map(|gc::Collections { summary, components }| Collections {
            range,
            all: summary.all,
            by_component: components
                .into_iter()
                .zip(summary.components)
                .filter_map(|(id, figures)| Some((id?, figures)))
                .collect(),
            stops_the_world: summary.stops_the_world,
        }))
    }

    fn timeline(&self, range: TimeRange, width_ns: i64) -> Result<Option<Timeline>, RecordingError> {
        let Some(recording) = self.recording else { return Ok(None) };
        gc::timeline(recording, self.known.entities, range, width_ns, |id| self.title(id))
    }

    pub(super) fn components(&self) -> impl Iterator<Item = (&'a Entity, ComponentId)> {
        let entities = self.known.entities.iter().filter(|entity| entity.kind == EntityKind::Component);
        entities.map(|entity| (entity, ComponentId(entity.key.clone())))
    }

    pub(super) fn title(&self, id: &ComponentId) -> String {
        let known =
            self.known.document.component(id).or_else(|| self.known.discovered.iter().find(|found| &found.id == id));
        known.map_or_else(|| id.to_string(), |component| component.title.clone())
    }

    pub(super) fn part_metric(&self) -> MetricKey {
        landscape::part_metric(self.known.entities)
    }

    /// The entity that stands for everything: the machine or the runtime.
    pub(super) fn whole(&self) -> Option<EntityId> {
        let is_whole = |entity: &&Entity| matches!(entity.kind, EntityKind::Runtime | EntityKind::Machine);
        self.known.entities.iter().find(is_whole).map(|entity| entity.id)
    }

    pub(super) fn values_at(
        &self,
        metric: MetricKey,
        at: Timestamp,
    ) -> Result<BTreeMap<EntityId, f64>, RecordingError> {
        let Some(recording) = self.recording else { return Ok(BTreeMap::new()) };
        let gone: BTreeSet<EntityId> = self
            .known
            .entities
            .iter()
            .filter(|entity| entity.ended.is_some_and(|ended| ended <= at))
            .map(|entity| entity.id)
            .collect();
        let values = recording.values_at(metric, at, MAX_AGE_NS)?;
        Ok(values.into_iter().filter(|(id, _)| !gone.contains(id)).map(|(id, point)| (id, point.value)).collect())
    }

    fn overview(&self) -> Result<Overview, RecordingError> {
        let span = self.known.span.unwrap_or(TimeRange::new(Timestamp(0), Timestamp(0)));
        let (mut memory, mut cpu, mut gaps, mut notices) = (None, None, Vec::new(), Vec::new());
        if let Some(recording) = self.recording {
            let width_ns = (span.length_ns() / OVERVIEW_COLUMNS).max(NS_PER_S);
            memory = self.whole_buckets(recording, MEMORY_USED, self.part_metric(), span, width_ns)?;
            cpu = self.whole_buckets(recording, CPU_SHARE, CPU_CORES, span, width_ns)?;
            gaps = recording.gaps()?;
            notices = recording.notices()?;
        }
        Ok(Overview { span, memory, cpu, gaps, notices })
    }

    /// A metric of the whole: measured by itself, or else the sum of `part_metric` over the components.
    fn whole_buckets(
        &self,
        recording: &Recording,
        metric: MetricKey,
        part_metric: MetricKey,
        range: TimeRange,
        width_ns: i64,
    ) -> Result<Option<Buckets>, RecordingError> {
        if let Some(entity) = self.whole() {
            let buckets = recording.buckets(SeriesKey { entity, metric }, range, width_ns)?;
            if !buckets.buckets.is_empty() {
                return Ok(Some(buckets));
            }
        }
        let mut sums: BTreeMap<Timestamp, f64> = BTreeMap::new();
        for (entity, _) in self.components() {
            let key = SeriesKey { entity: entity.id, metric: part_metric };
            for bucket in recording.buckets(key, range, width_ns)?.buckets {
                *sums.entry(bucket.start).or_default() += bucket.mean();
            }
        }
        let of_sum = |(start, sum)| Bucket { start, count: 1, min: sum, max: sum, sum };
        let buckets: Vec<Bucket> = sums.into_iter().map(of_sum).collect();
        Ok((!buckets.is_empty()).then_some(Buckets { width_ns, buckets }))
    }

    fn vitals(&self, at: Option<Timestamp>) -> Result<Answer, RecordingError> {
        let mut values: BTreeMap<MetricKey, BTreeMap<EntityId, f64>> = BTreeMap::new();
        if let Some(at) = at {
            let by_rules = self.known.document.rules.iter().filter_map(|rule| rule.condition.as_ref());
            let metrics: BTreeSet<MetricKey> =
                vitals::METRICS.iter().copied().chain(by_rules.map(|condition| condition.metric)).collect();
            for metric in metrics.into_iter().chain([self.part_metric(), CPU_CORES]) {
                values.insert(metric, self.values_at(metric, at)?);
            }
        }
        let ids: BTreeMap<ComponentId, EntityId> = self.components().map(|(entity, id)| (id, entity.id)).collect();
        let of_entity = |metric: MetricKey, entity: EntityId| values.get(&metric)?.get(&entity).copied();
        let of_whole = |metric: MetricKey| of_entity(metric, self.whole()?);
        let measured = |metric: MetricKey| {
            let window = at.map(|at| TimeRange::new(at, at));
            let total = of_whole(metric).or_else(|| {
                let of = |part| ids.values().filter_map(move |&id| of_entity(part, id));
                match metric {
                    MEMORY_USED => of(self.part_metric()).reduce(|a, b| a + b),
                    CPU_CORES | MEMORY_ALLOCATION_RATE => of(metric).reduce(|a, b| a + b),
                    GC_PAUSE => of(metric).reduce(f64::max),
                    _ => None,
                }
            });
            let is_derived = metric == MEMORY_ALLOCATION_RATE && of_whole(metric).is_none();
            total.map(|value| match is_derived {
                true => Quantity::derived(value, metric.unit(), "growth between collections / time", &["collections"]),
                false => Quantity::measured(value, metric.unit(), self.known.source, window),
            })
        };
        let hottest = ids
            .iter()
            .filter_map(|(id, &entity)| Some((id, of_entity(CPU_CORES, entity)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(id, cores)| {
                let window = at.map(|at| TimeRange::new(at, at));
                (self.title(id), Quantity::measured(cores, CPU_CORES.unit(), self.known.source, window))
            });
        let vitals = vitals::vitals(self.known.document, measured, hottest);
        let statuses = statuses(self.known.document, |component, metric| match component {
            Some(id) => of_entity(metric, *ids.get(id)?),
            None => of_whole(metric),
        });
        Ok(Answer::Vitals(vitals, statuses))
    }

    fn component_buckets(
        &self,
        metric: MetricKey,
        range: TimeRange,
        width_ns: i64,
    ) -> Result<Vec<(ComponentId, String, Buckets)>, RecordingError> {
        let Some(recording) = self.recording else { return Ok(Vec::new()) };
        let mut rows = Vec::new();
        for (entity, id) in self.components() {
            let buckets = recording.buckets(SeriesKey { entity: entity.id, metric }, range, width_ns)?;
            if !buckets.buckets.is_empty() {
                let title = self.title(&id);
                rows.push((id, title, buckets));
            }
        }
        Ok(rows)
    }

    fn layers(&self, metric: MetricKey, range: TimeRange, width_ns: i64) -> Result<layers::Layers, RecordingError> {
        let rows = self.component_buckets(metric, range, width_ns)?;
        let rows = rows.into_iter().map(|(id, title, buckets)| (Some(id), title, buckets)).collect();
        let total = match (self.recording, self.whole()) {
            (Some(recording), Some(entity)) => {
                let total = recording.buckets(SeriesKey { entity, metric: MEMORY_USED }, range, width_ns)?;
                (!total.buckets.is_empty()).then_some(total)
            }
            _ => None,
        };
        Ok(layers::stack(metric, range, width_ns, rows, total, MAX_LAYERS))
    }

    /// Those members of a component that have series of their own, under the whole of it.
    fn member_layers(
        &self,
        id: &ComponentId,
        metric: MetricKey,
        range: TimeRange,
        width_ns: i64,
    ) -> Result<layers::Layers, RecordingError> {
        let mut rows = Vec::new();
        let mut total = None;
        if let Some(recording) = self.recording {
            let measured: BTreeSet<EntityId> =
                recording.series()?.iter().filter(|key| key.metric == metric).map(|key| key.entity).collect();
            for entity in self.known.entities.iter().filter(|entity| measured.contains(&entity.id)) {
                if !belongs_to(entity, id) {
                    continue;
                }
                let buckets = recording.buckets(SeriesKey { entity: entity.id, metric }, range, width_ns)?;
                match entity.kind {
                    _ if buckets.buckets.is_empty() => {}
                    EntityKind::Component => total = Some(buckets),
                    _ => rows.push((entity.id, entity.name.clone(), buckets)),
                }
            }
        }
        Ok(layers::stack_members(metric, range, width_ns, rows, total, MAX_LAYERS))
    }

    fn heat_map(
        &self,
        metric: MetricKey,
        range: TimeRange,
        width_ns: i64,
    ) -> Result<heat_map::HeatMap, RecordingError> {
        Ok(heat_map::grid(metric, range, width_ns, self.component_buckets(metric, range, width_ns)?))
    }

    fn lines(
        &self,
        about: Option<&Selection>,
        metric: MetricKey,
        range: TimeRange,
        width_ns: i64,
    ) -> Result<Lines, RecordingError> {
        let Some(recording) = self.recording else { return Ok(Lines { metric, range, lines: Vec::new() }) };
        let mut candidates: Vec<&Entity> = match about {
            Some(Selection::Entity(id)) => self.known.entities.iter().filter(|entity| entity.id == *id).collect(),
            Some(Selection::Component(id)) => {
                self.known.entities.iter().filter(|entity| belongs_to(entity, id)).collect()
            }
            _ => self.components().map(|(entity, _)| entity).collect(),
        };
        let measured: BTreeSet<EntityId> =
            recording.series()?.iter().filter(|key| key.metric == metric).map(|key| key.entity).collect();
        candidates.retain(|entity| measured.contains(&entity.id));
        let mut lines = Vec::new();
        for entity in candidates {
            let buckets = recording.buckets(SeriesKey { entity: entity.id, metric }, range, width_ns)?;
            if !buckets.buckets.is_empty() {
                lines.push(Line { entity: entity.id, name: entity.name.clone(), buckets });
            }
        }
        let use_of = |line: &Line| line.buckets.buckets.iter().map(|bucket| bucket.sum).sum::<f64>();
        lines.sort_by(|a, b| use_of(b).total_cmp(&use_of(a)));
        lines.truncate(MAX_LINES);
        Ok(Lines { metric, range, lines })
    }

    fn functions(&self, about: Option<&Selection>, range: TimeRange) -> Result<Functions, RecordingError> {
        let Some(recording) = self.recording else { return Ok(functions([], range, 1.0)) };
        let whose = match about {
            Some(Selection::Entity(id)) => Whose::Entity(*id),
            Some(Selection::Component(id)) => {
                let members = self.known.entities.iter().filter(|entity| belongs_to(entity, id));
                Whose::Members(members.map(|entity| entity.id).collect())
            }
            _ => Whose::Everybody,
        };
        let taken = stacks::take(recording, range, &whose)?;
        Ok(functions(&taken.samples, range, taken.looked_at))
    }
}

/// Whether an entity is the component itself or one of its members.
fn belongs_to(entity: &Entity, id: &ComponentId) -> bool {
    entity.component.as_ref() == Some(id) || entity.kind == EntityKind::Component && entity.key == id.0
}
