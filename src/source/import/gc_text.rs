//! The text format in which a BEAM node writes its own garbage-collection trace: one event a line, told by its first line
//! (`#beam-gc-trace 1`). For sites where nobody may attach, and for tests.
//!
//! Starts and ends are paired by process, and a minor collection that reclaimed nothing and changed nothing is told as what it is: a
//! failed one. A file that was cut off is read as far as it goes; a line that is damaged ends the reading with its number.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use crate::model::batch::{Batch, Notice};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::gc::{
    BeamCollection, GcEvent, GcKind, GcTracing, HeapSettings, HeapSizes, TracingChange, TracingEnd,
};
use crate::model::time::Timestamp;
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

/// How the first line begins.
pub const MAGIC: &str = "#beam-gc-trace ";
/// The version that is read.
const VERSION: &str = "1";
/// Longer lines are none of this format.
const MAX_LINE_BYTES: u64 = 1024;
/// Lines that become one batch.
const LINES_PER_BATCH: usize = 4096;
/// Processes that one file may name.
const MAX_PROCESSES: usize = 4_000_000;
/// Facts at the end that are kept.
const MAX_FACTS: usize = 64;

/// Reads one file; see the module.
pub struct GcText<R> {
    reader: R,
    info: SourceInfo,
    /// The moment that the first time of the file stands for.
    starts_at: Timestamp,
    /// The first time of the file, on the clock of the node.
    first_ns: Option<i64>,
    line: Vec<u8>,
    line_number: u64,
    /// The line that was read last has no end.
    cut_off: bool,
    processes: HashMap<String, Process>,
    next_id: u32,
    latest: Timestamp,
    facts: Vec<(String, String)>,
    ended: bool,
}

/// What is known of a process that the file names.
struct Process {
    entity: EntityId,
    /// A collection that has begun.
    open: Option<Start>,
    /// It was told to be gone.
    gone: bool,
    last: Timestamp,
}

struct Start {
    at: Timestamp,
    major: bool,
    need_words: u64,
    sizes: HeapSizes,
}

/// What is wrong with a line: what was expected where.
type Wrong = String;

impl<R: BufRead + Send> GcText<R> {
    /// Reads what `reader` gives. The file has a monotonic clock only: its first moment is taken to be `starts_at`.
    /// `spec` and `title` are what the source is called.
    pub fn new(reader: R, spec: &str, title: &str, starts_at: Timestamp) -> Self {
        let info = SourceInfo {
            spec: spec.to_owned(),
            title: title.to_owned(),
            metrics: Vec::new(),
            has_census: false,
            has_gc_events: true,
            has_stack_samples: false,
            limits: vec![String::from(
                "A trace of garbage collections holds nothing else: no census, no CPU, no tables.",
            )],
        };
        Self {
            reader,
            info,
            starts_at,
            first_ns: None,
            line: Vec::new(),
            line_number: 0,
            cut_off: false,
            processes: HashMap::new(),
            next_id: 0,
            latest: starts_at,
            facts: Vec::new(),
            ended: false,
        }
    }

    /// The facts that the file states about itself at its end, e.g. `otp`, `status`, `wall_ns`; complete once it has been read.
    pub fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    /// The next line without its end; `None` at the end of the file.
    fn read_line(&mut self) -> Result<Option<String>, SourceError> {
        self.line.clear();
        let mut limited = Read::take(&mut self.reader, MAX_LINE_BYTES + 1);
        let read = limited.read_until(b'\n', &mut self.line);
        let count = read.map_err(|error| self.error(&format!("it can't be read further: {error}")))?;
        if count == 0 {
            return Ok(None);
        }
        self.line_number += 1;
        self.cut_off = self.line.last() != Some(&b'\n');
        if !self.cut_off {
            self.line.pop();
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
        } else if self.line.len() as u64 > MAX_LINE_BYTES {
            return Err(self.error(&format!("the line is longer than {MAX_LINE_BYTES} bytes")));
        }
        match std::str::from_utf8(&self.line) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(self.error("expected UTF-8 text")),
        }
    }

    fn error(&self, what: &str) -> SourceError {
        SourceError(format!("{}, line {}: {what}", self.info.spec, self.line_number))
    }

    fn first_line(&mut self, batch: &mut Batch) -> Result<(), SourceError> {
        let line = self.read_line()?.unwrap_or_default();
        match line.strip_prefix(MAGIC).map(str::trim) {
            Some(VERSION) => {}
            Some(other) => {
                return Err(self.error(&format!("version {VERSION} of the format is read, this is version {other:?}")));
            }
            None => return Err(self.error(&format!("expected \"{MAGIC}{VERSION}\""))),
        }
        batch.at = self.starts_at;
        Ok(())
    }

    fn moment(&mut self, field: Option<&str>) -> Result<Timestamp, Wrong> {
        let text = field.unwrap_or_default();
        let ns: i64 = text.parse().map_err(|_| format!("expected a time in whole nanoseconds, found {text:?}"))?;
        let first = *self.first_ns.get_or_insert(ns);
        let at = Timestamp(self.starts_at.0.saturating_add(ns.saturating_sub(first)));
        self.latest = self.latest.max(at);
        Ok(at)
    }

    /// The process, made known if it is new.
    fn process(&mut self, pid: &str, at: Timestamp, batch: &mut Batch) -> Result<&mut Process, Wrong> {
        if !self.processes.contains_key(pid) {
            if pid.is_empty() {
                return Err(String::from("expected a process identifier"));
            }
            if self.processes.len() >= MAX_PROCESSES {
                return Err(format!("more than {MAX_PROCESSES} processes"));
            }
            let entity = self.appear(EntityKind::BeamProcess, pid, at, batch);
            self.processes.insert(pid.to_owned(), Process { entity, open: None, gone: false, last: at });
        }
        self.processes.get_mut(pid).ok_or_else(|| String::from("expected a process identifier"))
    }

    fn appear(&mut self, kind: EntityKind, name: &str, at: Timestamp, batch: &mut Batch) -> EntityId {
        let id = EntityId(self.next_id);
        self.next_id += 1;
        batch.appeared.push(Entity {
            id,
            kind,
            key: format!("gc-trace:{name}/{}", id.0),
            name: name.to_owned(),
            parent: None,
            component: None,
            started: (kind == EntityKind::BeamProcess).then_some(at),
            ended: None,
            attributes: [(String::from("pid"), name.to_owned())].into_iter().collect(),
        });
        id
    }

    fn record(&mut self, line: &str, batch: &mut Batch) -> Result<(), Wrong> {
        let mut fields = line.split(' ');
        match fields.next() {
            Some("#proc") => self.announced(fields, batch),
            Some("#end") => {
                if let Some(key) = fields.next().filter(|_| self.facts.len() < MAX_FACTS) {
                    self.facts.push((key.to_owned(), fields.collect::<Vec<_>>().join(" ")));
                }
                Ok(())
            }
            // What a later edition of the format adds is no concern of this one.
            Some(other) if other.starts_with('#') || line.trim().is_empty() => Ok(()),
            first => self.event(first, fields, batch),
        }
    }

    /// `#proc TS PID heap_block N …` or `#proc TS PID gone`.
    fn announced<'a>(&mut self, mut fields: impl Iterator<Item = &'a str>, batch: &mut Batch) -> Result<(), Wrong> {
        let at = self.moment(fields.next())?;
        let pid = fields.next().unwrap_or_default();
        let first = fields.next();
        let known = self.processes.contains_key(pid);
        if first == Some("gone") {
            let process = self.process(pid, at, batch)?;
            let entity = process.entity;
            if known {
                // Its number may be given to another process from here on.
                self.processes.remove(pid);
                batch.gc_tracing.push(GcTracing { at, entity, change: TracingChange::Ended(TracingEnd::Gone) });
                batch.vanished.push(entity);
            } else {
                process.gone = true;
                batch.gc_tracing.push(GcTracing { at, entity, change: TracingChange::Began(None) });
            }
            return Ok(());
        }
        let mut settings = HeapSettings::default();
        let mut key = first;
        while let Some(name) = key {
            let value = fields.next().ok_or_else(|| format!("expected a value after {name:?}"))?;
            let number = || words(value, name);
            match name {
                "heap_block" => settings.heap_block_words = number()?,
                "min_heap" => settings.min_heap_words = number()?,
                "min_vheap" => settings.min_bin_vheap_words = number()?,
                "fullsweep" => settings.fullsweep_after = number()?,
                "max_heap" => settings.max_heap_words = number()?,
                "msgq" => match value {
                    "on_heap" | "off_heap" => settings.off_heap_queue = value == "off_heap",
                    _ => return Err(format!("expected on_heap or off_heap after \"msgq\", found {value:?}")),
                },
                _ => {}
            }
            key = fields.next();
        }
        // The same number once more without a word of its end: it was given to another process.
        if let Some(former) = self.processes.remove(pid) {
            let change = TracingChange::Ended(TracingEnd::Gone);
            batch.gc_tracing.push(GcTracing { at: former.last, entity: former.entity, change });
            batch.vanished.push(former.entity);
        }
        let entity = self.process(pid, at, batch)?.entity;
        batch.gc_tracing.push(GcTracing { at, entity, change: TracingChange::Began(Some(settings)) });
        Ok(())
    }

    fn event<'a>(
        &mut self,
        first: Option<&str>,
        mut fields: impl Iterator<Item = &'a str>,
        batch: &mut Batch,
    ) -> Result<(), Wrong> {
        let at = self.moment(first)?;
        let pid = fields.next().unwrap_or_default();
        let name = fields.next().unwrap_or_default();
        let amount = words(fields.next().unwrap_or_default(), "wordsize")?;
        let sizes = sizes(fields)?;
        let known = self.processes.contains_key(pid);
        let process = self.process(pid, at, batch)?;
        let entity = process.entity;
        process.last = at;
        let mut told = None;
        match name {
            "gc_minor_start" | "gc_major_start" => {
                process.open = Some(Start { at, major: name == "gc_major_start", need_words: amount, sizes });
            }
            "gc_minor_end" | "gc_major_end" => {
                let major = name == "gc_major_end";
                // Without its start, it began before the trace.
                if let Some(start) = process.open.take().filter(|start| start.major == major) {
                    let pause_ns = u64::try_from(at.0.saturating_sub(start.at.0)).unwrap_or(0);
                    let beam = BeamCollection { need_words: start.need_words, start: start.sizes, end: sizes };
                    let kind = beam.kind(major, amount);
                    told = Some(GcEvent::of_beam(start.at, entity, kind, pause_ns, amount, beam));
                }
            }
            "gc_max_heap_size" => {
                let beam = BeamCollection { need_words: 0, start: sizes, end: sizes };
                told = Some(GcEvent::of_beam(at, entity, GcKind::OverLimit, 0, 0, beam));
            }
            _ => return Err(format!("expected the name of a garbage-collection event, found {name:?}")),
        }
        if !known {
            batch.gc_tracing.push(GcTracing { at, entity, change: TracingChange::Began(None) });
        }
        batch.gc_events.extend(told);
        Ok(())
    }

    /// The end of the file: whoever is still traced is so no longer, and the facts are told.
    fn end(&mut self, batch: &mut Batch) {
        self.ended = true;
        let mut left: Vec<_> = self.processes.drain().map(|(_, process)| process).collect();
        left.sort_by_key(|process| process.entity);
        for process in left {
            let (at, end) = match process.gone {
                true => (process.last, TracingEnd::Gone),
                false => (self.latest, TracingEnd::Stopped),
            };
            batch.gc_tracing.push(GcTracing { at, entity: process.entity, change: TracingChange::Ended(end) });
        }
        if !self.facts.is_empty() {
            let facts: Vec<_> = self.facts.iter().map(|(key, value)| format!("{key} {value}")).collect();
            batch
                .notices
                .push(Notice { at: self.latest, text: format!("The trace says at its end: {}.", facts.join(", ")) });
        }
        // Its release is what tells which rules its collector followed.
        if let Some((_, release)) = self.facts.iter().find(|(key, _)| key == "otp") {
            let release = release.clone();
            self.appear(EntityKind::Runtime, "traced node", self.starts_at, batch);
            if let Some(node) = batch.appeared.last_mut() {
                node.attributes = [(String::from("release"), release)].into_iter().collect();
            }
        }
    }
}

fn words(text: &str, name: &str) -> Result<u64, Wrong> {
    text.parse().map_err(|_| format!("expected a whole number for {name}, found {text:?}"))
}

/// The eleven sizes, which the file orders as the columns of its head do.
fn sizes<'a>(mut fields: impl Iterator<Item = &'a str>) -> Result<HeapSizes, Wrong> {
    let mut sizes = HeapSizes::default();
    let columns = [
        (&mut sizes.heap, "heap_size"),
        (&mut sizes.heap_block, "heap_block"),
        (&mut sizes.old_heap, "old_heap_size"),
        (&mut sizes.old_heap_block, "old_heap_block"),
        (&mut sizes.stack, "stack_size"),
        (&mut sizes.recent, "recent_size"),
        (&mut sizes.mbuf, "mbuf_size"),
        (&mut sizes.bin_vheap, "bin_vheap"),
        (&mut sizes.bin_vheap_block, "bin_vheap_block"),
        (&mut sizes.bin_old_vheap, "bin_old_vheap"),
        (&mut sizes.bin_old_vheap_block, "bin_old_vheap_block"),
    ];
    for (place, name) in columns {
        let text = fields.next().ok_or_else(|| format!("expected {name}, found the end of the line"))?;
        *place = words(text, name)?;
    }
    match fields.next() {
        None | Some("") => Ok(sizes),
        Some(more) => Err(format!("expected the end of the line, found {more:?}")),
    }
}

impl<R: BufRead + Send> Source for GcText<R> {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        if self.ended || stop.is_requested() {
            return Ok(None);
        }
        let mut batch = Batch::default();
        if self.line_number == 0 {
            self.first_line(&mut batch)?;
        }
        let mut lines = 0;
        while lines < LINES_PER_BATCH {
            lines += 1;
            let Some(line) = self.read_line()? else {
                self.end(&mut batch);
                break;
            };
            if self.cut_off {
                // Its last number may be missing digits, so nothing of it is taken.
                let text = format!("Line {} was cut off: the trace is read as far as it goes.", self.line_number);
                batch.notices.push(Notice { at: self.latest, text });
                continue;
            }
            self.record(&line, &mut batch).map_err(|wrong| self.error(&wrong))?;
        }
        batch.at = self.latest;
        Ok(Some(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "#beam-gc-trace 1\n#word 8\n#cols ts_ns pid event\n\
        #proc -500 <0.80.0> heap_block 233 min_heap 233 min_vheap 46422 fullsweep 65535 msgq on_heap\n\
        -400 <0.80.0> gc_minor_start 8 220 233 0 0 5 0 71 0 46422 0 46422\n\
        -390 <0.80.0> gc_minor_end 0 220 233 0 0 5 0 71 0 46422 0 46422\n\
        -390 <0.80.0> gc_major_start 8 220 233 0 0 5 0 71 0 46422 0 46422\n\
        -300 <0.80.0> gc_major_end 111 180 376 0 0 5 180 0 0 46422 0 46422\n\
        -100 <0.81.0> gc_minor_start 8 364 376 0 0 5 180 0 0 46422 0 46422\n\
        0 <0.81.0> gc_minor_end 0 184 376 180 610 5 184 0 0 46422 0 46422\n\
        #proc 10 <0.81.0> gone\n#end otp 25\n";

    fn read(text: &str) -> Result<Batch, SourceError> {
        let mut source = GcText::new(text.as_bytes(), "trace.txt", "trace", Timestamp(1000));
        let mut all = Batch::default();
        while let Some(batch) = source.next_batch(&StopSignal::default())? {
            all.appeared.extend(batch.appeared);
            all.vanished.extend(batch.vanished);
            all.gc_events.extend(batch.gc_events);
            all.gc_tracing.extend(batch.gc_tracing);
            all.notices.extend(batch.notices);
        }
        Ok(all)
    }

    #[test]
    fn collections_are_paired_and_failed_ones_are_told_from_real_ones() {
        let all = read(TRACE).unwrap();
        let kinds: Vec<_> = all.gc_events.iter().map(|event| (event.entity.0, event.kind, event.pause_ns)).collect();
        assert_eq!(kinds, [(0, GcKind::FailedMinor, 10), (0, GcKind::Major, 90), (1, GcKind::Minor, 100)]);
        assert_eq!(all.gc_events[0].at, Timestamp(1100));
        assert_eq!(all.gc_events[2].copied_words(), Some(364));
        assert_eq!(all.vanished, [EntityId(1)]);
        let ends: Vec<_> = all.gc_tracing.iter().map(|tracing| (tracing.entity.0, tracing.change)).collect();
        assert!(matches!(ends[0], (0, TracingChange::Began(Some(settings))) if settings.min_heap_words == 233));
        assert_eq!(ends[1], (1, TracingChange::Began(None)));
        assert_eq!(ends[2], (1, TracingChange::Ended(TracingEnd::Gone)));
        assert_eq!(ends[3], (0, TracingChange::Ended(TracingEnd::Stopped)));
        let node = all.appeared.iter().find(|entity| entity.kind == EntityKind::Runtime).unwrap();
        assert_eq!(node.attributes["release"], "25");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_was_expected() {
        let told = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(told("hello\n"), "trace.txt, line 1: expected \"#beam-gc-trace 1\"");
        assert!(told("#beam-gc-trace 2\n").contains("version"));
        let broken = TRACE.replace("gc_major_end", "gc_mayor_end");
        assert!(
            told(&broken).contains("line 8: expected the name of a garbage-collection event, found \"gc_mayor_end\"")
        );
        let broken = TRACE.replace("8 364", "8 -364");
        assert!(told(&broken).contains("line 9: expected a whole number for heap_size"));
        assert!(told(&format!("#beam-gc-trace 1\n{}\n", "x".repeat(5000))).contains("longer"));
    }

    #[test]
    fn a_file_that_was_cut_off_anywhere_is_read_as_far_as_it_goes() {
        let whole = read(TRACE).unwrap().gc_events;
        for cut in TRACE.find("-400").unwrap()..TRACE.len() {
            let all = read(&TRACE[..cut]).unwrap();
            assert_eq!(all.gc_events[..], whole[..all.gc_events.len()], "cut at {cut}");
        }
    }
}
