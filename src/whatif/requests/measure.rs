//! From replays to figures with bands, and from the replay of the recording itself to trust.

use crate::analysis::stats::histogram::Histogram;
use crate::analysis::stats::random::Random;
use crate::analysis::stats::{bootstrap, proportion, quantile};
use crate::model::time::Timestamp;
use crate::model::unit::{BaseUnit, Unit};
use crate::whatif::knob::ModelId;
use crate::whatif::prediction::{Band, Confidence, Curve, Effort, Grade, Level, Outcome, Part};

use super::replay::REJECTED;
use super::trace::Trace;

/// Microseconds, the unit of waits.
pub const MICROSECONDS: Unit = Unit::of(BaseUnit::Microsecond);
/// With fewer requests than this nothing can be told.
pub const FEWEST: usize = 20;
/// A 99th percentile of fewer has less than five beyond it.
pub const FEWEST_FOR_P99: usize = 500;
/// A model that misses the recording itself by more does not describe the system.
pub const WORST_SELF_REPLAY: f64 = 0.15;
/// Parts of the recording by which the model's error is judged.
const PARTS: usize = 8;

/// The bands' ingredients: what another recording would have shown, and how far the model is off.
#[derive(Clone, Copy, Debug)]
pub struct Doubt {
    /// Relative error of the model that eight of ten predictions stay within.
    pub model: f64,
    /// Differences below this are not told apart, in the unit of the values.
    pub resolution: f64,
    /// Effort.
    pub effort: Effort,
}

impl Doubt {
    fn windows(&self) -> usize {
        if self.effort == Effort::Coarse { 12 } else { 32 }
    }

    fn draws(&self) -> usize {
        if self.effort == Effort::Coarse { 40 } else { 200 }
    }

    /// Further from the recording the model errs more: by √(1 + (d/ln 2)²), d being the logarithm of the ratio of the settings.
    pub fn at_distance(self, distance: f64) -> Self {
        Self { model: self.model * (1.0 + (distance / std::f64::consts::LN_2).powi(2)).sqrt(), ..self }
    }
}

/// Quantiles of the values that are not [`REJECTED`], in order of `qs`.
pub fn quantiles(values: &[i64], qs: &[f64]) -> Vec<f64> {
    let mut served: Vec<f64> = values.iter().filter(|value| **value != REJECTED).map(|value| *value as f64).collect();
    served.sort_unstable_by(f64::total_cmp);
    qs.iter().map(|q| quantile::of_sorted(&served, *q).unwrap_or(0.0)).collect()
}

/// The quantiles with bands: windows of the trace drawn anew, times the model's error.
pub fn banded_quantiles(values: &[i64], qs: &[f64], doubt: Doubt) -> Vec<Band> {
    let found = quantiles(values, qs);
    let size = values.len().div_ceil(doubt.windows()).max(1);
    let windows: Vec<Histogram> = values
        .chunks(size)
        .map(|chunk| {
            let mut histogram = Histogram::default();
            chunk.iter().filter(|value| **value != REJECTED).for_each(|value| histogram.add(*value as f64));
            histogram
        })
        .collect();
    let mut all = Histogram::default();
    windows.iter().for_each(|window| all.add_all(window));
    let mut random = Random::new(31);
    let mut replicates = vec![Vec::with_capacity(doubt.draws()); qs.len()];
    let mut drawn = Histogram::default();
    for _ in 0..doubt.draws() {
        drawn.clear();
        windows.iter().for_each(|_| drawn.add_all(&windows[random.below(windows.len())]));
        for ((q, value), replicates) in qs.iter().zip(&found).zip(&mut replicates) {
            let (Some(own), Some(other)) = (all.quantile(*q), drawn.quantile(*q)) else { continue };
            let sampled = if own > 0.0 { value * other / own } else { value + other };
            replicates.push(sampled * (doubt.model * error_draw(&mut random)).exp());
        }
    }
    let band = |(value, mut replicates): (f64, Vec<f64>)| {
        let (low, high) = bootstrap::middle(&mut replicates, 0.8).unwrap_or((value, value));
        Band { value, low: (low.min(value) - doubt.resolution).max(0.0), high: high.max(value) + doubt.resolution }
    };
    found.into_iter().zip(replicates).map(band).collect()
}

/// A draw whose middle eight tenths reach from -1 to 1.
fn error_draw(random: &mut Random) -> f64 {
    random.normal() / 1.281_55
}

/// The mean of `weights` (one a job, e.g. 1 for those turned away), with a band.
pub fn banded_mean(weights: impl Iterator<Item = f64>, doubt: Doubt) -> Band {
    let weights: Vec<f64> = weights.collect();
    let Some(value) = quantile::mean(&weights) else { return Band::exact(0.0) };
    let size = weights.len().div_ceil(doubt.windows()).max(1);
    let windows: Vec<(f64, f64)> = weights.chunks(size).map(|part| (part.iter().sum(), part.len() as f64)).collect();
    let mut random = Random::new(37);
    let mut replicates: Vec<f64> = (0..doubt.draws())
        .map(|_| {
            let drawn = windows.iter().map(|_| windows[random.below(windows.len())]);
            let (sum, count) = drawn.fold((0.0, 0.0), |(sum, count), window| (sum + window.0, count + window.1));
            sum / count * (doubt.model * error_draw(&mut random)).exp()
        })
        .collect();
    let (low, high) = bootstrap::middle(&mut replicates, 0.8).unwrap_or((value, value));
    Band { value, low: (low.min(value) - doubt.resolution).max(0.0), high: high.max(value) + doubt.resolution }
}

/// How the model does on the recording itself.
#[derive(Clone, Debug)]
pub struct SelfReplay {
    /// Relative errors by metric.
    pub errors: Vec<(&'static str, f64)>,
    /// What goes into bands.
    pub doubt: Doubt,
}

impl SelfReplay {
    /// Compares what a replay says (values of jobs, [`REJECTED`] included) with what was recorded. Differences below
    /// `resolution_ns` don't count.
    pub fn compare(
        metrics: &[(&'static str, f64)],
        recorded: &[i64],
        said: &[i64],
        resolution_ns: f64,
        effort: Effort,
    ) -> Self {
        let qs: Vec<f64> = metrics.iter().map(|(_, q)| *q).collect();
        let errors = errors(recorded, said, &qs, resolution_ns);
        let size = recorded.len().div_ceil(PARTS).max(1);
        let parts: Vec<f64> = recorded
            .chunks(size)
            .zip(said.chunks(size))
            .map(|(recorded, said)| errors_signed(recorded, said, &[0.9], resolution_ns)[0].abs())
            .collect();
        let model = proportion::conformal(&parts, 0.8).unwrap_or(0.2).clamp(0.01, 1.0);
        let errors = metrics.iter().map(|(metric, _)| *metric).zip(errors).collect();
        Self { errors, doubt: Doubt { model, resolution: resolution_ns / 1e3, effort } }
    }

    /// The largest error.
    pub fn worst(&self) -> f64 {
        self.errors.iter().map(|(_, error)| *error).fold(0.0, f64::max)
    }

    /// The trust that follows, or the refusal where the model does not describe the recording. `distance` is the logarithm of the ratio of settings.
    pub fn confidence(&self, grade: Grade, distance: f64) -> Confidence {
        let worst = self.worst();
        if worst > WORST_SELF_REPLAY {
            let (metric, error) = self.errors.iter().max_by(|a, b| a.1.total_cmp(&b.1)).copied().unwrap_or(("", worst));
            let reason = format!(
                "The model does not describe this system: at the recorded settings it misses {metric} by {:.0} %.",
                error * 100.0
            );
            let needs = "A recording in which every request is logged with arrival, start and end of its service.";
            return Confidence {
                self_replay_error: self.errors.clone(),
                ..Confidence::refused(reason, Some(needs.to_owned()))
            };
        }
        let (level, reason) = if grade == Grade::Bound {
            (Level::Low, None)
        } else if worst <= 0.05 && distance <= 1.0 {
            (Level::High, None)
        } else if worst <= 0.05 {
            (Level::Medium, Some(String::from("The setting is more than 2.7 times the recorded one.")))
        } else {
            (Level::Medium, Some(format!("At the recorded settings the model is off by {:.0} %.", worst * 100.0)))
        };
        Confidence { grade, level: Some(level), self_replay_error: self.errors.clone(), reason, needs: None }
    }
}

fn errors(recorded: &[i64], said: &[i64], qs: &[f64], resolution: f64) -> Vec<f64> {
    errors_signed(recorded, said, qs, resolution).into_iter().map(f64::abs).collect()
}

/// Logarithms of said by recorded, both raised by what can't be told apart.
fn errors_signed(recorded: &[i64], said: &[i64], qs: &[f64], resolution: f64) -> Vec<f64> {
    let pairs = quantiles(recorded, qs).into_iter().zip(quantiles(said, qs));
    let floor = 5.0 * resolution.max(1.0);
    pairs.map(|(recorded, said)| ((said + floor) / (recorded + floor)).ln()).collect()
}

/// Collects outcomes of one model.
#[derive(Debug)]
pub struct Outcomes {
    /// The answer so far.
    pub part: Part,
}

impl Outcomes {
    /// None yet.
    pub fn new(part: Part) -> Self {
        Self { part }
    }

    /// Adds one.
    pub fn add(&mut self, metric: &'static str, unit: Unit, baseline: Option<f64>, predicted: Band) {
        let (component, model) = (self.part.component.clone(), self.part.model);
        self.part.outcomes.push(Outcome { metric, unit, component, baseline, predicted, model });
    }

    /// Adds a time that was computed in nanoseconds.
    pub fn add_time(&mut self, metric: &'static str, baseline_ns: Option<f64>, predicted_ns: Band) {
        self.add(metric, MICROSECONDS, baseline_ns.map(|ns| ns / 1e3), scale(predicted_ns, 1e-3));
    }

    /// Adds a sentence.
    pub fn note(&mut self, sentence: impl Into<String>) {
        self.part.notes.push(sentence.into());
    }

    /// Makes limits of the answers: times and what is turned away can only be more, throughput only less.
    pub fn make_bounds(&mut self) {
        for outcome in &mut self.part.outcomes {
            let is_upper = matches!(outcome.metric, "throughput_per_s" | "reuse_share" | "hit_share");
            let band = &mut outcome.predicted;
            if is_upper {
                (band.low, band.high) = (f64::NEG_INFINITY, band.high.max(band.value));
            } else {
                (band.low, band.high) = (band.low.min(band.value), f64::INFINITY);
            }
        }
    }
}

/// A band in another unit.
pub fn scale(band: Band, factor: f64) -> Band {
    Band { value: band.value * factor, low: band.low * factor, high: band.high * factor }
}

/// Waits over time: the 90th percentile in each of up to 120 stretches, as recorded and as replayed.
pub fn wait_curve(trace: &Trace, recorded_ns: &[i64], arrivals_ns: &[i64], said_ns: &[i64]) -> Curve {
    let extent = trace.jobs.last().map_or(1, |job| job.arrival_ns + 1).max(1);
    let buckets = (trace.jobs.len() / 50).clamp(1, 120) as i64;
    let line = |arrivals: &mut dyn Iterator<Item = i64>, values: &[i64]| {
        let mut waits: Vec<Vec<i64>> = vec![Vec::new(); buckets as usize];
        for (at, value) in arrivals.zip(values).filter(|(_, value)| **value != REJECTED) {
            let bucket =
                (i128::from(at.max(0)) * i128::from(buckets) / i128::from(extent)).min(i128::from(buckets - 1));
            waits[bucket as usize].push(*value);
        }
        let points = waits.iter_mut().enumerate().filter_map(|(bucket, waits)| {
            let wait = quantile::of_whole(waits, 0.9)?;
            let middle = (bucket as f64 + 0.5) / buckets as f64 * extent as f64;
            Some((trace.zero.plus_ns(middle as i64), wait as f64 / 1e3))
        });
        points.collect::<Vec<(Timestamp, f64)>>()
    };
    Curve {
        metric: "wait_us.p90",
        unit: MICROSECONDS,
        baseline: line(&mut trace.jobs.iter().map(|job| job.arrival_ns), recorded_ns),
        predicted: line(&mut arrivals_ns.iter().copied(), said_ns),
    }
}

/// A part without answers yet.
pub fn empty_part(component: &crate::model::id::ComponentId, model: ModelId, confidence: Confidence) -> Part {
    Part::refused(Some(component.clone()), model, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_the_value_and_grow_with_the_models_error() {
        let values: Vec<i64> = (0..10_000).map(|number| (number * 7919) % 100_000).collect();
        let doubt = Doubt { model: 0.02, resolution: 0.0, effort: Effort::Full };
        let width = |doubt| {
            let band = banded_quantiles(&values, &[0.9], doubt)[0];
            assert!(band.low <= band.value && band.value <= band.high);
            assert!((band.value / 90_000.0 - 1.0).abs() < 0.01, "{band:?}");
            band.high / band.low
        };
        assert!(width(doubt) < width(doubt.at_distance(2.0)));
        let share = banded_mean(values.iter().map(|value| f64::from(u8::from(*value < 10_000))), doubt);
        assert!((share.value - 0.1).abs() < 0.01 && share.low < 0.1 && share.high > 0.1);
    }

    #[test]
    fn a_model_that_misses_the_recording_is_not_trusted() {
        let recorded: Vec<i64> = (0..1000).map(|number| number * 1000).collect();
        let metrics = [("wait_us.p90", 0.9)];
        let twice: Vec<i64> = recorded.iter().map(|wait| wait * 2).collect();
        let off = SelfReplay::compare(&metrics, &recorded, &twice, 1.0, Effort::Full);
        assert_eq!(off.confidence(Grade::Replayed, 0.0).grade, Grade::Refused);
        let right = SelfReplay::compare(&metrics, &recorded, &recorded, 1.0, Effort::Full);
        assert_eq!(right.confidence(Grade::Replayed, 0.0).level, Some(Level::High));
    }
}
