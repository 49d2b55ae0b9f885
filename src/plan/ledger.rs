//! The ledger of predictions: pinned before a change, held against what was measured after it, and scored.
//!
//! A prediction is about the work that was recorded. Totals (collections, copied words) of a later recording are compared after
//! scaling the prediction to as much work as that one saw; quantiles, shares and peaks are compared as they are.

use std::collections::BTreeMap;

use crate::analysis::stats::proportion::wilson;
use crate::model::document::{Check, CheckedOutcome, PinnedOutcome, PinnedPrediction};
use crate::model::id::ComponentId;
use crate::model::time::{TimeRange, Timestamp};
use crate::whatif::prediction::{Grade, Part};

/// Counts up when a model answers differently to the same recording.
pub const MODEL_VERSION: u32 = 2;

/// Totals: they grow with the work that was done.
const TOTALS: [&str; 6] = ["gc.count", "gc.minor", "gc.major", "gc.copied_words", "gc.pause_total_us", "rejected"];

/// Of the normal distribution, for an interval that holds 95 of 100.
const Z_95: f64 = 1.96;

/// Keeps an answer as it is now.
pub fn pin(
    name: &str,
    at: Timestamp,
    recorded: &str,
    settings: &[(String, String)],
    range: TimeRange,
    parts: &[Part],
) -> PinnedPrediction {
    let outcomes = parts.iter().filter(|part| part.confidence.grade != Grade::Refused).flat_map(|part| {
        part.outcomes.iter().map(|outcome| PinnedOutcome {
            metric: outcome.metric.to_owned(),
            component: outcome.component.clone(),
            unit: outcome.unit,
            baseline: outcome.baseline,
            value: outcome.predicted.value,
            low: outcome.predicted.low,
            high: outcome.predicted.high,
            model: outcome.model.word().to_owned(),
            grade: part.confidence.grade.word().to_owned(),
            level: part.confidence.level.map(|level| level.word().to_owned()),
        })
    });
    PinnedPrediction {
        name: name.to_owned(),
        at: at.rfc3339(),
        settings: settings.to_vec(),
        recorded: recorded.to_owned(),
        from: range.from.rfc3339(),
        to: range.to.rfc3339(),
        model_version: MODEL_VERSION,
        outcomes: outcomes.collect(),
        checks: Vec::new(),
    }
}

/// Holds a prediction against a later recording. `measured` are that recording's own outcomes under the changed setting (the
/// models' baselines); `work_ratio` is its work at a component (`None`: at all) as a multiple of what the recording saw that the
/// prediction was made from; where that is not known totals can't be compared and are left out.
pub fn check(
    pinned: &PinnedPrediction,
    recorded: &str,
    started: Timestamp,
    work_ratio: &dyn Fn(Option<&ComponentId>) -> Option<f64>,
    measured: &[Part],
) -> Check {
    let results = pinned.outcomes.iter().filter_map(|outcome| {
        let found = measured
            .iter()
            .flat_map(|part| &part.outcomes)
            .find(|found| found.metric == outcome.metric && found.component == outcome.component)?;
        let is_total = TOTALS.contains(&outcome.metric.as_str());
        let scale = if is_total { work_ratio(outcome.component.as_ref())? } else { 1.0 };
        Some(CheckedOutcome {
            metric: outcome.metric.clone(),
            component: outcome.component.clone(),
            model: outcome.model.clone(),
            predicted: outcome.value * scale,
            low: outcome.low * scale,
            high: outcome.high * scale,
            measured: found.baseline?,
        })
    });
    let counts = Timestamp::parse_rfc3339(&pinned.at).is_some_and(|at| at <= started);
    Check { recorded: recorded.to_owned(), started: started.rfc3339(), counts, results: results.collect() }
}

/// How the predictions of one model fared.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Whose.
    pub model: String,
    /// Figures whose band held.
    pub held: usize,
    /// Figures that were checked.
    pub checked: usize,
    /// Where the true share of bands that hold lies, at 95 % (Wilson 1927).
    pub interval: (f64, f64),
    /// Median of ln(measured / predicted): above 0, the model predicts too little.
    pub bias: Option<f64>,
}

/// The score of each model over all checks that count.
pub fn scores(predictions: &[PinnedPrediction]) -> Vec<Score> {
    let mut by_model: BTreeMap<&str, Vec<&CheckedOutcome>> = BTreeMap::new();
    let checks = predictions.iter().flat_map(|pinned| &pinned.checks).filter(|check| check.counts);
    for result in checks.flat_map(|check| &check.results) {
        by_model.entry(&result.model).or_default().push(result);
    }
    let score = |(model, results): (&str, Vec<&CheckedOutcome>)| {
        let held = results.iter().filter(|result| result.held()).count();
        let mut ratios: Vec<f64> = results
            .iter()
            .map(|result| (result.measured / result.predicted).ln())
            .filter(|ratio| ratio.is_finite())
            .collect();
        ratios.sort_by(f64::total_cmp);
        let bias = ratios.get(ratios.len() / 2).copied();
        let interval = wilson(held as u64, results.len() as u64, Z_95);
        Score { model: model.to_owned(), held, checked: results.len(), interval, bias }
    };
    by_model.into_iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Unit;
    use crate::whatif::knob::ModelId;
    use crate::whatif::prediction::{Band, Confidence, Outcome};

    fn part(metric: &'static str, baseline: f64, value: f64) -> Part {
        let predicted = Band { value, low: value * 0.9, high: value * 1.1 };
        let model = ModelId::BeamHeap;
        let outcome =
            Outcome { metric, unit: Unit::COUNT, component: None, baseline: Some(baseline), predicted, model };
        let confidence = Confidence {
            grade: Grade::Replayed,
            level: None,
            self_replay_error: Vec::new(),
            reason: None,
            needs: None,
        };
        Part { component: None, model, outcomes: vec![outcome], confidence, notes: Vec::new(), curves: Vec::new() }
    }

    fn pinned(parts: &[Part]) -> PinnedPrediction {
        let range = TimeRange::new(Timestamp(0), Timestamp(1_000_000_000));
        pin("fewer", Timestamp(5_000_000_000), "before", &[], range, parts)
    }

    #[test]
    fn totals_are_compared_for_as_much_work_and_peaks_as_they_are() {
        let pinned = pinned(&[part("gc.count", 1000.0, 400.0), part("memory.peak_bytes", 10.0, 20.0)]);
        let after = [part("gc.count", 830.0, 0.0), part("memory.peak_bytes", 21.0, 0.0)];
        let check = check(&pinned, "after", Timestamp(9_000_000_000), &|_| Some(2.0), &after);
        assert!(check.counts);
        assert_eq!(check.results[0].predicted, 800.0);
        assert!(check.results.iter().all(CheckedOutcome::held));
        let unscaled = super::check(&pinned, "after", Timestamp(9_000_000_000), &|_| None, &after);
        assert_eq!(unscaled.results.len(), 1, "without a measure of work only the peak is compared");
    }

    #[test]
    fn what_was_recorded_before_the_prediction_does_not_count() {
        let mut pinned = pinned(&[part("memory.peak_bytes", 10.0, 20.0)]);
        let early = check(&pinned, "early", Timestamp(1), &|_| None, &[part("memory.peak_bytes", 20.0, 0.0)]);
        assert!(!early.counts);
        pinned.checks.push(early);
        assert_eq!(scores(&[pinned.clone()]), []);
        pinned.checks.push(check(
            &pinned,
            "late",
            Timestamp(6_000_000_000),
            &|_| None,
            &[part("memory.peak_bytes", 30.0, 0.0)],
        ));
        let scores = scores(&[pinned]);
        assert_eq!((scores[0].held, scores[0].checked), (0, 1));
        assert!(scores[0].interval.1 > 0.5, "one miss proves little");
        assert!((scores[0].bias.unwrap() - 1.5f64.ln()).abs() < 1e-9);
    }
}
