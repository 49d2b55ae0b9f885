//! What a limit would cost, by each law.
//!
//! Young collections come whenever eden is full. How long they take depends on what survives, and one recording has one eden only: either
//! it is a ring of data in mid-life, the same at every collection, or a part of all that is allocated. Both are computed, and the truth
//! lies between them.

use super::heap::{Heap, LEAST_EDEN, Law};

/// Of the memory limit of Go's runtime (`GOMEMLIMIT`) the heap gets what is left beside fragmentation, and beside the runtime itself.
const GO_USABLE: f64 = 0.9;
/// What the runtime itself takes of it: between 2 and 7 MiB in runs of Go 1.19.
const GO_RUNTIME_BYTES: f64 = 4.0 * super::MIB;
/// The two survivor spaces, as parts of the young generation (`SurvivorRatio=8`), and the young one of the heap (`NewRatio=2`).
const SURVIVOR: f64 = 1.0 / 30.0;

/// What is asked: a limit, and of Go the percentage of what lives that may be allocated before the next collection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// The limit in bytes.
    pub limit: Option<f64>,
    /// `GOGC`.
    pub gogc_percent: Option<f64>,
}

/// What it would cost: the two extremes of how much survives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Collections per minute.
    pub per_min: (f64, f64),
    /// Share of time in stop-the-world pauses.
    pub share: (f64, f64),
    /// The longest usual pause, in seconds.
    pub long_pause_s: (f64, f64),
    /// Memory held.
    pub held: f64,
    /// Full collections are to be expected, and none was recorded that would tell how long they take.
    pub has_untold_full: bool,
}

impl Cost {
    /// The middle of two extremes.
    pub fn middle((a, b): (f64, f64)) -> f64 {
        if a > 0.0 && b > 0.0 { (a * b).sqrt() } else { (a + b) / 2.0 }
    }
}

impl Heap {
    /// The heap size at which collections are meant to end.
    pub fn goal(&self, asked: Asked) -> f64 {
        match self.law {
            Law::Paced => {
                let of_limit = asked.limit.map(|limit| GO_USABLE * limit - GO_RUNTIME_BYTES);
                let of_gogc = asked.gogc_percent.map(|percent| self.live * (1.0 + percent / 100.0));
                match (of_limit, of_gogc) {
                    (Some(limit), Some(gogc)) => limit.min(gogc),
                    (limit, gogc) => limit.or(gogc).unwrap_or(self.limit),
                }
            }
            _ => asked.limit.unwrap_or(self.limit),
        }
    }

    /// Bytes allocated from one collection to the next with a goal.
    pub fn headroom(&self, goal: f64) -> f64 {
        match self.law {
            // Collections begin a little early, and end a little late where marking takes long: the recorded part of the headroom is used.
            Law::Full | Law::Paced => {
                (goal - self.live) * (self.eden / (self.limit - self.live).max(1.0)).clamp(0.05, 1.5)
            }
            Law::FixedSplit | Law::AdaptiveSplit => goal * self.eden / self.limit.max(1.0),
            Law::Adaptive | Law::Mixed => self.g1_eden(goal) * self.eden / self.g1_eden(self.limit).max(1.0),
        }
    }

    /// G1 keeps a tenth in reserve and gives at most six tenths to the young.
    pub(super) fn g1_eden(&self, limit: f64) -> f64 {
        (0.6 * limit).min(0.92 * (0.9 * limit - self.live)).max(LEAST_EDEN * limit)
    }

    /// What a goal would cost.
    pub fn cost(&self, goal: f64) -> Cost {
        let (before, after) = (self.headroom(self.limit).max(1.0), self.headroom(goal).max(1.0));
        // So many times as many young collections, each after so many times as much was allocated.
        let (more, grown) = (before / after, after / before);
        let young_per_s = self.allocation_per_s / after;
        let (young_s, full_s) = (self.pause_s.0 / self.span_s, self.pause_s.1 / self.span_s);
        let long = self.long_pause();
        match self.law {
            Law::Full | Law::Paced => {
                let share = (young_s + full_s) * more;
                Cost {
                    per_min: (60.0 * young_per_s, 60.0 * young_per_s),
                    share: (share, share),
                    long_pause_s: (long, long),
                    held: goal,
                    has_untold_full: false,
                }
            }
            Law::FixedSplit | Law::AdaptiveSplit | Law::Adaptive | Law::Mixed => {
                let full = self.full_per_s(goal, more, grown);
                let (full_a, full_b) = self.full_pause;
                let one_full = full_a + full_b * self.live;
                let is_told = self.counts.1 > 0;
                let full_share = |per_s: f64| if is_told { per_s * one_full } else { 0.0 };
                // Scaled so that the recorded limit gives the recorded pauses.
                let recorded = full_share(self.counts.1 as f64 / self.span_s);
                let scale = if recorded > 0.0 { full_s / recorded } else { 1.0 };
                let longest = |young: f64, full: f64| if full > 0.0 && is_told { young.max(one_full) } else { young };
                let young_long = if is_told { self.young_long() } else { long };
                Cost {
                    per_min: (60.0 * (young_per_s + full.0), 60.0 * (young_per_s + full.1)),
                    share: (young_s * more + full_share(full.0) * scale, young_s + full_share(full.1) * scale),
                    long_pause_s: (longest(young_long, full.0), longest(young_long * grown, full.1)),
                    held: goal,
                    has_untold_full: !is_told && self.counts.1 == 0 && full.0.max(full.1) * self.span_s > 1.0,
                }
            }
        }
    }

    /// The long pause of young collections where full ones are the longest.
    fn young_long(&self) -> f64 {
        let full = self.full_pause.0 + self.full_pause.1 * self.live;
        let below = self.pauses.partition_point(|pause| *pause < 0.5 * full);
        self.pauses.get((below * 99 / 100).min(below.saturating_sub(1))).copied().unwrap_or(0.0)
    }

    /// Full collections per second, if all that survives is a ring, and if it is a part of what is allocated. The old generation is full
    /// when as much was promoted as there is room beside what lives.
    fn full_per_s(&self, goal: f64, more: f64, grown: f64) -> (f64, f64) {
        let young_per_s = self.allocation_per_s / self.headroom(self.limit).max(1.0);
        let room = |limit: f64| (limit - 1.25 * self.headroom(limit) - self.live).max(1.0);
        let (now, then) = (room(self.limit), room(goal));
        let law = young_per_s * self.promoted / now;
        let recorded = self.counts.1 as f64 / self.span_s;
        let calibration = if law > 0.0 && recorded > 0.0 { recorded / law } else { 1.0 };
        if matches!(self.law, Law::Adaptive | Law::Mixed)
            || (recorded == 0.0 && law * self.span_s < 0.5) && grown >= 1.0
        {
            return (recorded, recorded);
        }
        // A ring overflows the survivor space that it does not fit into, and nothing else of it is promoted.
        let ring = match self.survivors {
            Some((mean, most)) if most > 0.9 * SURVIVOR * self.limit => {
                (mean + self.promoted - SURVIVOR * goal).max(0.0)
            }
            Some(_) => self.promoted * grown,
            None => self.promoted,
        };
        let of = |promoted: f64| young_per_s * more * promoted / then * calibration;
        (of(ring), of(self.promoted * grown))
    }
}
