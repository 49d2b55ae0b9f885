//! What the node's threads spend their time on: microstate accounting, for one second in thirty, where it was asked for.
//!
//! The counting costs the node up to a fifth of its throughput while it is on, if it switches processes very often, so it is not on
//! all the time. `forms/microstates.exprs` is what runs there. Pure.

use std::time::{Duration, Instant};

use super::terms::Term;
use crate::model::metric::{self, MetricKey};

/// A window of a second begins so long after the one before.
const EVERY: Duration = Duration::from_secs(30);

/// States by their names in OTP; of what is left of `sleep`, all others are the runtime's own work.
const STATES: [(&str, MetricKey); 6] = [
    ("emulator", metric::BEAM_EMULATOR_SHARE),
    ("gc", metric::BEAM_GC_SHARE),
    ("port", metric::BEAM_PORT_SHARE),
    ("check_io", metric::BEAM_CHECK_IO_SHARE),
    ("aux", metric::BEAM_AUX_SHARE),
    ("other", metric::BEAM_OTHER_SHARE),
];

/// What [`Microstates::take`] delivers.
pub(super) const METRICS: [MetricKey; 7] = [
    metric::CPU_OVERHEAD,
    metric::BEAM_EMULATOR_SHARE,
    metric::BEAM_GC_SHARE,
    metric::BEAM_PORT_SHARE,
    metric::BEAM_CHECK_IO_SHARE,
    metric::BEAM_AUX_SHARE,
    metric::BEAM_OTHER_SHARE,
];

/// The windows of one connection.
#[derive(Debug)]
pub(super) struct Microstates {
    is_wanted: bool,
    began: Option<Instant>,
    values: Vec<(MetricKey, f64)>,
    notice: Option<String>,
}

impl Microstates {
    pub fn new(is_wanted: bool) -> Self {
        Self { is_wanted, began: None, values: Vec::new(), notice: None }
    }

    /// Whether a window is to begin.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.is_wanted && self.began.is_none_or(|began| now.duration_since(began) >= EVERY);
        if is_due {
            self.began = Some(now);
        }
        is_due
    }

    /// Takes what a window says: `{Before, After}`, each a list of threads with their counters.
    pub fn answered(&mut self, answer: &Term) -> Option<()> {
        let [before, after] = answer.items() else { return None };
        let spent = |state: &str| (total(after, state) - total(before, state)).max(0.0);
        let by_state = STATES.map(|(state, metric)| (metric, spent(state)));
        let all: f64 = by_state.iter().map(|(_, ticks)| ticks).sum();
        if all <= 0.0 {
            self.is_wanted = false;
            self.notice = Some(String::from("the node does not count microstates; its emulator was built without"));
            return Some(());
        }
        let emulator = spent(STATES[0].0);
        self.values = by_state.map(|(metric, ticks)| (metric, ticks / all)).to_vec();
        self.values.push((metric::CPU_OVERHEAD, 1.0 - emulator / all));
        Some(())
    }

    /// What has gathered: values of the node, and what there is to say.
    pub fn take(&mut self) -> (Vec<(MetricKey, f64)>, Option<String>) {
        (std::mem::take(&mut self.values), self.notice.take())
    }
}

/// The ticks of all threads in a state; states of an emulator that counts more of them are parts of work on code, but for two.
fn total(threads: &Term, state: &str) -> f64 {
    let mut ticks = 0.0;
    for thread in threads.items() {
        let counters =
            thread.items().iter().find(|pair| name(pair) == Some("counters")).and_then(|pair| pair.items().get(1));
        for counter in counters.map_or(&[][..], Term::items) {
            let of = match name(counter) {
                Some("alloc" | "bif" | "ets" | "nif" | "send" | "timers") => "emulator",
                Some("gc_full" | "gc_fullsweep") => "gc",
                Some("busy_wait") => "sleep",
                Some(known) => known,
                None => continue,
            };
            if of == state {
                ticks += counter.items().get(1).and_then(Term::number).unwrap_or(0.0);
            }
        }
    }
    ticks
}

fn name(pair: &Term) -> Option<&str> {
    pair.items().first().and_then(Term::atom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: Term) -> Term {
        Term::Tuple(vec![Term::Atom(name.to_owned()), value])
    }

    fn thread(counters: &[(&str, i64)]) -> Term {
        let counters = counters.iter().map(|(name, ticks)| pair(name, Term::Int(*ticks))).collect();
        Term::List(vec![pair("counters", Term::List(counters)), pair("id", Term::Int(1))])
    }

    #[test]
    fn shares_are_of_the_time_that_was_not_slept_and_over_all_threads() {
        let mut states = Microstates::new(true);
        let now = Instant::now();
        assert!(states.is_due(now) && !states.is_due(now + EVERY / 2) && states.is_due(now + EVERY));
        let before = Term::List(vec![thread(&[("emulator", 100), ("sleep", 100)]), thread(&[("gc", 50)])]);
        let after = Term::List(vec![
            thread(&[("emulator", 160), ("sleep", 900)]),
            thread(&[("gc", 70), ("port", 20), ("aux", 0)]),
        ]);
        states.answered(&Term::Tuple(vec![before, after])).unwrap();
        let (values, notice) = states.take();
        let of = |metric: MetricKey| values.iter().find(|(key, _)| *key == metric).unwrap().1;
        assert_eq!(
            [metric::BEAM_EMULATOR_SHARE, metric::BEAM_GC_SHARE, metric::BEAM_PORT_SHARE].map(of),
            [0.6, 0.2, 0.2]
        );
        assert!((of(metric::CPU_OVERHEAD) - 0.4).abs() < 1e-9 && of(metric::BEAM_OTHER_SHARE) == 0.0);
        assert_eq!((notice, values.len()), (None, METRICS.len()));
    }

    #[test]
    fn a_node_that_can_not_count_says_so_once() {
        let mut states = Microstates::new(true);
        let undefined = || Term::Atom(String::from("undefined"));
        states.answered(&Term::Tuple(vec![undefined(), undefined()])).unwrap();
        assert!(states.take().1.unwrap().contains("built without") && states.take().1.is_none());
        assert!(!states.is_due(Instant::now()));
    }
}
