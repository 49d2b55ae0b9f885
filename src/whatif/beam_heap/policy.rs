//! The rules by which the BEAM sizes the heap of one process and chooses between minor and major collections. All sizes are words.
//!
//! Facts read from the runtime of OTP 25.2.3, with what differs in 27.3.4, and checked by replaying recorded collections
//! ([`super::replay`]): given what survived, the rules give every block size exactly.

use std::sync::LazyLock;

use crate::model::gc::{GcKind, RESERVED_WORDS};

/// The smallest `min_heap_size`, and its default.
pub const DEFAULT_MIN_HEAP: u64 = 233;
/// The smallest `min_bin_vheap_size`, and its default.
pub const DEFAULT_MIN_VHEAP: u64 = 46_422;
/// Default of `fullsweep_after`.
pub const DEFAULT_FULLSWEEP: u64 = 65_535;
/// Words that stay reserved between heap and stack where compiled code runs on the native stack (x86-64, arm64).
pub const RESERVED_NATIVE: u64 = RESERVED_WORDS;
/// The same in the interpreter.
pub const RESERVED_INTERPRETED: u64 = 1;

/// Sizes that heap blocks have: a Fibonacci-like sequence, from a million words on a fifth more each.
static TABLE: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut table: Vec<u64> = vec![12, 38];
    let (mut before, mut last) = (12_u64, 38_u64);
    while last <= (1 << 53) / 8 {
        let next = if table.len() <= 22 { last + before + 1 } else { last + last / 5 };
        table.push(next);
        (before, last) = (last, next);
    }
    table
});

/// The smallest block of at least `size`.
pub fn next(size: u64) -> u64 {
    let at = TABLE.partition_point(|entry| *entry < size);
    TABLE.get(at).copied().unwrap_or(size)
}

/// The block after the one of this size; of a size between two blocks the second above it.
pub fn above(size: u64) -> u64 {
    let at = TABLE.partition_point(|entry| *entry < size);
    if size < TABLE[0] {
        return TABLE[0];
    }
    TABLE.get(at + 1).copied().unwrap_or(size)
}

/// The level at which binaries cause the next collection, after one that left `used` of the former `level`.
pub fn next_vheap(used: u64, level: u64, min: u64) -> u64 {
    let mut next = level;
    if used / 3 > level / 4 {
        while used / 3 > next / 4 {
            next = (next as f64 * 1.618) as u64;
            if next < 4 {
                return min;
            }
        }
    } else if used < level / 4 {
        next = level / 2;
    }
    next.max(min)
}

/// What the rules depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// `min_heap_size`, as it takes effect.
    pub min_heap: u64,
    /// `min_bin_vheap_size`, as it takes effect.
    pub min_vheap: u64,
    /// `fullsweep_after`.
    pub fullsweep_after: u64,
    /// Words that stay free between heap and stack.
    pub reserved: u64,
    /// Since OTP 27 the block of a minor collection is large enough for the request as well.
    pub to_space_holds_need: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            min_heap: DEFAULT_MIN_HEAP,
            min_vheap: DEFAULT_MIN_VHEAP,
            fullsweep_after: DEFAULT_FULLSWEEP,
            reserved: RESERVED_NATIVE,
            to_space_holds_need: false,
        }
    }
}

impl Rules {
    fn block(&self, size: u64) -> u64 {
        next(size).max(self.min_heap)
    }
}

/// What the rules carry from one collection to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// The young block.
    pub heap: u64,
    /// The old block; 0: there is none.
    pub old: u64,
    /// Used words of the old block.
    pub old_used: u64,
    /// Level of the virtual binary heap.
    pub vheap: u64,
    /// Level of the old virtual binary heap.
    pub old_vheap: u64,
    /// Used words of the old virtual binary heap.
    pub old_vheap_used: u64,
    /// Minor collections since the last major one.
    pub minors: u64,
    /// The last major collection left so little room that the next one grows the heap.
    pub grow: bool,
}

/// What a collection finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Words of the young generation with its fragments.
    pub young: u64,
    /// Of these, words that survived one collection already.
    pub mature: u64,
    /// Words of the stack.
    pub stack: u64,
    /// Words asked for.
    pub need: u64,
    /// Words of binaries that the young generation refers to.
    pub vheap: u64,
}

/// What a collection leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Words in the new young block.
    pub heap: u64,
    /// Words moved to the old heap.
    pub promoted: u64,
    /// Words of binaries of the young generation.
    pub vheap: u64,
    /// Words of binaries whose references were moved to the old heap.
    pub vheap_promoted: u64,
    /// Nothing outside the heap is referred to, and the virtual heap stays as it is.
    pub vheap_untouched: bool,
    /// Messages that were moved behind the survivors brought binaries along.
    pub vheap_twice: bool,
}

/// What kind a collection will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Minor or major.
    pub kind: GcKind,
    /// A minor one was tried first and found no room in the old heap.
    pub failed_first: bool,
    /// The old block after the choice was made: a minor one creates it.
    pub old_block: u64,
}

/// Chooses between minor and major.
pub fn choose(rules: &Rules, blocks: &Blocks, found: &Found) -> Choice {
    if blocks.minors >= rules.fullsweep_after {
        return Choice { kind: GcKind::Major, failed_first: false, old_block: blocks.old };
    }
    let old_block = if blocks.old == 0 && found.mature > 0 { above(found.young) } else { blocks.old };
    let room = old_block.saturating_sub(blocks.old_used);
    let failed = old_block == 0 || found.mature > room || blocks.old_vheap_used >= blocks.old_vheap;
    Choice { kind: if failed { GcKind::Major } else { GcKind::Minor }, failed_first: failed, old_block }
}

/// Words that `max_heap_size` is held against: what is there, and what the collection needs beside it.
pub fn checked_total(rules: &Rules, blocks: &Blocks, found: &Found, heap_used: u64, choice: &Choice) -> u64 {
    let y = found.young;
    let free = blocks.heap.saturating_sub(heap_used);
    let major = || y + choice.old_block + free + major_block(rules, blocks, found);
    let minor = || {
        let old = if blocks.old > 0 {
            blocks.old
        } else if found.mature > 0 {
            above(y)
        } else {
            0
        };
        let young = if rules.to_space_holds_need { y.max(found.need + rules.reserved) } else { y };
        y + old + rules.block(free + young)
    };
    match choice.kind {
        GcKind::Major if choice.failed_first => minor().max(major()),
        GcKind::Major => major(),
        _ => minor(),
    }
}

fn major_block(rules: &Rules, blocks: &Blocks, found: &Found) -> u64 {
    let block = rules.block(found.stack + found.young + blocks.old_used + rules.reserved);
    if block == blocks.heap && blocks.grow { above(blocks.heap).max(rules.min_heap) } else { block }
}

/// Carries a minor collection out.
pub fn minor(rules: &Rules, blocks: &mut Blocks, found: &Found, old_block: u64, left: &Left) {
    let young = if rules.to_space_holds_need { found.young.max(found.need + rules.reserved) } else { found.young };
    let to_space = rules.block(found.stack + young);
    blocks.old = old_block;
    blocks.old_used += left.promoted;
    blocks.minors += 1;
    let n = left.heap + found.need + found.stack + rules.reserved;
    blocks.heap = to_space;
    if to_space > 3000 && 4 * n < to_space && (to_space > 8000 || to_space > blocks.old) {
        let mut wanted = 3 * n;
        if 9 * wanted < blocks.old {
            wanted = wanted.max(blocks.old / 8);
        }
        blocks.heap = shrunk(rules, wanted, to_space);
    } else if n > to_space {
        blocks.heap = rules.block(n);
    }
    blocks.old_vheap_used += left.vheap_promoted;
    adjust_vheap(rules, blocks, left);
}

/// Carries a major collection out. `system_min_heap` is what the VM gives processes that ask for nothing.
pub fn major(rules: &Rules, blocks: &mut Blocks, found: &Found, left: &Left) {
    let block = major_block(rules, blocks, found);
    blocks.grow = false;
    blocks.old = 0;
    blocks.old_used = 0;
    blocks.minors = 0;
    let n = left.heap + found.need + found.stack + rules.reserved;
    blocks.heap = block;
    if block < n {
        blocks.heap = rules.block(n);
    } else if 3 * block < 4 * n {
        blocks.grow = true;
    } else if 4 * n < block && block > DEFAULT_MIN_HEAP {
        blocks.heap = shrunk(rules, 2 * n, block);
    }
    if !left.vheap_untouched {
        blocks.old_vheap = next_vheap(found.vheap, blocks.old_vheap, rules.min_vheap);
    }
    blocks.old_vheap_used = 0;
    adjust_vheap(rules, blocks, left);
}

fn shrunk(rules: &Rules, wanted: u64, block: u64) -> u64 {
    let wanted = if wanted < rules.min_heap { rules.min_heap } else { rules.block(wanted) };
    wanted.min(block)
}

fn adjust_vheap(rules: &Rules, blocks: &mut Blocks, left: &Left) {
    if left.vheap_untouched {
        return;
    }
    blocks.vheap = next_vheap(left.vheap, blocks.vheap, rules.min_vheap);
    if left.vheap_twice {
        blocks.vheap = next_vheap(left.vheap, blocks.vheap, rules.min_vheap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_sizes_is_that_of_the_vm() {
        let sizes =
            [12, 38, 51, 90, 142, 233, 376, 610, 987, 1598, 2586, 4185, 6772, 10958, 17731, 28690, 46422, 75113];
        assert_eq!(TABLE[..18], sizes);
        assert!([833_026, 999_631, 1_199_557, 1_439_468, 2_984_878].iter().all(|size| TABLE.contains(size)));
        let pairs = [(0, 12), (12, 12), (13, 38), (233, 233), (234, 376), (2000, 2586), (20000, 28690), (75000, 75113)];
        pairs.iter().for_each(|(size, block)| assert_eq!(next(*size), *block));
        assert_eq!(next(121_537), 196_650);
        let pairs = [(11, 12), (12, 38), (13, 51), (233, 376), (234, 610), (220, 376), (365, 610), (1000, 2586)];
        pairs.iter().for_each(|(size, block)| assert_eq!(above(*size), *block));
    }

    #[test]
    fn the_virtual_heap_grows_and_shrinks_as_in_the_vm() {
        let vectors = [
            (0, 46422, 46422),
            (34816, 46422, 46422),
            (34818, 46422, 75110),
            (200_000, 46422, 318_147),
            (10_000, 196_632, 98_316),
            (5000, 75_110, 46_422),
        ];
        vectors.iter().for_each(|(used, level, next)| assert_eq!(next_vheap(*used, *level, 46_422), *next));
    }

    #[test]
    fn a_process_that_keeps_everything_grows_as_in_the_vm() {
        let rules = Rules::default();
        let mut blocks = Blocks { heap: 233, vheap: 46_422, old_vheap: 46_422, ..Blocks::default() };
        let mut found = Found { young: 291, mature: 0, stack: 5, need: 8, vheap: 0 };
        let choice = choose(&rules, &blocks, &found);
        assert_eq!((choice.kind, choice.failed_first), (GcKind::Major, true));
        let left = |heap, promoted| Left { heap, promoted, vheap_untouched: true, ..Left::default() };
        major(&rules, &mut blocks, &found, &left(180, 0));
        assert_eq!((blocks.heap, blocks.old, blocks.grow), (376, 0, false));
        for (young, mature, heap, promoted, old_used) in
            [(364, 180, 184, 180, 180), (368, 184, 184, 184, 364), (368, 184, 184, 184, 548)]
        {
            found = Found { young, mature, ..found };
            let choice = choose(&rules, &blocks, &found);
            assert_eq!((choice.kind, choice.old_block), (GcKind::Minor, 610));
            minor(&rules, &mut blocks, &found, choice.old_block, &left(heap, promoted));
            assert_eq!((blocks.heap, blocks.old, blocks.old_used), (376, 610, old_used));
        }
        assert!(choose(&rules, &blocks, &found).failed_first, "184 do not fit into 610 - 548");
        major(&rules, &mut blocks, &found, &left(916, 0));
        assert_eq!(blocks.heap, 987);
    }
}
