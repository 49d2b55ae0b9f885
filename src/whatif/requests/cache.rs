//! A cache: which of the recorded accesses would have been answered from it.
//!
//! Stack distances (Mattson, Gecsei, Slutz & Traiger 1970) give the hits of every size of an LRU cache in one pass, O(n log n) with a tree
//! of counts (Fenwick 1994). Lifetimes and writes make sizes differ in what they forget, so these are simulated directly.

use std::collections::HashMap;

use crate::analysis::stats::quantile;
use crate::model::request::Request;
use crate::model::unit::Unit;
use crate::whatif::knob::ModelId;
use crate::whatif::prediction::{Confidence, Effort, Grade, Level, Part};

use super::Input;
use super::measure::{self, Doubt, Outcomes};
use super::queue::cap;
use super::trace::{Job, Trace};

/// Operations that make what is kept about a key worthless.
const WRITES: [&str; 9] = ["write", "put", "insert", "update", "delete", "set", "post", "patch", "remove"];
/// What a hit costs where none was recorded.
const ASSUMED_HIT_NS: i64 = 0;

/// What one access is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Access {
    at_ns: i64,
    key: u64,
    is_write: bool,
}

/// A cache's answer and what it does to the services.
pub(super) struct Cached {
    /// The figures.
    pub part: Part,
    /// The jobs with what hits cost; `None` where the cache itself has no answer.
    pub jobs: Option<Vec<Job>>,
}

/// Asks the cache; `None` when cancelled.
pub(super) fn predict(input: &Input) -> Option<Cached> {
    let refused = |reason: String, needs: &str| {
        let confidence = Confidence::refused(reason, Some(needs.to_owned()));
        Some(Cached { part: measure::empty_part(&input.component.id, ModelId::Cache, confidence), jobs: None })
    };
    let trace = &input.trace;
    if !trace.is_keyed {
        return refused(
            String::from("Not every request has a key: what was asked before is unknown."),
            "A request log with the column key or key_hash.",
        );
    }
    if trace.jobs.len() < measure::FEWEST {
        return refused(format!("Only {} accesses were recorded.", trace.jobs.len()), "A longer recording.");
    }
    let accesses = accesses(&input.component.requests, trace, input.effort);
    let capacity = input.chosen.cache_entries.unwrap_or(usize::MAX);
    let ttl_ns = input.chosen.cache_ttl_s.map_or(i64::MAX, |seconds| (seconds.min(9e9) * 1e9) as i64);
    let has_writes = accesses.iter().any(|access| access.is_write);
    let hits = if ttl_ns == i64::MAX && !has_writes {
        let distances = stack_distances(&accesses, input.cancelled)?;
        distances.into_iter().map(|distance| distance.is_some_and(|distance| distance <= capacity)).collect()
    } else {
        simulate(&accesses, capacity, ttl_ns, input.cancelled)?
    };
    // While a slider moves the stretches begin with an empty cache: the first half only fills it.
    let counted_from = if input.effort == Effort::Coarse && input.thinning > 1.0 { accesses.len() / 2 } else { 0 };
    let reads = || accesses.iter().zip(&hits).skip(counted_from).filter(|(access, _)| !access.is_write);
    let share_of = |hit: bool| f64::from(u8::from(hit));
    let doubt = Doubt { model: 0.005, resolution: 0.001, effort: input.effort };
    let mut share = measure::banded_mean(reads().map(|(_, hit)| share_of(*hit)), doubt);
    let distinct = {
        let mut keys: Vec<u64> = accesses.iter().map(|access| access.key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len()
    };
    let recorded = recorded_hits(&input.component.requests, input.effort);
    let is_cold = accesses.len() < 10 * distinct && capacity > distinct / 2;
    let mut notes = Vec::new();
    if is_cold {
        // First accesses would have been hits in a cache that was warm already.
        let read_count = reads().count().max(1) as f64;
        let warm = (share.value + distinct as f64 / read_count).min(1.0);
        share.high = share.high.max(warm);
        notes.push(format!(
            "Keys come back {:.1} times on average, so first accesses count for much: the band reaches from a cache that starts empty to one that is warm.",
            accesses.len() as f64 / distinct as f64
        ));
    }
    let stampedes = stampedes(trace, &hits);
    if stampedes > 0.05 {
        share.low = (share.low - stampedes).max(0.0);
        notes.push(format!("{:.0} % of the misses come while the same key is being fetched already: without merging them the share is lower.", stampedes * 100.0));
    }
    let level = if is_cold || stampedes > 0.05 { Level::Medium } else { Level::High };
    let confidence = Confidence {
        grade: Grade::Replayed,
        level: Some(level),
        self_replay_error: Vec::new(),
        reason: notes.first().cloned(),
        needs: None,
    };
    let mut outcomes = Outcomes::new(measure::empty_part(&input.component.id, ModelId::Cache, confidence));
    outcomes.part.notes = notes;
    outcomes.add("hit_share", Unit::RATIO, recorded.as_ref().map(|(share, _)| *share), cap(share));
    if let Some(bytes) = bytes_of_a_row(input) {
        let held = capacity.min(distinct) as f64 * bytes;
        outcomes.add("memory.peak_bytes", Unit::BYTES, None, crate::whatif::prediction::Band::exact(held));
    } else {
        outcomes.note("How large an answer is was not recorded, so the memory of the cache is not told.");
    }
    let hit_ns = match recorded {
        Some((_, hit_ns)) => hit_ns,
        None => {
            outcomes.note("No hit was recorded: waits are told as if a hit cost nothing, which is their lower limit.");
            ASSUMED_HIT_NS
        }
    };
    let cost = |(job, hit): (&Job, &bool)| Job { service_ns: if *hit { hit_ns } else { job.service_ns }, ..*job };
    let jobs = trace.jobs.iter().zip(&hits).map(cost).collect();
    Some(Cached { part: outcomes.part, jobs: Some(jobs) })
}

/// Whether hits were recorded, so that waits need no assumption.
pub(super) fn knows_hits(input: &Input) -> bool {
    recorded_hits(&input.component.requests, input.effort).is_some()
}

/// The recorded share of hits, and what one costs.
fn recorded_hits(requests: &[Request], effort: Effort) -> Option<(f64, i64)> {
    let known: Vec<&Request> =
        super::trace::chosen(requests, effort).filter(|request| request.reused.is_some()).collect();
    let hits = known.iter().filter(|request| request.reused == Some(true));
    let mut costs: Vec<i64> = hits.filter_map(|request| i64::try_from(request.service_ns?).ok()).collect();
    let share = costs.len() as f64 / known.len().max(1) as f64;
    Some((share, quantile::of_whole(&mut costs, 0.5)?))
}

/// Bytes per row, where the component has one table.
fn bytes_of_a_row(input: &Input) -> Option<f64> {
    let [table] = input.component.tables.as_slice() else { return None };
    let (_, rows, bytes) = table.sizes.last()?;
    (*rows > 0.0).then(|| bytes / rows)
}

fn accesses(requests: &[Request], trace: &Trace, effort: Effort) -> Vec<Access> {
    let is_write = |request: &Request| {
        request
            .operation
            .as_deref()
            .is_some_and(|operation| WRITES.iter().any(|write| operation.eq_ignore_ascii_case(write)))
    };
    let writes = super::trace::chosen(requests, effort).map(is_write);
    let access = |(job, is_write): (&Job, bool)| Access { at_ns: job.arrival_ns, key: job.key, is_write };
    trace.jobs.iter().zip(writes).map(access).collect()
}

/// The share of misses of a key that another request is fetching at that moment.
fn stampedes(trace: &Trace, hits: &[bool]) -> f64 {
    let mut fetched: HashMap<u64, i64> = HashMap::new();
    let (mut misses, mut merged) = (0_usize, 0_usize);
    for (job, hit) in trace.jobs.iter().zip(hits) {
        let until = fetched.entry(job.key).or_insert(i64::MIN);
        let is_fetched = *until > job.arrival_ns;
        if !hit {
            misses += 1;
            *until = (*until).max(job.arrival_ns + job.service_ns);
        } else if is_fetched {
            // A hit only because the replay fills at once.
            merged += 1;
        }
    }
    merged as f64 / (misses + merged).max(1) as f64
}

/// How many distinct keys were asked for since the last time, itself included: the smallest cache that hits. `None` of first accesses.
fn stack_distances(accesses: &[Access], cancelled: &dyn Fn() -> bool) -> Option<Vec<Option<usize>>> {
    let mut last: HashMap<u64, usize> = HashMap::new();
    let mut newest = Fenwick::new(accesses.len());
    let mut distances = Vec::with_capacity(accesses.len());
    for (at, access) in accesses.iter().enumerate() {
        if at % 65_536 == 0 && cancelled() {
            return None;
        }
        let distance = last.insert(access.key, at).map(|before| {
            let distance = newest.up_to(at) - newest.up_to(before);
            newest.add(before, -1);
            (distance + 1) as usize
        });
        newest.add(at, 1);
        distances.push(distance);
    }
    Some(distances)
}

/// Counts with sums of beginnings in logarithmic time.
struct Fenwick(Vec<i32>);

impl Fenwick {
    fn new(length: usize) -> Self {
        Self(vec![0; length + 1])
    }

    fn add(&mut self, at: usize, change: i32) {
        let mut at = at + 1;
        while at < self.0.len() {
            self.0[at] += change;
            at += at & at.wrapping_neg();
        }
    }

    /// The sum of places 0 to `at`, both included.
    fn up_to(&self, at: usize) -> i32 {
        let (mut at, mut sum) = ((at + 1).min(self.0.len() - 1), 0);
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}

/// A cache as it would run: least recently used goes first, entries live so long from their filling, writes remove.
fn simulate(accesses: &[Access], capacity: usize, ttl_ns: i64, cancelled: &dyn Fn() -> bool) -> Option<Vec<bool>> {
    let mut entries: HashMap<u64, (i64, usize)> = HashMap::new();
    // Uses in order; those that are not a key's last are skipped when something has to go.
    let mut uses: std::collections::VecDeque<(u64, usize)> = std::collections::VecDeque::new();
    let mut hits = Vec::with_capacity(accesses.len());
    for (at, access) in accesses.iter().enumerate() {
        if at % 65_536 == 0 && cancelled() {
            return None;
        }
        if access.is_write {
            entries.remove(&access.key);
            hits.push(false);
            continue;
        }
        let hit = match entries.get_mut(&access.key) {
            Some((filled_ns, used)) => {
                let is_fresh = access.at_ns - *filled_ns <= ttl_ns;
                if !is_fresh {
                    *filled_ns = access.at_ns;
                }
                *used = at;
                is_fresh
            }
            None => {
                if capacity > 0 {
                    entries.insert(access.key, (access.at_ns, at));
                }
                false
            }
        };
        hits.push(hit);
        if capacity > 0 {
            uses.push_back((access.key, at));
        }
        while entries.len() > capacity {
            let Some((key, used)) = uses.pop_front() else { break };
            if entries.get(&key).is_some_and(|(_, last)| *last == used) {
                entries.remove(&key);
            }
        }
    }
    Some(hits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::random::Random;

    fn skewed(count: usize, seed: u64) -> Vec<Access> {
        let mut random = Random::new(seed);
        let key = |random: &mut Random| (random.unit().powi(3) * 300.0) as u64;
        (0..count).map(|at| Access { at_ns: at as i64 * 1000, key: key(&mut random), is_write: false }).collect()
    }

    /// The plainest possible cache.
    fn plain(accesses: &[Access], capacity: usize) -> Vec<bool> {
        let mut list: Vec<u64> = Vec::new();
        let hit = |access: &Access| {
            let found = list.iter().position(|key| *key == access.key);
            if let Some(at) = found {
                list.remove(at);
            }
            list.insert(0, access.key);
            list.truncate(capacity);
            found.is_some()
        };
        accesses.iter().map(hit).collect()
    }

    #[test]
    fn every_size_has_exactly_the_hits_of_a_real_cache() {
        let accesses = skewed(4000, 12);
        let distances = stack_distances(&accesses, &|| false).unwrap();
        for capacity in [0, 1, 2, 7, 50, 150, 299, 1000] {
            let by_distance: Vec<bool> =
                distances.iter().map(|distance| distance.is_some_and(|d| d <= capacity)).collect();
            assert_eq!(by_distance, plain(&accesses, capacity), "{capacity} by distance");
            assert_eq!(
                simulate(&accesses, capacity, i64::MAX, &|| false).unwrap(),
                plain(&accesses, capacity),
                "{capacity} simulated"
            );
        }
    }

    #[test]
    fn old_answers_and_written_keys_are_no_hits() {
        let access = |at_ns, is_write| Access { at_ns, key: 1, is_write };
        let accesses = [
            access(0, false),
            access(5, false),
            access(11, false),
            access(12, false),
            access(13, true),
            access(14, false),
        ];
        assert_eq!(simulate(&accesses, 10, 10, &|| false).unwrap(), [false, true, false, true, false, false]);
    }

    /// A key that is read r times and written v times a second is a hit with probability r / (r + v).
    #[test]
    fn reads_between_writes_are_hits() {
        let mut random = Random::new(13);
        let accesses: Vec<Access> =
            (0..50_000).map(|at| Access { at_ns: at, key: 1, is_write: random.unit() < 0.25 }).collect();
        let hits = simulate(&accesses, 1, i64::MAX, &|| false).unwrap();
        let reads = accesses.iter().filter(|access| !access.is_write).count() as f64;
        let share = hits.iter().filter(|hit| **hit).count() as f64 / reads;
        assert!((share - 0.75).abs() < 0.01, "{share}");
    }
}
