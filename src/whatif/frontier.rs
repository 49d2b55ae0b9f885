//! The frontier: of all points in the range of some knobs those that nothing else beats in memory, pause and processor time at once.

use crate::analysis::stats::random::Random;

use super::goal::Lever;
use super::prediction::{Band, Grade, Part};
use super::scenario::Setting;

/// Points looked at first.
const POINTS: usize = 256;
/// Rounds of looking closer around the best.
const ROUNDS: usize = 3;

/// One point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its settings.
    pub settings: Vec<Setting>,
    /// What it costs, by objective; less is better.
    pub costs: Vec<Band>,
    /// Whether no other point is better by the middle of the bands.
    pub is_best: bool,
    /// Whether no other point is surely better: its worse end against this one's better end.
    pub is_robustly_best: bool,
}

/// All points with an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Frontier {
    /// Points, the best marked.
    pub points: Vec<Point>,
    /// How many had no answer.
    pub refused: usize,
    /// Of the best the one where the curve bends most; `None` without three of them.
    pub knee: Option<usize>,
}

/// Looks along the levers. Objectives are ids of metrics of which less is better. `None` when cancelled.
pub fn frontier(
    levers: &[Lever],
    objectives: &[&str],
    fixed: &[Setting],
    answer: &dyn Fn(&[Setting]) -> Vec<Part>,
    cancelled: &dyn Fn() -> bool,
) -> Option<Frontier> {
    let along: Vec<Vec<Setting>> = levers.iter().map(|lever| lever.points(POINTS)).collect();
    let sizes: Vec<usize> = along.iter().map(Vec::len).collect();
    let mut places: Vec<Vec<usize>> = Vec::new();
    for number in 0..POINTS {
        let place =
            |(dimension, size): (usize, &usize)| ((spread(number, dimension) * *size as f64) as usize).min(size - 1);
        places.push(sizes.iter().enumerate().map(place).collect());
    }
    let mut random = Random::new(47);
    let mut seen = std::collections::BTreeSet::new();
    let (mut points, mut at, mut refused) = (Vec::new(), Vec::new(), 0);
    for round in 0..=ROUNDS {
        for place in std::mem::take(&mut places) {
            if !seen.insert(place.clone()) {
                continue;
            }
            if cancelled() {
                return None;
            }
            let chosen = place.iter().zip(&along).map(|(at, along)| along[*at].clone());
            let settings: Vec<Setting> = fixed.iter().cloned().chain(chosen).collect();
            match costs(&answer(&settings), objectives) {
                Some(costs) => {
                    points.push(Point { settings, costs, is_best: false, is_robustly_best: false });
                    at.push(place);
                }
                None => refused += 1,
            }
        }
        mark(&mut points);
        if round < ROUNDS {
            let reach = POINTS >> (round + 3);
            for (place, _) in at.iter().zip(&points).filter(|(_, point)| point.is_best) {
                for _ in 0..4 {
                    let near = |(at, size): (&usize, &usize)| {
                        let step = random.below(2 * reach + 1) as i64 - reach as i64;
                        (*at as i64 + step * *size as i64 / POINTS as i64).clamp(0, *size as i64 - 1) as usize
                    };
                    places.push(place.iter().zip(&sizes).map(near).collect());
                }
            }
        }
    }
    let knee = knee(&points);
    Some(Frontier { points, refused, knee })
}

/// Evenly spread numbers from 0 to 1: the radical inverse in a prime base for each dimension (Halton 1960).
fn spread(number: usize, dimension: usize) -> f64 {
    const PRIMES: [usize; 8] = [2, 3, 5, 7, 11, 13, 17, 19];
    let base = PRIMES[dimension % PRIMES.len()];
    let (mut rest, mut share, mut place) = (number, 0.0, 1.0 / base as f64);
    while rest > 0 {
        share += (rest % base) as f64 * place;
        rest /= base;
        place /= base as f64;
    }
    share
}

fn costs(parts: &[Part], objectives: &[&str]) -> Option<Vec<Band>> {
    let told = || parts.iter().filter(|part| part.confidence.grade != Grade::Refused).flat_map(|part| &part.outcomes);
    let worst = |metric: &&str| {
        told()
            .filter(|outcome| outcome.metric == *metric)
            .map(|outcome| outcome.predicted)
            .max_by(|a, b| a.value.total_cmp(&b.value))
    };
    objectives.iter().map(worst).collect()
}

/// Whether `a` is no worse in everything and better in something.
fn beats(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> bool {
    let mut is_better = false;
    for (a, b) in a.zip(b) {
        if a > b {
            return false;
        }
        is_better |= a < b;
    }
    is_better
}

/// Marks points that no other one beats.
pub fn mark(points: &mut [Point]) {
    let values = |point: &Point| point.costs.iter().map(|cost| cost.value).collect::<Vec<f64>>();
    let lows = |point: &Point| point.costs.iter().map(|cost| cost.low).collect::<Vec<f64>>();
    let highs = |point: &Point| point.costs.iter().map(|cost| cost.high).collect::<Vec<f64>>();
    let all: Vec<[Vec<f64>; 3]> = points.iter().map(|point| [values(point), lows(point), highs(point)]).collect();
    for (number, point) in points.iter_mut().enumerate() {
        let others = || all.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, other)| other);
        let [middle, low, _] = &all[number];
        point.is_best = !others().any(|other| beats(other[0].iter().copied(), middle.iter().copied()));
        point.is_robustly_best = !others().any(|other| beats(other[2].iter().copied(), low.iter().copied()));
    }
}

/// The best point farthest below the plane through the ends of the objectives, each from 0 to 1.
fn knee(points: &[Point]) -> Option<usize> {
    let best: Vec<(usize, Vec<f64>)> = points
        .iter()
        .enumerate()
        .filter(|(_, point)| point.is_best)
        .map(|(number, point)| (number, point.costs.iter().map(|cost| cost.value).collect()))
        .collect();
    if best.len() < 3 {
        return None;
    }
    let dimensions = best[0].1.len();
    let end = |pick: fn(f64, f64) -> f64, start: f64| {
        (0..dimensions).map(|d| best.iter().map(|(_, costs)| costs[d]).fold(start, pick)).collect::<Vec<f64>>()
    };
    let (low, high) = (end(f64::min, f64::INFINITY), end(f64::max, f64::NEG_INFINITY));
    let sum = |costs: &[f64]| {
        let share = |d: usize| if high[d] > low[d] { (costs[d] - low[d]) / (high[d] - low[d]) } else { 0.0 };
        (0..dimensions).map(share).sum::<f64>()
    };
    best.iter().min_by(|a, b| sum(&a.1).total_cmp(&sum(&b.1))).map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Unit;
    use crate::whatif::knob::{Knob, ModelId};
    use crate::whatif::prediction::{Confidence, Outcome};
    use crate::whatif::scenario::Place;

    /// ZDT1 (Zitzler, Deb & Thiele 2000) on two knobs: best is g = 1, f2 = 1 − √f1.
    fn zdt1(settings: &[Setting]) -> Vec<Part> {
        let share = |setting: &Setting| {
            let (low, high) = setting.knob.range;
            (setting.value.number().unwrap() - low) / (high - low)
        };
        let (x, y) = (share(&settings[0]), share(&settings[1]));
        let g = 1.0 + 9.0 * y;
        let mut part = Part::refused(
            None,
            ModelId::Balance,
            Confidence { grade: Grade::Replayed, ..Confidence::refused("", None) },
        );
        for (metric, value) in [("one", x), ("two", g * (1.0 - (x / g).sqrt()))] {
            let predicted = Band { value, low: value - 0.02, high: value + 0.02 };
            part.outcomes.push(Outcome {
                metric,
                unit: Unit::RATIO,
                component: None,
                baseline: None,
                predicted,
                model: ModelId::Balance,
            });
        }
        vec![part]
    }

    fn found() -> Frontier {
        let lever = |path| Lever::of(Place::All, Knob::find(path).unwrap());
        let levers = [lever("balance.route_below_percent"), lever("balance.queue_above_percent")];
        frontier(&levers, &["one", "two"], &[], &zdt1, &|| false).unwrap()
    }

    #[test]
    fn the_frontier_covers_the_true_one() {
        let frontier = found();
        let mut best: Vec<(f64, f64)> =
            frontier.points.iter().filter(|p| p.is_best).map(|p| (p.costs[0].value, p.costs[1].value)).collect();
        best.sort_by(|a, b| a.0.total_cmp(&b.0));
        // The area up to (1.1, 1.1) that is beaten; the true one is 1.21 − ∫(1 − √x) = 1.21 − 1/3.
        let mut area = 0.0;
        for (at, (x, y)) in best.iter().enumerate() {
            let next = best.get(at + 1).map_or(1.1, |next| next.0);
            area += (next - x) * (1.1 - y).max(0.0);
        }
        let share = area / (1.21 - 1.0 / 3.0);
        assert!(share >= 0.97, "{share} with {} points", best.len());
        assert!(best.windows(2).all(|pair| pair[0].1 > pair[1].1), "a beaten point is marked as best");
    }

    #[test]
    fn the_robust_frontier_holds_more_and_the_knee_lies_on_the_bend() {
        let frontier = found();
        let count = |of: fn(&Point) -> bool| frontier.points.iter().filter(|point| of(point)).count();
        assert!(count(|point| point.is_robustly_best) >= count(|point| point.is_best));
        assert!(count(|point| point.is_robustly_best) < frontier.points.len());
        let knee = &frontier.points[frontier.knee.unwrap()];
        // √x − x is largest at 1/4.
        assert!((knee.costs[0].value - 0.25).abs() < 0.08, "{knee:?}");
    }
}
