//! Garbage-collection traces of Go programs (`GODEBUG=gctrace=1`, Go 1.14 to 1.25), among whatever else such a program writes.
//!
//! `gc 12 @3.114s 2%: 0.02+1.9+0.05 ms clock, 0.1+0.3/1.8/4.0+0.2 ms cpu, 4->5->1 MB, 5 MB goal, 0 MB stacks, 0 MB globals, 8 P`:
//! the world stops twice, marking goes on beside the program. Sizes are megabytes: at the beginning, at the end, and what was found
//! alive. The time is that since the program began. Lines of the scavenger (`scvg`) say nothing of collections and are passed over.

use std::collections::BTreeMap;

use super::gc_log::GcLog;
use super::input::{Input, Lines};
use crate::model::batch::Batch;
use crate::model::entity::EntityId;
use crate::model::gc::{GcEvent, GcKind};
use crate::model::gc_logged::{GcCause, GcPhase, LoggedCollection};
use crate::model::metric::{self, MetricKey};
use crate::model::time::Timestamp;
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

const METRICS: [MetricKey; 2] = [metric::MEMORY_ALLOCATION_RATE, metric::GC_PAUSE];

/// A prefix that a logger put before a line is not longer.
const MAX_PREFIX: usize = 100;

/// A clock that goes back by more belongs to another program.
const RESTART_S: f64 = 1.0;

const LINES_AT_ONCE: usize = 4096;
const MIB: f64 = 1_048_576.0;

/// One line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cycle {
    at_s: f64,
    /// Sweep termination, concurrent marking, mark termination; milliseconds of the clock.
    clock_ms: [f64; 3],
    /// Sweep termination, assists, background workers, idle ones, mark termination; milliseconds of processors.
    cpu_ms: [f64; 5],
    /// At the beginning, at the end, alive, and the goal.
    heap_mb: [f64; 4],
    processors: Option<f64>,
    is_forced: bool,
}

/// Whether a file begins like one.
pub(super) fn tells(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| cycle(line).is_some())
}

/// Opens one.
pub(super) fn open(input: Input) -> Result<Box<dyn Source>, SourceError> {
    let info = super::series::info(&input, &METRICS);
    let log = GcLog::new(input.name());
    Ok(Box::new(GoGc {
        info,
        lines: input.into_lines(),
        log,
        last: None,
        base_s: 0.0,
        passed_over: 0,
        has_ended: false,
    }))
}

struct GoGc {
    info: SourceInfo,
    lines: Lines,
    log: GcLog,
    /// The time of the line before, on the clock of its program.
    last: Option<f64>,
    /// Where that clock begins.
    base_s: f64,
    passed_over: u64,
    has_ended: bool,
}

impl GoGc {
    fn take(&mut self, cycle: Cycle) {
        if self.last.is_some_and(|last| cycle.at_s + RESTART_S < last) {
            // Another program, or the same one started anew.
            self.log.end();
            self.base_s = self.log.latest().0 as f64 / 1e9;
        }
        self.last = Some(cycle.at_s);
        let at = Timestamp(0).plus_seconds(self.base_s + cycle.at_s);
        if !self.log.has_heap() {
            let mut facts = BTreeMap::from([
                (String::from("runtime"), String::from("Go")),
                (String::from("collector"), String::from("Go")),
            ]);
            facts.extend(cycle.processors.map(|count| (String::from("cores"), count.to_string())));
            self.log.begin(at, "Go heap", None, facts, true);
        }
        let ns = |ms: f64| (ms * 1e6).round() as u64;
        let bytes = |mb: f64| (mb * MIB) as u64;
        let [sweep, mark, end] = cycle.clock_ms.map(ns);
        let after = |ns: u64| Timestamp(at.0.saturating_add_unsigned(ns));
        let phase = |at, kind, pause_ns, phase| GcEvent {
            at,
            entity: EntityId(0),
            kind,
            pause_ns,
            before_words: 0,
            after_words: 0,
            held_words: 0,
            reclaimed_words: 0,
            beam: None,
            logged: Some(LoggedCollection { phase, ..LoggedCollection::default() }),
        };
        self.log.put(phase(at, GcKind::Pause, sweep, GcPhase::SweepTermination));
        let [begin_mb, end_mb, live_mb, goal_mb] = cycle.heap_mb;
        let [sweep_cpu, assist, background, idle, end_cpu] = cycle.cpu_ms;
        let cause = if cycle.is_forced { &b"forced"[..] } else { b"heap growth" };
        self.log.put(GcEvent {
            // At its end, so that what was allocated meanwhile counts: it is taken to be alive, too.
            before_words: bytes(begin_mb.max(end_mb)),
            after_words: bytes(live_mb),
            held_words: bytes(goal_mb.max(end_mb)),
            reclaimed_words: bytes((end_mb - live_mb).max(0.0)),
            logged: Some(LoggedCollection {
                phase: GcPhase::Cycle,
                cause: GcCause::named(cause),
                user_ns: ns(sweep_cpu + assist + background + end_cpu),
                system_ns: ns(idle),
                concurrent_ns: mark.max(1),
                marked_bytes: Some(bytes(live_mb)),
                goal_bytes: Some(bytes(goal_mb)),
                ..LoggedCollection::default()
            }),
            ..phase(at, GcKind::Major, 0, GcPhase::Cycle)
        });
        self.log.put(phase(after(sweep), GcKind::Concurrent, mark, GcPhase::ConcurrentMark));
        self.log.put(phase(after(sweep.saturating_add(mark)), GcKind::Pause, end, GcPhase::MarkTermination));
    }
}

impl Source for GoGc {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        loop {
            if let Some(batch) = self.log.next_full() {
                return Ok(Some(batch));
            }
            if self.has_ended || stop.is_requested() {
                return Ok(None);
            }
            for _ in 0..LINES_AT_ONCE {
                let Some((_, line)) = self.lines.next(&mut self.log.complaints) else {
                    self.has_ended = true;
                    if self.passed_over > 0 {
                        let text = format!(
                            "{} lines are none of a garbage-collection trace and are passed over",
                            self.passed_over
                        );
                        self.log.complaints.say(text);
                    }
                    self.log.finish()?;
                    break;
                };
                match cycle(line) {
                    Some(cycle) => self.take(cycle),
                    None => self.passed_over += u64::from(!line.is_empty() && !line.starts_with(b"scvg")),
                }
            }
        }
    }
}

/// Reads a line; `None` if it is none of a collection, or only a part of one.
fn cycle(line: &[u8]) -> Option<Cycle> {
    let start = line.windows(3).take(MAX_PREFIX).position(|text| text == b"gc ")?;
    let is_word = start == 0 || !line[start - 1].is_ascii_alphanumeric();
    let line = std::str::from_utf8(&line[start..]).ok().filter(|_| is_word)?;
    let (number, rest) = line.strip_prefix("gc ")?.split_once(" @")?;
    number.parse::<u64>().ok()?;
    let (at, rest) = rest.split_once("s ")?;
    let (_share, rest) = rest.split_once("%: ")?;
    let (clock, rest) = rest.split_once(" ms clock, ")?;
    let (cpu, rest) = rest.split_once(" ms cpu, ")?;
    let (sizes, rest) = rest.split_once(" MB, ")?;
    let (goal, rest) = rest.split_once(" MB goal, ")?;
    let (assist, last) = (cpu.split('+'), rest.split(", ").last()?);
    let assist: Vec<&str> = assist.flat_map(|part| part.split('/')).collect();
    let is_forced = rest.trim_end().ends_with("(forced)");
    let processors = last.split_once(" P")?.0;
    let [begin, end, live] = numbers(sizes.split("->"))?;
    Some(Cycle {
        at_s: number_of(at)?,
        clock_ms: numbers(clock.split('+'))?,
        cpu_ms: numbers(assist.into_iter())?,
        heap_mb: [begin, end, live, number_of(goal)?],
        processors: number_of(processors),
        is_forced,
    })
}

fn number_of(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| (0.0..1e12).contains(number))
}

fn numbers<'a, const N: usize>(texts: impl Iterator<Item = &'a str>) -> Option<[f64; N]> {
    let mut found = [0.0; N];
    let mut texts = texts;
    for number in &mut found {
        *number = number_of(texts.next()?)?;
    }
    texts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str =
        "gc 7 @0.102s 3%: 0.010+0.58+0.021 ms clock, 0.020+0.10/0.23/0.40+0.042 ms cpu, 4->5->1 MB, 5 MB goal, 8 P";
    const NEW: &str = "gc 8 @1.5s 3%: 0.010+0.58+0.021 ms clock, 0.020+0.10/0.23/0.40+0.042 ms cpu, 4->5->1 MB, 5 MB goal, 0 MB stacks, 0 MB globals, 2 P (forced)";

    #[test]
    fn lines_of_old_and_new_versions_and_with_a_prefix() {
        let old = cycle(OLD.as_bytes()).unwrap();
        assert_eq!(
            (old.at_s, old.heap_mb, old.processors, old.is_forced),
            (0.102, [4.0, 5.0, 1.0, 5.0], Some(8.0), false)
        );
        assert_eq!(old.cpu_ms, [0.02, 0.1, 0.23, 0.4, 0.042]);
        let new = cycle(NEW.as_bytes()).unwrap();
        assert_eq!((new.is_forced, new.processors), (true, Some(2.0)));
        assert_eq!(cycle(format!("2024-05-01T10:00:00Z stderr F {OLD}").as_bytes()), Some(old));
        for length in 0..OLD.len() - 2 {
            assert_eq!(cycle(&OLD.as_bytes()[..length]), None, "{length}");
        }
        for none in ["scvg: inuse: 3", "gc 7 @xs", "magic 7 @0.1s 3%: 1+1+1 ms clock", &OLD.replace("0.58", "-1")] {
            assert_eq!(cycle(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn a_cycle_is_a_collection_two_pauses_and_work_beside_the_program() {
        let text = format!("hello\n{OLD}\nscvg0: inuse: 4\n{NEW}\n{OLD}\n");
        let mut source = open(Input::of_bytes("go.txt", text.as_bytes())).unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = source.next_batch(&StopSignal::default()).unwrap() {
            batches.push(batch);
        }
        let events: Vec<_> = batches.iter().flat_map(|batch| &batch.gc_events).collect();
        assert_eq!(events.len(), 12);
        let major = events.iter().find(|event| event.kind == GcKind::Major).unwrap();
        assert_eq!((major.before_words, major.after_words, major.reclaimed_words), (5 << 20, 1 << 20, 4 << 20));
        assert_eq!((major.allocated_meanwhile_words(), major.is_pause()), (0, false));
        assert_eq!(
            events.iter().map(|event| if event.is_pause() { event.pause_ns } else { 0 }).sum::<u64>(),
            3 * 31_000
        );
        let appeared: usize = batches.iter().map(|batch| batch.appeared.len()).sum();
        assert_eq!(appeared, 2, "the clock went back: another program");
        assert!(batches.iter().any(|batch| batch.notices.iter().any(|it| it.text.contains("1 lines"))));
    }
}
