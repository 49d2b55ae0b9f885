//! Garbage collections of a stretch of time, by component: how many, how long, what they gave back, what they cost.
//!
//! Events are taken one by one in order of time, so that a recording of millions needs no more than their pauses. Used by `inspect`
//! and by whatever shows collections. On the BEAM a pause holds up one process; only the collectors of other systems may stop the world.

use std::collections::HashMap;

use crate::model::entity::EntityId;
use crate::model::gc::{CollectionCause, GcEvent, GcKind, HeapSizes, RESERVED_WORDS};
use crate::model::gc_logged::GcCause;
use crate::model::time::{TimeRange, Timestamp};

/// So many of the longest pauses are told one by one.
const WORST: usize = 20;

/// The shortest pauses that the histogram tells apart.
const FIRST_BUCKET_NS: u64 = 1_000;

/// The figures of one component, or of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GcFigures {
    /// Heaps that were collected at least once.
    pub heaps: u64,
    /// Collections: minor and major ones.
    pub count: u64,
    /// Of the young generation.
    pub minor: u64,
    /// Of all generations.
    pub major: u64,
    /// BEAM: minor ones that found no room and became the major one that followed; they are no collections of their own.
    pub failed_minor: u64,
    /// BEAM: heaps that would have grown beyond `max_heap_size`.
    pub over_limit: u64,
    /// Stop-the-world pauses of collectors that else work beside the program; no collections of their own.
    pub stops: u64,
    /// Seconds in which collectors worked beside the program.
    pub concurrent_s: f64,
    /// Collections that found no room for survivors.
    pub evacuation_failures: u64,
    /// Why it was collected, the most frequent cause first; empty where nobody tells.
    pub causes: Vec<(GcCause, u64)>,
    /// BEAM: of all collections those that neither a full heap nor binaries brought about: the program asked for them.
    pub forced: u64,
    /// BEAM: times that a process hibernated between two of its collections, which shows in its blocks only.
    pub hibernations: u64,
    /// Seconds for which any of its heaps was traced, from the first to the last one.
    pub traced_s: f64,
    /// Pauses.
    pub pauses: Pauses,
    /// Bytes that collections gave back.
    pub reclaimed_bytes: f64,
    /// Bytes that they looked at: of a minor one of the BEAM the young heap and its fragments, else all that was in use.
    pub examined_bytes: f64,
    /// Bytes that they copied; `None` where the collector does not tell.
    pub copied_bytes: Option<f64>,
    /// Bytes that minor ones moved to the old heap; `None` where the collector does not tell.
    pub promoted_bytes: Option<f64>,
    /// Bytes that came to be in use between one collection and the next of the same heap.
    pub allocated_bytes: f64,
    /// What was in use after the last collection, as a mean over the traced time and summed over heaps, in bytes.
    pub live_bytes: f64,
    /// What was held after the last collection, likewise.
    pub held_bytes: f64,
}

impl GcFigures {
    /// Mean seconds between two collections of any of its heaps; `None` without two.
    pub fn interval_s(&self) -> Option<f64> {
        (self.count >= 2 && self.traced_s > 0.0).then(|| self.traced_s / self.count as f64)
    }

    /// What was given back as a share of what was looked at.
    pub fn efficiency(&self) -> Option<f64> {
        (self.examined_bytes > 0.0).then(|| self.reclaimed_bytes / self.examined_bytes)
    }

    /// What is live as a share of what is held.
    pub fn heap_efficiency(&self) -> Option<f64> {
        (self.held_bytes > 0.0).then(|| self.live_bytes / self.held_bytes)
    }

    /// Bytes allocated per second of traced time.
    pub fn allocation_rate(&self) -> Option<f64> {
        (self.traced_s > 0.0 && self.count > 0).then(|| self.allocated_bytes / self.traced_s)
    }

    /// The share of traced time that pauses take, summed over heaps: 1 is one process always being collected.
    pub fn pause_share(&self) -> Option<f64> {
        (self.traced_s > 0.0).then(|| self.pauses.total_ns as f64 / 1e9 / self.traced_s)
    }
}

/// Pauses, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pauses {
    /// Half are shorter.
    pub p50_ns: u64,
    /// Nine of ten are shorter.
    pub p90_ns: u64,
    /// All but one of a hundred are shorter.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// All together.
    pub total_ns: u64,
    /// How many are shorter than each limit and not shorter than the one before; limits double.
    pub histogram: Vec<(u64, u64)>,
    /// The longest ones, longest first.
    pub worst: Vec<Pause>,
}

/// One pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it began.
    pub at: Timestamp,
    /// Whose heap.
    pub entity: EntityId,
    /// Of which kind of collection.
    pub kind: GcKind,
    /// How long, in nanoseconds.
    pub pause_ns: u64,
    /// Why; `None` where the collector does not tell.
    pub cause: Option<CollectionCause>,
    /// Bytes that it gave back.
    pub reclaimed_bytes: u64,
    /// Bytes in use afterwards.
    pub live_bytes: u64,
}

/// What an event was found to be, in the light of those before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The number of its component.
    pub component: usize,
    /// Why it began; `None` where the collector does not tell.
    pub cause: Option<CollectionCause>,
    /// Whether its process has hibernated since its collection before.
    pub hibernated: bool,
    /// Bytes that it looked at.
    pub examined_bytes: f64,
    /// Bytes that it gave back.
    pub reclaimed_bytes: f64,
}

/// All figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GcSummary {
    /// Over all components.
    pub all: GcFigures,
    /// By the numbers that components were given; those without a collection are empty.
    pub components: Vec<GcFigures>,
    /// Whether pauses hold up everything; `None` where the events do not tell.
    pub stops_the_world: Option<bool>,
}

/// Adds up events.
pub struct GcAnalysis {
    range: TimeRange,
    heaps: HashMap<EntityId, Heap>,
    components: Vec<Sum>,
    is_beam: bool,
    is_logged: bool,
}

struct Heap {
    component: usize,
    word_bytes: f64,
    /// When it was traced, in order; empty: all the time.
    stretches: Vec<TimeRange>,
    stretch: usize,
    /// The last event of the present stretch.
    last: Option<Level>,
    is_collected: bool,
}

/// What a heap had after an event.
#[derive(Clone, Copy)]
struct Level {
    at: Timestamp,
    used_words: u64,
    held_words: u64,
    /// What the BEAM tells.
    sizes: Option<HeapSizes>,
}

#[derive(Default)]
struct Sum {
    figures: GcFigures,
    pauses_ns: Vec<u64>,
    /// The longest ones, in no order.
    worst: Vec<Pause>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    live_byte_ns: f64,
    held_byte_ns: f64,
}

impl GcAnalysis {
    /// For the events of `range`, of so many components.
    pub fn new(range: TimeRange, components: usize) -> Self {
        let components = (0..components).map(|_| Sum::default()).collect();
        Self { range, heaps: HashMap::new(), components, is_beam: false, is_logged: false }
    }

    /// A heap of the component with this number, the bytes of its words, and when it was traced; events of unknown ones are passed over.
    pub fn heap(&mut self, entity: EntityId, component: usize, word_bytes: f64, stretches: Vec<TimeRange>) {
        let stretches: Vec<_> = stretches.into_iter().filter_map(|it| it.intersection(self.range)).collect();
        if let Some(sum) = self.components.get_mut(component) {
            for stretch in &stretches {
                sum.covers(*stretch);
            }
            let heap = Heap { component, word_bytes, stretches, stretch: 0, last: None, is_collected: false };
            self.heaps.insert(entity, heap);
        }
    }

    /// The next event; what it was found to be, if it is a collection of a heap that is known.
    pub fn take(&mut self, event: &GcEvent) -> Option<Seen> {
        let heap = self.heaps.get_mut(&event.entity)?;
        let sum = self.components.get_mut(heap.component)?;
        self.is_beam |= event.beam.is_some();
        self.is_logged |= event.logged.is_some();
        if heap.stretches.is_empty() {
            heap.stretches.push(self.range);
            sum.covers(self.range);
        }
        while let Some(stretch) = heap.stretches.get(heap.stretch).filter(|stretch| event.at > stretch.to) {
            let to = stretch.to;
            sum.hold(heap, to);
            heap.last = None;
            heap.stretch += 1;
        }
        let bytes = heap.word_bytes;
        let figures = &mut sum.figures;
        match event.kind {
            GcKind::Minor => figures.minor += 1,
            GcKind::Major => figures.major += 1,
            GcKind::FailedMinor => figures.failed_minor += 1,
            GcKind::OverLimit => figures.over_limit += 1,
            GcKind::Pause => figures.stops += 1,
            GcKind::Concurrent => {
                figures.concurrent_s += event.pause_ns as f64 / 1e9;
                return None;
            }
        }
        let cause = event.cause(RESERVED_WORDS);
        figures.pauses.total_ns = figures.pauses.total_ns.saturating_add(event.pause_ns);
        if !matches!(event.kind, GcKind::FailedMinor | GcKind::OverLimit) && event.is_pause() {
            sum.pauses_ns.push(event.pause_ns);
            keep_worst(
                &mut sum.worst,
                Pause {
                    at: event.at,
                    entity: event.entity,
                    kind: event.kind,
                    pause_ns: event.pause_ns,
                    cause,
                    reclaimed_bytes: (event.reclaimed_words as f64 * bytes) as u64,
                    live_bytes: (event.after_words as f64 * bytes) as u64,
                },
            );
        }
        if !event.kind.is_collection() {
            // Its time is not lost sight of: somebody stood still.
            return None;
        }
        if let Some(logged) = event.logged {
            figures.evacuation_failures += u64::from(logged.evacuation_failed);
            if logged.cause.is_known() {
                count(&mut figures.causes, logged.cause, 1);
            }
        }
        let seen = Seen {
            component: heap.component,
            cause,
            hibernated: event
                .beam
                .zip(heap.last.and_then(|last| last.sizes))
                .is_some_and(|(beam, before)| beam.follows_hibernation(before)),
            examined_bytes: examined_words(event) as f64 * bytes,
            reclaimed_bytes: event.reclaimed_words as f64 * bytes,
        };
        figures.count += 1;
        figures.heaps += u64::from(!std::mem::replace(&mut heap.is_collected, true));
        figures.forced += u64::from(seen.cause == Some(CollectionCause::Forced));
        figures.hibernations += u64::from(seen.hibernated);
        figures.reclaimed_bytes += seen.reclaimed_bytes;
        figures.examined_bytes += seen.examined_bytes;
        add(&mut figures.copied_bytes, event.copied_words(), bytes);
        add(&mut figures.promoted_bytes, event.promoted_words(), bytes);
        if let Some(last) = heap.last {
            sum.figures.allocated_bytes += event.before_words.saturating_sub(last.used_words) as f64 * bytes;
        }
        sum.figures.allocated_bytes += event.allocated_meanwhile_words() as f64 * bytes;
        sum.hold(heap, event.at);
        heap.last = Some(Level {
            at: event.at,
            used_words: event.after_words,
            held_words: event.held_words,
            sizes: event.beam.map(|beam| beam.end),
        });
        Some(seen)
    }

    /// All figures, once there are no more events.
    pub fn finish(mut self) -> GcSummary {
        let range = self.range;
        for heap in self.heaps.values_mut() {
            let to = heap.stretches.get(heap.stretch).map_or(range.to, |stretch| stretch.to);
            if let Some(sum) = self.components.get_mut(heap.component) {
                sum.hold(heap, to);
            }
        }
        let mut all = Sum::default();
        for sum in &self.components {
            all.add(sum);
        }
        let has_any = !all.pauses_ns.is_empty();
        GcSummary {
            all: all.finish(),
            components: self.components.into_iter().map(Sum::finish).collect(),
            stops_the_world: match (self.is_beam, self.is_logged) {
                (true, false) if has_any => Some(false),
                (false, true) => Some(true),
                _ => None,
            },
        }
    }
}

/// What a collection has to look at, in words: a minor one of the BEAM leaves the old heap alone.
fn examined_words(event: &GcEvent) -> u64 {
    match event.beam.filter(|_| event.kind == GcKind::Minor) {
        Some(beam) => beam.start.heap.saturating_add(beam.start.mbuf),
        None => event.before_words,
    }
}

fn count(causes: &mut Vec<(GcCause, u64)>, cause: GcCause, times: u64) {
    match causes.iter_mut().find(|(known, _)| *known == cause) {
        Some((_, count)) => *count += times,
        None => causes.push((cause, times)),
    }
}

fn add(sum: &mut Option<f64>, words: Option<u64>, bytes: f64) {
    if let Some(words) = words {
        *sum = Some(sum.unwrap_or(0.0) + words as f64 * bytes);
    }
}

impl Sum {
    /// Tracing covered this stretch.
    fn covers(&mut self, stretch: TimeRange) {
        self.from = Some(self.from.map_or(stretch.from, |from| from.min(stretch.from)));
        self.to = Some(self.to.map_or(stretch.to, |to| to.max(stretch.to)));
    }

    /// Until `to` the heap is as its last event left it.
    fn hold(&mut self, heap: &Heap, to: Timestamp) {
        let Some(last) = heap.last else { return };
        let weight = to.0.saturating_sub(last.at.0).max(0) as f64 * heap.word_bytes;
        self.live_byte_ns += last.used_words as f64 * weight;
        self.held_byte_ns += last.held_words as f64 * weight;
    }

    fn add(&mut self, other: &Sum) {
        let (own, it) = (&mut self.figures, &other.figures);
        own.heaps += it.heaps;
        own.count += it.count;
        own.minor += it.minor;
        own.major += it.major;
        own.failed_minor += it.failed_minor;
        own.over_limit += it.over_limit;
        own.stops += it.stops;
        own.concurrent_s += it.concurrent_s;
        own.evacuation_failures += it.evacuation_failures;
        it.causes.iter().for_each(|&(cause, times)| count(&mut own.causes, cause, times));
        own.forced += it.forced;
        own.hibernations += it.hibernations;
        own.pauses.total_ns = own.pauses.total_ns.saturating_add(it.pauses.total_ns);
        own.reclaimed_bytes += it.reclaimed_bytes;
        own.examined_bytes += it.examined_bytes;
        own.allocated_bytes += it.allocated_bytes;
        for (sum, more) in [(&mut own.copied_bytes, it.copied_bytes), (&mut own.promoted_bytes, it.promoted_bytes)] {
            *sum = match (*sum, more) {
                (Some(sum), Some(more)) => Some(sum + more),
                (sum, more) => sum.or(more),
            };
        }
        self.live_byte_ns += other.live_byte_ns;
        self.held_byte_ns += other.held_byte_ns;
        self.pauses_ns.extend_from_slice(&other.pauses_ns);
        other.worst.iter().for_each(|pause| keep_worst(&mut self.worst, *pause));
        if let (Some(from), Some(to)) = (other.from, other.to) {
            self.covers(TimeRange { from, to });
        }
    }

    fn finish(mut self) -> GcFigures {
        let mut figures = self.figures;
        let length_ns = self.from.zip(self.to).map_or(0, |(from, to)| TimeRange { from, to }.length_ns()) as f64;
        figures.traced_s = length_ns / 1e9;
        figures.causes.sort_by_key(|&(cause, times)| (std::cmp::Reverse(times), cause));
        if length_ns > 0.0 {
            figures.live_bytes = self.live_byte_ns / length_ns;
            figures.held_bytes = self.held_byte_ns / length_ns;
        }
        self.pauses_ns.sort_unstable();
        let quantile = |share: f64| {
            let rank = (share * self.pauses_ns.len() as f64).ceil() as usize;
            self.pauses_ns.get(rank.saturating_sub(1)).copied().unwrap_or(0)
        };
        figures.pauses.p50_ns = quantile(0.5);
        figures.pauses.p90_ns = quantile(0.9);
        figures.pauses.p99_ns = quantile(0.99);
        figures.pauses.max_ns = quantile(1.0);
        figures.pauses.histogram = histogram(&self.pauses_ns);
        self.worst.sort_by_key(|pause| (std::cmp::Reverse(pause.pause_ns), pause.at));
        figures.pauses.worst = self.worst;
        figures
    }
}

/// Keeps [`WORST`] of all pauses that come by; of equally long ones the first.
fn keep_worst(worst: &mut Vec<Pause>, pause: Pause) {
    if worst.len() < WORST {
        return worst.push(pause);
    }
    let least = worst.iter_mut().min_by_key(|known| (known.pause_ns, std::cmp::Reverse(known.at)));
    if let Some(least) = least.filter(|least| (pause.pause_ns, least.at) > (least.pause_ns, pause.at)) {
        *least = pause;
    }
}

/// Of sorted pauses, in nanoseconds.
fn histogram(pauses: &[u64]) -> Vec<(u64, u64)> {
    let mut buckets = Vec::new();
    let (mut limit, mut before) = (FIRST_BUCKET_NS, 0);
    while before < pauses.len() {
        let up_to = pauses.partition_point(|pause| *pause < limit || limit == u64::MAX);
        buckets.push((limit, (up_to - before) as u64));
        before = up_to;
        limit = limit.saturating_mul(2);
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gc::{BeamCollection, HeapSizes};
    use crate::model::time::NS_PER_S;

    fn beam(second: i64, entity: u32, kind: GcKind, pause_ns: u64, start: HeapSizes, end: HeapSizes) -> GcEvent {
        let reclaimed = start.used() - end.used();
        let at = Timestamp(second * NS_PER_S);
        GcEvent::of_beam(at, EntityId(entity), kind, pause_ns, reclaimed, BeamCollection { need_words: 0, start, end })
    }

    fn sizes(heap: u64, old_heap: u64) -> HeapSizes {
        HeapSizes { heap, heap_block: 1000, old_heap, old_heap_block: 500, ..HeapSizes::default() }
    }

    fn second(at: i64) -> Timestamp {
        Timestamp(at * NS_PER_S)
    }

    #[test]
    fn figures_of_a_component_are_those_of_the_arithmetic() {
        let range = TimeRange::new(second(0), second(10));
        let mut analysis = GcAnalysis::new(range, 2);
        analysis.heap(EntityId(1), 1, 8.0, vec![TimeRange::new(second(0), second(10))]);
        // Young 900 of which 200 stay young and 100 are promoted; then 700 more, and a major one leaves 150.
        analysis.take(&beam(2, 1, GcKind::Minor, 3_000, sizes(900, 50), sizes(200, 150)));
        analysis.take(&beam(6, 1, GcKind::FailedMinor, 500, sizes(900, 150), sizes(900, 150)));
        analysis.take(&beam(6, 1, GcKind::Major, 9_000, sizes(900, 150), sizes(150, 0)));
        analysis.take(&beam(7, 9, GcKind::Major, 9_000, sizes(900, 150), sizes(150, 0)));
        let summary = analysis.finish();
        assert_eq!(summary.stops_the_world, Some(false));
        assert_eq!(summary.components[0], GcFigures::default());
        let figures = &summary.components[1];
        assert_eq!(figures, &summary.all);
        assert_eq!((figures.count, figures.minor, figures.major, figures.failed_minor), (2, 1, 1, 1));
        assert_eq!((figures.interval_s(), figures.heaps), (Some(5.0), 1));
        assert_eq!(figures.reclaimed_bytes, 8.0 * (600.0 + 900.0));
        assert_eq!(figures.efficiency(), Some(1500.0 / (900.0 + 1050.0)), "a minor one leaves the old heap alone");
        assert_eq!(figures.copied_bytes, Some(8.0 * (300.0 + 150.0)));
        assert_eq!(figures.promoted_bytes, Some(8.0 * 100.0));
        assert_eq!(figures.allocated_bytes, 8.0 * 700.0);
        // 350 words live from 2 s to 6 s, 150 from then on; both blocks are held all the while.
        assert_eq!(figures.live_bytes, 8.0 * (350.0 * 4.0 + 150.0 * 4.0) / 10.0);
        assert_eq!(figures.heap_efficiency(), Some(2000.0 / (1500.0 * 8.0)));
        let pauses = &figures.pauses;
        assert_eq!((pauses.p50_ns, pauses.p99_ns, pauses.max_ns, pauses.total_ns), (3_000, 9_000, 9_000, 12_500));
        assert_eq!(pauses.histogram, [(1_000, 0), (2_000, 0), (4_000, 1), (8_000, 0), (16_000, 1)]);
        assert_eq!(pauses.worst[0].at, second(6));
    }

    #[test]
    fn what_a_heap_did_while_nobody_traced_it_is_not_counted_as_allocation() {
        let mut analysis = GcAnalysis::new(TimeRange::new(second(0), second(100)), 1);
        let stretches = [(0, 10), (50, 60)].map(|(from, to)| TimeRange::new(second(from), second(to)));
        analysis.heap(EntityId(1), 0, 8.0, stretches.to_vec());
        analysis.take(&beam(5, 1, GcKind::Major, 1, sizes(900, 0), sizes(100, 0)));
        analysis.take(&beam(55, 1, GcKind::Major, 1, sizes(900, 0), sizes(100, 0)));
        let figures = analysis.finish().all;
        assert_eq!((figures.count, figures.allocated_bytes, figures.traced_s), (2, 0.0, 60.0));
        assert_eq!(figures.live_bytes, 8.0 * 100.0 * 10.0 / 60.0);
    }

    #[test]
    fn without_collections_nothing_is_made_up() {
        let figures = GcAnalysis::new(TimeRange::new(second(0), second(1)), 0).finish().all;
        assert_eq!((figures.interval_s(), figures.efficiency(), figures.allocation_rate()), (None, None, None));
    }
}
