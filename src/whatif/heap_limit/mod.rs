//! What one garbage-collected heap would cost under another limit.
//!
//! Three laws, since collectors differ: the inverse-headroom law holds where every collection looks at all that lives (Appel 1987, Wilson
//! 1992); young collections are counted by the size of the young generation alone (Blackburn, Cheng & McKinley 2004); pacers such as
//! Go's aim at a multiple of what lives. Each is told from the recorded collections.

use crate::analysis::stats::random::Random;
use crate::analysis::stats::{bootstrap, quantile, trend};
use crate::model::gc::{GcEvent, GcKind};
use crate::model::unit::{BaseUnit, Unit};

use super::data::{SessionData, TracedHeap};
use super::knob::ModelId;
use super::prediction::{Band, Confidence, Effort, Grade, Level, Outcome, Part};
use super::scenario::Setting;

/// With fewer collections a rate is not told to ± 45 %.
const FEWEST: usize = 20;
/// Below so many times what lives, pauses are no more told.
pub const LEAST_FOR_PAUSES: f64 = 3.0;
/// Below so many times what lives, counts are no more told.
pub const LEAST_FOR_COUNTS: f64 = 2.0;
/// Below so many times the most that ever lived it runs out of memory.
const LEAST_AT_ALL: f64 = 1.15;
/// Java's pointers double in size beyond this.
const COMPRESSED_POINTERS_BYTES: f64 = 32.0 * 1024.0 * 1024.0 * 1024.0;
const MILLISECONDS: Unit = Unit::of(BaseUnit::Millisecond);

/// Which collector's law holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Every collection looks at everything.
    Full,
    /// A young generation that is a fixed part of the heap.
    FixedSplit,
    /// A young generation that the collector sizes itself, in its quiet regime (G1).
    Adaptive,
    /// The next collection begins at a multiple of what lives (Go).
    Paced,
}

/// What a recording tells about one heap. Sizes in bytes, times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Heap {
    /// The law.
    pub law: Law,
    /// The limit that held.
    pub limit: f64,
    /// What lives, and the most that ever did.
    pub live: f64,
    /// The most that lived after a collection.
    pub live_most: f64,
    /// Bytes allocated per second.
    pub allocation_per_s: f64,
    /// Share of the limit that is allocated between two collections.
    pub eden_share: f64,
    /// Young survivors promoted per young collection.
    pub promoted: f64,
    /// Pause: at least so long, and so much per surviving byte; of young and of full collections.
    pub young_pause: (f64, f64),
    /// The same of full collections.
    pub full_pause: (f64, f64),
    /// Young survivors per collection.
    pub survivors: f64,
    /// Seconds recorded.
    pub span_s: f64,
    /// Young and full collections recorded.
    pub counts: (usize, usize),
    /// All pauses together.
    pub total_pause_s: f64,
    /// Pauses, in order of size.
    pub pauses: Vec<f64>,
}

/// What a limit would give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Collections per minute.
    pub per_min: f64,
    /// Share of time in pauses: the two extremes of how much young survivors there are.
    pub share: (f64, f64),
    /// The longest usual pause, in seconds.
    pub long_pause_s: f64,
    /// Memory held.
    pub held: f64,
}

impl Heap {
    /// Reads a traced heap; the words of its events have so many bytes.
    ///
    /// # Errors
    /// The refusal, where it tells too little.
    pub fn of(traced: &TracedHeap, word_bytes: u64) -> Result<Self, Confidence> {
        let refuse = |reason: String, needs: &str| Err(Confidence::refused(reason, Some(needs.to_owned())));
        let all: Vec<&GcEvent> = traced.events.iter().filter(|event| event.kind.is_collection()).collect();
        // The first collections copy what start-up left behind.
        let events = &all[all.len() / 10..];
        if events.len() < FEWEST {
            let reason = format!(
                "Only {} collections of {} after its start-up: too few to tell a rate.",
                events.len(),
                traced.name
            );
            return refuse(reason, "A recording of 25 collections at least.");
        }
        let bytes = |words: u64| words as f64 * word_bytes as f64;
        let span_s = events[events.len() - 1].at.seconds_since(events[0].at).max(1e-9);
        let allocated: Vec<f64> =
            events.windows(2).map(|pair| (bytes(pair[1].before_words) - bytes(pair[0].after_words)).max(0.0)).collect();
        let (full, young): (Vec<&GcEvent>, Vec<&GcEvent>) =
            events.iter().partition(|event| event.kind == GcKind::Major);
        let after = |list: &[&GcEvent]| list.iter().map(|event| bytes(event.after_words)).collect::<Vec<f64>>();
        let live = if full.len() >= 3 {
            quantile::median(&after(&full))
        } else {
            let late = &events[events.len() / 2..];
            quantile::of(&mut after(late), 0.05)
        };
        let live = live.unwrap_or(0.0);
        // What young collections leave holds garbage in the old generation too.
        let live_most = after(&full).into_iter().fold(live, f64::max);
        let known_limit = traced.settings.map(|settings| bytes(settings.max_heap_words)).filter(|limit| *limit > 0.0);
        let held = events.iter().map(|event| bytes(event.held_words.max(event.before_words))).fold(0.0, f64::max);
        let limit = known_limit.unwrap_or(held);
        let law = law(&traced.name, young.len());
        let eden = quantile::median(&allocated).unwrap_or(0.0);
        let between: Vec<f64> = events
            .windows(2)
            .filter(|pair| pair[1].kind == GcKind::Minor)
            .map(|pair| (bytes(pair[1].after_words) - bytes(pair[0].after_words)).max(0.0))
            .collect();
        if leaks(&full) {
            let reason = format!(
                "What lives in {} grows all along: not how often it is collected is the question, but when it is full.",
                traced.name
            );
            return refuse(reason, "A recording in which the live data are steady.");
        }
        let mut pauses: Vec<f64> = events.iter().map(|event| event.pause_ns as f64 / 1e9).collect();
        pauses.sort_by(f64::total_cmp);
        Ok(Self {
            law,
            limit,
            live,
            live_most,
            allocation_per_s: allocated.iter().sum::<f64>() / span_s,
            eden_share: eden / limit.max(1.0),
            promoted: quantile::mean(&between).unwrap_or(0.0),
            young_pause: pause_law(&young, word_bytes),
            full_pause: pause_law(&full, word_bytes),
            survivors: quantile::mean(&between).unwrap_or(0.0),
            span_s,
            counts: (young.len(), full.len()),
            total_pause_s: pauses.iter().sum(),
            pauses,
        })
    }

    /// Bytes allocated from one collection to the next under a limit.
    pub fn headroom(&self, limit: f64) -> f64 {
        match self.law {
            Law::Full | Law::Paced => (limit - self.live) * self.headroom_used(),
            Law::FixedSplit => limit * self.eden_share,
            // G1 keeps a tenth in reserve and gives at most six tenths to the young.
            Law::Adaptive => {
                let of = |limit: f64| (0.6 * limit).min(0.92 * (0.9 * limit - self.live));
                of(limit) * self.eden_share * self.limit / of(self.limit).max(1.0)
            }
        }
    }

    /// The part of limit minus live that was used: collections begin a little early.
    fn headroom_used(&self) -> f64 {
        (self.eden_share * self.limit / (self.limit - self.live).max(1.0)).clamp(0.05, 1.0)
    }

    /// What a limit would cost.
    pub fn cost(&self, limit: f64) -> Cost {
        let per_s = self.allocation_per_s / self.headroom(limit).max(1.0);
        let (full_a, full_b) = self.full_pause;
        let full_pause = full_a + full_b * self.live;
        match self.law {
            Law::Full | Law::Paced => {
                let mean = self.total_pause_s / (self.counts.0 + self.counts.1).max(1) as f64;
                let share = per_s * mean;
                Cost { per_min: 60.0 * per_s, share: (share, share), long_pause_s: self.long_pause(), held: limit }
            }
            Law::FixedSplit | Law::Adaptive => {
                let grown = self.headroom(limit) / self.headroom(self.limit).max(1.0);
                let (young_a, young_b) = self.young_pause;
                // Survivors are either a ring of a fixed size, or a fixed part of what is allocated: one recording can't tell.
                let young = |survivors: f64| young_a + young_b * survivors;
                let old_room = (limit - self.headroom(limit) - self.live).max(1.0);
                let full_per_s = if self.counts.1 == 0 { 0.0 } else { per_s * self.promoted * grown / old_room };
                let full_before = self.counts.1 as f64 / self.span_s;
                let old_room_before = (self.limit - self.headroom(self.limit) - self.live).max(1.0);
                let full_law =
                    self.allocation_per_s / self.headroom(self.limit).max(1.0) * self.promoted / old_room_before;
                let full_per_s = if full_law > 0.0 { full_per_s * full_before / full_law } else { 0.0 };
                let share = |survivors: f64| per_s * young(survivors) + full_per_s * full_pause;
                let (ring, part) = (share(self.survivors), share(self.survivors * grown));
                let measured = self.total_pause_s / self.span_s;
                let now = self.allocation_per_s / self.headroom(self.limit).max(1.0) * young(self.survivors)
                    + full_before * full_pause;
                let scale = if now > 0.0 { measured / now } else { 1.0 };
                let long = (self.long_pause()).max(young(self.survivors * grown));
                Cost {
                    per_min: 60.0 * (per_s + full_per_s),
                    share: (ring.min(part) * scale, ring.max(part) * scale),
                    long_pause_s: long,
                    held: limit,
                }
            }
        }
    }

    fn long_pause(&self) -> f64 {
        quantile::of_sorted(&self.pauses, 0.99).unwrap_or(0.0)
    }

    /// Why a limit can't be answered, if it can't.
    pub fn refusal(&self, limit: f64) -> Option<Confidence> {
        let times = limit / self.live.max(1.0);
        let mib = |bytes: f64| bytes / 1_048_576.0;
        let refuse = |reason: String, needs: Option<&str>| Some(Confidence::refused(reason, needs.map(str::to_owned)));
        let distance = (limit / self.limit).ln().abs();
        if limit < LEAST_AT_ALL * self.live_most {
            return refuse(
                format!(
                    "{:.0} MiB lived at once: with a limit of {:.0} MiB it would likely run out of memory.",
                    mib(self.live_most),
                    mib(limit)
                ),
                None,
            );
        }
        let least = if self.law == Law::Paced { 2.5 } else { LEAST_FOR_COUNTS };
        if times < least {
            let reason = format!(
                "The limit is only {times:.1} times what lives ({:.0} MiB): below {least} times, collections fail to free enough and the laws end.",
                mib(self.live)
            );
            return refuse(reason, Some("A recording with that limit."));
        }
        if distance > 4.0_f64.ln() + 1e-9 {
            let reason = format!(
                "The limit is more than four times, or less than a quarter of, the recorded {:.0} MiB.",
                mib(self.limit)
            );
            return refuse(reason, Some("A recording with a limit closer to it."));
        }
        let crosses = (self.limit < COMPRESSED_POINTERS_BYTES) != (limit < COMPRESSED_POINTERS_BYTES);
        if crosses && matches!(self.law, Law::FixedSplit | Law::Adaptive) {
            return refuse(
                String::from("At 32 GiB a Java heap's pointers double in size, and what lives grows with them."),
                Some("A recording on that side of 32 GiB."),
            );
        }
        None
    }
}

/// The law by the collector's name where that tells it, else by the kinds of collections.
fn law(name: &str, young: usize) -> Law {
    let name = name.to_lowercase();
    let has_word = |word: &str| name.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
    if has_word("g1") {
        Law::Adaptive
    } else if has_word("go") {
        Law::Paced
    } else if young > 0 {
        Law::FixedSplit
    } else {
        Law::Full
    }
}

/// Whether what full collections leave grows all along.
fn leaks(full: &[&GcEvent]) -> bool {
    let Some(first) = full.first() else { return false };
    let times: Vec<f64> = full.iter().map(|event| event.at.seconds_since(first.at)).collect();
    let floors: Vec<f64> = full.iter().map(|event| event.after_words as f64).collect();
    let Some(found) = trend::trend(&times, &floors, 1) else { return false };
    found.grows() && found.rise > 0.2 * quantile::median(&floors).unwrap_or(f64::INFINITY)
}

/// Pause by surviving bytes: a + b·S by Theil–Sen, in seconds; no slope where all are alike.
fn pause_law(events: &[&GcEvent], word_bytes: u64) -> (f64, f64) {
    let survivors: Vec<f64> = events.iter().map(|event| event.after_words as f64 * word_bytes as f64).collect();
    let pauses: Vec<f64> = events.iter().map(|event| event.pause_ns as f64 / 1e9).collect();
    match trend::theil_sen(&survivors, &pauses) {
        Some(line) if line.slope > 0.0 && line.level >= 0.0 => (line.level, line.slope),
        _ => (quantile::median(&pauses).unwrap_or(0.0), 0.0),
    }
}

/// Answers `heap.max_bytes` for every component whose traced heaps are not the BEAM's.
pub fn predict(data: &SessionData, settings: &[Setting], effort: Effort, cancelled: &dyn Fn() -> bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for component in &data.components {
        let wanted = settings.iter().filter(|s| s.knob.path == "heap.max_bytes" && s.place.includes(&component.id));
        let Some(limit) = wanted.filter_map(|setting| setting.value.number()).next_back() else { continue };
        for traced in component.heaps.iter().filter(|heap| heap.events.iter().all(|event| event.beam.is_none())) {
            if cancelled() {
                return Vec::new();
            }
            let part = |confidence| Part::refused(Some(component.id.clone()), ModelId::HeapLimit, confidence);
            let answer = Heap::of(traced, data.word_bytes.max(1)).and_then(|heap| match heap.refusal(limit) {
                Some(refusal) => Err(refusal),
                None => Ok(heap),
            });
            parts.push(match answer {
                Err(refusal) => part(refusal),
                Ok(heap) => answered(part(Confidence::refused("", None)), &heap, limit, traced, effort),
            });
        }
    }
    parts
}

fn answered(mut part: Part, heap: &Heap, limit: f64, traced: &TracedHeap, effort: Effort) -> Part {
    let distance = (limit / heap.limit).ln().abs();
    let (before, after) = (heap.cost(heap.limit), heap.cost(limit));
    let counted = 60.0 * (heap.counts.0 + heap.counts.1) as f64 / heap.span_s;
    let error = (before.per_min / counted).ln().abs();
    if error > 0.15 {
        let reason = format!(
            "The law does not describe {}: at the recorded limit it misses the number of collections by {:.0} %.",
            traced.name,
            error * 100.0
        );
        part.confidence = Confidence::refused(
            reason,
            Some(String::from("A recording with steady load, or a log that names the collector.")),
        );
        return part;
    }
    let regime = if heap.law == Law::Adaptive && heap.counts.1 > 0 { Grade::Bound } else { Grade::Replayed };
    let far = distance > std::f64::consts::LN_2 * 1.01;
    part.confidence = Confidence {
        grade: if distance < 1e-9 { Grade::Measured } else { regime },
        level: Some(if error > 0.05 || far { Level::Medium } else { Level::High }),
        self_replay_error: vec![("gc.count_per_min", error)],
        reason: far.then(|| String::from("The limit is more than twice, or less than half, the recorded one.")),
        needs: None,
    };
    let spread = sampling(traced, effort).hypot(0.02 * (1.0 + distance));
    let (component, model) = (part.component.clone(), ModelId::HeapLimit);
    let mut add = |metric, unit, baseline: f64, predicted| {
        let component = component.clone();
        part.outcomes.push(Outcome { metric, unit, component, baseline: Some(baseline), predicted, model });
    };
    let around = |value: f64, spread: f64| Band { value, low: value * (-spread).exp(), high: value * spread.exp() };
    let per_min = Unit { base: BaseUnit::Count, per: Some(BaseUnit::Minute) };
    add("gc.count_per_min", per_min, counted, around(after.per_min * counted / before.per_min, spread));
    if limit >= LEAST_FOR_PAUSES * heap.live || limit >= heap.limit {
        let (low, high) = after.share;
        let measured = heap.total_pause_s / heap.span_s;
        // Machines differ from themselves by half in pauses.
        let wide = spread.hypot(if distance < 1e-9 { 0.0 } else { 0.4 });
        let share = Band { value: (low * high).sqrt(), low: low * (-wide).exp(), high: high * wide.exp() };
        add("gc.pause_share", Unit::RATIO, measured, share);
        add("gc.pause_ms.p99", MILLISECONDS, before.long_pause_s * 1e3, around(after.long_pause_s * 1e3, wide));
    } else {
        part.notes.push(format!("Pauses are not told below {LEAST_FOR_PAUSES} times what lives."));
    }
    part.outcomes.push(Outcome {
        metric: "memory.peak_bytes",
        unit: Unit::BYTES,
        component,
        baseline: Some(heap.limit),
        predicted: Band { value: limit, low: limit.min(heap.live + heap.headroom(limit)), high: limit },
        model,
    });
    part.notes.push(String::from("Memory is that of the heap; code, stacks and what lies outside come on top."));
    part
}

/// How much the number of collections would vary from recording to recording: blocks of times between collections drawn anew.
fn sampling(traced: &TracedHeap, effort: Effort) -> f64 {
    let times: Vec<f64> = traced.events.windows(2).map(|pair| pair[1].at.seconds_since(pair[0].at)).collect();
    let draws = if effort == Effort::Coarse { 40 } else { 400 };
    let mut random = Random::new(43);
    let block = bootstrap::block_length(times.len(), quantile::autocorrelation(&times, 1));
    let mean = quantile::mean(&times).unwrap_or(1.0).max(1e-12);
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
