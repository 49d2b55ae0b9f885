//! Requests whose truth is known, for tests: made by the replay itself from drawn arrivals and services.

use crate::analysis::stats::random::Random;
use crate::model::entity::EntityId;
use crate::model::request::{Request, RequestOutcome};
use crate::model::time::Timestamp;

use super::replay::{Clients, REJECTED, Rules, replay};
use super::trace::Job;

/// Mean time of service.
pub const SERVICE_NS: f64 = 1e6;

/// Poisson arrivals at `load` times what `servers` can do, exponential services, keys 1 to 100.
pub fn jobs(count: usize, servers: f64, load: f64, seed: u64) -> Vec<Job> {
    let mut random = Random::new(seed);
    let mut at = 0.0;
    let between = SERVICE_NS / (servers * load);
    (0..count)
        .map(|_| {
            at += random.exponential() * between;
            let service_ns = (random.exponential() * SERVICE_NS) as i64 + 1;
            Job { arrival_ns: at as i64, service_ns, key: 1 + random.below(100) as u64 }
        })
        .collect()
}

/// What a recording of these jobs under these rules contains.
pub fn recorded(jobs: &[Job], rules: &Rules) -> Vec<Request> {
    let result = replay(jobs, rules, &|| false).unwrap();
    let request = |(number, job): (usize, &Job)| {
        let (wait, sojourn) = (result.wait_ns[number], result.sojourn_ns[number]);
        let is_served = wait != REJECTED;
        let blocked = result.blocked_ns.get(number).copied().unwrap_or(0);
        let arrival = Timestamp(job.arrival_ns);
        Request {
            arrival,
            entity: EntityId(1),
            start: is_served.then(|| arrival.plus_ns(blocked + wait)),
            service_ns: is_served.then(|| (sojourn - wait - blocked) as u64),
            ready: None,
            key: Some(job.key),
            operation: None,
            worker: None,
            reused: None,
            outcome: if is_served { RequestOutcome::Ok } else { RequestOutcome::Rejected },
        }
    };
    jobs.iter().enumerate().map(request).collect()
}

/// Workers whose service waits for something.
pub fn waiting(count: usize, workers: usize, load: f64, seed: u64) -> Vec<Request> {
    recorded(&jobs(count, workers as f64, load, seed), &Rules::workers(workers))
}

/// The same with a limit of the queue.
pub fn limited(count: usize, workers: usize, load: f64, limit: usize, seed: u64) -> Vec<Request> {
    let rules = Rules { limit: Some(limit), ..Rules::workers(workers) };
    recorded(&jobs(count, workers as f64, load, seed), &rules)
}

/// Workers that share cores; the load is that of the cores.
pub fn computing(count: usize, workers: usize, cores: f64, load: f64, seed: u64) -> Vec<Request> {
    let rules = Rules { cores, ..Rules::workers(workers) };
    recorded(&jobs(count, cores, load, seed), &rules)
}

/// Clients that think for as long as a service takes.
pub fn closed(count: usize, workers: usize, clients: usize, seed: u64) -> Vec<Request> {
    let jobs = jobs(count, workers as f64, 1.0, seed);
    let mut random = Random::new(seed + 1);
    let think_ns = (0..count).map(|_| (random.exponential() * SERVICE_NS) as i64).collect();
    let rules = Rules { clients: Some(Clients { first_ns: vec![0; clients], think_ns }), ..Rules::workers(workers) };
    let mut requests = recorded(&jobs, &rules);
    let result = replay(&jobs, &rules, &|| false).unwrap();
    // The schedule's arrivals mean nothing here: they follow from ends and thoughts.
    let mut ready: std::collections::BinaryHeap<_> = (0..clients).map(|_| std::cmp::Reverse(0_i64)).collect();
    let mut ends = std::collections::BinaryHeap::new();
    let Some(Clients { think_ns, .. }) = &rules.clients else { return requests };
    for (number, request) in requests.iter_mut().enumerate() {
        while let Some(std::cmp::Reverse((end, job))) = ends.peek().copied() {
            if ready.peek().is_some_and(|ready: &std::cmp::Reverse<i64>| ready.0 < end) {
                break;
            }
            ends.pop();
            let job: usize = job;
            ready.push(std::cmp::Reverse(end + think_ns[job]));
        }
        let at = ready.pop().unwrap().0;
        ends.push(std::cmp::Reverse((at + result.sojourn_ns[number], number)));
        request.arrival = Timestamp(at);
        request.start = Some(Timestamp(at + result.wait_ns[number]));
    }
    requests
}
