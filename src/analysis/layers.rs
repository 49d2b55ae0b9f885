//! One metric of all components over time, stacked: what the whole consisted of.

use crate::model::id::ComponentId;
use crate::model::metric::MetricKey;
use crate::model::time::{TimeRange, Timestamp};

/// Components stacked over time on one grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// What is stacked.
    pub metric: MetricKey,
    /// The stretch of time that it was prepared for.
    pub range: TimeRange,
    /// Width of one column in nanoseconds.
    pub width_ns: i64,
    /// Start of each column; a column in which nothing was measured is absent.
    pub times: Vec<Timestamp>,
    /// From the bottom up: largest mean first; the smallest components together as one rest.
    pub layers: Vec<Layer>,
    /// The whole, where it was measured by itself.
    pub total: Option<Vec<f64>>,
}

/// One component's band.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Whose; `None` for the rest.
    pub component: Option<ComponentId>,
    /// Its name.
    pub title: String,
    /// Mean in each column, 0 where it did not exist.
    pub values: Vec<f64>,
}
