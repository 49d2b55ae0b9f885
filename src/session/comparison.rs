//! Before and after: two recordings of a system, or two stretches of one, figure by figure.

use std::collections::BTreeMap;

use crate::analysis::effects::{Effect, effect};
use crate::analysis::stats::quantile::mean;
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{self, MetricKey};
use crate::model::series::SeriesKey;
use crate::model::time::{NS_PER_S, TimeRange};
use crate::store::recording::{Recording, RecordingError};

/// Into so many values each side is divided at most.
const VALUES: i64 = 600;

/// A component with less than this share of the whole, before and after, is left out.
const LEAST_SHARE: f64 = 0.01;

/// What is not worth comparing: it says how much was measured, or follows from others.
const LEFT_OUT: [MetricKey; 4] =
    [metric::COLLECTOR_CORES, metric::MEMORY_TOTAL, metric::MEMORY_AVAILABLE, metric::CPU_LOAD_1M];

/// One side: a recording, and which part of it.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// The part; `None`: all of it.
    pub range: Option<TimeRange>,
}

/// The same figures of both, those that surely differ first.
///
/// # Errors
/// When a recording can't be read.
pub fn compare(
    before: Part<'_>,
    after: Part<'_>,
    title_of: &dyn Fn(&ComponentId) -> String,
) -> Result<Vec<Effect>, RecordingError> {
    let (of_before, of_after) = (Sampled::of(before)?, Sampled::of(after)?);
    let mut effects = Vec::new();
    for (key, values_before) in &of_before.values {
        let Some(values_after) = of_after.values.get(key) else { continue };
        let (component, metric) = key;
        let is_small = |side: &Sampled, values: &[f64]| {
            let whole = side.values.get(&(None, *metric)).and_then(|whole| mean(whole));
            whole.zip(mean(values)).is_some_and(|(whole, part)| part.abs() < LEAST_SHARE * whole.abs())
        };
        if component.is_some() && is_small(&of_before, values_before) && is_small(&of_after, values_after) {
            continue;
        }
        let title = component.as_ref().map_or_else(|| of_after.whole.clone(), title_of);
        effects.extend(effect(*metric, component.clone(), title, values_before, values_after));
    }
    effects.sort_by(|a, b| order(a).cmp(&order(b)).then(b.delta.abs().total_cmp(&a.delta.abs())));
    Ok(effects)
}

fn order(effect: &Effect) -> usize {
    use crate::analysis::effects::Verdict::{Better, Different, NoClearChange, TooLittle, Worse};
    match effect.verdict {
        Worse => 0,
        Better => 1,
        Different => 2,
        NoClearChange => 3,
        TooLittle => 4,
    }
}

type Key = (Option<ComponentId>, MetricKey);

/// Evenly spaced values of one side.
struct Sampled {
    /// What the whole is called.
    whole: String,
    values: BTreeMap<Key, Vec<f64>>,
}

impl Sampled {
    fn of(part: Part<'_>) -> Result<Self, RecordingError> {
        let mut sampled = Self { whole: String::from("whole"), values: BTreeMap::new() };
        let Some(range) =
            part.range.map_or_else(|| part.recording.summary().map(|it| it.span), |range| Ok(Some(range)))?
        else {
            return Ok(sampled);
        };
        let entities = part.recording.entities()?;
        // A runtime is what was watched; the machine below it only where nothing else was.
        let whole = [EntityKind::Runtime, EntityKind::Machine, EntityKind::Heap]
            .into_iter()
            .find_map(|kind| entities.iter().find(|entity| entity.kind == kind));
        let components = entities.iter().filter(|entity| entity.kind == EntityKind::Component);
        let mut owners: BTreeMap<EntityId, Option<ComponentId>> =
            components.map(|entity: &Entity| (entity.id, Some(ComponentId(entity.key.clone())))).collect();
        if let Some(whole) = whole {
            owners.insert(whole.id, None);
            sampled.whole.clone_from(&whole.name);
        }
        let width_ns = (range.length_ns() / VALUES).max(NS_PER_S);
        for key in part.recording.series()? {
            let Some(owner) = owners.get(&key.entity).filter(|_| !LEFT_OUT.contains(&key.metric)) else { continue };
            let values = values(part.recording, key, range, width_ns)?;
            if !values.is_empty() {
                sampled.values.insert((owner.clone(), key.metric), values);
            }
        }
        Ok(sampled)
    }
}

fn values(recording: &Recording, key: SeriesKey, range: TimeRange, width_ns: i64) -> Result<Vec<f64>, RecordingError> {
    let buckets = recording.buckets(key, range, width_ns)?;
    Ok(buckets.buckets.iter().map(|bucket| bucket.mean()).filter(|mean| mean.is_finite()).collect())
}
