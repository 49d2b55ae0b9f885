//! One metric of a few entities over time.

use crate::model::entity::EntityId;
use crate::model::metric::MetricKey;
use crate::model::series::Buckets;
use crate::model::time::TimeRange;

/// Lines of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// What is shown.
    pub metric: MetricKey,
    /// The stretch of time.
    pub range: TimeRange,
    /// The lines, in the order of relevance.
    pub lines: Vec<Line>,
}

/// One line with its band from minimum to maximum.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Whose.
    pub entity: EntityId,
    /// Its name.
    pub name: String,
    /// Its values.
    pub buckets: Buckets,
}
