//! Where a series changes its level, and whether a change is a step or a drift.

use super::quantile;

/// The shortest stretch between two changes, in points.
const SHORTEST: usize = 10;
/// A step needs so many, a line as many: fewer tell nothing.
const FEWEST: usize = 3 * SHORTEST;

/// Places at which a new level or spread begins: PELT (Killick, Fearnhead & Eckley 2012) with the cost of normal segments of
/// unknown mean and variance, on values normalized by rank so that outliers count as far, not as infinitely far. The penalty grows with
/// the memory of neighbours, which otherwise looks like many small steps.
pub fn changes(values: &[f64]) -> Vec<usize> {
    let n = values.len();
    if n < 2 * SHORTEST {
        return Vec::new();
    }
    let scores = normal_scores(values);
    let rough = pelt(&scores, 3.0 * 2.0 * (n as f64).ln());
    // Memory is measured within the segments: across a step everything seems to have some.
    let memory = memory_within(&scores, &rough).clamp(0.0, 0.9);
    pelt(&scores, 3.0 * 2.0 * (n as f64).ln() * (1.0 + memory) / (1.0 - memory))
}

fn memory_within(scores: &[f64], changes: &[usize]) -> f64 {
    let mut residuals = Vec::with_capacity(scores.len());
    let ends = changes.iter().copied().chain([scores.len()]);
    let mut from = 0;
    for to in ends {
        let mean = quantile::mean(&scores[from..to]).unwrap_or(0.0);
        residuals.extend(scores[from..to].iter().map(|score| score - mean));
        from = to;
    }
    quantile::autocorrelation(&residuals, 1)
}

/// Ranks as quantiles of a normal distribution, by a rational function good to 4.5·10⁻⁴ (Abramowitz & Stegun 26.2.23).
fn normal_scores(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let score = |rank: f64| {
        let share = (rank - 0.5) / n;
        let t = (-2.0 * share.min(1.0 - share).ln()).sqrt();
        let z = t
            - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
        if share < 0.5 { -z } else { z }
    };
    quantile::ranks(values).into_iter().map(score).collect()
}

fn pelt(values: &[f64], penalty: f64) -> Vec<usize> {
    let n = values.len();
    let (mut sums, mut squares) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    for (at, value) in values.iter().enumerate() {
        sums[at + 1] = sums[at] + value;
        squares[at + 1] = squares[at] + value * value;
    }
    let cost = |from: usize, to: usize| {
        let length = (to - from) as f64;
        let mean = (sums[to] - sums[from]) / length;
        let variance = ((squares[to] - squares[from]) / length - mean * mean).max(1e-3);
        length * variance.ln()
    };
    let mut best = vec![f64::INFINITY; n + 1];
    let mut before = vec![0; n + 1];
    best[0] = -penalty;
    let mut candidates: Vec<usize> = vec![0];
    for to in SHORTEST..=n {
        let mut costs = Vec::with_capacity(candidates.len());
        for &from in &candidates {
            let total = best[from] + cost(from, to) + penalty;
            costs.push(total);
            if total < best[to] {
                best[to] = total;
                before[to] = from;
            }
        }
        let limit = best[to] + penalty;
        let mut costs = costs.into_iter();
        candidates.retain(|_| costs.next().is_some_and(|total| total <= limit));
        if to + 1 >= 2 * SHORTEST {
            candidates.push(to + 1 - SHORTEST);
        }
    }
    let mut found = Vec::new();
    let mut at = before[n];
    while at > 0 {
        found.push(at);
        at = before[at];
    }
    found.reverse();
    found
}

/// What a series looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// The same all along.
    Constant,
    /// It drifts.
    Line,
    /// It jumps, at this place.
    Step(usize),
    /// A drift and a jump explain it equally well.
    LineOrStep,
}

/// Names the shape by comparing a constant, a line and a step by BIC, with as many points as memory leaves independent; models within
/// 6 of the best stay, and the simplest of them is named. `None` with fewer than 30 points.
pub fn shape(values: &[f64]) -> Option<Shape> {
    let n = values.len();
    if n < FEWEST {
        return None;
    }
    let (step_at, step_left) = best_step(values);
    let (line_left, line_rest) = line_residuals(values);
    let mean = quantile::mean(values)?;
    let constant_left: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let memory = if line_left < step_left {
        quantile::autocorrelation(&line_rest, 1)
    } else {
        memory_within(values, &[step_at])
    };
    let memory = memory.clamp(0.0, 0.9);
    let effective = n as f64 * (1.0 - memory) / (1.0 + memory);
    let tiny = constant_left * 1e-12 + f64::MIN_POSITIVE;
    let bic = |left: f64, parameters: f64| effective * ((left + tiny) / n as f64).ln() + parameters * effective.ln();
    // A step's place is a parameter too.
    let (constant, line, step) = (bic(constant_left, 1.0), bic(line_left, 2.0), bic(step_left, 3.0));
    let best = constant.min(line).min(step) + 6.0;
    Some(match (constant <= best, line <= best, step <= best) {
        (true, _, _) => Shape::Constant,
        (false, true, true) => Shape::LineOrStep,
        (false, true, false) => Shape::Line,
        (false, false, _) => Shape::Step(step_at),
    })
}

fn best_step(values: &[f64]) -> (usize, f64) {
    let n = values.len();
    let total: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|value| value * value).sum();
    let mut sum: f64 = values[..SHORTEST].iter().sum();
    let mut best = (SHORTEST, f64::INFINITY);
    for (at, value) in values.iter().enumerate().take(n - SHORTEST + 1).skip(SHORTEST) {
        let left = squares - sum * sum / at as f64 - (total - sum).powi(2) / (n - at) as f64;
        if left < best.1 {
            best = (at, left);
        }
        sum += value;
    }
    (best.0, best.1.max(0.0))
}

fn line_residuals(values: &[f64]) -> (f64, Vec<f64>) {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let mean = quantile::mean(values).unwrap_or(0.0);
    let (mut up, mut across) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        up += (at as f64 - middle) * (value - mean);
        across += (at as f64 - middle).powi(2);
    }
    let slope = up / across;
    let rest = values.iter().enumerate().map(|(at, value)| value - mean - slope * (at as f64 - middle));
    let rest: Vec<f64> = rest.collect();
    (rest.iter().map(|residual| residual * residual).sum(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::random::Random;

    fn noise(random: &mut Random, n: usize, rho: f64) -> Vec<f64> {
        let mut level = random.normal();
        let fresh = (1.0 - rho * rho).sqrt();
        (0..n)
            .map(|_| {
                level = rho * level + fresh * random.normal();
                level
            })
            .collect()
    }

    #[test]
    fn steps_of_three_spreads_are_found_where_they_are() {
        for rho in [0.0, 0.5] {
            let mut random = Random::new(8);
            let found = (0..200).filter(|_| {
                let mut values = noise(&mut random, 300, rho);
                values[170..].iter_mut().for_each(|value| *value += 3.0);
                let found = changes(&values);
                found.iter().any(|at| at.abs_diff(170) <= 3)
            });
            let share = found.count() as f64 / 200.0;
            println!("memory {rho}: found {share}");
            assert!(share >= 0.95, "memory {rho}: {share}");
        }
    }

    #[test]
    fn quiet_series_have_no_steps() {
        for rho in [0.0, 0.5] {
            let mut random = Random::new(9);
            let found: usize = (0..200).map(|_| changes(&noise(&mut random, 300, rho)).len()).sum();
            let per_thousand = found as f64 / 60.0;
            println!("memory {rho}: {per_thousand} false steps in 1000 points");
            assert!(per_thousand <= 0.5, "memory {rho}: {per_thousand}");
        }
    }

    #[test]
    fn drift_and_step_are_told_apart() {
        let mut random = Random::new(10);
        let (mut right, mut wrong) = (0, 0);
        for run in 0..300 {
            let mut values = noise(&mut random, 200, 0.3);
            let is_step = run % 2 == 0;
            for (at, value) in values.iter_mut().enumerate() {
                *value += if is_step { if at < 90 { 0.0 } else { 4.0 } } else { 4.0 * at as f64 / 200.0 };
            }
            match (shape(&values).unwrap(), is_step) {
                (Shape::Step(at), true) if at.abs_diff(90) < 10 => right += 1,
                (Shape::Line, false) => right += 1,
                (Shape::LineOrStep, _) => {}
                _ => wrong += 1,
            }
        }
        assert!(right >= 270 && wrong <= 9, "right {right}, wrong {wrong} of 300");
        assert_eq!(shape(&noise(&mut random, 200, 0.0)), Some(Shape::Constant));
        assert_eq!(shape(&[1.0; 5]), None);
        assert_eq!(shape(&[1.0; 50]), Some(Shape::Constant));
    }
}
