//! What a recording tells about one heap: its law, what lives, how fast it is filled, what its collections took.

use crate::analysis::stats::{quantile, trend};
use crate::model::gc::{GcEvent, GcKind};
use crate::model::gc_logged::{GcPhase, LoggedCollection};

use super::MIB;
use crate::whatif::data::TracedHeap;
use crate::whatif::prediction::Confidence;

/// With fewer collections a rate is not told to ± 45 %.
const FEWEST: usize = 20;
/// So much of what was allocated, promoted, keeps the old generation quiet.
const QUIET_PROMOTION: f64 = 0.02;
/// The pauses that G1 aims at are of 200 ms; a quiet one stays below half of that.
const QUIET_PAUSE_S: f64 = 0.1;
/// The least share of the heap that G1 gives to eden; near it, it is squeezed.
pub(super) const LEAST_EDEN: f64 = 0.05;
/// Large objects that cause more than this share of the collections make G1's sizes another matter.
const MANY_HUMONGOUS: f64 = 0.05;

/// Which collector's law holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Every collection looks at everything.
    Full,
    /// A young generation that is a fixed part of the heap (Serial, CMS).
    FixedSplit,
    /// A young generation that the collector sizes by itself around that part (Parallel).
    AdaptiveSplit,
    /// A young generation that the collector sizes by its pauses (G1), in its quiet regime.
    Adaptive,
    /// The same while it also collects the old generation, piece by piece: only bounds are told.
    Mixed,
    /// The next collection begins at a multiple of what lives (Go).
    Paced,
}

/// What a recording tells about one heap. Sizes in bytes, times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Heap {
    /// The law.
    pub law: Law,
    /// The limit that held; of Go the size at which collections were meant to end.
    pub limit: f64,
    /// What lives, and the most that ever did.
    pub live: f64,
    /// The most that lived after a collection.
    pub live_most: f64,
    /// What is left after nine of ten collections at most, garbage of the old generation included.
    pub left: f64,
    /// Bytes allocated per second.
    pub allocation_per_s: f64,
    /// Bytes allocated between two collections.
    pub eden: f64,
    /// What a young collection leaves in the young generation, and the most of it; `None` where the log does not tell.
    pub survivors: Option<(f64, f64)>,
    /// Bytes promoted per young collection.
    pub promoted: f64,
    /// Pause of a full collection: at least so long, and so much per surviving byte.
    pub full_pause: (f64, f64),
    /// Processor seconds per collection, and the processors that there were; of Go.
    pub processor: Option<(f64, f64)>,
    /// Seconds in which it was collected beside the program.
    pub beside_s: f64,
    /// Seconds recorded.
    pub span_s: f64,
    /// Young and full collections recorded.
    pub counts: (usize, usize),
    /// All pauses together: those of young collections and of parts of cycles, and those of full collections.
    pub pause_s: (f64, f64),
    /// Pauses, in order of size.
    pub pauses: Vec<f64>,
    /// Seconds from each collection to the next.
    pub intervals: Vec<f64>,
}

impl Heap {
    /// Reads a traced heap; the words of its events have so many bytes, the system so many cores.
    ///
    /// # Errors
    /// The refusal, where it tells too little.
    pub fn of(traced: &TracedHeap, word_bytes: u64, cores: Option<f64>) -> Result<Self, Confidence> {
        let refuse = |reason: String, needs: &str| Err(Confidence::refused(reason, Some(needs.to_owned())));
        let all: Vec<&GcEvent> = traced.events.iter().filter(|event| event.kind.is_collection()).collect();
        let events = after_start_up(&all);
        if events.len() < FEWEST {
            let reason = format!(
                "Only {} collections of {} after its start-up: too few to tell a rate.",
                events.len(),
                traced.name
            );
            return refuse(reason, "A recording of 25 collections at least.");
        }
        if all.len() > 3 * events.len() {
            let reason = format!("Most of the recording of {} is its start-up.", traced.name);
            return refuse(reason, "A recording three times as long.");
        }
        let bytes = |words: u64| words as f64 * word_bytes as f64;
        let after = |list: &[&GcEvent]| list.iter().map(|event| bytes(event.after_words)).collect::<Vec<f64>>();
        let (full, young): (Vec<&GcEvent>, Vec<&GcEvent>) =
            events.iter().partition(|event| event.kind == GcKind::Major);
        let (first, last) = (events[0].at, events[events.len() - 1].at);
        let span_s = last.seconds_since(first).max(1e-9);
        let allocated: Vec<f64> = events.windows(2).map(|pair| bytes(allocated_words(pair[0], pair[1]))).collect();
        let allocated_all: f64 = allocated.iter().sum();
        let promoted = promoted(events, word_bytes);
        let promoted_share = promoted * young.len() as f64 / allocated_all.max(1.0);
        let law = law(traced, events, promoted_share);
        let has_humongous = |event: &&&GcEvent| logged(event).cause.word() == "G1 Humongous Allocation";
        if young.iter().filter(has_humongous).count() as f64 > MANY_HUMONGOUS * events.len() as f64 {
            let reason =
                format!("Large objects of their own regions cause many of the collections of {}.", traced.name);
            return refuse(reason, "A recording with larger regions (-XX:G1HeapRegionSize).");
        }
        if grows(&full, events) {
            let reason = format!(
                "What is left in {} grows all along: not how often it is collected is the question, but when it is full.",
                traced.name
            );
            return refuse(
                reason,
                "A recording in which the live data are steady, or with full collections if they are.",
            );
        }
        let late = &events[events.len() / 2..];
        let marked: Vec<f64> = late.iter().filter_map(|event| Some(event.logged?.marked_bytes? as f64)).collect();
        let usual = quantile::median(&after(late)).unwrap_or(0.0);
        let live = match full.len() {
            _ if !marked.is_empty() => quantile::median(&marked),
            1.. => quantile::median(&after(&full)),
            // With little promoted all along, what is left is no garbage of the old generation.
            0 if traced.collector.is_some() && promoted * (young.len() as f64) < 0.25 * usual => {
                quantile::of(&mut after(late), 0.9)
            }
            0 => quantile::of(&mut after(late), 0.05),
        };
        let live = live.unwrap_or(0.0);
        let known_limit = traced.settings.map(|settings| bytes(settings.max_heap_words)).filter(|limit| *limit > 0.0);
        let held = events.iter().map(|event| bytes(event.held_words.max(event.before_words))).fold(0.0, f64::max);
        let goals: Vec<f64> = events.iter().filter_map(|event| Some(event.logged?.goal_bytes? as f64)).collect();
        let limit = known_limit.or(quantile::median(&goals)).unwrap_or(held);
        let pauses_of = |is_full: bool| {
            let inside = traced.events.iter().filter(|event| event.at > first && event.at <= last && event.is_pause());
            let of_kind = inside.filter(move |event| (event.kind == GcKind::Major) == is_full);
            of_kind.map(|event| event.pause_ns as f64 / 1e9)
        };
        let pause_s = (pauses_of(false).sum(), pauses_of(true).sum());
        let mut pauses: Vec<f64> = pauses_of(false).chain(pauses_of(true)).collect();
        pauses.sort_by(f64::total_cmp);
        let left: Vec<f64> = young.iter().filter_map(|event| Some(event.logged?.young_after_bytes? as f64)).collect();
        let spent: Vec<f64> = events.iter().map(|event| logged(event).user_ns as f64 / 1e9).collect();
        Ok(Self {
            law,
            limit,
            live,
            // What young collections leave holds garbage of the old generation too.
            live_most: after(&full).into_iter().fold(live, f64::max),
            left: quantile::of(&mut after(late), 0.9).unwrap_or(live).max(live),
            allocation_per_s: allocated_all / span_s,
            eden: quantile::median(&allocated).unwrap_or(0.0),
            survivors: quantile::mean(&left).map(|mean| (mean, left.iter().copied().fold(0.0, f64::max))),
            promoted,
            full_pause: pause_law(&full, word_bytes),
            processor: cores.filter(|_| law == Law::Paced).and_then(|cores| Some((quantile::mean(&spent)?, cores))),
            beside_s: events[1..].iter().map(|event| logged(event).concurrent_ns as f64 / 1e9).sum(),
            span_s,
            counts: (young.len(), full.len()),
            pause_s,
            pauses,
            intervals: events.windows(2).map(|pair| pair[1].at.seconds_since(pair[0].at)).collect(),
        })
    }

    /// The pause that one of a hundred exceeds.
    pub(super) fn long_pause(&self) -> f64 {
        quantile::of_sorted(&self.pauses, 0.99).unwrap_or(0.0)
    }

    /// Collections per minute as recorded.
    pub(super) fn counted_per_min(&self) -> f64 {
        60.0 * self.intervals.len() as f64 / self.span_s
    }
}

/// The collections after start-up: not the first tenth, which copies what start-up left behind, and not those before which less than
/// half of what is usual later was allocated, since a collector that sizes itself begins small.
pub fn after_start_up<'a, 'b>(collections: &'a [&'b GcEvent]) -> &'a [&'b GcEvent] {
    let from = (collections.len() / 10).max(1);
    let before: Vec<f64> = collections.windows(2).map(|pair| allocated_words(pair[0], pair[1]) as f64).collect();
    let late = before.get(before.len() / 2..).unwrap_or_default();
    let usual = quantile::median(late).unwrap_or(0.0);
    let small = before.iter().take(collections.len() / 3).rposition(|words| *words < 0.5 * usual);
    // Where small ones go on all along, they are usual.
    let goes_on = late.iter().filter(|words| **words < 0.5 * usual).count() * 20 > late.len();
    let from = small.filter(|_| !goes_on).map_or(from, |at| from.max(at + 2));
    collections.get(from..).unwrap_or_default()
}

fn allocated_words(before: &GcEvent, after: &GcEvent) -> u64 {
    after.before_words.saturating_sub(before.after_words).saturating_add(after.allocated_meanwhile_words())
}

fn logged(event: &GcEvent) -> LoggedCollection {
    event.logged.unwrap_or_default()
}

/// The mean of what young collections promote; where nobody tells it, of what stays after them.
fn promoted(events: &[&GcEvent], word_bytes: u64) -> f64 {
    let young = || events.windows(2).filter(|pair| pair[1].kind == GcKind::Minor);
    let told: Vec<f64> = young().filter_map(|pair| Some(pair[1].logged?.promoted_bytes? as f64)).collect();
    let grown = |pair: &[&GcEvent]| pair[1].after_words.saturating_sub(pair[0].after_words) as f64 * word_bytes as f64;
    match told.is_empty() {
        false => quantile::mean(&told),
        true => quantile::mean(&young().map(grown).collect::<Vec<f64>>()),
    }
    .unwrap_or(0.0)
}

/// The law by the collector where that is told, else by its name and the kinds of collections.
fn law(traced: &TracedHeap, events: &[&GcEvent], promoted_share: f64) -> Law {
    let name = traced.collector.as_ref().unwrap_or(&traced.name).to_lowercase();
    let has_word = |word: &str| name.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
    let has_young = events.iter().any(|event| event.kind == GcKind::Minor);
    if has_word("g1") {
        let phase = |event: &&GcEvent| matches!(logged(event).phase, GcPhase::Mixed | GcPhase::PrepareMixed);
        let full = events.iter().any(|event| event.kind == GcKind::Major && event.logged.is_some());
        let mut pauses: Vec<f64> = events.iter().map(|event| event.pause_ns as f64 / 1e9).collect();
        let is_slow = quantile::of(&mut pauses, 0.95).is_some_and(|pause| pause > QUIET_PAUSE_S);
        let is_busy = full || is_slow || events.iter().any(phase);
        let is_told = traced.collector.is_some();
        if is_told && (is_busy || promoted_share >= QUIET_PROMOTION) { Law::Mixed } else { Law::Adaptive }
    } else if has_word("go") {
        Law::Paced
    } else if !has_young {
        Law::Full
    } else if has_word("parallel") {
        Law::AdaptiveSplit
    } else {
        Law::FixedSplit
    }
}

/// Whether what is left grows all along: after full collections, or, where none has looked at the old generation, after any.
fn grows(full: &[&GcEvent], all: &[&GcEvent]) -> bool {
    let cleaned = all.iter().any(|event| {
        let phase = logged(event).phase;
        matches!(phase, GcPhase::Mixed | GcPhase::PrepareMixed | GcPhase::ConcurrentStart | GcPhase::Cycle)
    });
    let (list, least) = match full.len() {
        5.. => (full, 0.1),
        // By these alone garbage in the old generation looks like data that live; only a steep rise is told.
        0 if !cleaned => (all, 0.5),
        _ => return false,
    };
    let Some(first) = list.first() else { return false };
    let times: Vec<f64> = list.iter().map(|event| event.at.seconds_since(first.at)).collect();
    let after: Vec<f64> = list.iter().map(|event| event.after_words as f64).collect();
    let Some(line) = trend::theil_sen(&times, &after) else { return false };
    let growth = line.slope * times.last().copied().unwrap_or(0.0);
    growth > least * line.level.max(MIB) && quantile::rank_correlation(&times, &after) > 0.9
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
