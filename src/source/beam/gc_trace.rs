//! Tracing of garbage collections: whose, within what limit, and from the node's trace messages to events.
//!
//! On the node a process of OTP's own code ([`super::wire::Wire::spawn_tracer`]) hands every trace message on to us, so that
//! nothing is interpreted there for an event, they come complete and in order, and all ends with the connection. Pure: what is
//! sent and when is for [`super::session`].

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::reading::Moment;
use super::terms::{Pid, Term};
use crate::model::entity::EntityId;
use crate::model::gc::{
    BeamCollection, GcEvent, GcKind, GcTracing, HeapSettings, HeapSizes, TracingChange, TracingEnd,
};
use crate::model::time::Timestamp;

/// Trace messages that may come each second; each collection makes two.
pub const EVENTS_PER_S: f64 = 2000.0;

/// With so many processes tracing begins, and doubles while there is room.
const FIRST_PROCESSES: usize = 32;

/// The time over which a rate is averaged.
const RATE_OVER_S: f64 = 3.0;

/// Before it is begun again after it had to be stopped.
const PAUSE_S: f64 = 3.0;

/// So many processes are begun with in one request.
const MOST_AT_ONCE: usize = 200;

/// Which processes are to be traced; clones share it. Whoever groups entities into components says so, while the source measures.
#[derive(Clone, Debug, Default)]
pub struct TraceWanted {
    inner: Arc<Mutex<Wanted>>,
}

#[derive(Debug, Default)]
struct Wanted {
    all: bool,
    entities: BTreeSet<EntityId>,
}

impl TraceWanted {
    /// Every process is.
    pub fn set_all(&self, all: bool) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).all = all;
    }

    /// This one is too; by the source's own number.
    pub fn add(&self, entity: EntityId) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).entities.insert(entity);
    }

    /// This one is not any more, unless every process is.
    pub fn remove(&self, entity: EntityId) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).entities.remove(&entity);
    }

    pub(super) fn is_empty(&self) -> bool {
        let wanted = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        !wanted.all && wanted.entities.is_empty()
    }

    /// Of these processes those that are wanted.
    pub(super) fn filter(&self, processes: impl Iterator<Item = (Pid, EntityId)>) -> Vec<(Pid, EntityId)> {
        let wanted = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !wanted.all && wanted.entities.is_empty() {
            return Vec::new();
        }
        processes.filter(|(_, entity)| wanted.all || wanted.entities.contains(entity)).collect()
    }
}

impl PartialEq for TraceWanted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

/// What the collector is to do next.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Change {
    /// Whom to trace from now on.
    pub on: Vec<Pid>,
    /// Whom no longer.
    pub off: Vec<Pid>,
}

/// Releases whose VM crashes at the first collection that two tracers of one process are told of.
const SESSIONS_CRASH: std::ops::RangeInclusive<u32> = 27..=29;

#[derive(Debug)]
struct Traced {
    entity: EntityId,
    /// Whether the collector has said that it is traced.
    is_on: bool,
    /// A collection that has begun.
    begun: Option<Begun>,
    /// Trace messages since the last look.
    messages: usize,
    /// And per second, over the last seconds.
    rate: f64,
}

#[derive(Debug)]
struct Begun {
    major: bool,
    steady_ns: i64,
    need_words: u64,
    sizes: HeapSizes,
}

/// The tracing of one connection.
#[derive(Debug, Default)]
pub(super) struct GcTrace {
    wanted: TraceWanted,
    traced: HashMap<Pid, Traced>,
    /// Whom somebody else traces, or who is too busy for it.
    refused: HashSet<Pid>,
    /// Whom something else of ours traces for a while.
    aside: HashSet<Pid>,
    allowed: usize,
    tokens: f64,
    refilled: Option<Instant>,
    looked: Option<Instant>,
    stopped: Option<Instant>,
    done: Vec<(i64, GcEvent)>,
    changes: Vec<(i64, GcTracing)>,
    notices: Vec<String>,
    was_sampled: bool,
    /// The node's release is one that crashes when somebody else traces the same, and nobody was told yet.
    is_warning_due: bool,
}

impl GcTrace {
    /// For a node of this OTP release.
    pub fn new(wanted: TraceWanted, release: u32) -> Self {
        let is_warning_due = SESSIONS_CRASH.contains(&release);
        Self { wanted, allowed: FIRST_PROCESSES, tokens: 2.0 * EVENTS_PER_S, is_warning_due, ..Self::default() }
    }

    /// Whether anybody is to be traced now.
    pub fn is_wanted(&self) -> bool {
        let is_pausing = self.stopped.is_some_and(|stopped| stopped.elapsed().as_secs_f64() < PAUSE_S);
        !is_pausing && !self.wanted.is_empty()
    }

    /// Looks at what comes, and says what is to change; `None` while nobody is to be traced.
    pub fn steer(&mut self, alive: impl Iterator<Item = (Pid, EntityId)>, now: Instant) -> Option<Change> {
        let mut wanted = self.wanted.filter(alive);
        if wanted.is_empty() && self.traced.is_empty() {
            return None;
        }
        if let Some(stopped) = self.stopped {
            if now.duration_since(stopped).as_secs_f64() < PAUSE_S {
                return None;
            }
            self.stopped = None;
        }
        let mut off = self.thin(now);
        wanted.retain(|(pid, _)| !self.refused.contains(pid) && !self.aside.contains(pid));
        off.extend(self.drop_unwanted(&wanted));
        let number = wanted.len();
        // A sample that has nothing to do with who they are.
        wanted.sort_unstable_by_key(|(pid, _)| (mixed(*pid), *pid));
        let room = self.allowed.saturating_sub(self.traced.len()).min(MOST_AT_ONCE);
        let new = wanted.into_iter().filter(|(pid, _)| !self.traced.contains_key(pid) && !off.contains(pid));
        let new: Vec<(Pid, EntityId)> = new.take(room).collect();
        for (pid, entity) in &new {
            self.traced.insert(*pid, Traced { entity: *entity, is_on: false, begun: None, messages: 0, rate: 0.0 });
        }
        let is_sampled = number > self.allowed && self.stopped.is_none() && self.allowed < self.traced.len().max(1) * 2;
        if is_sampled && !self.was_sampled {
            let traced = self.traced.len();
            self.notices.push(format!("collections of {traced} of {number} processes are traced"));
        }
        self.was_sampled = is_sampled;
        Some(Change { on: new.into_iter().map(|(pid, _)| pid).collect(), off })
    }

    /// Who is left to others until the next call: on older releases a process has one tracer.
    pub fn set_aside(&mut self, pids: &[Pid]) {
        self.aside = pids.iter().copied().collect();
    }

    /// Ends the tracing of those that nobody wants now; who is gone is told by [`Self::vanished`].
    fn drop_unwanted(&mut self, wanted: &[(Pid, EntityId)]) -> Vec<Pid> {
        let wanted: HashSet<Pid> = wanted.iter().map(|(pid, _)| *pid).collect();
        let off: Vec<Pid> = self.traced.keys().filter(|pid| !wanted.contains(pid)).copied().collect();
        for pid in &off {
            self.end(*pid, TracingEnd::Stopped);
        }
        off
    }

    /// By the rate since the last look: more may be traced, or the busiest are no longer.
    fn thin(&mut self, now: Instant) -> Vec<Pid> {
        let Some(looked) = self.looked.replace(now) else { return Vec::new() };
        let seconds = now.duration_since(looked).as_secs_f64().max(0.05);
        // A burst alone is for the bucket.
        let weight = 1.0 - (-seconds / RATE_OVER_S).exp();
        for traced in self.traced.values_mut() {
            let messages = std::mem::take(&mut traced.messages);
            traced.rate += (messages as f64 / seconds - traced.rate) * weight;
        }
        let mut rates: Vec<(f64, Pid)> = self.traced.iter().map(|(pid, traced)| (traced.rate, *pid)).collect();
        let mut rate: f64 = rates.iter().map(|(rate, _)| rate).sum();
        if rate < 0.4 * EVENTS_PER_S {
            self.allowed = self.allowed.saturating_mul(2);
            return Vec::new();
        }
        if rate <= 0.8 * EVENTS_PER_S {
            return Vec::new();
        }
        rates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut off = Vec::new();
        for (of_process, pid) in rates {
            if rate <= 0.6 * EVENTS_PER_S {
                break;
            }
            rate -= of_process;
            off.push(pid);
        }
        self.notices.push(format!(
            "collections of the {} busiest processes are not traced any more: there would be more than {EVENTS_PER_S} events a second",
            off.len()
        ));
        for pid in &off {
            self.end(*pid, TracingEnd::Limited);
            self.refused.insert(*pid);
        }
        self.allowed = self.traced.len().max(1);
        off
    }

    /// Takes what the collector says of the processes that it was asked to trace: `{Sequence, Moment, Rows, Queue}`.
    pub fn answered(&mut self, answer: &Term) -> Option<()> {
        let [_sequence, moment, rows, _queue] = answer.items() else { return None };
        let moment = Moment::read(moment)?;
        let mut taken = 0;
        for row in rows.items() {
            let [pid, result, info] = row.items() else { continue };
            let Some(pid) = pid.pid() else { continue };
            let Some(traced) = self.traced.get_mut(&pid) else { continue };
            let entity = traced.entity;
            match (result.int(), settings(info)) {
                (Some(1), settings) => {
                    traced.is_on = true;
                    if std::mem::take(&mut self.is_warning_due) {
                        self.notices.push(String::from(
                            "don't trace collections of the same processes with another tool meanwhile: releases 27 to 29 of OTP \
                             crash then (erlang/otp#11624)",
                        ));
                    }
                    let change = TracingChange::Began(settings);
                    self.changes.push((moment.steady_ns, GcTracing { at: Timestamp(0), entity, change }));
                }
                // Gone before it could be asked.
                (_, None) => {
                    self.traced.remove(&pid);
                }
                _ => {
                    taken += 1;
                    self.traced.remove(&pid);
                    self.refused.insert(pid);
                    let change = TracingChange::Ended(TracingEnd::Taken);
                    self.changes.push((moment.steady_ns, GcTracing { at: Timestamp(0), entity, change }));
                }
            }
        }
        if taken > 0 {
            self.notices.push(format!("{taken} processes are traced by somebody else already and are left alone"));
        }
        Some(())
    }

    /// Takes a trace message: `{trace_ts, Pid, What, Sizes, Time}`. False if there are more than there may be.
    pub fn message(&mut self, message: &Term, native_per_s: f64, now: Instant) -> bool {
        let [_, pid, what, sizes, time] = message.items() else { return true };
        // Of those that are not traced any more some may still be under way.
        let Some(traced) = pid.pid().and_then(|pid| self.traced.get_mut(&pid)) else { return true };
        let refilled = self.refilled.replace(now).unwrap_or(now);
        let refill = now.duration_since(refilled).as_secs_f64() * EVENTS_PER_S;
        self.tokens = (self.tokens + refill).min(2.0 * EVENTS_PER_S) - 1.0;
        let (Some(what), Some(time)) = (what.atom(), time.int()) else { return true };
        traced.messages += 1;
        let steady_ns = (time as f64 * (1e9 / native_per_s)) as i64;
        // Exact where the node counts nanoseconds itself, as it mostly does.
        let steady_ns = if native_per_s == 1e9 { time } else { steady_ns };
        let (sizes, words) = heap_sizes(sizes);
        let entity = traced.entity;
        match what {
            "gc_minor_start" | "gc_major_start" => {
                let major = what == "gc_major_start";
                traced.begun = Some(Begun { major, steady_ns, need_words: words, sizes });
            }
            "gc_minor_end" | "gc_major_end" => {
                if let Some(begun) = traced.begun.take().filter(|begun| begun.major == (what == "gc_major_end")) {
                    self.done.push((begun.steady_ns, collection(entity, &begun, steady_ns, words, sizes)));
                }
            }
            "gc_max_heap_size" => {
                let beam = BeamCollection { need_words: words, start: sizes, end: sizes };
                self.done.push((steady_ns, GcEvent::of_beam(Timestamp(0), entity, GcKind::OverLimit, 0, 0, beam)));
            }
            _ => {}
        }
        self.tokens >= 0.0
    }

    /// There was more than the limit: everything is to end at once, and goes on later with fewer processes.
    pub fn stop(&mut self, now: Instant) {
        let mut busiest: Vec<(usize, Pid)> = self.traced.iter().map(|(pid, traced)| (traced.messages, *pid)).collect();
        busiest.sort_unstable_by(|a, b| b.cmp(a));
        let all: usize = busiest.iter().map(|(messages, _)| messages).sum();
        // Who made half of it alone is not tried again.
        for (messages, pid) in &busiest {
            if messages * 4 >= all.max(1) {
                self.refused.insert(*pid);
            }
        }
        self.allowed = (self.traced.len() / 4).max(1);
        self.notices.push(format!(
            "tracing of collections was stopped: more than {EVENTS_PER_S} events a second; it goes on with at most {} processes",
            self.allowed
        ));
        self.end_all(TracingEnd::Limited);
        self.tokens = 2.0 * EVENTS_PER_S;
        self.stopped = Some(now);
        self.looked = None;
    }

    /// The process that hands trace messages on is gone, and with it all tracing.
    pub fn lose_tracer(&mut self) {
        self.end_all(TracingEnd::Stopped);
        self.looked = None;
    }

    /// The node can't do it.
    pub fn cannot(&mut self) {
        let text = "collections are not traced: the node has no module slave (OTP's stdlib) that would hand them on";
        self.notices.push(String::from(text));
    }

    fn end_all(&mut self, why: TracingEnd) {
        let pids: Vec<Pid> = self.traced.keys().copied().collect();
        for pid in pids {
            self.end(pid, why);
        }
    }

    fn end(&mut self, pid: Pid, why: TracingEnd) {
        if let Some(traced) = self.traced.remove(&pid).filter(|traced| traced.is_on) {
            let change = TracingChange::Ended(why);
            // At the moment of the batch that tells it.
            self.changes.push((i64::MAX, GcTracing { at: Timestamp(0), entity: traced.entity, change }));
        }
    }

    /// Entities that are gone are not traced any more.
    pub fn vanished(&mut self, gone: &[EntityId]) {
        if self.traced.is_empty() || gone.is_empty() {
            return;
        }
        let gone: HashSet<EntityId> = gone.iter().copied().collect();
        let pids: Vec<Pid> =
            self.traced.iter().filter(|(_, traced)| gone.contains(&traced.entity)).map(|(pid, _)| *pid).collect();
        for pid in pids {
            self.end(pid, TracingEnd::Gone);
        }
    }

    /// What has gathered: events and changes in order of time, at the times that `at` makes of the node's own (`i64::MAX`: now).
    pub fn take(&mut self, at: impl Fn(i64) -> Timestamp) -> (Vec<GcEvent>, Vec<GcTracing>, Vec<String>) {
        let mut events: Vec<GcEvent> =
            self.done.drain(..).map(|(steady_ns, event)| GcEvent { at: at(steady_ns), ..event }).collect();
        events.sort_by_key(|event| event.at);
        let changes = self.changes.drain(..).map(|(steady_ns, change)| GcTracing { at: at(steady_ns), ..change });
        (events, changes.collect(), std::mem::take(&mut self.notices))
    }
}

/// Fibonacci hashing: neighbours fall far apart.
fn mixed(pid: Pid) -> u64 {
    (u64::from(pid.serial) << 32 | u64::from(pid.id)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A pair of messages.
fn collection(entity: EntityId, begun: &Begun, end_ns: i64, reclaimed_words: u64, end: HeapSizes) -> GcEvent {
    let pause_ns = u64::try_from(end_ns.saturating_sub(begun.steady_ns)).unwrap_or(0);
    let beam = BeamCollection { need_words: begun.need_words, start: begun.sizes, end };
    let kind = beam.kind(begun.major, reclaimed_words);
    GcEvent::of_beam(Timestamp(0), entity, kind, pause_ns, reclaimed_words, beam)
}

/// Sizes by name, and the words that were asked for or given back.
fn heap_sizes(list: &Term) -> (HeapSizes, u64) {
    let (mut sizes, mut words) = (HeapSizes::default(), 0);
    for pair in list.items() {
        let [name, value] = pair.items() else { continue };
        let value = value.count().unwrap_or(0);
        let slot = match name.atom() {
            Some("wordsize") => &mut words,
            Some("heap_size") => &mut sizes.heap,
            Some("heap_block_size") => &mut sizes.heap_block,
            Some("old_heap_size") => &mut sizes.old_heap,
            Some("old_heap_block_size") => &mut sizes.old_heap_block,
            Some("stack_size") => &mut sizes.stack,
            Some("recent_size") => &mut sizes.recent,
            Some("mbuf_size") => &mut sizes.mbuf,
            Some("bin_vheap_size") => &mut sizes.bin_vheap,
            Some("bin_vheap_block_size") => &mut sizes.bin_vheap_block,
            Some("bin_old_vheap_size") => &mut sizes.bin_old_vheap,
            Some("bin_old_vheap_block_size") => &mut sizes.bin_old_vheap_block,
            _ => continue,
        };
        *slot = value;
    }
    (sizes, words)
}

/// From `[{garbage_collection, …}, {garbage_collection_info, …}, {message_queue_data, …}]`; `None` of a process that is gone.
fn settings(info: &Term) -> Option<HeapSettings> {
    let find = |list: &Term, name: &str| {
        let pair = list.items().iter().find(|pair| pair.items().first().and_then(Term::atom) == Some(name))?;
        pair.items().get(1).cloned()
    };
    let of = |name: &str| find(&find(info, "garbage_collection")?, name);
    let count = |name: &str| of(name)?.count();
    let max = of("max_heap_size").map(|max| match max.count() {
        Some(words) => words,
        None => find(&max, "size").and_then(|size| size.count()).unwrap_or(0),
    });
    Some(HeapSettings {
        min_heap_words: count("min_heap_size")?,
        min_bin_vheap_words: count("min_bin_vheap_size")?,
        fullsweep_after: count("fullsweep_after")?,
        max_heap_words: max.unwrap_or(0),
        off_heap_queue: find(info, "message_queue_data").and_then(|data| data.atom().map(|word| word == "off_heap"))?,
        heap_block_words: find(&find(info, "garbage_collection_info")?, "heap_block_size")?.count()?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pid(id: u32) -> Pid {
        Pid { id, serial: 0, creation: 1 }
    }

    fn atom(name: &str) -> Term {
        Term::Atom(name.to_owned())
    }

    fn pair(name: &str, value: Term) -> Term {
        Term::Tuple(vec![atom(name), value])
    }

    fn message(id: u32, what: &str, time: i64, sizes: &[(&str, i64)]) -> Term {
        let sizes = sizes.iter().map(|(name, value)| pair(name, Term::Int(*value))).collect();
        Term::Tuple(vec![atom("trace_ts"), Term::Pid(pid(id)), atom(what), Term::List(sizes), Term::Int(time)])
    }

    fn answer(rows: &[(u32, i64)]) -> Term {
        let collection =
            ["min_heap_size", "min_bin_vheap_size", "fullsweep_after"].map(|name| pair(name, Term::Int(9)));
        let max = pair("max_heap_size", Term::List(vec![pair("size", Term::Int(77))]));
        let info = Term::List(vec![
            pair("garbage_collection", Term::List(collection.into_iter().chain([max]).collect())),
            pair("garbage_collection_info", Term::List(vec![pair("heap_block_size", Term::Int(233))])),
            pair("message_queue_data", atom("off_heap")),
        ]);
        let row = |(id, result): &(u32, i64)| Term::Tuple(vec![Term::Pid(pid(*id)), Term::Int(*result), info.clone()]);
        let moment = Term::Tuple(vec![Term::Int(50), Term::Int(1050)]);
        Term::Tuple(vec![Term::Int(1), moment, Term::List(rows.iter().map(row).collect()), Term::Int(0)])
    }

    fn tracing(ids: std::ops::Range<u32>) -> (GcTrace, Instant) {
        let wanted = TraceWanted::default();
        wanted.set_all(true);
        let mut trace = GcTrace::new(wanted, 25);
        let now = Instant::now();
        let change = trace.steer(ids.clone().map(|id| (pid(id), EntityId(id))), now).unwrap();
        assert_eq!(change.on.len(), ids.len().min(FIRST_PROCESSES));
        let rows: Vec<(u32, i64)> = change.on.iter().map(|pid| (pid.id, 1)).collect();
        trace.answered(&answer(&rows)).unwrap();
        (trace, now)
    }

    #[test]
    fn pairs_of_messages_become_collections_and_a_minor_one_without_effect_a_failed_one() {
        let (mut trace, now) = tracing(1..3);
        let start = [("wordsize", 8), ("heap_size", 364), ("recent_size", 180), ("heap_block_size", 376)];
        for (what, time, sizes) in [
            ("gc_minor_start", 100, &start[..]),
            (
                "gc_minor_end",
                130,
                &[("wordsize", 0), ("heap_size", 364), ("recent_size", 180), ("heap_block_size", 376)],
            ),
            ("gc_major_start", 131, &start[..]),
            ("gc_major_end", 190, &[("wordsize", 300), ("heap_size", 64), ("heap_block_size", 233)]),
            ("gc_minor_start", 300, &start[..]),
        ] {
            assert!(trace.message(&message(1, what, time, sizes), 1e9, now));
        }
        // Somebody who is not asked for, and an end without a beginning.
        assert!(trace.message(&message(9, "gc_major_start", 1, &start), 1e9, now));
        assert!(trace.message(&message(2, "gc_major_end", 1, &start), 1e9, now));
        let (events, changes, notices) = trace.take(Timestamp);
        let kinds: Vec<_> = events.iter().map(|event| (event.kind, event.at.0, event.pause_ns)).collect();
        assert_eq!(kinds, [(GcKind::FailedMinor, 100, 30), (GcKind::Major, 131, 59)]);
        assert_eq!((events[1].reclaimed_words, events[1].beam.unwrap().need_words), (300, 8));
        let TracingChange::Began(Some(settings)) = changes[0].change else { panic!("{changes:?}") };
        assert_eq!((settings.max_heap_words, settings.off_heap_queue, changes[0].at), (77, true, Timestamp(50)));
        assert_eq!(notices, Vec::<String>::new());
    }

    #[test]
    fn whom_somebody_else_traces_is_left_alone_and_whoever_is_gone_is_told() {
        let wanted = TraceWanted::default();
        wanted.add(EntityId(1));
        wanted.add(EntityId(2));
        let mut trace = GcTrace::new(wanted, 25);
        let now = Instant::now();
        let alive = || (1..4).map(|id| (pid(id), EntityId(id)));
        assert_eq!(trace.steer(alive(), now).unwrap().on.len(), 2, "the third is not wanted");
        trace.answered(&answer(&[(1, 0), (2, 1)])).unwrap();
        assert_eq!(trace.steer(alive(), now).unwrap(), Change::default(), "it is not tried again");
        trace.vanished(&[EntityId(2)]);
        let (_, changes, notices) = trace.take(Timestamp);
        let ends: Vec<_> = changes.iter().map(|change| (change.entity.0, change.change)).collect();
        assert!(ends.contains(&(1, TracingChange::Ended(TracingEnd::Taken))));
        assert!(ends.contains(&(2, TracingChange::Ended(TracingEnd::Gone))));
        assert!(notices[0].contains("somebody else"));
    }

    #[test]
    fn more_are_traced_while_there_is_room_and_too_much_stops_everything_visibly() {
        let (mut trace, now) = tracing(1..1000);
        let alive = || (1..1000).map(|id| (pid(id), EntityId(id)));
        let later = now + Duration::from_secs(1);
        assert_eq!(trace.steer(alive(), later).unwrap().on.len(), FIRST_PROCESSES, "twice as many");
        let busy = message(trace.traced.keys().next().unwrap().id, "gc_minor_start", 1, &[]);
        let came = (0..10_000).take_while(|_| trace.message(&busy, 1e9, later)).count();
        assert!((3900..=4100).contains(&came), "two seconds' worth at once: {came}");
        trace.stop(later);
        let (_, changes, notices) = trace.take(Timestamp);
        let limited =
            changes.iter().filter(|change| change.change == TracingChange::Ended(TracingEnd::Limited)).count();
        assert_eq!(limited, FIRST_PROCESSES, "those that were on");
        assert!(notices.iter().any(|notice| notice.contains("stopped")));
        assert_eq!(trace.steer(alive(), later + Duration::from_secs(1)), None, "there is a pause");
        assert!(!trace.steer(alive(), later + Duration::from_secs(5)).unwrap().on.is_empty());
    }

    #[test]
    fn a_rate_near_the_limit_drops_the_busiest() {
        let (mut trace, now) = tracing(1..30);
        trace.steer((1..30).map(|id| (pid(id), EntityId(id))), now);
        let mut off = Vec::new();
        for second in 1..12 {
            let then = now + Duration::from_secs(second);
            for index in 0..1900u32 {
                let id = if index % 2 == 0 { 7 } else { 1 + index % 29 };
                trace.message(&message(id, "gc_minor_start", 1, &[]), 1e9, then);
            }
            let change = trace.steer((1..30).map(|id| (pid(id), EntityId(id))), then).unwrap();
            assert!(second > 1 || change.off.is_empty(), "one second is no reason");
            off.extend(change.off);
        }
        assert_eq!(off, [pid(7)]);
        assert!(trace.notices.iter().any(|notice| notice.contains("busiest")));
    }
}
