//! Components × time: who used how much when.

use crate::model::id::ComponentId;
use crate::model::metric::MetricKey;
use crate::model::time::TimeRange;

/// A grid of values; column `i` begins at `range.from + i × width_ns`.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// What is shown.
    pub metric: MetricKey,
    /// The stretch of time; its start lies on the grid.
    pub range: TimeRange,
    /// Width of one column in nanoseconds.
    pub width_ns: i64,
    /// Number of columns.
    pub columns: usize,
    /// Rows, hottest first.
    pub rows: Vec<HeatRow>,
    /// Largest value of all.
    pub max: f64,
}

/// One component's row.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatRow {
    /// Whose.
    pub component: ComponentId,
    /// Its name.
    pub title: String,
    /// Mean in each column; NaN where nothing was measured.
    pub values: Vec<f32>,
    /// The last value.
    pub now: f64,
    /// Mean over the range.
    pub mean: f64,
    /// Largest column.
    pub peak: f64,
}
