//! Recorded requests as the replays need them: jobs in order of arrival, on a time axis of their own.

use crate::analysis::stats::random::Random;
use crate::model::request::{Request, RequestOutcome};
use crate::model::time::Timestamp;
use crate::whatif::prediction::Effort;

/// While a slider moves, so many requests are replayed, in so many stretches.
const COARSE_REQUESTS: usize = 24_000;
const COARSE_STRETCHES: usize = 4;

/// One request: when it came, how long its service takes, what it is about. Nanoseconds from the start of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// When it came.
    pub arrival_ns: i64,
    /// Time in service.
    pub service_ns: i64,
    /// What it is about; 0 where that was not recorded.
    pub key: u64,
}

/// What became of a request in the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waited so long, in nanoseconds.
    Waited(i64),
    /// It was turned away.
    Rejected,
    /// Nobody wrote down when its service began.
    Unknown,
}

/// The part of a recording that is replayed.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// In order of arrival.
    pub jobs: Vec<Job>,
    /// Of each job.
    pub fates: Vec<Fate>,
    /// Worker of each job, where all of the served ones have one.
    pub workers: Option<Vec<u32>>,
    /// How much time it covers, gaps between stretches left out, in nanoseconds.
    pub span_ns: i64,
    /// The same up to the last end of service of each stretch: a backlog is served after the last arrival.
    pub extent_ns: i64,
    /// Where it begins in the recording.
    pub zero: Timestamp,
    /// Whether every job has a key.
    pub is_keyed: bool,
    /// Requests that were served, but without a time of service.
    pub without_service: usize,
}

impl Trace {
    /// Reads requests; while a slider moves only some stretches of them, each beginning where nothing waits.
    pub fn new(requests: &[Request], effort: Effort) -> Self {
        let mut trace = Self { is_keyed: true, workers: Some(Vec::new()), ..Self::default() };
        let stretches = stretches(requests, effort);
        trace.zero = stretches.first().and_then(|stretch| stretch.first()).map_or(Timestamp(0), |first| first.arrival);
        let mut offset_ns = 0_i64;
        for stretch in stretches {
            let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else { continue };
            let length_ns = last.arrival.0.saturating_sub(first.arrival.0).max(1);
            let shift_ns = offset_ns.saturating_sub(first.arrival.0);
            stretch.iter().for_each(|request| trace.push(request, shift_ns));
            trace.span_ns = trace.span_ns.saturating_add(length_ns);
            let last_end = stretch.iter().filter_map(Request::end).max().unwrap_or(last.arrival).max(last.arrival);
            let extent_ns = last_end.0.saturating_sub(first.arrival.0).max(1);
            trace.extent_ns = trace.extent_ns.saturating_add(extent_ns);
            // The gap lets every queue run empty.
            offset_ns = offset_ns.saturating_add(length_ns.saturating_mul(3));
        }
        trace.fill_services();
        trace
    }

    fn push(&mut self, request: &Request, shift_ns: i64) {
        let service_ns = request.service_ns.and_then(|service| i64::try_from(service).ok());
        let fate = match (request.outcome, request.start) {
            (RequestOutcome::Rejected, _) => Fate::Rejected,
            (_, Some(start)) => Fate::Waited(start.0.saturating_sub(request.arrival.0).max(0)),
            (_, None) => Fate::Unknown,
        };
        if fate != Fate::Rejected && service_ns.is_none() {
            self.without_service += 1;
        }
        self.is_keyed &= request.key.is_some();
        let arrival_ns = request.arrival.0.saturating_add(shift_ns);
        let service_ns = service_ns.filter(|_| fate != Fate::Rejected).unwrap_or(-1);
        self.jobs.push(Job { arrival_ns, service_ns, key: request.key.unwrap_or(0) });
        self.fates.push(fate);
        match (&mut self.workers, request.worker) {
            (Some(workers), Some(worker)) => workers.push(worker),
            (Some(workers), None) if fate == Fate::Rejected => workers.push(u32::MAX),
            (workers, _) => *workers = None,
        }
    }

    /// Requests that were turned away would have been served as others were: their times are drawn from those.
    fn fill_services(&mut self) {
        let known: Vec<i64> = self.jobs.iter().map(|job| job.service_ns).filter(|service| *service >= 0).collect();
        let mut random = Random::new(known.len() as u64);
        for job in self.jobs.iter_mut().filter(|job| job.service_ns < 0) {
            job.service_ns = known.get(random.below(known.len())).copied().unwrap_or(0);
        }
    }

    /// How many were turned away.
    pub fn rejected(&self) -> usize {
        self.fates.iter().filter(|fate| **fate == Fate::Rejected).count()
    }

    /// Moments of beginning and end of service, of those that were served.
    pub fn services(&self) -> Vec<(i64, i64)> {
        let service = |(job, fate): (&Job, &Fate)| {
            let Fate::Waited(wait) = fate else { return None };
            let start = job.arrival_ns.saturating_add(*wait);
            Some((start, start.saturating_add(job.service_ns)))
        };
        self.jobs.iter().zip(&self.fates).filter_map(service).collect()
    }

    /// Time in service of all jobs together.
    pub fn work_ns(&self) -> f64 {
        self.jobs.iter().map(|job| job.service_ns as f64).sum()
    }

    /// `factor` times the requests, bursts kept: some are left out by chance, or copies shifted along the trace are added. Compressing
    /// time instead would change the bursts.
    pub fn scaled(&self, factor: f64) -> Vec<Job> {
        if factor == 1.0 {
            return self.jobs.clone();
        }
        let mut random = Random::new(17);
        let whole = factor.floor();
        let extent = self.jobs.last().map_or(1, |job| job.arrival_ns.saturating_add(1)).max(1);
        let mut jobs = Vec::with_capacity((self.jobs.len() as f64 * factor) as usize + 16);
        for copy in 0..=whole as i64 {
            let share = if copy < whole as i64 { 1.0 } else { factor - whole };
            if share <= 0.0 {
                continue;
            }
            let shift = (copy as f64 * 0.618_034 % 1.0 * extent as f64) as i64;
            for job in &self.jobs {
                if share >= 1.0 || random.unit() < share {
                    jobs.push(Job { arrival_ns: (job.arrival_ns + shift) % extent, ..*job });
                }
            }
        }
        jobs.sort_by_key(|job| job.arrival_ns);
        jobs
    }
}

/// The requests that a trace is made of, in its order.
pub fn chosen(requests: &[Request], effort: Effort) -> impl Iterator<Item = &Request> {
    stretches(requests, effort).into_iter().flatten()
}

/// One stretch: all of it, or while a slider moves as many as are looked at then, from the middle.
pub fn stretch_of(requests: &[Request], effort: Effort) -> &[Request] {
    if effort == Effort::Full || requests.len() <= COARSE_REQUESTS {
        return requests;
    }
    let from = (requests.len() - COARSE_REQUESTS) / 2;
    &requests[from..from + COARSE_REQUESTS]
}

fn stretches(requests: &[Request], effort: Effort) -> Vec<&[Request]> {
    if effort == Effort::Full || requests.len() <= COARSE_REQUESTS {
        return vec![requests];
    }
    let length = COARSE_REQUESTS / COARSE_STRETCHES;
    let apart = requests.len() / COARSE_STRETCHES;
    let stretch = |number: usize| {
        let part = &requests[number * apart..(number + 1) * apart];
        let waits_not = |request: &Request| request.start.is_some_and(|start| start.0 - request.arrival.0 < 1_000);
        let from = part.iter().take(length).position(waits_not).unwrap_or(0);
        &part[from..(from + length).min(part.len())]
    };
    (0..COARSE_STRETCHES).map(stretch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatif::requests::synthetic;

    #[test]
    fn coarse_traces_are_stretches_of_the_recording() {
        let requests = synthetic::waiting(100_000, 4, 0.7, 1);
        let (full, coarse) = (Trace::new(&requests, Effort::Full), Trace::new(&requests, Effort::Coarse));
        assert_eq!(full.jobs.len(), 100_000);
        assert_eq!(coarse.jobs.len(), COARSE_REQUESTS);
        let load = |trace: &Trace| trace.work_ns() / trace.span_ns as f64;
        assert!((load(&coarse) / load(&full) - 1.0).abs() < 0.05);
    }

    #[test]
    fn load_is_scaled_with_its_bursts() {
        let trace = Trace::new(&synthetic::waiting(10_000, 4, 0.5, 2), Effort::Full);
        for factor in [0.3, 1.0, 1.5, 2.0] {
            let jobs = trace.scaled(factor);
            assert!((jobs.len() as f64 / 10_000.0 - factor).abs() < 0.02, "{factor}: {}", jobs.len());
            assert!(jobs.is_sorted_by_key(|job| job.arrival_ns));
        }
    }
}
