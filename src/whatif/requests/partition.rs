//! One process' work divided by key among several: each partition serves its own keys one after the other.

use std::collections::HashMap;

use crate::analysis::stats::random::mix;
use crate::analysis::stats::{bootstrap, quantile};
use crate::model::unit::Unit;
use crate::whatif::knob::ModelId;
use crate::whatif::prediction::{Band, Confidence, Grade, Level, Part};

use super::Input;
use super::measure::{self, Outcomes, SelfReplay};
use super::queue::{cap, recorded_waits};
use super::recorded::Service;
use super::replay::{REJECTED, Replayed, Rules};
use super::trace::{Job, Trace};

/// How the runtime hashes is not known: so many other ways stand for it.
const SALTS: usize = 50;
/// All replays together look at so many requests at most, but five replays are made in any case.
const REQUESTS: usize = 6_000_000;
const FEWEST_SALTS: usize = 5;

/// The answer; `None` when cancelled.
pub(super) fn predict(input: &Input) -> Option<Part> {
    let trace = &input.trace;
    let refused = |confidence| Some(measure::empty_part(&input.component.id, ModelId::Partition, confidence));
    if let Some(refusal) = super::refusal(trace) {
        return refused(refusal);
    }
    let count = input.chosen.partitions.unwrap_or(input.recorded.workers).max(1);
    if !trace.is_keyed {
        return Some(without_keys(input, count));
    }
    let rules =
        Rules { workers: 1, limit: input.chosen.limit.unwrap_or(input.recorded.limit), ..input.recorded.rules() };
    let parts_before = input.recorded.workers;
    let own = as_recorded(trace, parts_before, &rules, input.cancelled)?;
    let waits = recorded_waits(trace);
    let resolution_ns = super::resolution_ns(trace, &input.recorded);
    let metrics = [("wait_us.p50", 0.5), ("wait_us.p90", 0.9), ("wait_us.p99", 0.99)];
    let self_replay = SelfReplay::compare(&metrics, &waits, &own.wait_ns, resolution_ns, input.effort);
    let is_same = count == parts_before && input.chosen.load == 1.0 && !input.is_changed;
    let computes = processor_limit(input, count);
    let grade = match (is_same, &computes) {
        (true, _) => Grade::Measured,
        (false, Some(_)) => Grade::Bound,
        (false, None) if input.chosen.load > 2.0 => Grade::Bound,
        (false, None) => Grade::Replayed,
    };
    let confidence = self_replay.confidence(grade, 0.0);
    if confidence.grade == Grade::Refused {
        return refused(confidence);
    }
    let scaled;
    let jobs = if input.chosen.load == 1.0 {
        &input.jobs
    } else {
        scaled = Trace { jobs: input.jobs.clone(), ..trace.clone() }.scaled(input.chosen.load);
        &scaled
    };
    let salts = (REQUESTS / jobs.len().max(1) / if rules.clients.is_some() { 5 } else { 1 }).clamp(FEWEST_SALTS, SALTS);
    let salts = if input.effort == crate::whatif::prediction::Effort::Coarse { salts.min(8) } else { salts };
    let mut runs = Vec::with_capacity(salts);
    for salt in 0..salts as u64 {
        let seat = |job: &Job| (mix(job.key ^ mix(salt + 1)) % count as u64) as usize;
        runs.push(replay(jobs, count, &seat, &rules, input.cancelled)?);
    }
    let mut outcomes = Outcomes::new(measure::empty_part(&input.component.id, ModelId::Partition, confidence));
    figures(input, &mut outcomes, jobs, &runs, count, &rules, &self_replay);
    if let Some((cores_ceiling, note)) = computes {
        outcomes.note(note);
        for outcome in outcomes.part.outcomes.iter_mut().filter(|outcome| outcome.metric == "throughput_per_s") {
            outcome.predicted.high = outcome.predicted.high.min(cores_ceiling);
            outcome.predicted.value = outcome.predicted.value.min(cores_ceiling);
        }
        outcomes.make_bounds();
    }
    Some(outcomes.part)
}

/// Which partition a request would go to is unknown: at best the work falls into equal parts.
fn without_keys(input: &Input, count: usize) -> Part {
    let confidence = Confidence {
        grade: Grade::Bound,
        level: Some(Level::Low),
        self_replay_error: Vec::new(),
        reason: Some(String::from("Not every request has a key, so which partition it would go to is unknown.")),
        needs: Some(String::from("A request log with the column key or key_hash.")),
    };
    let mut outcomes = Outcomes::new(measure::empty_part(&input.component.id, ModelId::Partition, confidence));
    let served = (input.trace.jobs.len() - input.trace.rejected()) as f64;
    let rate = served / (input.trace.span_ns.max(1) as f64 / 1e9);
    let most = rate * amdahl(0.0, 1.0 / count as f64) / input.recorded.workers as f64;
    outcomes.add("throughput_per_s", Unit::COUNT_PER_S, Some(rate), Band::exact(most));
    outcomes.note(format!("{count} partitions are at most {count} times one."));
    outcomes.make_bounds();
    outcomes.part
}

/// The throughput that the cores allow, where service computes or may do so.
fn processor_limit(input: &Input, count: usize) -> Option<(f64, String)> {
    let cores = input.cores.unwrap_or(1.0);
    let mean_s = input.trace.work_ns() / input.trace.jobs.len().max(1) as f64 / 1e9;
    let most = (count as f64).min(cores) / mean_s.max(1e-12);
    match input.recorded.service {
        Service::Waiting => None,
        Service::Computing { .. } => Some((
            most,
            format!(
                "Service computes, so {count} partitions share {cores} cores, and what a request costs changes with them: only a limit can be told."
            ),
        )),
        Service::Unknown if count as f64 > cores => Some((
            most,
            format!(
                "The recording can't tell whether service computes; if it does, {cores} cores are the limit. Record processor time with the requests to know."
            ),
        )),
        Service::Unknown => None,
    }
}

/// The recording's own partitions: by the workers that served, where they are named.
fn as_recorded(trace: &Trace, parts: usize, rules: &Rules, cancelled: &dyn Fn() -> bool) -> Option<Replayed> {
    let seats: Option<HashMap<u64, u32>> = trace.workers.as_ref().map(|workers| {
        trace
            .jobs
            .iter()
            .zip(workers)
            .filter(|(_, worker)| **worker != u32::MAX)
            .map(|(job, worker)| (job.key, *worker))
            .collect()
    });
    match seats {
        Some(seats) if parts > 1 => {
            let mut names: Vec<u32> = seats.values().copied().collect();
            names.sort_unstable();
            names.dedup();
            let number = |worker: &u32| names.binary_search(worker).unwrap_or(0);
            let seat = |job: &Job| seats.get(&job.key).map_or(0, number);
            replay(&trace.jobs, names.len().max(1), &seat, rules, cancelled)
        }
        _ => replay(&trace.jobs, parts, &|job| (mix(job.key) % parts as u64) as usize, rules, cancelled),
    }
}

fn replay(
    jobs: &[Job],
    count: usize,
    seat: &dyn Fn(&Job) -> usize,
    rules: &Rules,
    cancelled: &dyn Fn() -> bool,
) -> Option<Replayed> {
    match &rules.clients {
        Some(clients) => closed(jobs, count, seat, rules, clients, cancelled),
        None => open(jobs, count, seat, rules, cancelled),
    }
}

/// Arrivals do not react: each partition is a queue of its own (Lindley 1952).
fn open(
    jobs: &[Job],
    count: usize,
    seat: &dyn Fn(&Job) -> usize,
    rules: &Rules,
    cancelled: &dyn Fn() -> bool,
) -> Option<Replayed> {
    let mut result =
        Replayed { wait_ns: vec![REJECTED; jobs.len()], sojourn_ns: vec![REJECTED; jobs.len()], ..Replayed::default() };
    let mut free = vec![i64::MIN / 2; count];
    let mut starts = vec![std::collections::VecDeque::new(); if rules.limit.is_some() { count } else { 0 }];
    for (number, job) in jobs.iter().enumerate() {
        if number % 65_536 == 0 && cancelled() {
            return None;
        }
        let seat = seat(job);
        let start = (job.arrival_ns + rules.handover_ns).max(free[seat] + rules.gap_ns);
        if let (Some(limit), Some(starts)) = (rules.limit, starts.get_mut(seat)) {
            while starts.front().is_some_and(|start| *start <= job.arrival_ns) {
                starts.pop_front();
            }
            if starts.len() >= limit && free[seat] > job.arrival_ns {
                continue;
            }
            starts.push_back(start);
        }
        let end = start + job.service_ns;
        free[seat] = end;
        result.wait_ns[number] = start - job.arrival_ns;
        result.sojourn_ns[number] = end - job.arrival_ns;
        result.busy_ns += job.service_ns as f64;
        result.end_ns = result.end_ns.max(end);
    }
    Some(result)
}

/// Clients that wait: each takes the next request of the recording, and throughput follows.
fn closed(
    jobs: &[Job],
    count: usize,
    seat: &dyn Fn(&Job) -> usize,
    rules: &Rules,
    clients: &super::replay::Clients,
    cancelled: &dyn Fn() -> bool,
) -> Option<Replayed> {
    use std::cmp::Reverse;
    let mut result =
        Replayed { wait_ns: vec![REJECTED; jobs.len()], sojourn_ns: vec![REJECTED; jobs.len()], ..Replayed::default() };
    let mut free = vec![i64::MIN / 2; count];
    let mut ready: std::collections::BinaryHeap<Reverse<i64>> =
        clients.first_ns.iter().map(|at| Reverse(*at)).collect();
    for (number, job) in jobs.iter().enumerate() {
        if number % 65_536 == 0 && cancelled() {
            return None;
        }
        let Some(Reverse(at)) = ready.pop() else { break };
        let seat = seat(job);
        let start = (at + rules.handover_ns).max(free[seat] + rules.gap_ns);
        let end = start + job.service_ns;
        free[seat] = end;
        result.wait_ns[number] = start - at;
        result.sojourn_ns[number] = end - at;
        result.busy_ns += job.service_ns as f64;
        result.end_ns = result.end_ns.max(end);
        ready.push(Reverse(end + clients.think_ns.get(number).copied().unwrap_or(0)));
    }
    Some(result)
}

fn figures(
    input: &Input,
    outcomes: &mut Outcomes,
    jobs: &[Job],
    runs: &[Replayed],
    count: usize,
    rules: &Rules,
    self_replay: &SelfReplay,
) {
    let trace = &input.trace;
    let waits = recorded_waits(trace);
    let doubt = self_replay.doubt;
    let enough = jobs.len() >= measure::FEWEST_FOR_P99;
    let qs = if enough { &[0.5, 0.9, 0.99][..] } else { &[0.5, 0.9][..] };
    let names = ["wait_us.p50", "wait_us.p90", "wait_us.p99"];
    let found: Vec<Vec<f64>> = runs.iter().map(|run| measure::quantiles(&run.wait_ns, qs)).collect();
    let before = measure::quantiles(&waits, qs);
    // The sampling error of one way of hashing, on top of the spread over the ways.
    let middle_run = runs.len() / 2;
    let ns = measure::Doubt { resolution: doubt.resolution * 1e3, ..doubt };
    let sampled = measure::banded_quantiles(&runs[middle_run].wait_ns, qs, ns);
    for (at, (name, before)) in names.into_iter().zip(before).enumerate() {
        let values: Vec<f64> = found.iter().filter_map(|run| run.get(at).copied()).collect();
        let Some(sampled) = sampled.get(at) else { continue };
        outcomes.add_time(name, Some(before), over_salts(values, *sampled));
    }
    let served = |run: &Replayed| run.wait_ns.iter().filter(|wait| **wait != REJECTED).count() as f64;
    let span_s = |run: &Replayed| {
        if rules.clients.is_some() { run.end_ns as f64 / 1e9 } else { (trace.span_ns.max(run.end_ns)) as f64 / 1e9 }
    };
    let rates: Vec<f64> = runs.iter().map(|run| served(run) / span_s(run).max(1e-9)).collect();
    let noise = doubt.model.max(0.01);
    let rate = quantile::median(&rates).unwrap_or(0.0);
    let rate = over_salts(rates, Band { value: rate, low: rate * (1.0 - noise), high: rate * (1.0 + noise) });
    let before = waits.iter().filter(|wait| **wait != REJECTED).count() as f64;
    let whole_s = trace.services().iter().map(|(_, end)| *end).max().unwrap_or(0).max(trace.span_ns) as f64 / 1e9;
    outcomes.add("throughput_per_s", Unit::COUNT_PER_S, Some(before / whole_s), rate);
    let hottest: Vec<f64> = hottest_shares(jobs, count, runs.len());
    let hot = quantile::median(&hottest).unwrap_or(1.0);
    let offered = jobs.iter().map(|job| job.service_ns as f64).sum::<f64>() / trace.span_ns.max(1) as f64;
    let used = cap(over_salts(hottest.iter().map(|share| share * offered).collect(), Band::exact(hot * offered)));
    outcomes.add("utilization", Unit::RATIO, Some((offered / input.recorded.workers as f64).min(1.0)), used);
    let lost: Vec<f64> = runs.iter().map(|run| 1.0 - served(run) / jobs.len().max(1) as f64).collect();
    let middle = quantile::median(&lost).unwrap_or(0.0);
    outcomes.add(
        "rejected_share",
        Unit::RATIO,
        Some(trace.rejected() as f64 / trace.jobs.len() as f64),
        over_salts(lost, Band::exact(middle)),
    );
    let (key_share, keys) = heaviest_key(jobs);
    outcomes.note(format!(
        "Utilization is that of the hottest partition, which does {:.0} % of the work; so {count} partitions are at most {:.2} times one.",
        hot * 100.0,
        1.0 / hot
    ));
    outcomes.note(format!("The heaviest of {keys} keys makes {:.1} % of the work: no number of partitions gives more than {:.1} times one.", key_share * 100.0, 1.0 / key_share.max(1e-9)));
    outcomes.note(format!("How the runtime hashes is not known: the bands span {} ways.", runs.len()));
}

/// The median over ways of hashing; the band spans their middle and the sampling error of one.
fn over_salts(mut values: Vec<f64>, sampled: Band) -> Band {
    let Some(value) = quantile::of(&mut values, 0.5) else { return sampled };
    let (low, high) = bootstrap::middle(&mut values, 0.8).unwrap_or((value, value));
    let (down, up) = ((sampled.value - sampled.low).max(0.0), (sampled.high - sampled.value).max(0.0));
    Band { value, low: (value - (value - low).hypot(down)).max(0.0), high: value + (high - value).hypot(up) }
}

fn work_by_key(jobs: &[Job]) -> HashMap<u64, f64> {
    let mut work: HashMap<u64, f64> = HashMap::new();
    jobs.iter().for_each(|job| *work.entry(job.key).or_default() += job.service_ns as f64);
    work
}

fn heaviest_key(jobs: &[Job]) -> (f64, usize) {
    let work = work_by_key(jobs);
    let total: f64 = work.values().sum();
    (work.values().copied().fold(0.0, f64::max) / total.max(1.0), work.len())
}

/// The share of all work that the hottest partition does, for each way of hashing.
fn hottest_shares(jobs: &[Job], count: usize, salts: usize) -> Vec<f64> {
    let work = work_by_key(jobs);
    let total: f64 = work.values().sum();
    let share = |salt: u64| {
        let mut loads = vec![0.0; count];
        work.iter().for_each(|(key, work)| loads[(mix(key ^ mix(salt + 1)) % count as u64) as usize] += work);
        loads.into_iter().fold(0.0, f64::max) / total.max(1.0)
    };
    (0..salts as u64).map(share).collect()
}

/// The most that `partitions` give where a share `cross` of the work touches all of them (Amdahl 1967), and the hottest does `hottest`.
fn amdahl(cross: f64, hottest: f64) -> f64 {
    1.0 / (cross + (1.0 - cross) * hottest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::random::Random;
    use crate::whatif::requests::synthetic;

    #[test]
    fn one_partition_is_one_worker() {
        let jobs = synthetic::jobs(5000, 1.0, 0.8, 5);
        let one = open(&jobs, 1, &|_| 0, &Rules::workers(1), &|| false).unwrap();
        let queue = super::super::replay::replay(&jobs, &Rules::workers(1), &|| false).unwrap();
        assert_eq!(one.wait_ns, queue.wait_ns);
        let limited = Rules { limit: Some(3), ..Rules::workers(1) };
        let one = open(&jobs, 1, &|_| 0, &limited, &|| false).unwrap();
        let queue = super::super::replay::replay(&jobs, &limited, &|| false).unwrap();
        assert_eq!(one.wait_ns, queue.wait_ns);
    }

    #[test]
    fn the_hottest_key_sets_the_ceiling() {
        let mut random = Random::new(6);
        let jobs: Vec<Job> = (0..20_000)
            .map(|at| Job {
                arrival_ns: at,
                service_ns: 1000,
                key: if random.unit() < 0.5 { 1 } else { 2 + random.below(500) as u64 },
            })
            .collect();
        let (share, keys) = heaviest_key(&jobs);
        assert!((share - 0.5).abs() < 0.02 && keys == 501, "{share} {keys}");
        assert!(hottest_shares(&jobs, 8, 20).iter().all(|hot| *hot >= share));
        assert!((amdahl(0.0, 0.25) - 4.0).abs() < 1e-12);
        assert!((amdahl(0.1, 0.25) - 1.0 / 0.325).abs() < 1e-12);
    }
}
