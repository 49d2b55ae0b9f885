//! A balancer with thresholds: requests go to the least busy worker below the first one; when all are above the second they wait in one queue.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::model::unit::Unit;
use crate::whatif::knob::ModelId;
use crate::whatif::prediction::{Band, Confidence, Grade, Part};

use super::Input;
use super::measure::{self, Outcomes, SelfReplay};
use super::queue::{cap, recorded_waits};
use super::replay::{REJECTED, Rules, replay};
use super::trace::{Job, Trace};

/// How fast the balancer's picture of a worker follows it. Nobody records it, so a usual one is taken, and said.
const SMOOTHING_NS: f64 = 5e7;
/// How often waiting requests are looked at again.
const PERIOD_NS: i64 = 50_000_000;

/// The answer; `None` when cancelled.
pub(super) fn predict(input: &Input) -> Option<Part> {
    let trace = &input.trace;
    let refused = |confidence| Some(measure::empty_part(&input.component.id, ModelId::Balance, confidence));
    if let Some(refusal) = super::refusal(trace) {
        return refused(refusal);
    }
    if trace.workers.is_none() {
        let reason = "The log does not name who served each request, so how busy each was is unknown.";
        return refused(Confidence::refused(reason, Some(String::from("A request log with the column worker."))));
    }
    let (route, queue) = (input.chosen.route_below.unwrap_or(100.0), input.chosen.queue_above.unwrap_or(100.0));
    if route > queue {
        let reason = format!(
            "Routing below {route} % and queueing above {queue} % contradict each other: the first must not exceed the second."
        );
        return refused(Confidence::refused(reason, None));
    }
    let own = replay(&trace.jobs, &input.recorded.rules(), input.cancelled)?;
    let waits = recorded_waits(trace);
    let metrics = [("wait_us.p50", 0.5), ("wait_us.p90", 0.9)];
    let resolution_ns = super::resolution_ns(trace, &input.recorded);
    let self_replay = SelfReplay::compare(&metrics, &waits, &own.wait_ns, resolution_ns, input.effort);
    let workers = input.chosen.workers.unwrap_or(input.recorded.workers);
    let grade = if input.chosen.load > 2.0 || input.recorded.rules().cores.is_finite() {
        Grade::Bound
    } else {
        Grade::Replayed
    };
    let confidence = self_replay.confidence(grade, 0.0);
    if confidence.grade == Grade::Refused {
        return refused(confidence);
    }
    let jobs = Trace { jobs: input.jobs.clone(), ..trace.clone() }.scaled(input.chosen.load);
    let thresholds = Thresholds { route: route / 100.0, queue: queue / 100.0 };
    let (wait_ns, busy_ns) = balance(&jobs, workers, thresholds, &input.recorded.rules(), input.cancelled)?;
    let mut outcomes = Outcomes::new(measure::empty_part(&input.component.id, ModelId::Balance, confidence));
    let qs = [0.5, 0.9, 0.99];
    let ns = measure::Doubt { resolution: self_replay.doubt.resolution * 1e3, ..self_replay.doubt };
    let before = measure::quantiles(&waits, &qs);
    let bands = measure::banded_quantiles(&wait_ns, &qs, ns);
    let take = if jobs.len() >= measure::FEWEST_FOR_P99 { 3 } else { 2 };
    for ((name, before), band) in
        ["wait_us.p50", "wait_us.p90", "wait_us.p99"].into_iter().zip(before).zip(bands).take(take)
    {
        outcomes.add_time(name, Some(before), band);
    }
    let span = trace.span_ns.max(1) as f64;
    let used: Vec<f64> = busy_ns.iter().map(|busy| (busy / span).min(1.0)).collect();
    let mean = used.iter().sum::<f64>() / used.len() as f64;
    outcomes.add(
        "utilization",
        Unit::RATIO,
        Some((trace.work_ns() / span / input.recorded.workers as f64).min(1.0)),
        cap(Band::exact(mean)),
    );
    outcomes.add("balance.fairness", Unit::RATIO, None, Band::exact(fairness(&used)));
    let arrivals: Vec<i64> = jobs.iter().map(|job| job.arrival_ns).collect();
    outcomes.part.curves.push(measure::wait_curve(trace, &waits, &arrivals, &wait_ns));
    outcomes.note("Of workers below the threshold the one with the fewest requests gets the next; when none is, that of those below the queueing threshold.");
    outcomes.note(format!(
        "How busy a worker seems follows it with a time constant of {} s: assumed, not recorded.",
        SMOOTHING_NS / 1e9
    ));
    if grade == Grade::Bound {
        outcomes.make_bounds();
    }
    Some(outcomes.part)
}

#[derive(Clone, Copy)]
struct Thresholds {
    route: f64,
    queue: f64,
}

/// Jain's index (1984): 1 when all are equally busy, 1/n when one does everything.
fn fairness(used: &[f64]) -> f64 {
    let (sum, squares) = used.iter().fold((0.0, 0.0), |(sum, squares), used| (sum + used, squares + used * used));
    if squares > 0.0 { sum * sum / (used.len() as f64 * squares) } else { 1.0 }
}

struct Worker {
    free_ns: i64,
    /// When each request that it has will be done.
    ends: VecDeque<i64>,
    /// Smoothed share of time that it was busy, as of `seen_ns`.
    usage: f64,
    seen_ns: i64,
    busy_ns: f64,
}

impl Worker {
    /// Busy stretches lie at the beginning of what has passed: nothing new has been given to it since.
    fn observe(&mut self, now_ns: i64) {
        let busy = (self.free_ns.min(now_ns) - self.seen_ns).max(0) as f64;
        let idle = (now_ns - self.seen_ns) as f64 - busy;
        self.usage = 1.0 - (1.0 - self.usage) * (-busy / SMOOTHING_NS).exp();
        self.usage *= (-idle.max(0.0) / SMOOTHING_NS).exp();
        self.seen_ns = now_ns.max(self.seen_ns);
        while self.ends.front().is_some_and(|end| *end <= now_ns) {
            self.ends.pop_front();
        }
    }
}

/// Waits of jobs and how long each worker was busy. Thresholds of 100 % turn the balancer off: one queue, whoever is free serves.
fn balance(
    jobs: &[Job],
    workers: usize,
    thresholds: Thresholds,
    rules: &Rules,
    cancelled: &dyn Fn() -> bool,
) -> Option<(Vec<i64>, Vec<f64>)> {
    let is_off = thresholds.route >= 1.0 && thresholds.queue >= 1.0;
    let zero = jobs.first().map_or(0, |job| job.arrival_ns);
    let mut pool: Vec<Worker> = (0..workers)
        .map(|_| Worker { free_ns: i64::MIN / 2, ends: VecDeque::new(), usage: 0.0, seen_ns: zero, busy_ns: 0.0 })
        .collect();
    let mut wait_ns = vec![REJECTED; jobs.len()];
    let mut central: VecDeque<usize> = VecDeque::new();
    let mut give = |pool: &mut [Worker], to: usize, job: usize, now_ns: i64| {
        let worker = &mut pool[to];
        let start = (now_ns + rules.handover_ns).max(worker.free_ns + rules.gap_ns);
        wait_ns[job] = start - jobs[job].arrival_ns;
        worker.free_ns = start + jobs[job].service_ns;
        worker.ends.push_back(worker.free_ns);
        worker.busy_ns += jobs[job].service_ns as f64;
    };
    let mut ticks: BinaryHeap<Reverse<i64>> = BinaryHeap::new();
    let mut next = 0;
    let mut turns = 0_usize;
    while next < jobs.len() || !central.is_empty() {
        turns += 1;
        if turns.is_multiple_of(65_536) && cancelled() {
            return None;
        }
        let arrival = jobs.get(next).map(|job| job.arrival_ns);
        let tick = ticks.peek().map(|tick| tick.0);
        let now_ns = match (arrival, tick) {
            (Some(arrival), Some(tick)) => arrival.min(tick),
            (Some(at), None) | (None, Some(at)) => at,
            (None, None) => break,
        };
        if tick == Some(now_ns) {
            ticks.pop();
        } else {
            central.push_back(next);
            next += 1;
        }
        pool.iter_mut().for_each(|worker| worker.observe(now_ns));
        while let Some(&job) = central.front() {
            let Some(to) = seat(&pool, thresholds, is_off, now_ns) else { break };
            central.pop_front();
            give(&mut pool, to, job, now_ns);
        }
        if !central.is_empty() && ticks.is_empty() {
            // Somebody becomes free, or seems less busy after a while.
            let soonest = pool.iter().map(|worker| worker.free_ns).filter(|free| *free > now_ns).min();
            let again = if is_off {
                soonest.unwrap_or(now_ns + PERIOD_NS)
            } else {
                soonest.unwrap_or(i64::MAX).min(now_ns + PERIOD_NS)
            };
            ticks.push(Reverse(again));
        }
    }
    let busy_ns = pool.iter().map(|worker| worker.busy_ns).collect();
    Some((wait_ns, busy_ns))
}

/// Who gets the next request; `None`: it waits in the central queue.
fn seat(pool: &[Worker], thresholds: Thresholds, is_off: bool, now_ns: i64) -> Option<usize> {
    let idle = pool.iter().enumerate().filter(|(_, worker)| worker.free_ns <= now_ns);
    if is_off {
        return idle.min_by_key(|(_, worker)| worker.free_ns).map(|(at, _)| at);
    }
    let least = |limit: f64| {
        let below = pool.iter().enumerate().filter(|(_, worker)| worker.usage < limit);
        below.min_by(|a, b| a.1.ends.len().cmp(&b.1.ends.len()).then(a.1.usage.total_cmp(&b.1.usage)))
    };
    let found = least(thresholds.route).or_else(|| least(thresholds.queue)).map(|(at, _)| at);
    // When all seem too busy, one that has nothing to do may still take what waits.
    found.or_else(|| idle.min_by(|a, b| a.1.usage.total_cmp(&b.1.usage)).map(|(at, _)| at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatif::requests::synthetic;

    #[test]
    fn without_thresholds_a_balancer_is_one_queue() {
        let jobs = synthetic::jobs(5000, 4.0, 0.85, 14);
        let off = Thresholds { route: 1.0, queue: 1.0 };
        let (waits, _) = balance(&jobs, 4, off, &Rules::workers(4), &|| false).unwrap();
        assert_eq!(waits, replay(&jobs, &Rules::workers(4), &|| false).unwrap().wait_ns);
    }

    #[test]
    fn queueing_early_keeps_requests_from_waiting_behind_a_busy_worker() {
        let jobs = synthetic::jobs(20_000, 4.0, 0.8, 15);
        let wait = |thresholds| {
            let (waits, busy) = balance(&jobs, 4, thresholds, &Rules::workers(4), &|| false).unwrap();
            assert!(waits.iter().all(|wait| *wait >= 0));
            assert!(fairness(&busy) > 0.8);
            waits.iter().sum::<i64>()
        };
        assert!(wait(Thresholds { route: 0.01, queue: 0.01 }) < wait(Thresholds { route: 0.9999, queue: 1.1 }));
        assert!((fairness(&[1.0, 0.0, 0.0, 0.0]) - 0.25).abs() < 1e-12);
    }
}
