//! One connection to a node with the collector on it: the requests of each tick, the stacks between two ticks, and their answers.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::{SourceError, StopSignal};
use super::BeamOptions;
use super::connect::{self, Target};
use super::cookie::Cookie;
use super::gc_trace::{Change, GcTrace};
use super::microstates::Microstates;
use super::processes::{Asked, Processes};
use super::reading::{Facts, Moment, Reading, Stacks};
use super::requests::{MOST_MESSAGES, Requests};
use super::schedule::{Outcome, Schedule};
use super::tables::Tables;
use super::terms::{Pid, Term};
use super::wire::{HEAP_LIMIT_WORDS, Received, Wire, WireError, int, list, text, tuple};

/// The oldest release that answers everything that is asked.
const OLDEST_RELEASE: u32 = 25;

/// The node may take so long for an answer before it is given up.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The collector ends when it hears nothing for 10 s.
const KEEP_ALIVE: Duration = Duration::from_secs(4);

/// A lost answer is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(4);

/// How often the applications are looked up, and the allocators.
const APPLICATIONS_EVERY: u64 = 30;
const ALLOCATORS_EVERY: u64 = 10;

/// So often a collector that met its heap limit is started again, with a larger one.
const MOST_KILLS: u32 = 3;

mod flag {
    pub const FULL: i32 = 1;
    pub const TABLES: i32 = 2;
    pub const TABLE_FACTS: i32 = 4;
    pub const APPLICATIONS: i32 = 8;
    pub const REGISTERED: i32 = 16;
    pub const ALLOCATORS: i32 = 32;
    pub const NO_PROCESSES: i32 = 64;
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("the node did not answer for {} s", ANSWER_TIMEOUT.as_secs())]
    Silent,
    #[error("the collector on the node ended ({0})")]
    Ended(String),
    #[error("the node gave an answer that is not understood")]
    Shape,
}

/// An answer with what it answers.
pub(super) struct Heard {
    pub reading: Reading,
    pub asked: Asked,
    /// From the request to the answer.
    pub waited: Duration,
    /// Stacks since the answer before.
    pub stacks: Vec<(Moment, Pid, Vec<String>)>,
    /// What there is to say of the cost.
    pub notice: Option<String>,
}

struct Outstanding {
    sequence: i64,
    asked: Asked,
    at: Instant,
}

/// The process on the node that hands trace messages on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tracer {
    None,
    /// Asked for by this number.
    Asked(u32),
    Runs(Pid),
    /// The node can't run it.
    Refused,
}

/// The process on the node for a window of requests.
#[derive(Clone, Debug, PartialEq)]
enum Window {
    None,
    /// It will be about these, once nothing else traces them.
    Due(Vec<Pid>),
    /// Asked for by this number.
    Asked(u32, Vec<Pid>),
    Runs(Pid),
}

/// A connection with a collector.
pub(super) struct Session {
    wire: Wire,
    collector: Pid,
    tracer: Tracer,
    pub trace: GcTrace,
    window: Window,
    pub requests: Requests,
    pub microstates: Microstates,
    /// The process for them that was asked for last.
    counting: u32,
    pub facts: Facts,
    pub creation: u32,
    pub schedule: Schedule,
    /// Whether a round with identities was complete.
    pub has_identities: bool,
    sequence: i32,
    ticks: u64,
    outstanding: VecDeque<Outstanding>,
    next: Instant,
    stacks: Vec<(Moment, Pid, Vec<String>)>,
    stack_plan: (u32, usize),
    lost: u64,
    kills: u32,
    was_full: bool,
    steady_ns: i64,
    random: u64,
}

impl Session {
    /// Attaches and starts the collector.
    ///
    /// # Errors
    /// When the node does not let us in, or can't run the collector.
    pub fn open(
        target: &Target,
        options: &BeamOptions,
        cookie: &Cookie,
        every: Duration,
        stop: &StopSignal,
    ) -> Result<Self, SourceError> {
        let attached = connect::attach(target, options, cookie)?;
        let creation = attached.creation;
        let failed = |why: String| {
            SourceError(format!("{target} let us in, but can't be measured: {why}; try again, or watch another node"))
        };
        let wire_failed = |error: WireError| failed(error.to_string());
        let mut wire = Wire::new(attached, &target.to_string()).map_err(wire_failed)?;
        wire.spawn_collector(HEAP_LIMIT_WORDS).map_err(wire_failed)?;
        let collector = loop {
            match wire.receive(Instant::now() + ANSWER_TIMEOUT, stop).map_err(wire_failed)? {
                Received::Spawned(_, pid) => break pid,
                Received::Answer(_) => {}
                Received::Ended(_, why) => return Err(failed(format!("it can't run the collector ({why})"))),
                Received::Nothing => return Err(failed(String::from("it did not start the collector in time"))),
            }
        };
        wire.send(collector, tuple(vec![erl_dist::term::Atom::from("info").into()])).map_err(wire_failed)?;
        let facts = loop {
            match wire.receive(Instant::now() + ANSWER_TIMEOUT, stop).map_err(wire_failed)? {
                Received::Answer(answer) => {
                    break Facts::read(&answer).ok_or_else(|| failed(String::from("its answer is not understood")))?;
                }
                Received::Spawned(..) => {}
                // What is asked for at first exists in every release that lets us in.
                Received::Ended(..) => return Err(connect::too_old(target)),
                Received::Nothing => return Err(failed(String::from("it did not answer in time"))),
            }
        };
        if facts.release < OLDEST_RELEASE {
            return Err(connect::too_old(target));
        }
        let schedule = Schedule::new(every, facts.process_count, options.more_stacks);
        let now = Instant::now();
        Ok(Self {
            wire,
            collector,
            tracer: Tracer::None,
            trace: GcTrace::new(options.gc_trace.clone(), facts.release),
            window: Window::None,
            requests: Requests::new(options.requests.clone()),
            microstates: Microstates::new(options.microstates),
            counting: 0,
            facts,
            creation,
            schedule,
            has_identities: false,
            sequence: 0,
            ticks: 0,
            outstanding: VecDeque::new(),
            next: now,
            stacks: Vec::new(),
            stack_plan: (0, 0),
            lost: 0,
            kills: 0,
            was_full: false,
            steady_ns: 0,
            random: u64::from(collector.id) << 32 | u64::from(creation) | 1,
        })
    }

    /// Waits until a measurement is due, takes it, and gives its answer; `None` if the end was requested.
    pub fn next(
        &mut self,
        processes: &Processes,
        tables: &Tables,
        stop: &StopSignal,
    ) -> Result<Option<Heard>, SessionError> {
        self.between_ticks(processes, stop)?;
        if stop.is_requested() {
            return Ok(None);
        }
        let interval = self.schedule.interval();
        self.next = (self.next + interval).max(Instant::now());
        // An answer that was asked for again may still come; it is as good as a new one.
        if self.outstanding.is_empty() {
            self.ask(processes, tables)?;
        }
        self.steer_requests(processes)?;
        self.steer_trace(processes)?;
        if self.microstates.is_due(Instant::now()) {
            self.counting = self.wire.spawn_microstates()?;
        }
        let began = Instant::now();
        let mut asked_at = began;
        loop {
            let deadline = (asked_at + ASK_AGAIN).min(began + ANSWER_TIMEOUT);
            match self.wire.receive(deadline, stop)? {
                Received::Answer(answer) => {
                    if let Some(heard) = self.hear(&answer)? {
                        return Ok(Some(heard));
                    }
                }
                Received::Spawned(number, pid) => {
                    if self.spawned(number, pid)? {
                        self.outstanding.clear();
                        self.ask(processes, tables)?;
                    }
                }
                Received::Ended(who, why) => self.ended(who, &why)?,
                Received::Nothing if stop.is_requested() => return Ok(None),
                Received::Nothing if began.elapsed() >= ANSWER_TIMEOUT => return Err(SessionError::Silent),
                Received::Nothing => {
                    self.ask(processes, tables)?;
                    asked_at = Instant::now();
                }
            }
        }
    }

    /// A process of ours runs; true if it is the collector.
    fn spawned(&mut self, number: u32, pid: Pid) -> Result<bool, SessionError> {
        if self.tracer == Tracer::Asked(number) {
            self.tracer = Tracer::Runs(pid);
            return Ok(false);
        }
        if number == self.counting {
            return Ok(false);
        }
        if let Window::Asked(asked, pids) = &self.window
            && *asked == number
        {
            let named = self
                .requests
                .call()
                .map(|call| tuple(vec![text(&call.module), text(&call.function), int(i32::from(call.arity))]));
            let request = tuple(vec![
                int(self.requests.window_ms()),
                int(MOST_MESSAGES),
                int(self.requests.key()),
                list(named.into_iter().collect()),
                self.wire.pids(pids),
            ]);
            self.wire.send(pid, request)?;
            self.window = Window::Runs(pid);
            return Ok(false);
        }
        self.collector = pid;
        Ok(true)
    }

    /// Begins a window of requests when one is due.
    fn steer_requests(&mut self, processes: &Processes) -> Result<(), SessionError> {
        match &mut self.window {
            Window::None => {
                if let Some(pids) = self.requests.choose(processes.entities(), Instant::now()) {
                    self.trace.set_aside(&pids);
                    self.window = Window::Due(pids);
                }
            }
            Window::Due(pids) => {
                let pids = std::mem::take(pids);
                self.window = Window::Asked(self.wire.spawn_requests()?, pids);
            }
            Window::Asked(..) | Window::Runs(_) => {}
        }
        Ok(())
    }

    fn end_window(&mut self) {
        self.window = Window::None;
        self.trace.set_aside(&[]);
    }

    /// A process of ours has ended: the one that hands trace messages on, which is begun anew when it is needed, or the collector.
    fn ended(&mut self, who: Option<Pid>, why: &str) -> Result<(), SessionError> {
        match (self.tracer, who) {
            // It is told twice, by the link and by the monitor.
            (Tracer::Asked(_), None) => {
                self.tracer = Tracer::Refused;
                self.trace.cannot();
                Ok(())
            }
            (Tracer::Runs(tracer), Some(who)) if tracer == who => {
                self.tracer = Tracer::None;
                match why {
                    // The collector found too much waiting in it.
                    "killed" => self.trace.stop(Instant::now()),
                    "undef" => {
                        self.trace.lose_tracer();
                        self.tracer = Tracer::Refused;
                        self.trace.cannot();
                    }
                    _ => self.trace.lose_tracer(),
                }
                Ok(())
            }
            (_, Some(who)) if self.window == Window::Runs(who) => {
                self.requests.failed(why);
                self.end_window();
                Ok(())
            }
            (_, Some(who)) if who != self.collector => Ok(()),
            _ => self.restart(why),
        }
    }

    /// Begins and ends the tracing of collections as it is wanted.
    fn steer_trace(&mut self, processes: &Processes) -> Result<(), SessionError> {
        let tracer = match self.tracer {
            Tracer::Runs(tracer) => tracer,
            Tracer::None if self.trace.is_wanted() => {
                self.tracer = Tracer::Asked(self.wire.spawn_tracer()?);
                return Ok(());
            }
            Tracer::None | Tracer::Asked(_) | Tracer::Refused => return Ok(()),
        };
        let Some(Change { on, off }) = self.trace.steer(processes.entities(), Instant::now()) else { return Ok(()) };
        // Also without a change: the collector looks after what waits in the tracer.
        let (on, off) = (self.wire.pids(&on), self.wire.pids(&off));
        let request = tuple(vec![int(self.sequence), self.wire.pid(tracer).into(), on, off]);
        Ok(self.wire.send(self.collector, request)?)
    }

    /// Takes what came beside the answer that is waited for; false if it was nothing of the kind.
    fn take_beside(&mut self, answer: &Term) -> Result<bool, SessionError> {
        match answer.items().len() {
            2 => self.microstates.answered(answer).ok_or(SessionError::Shape)?,
            3 => self.keep_stacks(answer)?,
            4 => self.trace.answered(answer).ok_or(SessionError::Shape)?,
            5 => {
                let now = Instant::now();
                if !self.trace.message(answer, self.facts.native_per_s, now)
                    && let Tracer::Runs(tracer) = self.tracer
                {
                    self.wire.kill(tracer)?;
                    // What is still under way finds nobody.
                    self.tracer = Tracer::None;
                    self.trace.stop(now);
                }
            }
            7 => {
                self.requests.answered(answer, self.facts.native_per_s).ok_or(SessionError::Shape)?;
                self.end_window();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A collector that met its heap limit gets a larger one, and less to do.
    fn restart(&mut self, why: &str) -> Result<(), SessionError> {
        if why != "killed" || self.kills >= MOST_KILLS {
            return Err(SessionError::Ended(why.to_owned()));
        }
        // The end is told twice, by the link and by the monitor.
        if self.outstanding.is_empty() && self.kills > 0 {
            return Ok(());
        }
        self.kills += 1;
        // What it held of the tracing is gone.
        if let Tracer::Runs(tracer) = self.tracer {
            self.wire.kill(tracer)?;
            self.trace.lose_tracer();
            self.tracer = Tracer::None;
        }
        self.outstanding.clear();
        self.schedule.halve();
        self.wire.spawn_collector(HEAP_LIMIT_WORDS * 4)?;
        Ok(())
    }

    /// Takes stacks at random moments, so that no timer of the node runs in step with them, and keeps the collector alive.
    fn between_ticks(&mut self, processes: &Processes, stop: &StopSignal) -> Result<(), SessionError> {
        let (per_s, count) = self.stack_plan;
        let mut busiest = if per_s > 0 { processes.busiest(count + 1) } else { Vec::new() };
        // The collector would find itself at work, always.
        busiest.retain(|pid| *pid != self.collector);
        busiest.truncate(count);
        let mut alive = Instant::now();
        loop {
            let now = Instant::now();
            if now >= self.next || stop.is_requested() {
                return Ok(());
            }
            let wait = if busiest.is_empty() {
                KEEP_ALIVE
            } else {
                // Half to one and a half of the mean distance.
                Duration::from_secs_f64((0.5 + self.random()) / f64::from(per_s))
            };
            if self.pause_until((now + wait).min(self.next), stop)? {
                return Ok(());
            }
            if Instant::now() >= self.next {
                return Ok(());
            }
            if !busiest.is_empty() {
                self.take_stacks(&busiest, stop)?;
            } else if alive.elapsed() >= KEEP_ALIVE {
                self.wire.send(self.collector, int(0))?;
                alive = Instant::now();
            }
        }
    }

    /// Lets time pass; true if the end was requested. Trace messages are taken meanwhile, so that none pile up on the node.
    fn pause_until(&mut self, deadline: Instant, stop: &StopSignal) -> Result<bool, SessionError> {
        if self.tracer == Tracer::None {
            return Ok(stop.sleep_until(deadline));
        }
        loop {
            match self.wire.receive(deadline, stop)? {
                Received::Answer(answer) => {
                    // An answer that came too late for its tick; the next one is as good.
                    self.take_beside(&answer)?;
                }
                Received::Spawned(number, pid) => {
                    self.spawned(number, pid)?;
                }
                Received::Ended(who, why) => self.ended(who, &why)?,
                Received::Nothing => return Ok(stop.is_requested()),
            }
        }
    }

    fn take_stacks(&mut self, pids: &[Pid], stop: &StopSignal) -> Result<(), SessionError> {
        let pids = self.wire.pids(pids);
        self.wire.send(self.collector, tuple(vec![int(0), pids]))?;
        // No longer than until the tick; a late answer is taken then.
        loop {
            match self.wire.receive(self.next, stop)? {
                Received::Answer(answer) => {
                    self.take_beside(&answer)?;
                    if answer.items().len() == 3 {
                        return Ok(());
                    }
                }
                Received::Spawned(number, pid) => {
                    self.spawned(number, pid)?;
                }
                Received::Ended(who, why) => self.ended(who, &why)?,
                Received::Nothing => return Ok(()),
            }
        }
    }

    /// Only those count as work that were not waiting.
    fn keep_stacks(&mut self, answer: &Term) -> Result<(), SessionError> {
        let stacks = Stacks::read(answer).ok_or(SessionError::Shape)?;
        let busy = stacks.rows.into_iter().filter(|(_, is_busy, frames)| *is_busy && !frames.is_empty());
        self.stacks.extend(busy.map(|(pid, _, frames)| (stacks.moment, pid, frames)));
        Ok(())
    }

    /// From 0 to 1; good enough to be out of step.
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1u64 << 53) as f64
    }

    fn ask(&mut self, processes: &Processes, tables: &Tables) -> Result<(), SessionError> {
        let plan = self.schedule.plan();
        let mut asked = processes.choose(&plan);
        asked.identify.extend(tables.owners_wanted(&processes.origins));
        let mut flags = flag::REGISTERED;
        let mut set = |condition: bool, flag: i32| flags |= if condition { flag } else { 0 };
        set(plan.full, flag::FULL);
        set(plan.tables, flag::TABLES);
        set(plan.tables && tables.needs_facts(self.steady_ns), flag::TABLE_FACTS);
        set(self.ticks.is_multiple_of(APPLICATIONS_EVERY), flag::APPLICATIONS);
        set(self.ticks.is_multiple_of(ALLOCATORS_EVERY), flag::ALLOCATORS);
        set(!plan.processes, flag::NO_PROCESSES);
        if !plan.processes {
            flags &= !flag::REGISTERED;
        }
        self.ticks += 1;
        self.sequence = self.sequence.wrapping_add(1).max(1);
        self.stack_plan = plan.stacks;
        self.was_full = plan.full;
        let request = tuple(vec![
            int(self.sequence),
            int(flags),
            int(i32::try_from(plan.chunk).unwrap_or(i32::MAX)),
            self.wire.pids(&asked.watch),
            self.wire.pids(&asked.measure),
            self.wire.pids(&asked.identify),
            self.wire.pids(&asked.whole),
        ]);
        self.wire.send(self.collector, request)?;
        self.outstanding.push_back(Outstanding { sequence: i64::from(self.sequence), asked, at: Instant::now() });
        Ok(())
    }

    /// Takes an answer; `None` if it was not one to a measurement.
    fn hear(&mut self, answer: &Term) -> Result<Option<Heard>, SessionError> {
        if self.take_beside(answer)? {
            return Ok(None);
        }
        let reading = Reading::read(answer, self.facts.native_per_s).ok_or(SessionError::Shape)?;
        // Answers come in order; those before this one were lost.
        self.outstanding.retain(|outstanding| outstanding.sequence >= reading.sequence);
        let of_this = self.outstanding.front().is_some_and(|first| first.sequence == reading.sequence);
        let Some(outstanding) = self.outstanding.pop_front().filter(|_| of_this) else {
            return Err(SessionError::Shape);
        };
        self.steady_ns = reading.moment.steady_ns;
        let round_done = outstanding.asked.goes_on && reading.left == 0;
        self.has_identities |= round_done && self.was_full;
        let notice = self.schedule.learn(Outcome {
            spent: reading.spent,
            rows: reading.rows.len(),
            processes: reading.globals.processes,
            tables: reading.globals.tables,
            run_queue: reading.globals.run_queue,
            schedulers: self.facts.schedulers_online as f64,
            lost: reading.lost > self.lost,
            round_done,
        });
        self.lost = reading.lost;
        Ok(Some(Heard {
            asked: outstanding.asked,
            waited: outstanding.at.elapsed(),
            stacks: std::mem::take(&mut self.stacks),
            notice,
            reading,
        }))
    }
}
