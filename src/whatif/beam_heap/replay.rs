//! The exact part: the rules replayed over recorded collections with the recorded survivors must give every recorded block.
//!
//! Taken from the trace: what each collection found (young words, stack, request, mature words, binaries) and what survived it.
//! Compared: the kind, both blocks, the used old heap, and the virtual heaps; state is carried from one to the next. Collections
//! that the program asked for take the recorded kind, and after a hibernation, which makes no event, the blocks are read anew.

use super::facts::{Fact, facts};
use super::policy::{self, Blocks, Found, Left, RESERVED_INTERPRETED, RESERVED_NATIVE, Rules};
use crate::model::gc::GcKind;
use crate::whatif::data::TracedHeap;

/// How many misses are kept for reading.
const KEPT_MISSES: usize = 20;

/// How well the rules reproduce a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplayScore {
    /// Minor and major collections.
    pub collections: u64,
    /// Of them, those of which the kind and every size came out as recorded.
    pub reproduced: u64,
    /// The first ones that did not: which, and what differs.
    pub misses: Vec<String>,
}

impl ReplayScore {
    /// The part that was reproduced, 1 of an empty trace.
    pub fn share(&self) -> f64 {
        if self.collections == 0 { 1.0 } else { self.reproduced as f64 / self.collections as f64 }
    }

    /// Adds another heap's.
    pub fn add(&mut self, other: ReplayScore) {
        self.collections += other.collections;
        self.reproduced += other.reproduced;
        self.misses.extend(other.misses);
        self.misses.truncate(KEPT_MISSES);
    }
}

/// The rules that a heap lived under, by a release of OTP (`None`: not known). A process that was gone before it could be asked for
/// its settings tells the smallest block by its first one.
pub fn rules(heap: &TracedHeap, otp_release: Option<u32>) -> Rules {
    let defaults = Rules { to_space_holds_need: otp_release.is_some_and(|release| release >= 27), ..Rules::default() };
    if let Some(settings) = &heap.settings {
        return Rules {
            min_heap: settings.min_heap_words,
            min_vheap: settings.min_bin_vheap_words,
            fullsweep_after: settings.fullsweep_after,
            ..defaults
        };
    }
    let first = heap.events.iter().find_map(|event| event.beam).map(|beam| beam.start);
    let newborn = first.filter(|start| start.recent == 0 && start.old_heap == 0);
    let min_heap = newborn.map_or(defaults.min_heap, |start| start.heap_block.max(defaults.min_heap));
    Rules { min_heap, ..defaults }
}

/// Replays a trace under the rules of its release, with the reserve of compiled code or, where that fits better, of the interpreter.
pub fn score(heap: &TracedHeap, otp_release: Option<u32>) -> ReplayScore {
    let native = rules(heap, otp_release);
    let first = replay(&facts(heap, RESERVED_NATIVE), &native);
    if first.share() > 0.99 {
        return first;
    }
    let second = replay(&facts(heap, RESERVED_INTERPRETED), &Rules { reserved: RESERVED_INTERPRETED, ..native });
    if second.reproduced > first.reproduced { second } else { first }
}

/// What a collection found, as recorded.
pub fn found(fact: &Fact) -> Found {
    Found {
        young: fact.young,
        mature: fact.start.recent,
        stack: fact.start.stack,
        need: fact.need,
        vheap: fact.start.bin_vheap,
    }
}

/// The blocks before a collection, as recorded; what is not in the trace as of a process without a past.
pub fn blocks_before(fact: &Fact) -> Blocks {
    Blocks {
        heap: fact.start.heap_block,
        // A failed minor, told before, brought it; without one the old block is what it was.
        old: if fact.start.old_heap == 0 && fact.failed_ns.is_some() { 0 } else { fact.start.old_heap_block },
        old_used: fact.start.old_heap,
        vheap: fact.start.bin_vheap_block,
        old_vheap: fact.start.bin_old_vheap_block,
        old_vheap_used: fact.start.bin_old_vheap,
        minors: 0,
        grow: false,
    }
}

/// Replays collections under given rules.
pub fn replay(facts: &[Fact], rules: &Rules) -> ReplayScore {
    let mut score = ReplayScore::default();
    let Some(first) = facts.first() else { return score };
    let mut blocks = blocks_before(first);
    // Without the beginning of its life, neither the minors since the last major nor the wish to grow are known.
    let mut past_known = first.start.recent == 0 && first.start.old_heap_block == 0;
    for (index, fact) in facts.iter().enumerate() {
        if fact.after_hibernation {
            let minors = blocks.minors;
            blocks = Blocks { minors, ..blocks_before(fact) };
        }
        let found = found(fact);
        let choice = policy::choose(rules, &blocks, &found);
        let expected_major = choice.kind == GcKind::Major;
        // A major one that nothing required was asked for; one after a failed minor must be required.
        let asked_for = fact.major && fact.failed_ns.is_none();
        let kind_is_right = fact.major == expected_major || asked_for || !past_known;
        let before = blocks;
        let mut left = Left {
            heap: fact.end.heap,
            promoted: fact.promoted,
            vheap: fact.end.bin_vheap,
            vheap_promoted: fact.end.bin_old_vheap.saturating_sub(fact.start.bin_old_vheap),
            // Whether anything outside is referred to is not told; without binaries the level shows it.
            vheap_untouched: fact.end.bin_vheap == 0
                && fact.start.bin_vheap == 0
                && fact.end.bin_vheap_block == before.vheap
                && (!fact.major || fact.end.bin_old_vheap_block == before.old_vheap),
            vheap_twice: false,
        };
        let carry_out = |blocks: &mut Blocks, left: &Left| match fact.major {
            true => policy::major(rules, blocks, &found, left),
            false => policy::minor(rules, blocks, &found, choice.old_block, left),
        };
        carry_out(&mut blocks, &left);
        if blocks.vheap != fact.end.bin_vheap_block && fact.end.recent < fact.end.heap {
            // Messages were moved behind the survivors; whether they brought binaries is not told.
            left.vheap_twice = true;
            blocks = before;
            carry_out(&mut blocks, &left);
        }
        let end = &fact.end;
        let recorded = [
            end.heap_block,
            end.old_heap_block,
            end.old_heap,
            end.bin_vheap_block,
            end.bin_old_vheap_block,
            end.bin_old_vheap,
        ];
        let ours = [blocks.heap, blocks.old, blocks.old_used, blocks.vheap, blocks.old_vheap, blocks.old_vheap_used];
        score.collections += 1;
        if kind_is_right && (ours == recorded || !past_known && index == 0) {
            score.reproduced += 1;
        } else if score.misses.len() < KEPT_MISSES {
            let kind = if fact.major { "major" } else { "minor" };
            score.misses.push(format!(
                "collection {index} ({kind}, rules say major: {expected_major}): recorded {recorded:?}, by the rules {ours:?}; \
                 before {before:?}, found {found:?}"
            ));
        }
        if ours != recorded {
            let Blocks { minors, grow, .. } = blocks;
            let [heap, old, old_used, vheap, old_vheap, old_vheap_used] = recorded;
            blocks = Blocks { heap, old, old_used, vheap, old_vheap, old_vheap_used, minors, grow };
        }
        past_known |= fact.major;
    }
    score
}
