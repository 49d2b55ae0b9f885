//! How much is asked of a node at each tick, so that measuring stays within its budget.
//!
//! Pure: costs and counts come from the answers. Each second: the node as a whole, its tables, and the processes that matter; with
//! the rest of the budget a rolling census of all processes, so that a round takes the longer the more there are.

use std::time::Duration;

use super::reading::Spent;

/// What measuring may take on the node, as a share of one core.
const BUDGET_SHARE: f64 = 0.01;

/// The part of it that the rolling census has; what is not measured here, like reading requests, needs the rest.
const CHUNK_SHARE: f64 = 0.45;

/// What a row is taken to cost until it has been measured, in seconds; sending included.
const ROW_COST_S: f64 = 1e-6;

/// With its identity and its heaps.
const FULL_ROW_COST_S: f64 = 5e-6;

/// What asking for heaps costs.
const HEAP_COST_S: f64 = 3e-6;

/// What a process costs that has to answer itself.
const DETAIL_COST_S: f64 = 6e-6;

/// Beyond the budget, at the beginning only, so that there is something to see soon.
const ALLOWANCE_S: f64 = 0.15;

/// What the beginning costs in all, over what is measured of it: requests are read, rows are sent, the collector's own heap is
/// collected. Measured at 100,000 processes on OTP 25.
const TRUE_COST: f64 = 1.6;

/// So many tables are asked each second; more of them less often.
const TABLES_A_TICK: f64 = 2000.0;

/// How often a second stacks are taken, of the busiest processes; each costs the node some 10 to 60 µs.
const STACKS_PER_S: u32 = 10;

/// A node takes longer than this to answer when it is overloaded.
const SLOW_S: f64 = 0.1;

/// The interval never grows beyond this by itself.
const LONGEST: Duration = Duration::from_secs(8);

/// So many bad ticks in a row make an overload, and so many good ones end a step of it.
const TICKS_OVER: u32 = 3;
const TICKS_UNDER: u32 = 10;

/// From this on nothing but the node as a whole is measured.
const GLOBALS_ONLY: u32 = 4;

/// What to ask at a tick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// Rows of the rolling census.
    pub chunk: u32,
    /// Whether the chunk's identities and heaps are wanted too.
    pub full: bool,
    /// Processes that answer themselves.
    pub watch: usize,
    /// Processes whose heaps are asked for.
    pub measure: usize,
    /// New processes that are asked who they are.
    pub identify: usize,
    /// Whether tables are asked for.
    pub tables: bool,
    /// Whether any process is.
    pub processes: bool,
    /// How many stacks are taken a second, of each of how many processes.
    pub stacks: (u32, usize),
}

/// What came of a tick.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub spent: Spent,
    /// Rows of the chunk.
    pub rows: usize,
    /// Processes that exist.
    pub processes: f64,
    pub tables: f64,
    pub run_queue: f64,
    pub schedulers: f64,
    /// Whether an answer could not be sent.
    pub lost: bool,
    /// Whether the round is complete.
    pub round_done: bool,
}

/// The kinds of rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// Little of everybody, as fast as may be: tells who is busy.
    Survey,
    /// Everything of everybody.
    Full,
    /// Little of everybody; what changed is asked for by itself.
    Rolling,
}

/// The schedule of one connection.
#[derive(Debug)]
pub(super) struct Schedule {
    wanted: Duration,
    interval: Duration,
    round: Round,
    row_cost_s: f64,
    chunk: f64,
    allowance_s: f64,
    processes: f64,
    tables: f64,
    ticks: u64,
    bad: u32,
    good: u32,
    /// How often detail was halved.
    level: u32,
    /// How often a second stacks are taken.
    stacks_per_s: u32,
}

impl Schedule {
    /// For a node with so many processes, measured every `wanted` if it can bear that.
    pub fn new(wanted: Duration, processes: u64, more_stacks: bool) -> Self {
        let processes = processes as f64;
        let round = if processes * FULL_ROW_COST_S <= ALLOWANCE_S / 2.0 { Round::Full } else { Round::Survey };
        Self {
            wanted,
            interval: wanted,
            round,
            row_cost_s: if round == Round::Full { FULL_ROW_COST_S } else { ROW_COST_S },
            chunk: 20_000.0,
            allowance_s: ALLOWANCE_S,
            processes,
            tables: 0.0,
            ticks: 0,
            bad: 0,
            good: 0,
            level: 0,
            stacks_per_s: if more_stacks { 2 * STACKS_PER_S } else { STACKS_PER_S },
        }
    }

    /// How long until the next tick.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// What measuring may take of the node in one interval, in seconds.
    fn budget_s(&self) -> f64 {
        BUDGET_SHARE * self.interval.as_secs_f64()
    }

    /// What to ask now.
    pub fn plan(&mut self) -> Plan {
        self.ticks += 1;
        let thin = 0.5f64.powi(self.level.min(10) as i32);
        let of = |share: f64, cost_s: f64| ((self.budget_s() * share * thin / cost_s) as usize).max(1);
        let watch = of(0.15, DETAIL_COST_S).min(50);
        let measure = of(0.25, HEAP_COST_S).min(2000);
        // The chunk has what the others leave.
        let rest_s = (self.budget_s() * CHUNK_SHARE + self.allowance_s / 2.0) * thin;
        let wanted = rest_s / self.row_cost_s;
        self.chunk = wanted.clamp(self.chunk / 2.0, self.chunk * 2.0).max(100.0 * thin);
        let every = (self.tables / TABLES_A_TICK).ceil().max(1.0) as u64;
        Plan {
            chunk: self.chunk.min(1e6) as u32,
            full: self.round == Round::Full,
            watch,
            measure,
            identify: if self.round == Round::Full { 100 } else { 500 },
            tables: self.ticks.is_multiple_of(every) && self.level < GLOBALS_ONLY,
            processes: self.level < GLOBALS_ONLY,
            stacks: if self.level == 0 {
                (self.stacks_per_s, 20)
            } else if self.level == 1 {
                (4, 10)
            } else {
                (0, 0)
            },
        }
    }

    /// Learns from an answer; says what there is to say of an overload.
    pub fn learn(&mut self, outcome: Outcome) -> Option<String> {
        self.processes = outcome.processes;
        self.tables = outcome.tables;
        if outcome.rows >= 100 {
            let cost_s = (outcome.spent.census_s + outcome.spent.send_s) / outcome.rows as f64;
            // One slow answer proves little: the node may have had other things to do.
            self.row_cost_s = (self.row_cost_s * 0.7 + cost_s * 0.3).clamp(ROW_COST_S / 4.0, FULL_ROW_COST_S * 10.0);
        }
        let spent_s = outcome.spent.globals_s + outcome.spent.census_s + outcome.spent.detail_s + outcome.spent.send_s;
        self.allowance_s = (self.allowance_s - (TRUE_COST * spent_s - self.budget_s()).max(0.0)).max(0.0);
        if self.ticks > 10 {
            self.allowance_s = 0.0;
        }
        if outcome.round_done {
            let next = match self.round {
                Round::Survey => Round::Full,
                Round::Full | Round::Rolling => Round::Rolling,
            };
            if next != self.round {
                self.row_cost_s = if next == Round::Full { FULL_ROW_COST_S } else { ROW_COST_S };
                self.chunk = self.budget_s() * CHUNK_SHARE / self.row_cost_s;
                self.round = next;
            }
        }
        self.adapt(outcome, spent_s)
    }

    fn adapt(&mut self, outcome: Outcome, spent_s: f64) -> Option<String> {
        let is_slow = spent_s > SLOW_S && self.allowance_s == 0.0;
        let is_crowded = outcome.run_queue > 2.0 * outcome.schedulers.max(1.0);
        let is_bad = is_slow || is_crowded || outcome.lost;
        self.bad = if is_bad { self.bad + 1 } else { 0 };
        self.good = if is_bad { 0 } else { self.good + 1 };
        if self.bad >= TICKS_OVER || outcome.lost {
            self.bad = 0;
            if self.level < GLOBALS_ONLY {
                self.level += 1;
                self.interval = (self.interval * 2).min(LONGEST.max(self.wanted));
                let what = if self.level == GLOBALS_ONLY {
                    "only the node as a whole is measured"
                } else {
                    "less is measured"
                };
                return Some(format!("the node is overloaded: {what}, every {:?}", self.interval));
            }
        }
        if self.good >= TICKS_UNDER && self.level > 0 {
            self.good = 0;
            self.level -= 1;
            self.interval = (self.wanted * 2u32.pow(self.level)).min(LONGEST.max(self.wanted));
            let what = if self.level == 0 { "everything is measured again" } else { "more is measured again" };
            return Some(format!("the node has room again: {what}, every {:?}", self.interval));
        }
        None
    }

    /// The collector had too much to hold at once.
    pub fn halve(&mut self) {
        self.chunk /= 2.0;
        self.allowance_s = 0.0;
        self.row_cost_s *= 2.0;
    }

    /// After how long the heaps of all processes are stored once more.
    pub fn census_interval_s(&self) -> f64 {
        if self.processes > 20_000.0 { 120.0 } else { 30.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A node where a row costs 0.7 µs, and a full one 4.5 µs.
    fn answer(plan: &Plan, left: &mut f64, processes: f64) -> Outcome {
        if *left <= 0.0 {
            *left = processes;
        }
        let rows = f64::from(plan.chunk).min(*left);
        *left -= rows;
        let each_s = if plan.full { 4.5e-6 } else { 0.7e-6 };
        Outcome {
            spent: Spent { globals_s: 0.001, census_s: rows * each_s, detail_s: 0.0003, send_s: 0.0 },
            rows: rows as usize,
            processes,
            schedulers: 4.0,
            round_done: *left <= 0.0,
            ..Outcome::default()
        }
    }

    fn run(processes: f64, ticks: usize) -> (Vec<Outcome>, usize) {
        let mut schedule = Schedule::new(SECOND, processes as u64, false);
        let (mut left, mut outcomes, mut full_done) = (0.0, Vec::new(), 0);
        for tick in 0..ticks {
            let plan = schedule.plan();
            let outcome = answer(&plan, &mut left, processes);
            if outcome.round_done && plan.full && full_done == 0 {
                full_done = tick + 1;
            }
            schedule.learn(outcome);
            outcomes.push(outcome);
        }
        (outcomes, full_done)
    }

    #[test]
    fn a_small_node_is_known_wholly_at_once_and_a_large_one_within_a_minute_and_a_half() {
        assert_eq!(run(300.0, 3).1, 1);
        assert!(run(10_000.0, 20).1 <= 4);
        let full = run(100_000.0, 200).1;
        assert!((2..=110).contains(&full), "{full}");
    }

    #[test]
    fn after_the_beginning_the_cost_stays_within_the_budget_at_every_size() {
        for processes in [100.0, 1e3, 1e4, 1e5, 1e6] {
            let (outcomes, _) = run(processes, 400);
            let spent_s: f64 = outcomes[15..].iter().map(|outcome| outcome.spent.census_s).sum();
            assert!(spent_s / (outcomes.len() - 15) as f64 <= 0.0075, "{processes}: {spent_s}");
            let most = outcomes[15..].iter().map(|outcome| outcome.spent.census_s).fold(0.0, f64::max);
            assert!(most <= 0.02, "{processes}: {most}");
        }
    }

    #[test]
    fn an_overload_thins_out_what_is_asked_and_its_end_brings_it_back() {
        let mut schedule = Schedule::new(SECOND, 1000, false);
        let mut left = 0.0;
        let mut notices = Vec::new();
        for tick in 0..100 {
            let plan = schedule.plan();
            let mut outcome = answer(&plan, &mut left, 1000.0);
            outcome.run_queue = if tick < 30 { 50.0 } else { 0.0 };
            notices.extend(schedule.learn(outcome));
            if tick == 29 {
                assert!(!schedule.plan().processes && schedule.interval() == LONGEST);
            }
        }
        assert!(notices[0].contains("overloaded") && notices.last().unwrap().contains("everything is measured again"));
        assert!(schedule.plan().processes && schedule.interval() == SECOND);
    }

    #[test]
    fn many_tables_are_asked_less_often() {
        let mut schedule = Schedule::new(SECOND, 1000, false);
        schedule.learn(Outcome { tables: 9000.0, processes: 1000.0, ..Outcome::default() });
        let asked = (0..50).filter(|_| schedule.plan().tables).count();
        assert_eq!(asked, 10);
    }
}
