//! Whether a series grows, and how fast: robust slopes with intervals that hold when neighbours resemble each other.

use super::random::Random;
use super::{bootstrap, quantile};

/// So many pairs are looked at where there are more.
const PAIRS: usize = 200_000;
/// Replicates of a bootstrap.
const REPLICATES: usize = 1_000;

/// A straight line through a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Rise per unit of time.
    pub slope: f64,
    /// Height at time 0.
    pub level: f64,
}

impl Line {
    /// Its height.
    pub fn at(self, time: f64) -> f64 {
        self.level + self.slope * time
    }
}

/// The median of the slopes of all pairs (Theil 1950, Sen 1968); beyond 632 points of 200 000 pairs drawn with a seed. `None`
/// with fewer than two distinct times.
pub fn theil_sen(times: &[f64], values: &[f64]) -> Option<Line> {
    let n = times.len().min(values.len());
    let slope_of = |a: usize, b: usize| {
        let run = times[b] - times[a];
        (run != 0.0).then(|| (values[b] - values[a]) / run)
    };
    let mut slopes: Vec<f64> = if n * n.saturating_sub(1) / 2 <= PAIRS {
        (0..n).flat_map(|a| (a + 1..n).filter_map(move |b| slope_of(a, b))).collect()
    } else {
        let mut random = Random::new(n as u64);
        (0..PAIRS).filter_map(|_| slope_of(random.below(n), random.below(n))).collect()
    };
    let slope = quantile::of(&mut slopes, 0.5)?;
    let levels: Vec<f64> = times.iter().zip(values).map(|(time, value)| value - slope * time).collect();
    Some(Line { slope, level: quantile::median(&levels)? })
}

/// A slope and its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// The line.
    pub line: Line,
    /// 95 % interval of the slope.
    pub interval: (f64, f64),
    /// Rise over the whole series.
    pub rise: f64,
    /// Spread of what the line does not explain (as a standard deviation).
    pub residual_spread: f64,
    /// The chance of so much order without a trend (Mann–Kendall).
    pub p: f64,
}

impl Trend {
    /// Whether the series grows: the interval excludes 0 and the rise stands out of the noise.
    pub fn grows(&self) -> bool {
        self.interval.0 > 0.0 && self.rise > 3.0 / 1.4826 * self.residual_spread
    }

    /// A growth above this would have been seen.
    pub fn detectable_slope(&self) -> f64 {
        self.interval.1
    }
}

/// The trend of a series; `None` with fewer than 10 points. Where the residuals' memory is strong, blocks give intervals that are
/// too narrow, so an autoregression takes their place.
pub fn trend(times: &[f64], values: &[f64], seed: u64) -> Option<Trend> {
    let n = times.len().min(values.len());
    if n < 10 {
        return None;
    }
    let line = theil_sen(times, values)?;
    let residuals: Vec<f64> = times.iter().zip(values).map(|(time, value)| value - line.at(*time)).collect();
    let lag_one = quantile::autocorrelation(&residuals, 1);
    let mut random = Random::new(seed);
    let block = bootstrap::block_length(n, lag_one);
    let memory = (lag_one + (1.0 + 4.0 * lag_one.max(0.0)) / n as f64).min(0.98);
    let places = thinned(n);
    let mut slopes = Vec::with_capacity(REPLICATES);
    for _ in 0..REPLICATES {
        let drawn: Vec<f64> = if lag_one > 0.4 {
            bootstrap::sieve(&residuals, memory, &mut random)
        } else {
            bootstrap::moving_blocks(n, block, &mut random).into_iter().map(|at| residuals[at]).collect()
        };
        slopes.extend(least_squares_slope(times, &drawn, &places));
    }
    // The replicates have no trend: their slopes are the error of the found one. The median of slopes spreads a little more than
    // least squares do (efficiency 0.955 for normal residuals); blocks lose some variance at their ends.
    let widen = if lag_one > 0.4 { 1.05 } else { 1.0 / 0.955_f64.sqrt() * (1.0 + block as f64 / n as f64) };
    let (low, high) = bootstrap::middle(&mut slopes, 0.95)?;
    Some(Trend {
        line,
        interval: (line.slope - widen * high, line.slope - widen * low),
        rise: line.slope * (times.get(n - 1)? - times.first()?),
        residual_spread: quantile::spread(&residuals)?,
        p: mann_kendall(values),
    })
}

/// Places that a least-squares slope looks at: all of them up to 2 000.
fn thinned(n: usize) -> Vec<usize> {
    let step = n.div_ceil(2_000).max(1);
    (0..n).step_by(step).collect()
}

fn least_squares_slope(times: &[f64], values: &[f64], places: &[usize]) -> Option<f64> {
    let n = places.len() as f64;
    let mean_time = places.iter().map(|&at| times[at]).sum::<f64>() / n;
    let (mut up, mut across) = (0.0, 0.0);
    for &at in places {
        up += (times[at] - mean_time) * values[at];
        across += (times[at] - mean_time).powi(2);
    }
    (across > 0.0).then(|| up / across)
}

/// The chance (two-sided) that a series without trend is as ordered as this one: Mann (1945), Kendall, with the variance widened
/// for memory as by Hamed & Rao (1998). Beyond 2 000 points every so many-th is looked at.
pub fn mann_kendall(values: &[f64]) -> f64 {
    let values: Vec<f64> = thinned(values.len()).into_iter().map(|at| values[at]).collect();
    let n = values.len() as f64;
    if n < 4.0 {
        return 1.0;
    }
    let mut score = 0.0;
    for (at, early) in values.iter().enumerate() {
        score += values[at + 1..]
            .iter()
            .map(|late| (late - early).partial_cmp(&0.0).map_or(0.0, |o| o as i8 as f64))
            .sum::<f64>();
    }
    let times: Vec<f64> = (0..values.len()).map(|at| at as f64).collect();
    let slope = theil_sen(&times, &values).map_or(0.0, |line| line.slope);
    let detrended: Vec<f64> = values.iter().zip(&times).map(|(value, time)| value - slope * time).collect();
    let ranks = quantile::ranks(&detrended);
    let significant = 1.96 / n.sqrt();
    let mut inflation = 1.0;
    for lag in 1..(values.len() / 4).min(100) {
        let memory = quantile::autocorrelation(&ranks, lag);
        if memory.abs() < significant {
            break;
        }
        let lag = lag as f64;
        inflation += 2.0 / (n * (n - 1.0) * (n - 2.0)) * (n - lag) * (n - lag - 1.0) * (n - lag - 2.0) * memory;
    }
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0 * inflation.max(1.0);
    2.0 * (1.0 - normal_share(((score.abs() - 1.0).max(0.0)) / variance.sqrt()))
}

/// The share of a normal distribution below `z` (Abramowitz & Stegun 26.2.17, right to 10⁻⁷).
pub fn normal_share(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let series =
        t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * series;
    if z >= 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series with memory `rho`, spread 1 and a slope.
    fn series(random: &mut Random, n: usize, rho: f64, slope: f64) -> (Vec<f64>, Vec<f64>) {
        let mut level = random.normal();
        let noise = (1.0 - rho * rho).sqrt();
        let values = (0..n).map(|at| {
            level = rho * level + noise * random.normal();
            level + slope * at as f64
        });
        let values: Vec<f64> = values.collect();
        ((0..n).map(|at| at as f64).collect(), values)
    }

    #[test]
    fn outliers_do_not_bend_the_line() {
        let times: Vec<f64> = (0..50).map(f64::from).collect();
        let mut values: Vec<f64> = times.iter().map(|time| 3.0 + 2.0 * time).collect();
        (0..10).for_each(|at| values[at * 5] = 1e6);
        let line = theil_sen(&times, &values).unwrap();
        assert!((line.slope - 2.0).abs() < 1e-9 && (line.level - 3.0).abs() < 1e-9, "{line:?}");
        assert_eq!(theil_sen(&[1.0, 1.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn intervals_hold_the_slope_whatever_the_memory() {
        let mut random = Random::new(5);
        for (rho, wanted) in [(0.0, 0.93), (0.5, 0.90), (0.8, 0.88)] {
            let runs = 300;
            let held = (0..runs).filter(|run| {
                let (times, values) = series(&mut random, 240, rho, 0.01);
                let (low, high) = trend(&times, &values, *run).unwrap().interval;
                (low..=high).contains(&0.01)
            });
            let coverage = held.count() as f64 / runs as f64;
            println!("memory {rho}: coverage {coverage}");
            // Three hundred runs tell it to ± 2.5 points.
            assert!(coverage >= wanted - 0.025, "memory {rho}: {coverage}");
        }
    }

    #[test]
    fn growth_is_seen_where_it_is_and_rarely_where_it_is_not() {
        let mut random = Random::new(6);
        for (rho, allowed) in [(0.0, 0.05), (0.5, 0.05), (0.8, 0.08)] {
            let mut false_alarms = 0;
            for run in 0..150 {
                let (times, values) = series(&mut random, 240, rho, 0.0);
                false_alarms += u32::from(trend(&times, &values, run).unwrap().grows());
            }
            assert!(f64::from(false_alarms) / 150.0 <= allowed, "memory {rho}: {false_alarms}");
        }
        let (times, values) = series(&mut random, 240, 0.5, 0.02);
        let found = trend(&times, &values, 0).unwrap();
        assert!(found.grows() && found.p < 0.01, "{found:?}");
        assert!(found.detectable_slope() > found.line.slope);
    }

    #[test]
    fn mann_kendall_is_calm_about_noise() {
        let mut random = Random::new(7);
        let alarms = (0..300).filter(|_| mann_kendall(&series(&mut random, 100, 0.0, 0.0).1) < 0.05).count();
        assert!((3..=30).contains(&alarms), "{alarms}");
        assert!((normal_share(1.96) - 0.975).abs() < 1e-4);
    }
}
