//! Heaps and components with their fitted laws: what is computed once, before any setting is tried.

use super::facts::{Fact, facts};
use super::law::{self, History, Law};
use super::pause::PauseLaw;
use super::policy::{RESERVED_INTERPRETED, RESERVED_NATIVE, Rules};
use super::replay::{self, ReplayScore};
use super::simulate::{self, Ending, Program, Run};
use super::tally::Tally;
use crate::model::id::ComponentId;
use crate::whatif::data::{ComponentData, TracedHeap};

/// Collections that laws are chosen from, of one heap and of all heaps of a component.
const FITTED_OF_ONE: usize = 3000;
const FITTED_OF_ALL: usize = 20_000;
/// With more collections than this a heap's rival law is left out: it would only cost memory.
const RIVALS_UP_TO: usize = 60_000;

/// One heap.
#[derive(Debug)]
pub struct Heap {
    /// Its name for people.
    pub name: String,
    /// Its collections.
    pub facts: Vec<Fact>,
    /// The law that explains them best.
    pub history: History,
    /// Another law that explains them nearly as well and says something else.
    pub rival: Option<History>,
    /// The rules of the recording.
    pub rules: Rules,
    /// Its `max_heap_size` then.
    pub max_heap: u64,
    /// Whether its messages waited outside.
    pub off_heap_queue: bool,
    from_ns: i64,
    to_ns: i64,
    first_block: u64,
}

/// One component.
#[derive(Debug)]
pub struct Component {
    /// Which.
    pub id: ComponentId,
    /// Its heaps that collected at all.
    pub heaps: Vec<Heap>,
    /// The law of its pauses.
    pub pause: PauseLaw,
    /// What was recorded.
    pub baseline: Tally,
    /// How well the rules reproduce the recording.
    pub replay: ReplayScore,
    /// Relative errors of count and copied words when the model predicts the recording itself without looking at its survivors.
    pub self_error: (f64, f64),
    /// The part of the collections at which the stack took more than a quarter of the block.
    pub deep_stacks: f64,
    /// Hibernations that were noticed.
    pub hibernations: usize,
}

impl Heap {
    fn new(traced: &TracedHeap, otp_release: Option<u32>, score: &mut ReplayScore) -> Self {
        let mut rules = replay::rules(traced, otp_release);
        let mut facts = facts(traced, RESERVED_NATIVE);
        let mut own = replay::replay(&facts, &rules);
        if own.share() < 0.99 {
            // Perhaps the interpreter's reserve fits better.
            let other = Rules { reserved: RESERVED_INTERPRETED, ..rules };
            let their_facts = super::facts::facts(traced, RESERVED_INTERPRETED);
            let theirs = replay::replay(&their_facts, &other);
            if theirs.reproduced > own.reproduced {
                (rules, facts, own) = (other, their_facts, theirs);
            }
        }
        own.misses.iter_mut().for_each(|miss| *miss = format!("{}, {miss}", traced.name));
        score.add(own);
        let first_block = match (&traced.settings, facts.first()) {
            (Some(settings), _) if settings.heap_block_words > 0 => settings.heap_block_words,
            (_, Some(first)) => first.start.heap_block,
            _ => rules.min_heap,
        };
        Self {
            name: traced.name.clone(),
            history: History::new(&[], Law::IMMORTAL, 0.0),
            facts,
            rival: None,
            rules,
            max_heap: traced.settings.map_or(0, |settings| settings.max_heap_words),
            off_heap_queue: traced.settings.is_some_and(|settings| settings.off_heap_queue),
            from_ns: traced.from.0,
            to_ns: traced.to.0,
            first_block,
        }
    }

    fn initial(&self) -> f64 {
        self.facts.first().map_or(0, |first| first.start.old_heap + first.young.saturating_sub(first.allocated)) as f64
    }

    /// Chooses the law, from as many collections as `budget` allows.
    fn fit(&mut self, budget: &mut usize) {
        let initial = self.initial();
        let n = self.facts.len();
        let sample = n.min(FITTED_OF_ONE).min(*budget);
        *budget = budget.saturating_sub(sample);
        // The beginning of a long recording is not typical of it.
        let skip = if n > sample { (n - sample) / 2 } else { 0 };
        let fitted = match skip {
            0 => law::fit(&self.facts[..sample], initial),
            _ => law::fit(&rebased(&self.facts[skip..skip + sample]), self.facts[skip].start.old_heap as f64),
        };
        let Some((best, misfit)) = fitted.first().copied() else { return };
        self.history = History::new(&self.facts, best, initial);
        if fitted.len() > 1 {
            let error = self.self_error_sum(&self.history);
            if error > 0.03 {
                let immortal = History::new(&self.facts, Law::IMMORTAL, initial);
                if self.self_error_sum(&immortal) < error {
                    self.history = immortal;
                }
            }
            if n <= RIVALS_UP_TO {
                let span = self.facts.last().map_or(0.0, |fact| fact.clock as f64);
                let share = |law: &Law| law.survival_over(span);
                let best = self.history.law();
                let near = fitted.iter().filter(|(_, other)| *other <= 1.3 * misfit + 0.003);
                let rival = near.map(|(law, _)| *law).max_by(|a, b| {
                    let unlike = |law: &Law| (share(law).max(1e-6) / share(&best).max(1e-6)).ln().abs();
                    unlike(a).total_cmp(&unlike(b))
                });
                self.rival = rival.filter(|law| *law != best).map(|law| History::new(&self.facts, law, initial));
            }
        }
    }

    fn self_error_sum(&self, history: &History) -> f64 {
        let (count, copied) = self.self_replay(history);
        let n = self.facts.len() as f64;
        let recorded: u64 = self.facts.iter().map(Fact::copied).sum();
        ((count - n) / n.max(1.0)).abs().max(((copied - recorded as f64) / (recorded as f64).max(1.0)).abs())
    }

    /// Count and copied words of the recorded settings, survivors from the history alone.
    fn self_replay(&self, history: &History) -> (f64, f64) {
        let program = Program { facts: &self.facts, history, recorded: self.rules };
        let run =
            Run { rules: self.rules, max_heap: 0, rails: false, draw: 0, from: 0, to: self.facts.len().min(20_000) };
        let (mut count, mut copied) = (0.0, 0.0);
        simulate::run(&program, &run, &mut |collected| {
            count += 1.0;
            copied += collected.copied;
        });
        let scale = self.facts.len() as f64 / (run.to as f64).max(1.0);
        (count * scale, copied * scale)
    }

    /// The moment of a place on the clock.
    fn time_of(&self, clock: f64) -> i64 {
        let i = self.facts.partition_point(|fact| (fact.clock as f64) < clock);
        let Some(fact) = self.facts.get(i) else { return self.to_ns };
        let before = i.checked_sub(1).map_or(self.from_ns, |i| self.facts[i].at_ns);
        let part = if fact.allocated > 0 { 1.0 - (fact.clock as f64 - clock) / fact.allocated as f64 } else { 1.0 };
        before + (part.clamp(0.0, 1.0) * (fact.at_ns - before) as f64) as i64
    }

    fn baseline(&self, tally: &mut Tally) {
        let mut since = self.from_ns;
        let mut held = self.first_block;
        let mut peak = held;
        for fact in &self.facts {
            tally.recorded(fact);
            tally.allocated += fact.allocated as f64;
            let old_block = fact.start.old_heap_block;
            peak = peak.max(fact.start.heap_block + old_block + fact.start.mbuf).max(fact.end.held());
            tally.timeline.hold(since, fact.at_ns, held as f64);
            (since, held) = (fact.at_ns, fact.end.heap_block + fact.end.old_heap_block);
        }
        tally.timeline.hold(since, self.to_ns, held as f64);
        tally.peak += peak as f64;
        tally.traced_ns += (self.to_ns - self.from_ns).max(0) as f64;
    }

    /// Runs it, over the whole or in `windows` of so many collections, and adds it to the tally.
    pub fn run(
        &self,
        pause: &PauseLaw,
        how: &Run,
        rival: bool,
        windows: Option<(usize, usize)>,
        weight: f64,
        tally: &mut Tally,
    ) -> Ending {
        let history = self.rival.as_ref().filter(|_| rival).unwrap_or(&self.history);
        let program = Program { facts: &self.facts, history, recorded: self.rules };
        let n = self.facts.len();
        let (parts, length) = windows.unwrap_or((1, n));
        let scale = weight * n as f64 / (parts * length).max(1) as f64;
        let mut since = self.from_ns;
        let recorded_block = self.first_block == self.rules.min_heap;
        let mut held =
            if recorded_block || how.rules.min_heap > self.first_block { how.rules.min_heap } else { self.first_block };
        let mut peak = held;
        let mut ending = Ending { killed_at: None, all_on_rails: true };
        for part in 0..parts {
            let from = if parts > 1 { (n - length) * part / (parts - 1) } else { 0 };
            let how = Run { from, to: from + length, ..*how };
            let ended = simulate::run(&program, &how, &mut |collected| {
                // Where the run coincides with the recording, the pause is the recorded one.
                match collected.same_as.and_then(|i| self.facts.get(i)).filter(|_| scale == 1.0) {
                    Some(fact) => tally.recorded(fact),
                    None => tally.simulated(collected, pause, scale),
                }
                peak = peak.max(collected.held_before).max(collected.held_after);
                let at = self.time_of(collected.clock);
                tally.timeline.hold(since, at, weight * held as f64);
                (since, held) = (at.max(since), collected.held_after);
            });
            ending.all_on_rails &= ended.all_on_rails;
            if ended.killed_at.is_some() {
                ending.killed_at = ended.killed_at;
                break;
            }
        }
        let end = ending.killed_at.map_or(self.to_ns, |clock| self.time_of(clock));
        tally.timeline.hold(since, end, weight * held as f64);
        tally.peak += weight * peak as f64;
        ending
    }

    /// The moment of a place on the clock, as seconds after the beginning of its trace.
    pub fn seconds_at(&self, clock: f64) -> f64 {
        (self.time_of(clock) - self.from_ns) as f64 / 1e9
    }
}

/// The same collections with a clock that begins before the first of them.
fn rebased(facts: &[Fact]) -> Vec<Fact> {
    let begin = facts.first().map_or(0, |first| first.clock - first.allocated);
    let binaries = facts.first().map_or(0, |first| first.binaries);
    let moved =
        |fact: &Fact| Fact { clock: fact.clock - begin, binaries: fact.binaries.saturating_sub(binaries), ..*fact };
    facts.iter().map(moved).collect()
}

impl Component {
    /// Fits everything to one component's heaps.
    pub fn new(data: &ComponentData, otp_release: Option<u32>) -> Self {
        let mut score = ReplayScore::default();
        let mut heaps: Vec<Heap> = data.heaps.iter().map(|heap| Heap::new(heap, otp_release, &mut score)).collect();
        heaps.sort_by_key(|heap| std::cmp::Reverse(heap.facts.len()));
        let mut budget = FITTED_OF_ALL;
        let mut last_law = Law::IMMORTAL;
        for heap in &mut heaps {
            if budget > 0 {
                heap.fit(&mut budget);
                last_law = heap.history.law();
            } else {
                // One of many: the law of the larger ones.
                let law = if heap.facts.len() < 20 { Law::IMMORTAL } else { last_law };
                heap.history = History::new(&heap.facts, law, heap.initial());
            }
        }
        let all = heaps.iter().flat_map(|heap| &heap.facts);
        let pause = PauseLaw::fit(all.clone());
        let from = heaps.iter().map(|heap| heap.from_ns).min().unwrap_or(0);
        let to = heaps.iter().map(|heap| heap.to_ns).max().unwrap_or(0);
        let mut baseline = Tally::new(from, to);
        heaps.iter().for_each(|heap| heap.baseline(&mut baseline));
        let total = all.clone().count().max(1) as f64;
        // Short lives are all beginnings, and small heaps are mostly stack.
        let long = heaps.iter().filter(|heap| heap.facts.len() >= 20).flat_map(|heap| &heap.facts);
        let deep = long.filter(|fact| 4 * fact.start.stack > fact.start.heap_block).count() as f64 / total;
        let (mut count, mut copied) = (0.0, 0.0);
        for heap in &heaps {
            let (c, w) = heap.self_replay(&heap.history);
            count += c;
            copied += w;
        }
        let off = |ours: f64, real: f64| ((ours - real) / real.max(1.0)).abs();
        let self_error = (off(count, baseline.count()), off(copied, baseline.copied));
        let hibernations = all.filter(|fact| fact.after_hibernation).count();
        Self { id: data.id.clone(), heaps, pause, baseline, replay: score, self_error, deep_stacks: deep, hibernations }
    }
}
