//! Series on one grid of time columns: what stacked areas and heat maps have in common.

use crate::model::series::Buckets;
use crate::model::time::TimeRange;

/// More columns than this are never made; a finer grid is widened until it fits.
const MAX_COLUMNS: i64 = 4096;

/// Values further apart than this many usual steps have a gap between them.
pub const GAP_STEPS: f64 = 2.5;

/// Equal columns over a range; column `i` begins at `range.from + i × width_ns`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// The stretch of time.
    pub range: TimeRange,
    /// Width of one column in nanoseconds.
    pub width_ns: i64,
    /// Number of columns.
    pub columns: usize,
}

impl Grid {
    /// Columns of `width_ns`, or of the smallest multiple of it of which at most 4096 cover `range`.
    pub fn new(range: TimeRange, width_ns: i64) -> Self {
        let length_ns = range.length_ns();
        let width_ns = width_ns.max(1);
        let widening = length_ns / width_ns / MAX_COLUMNS + 1;
        let width_ns = width_ns.saturating_mul(widening);
        // At most MAX_COLUMNS by the line above.
        let columns = ((length_ns.saturating_add(width_ns - 1)) / width_ns) as usize;
        Self { range, width_ns, columns }
    }

    /// The mean in each column, weighted by the number of values; NaN where there is none.
    ///
    /// Buckets wider than a column count in each column that they cover.
    pub fn means(&self, series: &Buckets) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        let mut counts = vec![0.0; self.columns];
        for bucket in series.buckets.iter().filter(|bucket| bucket.sum.is_finite() && bucket.count > 0) {
            let from_ns = bucket.start.0.saturating_sub(self.range.from.0);
            let last_ns = from_ns.saturating_add(series.width_ns.max(1) - 1);
            let first = from_ns.div_euclid(self.width_ns).max(0);
            let last = last_ns.div_euclid(self.width_ns).min(self.columns as i64 - 1);
            for column in first..=last {
                sums[column as usize] += bucket.sum;
                counts[column as usize] += f64::from(bucket.count);
            }
        }
        sums.iter().zip(&counts).map(|(sum, count)| if *count > 0.0 { sum / count } else { f64::NAN }).collect()
    }
}

/// The usual distance between neighbouring places (the median), or `least` if that is more.
pub fn usual_step(places: impl Iterator<Item = i64> + Clone, least: i64) -> i64 {
    let mut steps: Vec<i64> = places.clone().zip(places.skip(1)).map(|(a, b)| b.saturating_sub(a)).collect();
    if steps.is_empty() {
        return least;
    }
    let middle = steps.len() / 2;
    (*steps.select_nth_unstable(middle).1).max(least)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::series::Bucket;
    use crate::model::time::Timestamp;

    /// A series with one value at each of these moments.
    pub fn series(width_ns: i64, values: &[(i64, f64)]) -> Buckets {
        let bucket =
            |&(at, value): &(i64, f64)| Bucket { start: Timestamp(at), count: 1, min: value, max: value, sum: value };
        Buckets { width_ns, buckets: values.iter().map(bucket).collect() }
    }

    pub fn range(from: i64, to: i64) -> TimeRange {
        TimeRange::new(Timestamp(from), Timestamp(to))
    }

    #[test]
    fn finer_values_are_averaged_and_coarser_ones_spread() {
        let grid = Grid::new(range(100, 140), 10);
        assert_eq!(grid.columns, 4);
        let fine = grid.means(&series(5, &[(100, 1.0), (105, 3.0), (130, 7.0), (140, 9.0)]));
        assert_eq!(fine[0], 2.0);
        assert!(fine[1].is_nan() && fine[2].is_nan());
        assert_eq!(fine[3], 7.0);
        let coarse = grid.means(&series(20, &[(90, 4.0), (110, 5.0)]));
        assert_eq!(coarse[..3], [4.0, 5.0, 5.0]);
        assert!(coarse[3].is_nan());
    }

    #[test]
    fn a_grid_stays_bounded() {
        let grid = Grid::new(TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX)), 1);
        assert!(grid.columns <= 4096);
        assert!(Grid::new(range(0, 1_000_000), 100).columns <= 4096);
        assert_eq!(Grid::new(range(5, 5), 0).columns, 0);
    }

    #[test]
    fn the_usual_step_is_the_median() {
        assert_eq!(usual_step([0, 5, 10, 100, 105].into_iter(), 1), 5);
        assert_eq!(usual_step([7].into_iter(), 3), 3);
    }
}
