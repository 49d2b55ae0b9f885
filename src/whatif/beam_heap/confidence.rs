//! When there is an answer at all, and how far it can be trusted.

use super::fitted::Component;
use super::tally::Tally;
use crate::whatif::prediction::{Confidence, Grade, Level};

/// Fewer collections say nothing.
const FEWEST: f64 = 20.0;
/// Collections with deep stacks, errors on the recording itself, and half ranges among draws and laws (as logarithms) beyond which
/// there is no answer.
const MOST_DEEP: f64 = 0.15;
const MOST_SELF_ERROR: f64 = 0.05;
const MOST_SPREAD: f64 = 0.18;
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
pub(super) fn judge(component: &Component, evidence: &Evidence) -> Confidence {
    let self_error = component.self_error.0.max(component.self_error.1);
    let mut confidence = Confidence {
        grade: Grade::Replayed,
        level: Some(Level::High),
        self_replay_error: vec![("gc.count", component.self_error.0), ("gc.copied_words", component.self_error.1)],
        reason: None,
        needs: None,
    };
    if evidence.exact || evidence.unchanged {
        return confidence;
    }
    let percent = |part: f64| format!("{:.0} %", 100.0 * part);
    let needs = || Some(String::from("A recording with the other setting, to compare with."));
    let refused = if component.deep_stacks > MOST_DEEP {
        let part = percent(component.deep_stacks);
        Some(format!(
            "At {part} of the collections the stack takes more than a quarter of the heap: where it stands at other moments is not known."
        ))
    } else if self_error > MOST_SELF_ERROR {
        let part = percent(self_error);
        Some(format!(
            "The model misses the recording itself by {part}: what lives for how long changes too much along it."
        ))
    } else if evidence.spread_count > MOST_SPREAD || evidence.rival[0] > 2.0 * MOST_SPREAD {
        let part = percent(evidence.spread_count.max(evidence.rival[0] / 2.0));
        Some(format!(
            "The count hangs on details that the recording does not hold (± {part}): block sizes that a few words decide, or which data die when."
        ))
    } else {
        None
    };
    if let Some(reason) = refused {
        return Confidence { grade: Grade::Refused, level: None, reason: Some(reason), needs: needs(), ..confidence };
    }
    let few = component.baseline.majors < 3.0;
    let far = evidence.change > 3.0;
    let (level, reason) = if evidence.spread_count > 0.1 || component.baseline.count() < 60.0 {
        (Level::Low, Some("The outcome hangs on details of the recording."))
    } else if few && component.baseline.count() < 2000.0 && evidence.change < 0.3 {
        (Level::Low, Some("Hardly any major collection was recorded: how much garbage the old heap holds is a guess."))
    } else if self_error > 0.03 || evidence.spread_count > 0.03 || evidence.spread_copied > 0.15 {
        (Level::Medium, Some("The outcome hangs on details of the recording to some degree."))
    } else if far {
        (Level::Medium, Some("Collections would come more than twenty times as often or as rarely as recorded."))
    } else {
        (Level::High, None)
    };
    confidence.level = Some(level);
    confidence.reason = reason.map(String::from);
    confidence
}
