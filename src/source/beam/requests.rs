//! Windows of single requests: of which processes, how often, and from rows of a window to requests.
//!
//! On the node a process of its own (`forms/requests.exprs`) traces arrivals, calls and returns for some seconds and sends
//! numbers only: what a request says is known here as a hash. Pure: what is sent and when is for [`super::session`].

use std::collections::{HashMap, HashSet, VecDeque};
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::gc_trace::{EVENTS_PER_S, TraceWanted};
use super::terms::{Pid, Term};
use crate::model::entity::EntityId;
use crate::model::request::{Request, RequestOutcome};
use crate::model::time::Timestamp;

/// A window begins so long after the one before began.
const EVERY: Duration = Duration::from_secs(60);

/// The first one waits so long, so that the processes are known.
const FIRST_AFTER: Duration = Duration::from_secs(2);

/// How long a window may be: nothing leaves the node before it ends.
const LONGEST: Duration = Duration::from_secs(10);

/// So many processes are traced in one window.
const MOST_PROCESSES: usize = 50;

/// So many trace messages end a window; each request makes three.
pub(super) const MOST_MESSAGES: i32 = 20_000;

/// A function whose calls are requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFunction {
    pub module: String,
    pub function: String,
    pub arity: u8,
}

impl FromStr for NamedFunction {
    type Err = String;

    /// From `MODULE:FUNCTION/ARITY`, e.g. `cart:serve/2` or `Elixir.Cart:serve/2`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || {
            let (module, rest) = text.split_once(':')?;
            let (function, arity) = rest.rsplit_once('/')?;
            let is_name = |name: &str| !name.is_empty() && name.chars().count() <= 255;
            let arity = arity.parse().ok()?;
            (is_name(module) && is_name(function)).then(|| Self {
                module: module.to_owned(),
                function: function.to_owned(),
                arity,
            })
        };
        parts().ok_or_else(|| format!("`{text}` is no function; write it as `module:function/2`"))
    }
}

/// Which requests are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestOptions {
    /// To which processes; may be changed while it measures.
    pub wanted: TraceWanted,
    /// Calls of which function; else those of the callbacks of `gen_server`.
    pub call: Option<NamedFunction>,
    /// Which element of the request, or which argument of the function, is hashed as its key; counted from 1.
    pub key: Option<u8>,
    /// How long each window is; at most ten seconds count.
    pub window: Duration,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self { wanted: TraceWanted::default(), call: None, key: None, window: Duration::from_secs(5) }
    }
}

/// The windows of one connection.
#[derive(Debug, Default)]
pub(super) struct Requests {
    options: RequestOptions,
    /// When somebody was wanted first, or the last window began.
    since: Option<Instant>,
    windows: u32,
    chosen: HashMap<Pid, EntityId>,
    done: Vec<(i64, Request)>,
    notices: Vec<String>,
}

/// One traced process, while its rows are gone through.
struct Server {
    entity: EntityId,
    /// Messages that waited when the window began.
    backlog: u64,
    /// When messages came that were not taken up yet, by the hash of what they say.
    arrivals: HashMap<u64, VecDeque<i64>>,
    /// How many messages of a hash came in all.
    alike: HashMap<u64, usize>,
    open: Option<Open>,
}

/// A request in service.
struct Open {
    arrival: Option<i64>,
    start: i64,
    key: Option<u64>,
    operation: String,
}

impl Requests {
    pub fn new(options: RequestOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Whether a window is due, and if so of which processes.
    pub fn choose(&mut self, alive: impl Iterator<Item = (Pid, EntityId)>, now: Instant) -> Option<Vec<Pid>> {
        if self.options.wanted.is_empty() {
            return None;
        }
        let after = if self.windows == 0 { FIRST_AFTER } else { EVERY };
        if now.duration_since(*self.since.get_or_insert(now)) < after {
            return None;
        }
        let mut wanted = self.options.wanted.filter(alive);
        if wanted.is_empty() {
            return None;
        }
        self.since = Some(now);
        self.windows += 1;
        let number = wanted.len();
        // Others in each window.
        let seed = u64::from(self.windows);
        let mixed = |pid: Pid| (u64::from(pid.id) << 20 ^ u64::from(pid.serial)).wrapping_mul(seed << 32 | 0x9e37_79b9);
        wanted.sort_unstable_by_key(|(pid, _)| (mixed(*pid), *pid));
        wanted.truncate(MOST_PROCESSES);
        if number > wanted.len() {
            self.notices.push(format!("requests to {MOST_PROCESSES} of {number} processes are traced"));
        }
        self.chosen = wanted.into_iter().collect();
        Some(self.chosen.keys().copied().collect())
    }

    /// How long a window is, in milliseconds.
    pub fn window_ms(&self) -> i32 {
        i32::try_from(self.options.window.min(LONGEST).as_millis()).unwrap_or(i32::MAX).max(10)
    }

    pub fn call(&self) -> Option<&NamedFunction> {
        self.options.call.as_ref()
    }

    /// 0: none.
    pub fn key(&self) -> i32 {
        self.options.key.map_or(0, i32::from)
    }

    /// A window ended without an answer.
    pub fn failed(&mut self, why: &str) {
        self.notices.push(match why {
            "killed" => String::from("a window of requests was given up: there was too much in it; try a shorter one"),
            why => format!("a window of requests was given up: the process for it ended on the node ({why})"),
        });
    }

    /// Takes what a window says: `{Moment, Span, Nudges, Queues, Rows, Functions, Ending}`.
    pub fn answered(&mut self, answer: &Term, native_per_s: f64) -> Option<()> {
        let [_moment, span, nudges, queues, rows, functions, ending] = answer.items() else { return None };
        let [begin, end] = span.items() else { return None };
        let ns = |native: i64| if native_per_s == 1e9 { native } else { (native as f64 * (1e9 / native_per_s)) as i64 };
        let seconds = ns(end.int()?).saturating_sub(ns(begin.int()?)) as f64 / 1e9;
        let [set, theirs] = functions.items() else { return None };
        let mut servers = HashMap::new();
        for row in queues.items() {
            let [pid, length] = row.items() else { return None };
            let pid = pid.pid()?;
            let Some(&entity) = self.chosen.get(&pid) else { continue };
            let (arrivals, alike) = Default::default();
            servers.insert(pid, Server { entity, backlog: length.count()?, arrivals, alike, open: None });
        }
        let rows: Vec<TraceRow> = rows.items().iter().filter_map(|row| TraceRow::read(row, &ns)).collect();
        let traced: HashSet<&str> =
            rows.iter().filter(|row| row.kind.is_call()).filter_map(|row| row.what.as_deref()).collect();
        for row in rows.iter().filter(|row| row.kind == Kind::Came) {
            if let Some(server) = servers.get_mut(&row.pid) {
                *server.alike.entry(row.hash).or_default() += 1;
            }
        }
        let mut served = Served::default();
        for row in &rows {
            if let Some(server) = servers.get_mut(&row.pid) {
                server.take(row, &traced, &mut served);
            }
        }
        let others = self.chosen.len().saturating_sub(servers.len());
        self.report(seconds, nudges.number()?, servers.len(), others, [set.count()?, theirs.count()?], &served);
        match ending.int()? {
            0 => {}
            1 => self.notices.push(format!(
                "a window of requests ended after {seconds:.1} s: there were more than {EVENTS_PER_S} trace messages a second"
            )),
            _ => self.notices.push(format!("a window of requests ended after {seconds:.1} s: the requests are too large")),
        }
        self.done.append(&mut served.requests);
        Some(())
    }

    fn report(
        &mut self,
        seconds: f64,
        nudges: f64,
        traced: usize,
        others: usize,
        functions: [u64; 2],
        served: &Served,
    ) {
        let [set, theirs] = functions;
        if theirs > 0 {
            self.notices.push(format!("{theirs} functions are traced by somebody else already and are left alone"));
        }
        if traced == 0 {
            self.notices.push(String::from(match self.call() {
                _ if theirs > 0 || set > 0 => {
                    "no requests were traced: the processes are gone or traced by somebody else already"
                }
                Some(_) => "no requests were traced: the node has no such function",
                None => {
                    "no requests were traced: the processes are no gen_servers; name the function that serves (--call)"
                }
            }));
            return;
        }
        if others > 0 {
            self.notices
                .push(format!("{others} processes are gone or traced by somebody else already and are left alone"));
        }
        let late = match served.without_arrival {
            0 => String::new(),
            late => format!("; {late} whose arrival was not seen are left out"),
        };
        self.notices.push(format!(
            "{} requests to {traced} processes were traced in {seconds:.1} s, their arrivals to within some {:.1} ms{late}",
            served.requests.len(),
            seconds * 1e3 / nudges.max(1.0),
        ));
    }

    /// What has gathered, at the times that `at` makes of the node's own.
    pub fn take(&mut self, at: impl Fn(i64) -> Timestamp) -> (Vec<Request>, Vec<String>) {
        self.done.sort_by_key(|(arrival, _)| *arrival);
        let requests = self.done.drain(..).map(|(arrival, request)| Request {
            arrival: at(arrival),
            start: request.start.map(|start| at(start.0)),
            ..request
        });
        (requests.collect(), std::mem::take(&mut self.notices))
    }
}

/// What became of the rows of a window.
#[derive(Default)]
struct Served {
    /// By their arrival in the node's own time; `start` is in that too.
    requests: Vec<(i64, Request)>,
    without_arrival: usize,
}

impl Server {
    /// A process takes its messages in order, so that of those that say the same the one that came first is taken first.
    fn take(&mut self, row: &TraceRow, traced: &HashSet<&str>, served: &mut Served) {
        match row.kind {
            Kind::Came => self.arrivals.entry(row.hash).or_default().push_back(row.at),
            // One that is called by another is a part of its work.
            Kind::Called(_) if self.open.is_some() => {}
            Kind::Called(key) => {
                let is_of_backlog = self.backlog > 0;
                self.backlog = self.backlog.saturating_sub(1);
                let alike = self.alike.get(&row.hash).copied().unwrap_or(0);
                // What waited from before has no arrival; a later one that says the same must not be taken for it.
                let arrival = if is_of_backlog && alike > 1 {
                    None
                } else {
                    self.arrivals.get_mut(&row.hash).and_then(VecDeque::pop_front).filter(|_| !is_of_backlog)
                };
                let name = row.what.as_deref().unwrap_or_default();
                let name = name.split_once(':').map_or(name, |(_, function)| function);
                let operation = name.rsplit_once('/').map_or(name, |(function, _)| function).to_owned();
                self.open = Some(Open { arrival, start: row.at, key, operation });
            }
            Kind::Returned if row.what.as_deref().is_some_and(|function| traced.contains(function)) => {}
            Kind::Returned => {
                let Some(open) = self.open.take() else { return };
                let Some(arrival) = open.arrival else {
                    served.without_arrival += 1;
                    return;
                };
                let request = Request {
                    arrival: Timestamp(0),
                    entity: self.entity,
                    start: Some(Timestamp(open.start)),
                    service_ns: u64::try_from(row.at.saturating_sub(open.start)).ok(),
                    ready: None,
                    key: open.key,
                    operation: Some(open.operation),
                    worker: Some(self.entity.0),
                    reused: None,
                    outcome: RequestOutcome::Ok,
                };
                served.requests.push((arrival, request));
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Came,
    /// With the hash of its key, if there is one.
    Called(Option<u64>),
    Returned,
}

impl Kind {
    fn is_call(self) -> bool {
        matches!(self, Kind::Called(_))
    }
}

/// `{{Pid, What, Time, Kind}, Hash, Key}`.
struct TraceRow {
    pid: Pid,
    /// The function, if it is known.
    what: Option<String>,
    at: i64,
    kind: Kind,
    hash: u64,
}

impl TraceRow {
    fn read(row: &Term, ns: &impl Fn(i64) -> i64) -> Option<Self> {
        let [row, hash, key] = row.items() else { return None };
        let [pid, what, time, kind] = row.items() else { return None };
        let kind = match kind.int()? {
            0 => Kind::Came,
            1 => Kind::Called(None),
            2 => Kind::Called(Some(key.count()?)),
            3 => Kind::Returned,
            _ => return None,
        };
        Some(Self { pid: pid.pid()?, what: what.function(), at: ns(time.int()?), kind, hash: hash.count()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(id: u32) -> Pid {
        Pid { id, serial: 0, creation: 1 }
    }

    fn atom(name: &str) -> Term {
        Term::Atom(name.to_owned())
    }

    fn tuple(items: &[Term]) -> Term {
        Term::Tuple(items.to_vec())
    }

    fn function(name: &str, arity: i64) -> Term {
        tuple(&[atom("cart"), atom(name), Term::Int(arity)])
    }

    fn row(id: u32, what: Term, time: i64, kind: i64, hash: i64, key: i64) -> Term {
        let row = tuple(&[Term::Pid(pid(id)), what, Term::Int(time), Term::Int(kind)]);
        tuple(&[row, Term::Int(hash), Term::Int(key)])
    }

    fn answer(queue: i64, rows: Vec<Term>, functions: [i64; 2], ending: i64) -> Term {
        let pair = |a: i64, b: i64| tuple(&[Term::Int(a), Term::Int(b)]);
        let queues = Term::List(vec![tuple(&[Term::Pid(pid(1)), Term::Int(queue)])]);
        let queues = if functions[0] == 0 { Term::List(Vec::new()) } else { queues };
        let functions = pair(functions[0], functions[1]);
        tuple(&[
            pair(1, 2),
            pair(0, 2_000_000_000),
            Term::Int(1000),
            queues,
            Term::List(rows),
            functions,
            Term::Int(ending),
        ])
    }

    fn window(of: u32) -> Requests {
        let wanted = TraceWanted::default();
        wanted.set_all(true);
        let mut requests = Requests::new(RequestOptions { wanted, ..RequestOptions::default() });
        let alive = || (1..=of).map(|id| (pid(id), EntityId(id + 10)));
        let now = Instant::now();
        assert_eq!(requests.choose(alive(), now), None, "not at once");
        let chosen = requests.choose(alive(), now + FIRST_AFTER).unwrap();
        assert_eq!(chosen.len(), (of as usize).min(MOST_PROCESSES));
        assert_eq!(requests.choose(alive(), now + FIRST_AFTER * 2), None, "once a minute");
        requests
    }

    #[test]
    fn a_requests_arrival_is_that_of_the_first_message_that_says_the_same() {
        let mut requests = window(1);
        let server = || tuple(&[atom("gen_server"), atom("try_dispatch"), Term::Int(4)]);
        let rows = vec![
            row(1, Term::Int(0), 100, 0, 7, 0),
            row(1, function("handle_cast", 2), 110, 2, 7, 55),
            row(1, Term::Int(0), 120, 0, 7, 0),
            row(1, Term::Int(0), 125, 0, 8, 0),
            // Called by the first: a part of it, wherever it returns to.
            row(1, function("handle_info", 2), 130, 1, 9, 0),
            row(1, function("handle_cast", 2), 140, 3, 0, 0),
            row(1, server(), 150, 3, 0, 0),
            row(1, function("handle_cast", 2), 160, 1, 7, 0),
            row(1, server(), 170, 3, 0, 0),
            row(1, function("handle_call", 3), 180, 1, 8, 0),
        ];
        requests.answered(&answer(0, rows, [3, 0], 0), 1e9).unwrap();
        let (done, notices) = requests.take(Timestamp);
        let said: Vec<_> =
            done.iter().map(|one| (one.arrival.0, one.start.unwrap().0, one.service_ns.unwrap(), one.key)).collect();
        assert_eq!(said, [(100, 110, 40, Some(55)), (120, 160, 10, None)], "the last one was not finished");
        assert_eq!((done[0].operation.as_deref(), done[0].entity), (Some("handle_cast"), EntityId(11)));
        assert!(notices[0].contains("2 requests to 1 processes") && notices[0].contains("2.0 ms"), "{notices:?}");
    }

    #[test]
    fn what_waited_before_the_window_is_left_out_and_takes_no_arrival_of_another() {
        let mut requests = window(1);
        let back = || tuple(&[atom("m"), atom("f"), Term::Int(1)]);
        let mut rows = vec![row(1, Term::Int(0), 100, 0, 7, 0), row(1, Term::Int(0), 101, 0, 7, 0)];
        for time in [110, 120, 130] {
            rows.extend([row(1, function("handle_cast", 2), time, 1, 7, 0), row(1, back(), time + 5, 3, 0, 0)]);
        }
        requests.answered(&answer(1, rows, [3, 0], 1), 1e9).unwrap();
        let (done, notices) = requests.take(Timestamp);
        assert_eq!(
            done.iter().map(|one| (one.arrival.0, one.start.unwrap().0)).collect::<Vec<_>>(),
            [(100, 120), (101, 130)]
        );
        assert!(notices[0].contains("1 whose arrival was not seen"), "{notices:?}");
        assert!(notices[1].contains("ended after 2.0 s"), "{notices:?}");
    }

    #[test]
    fn a_window_in_which_nothing_could_be_traced_says_why() {
        let mut requests = window(200);
        assert!(requests.notices[0].contains("50 of 200"), "{:?}", requests.notices);
        requests.notices.clear();
        requests.answered(&answer(0, Vec::new(), [0, 0], 0), 1e9).unwrap();
        assert!(requests.notices[0].contains("--call"), "{:?}", requests.notices);
        requests.notices.clear();
        requests.answered(&answer(0, Vec::new(), [0, 3], 0), 1e9).unwrap();
        assert!(requests.notices[0].contains("3 functions are traced by somebody else"), "{:?}", requests.notices);
        assert!(requests.answered(&tuple(&[Term::Int(1)]), 1e9).is_none());
    }

    #[test]
    fn functions_are_read_as_they_are_written() {
        let function: NamedFunction = "Elixir.Cart:serve/2".parse().unwrap();
        assert_eq!((function.module.as_str(), function.function.as_str(), function.arity), ("Elixir.Cart", "serve", 2));
        for text in ["", "cart", "cart:serve", "cart:serve/x", ":serve/2", "cart:/2", "cart:serve/-1"] {
            assert!(text.parse::<NamedFunction>().unwrap_err().contains("module:function/2"), "{text}");
        }
    }
}
