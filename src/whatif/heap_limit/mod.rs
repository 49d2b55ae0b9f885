//! What one garbage-collected heap would cost under another limit.
//!
//! Several laws, since collectors differ: the inverse-headroom law holds where every collection looks at all that lives (Appel 1987, Wilson
//! 1992); young collections are counted by the size of the young generation alone (Blackburn, Cheng & McKinley 2004); pacers such as
//! Go's aim at a multiple of what lives. Each is told from the recorded collections. How far they hold on real programs is in
//! `docs/whatif_heap_limit.md`.

mod heap;
mod laws;

use crate::analysis::stats::random::Random;
use crate::analysis::stats::{bootstrap, quantile};
use crate::model::unit::{BaseUnit, Unit};

use super::data::{SessionData, TracedHeap};
use super::knob::ModelId;
use super::prediction::{Band, Confidence, Effort, Grade, Level, Outcome, Part};
use super::scenario::Setting;

pub use heap::{Heap, Law, after_start_up};
pub use laws::{Asked, Cost};

/// Below so many times what lives, pauses are no more told.
pub const LEAST_FOR_PAUSES: f64 = 3.0;
/// Below so many times what lives, counts are no more told.
pub const LEAST_FOR_COUNTS: f64 = 2.0;
/// The same of collectors that then work in another way: Parallel turns to full collections, Go's limiter takes over.
const LEAST_FOR_COUNTS_OF_OTHERS: f64 = 2.5;
/// Below so many times the most that ever lived it runs out of memory.
const LEAST_AT_ALL: f64 = 1.15;
/// Java's pointers double in size beyond this.
const COMPRESSED_POINTERS_BYTES: f64 = 32.0 * 1024.0 * 1024.0 * 1024.0;
/// Collectors whose timing under another limit was never held against real runs.
const UNTRIED: [&str; 3] = ["ZGC", "Shenandoah", "Epsilon"];
const MILLISECONDS: Unit = Unit::of(BaseUnit::Millisecond);
const MIB: f64 = 1_048_576.0;
/// Pauses of the same program with the same setting differ by this factor from run to run, on a machine that is shared.
const RUN_TO_RUN: f64 = 1.5;
/// Go may mark beside the program for this share of the time.
const MOST_MARKING: f64 = 0.5;
/// What its traces tell of the recorded `GOGC` is no better than this, as a share.
const SAME_GOGC: f64 = 0.05;
/// G1 begins to mark where 45 % of the heap are old; what lives, and what is promoted while it marks, comes near to that from here on.
const MARKS_FROM: f64 = 0.36;

/// How far an answer of a law spreads beyond what drawing the recorded collections anew tells: by the errors of real runs.
#[derive(Clone, Copy)]
struct Spread {
    /// Of counts, per e-fold of the limit and without any.
    count: (f64, f64),
    /// The factor by which pauses differ.
    pause: f64,
}

impl Law {
    fn spread(self) -> Spread {
        match self {
            Law::Full | Law::FixedSplit => Spread { count: (0.01, 0.02), pause: 1.5 },
            Law::AdaptiveSplit => Spread { count: (0.12, 0.05), pause: 2.5 },
            Law::Adaptive | Law::Mixed => Spread { count: (0.05, 0.04), pause: 2.0 },
            Law::Paced => Spread { count: (0.08, 0.06), pause: 5.0 },
        }
    }
}

impl Heap {
    /// Why a question can't be answered, if it can't.
    pub fn refusal(&self, asked: Asked) -> Option<Confidence> {
        let refuse = |reason: String, needs: Option<&str>| Some(Confidence::refused(reason, needs.map(str::to_owned)));
        let goal = self.goal(asked);
        // Of Go, what may be allocated is asked for; else the limit.
        let (asked_bytes, ratio) = match self.law {
            Law::Paced => {
                let headroom = |goal: f64| (goal - self.live).max(1.0);
                (asked.limit, headroom(goal) / headroom(self.limit))
            }
            _ => (asked.limit, goal / self.limit),
        };
        if self.law != Law::Paced && asked.gogc_percent.is_some() {
            return refuse(String::from("GOGC is a setting of Go; this heap is of another runtime."), None);
        }
        if let Some(limit) = asked_bytes {
            if limit < LEAST_AT_ALL * self.live_most {
                let (most, limit) = (self.live_most / MIB, limit / MIB);
                return refuse(
                    format!(
                        "{most:.0} MiB lived at once: with a limit of {limit:.0} MiB it would likely run out of memory."
                    ),
                    None,
                );
            }
            let least = match self.law {
                Law::AdaptiveSplit | Law::Paced => LEAST_FOR_COUNTS_OF_OTHERS,
                _ => LEAST_FOR_COUNTS,
            };
            let times = limit / self.live.max(1.0);
            if times < least {
                let live = self.live / MIB;
                let reason = format!(
                    "The limit is only {times:.1} times what lives ({live:.0} MiB): below {least} times, collections fail to free enough and the laws end."
                );
                return refuse(reason, Some("A recording with that limit."));
            }
            let crosses = (self.limit < COMPRESSED_POINTERS_BYTES) != (limit < COMPRESSED_POINTERS_BYTES);
            if crosses && !matches!(self.law, Law::Paced | Law::Full) {
                return refuse(
                    String::from("At 32 GiB a Java heap's pointers double in size, and what lives grows with them."),
                    Some("A recording on that side of 32 GiB."),
                );
            }
        }
        // What is marked meanwhile counts as alive: beyond this, what lives is a matter of the setting itself.
        let marking = self.beside_s / self.span_s;
        let marks_most = marking.max(marking / ratio) > MOST_MARKING;
        if self.law == Law::Paced && marks_most {
            let share = 100.0 * marking;
            let reason = format!(
                "Marking goes on for {share:.0} % of the time, or would: what is allocated meanwhile counts as alive, so that what lives depends on the setting."
            );
            return refuse(reason, Some("A recording with that setting."));
        }
        // Of Go the recorded setting is known from its traces only, to some percent.
        let farthest = if self.law == Law::Paced { 4.8_f64 } else { 4.0 };
        if ratio.ln().abs() > farthest.ln() + 1e-9 {
            let reason = format!(
                "The limit is more than four times, or less than a quarter of, the recorded {:.0} MiB.",
                self.limit / MIB
            );
            return refuse(reason, Some("A recording with a limit closer to it."));
        }
        None
    }
}

/// Answers `heap.max_bytes` and `heap.gogc_percent` for every component whose traced heaps are not the BEAM's.
pub fn predict(data: &SessionData, settings: &[Setting], effort: Effort, cancelled: &dyn Fn() -> bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for component in &data.components {
        let number = |path: &str| {
            let wanted = settings.iter().filter(|s| s.knob.path == path && s.place.includes(&component.id));
            wanted.filter_map(|setting| setting.value.number()).next_back()
        };
        let asked = Asked { limit: number("heap.max_bytes"), gogc_percent: number("heap.gogc_percent") };
        if asked.limit.is_none() && asked.gogc_percent.is_none() {
            continue;
        }
        for traced in component.heaps.iter().filter(|heap| heap.events.iter().all(|event| event.beam.is_none())) {
            if cancelled() {
                return Vec::new();
            }
            let part = |confidence| Part::refused(Some(component.id.clone()), ModelId::HeapLimit, confidence);
            parts.push(match heap(traced, data, asked) {
                Err(refusal) => part(refusal),
                Ok(heap) => answered(part(Confidence::refused("", None)), &heap, asked, traced, effort),
            });
        }
    }
    parts
}

/// The heap, if the question can be answered for it.
fn heap(traced: &TracedHeap, data: &SessionData, asked: Asked) -> Result<Heap, Confidence> {
    if let Some(collector) = traced.collector.as_deref().filter(|name| UNTRIED.contains(name)) {
        let reason = format!(
            "When {collector} collects under another limit follows rules of its own, which were not held against real runs."
        );
        return Err(Confidence::refused(reason, Some(String::from("A recording with that limit."))));
    }
    let heap = Heap::of(traced, data.word_bytes.max(1), data.cores)?;
    match heap.refusal(asked) {
        Some(refusal) => Err(refusal),
        None => Ok(heap),
    }
}

fn answered(mut part: Part, heap: &Heap, asked: Asked, traced: &TracedHeap, effort: Effort) -> Part {
    let goal = heap.goal(asked);
    let mut distance = (heap.headroom(goal) / heap.headroom(heap.limit)).ln().abs();
    if heap.law == Law::Paced && distance < SAME_GOGC {
        distance = 0.0;
    }
    let (before, after) = (heap.cost(heap.limit), heap.cost(goal));
    let counted = heap.counted_per_min();
    let mut error = (Cost::middle(before.per_min) / counted).ln().abs();
    if heap.law == Law::Adaptive && traced.collector.is_some() {
        error = error.max((heap.eden / heap.g1_eden(heap.limit)).ln().abs());
    }
    // Where what lives comes near to the share at which G1 begins to mark, it leaves the quiet regime.
    let marks = heap.law == Law::Adaptive && traced.collector.is_some() && goal < heap.left / MARKS_FROM;
    let is_bound = (heap.law == Law::Mixed || marks) && distance > 1e-9;
    if error > 0.15 && heap.law != Law::Mixed {
        let reason = format!(
            "The law does not describe {}: at the recorded limit it misses the number of collections by {:.0} %.",
            traced.name,
            error * 100.0
        );
        let needs = String::from("A recording with steady load, or a log that names the collector.");
        part.confidence = Confidence::refused(reason, Some(needs));
        return part;
    }
    let far = distance > std::f64::consts::LN_2 * 1.01;
    let reason = match (is_bound, far) {
        (true, _) if marks => Some(format!(
            "With this limit {} would mark and collect its old generation all the time: only a bound is told.",
            traced.name
        )),
        (true, _) => Some(format!(
            "{} also collects its old generation while it runs, and sizes the young one by that: only a bound is told.",
            traced.name
        )),
        (false, true) => Some(String::from("The limit is more than twice, or less than half, the recorded one.")),
        (false, false) => None,
    };
    part.confidence = Confidence {
        grade: match (distance < 1e-9, is_bound) {
            (true, _) => Grade::Measured,
            (false, true) => Grade::Bound,
            (false, false) => Grade::Replayed,
        },
        level: Some(if is_bound {
            Level::Low
        } else if error > 0.05 || far {
            Level::Medium
        } else {
            Level::High
        }),
        self_replay_error: vec![("gc.count_per_min", error)],
        reason,
        needs: is_bound.then(|| String::from("A recording with that limit.")),
    };
    let spread = heap.law.spread();
    let of_count = sampling(&heap.intervals, effort).hypot(if distance < 1e-9 {
        0.0
    } else {
        spread.count.1 + spread.count.0 * distance
    });
    let model = ModelId::HeapLimit;
    let component = part.component.clone();
    let mut add = |metric, unit, baseline: f64, predicted| {
        let component = component.clone();
        part.outcomes.push(Outcome { metric, unit, component, baseline: Some(baseline), predicted, model });
    };
    let between = |(a, b): (f64, f64), factor: f64| Band {
        value: Cost::middle((a, b)),
        low: a.min(b) / factor,
        high: a.max(b) * factor,
    };
    let per_min = Unit { base: BaseUnit::Count, per: Some(BaseUnit::Minute) };
    if is_bound {
        // With all of the young generation that it may have there are so many, and while it shrinks there are more.
        let least = 60.0 * heap.allocation_per_s / (0.6 * goal).max(1.0);
        add("gc.count_per_min", per_min, counted, Band { value: least, low: least, high: f64::INFINITY });
    } else {
        let scale = counted / Cost::middle(before.per_min);
        let band = between(after.per_min, of_count.exp());
        let scaled = Band { value: band.value * scale, low: band.low * scale, high: band.high * scale };
        add("gc.count_per_min", per_min, counted, scaled);
        pauses(&mut add, heap, goal, (&before, &after), distance < 1e-9);
    }
    if let Some((spent_s, cores)) = heap.processor {
        let share = |per_min: f64| per_min / 60.0 * spent_s / cores;
        let now = share(counted);
        add("gc.cpu_share", Unit::RATIO, now, between((share(after.per_min.0), share(after.per_min.1)), 2.0));
    }
    let held = Band { value: goal, low: goal.min(heap.live + heap.headroom(goal)), high: goal };
    add("memory.peak_bytes", Unit::BYTES, heap.limit, held);
    if !is_bound && goal < LEAST_FOR_PAUSES * heap.live && goal < heap.limit && heap.law != Law::Paced {
        part.notes.push(format!("Pauses are not told below {LEAST_FOR_PAUSES} times what lives."));
    }
    if after.has_untold_full {
        part.notes.push(String::from(
            "Full collections are to be expected; none was recorded, so how long they take is not in the answer.",
        ));
    }
    if heap.law == Law::Paced && asked.limit.is_some() && asked.gogc_percent.is_none() {
        part.notes.push(String::from(
            "The limit is meant as GOMEMLIMIT with GOGC=off; about a tenth of it is not the heap's.",
        ));
    }
    part.notes.push(String::from("Memory is that of the heap; code, stacks and what lies outside come on top."));
    part
}

/// The share of time in pauses and the longest usual one, where they can be told.
fn pauses(
    add: &mut dyn FnMut(&'static str, Unit, f64, Band),
    heap: &Heap,
    goal: f64,
    (before, after): (&Cost, &Cost),
    is_same: bool,
) {
    // Pauses of Go do not depend on the size of the heap.
    let is_told = goal >= LEAST_FOR_PAUSES * heap.live || goal >= heap.limit || heap.law == Law::Paced;
    if !is_told {
        return;
    }
    // Old memory that was never used costs page faults when it first is, until it has been filled once.
    let is_fresh = goal > heap.limit && heap.counts.1 == 0 && heap.promoted > 0.02 * heap.eden;
    let factor = if is_same && heap.law != Law::Paced {
        RUN_TO_RUN
    } else {
        heap.law.spread().pause * if is_fresh { 1.5 } else { 1.0 }
    };
    let measured = (heap.pause_s.0 + heap.pause_s.1) / heap.span_s;
    let band =
        |(a, b): (f64, f64)| Band { value: Cost::middle((a, b)), low: a.min(b) / factor, high: a.max(b) * factor };
    add("gc.pause_share", Unit::RATIO, measured, band(after.share));
    let longest = Cost::middle(before.long_pause_s);
    let (a, b) = after.long_pause_s;
    add("gc.pause_ms.p99", MILLISECONDS, longest * 1e3, band((a * 1e3, b * 1e3)));
}

/// How much the number of collections would vary from recording to recording: blocks of times between collections drawn anew.
fn sampling(times: &[f64], effort: Effort) -> f64 {
    let draws = if effort == Effort::Coarse { 40 } else { 400 };
    let mut random = Random::new(43);
    let block = bootstrap::block_length(times.len(), quantile::autocorrelation(times, 1));
    let mean = quantile::mean(times).unwrap_or(1.0).max(1e-12);
    let mut means: Vec<f64> = (0..draws)
        .map(|_| {
            bootstrap::moving_blocks(times.len(), block, &mut random).iter().map(|&at| times[at]).sum::<f64>()
                / times.len().max(1) as f64
                / mean
        })
        .collect();
    let (low, high) = bootstrap::middle(&mut means, 0.8).unwrap_or((1.0, 1.0));
    (high / low.max(1e-9)).max(1.0).ln() / 2.0
}

#[cfg(test)]
mod tests;
