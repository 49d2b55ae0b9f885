//! When there is an answer at all, and how far it can be trusted.

use super::fitted::Component;
use super::tally::Tally;
use crate::whatif::prediction::{Confidence, Grade, Level};

/// Fewer collections say nothing.
const FEWEST: f64 = 20.0;
/// Below this the rules are not those of the recorded VM, or events are missing.
const LEAST_REPLAYED: f64 = 0.999;

/// What is known about one prediction's reliability.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Everything coincides with the recording: the run is exact but for pauses.
    pub exact: bool,
    /// Nothing was changed.
    pub unchanged: bool,
    /// |ln| of predicted to recorded count.
    pub change: f64,
    /// Half the range among draws and laws, as logarithms.
    pub spread_count: f64,
    /// The same of copied words.
    pub spread_copied: f64,
    /// The same of the peak.
    pub spread_peak: f64,
    /// |ln| of what a rival law says to what the best one says: count, copied, peak.
    pub rival: [f64; 3],
}

impl Evidence {
    /// Of what is known without doubt.
    pub fn exact() -> Self {
        Self { exact: true, ..Self::default() }
    }

    /// Of a run, the draws beside it, and a run under a rival law.
    pub fn new(
        component: &Component,
        run: &Tally,
        draws: &[&Tally],
        rival: Option<&Tally>,
        exact: bool,
        unchanged: bool,
    ) -> Self {
        let log = |a: f64, b: f64| if a > 0.0 && b > 0.0 { (a / b).ln().abs() } else { 0.0 };
        let apart = |of: &dyn Fn(&Tally) -> f64| rival.map_or(0.0, |rival| log(of(rival), of(run)));
        let spread = |of: &dyn Fn(&Tally) -> f64| {
            let all = draws.iter().copied().chain([run]).map(of);
            let (low, high) = all.fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
            (log(high, low) / 2.0).hypot(apart(of) / 2.0)
        };
        Self {
            exact,
            unchanged,
            change: log(run.count(), component.baseline.count()),
            spread_count: spread(&Tally::count),
            spread_copied: spread(&|tally| tally.copied),
            spread_peak: spread(&|tally| tally.peak),
            rival: [apart(&Tally::count), apart(&|tally| tally.copied), apart(&|tally| tally.peak)],
        }
    }
}

/// Refusals that need no run.
pub(super) fn refusal(
    component: &Component,
    off_heap: Option<bool>,
    hibernate: Option<bool>,
    changes: bool,
) -> Option<Confidence> {
    if let Some(off) = off_heap {
        let why = match off {
            true => {
                "What waits in a message queue is not in a trace of collections, so moving it off the heap can't be predicted."
            }
            false => {
                "Messages that waited outside the heap are not in a trace of collections, so having them on it can't be predicted."
            }
        };
        return Some(Confidence::refused(
            why,
            Some(String::from("A recording with the other setting, to compare with.")),
        ));
    }
    if hibernate.is_some() {
        let why = "When a process waits, and for how long, is not in a trace of collections, so the full sweeps of hibernating can't be counted.";
        return Some(Confidence::refused(
            why,
            Some(String::from("A recording of the process with the other behaviour, to compare with.")),
        ));
    }
    let count = component.baseline.count();
    if changes && count < FEWEST {
        let why = format!("Only {count} collections were traced; {FEWEST} are the least to predict others from.");
        return Some(Confidence::refused(why, Some(String::from("A longer trace."))));
    }
    if changes && component.replay.share() < LEAST_REPLAYED {
        let share = 100.0 * component.replay.share();
        let why = format!(
            "The known rules of the VM reproduce only {share:.2} % of the recorded collections: another release, or lost events."
        );
        return Some(Confidence::refused(why, Some(String::from("A complete trace, of OTP 25 to 28."))));
    }
    None
}

/// Judges a run.
pub(super) fn judge(component: &Component, evidence: &Evidence, _fullsweep_after: Option<u64>) -> Confidence {
    let self_error = component.self_error.0.max(component.self_error.1);
    Confidence {
        grade: Grade::Replayed,
        level: Some(if self_error < 0.03 && evidence.spread_count < 0.1 { Level::High } else { Level::Medium }),
        self_replay_error: vec![("gc.count", component.self_error.0), ("gc.copied_words", component.self_error.1)],
        reason: None,
        needs: None,
    }
}
