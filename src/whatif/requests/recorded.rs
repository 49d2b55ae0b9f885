//! What the recording tells about the system that served the requests: how many workers, which limit, who waits for whom, and
//! what service spends its time on. Nothing of it is asked from the user.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::analysis::stats::quantile;

use super::replay::{Clients, Retries, Rules, WhenFull};
use super::trace::{Fate, Trace};

/// What service spends its time on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Service {
    /// It waits for something else: a disk, a network, a timer. More at once disturb each other little.
    Waiting,
    /// It computes: those in service share so many cores.
    Computing {
        /// How many.
        cores: f64,
    },
    /// The recording can't tell.
    Unknown,
}

/// The system as it was.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// How many were served at once at most.
    pub workers: usize,
    /// How many could wait; `None`: nobody was turned away.
    pub limit: Option<usize>,
    /// What service is.
    pub service: Service,
    /// Clients, where the load is a closed one.
    pub clients: Option<Clients>,
    /// Senders that try again.
    pub retries: Option<Retries>,
    /// From the end of one job to the start of the next.
    pub gap_ns: i64,
    /// From arrival to start where a worker is idle.
    pub handover_ns: i64,
}

/// Moments of service in order, shared by what is derived below.
struct Sweep {
    starts: Vec<i64>,
    ends: Vec<i64>,
}

impl Recorded {
    /// Reads it off a trace. `busy_cores` is what the component used of the processor on average, `cores` what there is.
    pub fn of(trace: &Trace, busy_cores: Option<f64>, cores: Option<f64>) -> Self {
        let services = trace.services();
        let mut starts: Vec<i64> = services.iter().map(|(start, _)| *start).collect();
        let mut ends: Vec<i64> = services.iter().map(|(_, end)| *end).collect();
        starts.sort_unstable();
        ends.sort_unstable();
        let sweep = Sweep { starts, ends };
        let in_service = sweep.in_service(&services);
        let peak = in_service.iter().copied().max().unwrap_or(1).max(1);
        let (gap_ns, handover_ns) = sweep.delays(trace);
        Self {
            workers: workers(trace, peak),
            limit: sweep.limit(trace),
            service: service(trace, &services, &in_service, busy_cores, cores),
            clients: sweep.clients(trace, peak),
            retries: retries(trace),
            gap_ns,
            handover_ns,
        }
    }

    /// The rules by which the recording is replayed.
    pub fn rules(&self) -> Rules {
        Rules {
            limit: self.limit,
            cores: if let Service::Computing { cores } = self.service { cores } else { f64::INFINITY },
            gap_ns: self.gap_ns,
            handover_ns: self.handover_ns,
            clients: self.clients.clone(),
            retries: self.retries,
            when_full: WhenFull::Drop,
            ..Rules::workers(self.workers)
        }
    }
}

/// Workers by their names; where every request has a worker of its own, or none a name, by how many were busy at once.
fn workers(trace: &Trace, peak: usize) -> usize {
    let Some(workers) = &trace.workers else { return peak };
    let distinct = workers.iter().filter(|worker| **worker != u32::MAX).collect::<HashSet<_>>().len();
    if distinct == 0 || distinct * 4 > workers.len() { peak } else { distinct.max(peak) }
}

impl Sweep {
    /// How many are in service when each service begins, itself included.
    fn in_service(&self, services: &[(i64, i64)]) -> Vec<usize> {
        if services.is_sorted_by_key(|(start, _)| *start) {
            let mut ended = 0;
            let count = |(number, (start, _)): (usize, &(i64, i64))| {
                while self.ends.get(ended).is_some_and(|end| end <= start) {
                    ended += 1;
                }
                (number + 1).saturating_sub(ended)
            };
            return services.iter().enumerate().map(count).collect();
        }
        let before = |sorted: &[i64], at: i64| sorted.partition_point(|moment| *moment <= at);
        let count = |(start, _): &(i64, i64)| before(&self.starts, *start).saturating_sub(before(&self.ends, *start));
        services.iter().map(count).collect()
    }

    /// The gap between jobs and the delay at an idle worker. A service that begins right after another one's end, which came later
    /// than the request, has waited for that; any other one began as soon as it could.
    fn delays(&self, trace: &Trace) -> (i64, i64) {
        let (mut gaps, mut handovers) = (Vec::new(), Vec::new());
        let step = trace.jobs.len().div_ceil(100_000).max(1);
        for (job, fate) in trace.jobs.iter().zip(&trace.fates).step_by(step) {
            let Fate::Waited(wait) = fate else { continue };
            let start = job.arrival_ns + wait;
            let ended = self.ends.partition_point(|end| *end <= start);
            match ended.checked_sub(1).map(|at| self.ends[at]) {
                Some(end) if end > job.arrival_ns => gaps.push(start - end),
                _ => handovers.push(*wait),
            }
        }
        let middle = |values: &mut Vec<i64>| quantile::of_whole(values, 0.5).unwrap_or(0);
        let handover = middle(&mut handovers);
        // Hardly anybody waited: what looks like waiting is the delay.
        let gap = if gaps.len() * 50 < handovers.len() { handover } else { middle(&mut gaps) };
        (gap, if handovers.is_empty() { gap } else { handover })
    }

    /// How many waited when somebody was turned away: the limit.
    fn limit(&self, trace: &Trace) -> Option<usize> {
        let (mut admitted, mut waiting) = (0_usize, Vec::new());
        for (job, fate) in trace.jobs.iter().zip(&trace.fates) {
            match fate {
                Fate::Rejected => {
                    let started = self.starts.partition_point(|start| *start <= job.arrival_ns);
                    waiting.push(admitted.saturating_sub(started) as i64);
                }
                Fate::Waited(_) => admitted += 1,
                Fate::Unknown => {}
            }
        }
        let limit = quantile::of_whole(&mut waiting, 0.5)?;
        usize::try_from(limit).ok()
    }

    /// Clients, where requests in flight keep running against one number that is not a limit of the queue.
    fn clients(&self, trace: &Trace, peak: usize) -> Option<Clients> {
        let served = trace.jobs.len();
        if trace.rejected() > 0 || served < 200 {
            return None;
        }
        let in_flight =
            |(number, at_ns): (usize, i64)| (number + 1).saturating_sub(self.ends.partition_point(|end| *end <= at_ns));
        let arrivals = || trace.jobs.iter().map(|job| job.arrival_ns).enumerate();
        let most = arrivals().map(in_flight).max()?;
        let at_most = arrivals().filter(|arrival| in_flight(*arrival) == most).count();
        // An open load reaches its maximum once or twice; clients are all there again and again.
        let is_closed = most >= 2 && most >= peak && at_most >= 20.max(served / 50) && served >= 20 * most;
        if !is_closed {
            return None;
        }
        let mut order: Vec<(i64, usize)> = trace
            .jobs
            .iter()
            .zip(&trace.fates)
            .enumerate()
            .filter_map(|(number, (job, fate))| match fate {
                Fate::Waited(wait) => Some((job.arrival_ns + wait + job.service_ns, number)),
                _ => None,
            })
            .collect();
        order.sort_unstable();
        let mut think_ns = vec![-1; served];
        let mut first_ns = Vec::new();
        let mut idle: VecDeque<(i64, usize)> = VecDeque::new();
        let mut ended = order.into_iter().peekable();
        for (_, at_ns) in arrivals() {
            while let Some(end) = ended.next_if(|(end, _)| *end <= at_ns) {
                idle.push_back(end);
            }
            match idle.pop_front() {
                Some((end_ns, job)) => think_ns[job] = at_ns - end_ns,
                None => first_ns.push(at_ns),
            }
        }
        let mut known: Vec<i64> = think_ns.iter().copied().filter(|think| *think >= 0).collect();
        let usual = quantile::of_whole(&mut known, 0.5).unwrap_or(0);
        think_ns.iter_mut().filter(|think| **think < 0).for_each(|think| *think = usual);
        Some(Clients { first_ns, think_ns })
    }
}

/// Whether services disturb each other: by their length against how many there are, or by the processor time that is used.
fn service(
    trace: &Trace,
    services: &[(i64, i64)],
    in_service: &[usize],
    busy_cores: Option<f64>,
    cores: Option<f64>,
) -> Service {
    let lengths: Vec<f64> = services.iter().map(|(start, end)| (end - start) as f64).collect();
    let numbers: Vec<f64> = in_service.iter().map(|number| *number as f64).collect();
    let step = lengths.len().div_ceil(20_000).max(1);
    let thin = |values: &[f64]| values.iter().copied().step_by(step).collect::<Vec<f64>>();
    let (lengths, numbers) = (thin(&lengths), thin(&numbers));
    let split = cores.map_or(1.0, f64::floor).max(1.0);
    let mean_where = |wanted: &dyn Fn(f64) -> bool| {
        let chosen: Vec<f64> = lengths.iter().zip(&numbers).filter(|(_, n)| wanted(**n)).map(|(l, _)| *l).collect();
        (chosen.len() >= 20).then(|| quantile::mean(&chosen)).flatten()
    };
    let lengthens = match (mean_where(&|n| n <= split), mean_where(&|n| n > split)) {
        (Some(few), Some(many)) => {
            let order = quantile::rank_correlation(&lengths, &numbers);
            let is_certain = order * (lengths.len() as f64).sqrt() > 3.0;
            Some(is_certain && order > 0.05 && many > 1.15 * few)
        }
        _ => None,
    };
    if lengthens == Some(true) {
        return Service::Computing { cores: cores.unwrap_or(split) };
    }
    if let (Some(busy), Some(cores)) = (busy_cores, cores) {
        let share = busy * trace.extent_ns as f64 / trace.work_ns().max(1.0);
        // A service that shares cores uses less than one while it lasts.
        let peak = in_service.iter().copied().max().unwrap_or(1) as f64;
        let expected = (cores / peak).min(1.0);
        // Where other programs keep the cores busy a computing service gets little of them too: only next to nothing proves waiting.
        if share < 0.03 * expected {
            return Service::Waiting;
        }
        if share > 0.6 * expected {
            return Service::Computing { cores };
        }
    }
    if lengthens == Some(false) { Service::Waiting } else { Service::Unknown }
}

/// Keys that come back only after they were turned away are the same request again.
fn retries(trace: &Trace) -> Option<Retries> {
    let rejected = trace.rejected();
    if !trace.is_keyed || rejected < 20 {
        return None;
    }
    let mut turned_away: HashMap<u64, i64> = HashMap::new();
    let (mut backoffs, mut others) = (Vec::new(), HashSet::new());
    let mut repeated = 0;
    for (job, fate) in trace.jobs.iter().zip(&trace.fates) {
        match turned_away.remove(&job.key) {
            Some(at_ns) => backoffs.push(job.arrival_ns - at_ns),
            None => repeated += usize::from(!others.insert(job.key)),
        }
        if *fate == Fate::Rejected {
            turned_away.insert(job.key, job.arrival_ns);
        }
    }
    let probability = backoffs.len() as f64 / rejected as f64;
    let are_ids = repeated * 20 < trace.jobs.len();
    let backoff_ns = quantile::of_whole(&mut backoffs, 0.5)?;
    (are_ids && probability > 0.05).then_some(Retries { probability, backoff_ns })
}

/// Work without the sharing of cores: of each job that was served the integral of its share of a core over its service.
pub fn unshared(trace: &Trace, cores: f64) -> Vec<i64> {
    let mut moments: Vec<(i64, i64)> = Vec::with_capacity(2 * trace.jobs.len());
    for (start, end) in trace.services() {
        moments.extend([(start, 1), (end, -1)]);
    }
    moments.sort_unstable();
    let mut aged = Vec::with_capacity(moments.len());
    let (mut number, mut age, mut last) = (0_i64, 0.0, moments.first().map_or(0, |moment| moment.0));
    for (at, change) in &moments {
        age += (at - last) as f64 * (cores / number.max(1) as f64).min(1.0);
        (number, last) = (number + change, *at);
        aged.push((*at, age));
    }
    let age_at = |at: i64| aged.get(aged.partition_point(|(moment, _)| *moment < at)).map_or(0.0, |(_, age)| *age);
    let work = |(job, fate): (&super::trace::Job, &Fate)| match fate {
        Fate::Waited(wait) => {
            let start = job.arrival_ns + wait;
            (age_at(start + job.service_ns) - age_at(start)).round().max(1.0) as i64
        }
        _ => job.service_ns,
    };
    trace.jobs.iter().zip(&trace.fates).map(work).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatif::prediction::Effort;
    use crate::whatif::requests::synthetic;

    fn recorded(requests: &[crate::model::request::Request], cores: f64) -> Recorded {
        Recorded::of(&Trace::new(requests, Effort::Full), None, Some(cores))
    }

    #[test]
    fn workers_limit_and_kind_of_service_are_read_off_the_requests() {
        let open = recorded(&synthetic::waiting(5_000, 6, 0.8, 3), 2.0);
        assert_eq!((open.workers, open.limit, open.service), (6, None, Service::Waiting));
        assert!(open.clients.is_none());
        let limited = recorded(&synthetic::limited(5_000, 3, 0.95, 4, 4), 8.0);
        assert_eq!((limited.workers, limited.limit), (3, Some(4)));
        let computing = recorded(&synthetic::computing(5_000, 6, 2.0, 0.7, 5), 2.0);
        assert_eq!(computing.service, Service::Computing { cores: 2.0 });
        let few = recorded(&synthetic::waiting(5_000, 2, 0.6, 6), 4.0);
        assert_eq!(few.service, Service::Unknown, "never more than the cores were busy");
    }

    #[test]
    fn a_starved_machine_does_not_make_computing_look_like_waiting() {
        let trace = Trace::new(&synthetic::waiting(5_000, 2, 0.9, 9), Effort::Full);
        let kind = |busy| Recorded::of(&trace, Some(busy), Some(2.0)).service;
        // Two in service most of the time, with a seventh of a core each.
        assert_eq!(kind(0.27), Service::Unknown);
        assert_eq!(kind(0.01), Service::Waiting);
        assert_eq!(kind(1.7), Service::Computing { cores: 2.0 });
    }

    #[test]
    fn clients_that_wait_for_answers_are_recognized() {
        let closed = recorded(&synthetic::closed(4_000, 3, 8, 7), 8.0);
        assert_eq!(closed.clients.map(|clients| clients.first_ns.len()), Some(8));
    }

    #[test]
    fn the_work_is_what_is_left_without_the_sharing() {
        let requests = synthetic::computing(5_000, 6, 2.0, 0.7, 8);
        let trace = Trace::new(&requests, Effort::Full);
        let shared = trace.work_ns();
        let work: f64 = unshared(&trace, 2.0).iter().map(|work| *work as f64).sum();
        assert!(work < 0.9 * shared, "{work} {shared}");
        // The generator's jobs need one millisecond on average.
        assert!((work / 5_000.0 / 1e6 - 1.0).abs() < 0.05, "{work}");
    }
}
