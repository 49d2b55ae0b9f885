//! The source `host`: this machine and all its processes.

use std::time::{Duration, Instant};

use super::process_table::{self, EntityIds, ProcessTable};
use super::rhythm::Rhythm;
use super::sysinfo_reader::{MachineReading, SHORTEST_INTERVAL, SysinfoReader};
use super::{Source, SourceError, SourceInfo, StopSignal, wall_clock};
use crate::model::batch::{Batch, Notice, Sample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::metric::{self, MetricKey};

const MACHINE_METRICS: [MetricKey; 8] = [
    metric::MEMORY_TOTAL,
    metric::MEMORY_USED,
    metric::MEMORY_AVAILABLE,
    metric::SWAP_USED,
    metric::CPU_SHARE,
    metric::CPU_CORES,
    metric::CPU_LOAD_1M,
    metric::CPU_UTILIZATION,
];

/// Measures the machine that it runs on.
pub struct HostSource {
    info: SourceInfo,
    name: String,
    reader: SysinfoReader,
    rhythm: Rhythm,
    ids: EntityIds,
    machine: Option<EntityId>,
    cores: Vec<(String, EntityId)>,
    processes: ProcessTable,
}

impl HostSource {
    /// Measures every `every`, but not more often than four times a second.
    ///
    /// # Errors
    /// When the operating system does not tell about its processes.
    pub fn open(every: Duration) -> Result<Self, SourceError> {
        let name = SysinfoReader::host_name().unwrap_or_else(|| String::from("this machine"));
        let mut limits = limits(every);
        if cfg!(windows) {
            limits.push(String::from("Windows has no load average."));
        }
        let mut metrics = MACHINE_METRICS.to_vec();
        metrics.extend(process_table::METRICS);
        metrics.sort_unstable();
        metrics.dedup();
        Ok(Self {
            info: SourceInfo {
                spec: String::from("host"),
                title: format!("this machine ({name})"),
                metrics,
                has_census: true,
                has_gc_events: false,
                has_stack_samples: false,
                limits,
            },
            name,
            reader: SysinfoReader::open()?,
            rhythm: Rhythm::new(every.max(SHORTEST_INTERVAL)),
            ids: EntityIds::default(),
            machine: None,
            cores: Vec::new(),
            processes: ProcessTable::default(),
        })
    }

    /// The machine's entity; it appears in the first batch.
    fn machine_entity(&mut self, reading: &MachineReading, batch: &mut Batch) -> EntityId {
        if let Some(machine) = self.machine {
            return machine;
        }
        let id = self.ids.next();
        batch.appeared.push(Entity {
            id,
            kind: EntityKind::Machine,
            key: format!("machine:{}", self.name),
            name: self.name.clone(),
            parent: None,
            component: None,
            started: None,
            ended: None,
            attributes: [(String::from("cores"), reading.cores.len().to_string())].into(),
        });
        self.machine = Some(id);
        id
    }

    /// The entities of the cores, in the reading's order; cores can be added and taken away while the machine runs.
    fn core_entities(&mut self, reading: &MachineReading, machine: EntityId, batch: &mut Batch) -> Vec<EntityId> {
        self.cores.retain(|(name, id)| {
            let stays = reading.cores.iter().any(|(present, _)| present == name);
            if !stays {
                batch.vanished.push(*id);
            }
            stays
        });
        let mut entities = Vec::with_capacity(reading.cores.len());
        for (name, _) in &reading.cores {
            let known = self.cores.iter().find(|(known, _)| known == name).map(|(_, id)| *id);
            entities.push(known.unwrap_or_else(|| {
                let id = self.ids.next();
                batch.appeared.push(Entity {
                    id,
                    kind: EntityKind::Core,
                    key: format!("core:{name}"),
                    name: name.clone(),
                    parent: Some(machine),
                    component: None,
                    started: None,
                    ended: None,
                    attributes: Default::default(),
                });
                self.cores.push((name.clone(), id));
                id
            }));
        }
        entities
    }

    fn put_machine(&mut self, reading: &MachineReading, is_first: bool, batch: &mut Batch) -> EntityId {
        let machine = self.machine_entity(reading, batch);
        let cores = self.core_entities(reading, machine, batch);
        let mut put = |entity, metric, value| batch.samples.push(Sample { entity, metric, value });
        put(machine, metric::MEMORY_TOTAL, reading.memory_total_bytes as f64);
        put(machine, metric::MEMORY_USED, reading.memory_used_bytes as f64);
        put(machine, metric::MEMORY_AVAILABLE, reading.memory_available_bytes as f64);
        put(machine, metric::SWAP_USED, reading.swap_used_bytes as f64);
        if let Some(load) = reading.load_1m {
            put(machine, metric::CPU_LOAD_1M, load);
        }
        // Busy time is a difference of two readings.
        if !is_first && !cores.is_empty() {
            let busy_cores: f64 = reading.cores.iter().map(|(_, busy)| busy).sum();
            put(machine, metric::CPU_CORES, busy_cores);
            put(machine, metric::CPU_SHARE, busy_cores / cores.len() as f64);
            for (core, (_, busy)) in cores.iter().zip(&reading.cores) {
                put(*core, metric::CPU_UTILIZATION, *busy);
            }
        }
        machine
    }
}

impl Source for HostSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        if self.rhythm.sleep(stop) {
            return Ok(None);
        }
        let began = Instant::now();
        let machine = self.reader.machine();
        let processes = self.reader.processes(None);
        let tick = self.rhythm.measured(began, Instant::now(), wall_clock());
        let mut batch = Batch { at: tick.at, ..Batch::default() };
        let machine = self.put_machine(&machine, tick.elapsed.is_none(), &mut batch);
        self.processes.update(processes, &tick, Some(machine), &mut self.ids, &mut batch);
        batch.gaps.extend(tick.gap);
        batch.notices.extend(tick.notice.map(|text| Notice { at: tick.at, text }));
        Ok(Some(batch))
    }
}

/// What neither `host` nor `pid:N` can measure here, when asked to measure every `every`.
pub(super) fn limits(every: Duration) -> Vec<String> {
    let mut limits = vec![
        String::from(
            "Resident memory counts pages shared between processes in each of them, so processes can add up to more than the machine uses.",
        ),
        String::from("I/O of other users' processes is absent unless the program may read it."),
        String::from("Processes that begin and end between two measurements are not seen."),
    ];
    if every < SHORTEST_INTERVAL {
        limits.push(format!(
            "It is measured every {SHORTEST_INTERVAL:?}, not every {every:?}: processor times are too coarse for that."
        ));
    }
    if !cfg!(target_os = "linux") {
        limits.push(String::from("The number of threads of a process is measured on Linux only."));
    }
    limits
}
