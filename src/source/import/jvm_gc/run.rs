//! One JVM whose log is read: its facts, its clock, and the heap that its collections belong to.

use std::collections::BTreeMap;

use super::clock::{Clock, Stamp};
use super::scan::{Change, Scan};
use crate::model::entity::EntityId;
use crate::model::gc::{GcEvent, GcKind};
use crate::model::gc_logged::LoggedCollection;
use crate::model::metric;
use crate::model::time::Timestamp;
use crate::source::import::gc_log::GcLog;

/// Collectors by what logs say that they use.
const COLLECTORS: [(&[u8], &str); 8] = [
    (b"Serial", "Serial"),
    (b"Parallel", "Parallel"),
    (b"Concurrent Mark Sweep", "CMS"),
    (b"G1", "G1"),
    (b"The Z Garbage Collector", "ZGC"),
    (b"Shenandoah", "Shenandoah"),
    (b"Epsilon", "Epsilon"),
    (b"Generational ZGC", "ZGC"),
];

/// See the module.
pub struct Run {
    pub log: GcLog,
    pub clock: Clock,
    facts: BTreeMap<String, String>,
    collector: Option<&'static str>,
    limit_bytes: Option<u64>,
    region_bytes: Option<u64>,
    /// How often threads waited for memory, and the longest time.
    stalls: (u64, u64),
}

/// What a log tells of a collection besides its kind and time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sizes {
    pub heap: Change,
    pub young: Option<Change>,
    pub old: Option<Change>,
    pub humongous: Option<u64>,
    /// What was given back, where that is not the difference.
    pub reclaimed: Option<u64>,
}

impl Run {
    pub fn new(log: GcLog) -> Self {
        let (facts, clock) = (BTreeMap::new(), Clock::default());
        Self { log, clock, facts, collector: None, limit_bytes: None, region_bytes: None, stalls: (0, 0) }
    }

    /// The moment of a line. If the JVM was started anew before it, a new heap begins.
    pub fn moment(&mut self, stamp: Stamp) -> Timestamp {
        let (moment, restarted) = self.clock.moment(stamp);
        if restarted {
            self.restart();
        }
        moment
    }

    /// Another JVM goes on in the same log.
    pub fn restart(&mut self) {
        if self.log.has_heap() {
            self.log.end();
            self.facts.clear();
            (self.collector, self.limit_bytes, self.region_bytes) = (None, None, None);
        }
    }

    /// `Using …`: the first words of a JVM.
    pub fn uses(&mut self, name: &[u8], stamp: Stamp) -> bool {
        let name = name.trim_ascii();
        let Some((_, word)) = COLLECTORS.iter().find(|(told, _)| *told == name) else { return false };
        self.clock.anew(stamp);
        self.restart();
        self.collector = Some(word);
        true
    }

    /// The collector as its lines show it, if the log did not say it.
    pub fn looks_like(&mut self, collector: &'static str) {
        self.collector.get_or_insert(collector);
    }

    pub fn collector(&self) -> Option<&'static str> {
        self.collector
    }

    pub fn fact(&mut self, name: &str, value: &[u8]) {
        let value: String = String::from_utf8_lossy(value.trim_ascii()).chars().take(200).collect();
        self.facts.insert(name.to_owned(), value);
    }

    /// The most that the heap may have.
    pub fn limit(&mut self, mut text: Scan<'_>) {
        text.skip_spaces();
        self.limit_bytes = self.limit_bytes.or(text.size().filter(|bytes| *bytes > 0));
    }

    /// The size of a region.
    pub fn region(&mut self, mut text: Scan<'_>) {
        text.skip_spaces();
        self.region_bytes = text.size().filter(|bytes| *bytes > 0);
    }

    /// So many regions, in bytes; `None` where the log does not say how large they are.
    pub fn regions(&self, change: Change) -> Option<Change> {
        let region = self.region_bytes?;
        let of = |count: u64| count.saturating_mul(region);
        Some(Change {
            before: of(change.before),
            after: of(change.after),
            held_before: change.held_before.map(of),
            held_after: change.held_after.map(of),
        })
    }

    /// A thread waited for memory.
    pub fn stall(&mut self, ns: u64) {
        self.stalls = (self.stalls.0 + 1, self.stalls.1.max(ns));
    }

    /// Flags of the command line, as legacy logs and `-XX:+PrintCommandLineFlags` give them.
    pub fn flags(&mut self, flags: &[u8]) {
        for flag in flags.split(|byte| *byte == b' ') {
            if let Some(bytes) = flag.strip_prefix(b"-XX:MaxHeapSize=") {
                self.limit(Scan(bytes));
            } else if let Some(region) = flag.strip_prefix(b"-XX:G1HeapRegionSize=") {
                self.region(Scan(region));
            }
            let used: [(&[u8], &'static str); 6] = [
                (b"-XX:+UseSerialGC", "Serial"),
                (b"-XX:+UseParallelGC", "Parallel"),
                (b"-XX:+UseConcMarkSweepGC", "CMS"),
                (b"-XX:+UseG1GC", "G1"),
                (b"-XX:+UseZGC", "ZGC"),
                (b"-XX:+UseShenandoahGC", "Shenandoah"),
            ];
            if let Some((_, collector)) = used.iter().find(|(told, _)| *told == flag) {
                self.collector = Some(collector);
            }
        }
        self.fact("flags", flags);
    }

    /// A pause or a concurrent phase of its own.
    pub fn phase(&mut self, at: Timestamp, kind: GcKind, ns: u64, logged: LoggedCollection) {
        self.event(at, kind, ns, Sizes::default(), logged);
    }

    /// A collection; the series of generations follow from it.
    pub fn collection(
        &mut self,
        at: Timestamp,
        kind: GcKind,
        pause_ns: u64,
        sizes: Sizes,
        mut logged: LoggedCollection,
    ) {
        if let Some(young) = sizes.young {
            logged.young_before_bytes = Some(young.before);
            logged.young_after_bytes = Some(young.after);
            self.log.level(metric::HEAP_YOUNG, young.after as f64);
        }
        if let Some(old) = sizes.old {
            if kind == GcKind::Minor {
                logged.promoted_bytes.get_or_insert(old.after.saturating_sub(old.before));
            }
            self.log.level(metric::HEAP_OLD, old.after as f64);
        }
        if let Some(humongous) = sizes.humongous {
            logged.humongous_bytes = Some(humongous);
            self.log.level(metric::HEAP_HUMONGOUS, humongous as f64);
        }
        self.event(at, kind, pause_ns, sizes, logged);
    }

    fn event(&mut self, at: Timestamp, kind: GcKind, ns: u64, sizes: Sizes, logged: LoggedCollection) {
        if !self.log.has_heap() {
            let collector = self.collector;
            let name =
                collector.map_or_else(|| String::from("Java heap"), |collector| format!("Java heap ({collector})"));
            let mut facts = self.facts.clone();
            facts.insert(String::from("runtime"), String::from("JVM"));
            facts.extend(collector.map(|collector| (String::from("collector"), collector.to_owned())));
            facts.extend(self.region_bytes.map(|bytes| (String::from("region_bytes"), bytes.to_string())));
            self.log.begin(at, &name, self.limit_bytes, facts, self.clock.is_timed());
        }
        if kind != GcKind::Concurrent {
            self.clock.took(ns);
        }
        let heap = sizes.heap;
        self.log.put(GcEvent {
            at,
            entity: EntityId(0),
            kind,
            pause_ns: ns,
            before_words: heap.before,
            after_words: heap.after,
            held_words: heap.held_after.unwrap_or(heap.before.max(heap.after)),
            reclaimed_words: sizes.reclaimed.unwrap_or(heap.before.saturating_sub(heap.after)),
            beam: None,
            logged: Some(logged),
        });
    }

    /// What there is to say at the end.
    pub fn say(&mut self) {
        let (stalls, longest) = self.stalls;
        if stalls > 0 {
            let longest = longest as f64 / 1e6;
            let text =
                format!("threads waited {stalls} times for memory (allocation stalls), {longest:.1} ms at the longest");
            self.log.complaints.say(text);
        }
        if self.log.events() > 0 && !self.clock.is_timed() {
            let text = "it has no times (no time or uptime decoration): collections stand one after the other, so rates and intervals mean nothing";
            self.log.complaints.say(text.to_owned());
        }
    }
}
