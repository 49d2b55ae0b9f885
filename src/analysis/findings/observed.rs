//! What the rules look at: series of a bounded number of subjects, already in stretches of time, and counted stacks.

use std::collections::BTreeMap;

use super::Evidence;
use crate::analysis::stats::quantile;
use crate::model::entity::{EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{self, MetricKey};
use crate::model::quantity::Quantity;
use crate::model::series::Buckets;
use crate::model::time::{NS_PER_S, TimeRange, Timestamp};
use crate::model::unit::Unit;

/// Everything that rules may look at.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The source, as on the command line.
    pub source: String,
    /// When the session began; messages count times from there.
    pub start: Timestamp,
    /// Over which time was looked.
    pub range: TimeRange,
    /// The node or machine, components, processes, tables.
    pub subjects: Vec<Subject>,
    /// Schedulers of a BEAM node; 0 if it is none.
    pub schedulers: usize,
    /// Stacks of those who were sampled.
    pub stacks: BTreeMap<EntityId, Stacks>,
    /// What the document says of components now.
    pub stated: BTreeMap<(ComponentId, MetricKey), Quantity>,
}

/// Somebody with series.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Who.
    pub entity: EntityId,
    /// What.
    pub kind: EntityKind,
    /// For people.
    pub name: String,
    /// The component that it is, or falls into.
    pub component: Option<ComponentId>,
    /// What the source says of it.
    pub attributes: BTreeMap<String, String>,
    /// Its series.
    pub series: BTreeMap<MetricKey, Track>,
}

impl Subject {
    /// A series with at least one stretch.
    pub fn track(&self, metric: MetricKey) -> Option<&Track> {
        self.series.get(&metric).filter(|track| !track.levels.is_empty())
    }

    /// Whether it is a component.
    pub fn is_component(&self) -> bool {
        self.kind == EntityKind::Component
    }

    /// Whether it is the node or the machine.
    pub fn is_whole(&self) -> bool {
        matches!(self.kind, EntityKind::Runtime | EntityKind::Machine)
    }
}

/// A series in stretches of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// Length of a stretch.
    pub width_s: f64,
    /// In order; stretches without values are absent.
    pub levels: Vec<Level>,
}

/// A stretch of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Its begin, in seconds since the begin of what is looked at.
    pub at_s: f64,
    /// How many values.
    pub count: u32,
    /// The smallest.
    pub min: f64,
    /// Their mean.
    pub mean: f64,
    /// The largest.
    pub max: f64,
}

impl Track {
    /// From what the store has; times count from `from`.
    pub fn of(buckets: &Buckets, from: Timestamp) -> Self {
        let level = |bucket: &crate::model::series::Bucket| Level {
            at_s: bucket.start.seconds_since(from).max(0.0),
            count: bucket.count,
            min: bucket.min,
            mean: bucket.mean(),
            max: bucket.max,
        };
        Self { width_s: buckets.width_ns as f64 / NS_PER_S as f64, levels: buckets.buckets.iter().map(level).collect() }
    }

    /// The last stretch.
    pub fn last(&self) -> Option<Level> {
        self.levels.last().copied()
    }

    /// The largest value.
    pub fn peak(&self) -> f64 {
        self.levels.iter().map(|level| level.max).fold(0.0, f64::max)
    }

    /// The median of the stretches' means; `None` without any.
    pub fn middle(&self) -> Option<f64> {
        quantile::median(&self.levels.iter().map(|level| level.mean).collect::<Vec<_>>())
    }

    /// From the begin of the first stretch to the end of the last.
    pub fn span_s(&self) -> f64 {
        match (self.levels.first(), self.levels.last()) {
            (Some(first), Some(last)) => last.at_s - first.at_s + self.width_s,
            _ => 0.0,
        }
    }

    /// How many values there are.
    pub fn values(&self) -> usize {
        self.levels.iter().map(|level| level.count as usize).sum()
    }

    /// The mean in the stretch that a moment lies in.
    pub fn mean_at(&self, at_s: f64) -> Option<f64> {
        let after = self.levels.partition_point(|level| level.at_s <= at_s);
        let level = self.levels.get(after.checked_sub(1)?)?;
        (at_s < level.at_s + self.width_s.max(1e-9) * 1.5).then_some(level.mean)
    }
}

/// Where one process was found when it was looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stacks {
    /// How often it was looked at.
    pub samples: u64,
    /// Functions, without their place, by how many samples had them anywhere.
    pub anywhere: BTreeMap<String, u64>,
    /// Functions by how many samples had them innermost.
    pub innermost: BTreeMap<String, u64>,
    /// Who asks another process and waits: the function that calls `gen_server:call` and the like, by samples.
    pub waits_in: BTreeMap<String, u64>,
}

impl Stacks {
    /// Counts a stack, outermost frame first. Frames may bear their place: `lists:map/2 (lists.erl:1239)`.
    pub fn count(&mut self, frames: &[String], weight: u32) {
        let weight = u64::from(weight);
        self.samples += weight;
        let functions: Vec<&str> = frames.iter().map(|frame| frame.split(" (").next().unwrap_or(frame)).collect();
        let mut once: Vec<&str> = functions.clone();
        once.sort_unstable();
        once.dedup();
        for function in once {
            *self.anywhere.entry(function.to_owned()).or_default() += weight;
        }
        let Some(innermost) = functions.last() else { return };
        *self.innermost.entry((*innermost).to_owned()).or_default() += weight;
        if innermost.starts_with("gen:do_call/") {
            let asks = |function: &&&str| {
                !["gen:", "gen_server:", "gen_statem:", "gen_event:"].iter().any(|module| function.starts_with(module))
            };
            let caller = functions.iter().rev().find(asks).copied().unwrap_or(innermost);
            *self.waits_in.entry(caller.to_owned()).or_default() += weight;
        }
    }
}

impl Observed {
    /// The node or the machine.
    pub fn whole(&self) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.is_whole())
    }

    /// All memory that the node or machine has in use, as a median.
    pub fn memory_bytes(&self) -> Option<f64> {
        self.whole()?.track(metric::MEMORY_USED)?.middle()
    }

    /// A moment of a track as a time.
    pub fn moment(&self, at_s: f64) -> Timestamp {
        self.range.from.plus_ns((at_s * NS_PER_S as f64) as i64)
    }

    /// A moment of a track in seconds since the session began, for messages.
    pub fn since_start(&self, at_s: f64) -> f64 {
        self.moment(at_s).seconds_since(self.start).max(0.0)
    }

    /// A stretch of tracks as a range.
    pub fn stretch(&self, from_s: f64, to_s: f64) -> TimeRange {
        TimeRange::new(self.moment(from_s), self.moment(to_s).min(self.range.to))
    }

    /// Measured evidence.
    pub fn measured(&self, label: &str, value: f64, unit: Unit, range: TimeRange) -> Evidence {
        Evidence { label: label.to_owned(), quantity: Quantity::measured(value, unit, &self.source, Some(range)) }
    }

    /// What the document says of a subject's component.
    pub fn stated(&self, subject: &Subject, metric: MetricKey) -> Option<Quantity> {
        self.stated.get(&(subject.component.clone()?, metric)).cloned()
    }
}

/// Computed evidence.
pub(super) fn derived(label: &str, value: f64, unit: Unit, formula: &str) -> Evidence {
    Evidence { label: label.to_owned(), quantity: Quantity::derived(value, unit, formula, &[]) }
}

/// The functions with most samples, as `search/2 48 %, verify/3 31 %` parts.
pub(super) fn leading(counts: &BTreeMap<String, u64>, samples: u64, many: usize) -> Vec<(String, f64)> {
    let mut sorted: Vec<(&String, u64)> = counts.iter().map(|(name, count)| (name, *count)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let share = |count: u64| count as f64 / samples.max(1) as f64;
    sorted.into_iter().take(many).map(|(name, count)| (name.clone(), share(count))).collect()
}
