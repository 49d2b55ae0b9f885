//! What becomes of jobs that queue for workers: a replay of events, exact for the rules that it is given.
//!
//! One loop serves open and closed loads, limits, retries, and work that shares cores: processor sharing is done in virtual time, in
//! which every job in service ages alike (Parekh & Gallager 1993), so that a change of their number costs nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::analysis::stats::random::Random;

use super::trace::Job;

/// What happens to a job that finds the queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It is turned away.
    Drop,
    /// The sender waits until there is room, and sends nothing else meanwhile.
    Block,
}

/// Clients that wait for each answer before they ask again.
#[derive(Clone, Debug)]
pub struct Clients {
    /// When each asks for the first time.
    pub first_ns: Vec<i64>,
    /// From an answer to the next request, of each job.
    pub think_ns: Vec<i64>,
}

/// Senders that try again when they were turned away.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// How probable it is.
    pub probability: f64,
    /// After how long.
    pub backoff_ns: i64,
}

/// The rules.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How many are served at once.
    pub workers: usize,
    /// How many may wait; `None`: any number.
    pub limit: Option<usize>,
    /// When they may not.
    pub when_full: WhenFull,
    /// Cores that jobs in service share; infinite where service is waiting for something else.
    pub cores: f64,
    /// From the end of one job to the beginning of the next on the same worker.
    pub gap_ns: i64,
    /// From arrival to the beginning of service at an idle worker.
    pub handover_ns: i64,
    /// Of a closed load.
    pub clients: Option<Clients>,
    /// Of senders that try again.
    pub retries: Option<Retries>,
}

impl Rules {
    /// Workers that serve jobs as they come, nothing else.
    pub fn workers(workers: usize) -> Self {
        Self {
            workers: workers.max(1),
            limit: None,
            when_full: WhenFull::Drop,
            cores: f64::INFINITY,
            gap_ns: 0,
            handover_ns: 0,
            clients: None,
            retries: None,
        }
    }
}

/// A job that was turned away has this for its wait.
pub const REJECTED: i64 = -1;

/// What became of the jobs.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// From offer to beginning of service, of each job; [`REJECTED`] of those turned away.
    pub wait_ns: Vec<i64>,
    /// From arrival to the end of service, of each job; [`REJECTED`] of those turned away.
    pub sojourn_ns: Vec<i64>,
    /// How long senders were held up, of each job; empty where none is.
    pub blocked_ns: Vec<i64>,
    /// Time that workers were busy, all together.
    pub busy_ns: f64,
    /// When the last job ended.
    pub end_ns: i64,
    /// The most that waited at once.
    pub peak_waiting: usize,
}

impl Replayed {
    fn for_jobs(count: usize) -> Self {
        Self { wait_ns: vec![REJECTED; count], sojourn_ns: vec![REJECTED; count], ..Self::default() }
    }
}

/// Replays jobs in order of arrival. Asks `cancelled` now and then, and returns `None` when it says so.
pub fn replay(jobs: &[Job], rules: &Rules, cancelled: &dyn Fn() -> bool) -> Option<Replayed> {
    let is_plain = rules.cores.is_infinite() && rules.clients.is_none() && rules.retries.is_none();
    if is_plain { first_come(jobs, rules, cancelled) } else { Events::new(jobs, rules).run(cancelled) }
}

/// Multi-server first come, first served (Kiefer & Wolfowitz 1955): starts never overtake, so who waits is a queue of starts.
fn first_come(jobs: &[Job], rules: &Rules, cancelled: &dyn Fn() -> bool) -> Option<Replayed> {
    let mut result = Replayed::for_jobs(jobs.len());
    let mut free: BinaryHeap<Reverse<i64>> = (0..rules.workers).map(|_| Reverse(i64::MIN / 2)).collect();
    let mut starts: VecDeque<i64> = VecDeque::new();
    let is_blocking = rules.when_full == WhenFull::Block && rules.limit.is_some();
    if is_blocking {
        result.blocked_ns = vec![0; jobs.len()];
    }
    let mut admitted_ns = i64::MIN;
    for (index, job) in jobs.iter().enumerate() {
        if index % 65_536 == 0 && cancelled() {
            return None;
        }
        let mut offered_ns = if is_blocking { job.arrival_ns.max(admitted_ns) } else { job.arrival_ns };
        while starts.front().is_some_and(|start| *start <= offered_ns) {
            starts.pop_front();
        }
        let mut next_free = free.peek()?;
        if let Some(limit) = rules.limit
            && starts.len() >= limit
            && next_free.0 > offered_ns
        {
            if !is_blocking {
                continue;
            }
            // Room comes when the first who waits is served, or, without places to wait, when a worker is free.
            let room_ns = starts.pop_front().filter(|_| limit > 0).unwrap_or(next_free.0);
            admitted_ns = room_ns.max(offered_ns);
        } else {
            admitted_ns = offered_ns;
        }
        if is_blocking {
            result.blocked_ns[index] = admitted_ns - job.arrival_ns;
            offered_ns = admitted_ns;
            next_free = free.peek()?;
        }
        let start = (offered_ns + rules.handover_ns).max(next_free.0 + rules.gap_ns);
        let end = start + job.service_ns;
        *free.peek_mut()? = Reverse(end);
        if start > offered_ns + rules.handover_ns {
            starts.push_back(start);
            result.peak_waiting = result.peak_waiting.max(starts.len());
        }
        result.wait_ns[index] = start - offered_ns;
        result.sojourn_ns[index] = end - job.arrival_ns;
        result.busy_ns += job.service_ns as f64;
        result.end_ns = result.end_ns.max(end);
    }
    Some(result)
}

/// One attempt of a job to be served.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Attempt {
    at_ns: i64,
    job: usize,
}

struct Events<'a> {
    jobs: &'a [Job],
    rules: &'a Rules,
    /// The next job of the schedule, or of the clients.
    next_job: usize,
    /// Clients' next requests and second attempts.
    later: BinaryHeap<Reverse<Attempt>>,
    /// When clients will ask; which job they take is told by their order.
    ready: BinaryHeap<Reverse<i64>>,
    waiting: VecDeque<Attempt>,
    /// Jobs in service by the virtual time at which they end, with the moment at which they began.
    served: BinaryHeap<Reverse<(Virtual, usize, i64)>>,
    now_ns: f64,
    virtual_ns: f64,
    random: Random,
    result: Replayed,
    first_arrival: Vec<i64>,
}

/// Virtual time, ordered.
#[derive(Clone, Copy, PartialEq)]
struct Virtual(f64);

impl Eq for Virtual {}

impl PartialOrd for Virtual {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Virtual {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl<'a> Events<'a> {
    fn new(jobs: &'a [Job], rules: &'a Rules) -> Self {
        let mut events = Self {
            jobs,
            rules,
            next_job: 0,
            later: BinaryHeap::new(),
            ready: BinaryHeap::new(),
            waiting: VecDeque::new(),
            served: BinaryHeap::new(),
            now_ns: jobs.first().map_or(0.0, |job| job.arrival_ns as f64),
            virtual_ns: 0.0,
            random: Random::new(23),
            result: Replayed::for_jobs(jobs.len()),
            first_arrival: jobs.iter().map(|job| job.arrival_ns).collect(),
        };
        if let Some(clients) = &rules.clients {
            events.ready = clients.first_ns.iter().map(|first| Reverse(*first)).collect();
        }
        events
    }

    fn rate(&self) -> f64 {
        (self.rules.cores / self.served.len().max(1) as f64).min(1.0)
    }

    /// When the next job of the schedule comes.
    fn next_arrival(&self) -> Option<i64> {
        let job = self.jobs.get(self.next_job)?;
        match self.rules.clients {
            Some(_) => self.ready.peek().map(|ready| ready.0),
            None => Some(job.arrival_ns),
        }
    }

    fn run(mut self, cancelled: &dyn Fn() -> bool) -> Option<Replayed> {
        let mut turns = 0_usize;
        loop {
            turns += 1;
            if turns.is_multiple_of(65_536) && cancelled() {
                return None;
            }
            let fresh = self.next_arrival();
            let again = self.later.peek().map(|attempt| attempt.0.at_ns);
            let arrival = [fresh, again].into_iter().flatten().min();
            let end =
                self.served.peek().map(|first| self.now_ns + (first.0.0.0 - self.virtual_ns).max(0.0) / self.rate());
            match (arrival, end) {
                (None, None) => return Some(self.result),
                (Some(at_ns), end) if end.is_none_or(|end| (at_ns as f64) < end) => {
                    self.advance(at_ns as f64);
                    self.arrive(at_ns, fresh == Some(at_ns));
                }
                (_, Some(end)) => {
                    self.advance(end);
                    self.finish();
                }
                (Some(_), None) => return Some(self.result),
            }
        }
    }

    fn advance(&mut self, to_ns: f64) {
        let passed = (to_ns - self.now_ns).max(0.0);
        self.virtual_ns += passed * self.rate();
        self.result.busy_ns += passed * self.served.len() as f64;
        self.now_ns = self.now_ns.max(to_ns);
    }

    fn arrive(&mut self, at_ns: i64, is_fresh: bool) {
        let attempt = if is_fresh {
            let attempt = Attempt { at_ns, job: self.next_job };
            self.first_arrival[attempt.job] = at_ns;
            self.next_job += 1;
            self.ready.pop();
            attempt
        } else {
            match self.later.pop() {
                Some(attempt) => attempt.0,
                None => return,
            }
        };
        if self.served.len() < self.rules.workers {
            self.begin(attempt, self.rules.handover_ns);
        } else if self.rules.limit.is_some_and(|limit| self.waiting.len() >= limit) {
            self.turn_away(attempt);
        } else {
            self.waiting.push_back(attempt);
            self.result.peak_waiting = self.result.peak_waiting.max(self.waiting.len());
        }
    }

    fn turn_away(&mut self, attempt: Attempt) {
        match self.rules.retries {
            Some(retries) if self.random.unit() < retries.probability => {
                let at_ns = attempt.at_ns + retries.backoff_ns.max(1);
                self.later.push(Reverse(Attempt { at_ns, ..attempt }));
            }
            _ => self.client_goes_on(attempt.job),
        }
    }

    /// The delay before service occupies the worker as well, so it is part of what it has to do.
    fn begin(&mut self, attempt: Attempt, delay_ns: i64) {
        let start_ns = self.now_ns.round() as i64 + delay_ns;
        self.result.wait_ns[attempt.job] = start_ns - attempt.at_ns;
        let work_ns = (self.jobs[attempt.job].service_ns + delay_ns) as f64;
        self.served.push(Reverse((Virtual(self.virtual_ns + work_ns), attempt.job, start_ns)));
    }

    fn finish(&mut self) {
        let Some(Reverse((_, job, _))) = self.served.pop() else { return };
        let end_ns = self.now_ns.round() as i64;
        self.result.sojourn_ns[job] = end_ns - self.first_arrival[job];
        self.result.end_ns = self.result.end_ns.max(end_ns);
        self.client_goes_on(job);
        if let Some(attempt) = self.waiting.pop_front() {
            self.begin(attempt, self.rules.gap_ns);
        }
    }

    fn client_goes_on(&mut self, job: usize) {
        if let Some(clients) = &self.rules.clients {
            let think_ns = clients.think_ns.get(job).copied().unwrap_or(0);
            self.ready.push(Reverse(self.now_ns.round() as i64 + think_ns));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(arrivals_and_services: &[(i64, i64)]) -> Vec<Job> {
        let job =
            |(arrival_ns, service_ns): &(i64, i64)| Job { arrival_ns: *arrival_ns, service_ns: *service_ns, key: 0 };
        arrivals_and_services.iter().map(job).collect()
    }

    fn waits(list: &[(i64, i64)], rules: &Rules) -> Vec<i64> {
        replay(&jobs(list), rules, &|| false).unwrap().wait_ns
    }

    #[test]
    fn waits_follow_from_workers_and_limit() {
        let list = [(0, 10), (1, 10), (2, 10), (3, 10), (50, 10)];
        assert_eq!(waits(&list, &Rules::workers(1)), [0, 9, 18, 27, 0]);
        assert_eq!(waits(&list, &Rules::workers(2)), [0, 0, 8, 8, 0]);
        let limited = Rules { limit: Some(1), ..Rules::workers(1) };
        assert_eq!(waits(&list, &limited), [0, 9, REJECTED, REJECTED, 0]);
        let none_waits = Rules { limit: Some(0), ..Rules::workers(1) };
        assert_eq!(waits(&list, &none_waits), [0, REJECTED, REJECTED, REJECTED, 0]);
    }

    #[test]
    fn a_blocked_sender_is_held_up_until_there_is_room() {
        let list = [(0, 10), (1, 10), (2, 10), (3, 10), (50, 10)];
        let rules = Rules { limit: Some(1), when_full: WhenFull::Block, ..Rules::workers(1) };
        let result = replay(&jobs(&list), &rules, &|| false).unwrap();
        assert_eq!(result.blocked_ns, [0, 0, 8, 17, 0]);
        assert_eq!(result.wait_ns, [0, 9, 10, 10, 0]);
        assert_eq!(result.sojourn_ns, [10, 19, 28, 37, 10]);
    }

    #[test]
    fn both_ways_of_replaying_agree() {
        let mut random = Random::new(11);
        let mut at = 0;
        let list: Vec<(i64, i64)> = (0..5000)
            .map(|_| {
                at += (random.exponential() * 1000.0) as i64 + 1;
                (at, (random.exponential() * 3500.0) as i64 + 1)
            })
            .collect();
        for limit in [None, Some(5)] {
            let rules = Rules { limit, ..Rules::workers(4) };
            let plain = replay(&jobs(&list), &rules, &|| false).unwrap();
            let by_events = Events::new(&jobs(&list), &rules).run(&|| false).unwrap();
            assert_eq!(plain.wait_ns, by_events.wait_ns);
            assert_eq!(plain.sojourn_ns, by_events.sojourn_ns);
            assert_eq!(plain.peak_waiting, by_events.peak_waiting);
        }
    }

    #[test]
    fn workers_beyond_the_cores_move_the_waiting_into_the_service() {
        let list: Vec<(i64, i64)> = (0..1000).map(|number| (number * 600, 1000)).collect();
        let sojourn = |workers| {
            let rules = Rules { cores: 2.0, ..Rules::workers(workers) };
            replay(&jobs(&list), &rules, &|| false).unwrap().sojourn_ns.iter().sum::<i64>() as f64
        };
        let (two, eight) = (sojourn(2), sojourn(8));
        assert!((eight / two - 1.0).abs() < 0.05, "{two} {eight}");
    }

    #[test]
    fn clients_wait_for_their_answers() {
        let list = [(0, 10), (0, 10), (0, 10), (0, 10)];
        let rules =
            Rules { clients: Some(Clients { first_ns: vec![0, 0], think_ns: vec![5; 4] }), ..Rules::workers(1) };
        let result = replay(&jobs(&list), &rules, &|| false).unwrap();
        assert_eq!(result.end_ns, 40);
        assert_eq!(result.wait_ns, [0, 10, 5, 5]);
    }

    #[test]
    fn who_is_turned_away_comes_again() {
        let list = [(0, 10), (1, 10)];
        let retries = Some(Retries { probability: 1.0, backoff_ns: 20 });
        let rules = Rules { limit: Some(0), retries, ..Rules::workers(1) };
        let result = replay(&jobs(&list), &rules, &|| false).unwrap();
        assert_eq!(result.wait_ns, [0, 0]);
        assert_eq!(result.sojourn_ns, [10, 30]);
    }
}
