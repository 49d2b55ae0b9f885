//! Measured values over time, raw and decimated.

use super::entity::EntityId;
use super::metric::MetricKey;
use super::time::{TimeRange, Timestamp};

/// What one series holds: one metric of one entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// Whose.
    pub entity: EntityId,
    /// Which.
    pub metric: MetricKey,
}

/// One raw value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// How much, in the metric's unit.
    pub value: f64,
}

/// All values of a series in one stretch of time, summarized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Start of the stretch.
    pub start: Timestamp,
    /// How many values fell into it; never 0 (empty stretches have no bucket).
    pub count: u32,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Sum of the values.
    pub sum: f64,
}

impl Bucket {
    /// Mean of the values.
    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.count.max(1))
    }
}

/// A series at one level of detail.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// Width of each stretch in nanoseconds.
    pub width_ns: i64,
    /// In order of time; a stretch without values is absent.
    pub buckets: Vec<Bucket>,
}

/// A stretch of time in which nothing was measured although a source was meant to.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// From the last value before it to the first one after it.
    pub range: TimeRange,
    /// Why, as a sentence.
    pub why: String,
}
