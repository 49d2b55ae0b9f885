//! The node as a whole: its totals, schedulers, allocators, limits, and the memory that is neither a process' nor a table's.

use super::super::process_table::EntityIds;
use super::known::NodeTotals;
use super::reading::{Facts, Globals, Reading};
use crate::model::batch::{Batch, Sample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{self, MetricKey};

/// What [`Node::update`] delivers.
pub(super) const METRICS: [MetricKey; 31] = [
    metric::MEMORY_USED,
    metric::MEMORY_RESIDENT,
    metric::MEMORY_GROWTH,
    metric::MEMORY_ALLOCATION_RATE,
    metric::MEMORY_RELEASE_RATE,
    metric::MEMORY_EFFICIENCY,
    metric::GC_RATE,
    metric::GC_INTERVAL,
    metric::GC_RECLAIMED_RATE,
    metric::CPU_SHARE,
    metric::CPU_CORES,
    metric::CPU_UTILIZATION,
    metric::CPU_VARIATION,
    metric::BEAM_REDUCTIONS,
    metric::BEAM_RUN_QUEUE,
    metric::BEAM_CONTEXT_SWITCHES,
    metric::BEAM_PROCESSES,
    metric::BEAM_PROCESS_LIMIT_SHARE,
    metric::BEAM_PORTS,
    metric::BEAM_PORT_LIMIT_SHARE,
    metric::BEAM_ATOMS,
    metric::BEAM_ATOM_LIMIT_SHARE,
    metric::BEAM_TABLES,
    metric::BEAM_TABLE_LIMIT_SHARE,
    metric::HEAP_HELD,
    metric::HEAP_LIVE,
    metric::PORT_INPUT_RATE,
    metric::PORT_OUTPUT_RATE,
    metric::ALLOCATOR_CARRIERS,
    metric::ALLOCATOR_UTILIZATION,
    metric::COLLECTOR_CORES,
];

/// Parts of `erlang:memory()` that are neither processes nor tables: name in it, component, name for people.
const PARTS: [(&str, &str, &str); 3] = [
    ("code", "vm:code", "loaded code"),
    ("atom", "vm:atoms", "atom table"),
    ("binary", "vm:binaries", "off-heap binaries"),
];

/// What remains of the system's part.
const OTHER: (&str, &str) = ("vm:other system", "other memory of the runtime");

/// One life of a node.
pub(super) struct Node {
    key: String,
    name: String,
    runtime: Option<EntityId>,
    schedulers: Vec<(u64, EntityId)>,
    parts: Vec<(&'static str, EntityId)>,
    allocators: Vec<(String, EntityId)>,
    before: Option<(i64, Globals)>,
    totals: NodeTotals,
}

impl Node {
    pub fn new(key: &str, name: &str) -> Self {
        Self {
            key: key.to_owned(),
            name: name.to_owned(),
            runtime: None,
            schedulers: Vec::new(),
            parts: Vec::new(),
            allocators: Vec::new(),
            before: None,
            totals: NodeTotals::default(),
        }
    }

    /// The entity that stands for the node; it appears when it is asked for first, and lives through the node's restarts.
    pub fn runtime(&mut self, facts: &Facts, ids: &mut EntityIds, batch: &mut Batch) -> EntityId {
        if let Some(runtime) = self.runtime {
            return runtime;
        }
        let attributes = [
            ("release", facts.release.to_string()),
            ("version", facts.version.clone()),
            ("schedulers", facts.schedulers_online.to_string()),
            ("word_bytes", format!("{}", facts.word_bytes)),
            ("process_limit", format!("{}", facts.process_limit)),
        ];
        let id = ids.next();
        self.runtime = Some(id);
        batch.appeared.push(Entity {
            id,
            kind: EntityKind::Runtime,
            key: self.key.clone(),
            name: self.name.clone(),
            parent: None,
            component: None,
            started: None,
            ended: None,
            attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        });
        id
    }

    /// Counters begin anew: after a restart of the node, or of the collector, with which the counting of scheduler time ends.
    pub fn start_anew(&mut self) {
        self.before = None;
        self.totals = NodeTotals::default();
    }

    /// A part of the node that has no parts of its own.
    fn part(&self, kind: EntityKind, path: &str, name: &str, ids: &mut EntityIds, batch: &mut Batch) -> EntityId {
        let id = ids.next();
        batch.appeared.push(Entity {
            id,
            kind,
            key: format!("{}/{path}", self.key),
            name: name.to_owned(),
            parent: self.runtime,
            component: path.starts_with("vm:").then(|| ComponentId::from(path)),
            started: None,
            ended: None,
            attributes: Default::default(),
        });
        id
    }

    /// Puts what an answer says of the node into `batch`; returns the totals that processes' shares are taken of.
    pub fn update(&mut self, reading: &Reading, facts: &Facts, ids: &mut EntityIds, batch: &mut Batch) -> NodeTotals {
        let runtime = self.runtime(facts, ids, batch);
        let globals = &reading.globals;
        let mut own = Vec::new();
        let mut put = |metric, value: f64| own.push((metric, value));
        let total = globals.memory("total");
        if let Some(total) = total {
            put(metric::MEMORY_USED, total);
        }
        if let Some(resident) = reading.resident_bytes {
            put(metric::MEMORY_RESIDENT, resident);
        }
        put(metric::BEAM_RUN_QUEUE, globals.run_queue);
        let counts = [
            (metric::BEAM_PROCESSES, metric::BEAM_PROCESS_LIMIT_SHARE, globals.processes, facts.process_limit),
            (metric::BEAM_PORTS, metric::BEAM_PORT_LIMIT_SHARE, globals.ports, facts.port_limit),
            (metric::BEAM_ATOMS, metric::BEAM_ATOM_LIMIT_SHARE, globals.atoms, facts.atom_limit),
            (metric::BEAM_TABLES, metric::BEAM_TABLE_LIMIT_SHARE, globals.tables, facts.table_limit),
        ];
        for (count, share, value, limit) in counts {
            put(count, value);
            if limit > 0.0 {
                put(share, value / limit);
            }
        }
        let steady_ns = reading.moment.steady_ns;
        if let Some((before_ns, before)) = &self.before {
            let seconds = (steady_ns - before_ns) as f64 / 1e9;
            if seconds > 0.0 {
                rates(before, globals, facts, seconds, &mut put);
                let spent = reading.spent;
                put(
                    metric::COLLECTOR_CORES,
                    (spent.globals_s + spent.census_s + spent.detail_s + spent.send_s) / seconds,
                );
                own.extend(self.put_schedulers(before.clone(), globals, facts, seconds, ids, batch));
            }
        }
        batch.samples.extend(own.into_iter().map(|(metric, value)| Sample { entity: runtime, metric, value }));
        self.put_parts(globals, ids, batch);
        self.put_allocators(reading, runtime, ids, batch);
        self.before = Some((steady_ns, globals.clone()));
        self.totals.steady_ns = steady_ns;
        self.totals.reductions = globals.reductions;
        self.totals.memory_bytes = globals.memory("processes").unwrap_or(0.0);
        self.totals
    }

    /// Busy time of each scheduler; those beyond the normal ones are for long native work.
    fn put_schedulers(
        &mut self,
        before: Globals,
        now: &Globals,
        facts: &Facts,
        seconds: f64,
        ids: &mut EntityIds,
        batch: &mut Batch,
    ) -> Vec<(MetricKey, f64)> {
        let mut normal = Vec::new();
        let mut schedulers = now.schedulers.clone();
        schedulers.sort_by_key(|(id, ..)| *id);
        for (id, active, all) in schedulers {
            let Some((_, active_before, all_before)) = before.schedulers.iter().find(|(known, ..)| *known == id) else {
                continue;
            };
            let (active, all) = (active - active_before, all - all_before);
            if all <= 0.0 || active < 0.0 {
                continue;
            }
            let utilization = (active / all).min(1.0);
            if id <= facts.schedulers_online {
                normal.push(utilization);
            }
            let known = self.schedulers.iter().find(|(known, _)| *known == id).map(|(_, entity)| *entity);
            let entity = known.unwrap_or_else(|| {
                let kind = if id <= facts.schedulers { "scheduler" } else { "dirty scheduler" };
                let name = format!("{kind} {id}");
                let entity = self.part(EntityKind::Scheduler, &format!("scheduler/{id}"), &name, ids, batch);
                self.schedulers.push((id, entity));
                entity
            });
            batch.samples.push(Sample { entity, metric: metric::CPU_UTILIZATION, value: utilization });
        }
        let busy: f64 = normal.iter().sum();
        self.totals.busy_s += busy * seconds;
        if normal.is_empty() {
            return Vec::new();
        }
        let mean = busy / normal.len() as f64;
        let variance = normal.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / normal.len() as f64;
        let variation = (mean > 0.0).then(|| (metric::CPU_VARIATION, variance.sqrt() / mean));
        [(metric::CPU_UTILIZATION, mean)].into_iter().chain(variation).collect()
    }

    fn put_parts(&mut self, globals: &Globals, ids: &mut EntityIds, batch: &mut Batch) {
        let part = |name: &str| globals.memory(name);
        let mut values: Vec<(&'static str, &'static str, f64)> =
            PARTS.into_iter().filter_map(|(word, component, name)| Some((component, name, part(word)?))).collect();
        if let (Some(system), Some(tables)) = (part("system"), part("ets")) {
            let told: f64 = values.iter().map(|(.., bytes)| bytes).sum();
            values.push((OTHER.0, OTHER.1, (system - told - tables).max(0.0)));
        }
        for (component, name, value) in values {
            let known = self.parts.iter().find(|(known, _)| *known == component).map(|(_, entity)| *entity);
            let entity = known.unwrap_or_else(|| {
                let entity = self.part(EntityKind::Allocator, component, name, ids, batch);
                self.parts.push((component, entity));
                entity
            });
            batch.samples.push(Sample { entity, metric: metric::MEMORY_USED, value });
        }
    }

    /// Carriers hold what `erlang:memory()` counts, so they bear figures of their own and no memory in use.
    fn put_allocators(&mut self, reading: &Reading, runtime: EntityId, ids: &mut EntityIds, batch: &mut Batch) {
        let (mut all_blocks, mut all_carriers) = (0.0, 0.0);
        for row in &reading.allocators {
            let known = self.allocators.iter().find(|(known, _)| *known == row.name).map(|(_, entity)| *entity);
            let entity = known.unwrap_or_else(|| {
                let entity =
                    self.part(EntityKind::Allocator, &format!("allocator/{}", row.name), &row.name, ids, batch);
                self.allocators.push((row.name.clone(), entity));
                entity
            });
            all_blocks += row.blocks_bytes;
            all_carriers += row.carriers_bytes;
            put_carriers(entity, row.blocks_bytes, row.carriers_bytes, batch);
        }
        if !reading.allocators.is_empty() {
            put_carriers(runtime, all_blocks, all_carriers, batch);
        }
    }
}

fn put_carriers(entity: EntityId, blocks_bytes: f64, carriers_bytes: f64, batch: &mut Batch) {
    batch.samples.push(Sample { entity, metric: metric::ALLOCATOR_CARRIERS, value: carriers_bytes });
    if carriers_bytes > 0.0 {
        let value = (blocks_bytes / carriers_bytes).min(1.0);
        batch.samples.push(Sample { entity, metric: metric::ALLOCATOR_UTILIZATION, value });
    }
}

/// What changes in a time. A total that went down belongs to another life, and says nothing.
fn rates(before: &Globals, now: &Globals, facts: &Facts, seconds: f64, put: &mut impl FnMut(MetricKey, f64)) {
    let mut rate = |metric, before: f64, now: f64, unit: f64| {
        let change = (now - before) * unit / seconds;
        if change >= 0.0 {
            put(metric, change);
        }
    };
    rate(metric::BEAM_REDUCTIONS, before.reductions, now.reductions, 1.0);
    rate(metric::GC_RATE, before.collections, now.collections, 1.0);
    rate(metric::GC_RECLAIMED_RATE, before.reclaimed_words, now.reclaimed_words, facts.word_bytes);
    rate(metric::MEMORY_RELEASE_RATE, before.reclaimed_words, now.reclaimed_words, facts.word_bytes);
    rate(metric::PORT_INPUT_RATE, before.input_bytes, now.input_bytes, 1.0);
    rate(metric::PORT_OUTPUT_RATE, before.output_bytes, now.output_bytes, 1.0);
    rate(metric::BEAM_CONTEXT_SWITCHES, before.context_switches, now.context_switches, 1.0);
    rate(metric::CPU_CORES, before.runtime_s, now.runtime_s, 1.0);
    rate(metric::CPU_SHARE, before.runtime_s, now.runtime_s, 1.0 / facts.processors.max(1.0));
    let collections = now.collections - before.collections;
    if collections > 0.0 {
        put(metric::GC_INTERVAL, seconds / collections);
    }
    if let (Some(before), Some(now)) = (before.memory("total"), now.memory("total")) {
        put(metric::MEMORY_GROWTH, (now - before) / seconds);
    }
    if let (Some(used_before), Some(used)) = (before.memory("processes_used"), now.memory("processes_used")) {
        let reclaimed = (now.reclaimed_words - before.reclaimed_words) * facts.word_bytes;
        put(metric::MEMORY_ALLOCATION_RATE, ((used - used_before + reclaimed) / seconds).max(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::super::processes::tests::empty_reading;
    use super::*;

    fn facts() -> Facts {
        Facts {
            release: 25,
            version: String::from("13.1"),
            word_bytes: 8.0,
            process_limit: 1000.0,
            port_limit: 100.0,
            atom_limit: 10_000.0,
            table_limit: 50.0,
            processors: 4.0,
            schedulers_online: 2,
            schedulers: 2,
            process_count: 10,
            native_per_s: 1e9,
        }
    }

    fn reading(second: i64) -> Reading {
        let memory = [
            ("total", 1000.0),
            ("processes", 400.0),
            ("system", 600.0),
            ("code", 300.0),
            ("atom", 50.0),
            ("binary", 100.0),
            ("ets", 120.0),
        ];
        let mut reading = empty_reading();
        reading.moment.steady_ns = second * 1_000_000_000;
        reading.globals = Globals {
            memory: memory.map(|(name, bytes)| (name.to_owned(), bytes)).to_vec(),
            schedulers: vec![(1, second as f64 * 0.5, second as f64), (2, 0.0, second as f64), (3, 0.0, second as f64)],
            runtime_s: second as f64 * 2.0,
            collections: second as f64 * 10.0,
            processes: 10.0,
            ..Globals::default()
        };
        reading
    }

    fn value(batch: &Batch, entity: EntityId, metric: MetricKey) -> Option<f64> {
        let found = batch.samples.iter().find(|sample| sample.entity == entity && sample.metric == metric);
        found.map(|sample| sample.value)
    }

    #[test]
    fn parts_and_processes_and_tables_add_up_to_the_total() {
        let (mut node, mut ids, mut batch) = (Node::new("beam:x@y", "x@y"), EntityIds::default(), Batch::default());
        node.update(&reading(1), &facts(), &mut ids, &mut batch);
        let runtime = batch.appeared[0].id;
        assert_eq!(value(&batch, runtime, metric::MEMORY_USED), Some(1000.0));
        let in_parts = |entity: &&Entity| entity.component.is_some();
        let parts =
            batch.appeared.iter().filter(in_parts).map(|entity| value(&batch, entity.id, metric::MEMORY_USED).unwrap());
        assert_eq!(parts.sum::<f64>() + 400.0 + 120.0, 1000.0);
        assert_eq!(value(&batch, runtime, metric::BEAM_PROCESS_LIMIT_SHARE), Some(0.01));
        assert_eq!(value(&batch, runtime, metric::CPU_CORES), None, "a rate needs two readings");
    }

    #[test]
    fn rates_are_over_the_nodes_own_time_and_a_new_life_has_none() {
        let (mut node, mut ids, mut batch) = (Node::new("beam:x@y", "x@y"), EntityIds::default(), Batch::default());
        node.update(&reading(1), &facts(), &mut ids, &mut batch);
        let runtime = batch.appeared[0].id;
        let mut second = Batch::default();
        let totals = node.update(&reading(3), &facts(), &mut ids, &mut second);
        assert_eq!(value(&second, runtime, metric::CPU_CORES), Some(2.0));
        assert_eq!(value(&second, runtime, metric::CPU_SHARE), Some(0.5));
        assert_eq!(value(&second, runtime, metric::GC_RATE), Some(10.0));
        assert_eq!(value(&second, runtime, metric::CPU_UTILIZATION), Some(0.25), "the dirty one does not count");
        assert_eq!(totals.busy_s, 1.0);
        assert_eq!(second.appeared.iter().filter(|entity| entity.kind == EntityKind::Scheduler).count(), 3);
        node.start_anew();
        let mut third = Batch::default();
        node.update(&reading(2), &facts(), &mut ids, &mut third);
        assert_eq!(value(&third, runtime, metric::CPU_CORES), None);
        assert!(third.appeared.is_empty(), "the node is the same one");
    }
}
