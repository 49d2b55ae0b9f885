//! Unified logs (`-Xlog:gc*`, JDK 9 to 25). A collection's lines carry its number; it is complete with its processor times, which follow
//! the line that sums it up. Of a concurrent collector each pause and each phase is an event, and the whole cycle is the collection.

use super::clock::decorations;
use super::run::{Run, Sizes};
use super::scan::{Change, Scan};
use crate::model::gc::GcKind;
use crate::model::gc_logged::{GcCause, GcPhase, LoggedCollection};
use crate::model::metric;
use crate::model::time::Timestamp;

/// More collections are not under way at once.
const MAX_OPEN: usize = 16;

/// Names of pauses, the longer of two that begin alike first.
const PAUSES: [(&[u8], GcPhase); 14] = [
    (b"Young", GcPhase::Young),
    (b"Full", GcPhase::Full),
    (b"Remark", GcPhase::Remark),
    (b"Cleanup", GcPhase::Cleanup),
    (b"Mark Start", GcPhase::MarkStart),
    (b"Mark End", GcPhase::MarkEnd),
    (b"Relocate Start", GcPhase::RelocateStart),
    (b"Init Mark", GcPhase::InitialMark),
    (b"Initial Mark", GcPhase::ConcurrentStart),
    (b"Final Mark", GcPhase::FinalMark),
    (b"Init Update Refs", GcPhase::InitUpdateRefs),
    (b"Final Update Refs", GcPhase::FinalUpdateRefs),
    (b"Degenerated GC", GcPhase::Degenerated),
    (b"Mixed", GcPhase::Mixed),
];

/// Names of work beside the program. Of G1 only whole cycles are taken: the others are their parts.
const CONCURRENT: [(&[u8], GcPhase); 14] = [
    (b"Mark Cycle", GcPhase::Cycle),
    (b"Undo Cycle", GcPhase::Cycle),
    (b"Cycle", GcPhase::Cycle),
    (b"Mark", GcPhase::ConcurrentMark),
    (b"marking", GcPhase::ConcurrentMark),
    (b"Relocate", GcPhase::ConcurrentRelocate),
    (b"evacuation", GcPhase::ConcurrentRelocate),
    (b"Sweep", GcPhase::ConcurrentSweep),
    (b"Preclean", GcPhase::ConcurrentPreclean),
    (b"Abortable Preclean", GcPhase::ConcurrentPreclean),
    (b"Reset", GcPhase::ConcurrentReset),
    (b"reset", GcPhase::ConcurrentReset),
    (b"update references", GcPhase::ConcurrentUpdateRefs),
    (b"cleanup", GcPhase::ConcurrentCleanup),
];

/// A collection under way.
#[derive(Debug, Default)]
struct Open {
    id: u64,
    started: Option<Timestamp>,
    sizes: Sizes,
    survivors: Option<Change>,
    logged: LoggedCollection,
    /// What sums it up, until its processor times are known.
    told: Option<(Timestamp, GcKind, u64)>,
    /// Shenandoah: what freed memory so far.
    cycle: Option<Cycle>,
    /// ZGC: bytes given back, by generation.
    reclaimed: [u64; 2],
    /// ZGC: what marking found alive, by generation.
    marked: [u64; 2],
}

#[derive(Clone, Copy, Debug)]
struct Cycle {
    heap: Change,
    reclaimed: u64,
    is_young: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Unified {
    open: Vec<Open>,
}

impl Unified {
    /// Reads a line; whether it is one of such a log.
    pub fn take(&mut self, run: &mut Run, stamps: &[u8], message: &[u8]) -> bool {
        let mut line = Scan(message);
        if line.eat(b"GC(") {
            let Some(id) = line.integer().filter(|_| line.eat(b") ")) else { return false };
            self.of_collection(run, stamps, id, line);
            return true;
        }
        if message.starts_with(b"Using ") {
            // Perhaps of another JVM: what the one before did is complete.
            self.flush(run);
        }
        of_jvm(run, stamps, line) || !stamps.is_empty()
    }

    fn of_collection(&mut self, run: &mut Run, stamps: &[u8], id: u64, mut line: Scan<'_>) {
        let is_old = match line.0 {
            [b'Y' | b'y' | b'O', b':', b' ', rest @ ..] => {
                let is_old = line.0[0] == b'O';
                line = Scan(rest);
                is_old
            }
            _ => false,
        };
        match line.0.first() {
            Some(b' ') => self.zgc_row(run, id, is_old, line),
            Some(b'P') if line.eat(b"Pause ") => self.pause(run, stamps, id, line),
            Some(b'C') if line.eat(b"Concurrent ") => self.concurrent(run, stamps, id, line),
            Some(b'G' | b'M') => {
                let kind = if line.eat(b"Garbage Collection ") || line.eat(b"Major Collection ") {
                    GcKind::Major
                } else if line.eat(b"Minor Collection ") {
                    GcKind::Minor
                } else {
                    if line.eat(b"Metaspace: ") {
                        metaspace(run, line);
                    }
                    return;
                };
                self.zgc_collection(run, stamps, id, kind, line);
            }
            Some(b'U') if line.eat(b"User=") => self.processor(run, id, line),
            Some(b'T') if line.eat(b"To-space exhausted") => self.of(id, run).logged.evacuation_failed = true,
            Some(b'L' | b'R') => self.zgc_row(run, id, is_old, line),
            _ => self.generation(run, id, line),
        }
    }

    /// The collection with this number; others that are complete are delivered before.
    fn of(&mut self, id: u64, run: &mut Run) -> &mut Open {
        if let Some(at) = self.open.iter().rposition(|open| open.id == id) {
            return &mut self.open[at];
        }
        self.flush(run);
        self.open.retain(|open| open.told.is_some() || open.started.is_some());
        if self.open.len() >= MAX_OPEN {
            self.open.remove(0);
        }
        let at = self.open.len();
        self.open.push(Open { id, ..Open::default() });
        &mut self.open[at]
    }

    /// `Pause Young (Normal) (G1 Evacuation Pause) 139M->25M(192M) 0.365ms`, or its beginning, without sizes and time.
    fn pause(&mut self, run: &mut Run, stamps: &[u8], id: u64, mut line: Scan<'_>) {
        let Some((_, phase)) = PAUSES.iter().find(|(name, _)| line.eat(name)) else { return };
        let moment = run.moment(decorations(stamps));
        let mut logged = LoggedCollection { phase: *phase, ..LoggedCollection::default() };
        line.skip_spaces();
        let mut is_young_cycle = false;
        while let Some(told) = line.parentheses() {
            line.skip_spaces();
            match told {
                b"Normal" => {}
                b"Mixed" if *phase == GcPhase::Young => logged.phase = GcPhase::Mixed,
                b"Prepare Mixed" => logged.phase = GcPhase::PrepareMixed,
                b"Concurrent Start" => logged.phase = GcPhase::ConcurrentStart,
                b"Young" => is_young_cycle = true,
                _ if told.starts_with(b"Evacuation Failure") => logged.evacuation_failed = true,
                _ if !logged.cause.is_known() => logged.cause = GcCause::named(told),
                _ => {}
            }
        }
        let heap = line.change();
        line.skip_spaces();
        match phase {
            GcPhase::MarkStart | GcPhase::RelocateStart => run.looks_like("ZGC"),
            GcPhase::InitialMark | GcPhase::FinalMark | GcPhase::Degenerated => run.looks_like("Shenandoah"),
            _ => {}
        }
        // CMS marks with the sizes of a collection, and collects nothing by it.
        let is_cms = run.collector() == Some("CMS") && *phase == GcPhase::ConcurrentStart;
        let kind = match phase {
            GcPhase::Young | GcPhase::Mixed => GcKind::Minor,
            GcPhase::ConcurrentStart if !is_cms => GcKind::Minor,
            GcPhase::Full | GcPhase::Degenerated => GcKind::Major,
            _ => GcKind::Pause,
        };
        let Some(ns) = line.duration_ns() else {
            if kind != GcKind::Pause {
                let open = self.of(id, run);
                open.started = Some(moment);
            }
            return;
        };
        let at = moment.plus_ns(-i64::try_from(ns).unwrap_or(0));
        let open = self.of(id, run);
        let (true, Some(heap)) = (kind != GcKind::Pause, heap) else {
            deliver(run, open);
            run.phase(at, GcKind::Pause, ns, logged);
            return;
        };
        deliver(run, open);
        logged.evacuation_failed |= open.logged.evacuation_failed;
        open.logged = LoggedCollection { user_ns: 0, system_ns: 0, ..logged };
        open.sizes.heap = heap;
        open.told = Some((open.started.take().unwrap_or(at), kind, ns));
        if is_young_cycle && kind == GcKind::Major {
            open.told = Some((at, GcKind::Minor, ns));
        }
        // What was freed so far is part of what the pause sums up.
        open.cycle = None;
    }

    /// `Concurrent cleanup (Young) 79M->54M(192M) 0.025ms`, or its beginning.
    fn concurrent(&mut self, run: &mut Run, stamps: &[u8], id: u64, mut line: Scan<'_>) {
        let Some((_, phase)) = CONCURRENT.iter().find(|(name, _)| line.eat(name)) else { return };
        let is_cycle = *phase == GcPhase::Cycle;
        if is_cycle {
            run.looks_like("G1");
        }
        let is_young = line.0.starts_with(b" (Young");
        // Words may follow the name: `Mark From Roots (0.1s, 0.2s) 1.2ms`, `marking roots 0.1ms`.
        let mut end = line;
        let (mut change, mut ns) = (None, None);
        while let Some(at) = end.0.iter().position(|byte| *byte == b' ') {
            end.0 = &end.0[at..];
            end.skip_spaces();
            if end.parentheses().is_some() {
                continue;
            }
            change = change.or_else(|| end.change());
            end.skip_spaces();
            if let Some(found) = end.duration_ns().filter(|_| end.0.is_empty()) {
                ns = Some(found);
                break;
            }
        }
        let is_g1 = run.collector() == Some("G1");
        let moment = run.moment(decorations(stamps));
        let open = self.of(id, run);
        let Some(ns) = ns else {
            open.started.get_or_insert(moment);
            return;
        };
        if let Some(heap) = change {
            open.cycle = Some(match open.cycle {
                Some(cycle) => Cycle {
                    heap: Change { before: cycle.heap.before, ..heap },
                    reclaimed: cycle.reclaimed.saturating_add(heap.before.saturating_sub(heap.after)),
                    ..cycle
                },
                None => Cycle { heap, reclaimed: heap.before.saturating_sub(heap.after), is_young },
            });
        }
        open.logged.concurrent_ns = open.logged.concurrent_ns.saturating_add(ns).max(1);
        if is_cycle {
            open.started = None;
        }
        if is_cycle || !is_g1 {
            let at = moment.plus_ns(-i64::try_from(ns).unwrap_or(0));
            let logged = LoggedCollection { phase: *phase, ..LoggedCollection::default() };
            run.phase(at, GcKind::Concurrent, ns, logged);
        }
    }

    /// `Garbage Collection (Proactive) 192M(100%)->40M(21%)`, or its beginning.
    fn zgc_collection(&mut self, run: &mut Run, stamps: &[u8], id: u64, kind: GcKind, mut line: Scan<'_>) {
        run.looks_like("ZGC");
        let cause = GcCause::named(line.parentheses().unwrap_or_default());
        line.skip_spaces();
        let moment = run.moment(decorations(stamps));
        let open = self.of(id, run);
        let Some(heap) = line.change() else {
            open.started = Some(moment);
            return;
        };
        let at = open.started.unwrap_or(moment);
        let sum = |sizes: [u64; 2]| sizes[0].saturating_add(sizes[1]);
        let logged = LoggedCollection {
            phase: GcPhase::Cycle,
            cause,
            concurrent_ns: u64::try_from(moment.0.saturating_sub(at.0)).unwrap_or(0).max(1),
            marked_bytes: Some(sum(open.marked)).filter(|bytes| *bytes > 0 && kind == GcKind::Major),
            promoted_bytes: open.logged.promoted_bytes,
            ..LoggedCollection::default()
        };
        let sizes = Sizes {
            heap: Change { held_after: open.sizes.heap.held_after, ..heap },
            reclaimed: Some(sum(open.reclaimed).max(heap.before.saturating_sub(heap.after))),
            ..Sizes::default()
        };
        self.open.retain(|open| open.id != id);
        run.collection(at, kind, 0, sizes, logged);
    }

    /// A row of ZGC's table: `Reclaimed:  -  -  160M (83%)  166M (86%)`, at mark start, mark end, relocate start and relocate end.
    fn zgc_row(&mut self, run: &mut Run, id: u64, is_old: bool, mut line: Scan<'_>) {
        if run.collector() != Some("ZGC") {
            return;
        }
        line.skip_spaces();
        let names: [&[u8]; 4] = [b"Capacity:", b"Live:", b"Reclaimed:", b"Promoted:"];
        let Some(row) = names.iter().position(|name| line.eat(name)) else { return };
        let mut columns = [None; 4];
        for column in &mut columns {
            line.skip_spaces();
            *column = line.size();
            if column.is_none() && !line.eat(b"-") {
                return;
            }
            line.skip_spaces();
            line.parentheses();
        }
        let [_, mark_end, _, last] = columns;
        let open = self.of(id, run);
        let generation = usize::from(is_old);
        match row {
            0 => open.sizes.heap.held_after = last,
            1 => open.marked[generation] = mark_end.unwrap_or(0),
            2 => open.reclaimed[generation] = last.unwrap_or(0),
            _ => open.logged.promoted_bytes = last,
        }
    }

    /// `DefNew: 52480K(59008K)->6528K(59008K) …`, `Eden regions: 9->0(7)`.
    fn generation(&mut self, run: &mut Run, id: u64, mut line: Scan<'_>) {
        let regions: [&[u8]; 4] = [b"Eden regions: ", b"Survivor regions: ", b"Old regions: ", b"Humongous regions: "];
        if let Some(which) = regions.iter().position(|name| line.eat(name)) {
            run.looks_like("G1");
            let Some(change) = line.change().and_then(|change| run.regions(change)) else { return };
            let open = self.of(id, run);
            match which {
                0 => open.sizes.young = Some(change),
                1 => open.survivors = Some(change),
                2 => open.sizes.old = Some(change),
                _ => open.sizes.humongous = Some(change.after),
            }
            return;
        }
        let generations: [(&[u8], &str, bool); 7] = [
            (b"DefNew: ", "Serial", true),
            (b"ParNew: ", "CMS", true),
            (b"PSYoungGen: ", "Parallel", true),
            (b"Tenured: ", "Serial", false),
            (b"CMS: ", "CMS", false),
            (b"ParOldGen: ", "Parallel", false),
            (b"PSOldGen: ", "Parallel", false),
        ];
        let Some((_, collector, is_young)) = generations.iter().find(|(name, ..)| line.eat(name)) else { return };
        run.looks_like(collector);
        let Some(change) = line.change() else { return };
        let sizes = &mut self.of(id, run).sizes;
        *(if *is_young { &mut sizes.young } else { &mut sizes.old }) = Some(change);
    }

    /// `User=0.00s Sys=0.01s Real=0.01s`: the last line of a collection.
    fn processor(&mut self, run: &mut Run, id: u64, mut line: Scan<'_>) {
        let user = line.duration_ns();
        let system = (line.eat(b" Sys=")).then(|| line.duration_ns()).flatten();
        let Some(open) = self.open.iter_mut().rfind(|open| open.id == id) else { return };
        if open.told.is_some() {
            open.logged.user_ns = user.unwrap_or(0);
            open.logged.system_ns = system.unwrap_or(0);
            deliver(run, open);
            self.open.retain(|open| open.id != id || open.started.is_some());
        }
    }

    fn flush(&mut self, run: &mut Run) {
        for open in &mut self.open {
            deliver(run, open);
            close_cycle(run, open);
        }
    }

    /// At the end of the file; says what was cut off.
    pub fn finish(&mut self, run: &mut Run) {
        self.flush(run);
        if let Some(open) = self.open.iter().rfind(|open| open.started.is_some()) {
            run.log.complaints.say(format!("it ends within collection {}", open.id));
        }
        self.open.clear();
    }
}

/// Hands over a collection that was summed up.
fn deliver(run: &mut Run, open: &mut Open) {
    let Some((at, kind, ns)) = open.told.take() else { return };
    let mut sizes = std::mem::take(&mut open.sizes);
    if let Some(survivors) = open.survivors.take() {
        // Of G1 the regions of eden and the survivors are the young generation.
        let add = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b.unwrap_or(0)));
        sizes.young = sizes.young.map(|eden| Change {
            before: eden.before.saturating_add(survivors.before),
            after: eden.after.saturating_add(survivors.after),
            held_before: None,
            held_after: add(eden.held_after, survivors.held_after),
        });
    } else if let (Some(young), Some(old)) = (sizes.young, sizes.old) {
        // Kilobytes of the generations are more exact than megabytes of the heap.
        sizes.heap.before = young.before.saturating_add(old.before);
        sizes.heap.after = young.after.saturating_add(old.after);
    }
    run.collection(at, kind, ns, sizes, open.logged);
    open.logged = LoggedCollection::default();
}

/// Hands over a cycle of Shenandoah that is over.
fn close_cycle(run: &mut Run, open: &mut Open) {
    let Some(cycle) = open.cycle.take().filter(|_| run.collector() == Some("Shenandoah")) else { return };
    let kind = if cycle.is_young { GcKind::Minor } else { GcKind::Major };
    let at = open.started.take().unwrap_or(run.clock.now());
    let concurrent_ns = open.logged.concurrent_ns.max(1);
    let logged = LoggedCollection { phase: GcPhase::Cycle, concurrent_ns, ..LoggedCollection::default() };
    let sizes = Sizes { heap: cycle.heap, reclaimed: Some(cycle.reclaimed), ..Sizes::default() };
    run.collection(at, kind, 0, sizes, logged);
}

/// `159K(384K)->159K(384K) NonClass: …`, `6K->6K(1056768K)`, `0M used, 0M committed, 1088M reserved`.
fn metaspace(run: &mut Run, mut line: Scan<'_>) {
    let after = line.change().map(|change| change.after).or_else(|| line.size());
    if let Some(after) = after {
        run.log.level(metric::METASPACE_USED, after as f64);
    }
}

/// Lines that belong to no collection.
fn of_jvm(run: &mut Run, stamps: &[u8], mut line: Scan<'_>) -> bool {
    match line.0.first() {
        Some(b'U') if line.eat(b"Using ") => return run.uses(line.0, decorations(stamps)),
        Some(b'V') if line.eat(b"Version: ") => run.fact("version", line.0),
        Some(b'C') if line.eat(b"CPUs: ") => {
            line.seek(b"total, ");
            if let Some(cores) = line.integer() {
                run.fact("cores", cores.to_string().as_bytes());
            }
        }
        Some(b'C') if line.eat(b"CommandLine flags: ") => run.flags(line.0),
        Some(b'M') if line.eat(b"Memory: ") => run.fact("memory", line.0),
        Some(b'P') if line.eat(b"Parallel Workers: ") => run.fact("parallel_workers", line.0),
        Some(b'H' | b'M') if line.eat(b"Heap Max Capacity: ") || line.eat(b"Max Capacity: ") => run.limit(line),
        Some(b'H') if line.eat(b"Heap Region Size: ") || line.eat(b"Heap region size: ") => run.region(line),
        Some(b'A') if line.eat(b"Allocation Stall (") => {
            line.seek(b") ");
            if let Some(ns) = line.duration_ns() {
                run.stall(ns);
            }
        }
        Some(b'S') if line.eat(b"Safepoint \"") => {
            let mut after = |name: &[u8]| line.seek(name).then(|| line.integer()).flatten();
            let (reach, total) = (after(b"Reaching safepoint: "), after(b"Total: "));
            safepoint(run, stamps, reach, total);
        }
        Some(b'T') if line.eat(b"Total time for which application threads were stopped: ") => {
            let total = line.number().map(|seconds| (seconds * 1e9) as u64);
            line.seek(b"took: ");
            let reach = line.number().map(|seconds| (seconds * 1e9) as u64);
            safepoint(run, stamps, reach, total);
        }
        _ => return false,
    }
    true
}

fn safepoint(run: &mut Run, stamps: &[u8], reach_ns: Option<u64>, total_ns: Option<u64>) {
    let at = run.moment(decorations(stamps));
    safepoint_at(run, at, reach_ns, total_ns);
}

/// All threads were held.
pub fn safepoint_at(run: &mut Run, at: Timestamp, reach_ns: Option<u64>, total_ns: Option<u64>) {
    let told = [(metric::SAFEPOINT_REACH, reach_ns), (metric::SAFEPOINT_STOP, total_ns)];
    for (metric, ns) in told {
        if let Some(ns) = ns {
            run.log.peak(at, metric, ns as f64 / 1e9);
        }
    }
}
