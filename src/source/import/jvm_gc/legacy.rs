//! Logs of JDK 8 and before (`-XX:+PrintGCDetails`, with or without date and time stamps). A collection is one nested line; of G1 it is a
//! line and several indented ones. Sizes of generations stand in inner brackets, those of the heap in the outermost, the time at its end.

use super::clock::{self, Stamp};
use super::run::{Run, Sizes};
use super::scan::{Change, Scan};
use super::unified::safepoint_at;
use crate::model::gc::GcKind;
use crate::model::gc_logged::{GcCause, GcPhase, LoggedCollection};
use crate::model::metric;
use crate::model::time::Timestamp;

/// Young and old generations by the names of their collectors.
const GENERATIONS: [(&[u8], &str, bool); 7] = [
    (b"PSYoungGen", "Parallel", true),
    (b"DefNew", "Serial", true),
    (b"ParNew", "CMS", true),
    (b"ParOldGen", "Parallel", false),
    (b"PSOldGen", "Parallel", false),
    (b"Tenured", "Serial", false),
    (b"CMS", "CMS", false),
];

/// A collection that further lines may complete.
#[derive(Debug)]
struct Open {
    at: Timestamp,
    kind: GcKind,
    pause_ns: Option<u64>,
    sizes: Sizes,
    has_heap: bool,
    logged: LoggedCollection,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Legacy {
    open: Option<Open>,
}

impl Legacy {
    /// Reads a line; whether it is one of such a log.
    pub fn take(&mut self, run: &mut Run, line: &[u8]) -> bool {
        let mut scan = Scan(line);
        let stamp = clock::legacy(&mut scan);
        match scan.0 {
            [b'[', b'G', b'C', ..] | [b'[', b'F', b'u', b'l', b'l', b' ', b'G', b'C', ..] => {
                self.collection(run, stamp, scan);
                true
            }
            [b'[', b'C', b'M', b'S', b'-', ..] => concurrent(run, stamp, scan),
            [b' ', ..] | [b'[' | b'(', ..] if stamp == Stamp::default() => self.continued(run, scan),
            [b'T', ..] => {
                if !scan.eat(b"Total time for which application threads were stopped: ") {
                    return false;
                }
                let total = scan.number().map(|seconds| (seconds * 1e9) as u64);
                let reach = scan.seek(b"took: ").then(|| scan.number()).flatten().map(|seconds| (seconds * 1e9) as u64);
                let at = run.moment(stamp);
                safepoint_at(run, at, reach, total);
                true
            }
            [b'A', ..] => scan.eat(b"Application time: "),
            _ => header(run, scan),
        }
    }

    /// At the end of the file.
    pub fn finish(&mut self, run: &mut Run) {
        if self.open.as_ref().is_some_and(|open| open.pause_ns.is_none()) {
            run.log.complaints.say(String::from("it ends within a collection"));
        }
        self.deliver(run);
    }

    /// `[GC (Allocation Failure) [PSYoungGen: 88440K->14352K(141824K)] 219224K->147088K(329216K), 0.0136 secs] [Times: …]`.
    fn collection(&mut self, run: &mut Run, stamp: Stamp, mut line: Scan<'_>) {
        self.deliver(run);
        let at = run.moment(stamp);
        let is_full = line.eat(b"[Full GC");
        let _either = is_full || line.eat(b"[GC");
        line.eat(b"--");
        line.skip_spaces();
        if line.eat(b"concurrent-") {
            g1_concurrent(run, at, line);
            return;
        }
        let is_g1 = line.eat(b"pause ");
        let mut logged = LoggedCollection { phase: GcPhase::Young, ..LoggedCollection::default() };
        let mut kind = if is_full { GcKind::Major } else { GcKind::Minor };
        for (name, phase) in [(&b"remark"[..], GcPhase::Remark), (b"cleanup", GcPhase::Cleanup)] {
            if line.eat(name) {
                (kind, logged.phase) = (GcKind::Pause, phase);
                run.looks_like("G1");
            }
        }
        if is_g1 {
            run.looks_like("G1");
        }
        line.skip_spaces();
        while let Some(told) = line.parentheses() {
            line.skip_spaces();
            match told {
                b"young" => {}
                b"mixed" => logged.phase = GcPhase::Mixed,
                b"initial-mark" => logged.phase = GcPhase::ConcurrentStart,
                b"to-space exhausted" | b"to-space overflow" => logged.evacuation_failed = true,
                b"CMS Initial Mark" => (kind, logged.phase) = (GcKind::Pause, GcPhase::InitialMark),
                b"CMS Final Remark" => (kind, logged.phase) = (GcKind::Pause, GcPhase::Remark),
                _ if told.starts_with(b"System") => logged.cause = GcCause::named(b"System.gc()"),
                _ if !logged.cause.is_known() => logged.cause = GcCause::named(told),
                _ => {}
            }
        }
        // JDK 7 says it in brackets only.
        let mut depth = 1;
        if line.eat(b"[1 CMS-initial-mark") {
            depth = 2;
            (kind, logged.phase) = (GcKind::Pause, GcPhase::InitialMark);
        } else if line.0.windows(12).any(|text| text == b"[1 CMS-remar") {
            (kind, logged.phase) = (GcKind::Pause, GcPhase::Remark);
        }
        if kind == GcKind::Major {
            logged.phase = GcPhase::Full;
        }
        let mut open = Open { at, kind, pause_ns: None, sizes: Sizes::default(), has_heap: false, logged };
        let depth = read(run, &mut open, line, depth);
        let waits = is_g1 || (is_full && run.collector() == Some("G1")) || depth > 0;
        self.open = Some(open);
        if !waits {
            self.deliver(run);
        }
    }

    /// A line that goes on with the collection before.
    fn continued(&mut self, run: &mut Run, mut line: Scan<'_>) -> bool {
        let Some(open) = &mut self.open else {
            line.skip_spaces();
            return line.0.starts_with(b"[");
        };
        line.skip_spaces();
        if line.eat(b"[Eden: ") {
            let eden = line.change();
            let survivors = (line.eat(b" Survivors: ")).then(|| line.change()).flatten();
            let heap = (line.eat(b" Heap: ")).then(|| line.change()).flatten();
            if let (Some(eden), Some(survivors)) = (eden, survivors) {
                let young = Change {
                    before: eden.before.saturating_add(survivors.before),
                    after: eden.after.saturating_add(survivors.after),
                    ..eden
                };
                open.sizes.young = Some(young);
                open.sizes.old = heap.map(|heap| Change {
                    before: heap.before.saturating_sub(young.before),
                    after: heap.after.saturating_sub(young.after),
                    ..heap
                });
            }
            if let Some(heap) = heap {
                (open.sizes.heap, open.has_heap) = (heap, true);
            }
            if line.seek(b"[Metaspace: ") {
                metaspace(run, line);
            }
        } else if line.eat(b"[Times: ") {
            times(&mut open.logged, line);
            self.deliver(run);
        } else if line.0.starts_with(b"(concurrent mode failure)") || line.0.starts_with(b": ") {
            // The rest of a full collection of CMS that other lines interrupted.
            if line.eat(b"(concurrent mode failure)") {
                open.logged.cause = GcCause::named(b"concurrent mode failure");
            }
            line.eat(b": ");
            open.sizes.old = line.change().or(open.sizes.old);
            read(run, open, line, 2);
        }
        true
    }

    fn deliver(&mut self, run: &mut Run) {
        let Some(open) = self.open.take() else { return };
        let (Some(ns), true) = (open.pause_ns, open.has_heap || open.kind == GcKind::Pause) else { return };
        let mut sizes = open.sizes;
        if sizes.old.is_none() {
            // Where only the young generation and the heap are told, the rest is the old one.
            sizes.old = sizes.young.map(|young| Change {
                before: sizes.heap.before.saturating_sub(young.before),
                after: sizes.heap.after.saturating_sub(young.after),
                ..sizes.heap
            });
        }
        match open.kind {
            GcKind::Pause => run.phase(open.at, GcKind::Pause, ns, open.logged),
            kind => run.collection(open.at, kind, ns, sizes, open.logged),
        }
    }
}

/// Reads the sections of a collection from inside its bracket; returns how many brackets are still open.
fn read(run: &mut Run, open: &mut Open, mut line: Scan<'_>, mut depth: usize) -> usize {
    while let Some(&byte) = line.0.first() {
        match byte {
            b'[' => {
                if line.eat(b"[Times: ") {
                    times(&mut open.logged, line);
                    break;
                }
                if line.eat(b"[Metaspace: ") {
                    metaspace(run, line);
                    depth += 1;
                    continue;
                }
                line.0 = &line.0[1..];
                depth += 1;
                let Some((_, collector, is_young)) = GENERATIONS.iter().find(|(name, ..)| line.eat(name)) else {
                    continue;
                };
                if !line.0.starts_with(b"-") {
                    run.looks_like(collector);
                }
                // `[ParNew (promotion failed): …`, `[CMS (concurrent mode failure): …`.
                line.skip_spaces();
                if let Some(told) = line.parentheses() {
                    open.logged.evacuation_failed |= told.starts_with(b"promotion failed");
                    open.logged.cause = GcCause::named(told);
                }
                if !line.eat(b": ") {
                    continue;
                }
                let Some(change) = line.change() else { continue };
                if *is_young {
                    open.sizes.young = Some(change);
                } else {
                    open.sizes.old = Some(change);
                    if open.kind == GcKind::Minor {
                        // A young collection that found no room collected the old generation too.
                        (open.kind, open.logged.phase) = (GcKind::Major, GcPhase::Full);
                    }
                }
            }
            b']' => {
                line.0 = &line.0[1..];
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    // Only the processor times come after.
                    if line.seek(b"[Times: ") {
                        times(&mut open.logged, line);
                    }
                    break;
                }
            }
            b'0'..=b'9' if depth == 1 => {
                if let Some(change) = line.change() {
                    (open.sizes.heap, open.has_heap) = (change, true);
                    continue;
                }
                let Some(number) = line.number() else { break };
                if line.eat(b" secs]") {
                    open.pause_ns = Some((number * 1e9).round() as u64);
                    // The closing bracket was passed over.
                    depth = 0;
                    if line.seek(b"[Times: ") {
                        times(&mut open.logged, line);
                    }
                    break;
                }
            }
            b'0'..=b'9' => {
                line.number();
            }
            _ => line.0 = &line.0[1..],
        }
    }
    depth
}

/// `user=0.07 sys=0.00, real=0.02 secs]`.
fn times(logged: &mut LoggedCollection, mut line: Scan<'_>) {
    let mut after = |name: &[u8]| line.seek(name).then(|| line.number()).flatten().map_or(0, |s| (s * 1e9) as u64);
    logged.user_ns = after(b"user=");
    logged.system_ns = after(b"sys=");
}

fn metaspace(run: &mut Run, mut line: Scan<'_>) {
    if let Some(change) = line.change() {
        run.log.level(metric::METASPACE_USED, change.after as f64);
    }
}

/// `[CMS-concurrent-mark: 0.035/0.040 secs]`, or its beginning.
fn concurrent(run: &mut Run, stamp: Stamp, mut line: Scan<'_>) -> bool {
    if !line.eat(b"[CMS-concurrent-") {
        return false;
    }
    let phases: [(&[u8], GcPhase); 5] = [
        (b"mark: ", GcPhase::ConcurrentMark),
        (b"preclean: ", GcPhase::ConcurrentPreclean),
        (b"abortable-preclean: ", GcPhase::ConcurrentPreclean),
        (b"sweep: ", GcPhase::ConcurrentSweep),
        (b"reset: ", GcPhase::ConcurrentReset),
    ];
    run.looks_like("CMS");
    let Some((_, phase)) = phases.iter().find(|(name, _)| line.eat(name)) else { return true };
    line.seek(b"/");
    if let Some(seconds) = line.number() {
        let ns = (seconds * 1e9).round() as u64;
        let at = run.moment(stamp).plus_ns(-i64::try_from(ns).unwrap_or(0));
        run.phase(at, GcKind::Concurrent, ns, LoggedCollection { phase: *phase, ..LoggedCollection::default() });
    }
    true
}

/// `mark-end, 0.0010 secs]`: only marking is told, it is most of a cycle.
fn g1_concurrent(run: &mut Run, at: Timestamp, mut line: Scan<'_>) {
    run.looks_like("G1");
    if line.eat(b"mark-end, ")
        && let Some(seconds) = line.number()
    {
        let ns = (seconds * 1e9).round() as u64;
        let at = at.plus_ns(-i64::try_from(ns).unwrap_or(0));
        let logged = LoggedCollection { phase: GcPhase::ConcurrentMark, ..LoggedCollection::default() };
        run.phase(at, GcKind::Concurrent, ns, logged);
    }
}

/// What stands at the beginning of such a log.
fn header(run: &mut Run, mut line: Scan<'_>) -> bool {
    if line.0.windows(11).any(|text| text == b"Server VM (") && line.seek(b" JRE (") {
        run.restart();
        let version = line.0.split(|byte| *byte == b')').next().unwrap_or_default();
        run.fact("version", version);
        return true;
    }
    if line.eat(b"Memory: ") {
        run.fact("memory", line.0);
        return true;
    }
    if line.eat(b"CommandLine flags: ") {
        run.flags(line.0);
        return true;
    }
    // What `PrintHeapAtGC` and the end of the program add.
    [&b"Heap"[..], b"{Heap before", b"}", b"Desired survivor", b"- age"].iter().any(|name| line.0.starts_with(name))
}
