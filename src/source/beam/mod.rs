//! The source `beam:NAME@HOST`: a running Erlang or Elixir node, measured over its own distribution protocol.
//!
//! Nothing is installed on the node. A collector runs there as data (`forms/`), linked to the connection, driven by one request
//! for each answer. What its answers mean is worked out here, by pure parts: [`node`], [`processes`], [`tables`], [`identity`];
//! [`schedule`] keeps the cost to the node within its budget.

mod connect;
mod cookie;
pub mod epmd;
mod gc_trace;
pub(in crate::source) mod identity;
mod known;
mod microstates;
mod node;
mod processes;
mod reading;
mod requests;
mod schedule;
mod session;
mod tables;
mod wire;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use self::gc_trace::TraceWanted;
pub use self::requests::{NamedFunction, RequestOptions};

use self::connect::Target;
use self::cookie::Cookie;
use self::node::Node;
use self::processes::{Place, Processes};
use self::reading::Moment;
use self::session::{Heard, Session, SessionError};
use self::tables::Tables;
use super::process_table::EntityIds;
use super::{Source, SourceError, SourceInfo, StopSignal, terms, wall_clock};
use crate::model::batch::{Batch, Census, Notice, Sample};
use crate::model::metric;
use crate::model::series::Gap;
use crate::model::time::{TimeRange, Timestamp};

/// Not more often than this, whatever is asked for.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(250);

/// Beyond so many intervals without a measurement there is a gap.
const GAP_INTERVALS: u32 = 3;

/// After a loss it is tried again after so long, then twice as long, up to the longest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// How a node is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BeamOptions {
    /// The file with the cookie, unless the environment gives one.
    pub cookie_file: Option<PathBuf>,
    /// Where to connect, if not to the host in the node's name.
    pub address: Option<String>,
    /// Where the node listens, if epmd is not to be asked.
    pub port: Option<u16>,
    /// Whose collections are traced; may be changed while it measures.
    pub gc_trace: TraceWanted,
    /// Which single requests are traced.
    pub requests: RequestOptions,
    /// Whether it is measured, for a second in thirty, what the node's threads spend their time on.
    pub microstates: bool,
    /// Whether stacks are taken twice as often.
    pub more_stacks: bool,
}

/// Measures a node, also through restarts of it.
pub struct BeamSource {
    info: SourceInfo,
    target: Target,
    options: BeamOptions,
    every: Duration,
    session: Option<Session>,
    clock: Clock,
    ids: EntityIds,
    node: Node,
    processes: Processes,
    tables: Tables,
    creation: u32,
    last: Option<(Timestamp, Instant)>,
    last_census: Option<Timestamp>,
    lost: Option<Lost>,
    has_ended: bool,
}

/// The connection was lost.
struct Lost {
    why: String,
    since: Timestamp,
    retry: Duration,
}

/// The node's steady clock as wall-clock time: it never goes back, and follows the machine's only forwards.
#[derive(Debug, Default)]
struct Clock {
    steady_ns: i64,
    wall_ns: i64,
}

/// A wall clock this far ahead of ours was set, or the machine slept.
const CLOCK_TOLERANCE_NS: i64 = 100_000_000;

impl Clock {
    fn at(&mut self, moment: Moment) -> Timestamp {
        let ours = self.wall_ns.saturating_add(moment.steady_ns.saturating_sub(self.steady_ns));
        if self.wall_ns == 0 || moment.wall_ns > ours.saturating_add(CLOCK_TOLERANCE_NS) {
            (self.steady_ns, self.wall_ns) = (moment.steady_ns, moment.wall_ns);
        }
        self.at_steady(moment.steady_ns)
    }

    /// The wall-clock time of a moment of the steady clock, by what is known of the two.
    fn at_steady(&self, steady_ns: i64) -> Timestamp {
        Timestamp(self.wall_ns.saturating_add(steady_ns.saturating_sub(self.steady_ns)))
    }
}

impl BeamSource {
    /// Attaches to the node `NAME@HOST` and measures it every `every`, but not more often than four times a second.
    ///
    /// # Errors
    /// When it can't be found or does not let us in; the sentence says which of the ways to fail it was, and what to do.
    pub fn open(name: &str, options: &BeamOptions, every: Duration) -> Result<Self, SourceError> {
        let target = Target::parse(name)?;
        let every = every.max(SHORTEST_INTERVAL);
        let cookie = Cookie::find(options.cookie_file.as_deref())?;
        let session = Session::open(&target, options, &cookie, every, &StopSignal::default())?;
        let key = format!("beam:{target}");
        let mut metrics: Vec<_> = node::METRICS.into_iter().chain(known::METRICS).chain(tables::METRICS).collect();
        if options.microstates {
            metrics.extend(microstates::METRICS);
        }
        metrics.sort_unstable();
        metrics.dedup();
        let info = SourceInfo {
            spec: key.clone(),
            title: format!("{target} (Erlang/OTP {})", session.facts.release),
            metrics,
            has_census: true,
            has_gc_events: true,
            has_stack_samples: true,
            limits: vec![
                String::from(
                    "Processor time of a process is its share of the node's reductions, times the busy time of the schedulers: native code and busy waiting make it differ from the real one.",
                ),
                String::from(
                    "Memory of a process is that of its heaps with some for its own structure; while it has a long queue, its part of what all processes take and no other holds.",
                ),
                String::from(
                    "Single garbage collections are traced only of the components that were asked for (--gc-trace).",
                ),
            ],
        };
        Ok(Self {
            info,
            options: options.clone(),
            every,
            creation: session.creation,
            session: Some(session),
            clock: Clock::default(),
            ids: EntityIds::default(),
            node: Node::new(&key, &target.to_string()),
            target,
            processes: Processes::default(),
            tables: Tables::default(),
            last: None,
            last_census: None,
            lost: None,
            has_ended: false,
        })
    }

    /// The present by the node's clock, as far as it is known.
    fn now(&self) -> Timestamp {
        self.last.map_or_else(wall_clock, |(at, seen)| {
            at.plus_ns(i64::try_from(seen.elapsed().as_nanos()).unwrap_or(i64::MAX).max(1))
        })
    }

    /// Takes note of a loss; there is one batch about it, and a gap once it is over.
    fn lose(&mut self, error: &SessionError) -> Batch {
        let at = self.now();
        let since = self.last.map_or(at, |(at, _)| at);
        let text = format!("{}: {error}; trying again", self.target);
        let mut batch = Batch { at, notices: vec![Notice { at, text }], ..Batch::default() };
        if let Some(mut session) = self.session.take() {
            session.trace.lose_tracer();
            put_trace(&mut session, &self.clock, at, &mut batch);
        }
        self.lost = Some(Lost { why: error.to_string(), since, retry: FIRST_RETRY });
        self.last = Some((at, Instant::now()));
        batch
    }

    /// Tries to attach again until it works or the end is requested; true if it works.
    fn reattach(&mut self, stop: &StopSignal) -> bool {
        while let Some(lost) = &mut self.lost {
            if stop.sleep_until(Instant::now() + lost.retry) {
                return false;
            }
            lost.retry = (lost.retry * 2).min(LONGEST_RETRY);
            // The cookie is read again: it may have been changed with the node.
            let opened = Cookie::find(self.options.cookie_file.as_deref())
                .and_then(|cookie| Session::open(&self.target, &self.options, &cookie, self.every, stop));
            match opened {
                Ok(session) => {
                    self.session = Some(session);
                    return true;
                }
                Err(error) => lost.why = error.0,
            }
        }
        self.session.is_some()
    }

    /// The last that is said, when the end comes while the node is away.
    fn farewell(&mut self) -> Option<Batch> {
        self.has_ended = true;
        let lost = self.lost.take()?;
        let at = self.now();
        let gap = Gap { range: TimeRange::new(lost.since, at), why: format!("no measurements: {}", lost.why) };
        Some(Batch { at, gaps: vec![gap], ..Batch::default() })
    }

    /// What an answer comes to.
    fn digest(&mut self, heard: Heard) -> Option<Batch> {
        let Heard { reading, asked, waited, stacks, notice } = heard;
        let session = self.session.as_mut()?;
        let mut batch = Batch::default();
        let is_new_life = session.creation != self.creation;
        if is_new_life {
            self.creation = session.creation;
            self.processes.drop_all(&mut batch);
            self.processes = Processes::default();
            self.tables.drop_all(&mut batch);
            self.clock = Clock::default();
        }
        if self.lost.is_some() || is_new_life {
            self.node.start_anew();
        }
        batch.at = self.clock.at(reading.moment);
        // The clock of a new life, or of another machine, may be behind.
        if let Some((last, _)) = self.last.filter(|(last, _)| *last >= batch.at) {
            batch.at = last.plus_ns(1);
        }
        let at = batch.at;
        self.note_gap(at, waited, is_new_life, &mut batch);
        let session = self.session.as_mut()?;
        let facts = &session.facts;
        let totals = self.node.update(&reading, facts, &mut self.ids, &mut batch);
        let runtime = self.node.runtime(facts, &mut self.ids, &mut batch);
        let (states, of_states) = session.microstates.take();
        batch.samples.extend(states.into_iter().map(|(metric, value)| Sample { entity: runtime, metric, value }));
        let word_bytes = facts.word_bytes;
        let place = Place { key: &self.info.spec, runtime, at, word_bytes };
        let is_done = self.processes.update(&reading, &asked, totals, &place, &mut self.ids, &mut batch);
        let origins = &self.processes.origins;
        self.tables.update(&reading, origins, &place, &mut self.ids, &mut batch);
        if is_done {
            let (live, held) = self.processes.heaps(word_bytes);
            let mut put = |metric, value| batch.samples.push(Sample { entity: runtime, metric, value });
            put(metric::HEAP_LIVE, live);
            put(metric::HEAP_HELD, held);
            if held > 0.0 {
                put(metric::MEMORY_EFFICIENCY, (live / held).min(1.0));
            }
            let interval_s = session.schedule.census_interval_s();
            let is_due = self.last_census.is_none_or(|before| at.seconds_since(before) >= interval_s);
            if is_due && session.has_identities {
                let mut census = Census { at, rows: Vec::new() };
                self.processes.census(word_bytes, &mut census.rows);
                self.tables.census(&mut census.rows);
                self.last_census = Some(at);
                batch.census = Some(census);
            }
        }
        for (moment, pid, frames) in stacks {
            let Some(entity) = self.processes.asked_for_stack(pid) else { continue };
            let taken = self.clock.at(moment).min(at);
            batch.stack_samples.push(crate::model::batch::StackSample { at: taken, entity, frames, weight: 1 });
        }
        if let Some(session) = &mut self.session {
            session.trace.vanished(&batch.vanished);
            put_trace(session, &self.clock, at, &mut batch);
        }
        batch.notices.extend(notice.into_iter().chain(of_states).map(|text| Notice { at, text }));
        self.last = Some((at, Instant::now()));
        Some(batch)
    }

    fn note_gap(&mut self, at: Timestamp, waited: Duration, is_new_life: bool, batch: &mut Batch) {
        let interval = self.session.as_ref().map_or(self.every, |session| session.schedule.interval());
        if let Some(lost) = self.lost.take() {
            let what = if is_new_life { "; the node was started anew" } else { "" };
            let gap =
                Gap { range: TimeRange::new(lost.since, at), why: format!("no measurements: {}{what}", lost.why) };
            batch.gaps.push(gap);
            batch.notices.push(Notice { at, text: format!("{} is measured again{what}", self.target) });
            return;
        }
        let allowed = (interval * GAP_INTERVALS).as_secs_f64();
        if let Some((before, _)) = self.last.filter(|(before, _)| at.seconds_since(*before) > allowed) {
            let why = if waited > interval {
                format!("the node did not answer for {:.1} s: it was suspended or overloaded", waited.as_secs_f64())
            } else {
                String::from("no measurements: this machine was asleep or overloaded")
            };
            batch.gaps.push(Gap { range: TimeRange::new(before, at), why });
        }
    }
}

/// What has been traced since the batch before.
fn put_trace(session: &mut Session, clock: &Clock, at: Timestamp, batch: &mut Batch) {
    // What the node has not told a time of belongs to now, and nothing can have happened later.
    let time = |steady_ns| clock.at_steady(steady_ns).min(at);
    let (events, changes, of_collections) = session.trace.take(time);
    let (requests, of_requests) = session.requests.take(time);
    batch.gc_events.extend(events);
    batch.gc_tracing.extend(changes);
    batch.requests.extend(requests);
    let texts = of_collections.into_iter().chain(of_requests);
    batch.notices.extend(texts.map(|text| Notice { at, text }));
}

impl Source for BeamSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        loop {
            if self.has_ended || stop.is_requested() || (self.lost.is_some() && !self.reattach(stop)) {
                return Ok(if self.has_ended { None } else { self.farewell() });
            }
            let Some(session) = &mut self.session else { return Ok(None) };
            match session.next(&self.processes, &self.tables, stop) {
                Ok(Some(heard)) => {
                    if let Some(batch) = self.digest(heard) {
                        return Ok(Some(batch));
                    }
                }
                // The end was requested.
                Ok(None) => {}
                // Lost again before anything was measured.
                Err(error) if self.lost.is_some() => {
                    self.session = None;
                    if let Some(lost) = &mut self.lost {
                        lost.why = error.to_string();
                    }
                }
                Err(error) => return Ok(Some(self.lose(&error))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_time_never_goes_back_and_leaps_only_forwards() {
        let mut clock = Clock::default();
        let s = 1_000_000_000;
        assert_eq!(clock.at(Moment { steady_ns: -5 * s, wall_ns: 100 * s }), Timestamp(100 * s));
        assert_eq!(clock.at(Moment { steady_ns: -4 * s, wall_ns: 90 * s }), Timestamp(101 * s), "set back");
        assert_eq!(clock.at(Moment { steady_ns: -3 * s, wall_ns: 500 * s }), Timestamp(500 * s), "it slept");
        assert_eq!(clock.at(Moment { steady_ns: -2 * s, wall_ns: 501 * s }), Timestamp(501 * s));
    }
}
