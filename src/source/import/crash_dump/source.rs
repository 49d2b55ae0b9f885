//! A dump as a source: one moment, delivered as a census of a live node would be. Who exists comes first, in batches of bounded
//! size a nanosecond apart, from the dump's own moment on; the last batch has all values.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;

use super::process::{Process, ProcessState};
use super::{CrashDump, identity};
use crate::model::batch::{Batch, Census, Notice, Sample, StackSample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{self, MetricKey};
use crate::model::time::Timestamp;
use crate::source::beam::identity::{Identity, Origins, component};
use crate::source::import::Progress;
use crate::source::process_table::EntityIds;
use crate::source::terms::Pid;
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

/// So many processes appear in one batch.
const IN_A_BATCH: usize = 8_192;

/// More facts are kept of so many by each measure.
const OUTSTANDING: usize = 200;

/// So many stacks of processes that did not wait, and frames of each.
const MAX_STACKS: usize = 10_000;
const MAX_FRAMES: usize = 200;

/// What a dump tells.
const METRICS: [MetricKey; 18] = [
    metric::MEMORY_USED,
    metric::MEMORY_EFFICIENCY,
    metric::QUEUE_LENGTH,
    metric::HEAP_HELD,
    metric::HEAP_LIVE,
    metric::BINARY_HELD,
    metric::BEAM_REDUCTIONS_DONE,
    metric::TABLE_OBJECTS,
    metric::ALLOCATOR_CARRIERS,
    metric::ALLOCATOR_UTILIZATION,
    metric::BEAM_RUN_QUEUE,
    metric::BEAM_PROCESSES,
    metric::BEAM_PROCESS_LIMIT_SHARE,
    metric::BEAM_PORTS,
    metric::BEAM_PORT_LIMIT_SHARE,
    metric::BEAM_ATOMS,
    metric::BEAM_ATOM_LIMIT_SHARE,
    metric::BEAM_TABLES,
];

/// Parts of `erlang:memory()` that are neither processes nor tables, as a live node's are called.
const PARTS: [(&str, &str, &str); 3] = [
    ("code", "vm:code", "loaded code"),
    ("atom", "vm:atoms", "atom table"),
    ("binary", "vm:binaries", "off-heap binaries"),
];
/// What remains of the system's part.
const OTHER: (&str, &str) = ("vm:other system", "other memory of the runtime");

/// What the processes' part has beside them.
const PROCESS_TABLE: (&str, &str) = ("vm:process table", "process table");

/// The source of a dump.
pub(super) fn source(dump: CrashDump, progress: Progress) -> Box<dyn Source> {
    Box::new(DumpSource::new(dump, progress))
}

struct DumpSource {
    info: SourceInfo,
    dump: CrashDump,
    progress: Progress,
    origins: Origins,
    ids: EntityIds,
    runtime: EntityId,
    entities: HashMap<Pid, EntityId>,
    /// The places of those of whom more facts are kept, in order.
    outstanding: Vec<usize>,
    /// Processes delivered so far.
    delivered: usize,
    has_ended: bool,
    at: Timestamp,
}

impl DumpSource {
    fn new(dump: CrashDump, progress: Progress) -> Self {
        let node = dump.totals().node.clone();
        let title = match &node {
            Some(node) if node != "nonode@nohost" => format!("Crash dump of {node} ({})", dump.file_name()),
            _ => format!("Crash dump {}", dump.file_name()),
        };
        let mut limits = vec![String::from(
            "A crash dump is one moment: it has levels and what was counted since the start, but no rates, so that processor time and growth are not known. A recording of the live node tells them (vivarium record beam:NAME@HOST).",
        )];
        if dump.head().at.is_some() {
            limits.push(String::from(
                "The dump tells its time as local time of its machine without a zone; it is shown as if that were UTC.",
            ));
        }
        if !dump.head().taints.is_empty() {
            limits.push(format!("Native code was loaded: {}.", dump.head().taints.join(", ")));
        }
        let mut ids = EntityIds::default();
        let info = SourceInfo {
            spec: format!("import:{}", dump.file_name()),
            title,
            metrics: METRICS.to_vec(),
            has_census: true,
            has_gc_events: false,
            has_stack_samples: true,
            limits,
        };
        Self {
            info,
            at: dump.head().at.unwrap_or(Timestamp(0)),
            runtime: ids.next(),
            dump,
            progress,
            origins: Origins::default(),
            ids,
            entities: HashMap::new(),
            outstanding: Vec::new(),
            delivered: 0,
            has_ended: false,
        }
    }

    fn key(&self) -> String {
        let node = self.dump.totals().node.as_deref().unwrap_or("unknown node");
        format!("beam:{node}")
    }

    fn word_bytes(&self) -> u64 {
        self.dump.head().word_bytes
    }

    /// The node itself, with what it died of.
    fn runtime(&self) -> Entity {
        let (head, totals) = (self.dump.head(), self.dump.totals());
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let lost = self.dump.lost();
        let attributes = [
            ("release", head.release.clone()),
            ("version", head.erts.clone()),
            ("schedulers", number(head.schedulers)),
            ("word_bytes", Some(head.word_bytes.to_string())),
            ("process_limit", number(totals.process_limit(head.word_bytes))),
            ("slogan", Some(head.slogan.clone())),
            ("system_version", Some(head.system_version.clone()).filter(|text| !text.is_empty())),
            ("crashed_at", head.written.clone()),
            ("calling_thread", head.calling_thread.clone()),
            ("dump_format", Some(head.format.clone())),
            ("taints", Some(head.taints.join(", ")).filter(|text| !text.is_empty())),
            ("timers", Some(totals.timer_count.to_string())),
            ("modules", Some(totals.modules.len().to_string())),
            ("connected_nodes", Some(self.connected()).filter(|text| !text.is_empty())),
            ("lost", Some(lost.join("; ")).filter(|text| !text.is_empty())),
        ];
        Entity {
            id: self.runtime,
            kind: EntityKind::Runtime,
            key: self.key(),
            name: totals.node.clone().unwrap_or_else(|| "node".to_owned()),
            parent: None,
            component: None,
            started: None,
            ended: None,
            attributes: facts(attributes),
        }
    }

    fn connected(&self) -> String {
        let nodes = self.dump.totals().nodes.iter().filter(|node| node.kind != "not connected");
        nodes.map(|node| node.name.as_str()).take(50).collect::<Vec<_>>().join(", ")
    }

    /// What the table of processes itself takes. `erlang:memory(processes)` counts it (seen on OTP 25 and 27) beside the processes,
    /// which partly count things of other kinds as theirs; so no more than what they leave.
    fn process_table(&self) -> Option<u64> {
        let totals = self.dump.totals();
        let table = *totals.areas.get("process_table")?;
        let word_bytes = self.word_bytes();
        let told = self.dump.processes().iter().map(|process| process.bytes(word_bytes)).fold(0, u64::saturating_add);
        Some(totals.memory.get("processes")?.saturating_sub(told).min(table)).filter(|bytes| *bytes > 0)
    }

    fn part(&mut self, kind: EntityKind, path: &str, name: &str, attributes: BTreeMap<String, String>) -> Entity {
        Entity {
            id: self.ids.next(),
            kind,
            key: format!("{}/{path}", self.key()),
            name: name.to_owned(),
            parent: Some(self.runtime),
            component: path.starts_with("vm:").then(|| ComponentId::from(path)),
            started: None,
            ended: None,
            attributes,
        }
    }

    /// The next processes.
    fn introduce(&mut self, batch: &mut Batch) {
        let (from, to) = (self.delivered, (self.delivered + IN_A_BATCH).min(self.dump.processes().len()));
        let seconds = self.at.0.div_euclid(1_000_000_000);
        // Numbers first: a parent may come behind its child.
        for process in &self.dump.processes()[from..to] {
            if let std::collections::hash_map::Entry::Vacant(free) = self.entities.entry(process.pid) {
                free.insert(self.ids.next());
            }
        }
        for (at, process) in self.dump.processes().iter().enumerate().take(to).skip(from) {
            let Some(id) = self.entities.get(&process.pid).copied() else { continue };
            let Some(Identity { name, component, parent, mut attributes }) = self.origins.identity(process.pid) else {
                continue;
            };
            if self.outstanding.binary_search(&at).is_ok() {
                attributes.extend(self.more_facts(process));
            }
            batch.appeared.push(Entity {
                id,
                kind: EntityKind::BeamProcess,
                key: format!("{}/0.{}.{}/{seconds}", self.key(), process.pid.id, process.pid.serial),
                name,
                parent: parent.and_then(|parent| self.entities.get(&parent).copied()).or(Some(self.runtime)),
                component: Some(component),
                started: self.dump.started(process).filter(|started| *started <= self.at),
                ended: None,
                attributes,
            });
        }
        self.delivered = to;
    }

    fn more_facts(&self, process: &Process) -> BTreeMap<String, String> {
        let stack = self.dump.functions(process, 6);
        facts([
            ("status", Some(process.state.word().to_owned())),
            ("current_function", self.dump.current_function(process)),
            ("stack", Some(stack.join(" ← ")).filter(|text| !text.is_empty())),
            ("spawned_as", self.dump.spawned_as(process)),
            ("spawned_by", process.parent.map(|pid| pid.to_string())),
            ("reductions", Some(process.reductions.to_string())),
        ])
    }

    /// The places of those who are among the first by one of the measures, in order.
    fn outstanding(&self) -> Vec<usize> {
        let word_bytes = self.word_bytes();
        let measures: [&dyn Fn(&Process) -> u64; 4] = [
            &|process| process.bytes(word_bytes),
            &|process| process.queue,
            &|process| process.reductions,
            &|process| process.binary_words,
        ];
        let mut found = Vec::new();
        for measure in measures {
            let mut ranked: Vec<(u64, usize)> =
                self.dump.processes().iter().enumerate().map(|(at, process)| (measure(process), at)).collect();
            if ranked.len() > OUTSTANDING {
                ranked.select_nth_unstable_by(OUTSTANDING, |a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
                ranked.truncate(OUTSTANDING);
            }
            found.extend(ranked.into_iter().filter(|(value, _)| *value > 0).map(|(_, at)| at));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// All values.
    fn measure(&mut self) -> Batch {
        let mut batch = Batch { at: self.at, ..Batch::default() };
        if self.dump.processes().is_empty() {
            batch.appeared.push(self.runtime());
        }
        let mut census = Vec::new();
        self.put_processes(&mut batch, &mut census);
        self.put_tables(&mut batch, &mut census);
        self.put_node(&mut batch);
        self.put_parts(&mut batch);
        self.put_allocators(&mut batch);
        self.put_schedulers(&mut batch);
        self.put_stacks(&mut batch);
        census.sort_by_key(|row| (row.entity, row.metric));
        batch.census = Some(Census { at: self.at, rows: census });
        batch.notices = self.notices();
        batch
    }

    fn put_processes(&self, batch: &mut Batch, census: &mut Vec<Sample>) {
        let word_bytes = self.word_bytes() as f64;
        let mut seen = std::collections::HashSet::with_capacity(self.entities.len());
        for process in self.dump.processes() {
            // A damaged dump may list one twice.
            let Some(entity) = self.entities.get(&process.pid).copied().filter(|entity| seen.insert(*entity)) else {
                continue;
            };
            let (held, live) = (process.held_words() as f64 * word_bytes, process.live_words() as f64 * word_bytes);
            let values = [
                (metric::MEMORY_USED, process.bytes(self.word_bytes()) as f64),
                (metric::QUEUE_LENGTH, process.queue as f64),
                (metric::HEAP_HELD, held),
                (metric::HEAP_LIVE, live),
                (metric::BINARY_HELD, process.binary_words as f64 * word_bytes),
                (metric::BEAM_REDUCTIONS_DONE, process.reductions as f64),
            ];
            census.extend(values.map(|(metric, value)| Sample { entity, metric, value }));
            batch.samples.extend(values.map(|(metric, value)| Sample { entity, metric, value }));
            if held > 0.0 {
                let value = (live / held).min(1.0);
                batch.samples.push(Sample { entity, metric: metric::MEMORY_EFFICIENCY, value });
            }
        }
    }

    fn put_tables(&mut self, batch: &mut Batch, census: &mut Vec<Sample>) {
        let origins = std::mem::take(&mut self.origins);
        for at in 0..self.dump.tables().len() {
            let Some(table) = self.dump.tables().get(at).filter(|table| !table.is_internal).cloned() else { continue };
            let application = table.owner.and_then(|owner| origins.application(owner));
            let attributes = facts([
                ("table", Some(table.name.clone())),
                ("application", application.clone()),
                ("owner", table.owner.map(|owner| owner.to_string())),
                ("type", table.kind),
                ("protection", table.protection),
                ("read_concurrency", table.read_concurrency),
                ("write_concurrency", table.write_concurrency),
                ("compressed", table.compressed),
            ]);
            let path = format!("ets/{}/{}", table.name, table.slot);
            let mut entity = self.part(EntityKind::EtsTable, &path, &table.name, attributes);
            entity.component = Some(component(application.as_deref()));
            let values = [
                (metric::MEMORY_USED, table.words as f64 * self.word_bytes() as f64),
                (metric::TABLE_OBJECTS, table.objects as f64),
            ];
            let values = values.map(|(metric, value)| Sample { entity: entity.id, metric, value });
            census.extend(values);
            batch.samples.extend(values);
            batch.appeared.push(entity);
        }
        self.origins = origins;
    }

    fn put_node(&self, batch: &mut Batch) {
        let (head, totals) = (self.dump.head(), self.dump.totals());
        let mut put = |metric, value: f64| batch.samples.push(Sample { entity: self.runtime, metric, value });
        if let Some(total) = totals.memory.get("total") {
            put(metric::MEMORY_USED, *total as f64);
        }
        put(metric::BEAM_RUN_QUEUE, totals.run_queue() as f64);
        let tables = self.dump.tables().iter().filter(|table| !table.is_internal).count();
        put(metric::BEAM_TABLES, tables as f64);
        let counts = [
            (
                metric::BEAM_PROCESSES,
                metric::BEAM_PROCESS_LIMIT_SHARE,
                Some(self.dump.processes().len() as u64),
                totals.process_limit(head.word_bytes),
            ),
            (
                metric::BEAM_PORTS,
                metric::BEAM_PORT_LIMIT_SHARE,
                Some(totals.port_count),
                totals.port_limit(head.word_bytes),
            ),
            (metric::BEAM_ATOMS, metric::BEAM_ATOM_LIMIT_SHARE, totals.atoms.0.or(head.atoms), totals.atoms.1),
        ];
        for (count, share, value, limit) in counts {
            let Some(value) = value else { continue };
            put(count, value as f64);
            if let Some(limit) = limit.filter(|limit| *limit > 0) {
                put(share, value as f64 / limit as f64);
            }
        }
        let (held, live) = self.dump.processes().iter().fold((0.0, 0.0), |(held, live), process| {
            (held + process.held_words() as f64, live + process.live_words() as f64)
        });
        put(metric::HEAP_HELD, held * head.word_bytes as f64);
        put(metric::HEAP_LIVE, live * head.word_bytes as f64);
        if held > 0.0 {
            put(metric::MEMORY_EFFICIENCY, (live / held).min(1.0));
        }
    }

    fn put_parts(&mut self, batch: &mut Batch) {
        let memory = self.dump.totals().memory.clone();
        let part = |name: &str| memory.get(name).map(|bytes| *bytes as f64);
        let mut values: Vec<(&str, &str, f64)> =
            PARTS.into_iter().filter_map(|(word, component, name)| Some((component, name, part(word)?))).collect();
        if let (Some(system), Some(tables)) = (part("system"), part("ets")) {
            let told: f64 = values.iter().map(|(.., bytes)| bytes).sum();
            values.push((OTHER.0, OTHER.1, (system - told - tables).max(0.0)));
        }
        values.extend(self.process_table().map(|bytes| (PROCESS_TABLE.0, PROCESS_TABLE.1, bytes as f64)));
        for (component, name, value) in values {
            let entity = self.part(EntityKind::Allocator, component, name, BTreeMap::new());
            batch.samples.push(Sample { entity: entity.id, metric: metric::MEMORY_USED, value });
            batch.appeared.push(entity);
        }
    }

    /// Carriers hold what the parts count, so they bear figures of their own and no memory in use.
    fn put_allocators(&mut self, batch: &mut Batch) {
        let allocators = self.dump.totals().allocators.clone();
        let (mut all_blocks, mut all_carriers) = (0.0, 0.0);
        for (name, total) in &allocators {
            let entity = self.part(EntityKind::Allocator, &format!("allocator/{name}"), name, BTreeMap::new());
            let (blocks, carriers) = (total.blocks_bytes as f64, total.carriers_bytes as f64);
            (all_blocks, all_carriers) = (all_blocks + blocks, all_carriers + carriers);
            put_carriers(entity.id, blocks, carriers, batch);
            batch.appeared.push(entity);
        }
        if !allocators.is_empty() {
            put_carriers(self.runtime, all_blocks, all_carriers, batch);
        }
    }

    fn put_schedulers(&mut self, batch: &mut Batch) {
        for scheduler in self.dump.totals().schedulers.clone() {
            let is_normal = scheduler.kind == "scheduler";
            let kind = if is_normal { "scheduler" } else { "dirty scheduler" };
            let attributes = facts([
                ("kind", Some(scheduler.kind.to_owned())),
                ("asleep", Some(scheduler.is_asleep.to_string())),
                ("current_process", scheduler.current.map(|pid| pid.to_string())),
                ("current_function", scheduler.current_function),
            ]);
            let (path, name) = (format!("scheduler/{}", scheduler.id), format!("{kind} {}", scheduler.id));
            let entity = self.part(EntityKind::Scheduler, &path, &name, attributes);
            if is_normal {
                let value = scheduler.queued as f64;
                batch.samples.push(Sample { entity: entity.id, metric: metric::BEAM_RUN_QUEUE, value });
            }
            batch.appeared.push(entity);
        }
    }

    /// Of those who did not wait, as a live node's are taken.
    fn put_stacks(&self, batch: &mut Batch) {
        let is_busy = |process: &&Process| {
            matches!(process.state, ProcessState::Running | ProcessState::Scheduled | ProcessState::Garbing)
        };
        for process in self.dump.processes().iter().filter(is_busy).take(MAX_STACKS) {
            let Some(entity) = self.entities.get(&process.pid).copied() else { continue };
            let mut frames = self.dump.functions(process, MAX_FRAMES);
            frames.reverse();
            if !frames.is_empty() {
                batch.stack_samples.push(StackSample { at: self.at, entity, frames, weight: 1 });
            }
        }
    }

    fn notices(&self) -> Vec<Notice> {
        let (head, totals) = (self.dump.head(), self.dump.totals());
        let mut said = vec![format!(
            "The node crashed{}: {}",
            head.written.as_ref().map_or_else(String::new, |written| format!(" at {written}")),
            if head.slogan.is_empty() { "the dump does not say why" } else { &head.slogan }
        )];
        said.extend(self.dump.lost().iter().map(|lost| format!("{}: {lost}.", self.dump.file_name())));
        let no_heap = if totals.aborted.is_none() { self.without_heap() } else { 0 };
        if no_heap > 0 {
            said.push(format!(
                "{}: of {no_heap} of {} processes the dump has no stack and heap; they were sensitive, ran just then, or their part is lost.",
                self.dump.file_name(),
                self.dump.processes().len()
            ));
        }
        said.into_iter().map(|text| Notice { at: self.at, text }).collect()
    }

    fn without_heap(&self) -> usize {
        let all = self.dump.processes().len();
        all.saturating_sub(self.dump.count(super::Tag::ProcStack))
    }
}

impl Source for DumpSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        if self.has_ended || stop.is_requested() {
            return Ok(None);
        }
        let all = self.dump.processes().len();
        if self.delivered < all {
            let is_first = self.delivered == 0;
            if is_first {
                self.outstanding = self.outstanding();
                self.origins = identity::origins(&self.dump);
            }
            let mut batch = Batch { at: self.at, ..Batch::default() };
            self.at = self.at.plus_ns(1);
            if is_first {
                batch.appeared.push(self.runtime());
            }
            self.introduce(&mut batch);
            let share = self.delivered as f64 / all as f64 * 0.9;
            self.progress
                .read
                .store((share * self.progress.size.load(Ordering::Relaxed) as f64) as u64, Ordering::Relaxed);
            return Ok(Some(batch));
        }
        self.has_ended = true;
        let batch = self.measure();
        self.progress.read.store(self.progress.size.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok(Some(batch))
    }
}

fn put_carriers(entity: EntityId, blocks_bytes: f64, carriers_bytes: f64, batch: &mut Batch) {
    batch.samples.push(Sample { entity, metric: metric::ALLOCATOR_CARRIERS, value: carriers_bytes });
    if carriers_bytes > 0.0 {
        let value = (blocks_bytes / carriers_bytes).min(1.0);
        batch.samples.push(Sample { entity, metric: metric::ALLOCATOR_UTILIZATION, value });
    }
}

fn facts<const N: usize>(facts: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
