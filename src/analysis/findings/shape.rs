//! What a series of floors looks like over time: the same, a drift, a step, a start that levels off, a daily rhythm.
//!
//! Each is a model fitted by least squares; they are compared by BIC with as many points as the memory of neighbours leaves
//! independent, and those within 6 of the best are kept. Where simple and elaborate models are both kept, the simple one counts.

use crate::analysis::stats::quantile;

/// Fewer points tell nothing.
pub const FEWEST: usize = 30;
/// A change lies at least so many points from either end.
const MARGIN: usize = 5;
/// Models so close to the best one by BIC can't be ruled out.
const KEPT: f64 = 6.0;
const DAY_S: f64 = 86_400.0;
/// Over less time a day's rhythm can't be told from a line at all.
const RHYTHM_FROM_S: f64 = 3600.0;
/// A rhythm that swings by more than this share of the level is not believed from less than a day.
const LARGEST_SWING: f64 = 0.5;

/// What the models say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// The same all along.
    Constant,
    /// A drift from the point with this number on.
    Drift {
        /// 0 for all along.
        from: usize,
        /// Whether nothing else explains it as well.
        clear: bool,
    },
    /// A jump before this point, flat on both sides.
    Step(usize),
    /// It rose and then levelled off.
    LevelsOff,
    /// It follows the time of day.
    Rhythm,
}

/// Names the shape; `None` with fewer than 30 points.
pub fn shape(times_s: &[f64], values: &[f64]) -> Option<Shape> {
    let n = times_s.len().min(values.len());
    if n < FEWEST {
        return None;
    }
    let (times_s, values) = (&times_s[..n], &values[..n]);
    let span_s = (times_s[n - 1] - times_s[0]).max(1e-9);
    let relative: Vec<f64> = times_s.iter().map(|at| (at - times_s[0]) / span_s).collect();
    let has_rhythm = span_s >= RHYTHM_FROM_S;
    let turns = span_s / DAY_S * std::f64::consts::TAU;

    let flat = |_: f64| Vec::new();
    let line = |t: f64| vec![t];
    let constant = fit(&relative, values, flat, 1.0)?;
    let straight = fit(&relative, values, line, 2.0)?;
    let (step, step_at) = best(changes(n).map(|at| {
        let place = relative[at];
        (fit(&relative, values, move |t| vec![f64::from(u8::from(t >= place))], 3.0), at)
    }))?;
    let (late, late_at) = best(changes(n).map(|at| {
        let place = relative[at];
        (rising(fit(&relative, values, move |t| vec![(t - place).max(0.0)], 3.0)), at)
    }))
    .unwrap_or((Fit::WORST, 0));
    let slowing = [0.05, 0.1, 0.2, 0.35, 0.6].into_iter();
    let slowing = slowing.map(|tau| (rising(fit(&relative, values, move |t| vec![1.0 - (-t / tau).exp()], 3.0)), 0));
    // A plateau has to be long enough to be seen as one.
    let full = changes(n).filter(|at| *at <= n * 3 / 4).map(|at| {
        let place = relative[at];
        (rising(fit(&relative, values, move |t| vec![t.min(place)], 3.0)), 0)
    });
    let (levels, _) = best(slowing.chain(full)).unwrap_or((Fit::WORST, 0));
    let none = || Fit::WORST;
    let wave = move |t: f64| vec![(turns * t).sin(), (turns * t).cos()];
    let tilted = move |t: f64| vec![t, (turns * t).sin(), (turns * t).cos()];
    let is_likely = |fit: &Fit| span_s >= DAY_S || fit.swing <= LARGEST_SWING * fit.level;
    let rhythm = has_rhythm.then(|| fit(&relative, values, wave, 3.0)).flatten().filter(is_likely).unwrap_or_else(none);
    let both = has_rhythm.then(|| fit(&relative, values, tilted, 4.0)).flatten().unwrap_or_else(none);

    let all = [constant, straight, step, late, levels, rhythm, both];
    let nearest = all.iter().min_by(|a, b| a.left.total_cmp(&b.left))?;
    let memory = nearest.memory.clamp(0.0, 0.9);
    let independent = n as f64 * (1.0 - memory) / (1.0 + memory);
    let tiny = constant.left * 1e-9 + f64::MIN_POSITIVE;
    let bic = |fit: &Fit| independent * ((fit.left + tiny) / n as f64).ln() + fit.parameters * independent.ln();
    let limit = all.iter().map(bic).fold(f64::INFINITY, f64::min) + KEPT;
    let kept = |fit: &Fit| bic(fit) <= limit;
    let is_other = kept(&step) || kept(&levels) || kept(&rhythm);
    Some(if kept(&constant) {
        Shape::Constant
    } else if kept(&straight) {
        Shape::Drift { from: 0, clear: !is_other }
    } else if kept(&step) {
        Shape::Step(step_at)
    } else if kept(&levels) {
        Shape::LevelsOff
    } else if kept(&rhythm) {
        Shape::Rhythm
    } else if kept(&both) {
        Shape::Drift { from: 0, clear: true }
    } else {
        Shape::Drift { from: late_at, clear: true }
    })
}

/// What of the values is the day's rhythm, to be taken away before a slope is looked for; `None` over less than a day, where a
/// part of a wave and a line are much the same.
pub fn rhythm(times_s: &[f64], values: &[f64]) -> Option<Vec<f64>> {
    let (first, last) = (*times_s.first()?, *times_s.last()?);
    if last - first < 0.9 * DAY_S {
        return None;
    }
    let span_s = last - first;
    let relative: Vec<f64> = times_s.iter().map(|at| (at - first) / span_s).collect();
    let turns = span_s / DAY_S * std::f64::consts::TAU;
    let columns = move |t: f64| vec![t, (turns * t).sin(), (turns * t).cos()];
    let found = solve(&relative, values, &columns)?;
    let wave = relative.iter().map(|t| found[2] * (turns * t).sin() + found[3] * (turns * t).cos());
    Some(wave.collect())
}

fn changes(n: usize) -> impl Iterator<Item = usize> {
    MARGIN..n.saturating_sub(MARGIN)
}

/// How well a model fits.
#[derive(Clone, Copy, Debug)]
struct Fit {
    /// Squares that are left.
    left: f64,
    parameters: f64,
    /// Correlation of what is left with itself, one point on.
    memory: f64,
    /// The constant.
    level: f64,
    /// The factor of the first column.
    first: f64,
    /// The length of the last two factors: how far a wave swings.
    swing: f64,
}

impl Fit {
    const WORST: Fit = Fit { left: f64::INFINITY, parameters: 3.0, memory: 0.0, level: 0.0, first: 0.0, swing: 0.0 };
}

fn rising(fit: Option<Fit>) -> Option<Fit> {
    fit.filter(|fit| fit.first > 0.0)
}

fn best(fits: impl Iterator<Item = (Option<Fit>, usize)>) -> Option<(Fit, usize)> {
    let fits = fits.filter_map(|(fit, at)| Some((fit?, at)));
    fits.min_by(|a, b| a.0.left.total_cmp(&b.0.left))
}

/// Least squares with a constant and the given columns.
fn fit(times: &[f64], values: &[f64], columns: impl Fn(f64) -> Vec<f64>, parameters: f64) -> Option<Fit> {
    let factors = solve(times, values, &columns)?;
    let residual = |(time, value): (&f64, &f64)| {
        let explained: f64 = columns(*time).iter().zip(&factors[1..]).map(|(column, factor)| column * factor).sum();
        value - factors[0] - explained
    };
    let residuals: Vec<f64> = times.iter().zip(values).map(residual).collect();
    let left = residuals.iter().map(|residual| residual * residual).sum();
    let memory = quantile::autocorrelation(&residuals, 1);
    let factor = |at: usize| factors.get(at).copied().unwrap_or(0.0);
    let swing = factor(factors.len() - 1).hypot(factor(factors.len().saturating_sub(2)));
    Some(Fit { left, parameters, memory, level: factor(0), first: factor(1), swing })
}

/// The factors, the constant first; `None` where they can't be told apart.
fn solve(times: &[f64], values: &[f64], columns: &impl Fn(f64) -> Vec<f64>) -> Option<Vec<f64>> {
    let width = columns(0.0).len() + 1;
    // The normal equations, with what they are to equal as the last column.
    let mut rows = vec![vec![0.0; width + 1]; width];
    for (time, value) in times.iter().zip(values) {
        let mut row = vec![1.0];
        row.extend(columns(*time));
        for (a, cells) in row.iter().zip(&mut rows) {
            for (b, cell) in row.iter().zip(cells.iter_mut()) {
                *cell += a * b;
            }
            cells[width] += a * value;
        }
    }
    for column in 0..width {
        let pivot = (column..width).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        rows.swap(column, pivot);
        let head = rows[column].clone();
        if head[column].abs() < 1e-9 {
            return None;
        }
        for (_, row) in rows.iter_mut().enumerate().filter(|(index, _)| *index != column) {
            let times = row[column] / head[column];
            row.iter_mut().zip(&head).for_each(|(cell, above)| *cell -= times * above);
        }
    }
    Some((0..width).map(|at| rows[at][width] / rows[at][at]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::random::Random;

    fn named(seed: u64, span_s: f64, level: impl Fn(f64) -> f64) -> Shape {
        let mut random = Random::new(seed);
        let times: Vec<f64> = (0..60).map(|at| f64::from(at) * span_s / 60.0).collect();
        let values: Vec<f64> = times.iter().map(|t| level(*t) + random.normal()).collect();
        shape(&times, &values).unwrap()
    }

    #[test]
    fn each_shape_is_told_from_the_others() {
        for seed in 0..20 {
            assert_eq!(named(seed, 600.0, |_| 50.0), Shape::Constant);
            assert_eq!(named(seed, 600.0, |t| t / 20.0), Shape::Drift { from: 0, clear: true });
            assert!(matches!(named(seed, 600.0, |t| if t < 300.0 { 0.0 } else { 20.0 }), Shape::Step(29..=31)));
            assert_eq!(named(seed, 600.0, |t| 30.0 * (1.0 - (-t / 60.0).exp())), Shape::LevelsOff);
            assert_eq!(named(seed, 600.0, |t| t.min(300.0) / 10.0), Shape::LevelsOff);
            let late = named(seed, 600.0, |t| (t - 300.0).max(0.0) / 10.0);
            assert!(matches!(late, Shape::Drift { from: 25..=35, clear: true }), "{late:?}");
            let day = |t: f64| 20.0 * (t / DAY_S * std::f64::consts::TAU).sin();
            assert_eq!(named(seed, 2.0 * DAY_S, day), Shape::Rhythm);
            let both = named(seed, 2.0 * DAY_S, |t| day(t) + t / 5000.0);
            assert_eq!(both, Shape::Drift { from: 0, clear: true });
        }
        assert_eq!(shape(&[1.0; 5], &[1.0; 5]), None);
    }
}
