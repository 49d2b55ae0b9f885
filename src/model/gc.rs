//! Garbage collections of single heaps, as they were traced.

use serde::{Deserialize, Serialize};

use super::entity::EntityId;
use super::gc_logged::LoggedCollection;
use super::time::Timestamp;

/// What kind of event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GcKind {
    /// Collection of the young generation only.
    Minor,
    /// Collection of all generations.
    Major,
    /// BEAM: a minor collection that found no room in the old heap and became the major one that follows; collects nothing.
    FailedMinor,
    /// BEAM: a heap that would have grown beyond its `max_heap_size`.
    OverLimit,
    /// A stop-the-world pause of a collector that works beside the program (initial mark, remark …): a part of a collection, none itself.
    Pause,
    /// Work of a collector beside the running program: how long it took is no pause.
    Concurrent,
}

impl GcKind {
    /// Every kind.
    pub const ALL: [GcKind; 6] =
        [GcKind::Minor, GcKind::Major, GcKind::FailedMinor, GcKind::OverLimit, GcKind::Pause, GcKind::Concurrent];

    /// Whether it counts as a collection.
    pub fn is_collection(self) -> bool {
        matches!(self, GcKind::Minor | GcKind::Major)
    }

    /// The word for it in files and JSON.
    pub fn word(self) -> &'static str {
        match self {
            GcKind::Minor => "minor",
            GcKind::Major => "major",
            GcKind::FailedMinor => "failed minor",
            GcKind::OverLimit => "over limit",
            GcKind::Pause => "pause",
            GcKind::Concurrent => "concurrent",
        }
    }
}

/// The heaps of one BEAM process at one moment, in words, by the names of the trace events of OTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeapSizes {
    /// `heap_size`: used words of the young heap, without the stack.
    pub heap: u64,
    /// `heap_block_size`: the block that young heap and stack share.
    pub heap_block: u64,
    /// `old_heap_size`: used words of the old heap.
    pub old_heap: u64,
    /// `old_heap_block_size`: 0 without an old heap.
    pub old_heap_block: u64,
    /// `stack_size`.
    pub stack: u64,
    /// `recent_size`: words that survived one collection already.
    pub recent: u64,
    /// `mbuf_size`: words in heap fragments.
    pub mbuf: u64,
    /// `bin_vheap_size`: words of binaries held by the young generation.
    pub bin_vheap: u64,
    /// `bin_vheap_block_size`: the level at which they cause a collection.
    pub bin_vheap_block: u64,
    /// `bin_old_vheap_size`.
    pub bin_old_vheap: u64,
    /// `bin_old_vheap_block_size`.
    pub bin_old_vheap_block: u64,
}

impl HeapSizes {
    /// Every size, in the order of the fields.
    pub fn to_array(self) -> [u64; 11] {
        [
            self.heap,
            self.heap_block,
            self.old_heap,
            self.old_heap_block,
            self.stack,
            self.recent,
            self.mbuf,
            self.bin_vheap,
            self.bin_vheap_block,
            self.bin_old_vheap,
            self.bin_old_vheap_block,
        ]
    }

    /// The reverse of [`Self::to_array`].
    pub fn from_array(sizes: [u64; 11]) -> Self {
        let [heap, heap_block, old_heap, old_heap_block, stack, recent, mbuf, vheap, vheap_block, old_vheap, old_block] =
            sizes;
        Self {
            heap,
            heap_block,
            old_heap,
            old_heap_block,
            stack,
            recent,
            mbuf,
            bin_vheap: vheap,
            bin_vheap_block: vheap_block,
            bin_old_vheap: old_vheap,
            bin_old_vheap_block: old_block,
        }
    }

    /// Words in use: young, old and fragments.
    pub fn used(self) -> u64 {
        self.heap.saturating_add(self.old_heap).saturating_add(self.mbuf)
    }

    /// Words held: both blocks and the fragments.
    pub fn held(self) -> u64 {
        self.heap_block.saturating_add(self.old_heap_block).saturating_add(self.mbuf)
    }
}

/// Why a collection of the BEAM began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CollectionCause {
    /// A request found no room.
    Full,
    /// Binaries reached the level of the virtual heap.
    Binaries,
    /// Neither: asked for by the program, or after a hibernation.
    Forced,
}

/// Words that stay reserved between heap and stack where compiled code runs on the native stack (x86-64, arm64).
pub const RESERVED_WORDS: u64 = 4;

/// What the BEAM tells of one of its collections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BeamCollection {
    /// The words that were asked for when there was no room.
    pub need_words: u64,
    /// Before.
    pub start: HeapSizes,
    /// After.
    pub end: HeapSizes,
}

impl BeamCollection {
    /// Whether the process hibernated since a collection that left `before`: its blocks are others and it has no old heap, and no failed
    /// minor collection that may have brought one explains that. Hibernation itself is not told (OTP 25 to 27).
    pub fn follows_hibernation(&self, before: HeapSizes) -> bool {
        let start = self.start;
        let has_other_blocks = (start.heap_block, start.old_heap_block) != (before.heap_block, before.old_heap_block);
        start.old_heap_block == 0
            && has_other_blocks
            && !(before.old_heap_block == 0 && start.heap_block == before.heap_block)
    }

    /// What a pair of trace events was: a minor collection that gave back nothing and moved nothing found no room in the old heap, and
    /// the major one that follows does its work (OTP 25 to 27). Only an old block may have appeared; fragments grow by being traced.
    pub fn kind(&self, is_major: bool, reclaimed_words: u64) -> GcKind {
        let moved = |sizes: HeapSizes| (sizes.heap, sizes.heap_block, sizes.recent, sizes.old_heap);
        match is_major {
            true => GcKind::Major,
            false if reclaimed_words == 0 && moved(self.start) == moved(self.end) => GcKind::FailedMinor,
            false => GcKind::Minor,
        }
    }
}

/// One garbage collection of one heap. Sizes are words of the VM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GcEvent {
    /// When it began.
    pub at: Timestamp,
    /// Whose heap.
    pub entity: EntityId,
    /// What kind it is; not every kind is a collection.
    pub kind: GcKind,
    /// How long it took, in nanoseconds. On the BEAM one process stands still, elsewhere the world; of [`GcKind::Concurrent`] nothing
    /// does. A collection beside the program has none of its own: its pauses are events.
    pub pause_ns: u64,
    /// Live and dead words before: heap, old heap and fragments.
    pub before_words: u64,
    /// Words in use afterwards.
    pub after_words: u64,
    /// Words held (heap and old heap blocks, fragments) afterwards.
    pub held_words: u64,
    /// Words that the collection gave back.
    pub reclaimed_words: u64,
    /// All that the BEAM tells, where it does.
    pub beam: Option<BeamCollection>,
    /// What the log of a JVM or of Go tells, where it was read from one.
    pub logged: Option<LoggedCollection>,
}

impl GcEvent {
    /// Whether something stood still for it: what it says of pauses counts.
    pub fn is_pause(&self) -> bool {
        let ran_beside = self.kind.is_collection() && self.logged.is_some_and(|logged| logged.concurrent_ns > 0);
        self.kind != GcKind::Concurrent && !(ran_beside && self.pause_ns == 0)
    }

    /// From a pair of trace events of the BEAM.
    pub fn of_beam(
        at: Timestamp,
        entity: EntityId,
        kind: GcKind,
        pause_ns: u64,
        reclaimed_words: u64,
        beam: BeamCollection,
    ) -> Self {
        Self {
            at,
            entity,
            kind,
            pause_ns,
            before_words: beam.start.used(),
            after_words: beam.end.used(),
            held_words: beam.end.held(),
            reclaimed_words,
            beam: Some(beam),
            logged: None,
        }
    }

    /// Words that the program allocated while it was collected beside it: what is in use afterwards beyond what was left of before.
    /// 0 of collections that stop it.
    pub fn allocated_meanwhile_words(&self) -> u64 {
        let ran_beside = self.logged.is_some_and(|logged| logged.concurrent_ns > 0);
        if !ran_beside || !self.kind.is_collection() {
            return 0;
        }
        self.after_words.saturating_add(self.reclaimed_words).saturating_sub(self.before_words)
    }

    /// Words of the young generation before, all fragments included; `None` of what is no collection of the BEAM.
    pub fn young_words(&self) -> Option<u64> {
        let beam = self.beam?;
        let (start, end) = (beam.start, beam.end);
        let all = self.reclaimed_words.saturating_add(end.heap).saturating_add(end.mbuf);
        match self.kind {
            GcKind::Minor => Some(all.saturating_add(end.old_heap.saturating_sub(start.old_heap))),
            GcKind::Major => Some(all.saturating_sub(start.old_heap)),
            GcKind::FailedMinor | GcKind::OverLimit | GcKind::Pause | GcKind::Concurrent => None,
        }
    }

    /// Why it began, where `reserved_words` stay free between heap and stack; `None` of what is no collection of the BEAM.
    pub fn cause(&self, reserved_words: u64) -> Option<CollectionCause> {
        let beam = self.beam?;
        let start = beam.start;
        let wanted = [start.stack, beam.need_words, reserved_words]
            .iter()
            .fold(self.young_words()?, |a, b| a.saturating_add(*b));
        let is_full = wanted > start.heap_block;
        // A binary may be refused that would reach the level; its size is not known.
        let reaches_level =
            start.bin_vheap > 0 && start.bin_vheap.saturating_add(start.bin_vheap_block / 16) >= start.bin_vheap_block;
        Some(match (is_full, reaches_level) {
            (_, true) if start.bin_vheap >= start.bin_vheap_block || !is_full => CollectionCause::Binaries,
            (true, _) => CollectionCause::Full,
            _ => CollectionCause::Forced,
        })
    }

    /// Words moved from the young to the old heap by a minor collection; `None` where that is not known.
    pub fn promoted_words(&self) -> Option<u64> {
        if let Some(logged) = &self.logged {
            return logged.promoted_bytes.filter(|_| self.kind == GcKind::Minor);
        }
        let beam = self.beam.filter(|_| self.kind == GcKind::Minor)?;
        Some(beam.end.old_heap.saturating_sub(beam.start.old_heap))
    }

    /// Words copied: of a minor collection the young survivors and the promoted, of a major one all that is live.
    pub fn copied_words(&self) -> Option<u64> {
        if let Some(logged) = self.logged.filter(|_| self.kind == GcKind::Minor) {
            return logged.young_after_bytes.map(|after| after.saturating_add(logged.promoted_bytes.unwrap_or(0)));
        }
        let beam = self.beam?;
        match self.kind {
            GcKind::Minor => Some(beam.end.heap.saturating_add(self.promoted_words()?)),
            GcKind::Major => Some(beam.end.heap),
            _ => None,
        }
    }
}

/// The settings of a BEAM process that govern its collections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeapSettings {
    /// `min_heap_size`, in words.
    pub min_heap_words: u64,
    /// `min_bin_vheap_size`, in words.
    pub min_bin_vheap_words: u64,
    /// `fullsweep_after`: minor collections until a major one.
    pub fullsweep_after: u64,
    /// `max_heap_size`, in words; 0: no limit.
    pub max_heap_words: u64,
    /// Whether messages wait outside the heap (`message_queue_data`).
    pub off_heap_queue: bool,
    /// The heap block when tracing began, in words.
    pub heap_block_words: u64,
}

/// Why a process is not traced any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TracingEnd {
    /// It ended, or was gone before it could be asked.
    Gone,
    /// Nobody wanted it any more, or the recording ended.
    Stopped,
    /// Tracing would have cost the node too much.
    Limited,
    /// Somebody else traces it.
    Taken,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TracingChange {
    /// From here on every collection is told; the settings where the process could still be asked.
    Began(Option<HeapSettings>),
    /// From here on none is.
    Ended(TracingEnd),
}

/// A process whose collections began or ceased to be traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcTracing {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub entity: EntityId,
    /// What.
    pub change: TracingChange,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minor_collection_without_effect_failed_though_fragments_grew() {
        let start = HeapSizes { heap: 364, heap_block: 376, recent: 180, ..HeapSizes::default() };
        let end = HeapSizes { old_heap_block: 610, mbuf: 6, ..start };
        let failed = BeamCollection { need_words: 8, start, end };
        assert_eq!(failed.kind(false, 0), GcKind::FailedMinor);
        assert_eq!(failed.kind(false, 3), GcKind::Minor);
        assert_eq!(failed.kind(true, 0), GcKind::Major);
        let promoted = BeamCollection { end: HeapSizes { old_heap: 180, recent: 184, ..end }, ..failed };
        assert_eq!(promoted.kind(false, 0), GcKind::Minor);
    }

    #[test]
    fn a_collection_without_need_is_forced_and_hibernation_shows_in_the_blocks() {
        let start = HeapSizes { heap: 360, heap_block: 376, stack: 5, bin_vheap_block: 46_422, ..HeapSizes::default() };
        let end = HeapSizes { heap: 100, ..start };
        let cause = |need_words, start: HeapSizes| {
            let beam = BeamCollection { need_words, start, end };
            GcEvent::of_beam(Timestamp(0), EntityId(1), GcKind::Minor, 5, 260, beam).cause(RESERVED_WORDS)
        };
        assert_eq!(cause(8, start), Some(CollectionCause::Full));
        assert_eq!(cause(0, start), Some(CollectionCause::Forced));
        assert_eq!(cause(0, HeapSizes { bin_vheap: 46_000, ..start }), Some(CollectionCause::Binaries));
        let hibernated = BeamCollection { start: HeapSizes { heap_block: 104, ..start }, ..BeamCollection::default() };
        assert!(hibernated.follows_hibernation(HeapSizes { old_heap_block: 610, ..end }));
        let went_on = BeamCollection { start, ..BeamCollection::default() };
        assert!(!went_on.follows_hibernation(end));
    }

    #[test]
    fn copied_words_are_the_survivors_of_what_was_collected() {
        let start = HeapSizes { heap: 364, heap_block: 376, recent: 180, ..HeapSizes::default() };
        let end = HeapSizes { heap: 184, heap_block: 376, old_heap: 180, old_heap_block: 610, ..HeapSizes::default() };
        assert_eq!(HeapSizes::from_array(end.to_array()), end);
        let event = |kind| {
            let beam = BeamCollection { need_words: 8, start, end };
            GcEvent::of_beam(Timestamp(0), EntityId(1), kind, 5, 0, beam)
        };
        assert_eq!(event(GcKind::Minor).promoted_words(), Some(180));
        assert_eq!(event(GcKind::Minor).copied_words(), Some(364));
        assert_eq!(event(GcKind::Major).copied_words(), Some(184));
        assert_eq!(event(GcKind::FailedMinor).copied_words(), None);
        assert_eq!(event(GcKind::Minor).held_words, 986);
    }
}
