//! One heap's collections under changed rules: the clock of allocated words runs as recorded, the rules decide when and how to collect,
//! the history of births says what survives. As long as everything coincides with the recording, the recorded survivors are used.

use super::facts::{Cause, DIRTY_WORDS, Fact};
use super::law::History;
use super::policy::{self, Blocks, Found, Left, Rules};
use super::replay;
use crate::model::gc::GcKind;

/// A heap with all that its simulation needs.
#[derive(Debug)]
pub struct Program<'a> {
    /// Its recorded collections.
    pub facts: &'a [Fact],
    /// Its births and deaths.
    pub history: &'a History,
    /// The rules that it was recorded under.
    pub recorded: Rules,
}

/// How to run it.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The rules to try.
    pub rules: Rules,
    /// The limit that kills; 0: none.
    pub max_heap: u64,
    /// Use recorded survivors as long as the collections coincide.
    pub rails: bool,
    /// Which draw of the small words that decide about block sizes; 0: the nearest recorded ones.
    pub draw: u64,
    /// The recorded collections to go through, from the state before the first of them.
    pub from: usize,
    /// The first one not to go through.
    pub to: usize,
}

/// One simulated collection.
#[derive(Clone, Copy, Debug)]
pub struct Collected {
    /// Where on the clock.
    pub clock: f64,
    /// Its kind.
    pub major: bool,
    /// A failed minor came first.
    pub failed_first: bool,
    /// Words copied.
    pub copied: f64,
    /// Words held by both blocks and the fragments before it.
    pub held_before: u64,
    /// And after.
    pub held_after: u64,
    /// Collections since the last major one.
    pub since_major: u32,
    /// The recorded collection that it coincides with in every respect.
    pub same_as: Option<usize>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ending {
    /// Where on the clock the limit would have killed it.
    pub killed_at: Option<f64>,
    /// The whole run coincided with the recording.
    pub all_on_rails: bool,
}

/// A small generator (Marsaglia's xorshift, 2003) for draws.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// Where the next collection comes.
struct Next {
    clock: f64,
    /// The recorded collection at exactly this place.
    at_fact: Option<usize>,
    /// The recorded one whose small words are used.
    like: usize,
    need: u64,
    stack: f64,
    forced: bool,
}

/// The state between collections.
struct State {
    blocks: Blocks,
    /// Where the last collection and the one before it were.
    x1: f64,
    x2: f64,
    /// Used words and words of binaries after it.
    heap: f64,
    vheap: f64,
    mature: f64,
    last_was_major: bool,
    since_major: u32,
    /// The next recorded collection.
    next: usize,
    on_rails: bool,
}

/// Runs a program, telling each collection.
pub fn run(program: &Program<'_>, run: &Run, tell: &mut impl FnMut(&Collected)) -> Ending {
    let facts = program.facts;
    let to = run.to.min(facts.len());
    let Some(first) = facts.get(run.from).filter(|_| run.from < to) else { return Ending::default() };
    let mut draws = Draws((run.draw ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xD129_0F2B_5A6C_3E1B) | 1);
    let mut state = start(program, run, first);
    let mut ending = Ending { killed_at: None, all_on_rails: true };
    while let Some(next) = find_next(program, run, &mut state, to, &mut draws) {
        let fact = &facts[next.like];
        let here = next.at_fact.map(|i| &facts[i]);
        let young =
            here.filter(|_| state.on_rails).map_or(state.heap + (next.clock - state.x1), |fact| fact.young as f64);
        let created = binaries_at(program, next.clock) - binaries_at(program, state.x1);
        let found = Found {
            young: young.max(0.0) as u64,
            mature: state.mature as u64,
            stack: next.stack.max(0.0) as u64,
            need: next.need,
            vheap: (state.vheap + created).max(0.0) as u64,
        };
        let found = match here {
            Some(fact) if state.on_rails => replay::found(fact),
            _ => found,
        };
        let mut choice = policy::choose(&run.rules, &state.blocks, &found);
        let recorded_major = here.is_some_and(|fact| fact.major && fact.failed_ns.is_none());
        if next.forced && recorded_major {
            choice = policy::Choice { kind: GcKind::Major, failed_first: false, old_block: state.blocks.old };
        }
        let major = choice.kind == GcKind::Major;
        state.on_rails &= run.rails && here.is_some_and(|fact| fact.major == major);
        let outside = here.map_or(fact.start.mbuf.min(fact.need + fact.outside), |fact| fact.start.mbuf);
        // A minor one makes the old block only while it copies; a failed one made it before the major began.
        let old_block = if major { choice.old_block } else { state.blocks.old };
        let held_before = state.blocks.heap + old_block + outside;
        if run.max_heap > 0 {
            let used =
                here.filter(|_| state.on_rails).map_or(found.young.saturating_sub(fact.outside), |f| f.start.heap);
            let total = policy::checked_total(&run.rules, &state.blocks, &found, used, &choice);
            if total > run.max_heap {
                ending.killed_at = Some(next.clock);
                return ending;
            }
        }
        let left = survivors(program, &state, &next, &found, major);
        match major {
            true => policy::major(&run.rules, &mut state.blocks, &found, &left),
            false => policy::minor(&run.rules, &mut state.blocks, &found, choice.old_block, &left),
        }
        ending.all_on_rails &= state.on_rails;
        tell(&Collected {
            clock: next.clock,
            major,
            failed_first: choice.failed_first,
            copied: (left.heap + left.promoted) as f64,
            held_before,
            held_after: state.blocks.heap + state.blocks.old,
            since_major: state.since_major,
            same_as: next.at_fact.filter(|_| state.on_rails),
        });
        state.since_major = if major { 0 } else { state.since_major.saturating_add(1) };
        (state.x2, state.x1) = (state.x1, next.clock);
        state.heap = left.heap as f64;
        state.mature = here.filter(|_| state.on_rails).map_or(left.heap, |fact| fact.end.recent) as f64;
        state.vheap = left.vheap as f64;
        state.last_was_major = major;
        if let Some(i) = next.at_fact {
            state.next = i + 1;
        }
    }
    ending
}

fn start(program: &Program<'_>, run: &Run, first: &Fact) -> State {
    let mut blocks = replay::blocks_before(first);
    // Only a process that is born now begins with its smallest block; others get it at their next collection.
    let newborn = run.from == 0 && first.start.recent == 0 && first.start.old_heap_block == 0;
    if newborn {
        if blocks.heap == program.recorded.min_heap || run.rules.min_heap > blocks.heap {
            blocks.heap = run.rules.min_heap;
        }
        blocks.vheap = blocks.vheap.max(run.rules.min_vheap);
        blocks.old_vheap = blocks.old_vheap.max(run.rules.min_vheap);
    }
    let before = run.from.checked_sub(1).and_then(|i| program.facts.get(i));
    let clock = (first.clock - first.allocated) as f64;
    State {
        blocks,
        x1: clock,
        x2: run.from.checked_sub(2).and_then(|i| program.facts.get(i)).map_or(-1.0, |fact| fact.clock as f64),
        heap: first.young.saturating_sub(first.allocated) as f64,
        vheap: before.map_or(0, |fact| fact.end.bin_vheap) as f64,
        mature: first.start.recent as f64,
        last_was_major: before.is_none_or(|fact| fact.major),
        since_major: 0,
        next: run.from,
        on_rails: run.rails,
    }
}

/// Words of binaries created up to a moment; linear between collections.
fn binaries_at(program: &Program<'_>, x: f64) -> f64 {
    let facts = program.facts;
    let i = facts.partition_point(|fact| (fact.clock as f64) < x);
    let Some(fact) = facts.get(i) else { return facts.last().map_or(0.0, |fact| fact.binaries as f64) };
    let before = i.checked_sub(1).map_or(0, |i| facts[i].binaries);
    let part = if fact.allocated > 0 { 1.0 - (fact.clock as f64 - x) / fact.allocated as f64 } else { 1.0 };
    before as f64 + part.clamp(0.0, 1.0) * fact.binaries.saturating_sub(before) as f64
}

/// Goes along the recorded collections to the place where the block, or the virtual heap, is full.
fn find_next(program: &Program<'_>, run: &Run, state: &mut State, to: usize, draws: &mut Draws) -> Option<Next> {
    let facts = program.facts;
    let reserved = run.rules.reserved as f64;
    let has_binaries = facts.last().is_some_and(|fact| fact.binaries > 0);
    let made_before = if has_binaries { binaries_at(program, state.x1) } else { 0.0 };
    while state.next < to {
        let i = state.next;
        let fact = &facts[i];
        let end = fact.clock as f64;
        let begin = (fact.clock - fact.allocated) as f64;
        let at = begin.max(state.x1);
        if fact.after_hibernation && state.x1 <= begin && !state.on_rails_with(fact) {
            hibernate(program, state, fact, begin);
        }
        let stack_before = i.checked_sub(1).map_or(fact.start.stack, |i| facts[i].start.stack) as f64;
        let stack_after = fact.start.stack as f64;
        let stack_at = |x: f64| {
            let part = if end > begin { ((x - begin) / (end - begin)).clamp(0.0, 1.0) } else { 1.0 };
            stack_before + part * (stack_after - stack_before)
        };
        let block = state.blocks.heap as f64;
        let free_at = |x: f64| block - state.heap - (x - state.x1) - stack_at(x);
        let (free_begin, free_end) = (free_at(at), free_at(end));
        let exactly =
            |forced: bool| Next { clock: end, at_fact: Some(i), like: i, need: fact.need, stack: stack_after, forced };
        // The place where `free` falls to an amount; the end where it does not.
        let falls_to = |amount: f64| {
            if free_begin <= amount {
                at
            } else if free_end >= amount {
                end
            } else {
                at + (free_begin - amount) / (free_begin - free_end) * (end - at)
            }
        };
        // On rails with the recorded blocks, nothing can come before the recorded collection.
        let same_level = fact.cause != Cause::Binaries || state.blocks.vheap == fact.start.bin_vheap_block;
        if state.on_rails && state.next == i && state.blocks.heap == fact.start.heap_block && same_level {
            return Some(exactly(fact.cause == Cause::Forced));
        }
        let full = free_end - reserved < fact.need as f64 && fact.cause != Cause::Forced || free_end < reserved;
        let mut found = None;
        if full {
            let z = falls_to(reserved);
            if z >= end - fact.outside as f64 - reserved || free_end >= reserved {
                found = Some(exactly(false));
            } else {
                let like = neighbour(facts, i, draws, run.draw);
                let model = &facts[like];
                let dirty = state.heap + (z - state.x1) + stack_at(z) >= DIRTY_WORDS as f64;
                let (overshoot, need) = match (dirty, model.is_dirty()) {
                    (true, false) => (45.0, 0),
                    (false, true) => (0.0, 8),
                    _ if model.cause == Cause::Full => (model.overshoot() as f64, model.need),
                    _ => (0.0, 8),
                };
                let z = falls_to(-overshoot).max(z.min(end)).max(state.x1 + 1.0).min(end);
                found = Some(Next { clock: z, at_fact: None, like, need, stack: stack_at(z), forced: false });
            }
        }
        if has_binaries {
            let before = i.checked_sub(1).map_or(0, |i| facts[i].binaries) as f64;
            let made = fact.binaries as f64 - before;
            let level = state.blocks.vheap as f64;
            let held = |x: f64| {
                let part = if end > begin { ((x - begin) / (end - begin)).clamp(0.0, 1.0) } else { 1.0 };
                state.vheap + before + part * made - made_before
            };
            let slack = match fact.cause {
                Cause::Binaries => (fact.start.bin_vheap_block as f64 - fact.start.bin_vheap as f64).max(0.0),
                _ => -1.0,
            };
            let limit = found.as_ref().map_or(end, |next: &Next| next.clock);
            if held(end) >= level - slack {
                let (low, high) = (held(at), held(end));
                let part = if high > low { ((level - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
                let z = at + part * (end - at);
                if z <= limit {
                    found = if fact.cause == Cause::Binaries
                        && held(end) <= level + fact.start.bin_vheap_block as f64 / 4.0
                    {
                        Some(exactly(false))
                    } else {
                        let clock = z.max(state.x1 + 1.0).min(end);
                        Some(Next { clock, at_fact: None, like: i, need: 0, stack: stack_at(z), forced: false })
                    };
                }
            }
        }
        if found.is_none() && fact.cause == Cause::Forced && !fact.after_hibernation {
            found = Some(exactly(true));
        }
        if found.is_some() {
            return found;
        }
        state.next += 1;
    }
    None
}

impl State {
    /// Whether the blocks are already those that the fact found, read from it at the start of a run.
    fn on_rails_with(&self, fact: &Fact) -> bool {
        self.blocks.heap == fact.start.heap_block && self.blocks.old == 0 && self.heap == fact.start.recent as f64
    }
}

/// The process has given back all but its live data.
fn hibernate(program: &Program<'_>, state: &mut State, fact: &Fact, at: f64) {
    let minors = state.blocks.minors;
    state.blocks =
        Blocks { minors, vheap: state.blocks.vheap, old_vheap: state.blocks.old_vheap, ..replay::blocks_before(fact) };
    state.blocks.old = 0;
    state.heap = fact.start.recent as f64;
    state.mature = state.heap;
    state.vheap =
        program.facts[..].iter().rev().find(|other| other.clock < fact.clock).map_or(0, |f| f.end.bin_vheap) as f64;
    (state.x2, state.x1) = (at, at);
    state.last_was_major = true;
    state.since_major = 0;
}

/// The recorded collection whose small words are used for one between `i - 1` and `i`: `i`, or one of twelve about it.
fn neighbour(facts: &[Fact], i: usize, draws: &mut Draws, draw: u64) -> usize {
    let i = i.min(facts.len() - 1);
    if draw == 0 {
        return i;
    }
    let from = i.saturating_sub(6);
    let to = (from + 12).min(facts.len());
    from + draws.below(to - from)
}

fn survivors(program: &Program<'_>, state: &State, next: &Next, found: &Found, major: bool) -> Left {
    let facts = program.facts;
    let like = next.at_fact.unwrap_or(next.like);
    let fact = &facts[like];
    if let Some(i) = next.at_fact.filter(|_| state.on_rails) {
        let fact = &facts[i];
        return Left {
            heap: fact.end.heap,
            promoted: fact.promoted,
            vheap: fact.end.bin_vheap,
            vheap_promoted: fact.end.bin_old_vheap.saturating_sub(fact.start.bin_old_vheap),
            vheap_untouched: fact.start.bin_vheap == 0
                && fact.end.bin_vheap == 0
                && fact.start.bin_vheap_block == fact.end.bin_vheap_block,
            vheap_twice: false,
        };
    }
    let history = program.history;
    let x = next.clock;
    // The state of the like of it, taken from the recorded collection nearest on the clock.
    let near = match like.checked_sub(1) {
        Some(before) if x - (facts[before].clock as f64) < fact.clock as f64 - x => before,
        _ => like,
    };
    let transient = |wanted_major: bool| {
        let same = |i: usize| facts[i].major == wanted_major;
        let i = if same(near) {
            near
        } else {
            (0..6)
                .flat_map(|d| [near.saturating_sub(d), (near + d).min(facts.len() - 1)])
                .find(|i| same(*i))
                .unwrap_or(near)
        };
        history.transient[i]
    };
    let vheap_young = fact.end.bin_vheap;
    let untouched = found.vheap == 0 && vheap_young == 0 && state.blocks.old_vheap_used == 0;
    if major {
        let live = transient(true) + history.live_anchor[near] * history.alive(-1.0, x, x);
        let most = (found.young + state.blocks.old_used) as f64;
        return Left {
            heap: live.clamp(0.0, most) as u64,
            promoted: 0,
            vheap: vheap_young.min(found.vheap + state.blocks.old_vheap_used),
            vheap_promoted: 0,
            vheap_untouched: untouched,
            vheap_twice: false,
        };
    }
    let allocated = (x - state.x1).max(0.0);
    let newborn = (transient(false) + history.alive(state.x1, x, x)).clamp(0.0, allocated.max(0.0));
    let promoted = if state.last_was_major {
        history.live_anchor[near] * history.alive(-1.0, state.x1, x)
    } else {
        history.promotion_anchor[near] * history.alive(state.x2, state.x1, x)
    };
    let kept_binaries = vheap_young.min(found.vheap);
    Left {
        heap: newborn as u64,
        promoted: promoted.clamp(0.0, state.mature) as u64,
        vheap: kept_binaries,
        vheap_promoted: fact
            .end
            .bin_old_vheap
            .saturating_sub(fact.start.bin_old_vheap)
            .min(found.vheap - kept_binaries),
        vheap_untouched: untouched,
        vheap_twice: false,
    }
}
