//! Components × time: who used how much when.

use super::grid::{GAP_STEPS, Grid, usual_step};
use crate::model::id::ComponentId;
use crate::model::metric::MetricKey;
use crate::model::series::Buckets;
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
    /// Rows, hottest first: by mean × peak, so that both steady use and short bursts come up, and a burst that happened
    /// once does not outrank what is busy all the time.
    pub rows: Vec<HeatRow>,
    /// For each column, whether anything was measured; where nothing was, there is a gap.
    pub measured: Vec<bool>,
    /// Largest value of all; 0 if there is none.
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
    /// The value in the last column in which anything was measured; NaN if this row was gone by then.
    pub now: f64,
    /// Mean over all columns in which anything was measured, 0 counted where this row was not.
    pub mean: f64,
    /// Largest column; 0 if there is none.
    pub peak: f64,
}

/// Puts series of components on one grid, hottest first (see [`HeatMap::rows`]; equal ones by name).
///
/// Where a source measures less often than there are columns, a value stands until the next one.
pub fn grid(metric: MetricKey, range: TimeRange, width_ns: i64, rows: Vec<(ComponentId, String, Buckets)>) -> HeatMap {
    let grid = Grid::new(range, width_ns);
    let mut values: Vec<Vec<f64>> = rows.iter().map(|(_, _, buckets)| grid.means(buckets)).collect();
    let measured: Vec<usize> =
        (0..grid.columns).filter(|&column| values.iter().any(|row| row[column].is_finite())).collect();
    let rows = rows.into_iter().zip(&mut values).map(|((component, title, _), values)| {
        let known = values.iter().copied().filter(|value| value.is_finite());
        let (sum, peak) = known.fold((0.0, 0.0_f64), |(sum, peak), value| (sum + value, peak.max(value)));
        let now = measured.last().map_or(f64::NAN, |&column| values[column]);
        hold(values, &measured);
        let values = values.iter().map(|&value| value as f32).collect();
        HeatRow { component, title, values, now, mean: sum / measured.len().max(1) as f64, peak }
    });
    let mut rows: Vec<HeatRow> = rows.collect();
    let heat = |row: &HeatRow| row.mean * row.peak;
    rows.sort_by(|a, b| heat(b).total_cmp(&heat(a)).then_with(|| a.title.cmp(&b.title)));
    let max = rows.iter().map(|row| row.peak).fold(0.0, f64::max);
    let mut is_measured = vec![f64::NAN; grid.columns];
    measured.iter().for_each(|&column| is_measured[column] = 1.0);
    hold(&mut is_measured, &measured);
    let measured = is_measured.iter().map(|value| value.is_finite()).collect();
    HeatMap { metric, range, width_ns: grid.width_ns, columns: grid.columns, rows, measured, max }
}

/// Fills columns between two measured ones with the value before, unless they are so far apart that there is a gap.
fn hold(values: &mut [f64], measured: &[usize]) {
    let step = usual_step(measured.iter().map(|&column| column as i64), 1) as f64;
    for pair in measured.windows(2) {
        if let [before, next] = *pair
            && ((next - before) as f64) < GAP_STEPS * step
        {
            let value = values[before];
            values[before + 1..next].fill(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::{range, series};
    use super::*;
    use crate::model::metric::CPU_CORES;

    fn row(name: &str, values: &[(i64, f64)]) -> (ComponentId, String, Buckets) {
        (ComponentId::from(name), name.to_owned(), series(10, values))
    }

    #[test]
    fn the_steadily_busy_come_before_a_single_burst() {
        let steady: Vec<(i64, f64)> = (0..20).map(|index| (index * 10, 0.8)).collect();
        let rows = vec![row("idle", &[(0, 0.01)]), row("burst", &[(0, 1.0)]), row("steady", &steady)];
        let map = grid(CPU_CORES, range(0, 200), 10, rows);
        let order: Vec<&str> = map.rows.iter().map(|row| row.title.as_str()).collect();
        assert_eq!(order, ["steady", "burst", "idle"]);
        assert_eq!((map.columns, map.max), (20, 1.0));
        assert_eq!(map.rows[0].now, 0.8);
        assert!(map.rows[1].now.is_nan(), "gone");
        assert_eq!((map.rows[1].mean, map.rows[1].peak), (0.05, 1.0));
    }

    #[test]
    fn a_gap_stays_empty_but_slow_sampling_does_not() {
        let map = grid(CPU_CORES, range(0, 200), 10, vec![row("a", &[(0, 1.0), (20, 2.0), (40, 3.0), (140, 4.0)])]);
        let values = &map.rows[0].values;
        assert_eq!(values[..5], [1.0, 1.0, 2.0, 2.0, 3.0]);
        assert!(values[5..14].iter().all(|value| value.is_nan()), "{values:?}");
        assert_eq!(values[14], 4.0);
        assert_eq!(map.measured.iter().filter(|measured| **measured).count(), 6);
        assert!(values[15].is_nan());
    }

    #[test]
    fn columns_are_bounded_and_emptiness_is_no_problem() {
        let map = grid(CPU_CORES, range(0, 1_000_000_000), 1, vec![row("a", &[])]);
        assert!(map.columns <= 4096);
        assert_eq!(map.max, 0.0);
        assert!(grid(CPU_CORES, range(0, 0), 1, Vec::new()).rows.is_empty());
    }
}
