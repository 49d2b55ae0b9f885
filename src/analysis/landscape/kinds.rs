//! What kind of memory the bytes of one entity are: heaps in use and free, stack, messages, the rest of a process.

/// A kind of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The young heap, in use.
    HeapLive,
    /// The block of the young heap, as far as neither heap nor stack use it.
    HeapSlack,
    /// The stack.
    Stack,
    /// The old heap, in use.
    OldLive,
    /// The block of the old heap, as far as it is not in use.
    OldSlack,
    /// Pieces of heap outside of the blocks.
    Fragments,
    /// Messages that wait, where nobody looked closer.
    Queue,
    /// What a process has beside its heaps.
    Structure,
    /// All heaps in use, where generations were not told apart.
    Used,
    /// What blocks hold beyond that.
    Free,
    /// Nobody has looked.
    Unknown,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 11] = [
        Kind::HeapLive,
        Kind::HeapSlack,
        Kind::Stack,
        Kind::OldLive,
        Kind::OldSlack,
        Kind::Fragments,
        Kind::Queue,
        Kind::Structure,
        Kind::Used,
        Kind::Free,
        Kind::Unknown,
    ];

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Kind::HeapLive => "young heap, in use",
            Kind::HeapSlack => "young heap, free",
            Kind::Stack => "stack",
            Kind::OldLive => "old heap, in use",
            Kind::OldSlack => "old heap, free",
            Kind::Fragments => "heap fragments",
            Kind::Queue => "message queue",
            Kind::Structure => "process itself",
            Kind::Used => "heap, in use",
            Kind::Free => "heap, free",
            Kind::Unknown => "not looked into",
        }
    }

    /// The word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Kind::HeapLive => "heap_live",
            Kind::HeapSlack => "heap_slack",
            Kind::Stack => "stack",
            Kind::OldLive => "old_heap_live",
            Kind::OldSlack => "old_heap_slack",
            Kind::Fragments => "heap_fragments",
            Kind::Queue => "message_queue",
            Kind::Structure => "structure",
            Kind::Used => "heap_used",
            Kind::Free => "heap_free",
            Kind::Unknown => "not_looked_into",
        }
    }

    /// What it is and how it was computed.
    pub fn definition(self) -> &'static str {
        match self {
            Kind::HeapLive => "Words of the young heap in use (heap_size), garbage since the last collection included.",
            Kind::HeapSlack => {
                "Block of the young heap minus what heap and stack use of it (heap_block_size − heap_size − stack_size)."
            }
            Kind::Stack => "The stack (stack_size); it grows into the block of the young heap from its other end.",
            Kind::OldLive => {
                "Words of the old heap in use (old_heap_size), garbage since the last major collection included."
            }
            Kind::OldSlack => "Block of the old heap minus what is in use of it (old_heap_block_size − old_heap_size).",
            Kind::Fragments => {
                "Pieces of heap outside of the blocks (mbuf_size): mostly messages that no collection has moved in yet."
            }
            Kind::Queue => {
                "A queue so long that looking into it would hold the process up: what all processes take and nobody else was found to \
                 hold, divided by the lengths of such queues."
            }
            Kind::Structure => {
                "Memory of the process minus its heaps: its own structure, links, monitors, the table of messages and messages kept off \
                 the heap. About 900 bytes are assumed of a process that has not told its memory itself."
            }
            Kind::Used => "Heap in use, all generations and fragments; the recording does not tell them apart.",
            Kind::Free => "Blocks held minus heap in use; the stack is in it, since the recording does not tell it.",
            Kind::Unknown => {
                "Its memory is known, but not what it consists of: its heaps were looked at at another moment or never."
            }
        }
    }

    /// Whether it is held and not in use.
    pub fn is_slack(self) -> bool {
        matches!(self, Kind::HeapSlack | Kind::OldSlack | Kind::Free)
    }
}

/// So much of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slice {
    /// Which kind.
    pub kind: Kind,
    /// Bytes.
    pub bytes: f64,
}

/// What was measured of the insides of one process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sizes {
    /// Blocks and fragments held.
    pub held: Option<f64>,
    /// In use.
    pub live: f64,
    /// Block of the old heap.
    pub old_held: f64,
    /// Of the old heap, in use.
    pub old_live: f64,
    /// Fragments.
    pub fragments: f64,
    /// The stack.
    pub stack: f64,
    /// Off-heap binaries kept alive; not a part of its memory.
    pub binaries: f64,
    /// Messages waiting.
    pub queue: f64,
}

/// From so many messages on a queue is not looked into; as the collector of the BEAM source has it.
const LONG_QUEUE: f64 = 10_000.0;

/// The kinds that `bytes` consist of, largest first, adding up to them. `has_generations`: whether the recording tells generations,
/// fragments and stack apart.
pub fn split(bytes: f64, sizes: &Sizes, has_generations: bool) -> Vec<Slice> {
    let Some(held) = sizes.held else {
        let kind = if sizes.queue >= LONG_QUEUE { Kind::Queue } else { Kind::Unknown };
        return vec![Slice { kind, bytes }];
    };
    // Heaps that were looked at at another moment can be larger than the process is now.
    if held > bytes + 1.0 {
        return vec![Slice { kind: Kind::Unknown, bytes }];
    }
    let structure = (Kind::Structure, bytes - held);
    let mut slices: Vec<(Kind, f64)> = if has_generations {
        let young_block = (held - sizes.old_held - sizes.fragments).max(0.0);
        let young = (sizes.live - sizes.old_live - sizes.fragments).clamp(0.0, young_block);
        let stack = sizes.stack.clamp(0.0, young_block - young);
        let old = sizes.old_live.clamp(0.0, sizes.old_held);
        vec![
            (Kind::HeapLive, young),
            (Kind::Stack, stack),
            (Kind::HeapSlack, young_block - young - stack),
            (Kind::OldLive, old),
            (Kind::OldSlack, sizes.old_held - old),
            (Kind::Fragments, sizes.fragments.min(held)),
            structure,
        ]
    } else {
        let live = sizes.live.clamp(0.0, held);
        vec![(Kind::Used, live), (Kind::Free, held - live), structure]
    };
    slices.retain(|(_, bytes)| *bytes >= 1.0);
    slices.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    slices.into_iter().map(|(kind, bytes)| Slice { kind, bytes }).collect()
}

/// Kinds of several together, largest first.
pub fn sum<'a>(all: impl Iterator<Item = &'a [Slice]>) -> Vec<Slice> {
    let mut sums = [0.0_f64; Kind::ALL.len()];
    for slice in all.flatten() {
        sums[slice.kind as usize] += slice.bytes;
    }
    let mut found: Vec<Slice> = Kind::ALL
        .into_iter()
        .zip(sums)
        .filter(|(_, bytes)| *bytes > 0.0)
        .map(|(kind, bytes)| Slice { kind, bytes })
        .collect();
    found.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
    found
}

/// The share that is held and not in use; `None` where nothing of it was looked into.
pub fn waste(slices: &[Slice]) -> Option<f64> {
    let known = slices.iter().filter(|slice| !matches!(slice.kind, Kind::Unknown | Kind::Queue));
    let (all, slack) = known.fold((0.0, 0.0), |(all, slack), slice| {
        (all + slice.bytes, slack + if slice.kind.is_slack() { slice.bytes } else { 0.0 })
    });
    (all > 0.0).then(|| slack / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(slices: &[Slice]) -> f64 {
        slices.iter().map(|slice| slice.bytes).sum()
    }

    fn of(slices: &[Slice], kind: Kind) -> f64 {
        slices.iter().find(|slice| slice.kind == kind).map_or(0.0, |slice| slice.bytes)
    }

    #[test]
    fn the_kinds_of_a_process_add_up_to_its_memory() {
        let sizes = Sizes {
            held: Some(1000.0 + 600.0 + 50.0),
            live: 300.0 + 400.0 + 50.0,
            old_held: 600.0,
            old_live: 400.0,
            fragments: 50.0,
            stack: 100.0,
            ..Sizes::default()
        };
        let slices = split(2000.0, &sizes, true);
        assert_eq!(total(&slices), 2000.0);
        let figures = Kind::ALL.map(|kind| of(&slices, kind));
        assert_eq!(figures, [300.0, 600.0, 100.0, 400.0, 200.0, 50.0, 0.0, 350.0, 0.0, 0.0, 0.0]);
        assert_eq!(waste(&slices), Some(0.4));
        let coarse = split(2000.0, &sizes, false);
        assert_eq!((total(&coarse), of(&coarse, Kind::Used), of(&coarse, Kind::Free)), (2000.0, 750.0, 900.0));
    }

    #[test]
    fn what_does_not_fit_together_is_not_told_as_if_it_did() {
        let sizes = Sizes { held: Some(5000.0), ..Sizes::default() };
        assert_eq!(split(2000.0, &sizes, true), [Slice { kind: Kind::Unknown, bytes: 2000.0 }]);
        assert_eq!(split(7.0, &Sizes::default(), true), [Slice { kind: Kind::Unknown, bytes: 7.0 }]);
        assert_eq!(waste(&split(7.0, &Sizes::default(), true)), None);
        let long = Sizes { queue: 50_000.0, ..Sizes::default() };
        assert_eq!(split(9e6, &long, true), [Slice { kind: Kind::Queue, bytes: 9e6 }]);
        // Figures that contradict each other still add up.
        let odd =
            Sizes { held: Some(100.0), live: 900.0, old_held: 500.0, old_live: 700.0, stack: 50.0, ..Sizes::default() };
        assert!(split(800.0, &odd, true).iter().all(|slice| slice.bytes > 0.0));
    }
}
