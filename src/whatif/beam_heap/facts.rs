//! What a trace determines exactly about each collection of one heap, on the clock of allocated words.

pub use crate::model::gc::CollectionCause as Cause;
use crate::model::gc::{GcKind, HeapSizes};
use crate::whatif::data::TracedHeap;

/// One minor or major collection.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// When it began, and for how long the process stood still, failed minor included, in nanoseconds.
    pub at_ns: i64,
    /// Pause of the collection alone.
    pub pause_ns: u64,
    /// Whether it is major.
    pub major: bool,
    /// A failed minor came before it: its pause in nanoseconds.
    pub failed_ns: Option<u64>,
    /// Words allocated from the beginning of the trace to this collection.
    pub clock: u64,
    /// Words allocated since the collection before.
    pub allocated: u64,
    /// Words of the young generation, all fragments included.
    pub young: u64,
    /// Words outside of the main block.
    pub outside: u64,
    /// Words asked for.
    pub need: u64,
    /// What the VM told at the start.
    pub start: HeapSizes,
    /// And at the end.
    pub end: HeapSizes,
    /// Words moved to the old heap.
    pub promoted: u64,
    /// Words of binaries created from the beginning of the trace to this collection.
    pub binaries: u64,
    /// Why it began.
    pub cause: Cause,
    /// The blocks changed without a collection: the process hibernated before it.
    pub after_hibernation: bool,
}

impl Fact {
    /// Words copied.
    pub fn copied(&self) -> u64 {
        self.end.heap + self.promoted
    }

    /// Words that an unlucky request went beyond the block; negative where a large one did not fit.
    pub fn overshoot(&self) -> i64 {
        (self.young + self.start.stack) as i64 - self.start.heap_block as i64
    }

    /// Whether it was done on a dirty scheduler: the work is large.
    pub fn is_dirty(&self) -> bool {
        let old = if self.major { self.start.old_heap } else { 0 };
        self.young + self.start.stack + old >= DIRTY_WORDS
    }
}

/// From this amount of work on a collection moves to a dirty scheduler.
pub const DIRTY_WORDS: u64 = 131_072;

/// The collections of a heap in order. Events of other virtual machines, and of heaps over their limit, are left out.
pub fn facts(heap: &TracedHeap, reserved: u64) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::with_capacity(heap.events.len());
    let mut failed_ns = None;
    let mut clock = 0;
    let mut binaries = 0;
    for event in &heap.events {
        let Some(beam) = event.beam else { continue };
        let (start, end) = (beam.start, beam.end);
        let major = match event.kind {
            GcKind::Minor => false,
            GcKind::Major => true,
            GcKind::FailedMinor => {
                failed_ns = Some(event.pause_ns);
                continue;
            }
            GcKind::OverLimit | GcKind::Pause | GcKind::Concurrent => continue,
        };
        let promoted = if major { 0 } else { end.old_heap.saturating_sub(start.old_heap) };
        let (Some(young), Some(cause)) = (event.young_words(), event.cause(reserved)) else { continue };
        let before = facts.last();
        let after_hibernation = before.is_some_and(|before: &Fact| beam.follows_hibernation(before.end));
        let kept = match before {
            Some(_) if after_hibernation => start.recent,
            Some(before) => before.end.heap,
            // Traced from birth on, or not: what is there counts from here on.
            None if start.recent == 0 && start.old_heap_block == 0 => 0,
            None => start.recent,
        };
        let allocated = young.saturating_sub(kept);
        clock += allocated;
        binaries += start.bin_vheap.saturating_sub(before.map_or(0, |before| before.end.bin_vheap));
        facts.push(Fact {
            at_ns: event.at.0,
            pause_ns: event.pause_ns,
            major,
            failed_ns: failed_ns.take(),
            clock,
            allocated,
            young,
            outside: young.saturating_sub(start.heap),
            need: beam.need_words,
            start,
            end,
            promoted,
            binaries,
            cause,
            after_hibernation,
        });
    }
    facts
}
