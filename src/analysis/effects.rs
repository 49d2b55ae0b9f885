//! Before and after: by how much a figure differs between two stretches of time, with a band, and whether that is more than noise.
//!
//! Values of one series resemble their neighbours, so bands come from both sides drawn anew with as long a memory (sieve bootstrap;
//! Bühlmann 1997), and how far the values overlap is told by Cliff's delta (Cliff 1993).

use super::stats::bootstrap::{middle, sieve};
use super::stats::quantile::{autocorrelation, mean, of, ranks};
use super::stats::random::Random;
use crate::model::id::ComponentId;
use crate::model::metric::{Direction, MetricKey};

/// Fewer values of a side prove nothing.
pub const FEWEST: usize = 12;
/// Bootstrap replicates.
const REPLICATES: usize = 400;
/// A smaller delta is negligible (Romano et al. 2006).
const NEGLIGIBLE: f64 = 0.147;
/// Nobody acts on a change of less than this share of the mean before, however sure it is.
const LEAST_SHARE: f64 = 0.02;

/// One side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Side {
    /// How many values, evenly spaced.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Half are lower.
    pub median: f64,
    /// One of twenty is higher.
    pub p95: f64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Surely in the good direction.
    Better,
    /// Surely in the bad one.
    Worse,
    /// Surely different, of a figure that has no good direction.
    Different,
    /// Nothing that could not be chance, or that anybody would act on.
    NoClearChange,
    /// Too few values.
    TooLittle,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Different => "different",
            Verdict::NoClearChange => "no clear change",
            Verdict::TooLittle => "too little data",
        }
    }
}

/// How one figure differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Of which metric.
    pub metric: MetricKey,
    /// Of which component; `None`: of the whole.
    pub component: Option<ComponentId>,
    /// Whose, for people.
    pub title: String,
    /// Before.
    pub before: Side,
    /// After.
    pub after: Side,
    /// The difference of the means, in the metric's unit.
    pub difference: f64,
    /// In which range it is 95 times of 100.
    pub band: (f64, f64),
    /// Cliff's delta: how much likelier a value after is higher than one before, from −1 to 1.
    pub delta: f64,
    /// What came of it.
    pub verdict: Verdict,
}

impl Effect {
    /// The change as a share of the mean before; `None` where that is 0.
    pub fn relative(&self) -> Option<f64> {
        (self.before.mean.abs() > 1e-12).then(|| self.difference / self.before.mean.abs())
    }
}

/// Compares evenly spaced values of both sides; `None` where one side has none.
pub fn effect(
    metric: MetricKey,
    component: Option<ComponentId>,
    title: String,
    before: &[f64],
    after: &[f64],
) -> Option<Effect> {
    let (side_before, side_after) = (side(before)?, side(after)?);
    let difference = side_after.mean - side_before.mean;
    let mut random = Random::new(2718);
    let mut replicate = |residuals: &[f64], memory: f64| mean(&sieve(residuals, memory, &mut random)).unwrap_or(0.0);
    let [(of_before, memory_before), (of_after, memory_after)] = [before, after].map(residuals);
    let mut differences: Vec<f64> = (0..REPLICATES)
        .map(|_| difference + replicate(&of_after, memory_after) - replicate(&of_before, memory_before))
        .collect();
    let band = middle(&mut differences, 0.95)?;
    let delta = cliff(before, after);
    let matters = difference.abs() >= LEAST_SHARE * side_before.mean.abs();
    let is_clear = (band.0 > 0.0 || band.1 < 0.0) && delta.abs() >= NEGLIGIBLE && matters;
    let verdict = match (before.len().min(after.len()) >= FEWEST, is_clear, metric.metric().direction) {
        (false, ..) => Verdict::TooLittle,
        (_, false, _) => Verdict::NoClearChange,
        (_, _, Direction::Neutral) => Verdict::Different,
        (_, _, direction) if (direction == Direction::HigherIsBetter) == (difference > 0.0) => Verdict::Better,
        _ => Verdict::Worse,
    };
    Some(Effect { metric, component, title, before: side_before, after: side_after, difference, band, delta, verdict })
}

/// How values differ from their mean, and how much of that the next one keeps, corrected for the bias of short series (Kendall 1954).
fn residuals(values: &[f64]) -> (Vec<f64>, f64) {
    let middle = mean(values).unwrap_or(0.0);
    let memory = autocorrelation(values, 1);
    let corrected = memory + (1.0 + 3.0 * memory) / values.len().max(1) as f64;
    (values.iter().map(|value| value - middle).collect(), corrected.clamp(0.0, 0.97))
}

fn side(values: &[f64]) -> Option<Side> {
    let mut sorted = values.to_vec();
    Some(Side { count: values.len(), mean: mean(values)?, median: of(&mut sorted, 0.5)?, p95: of(&mut sorted, 0.95)? })
}

/// From the sum of ranks (Mann & Whitney 1947).
fn cliff(before: &[f64], after: &[f64]) -> f64 {
    let all: Vec<f64> = after.iter().chain(before).copied().collect();
    let (n, m) = (after.len() as f64, before.len() as f64);
    let sum: f64 = ranks(&all).iter().take(after.len()).sum();
    2.0 * (sum - n * (n + 1.0) / 2.0) / (n * m) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric;

    fn noisy(level: f64, memory: f64, length: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let mut off = 0.0;
        let mut next = || {
            off = memory * off + random.normal();
            level + off
        };
        (0..length).map(|_| next()).collect()
    }

    fn verdict(metric: MetricKey, before: &[f64], after: &[f64]) -> Verdict {
        effect(metric, None, String::new(), before, after).unwrap().verdict
    }

    #[test]
    fn a_shift_beyond_the_noise_is_better_or_worse_by_the_metrics_direction() {
        let (before, after) = (noisy(100.0, 0.5, 300, 1), noisy(95.0, 0.5, 300, 2));
        assert_eq!(verdict(metric::MEMORY_USED, &before, &after), Verdict::Better);
        assert_eq!(verdict(metric::MEMORY_USED, &after, &before), Verdict::Worse);
        assert_eq!(verdict(metric::GC_EFFICIENCY, &before, &after), Verdict::Worse);
        assert_eq!(verdict(metric::IO_READ_RATE, &before, &after), Verdict::Different);
        let effect = effect(metric::MEMORY_USED, None, String::new(), &before, &after).unwrap();
        assert!(effect.band.0 < -5.0 && -5.0 < effect.band.1, "{effect:?}");
        assert!((effect.relative().unwrap() + 0.05).abs() < 0.01 && effect.delta < -0.9);
    }

    #[test]
    fn noise_with_a_long_memory_is_rarely_taken_for_a_change() {
        let is_false = |seed: u64| {
            let (before, after) = (noisy(100.0, 0.9, 300, seed), noisy(100.0, 0.9, 300, seed + 1000));
            verdict(metric::MEMORY_USED, &before, &after) != Verdict::NoClearChange
        };
        let wrong = (1..=100).filter(|seed| is_false(*seed)).count();
        assert!(wrong <= 12, "{wrong} of 100");
    }

    #[test]
    fn the_delta_is_that_of_all_pairs() {
        let (before, after) = ([1.0, 2.0, 2.0, 5.0], [2.0, 3.0, 6.0]);
        let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
        let expected = after.iter().map(|a| before.map(|b| sign(*a, b)).iter().sum::<f64>()).sum::<f64>() / 12.0;
        assert!((cliff(&before, &after) - expected).abs() < 1e-12);
    }

    #[test]
    fn few_values_prove_nothing_and_none_give_nothing() {
        assert_eq!(verdict(metric::MEMORY_USED, &[1.0; 5], &[9.0; 5]), Verdict::TooLittle);
        assert_eq!(effect(metric::MEMORY_USED, None, String::new(), &[], &[1.0]), None);
        assert_eq!(verdict(metric::MEMORY_USED, &[0.0; 50], &[0.0; 50]), Verdict::NoClearChange);
        assert_eq!(verdict(metric::BEAM_ATOMS, &[10_000.0; 50], &[10_020.0; 50]), Verdict::NoClearChange);
        assert_eq!(verdict(metric::BEAM_ATOMS, &[10_000.0; 50], &[11_000.0; 50]), Verdict::Worse);
    }
}
