//! An invented machine: processes in components with a daily rhythm, bursts, leaks and restarts, the same for every run.

use vivarium::model::batch::{Batch, Census, Sample};
use vivarium::model::entity::{Entity, EntityId, EntityKind};
use vivarium::model::id::ComponentId;
use vivarium::model::metric::{
    CPU_CORES, CPU_LOAD_1M, CPU_SHARE, MEMBERS, MEMORY_AVAILABLE, MEMORY_RESIDENT, MEMORY_TOTAL, MEMORY_USED,
};
use vivarium::model::time::{NS_PER_S, Timestamp};
use vivarium::store::recording::RecordingInfo;

/// When it begins: 2026-11-23T00:00:00Z.
pub const START: Timestamp = Timestamp(1_795_392_000 * NS_PER_S);
const DAY_S: f64 = 86_400.0;
const CORES: f64 = 16.0;
const MEMORY_TOTAL_BYTES: f64 = 64.0 * 1024.0 * 1024.0 * 1024.0;
const PAGE_BYTES: f64 = 4096.0;
const CENSUS_EVERY_S: f64 = 600.0;
const NAMES: [&str; 10] =
    ["beam.smp", "postgres", "nginx", "agent", "search", "ingest", "redis", "worker", "metrics", "browser"];

/// How large the recording is to be.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Processes at any time.
    pub entities: u32,
    /// Length in hours.
    pub hours: f64,
    /// Values in all; the time between two batches follows from it. Without it that is a second.
    pub values: Option<u64>,
}

impl Shape {
    /// Components, numbered as entities from 1; entity 0 is the machine.
    pub fn components(self) -> u32 {
        (self.entities / 12).clamp(1, 40)
    }

    /// Values in one batch.
    pub fn values_a_batch(self) -> u64 {
        u64::from(self.entities) * 2 + u64::from(self.components()) * 3 + 5
    }

    fn batches(self) -> u64 {
        let seconds = (self.hours * 3600.0).max(1.0);
        self.values.map_or(seconds as u64, |values| values / self.values_a_batch()).max(1)
    }
}

/// What the recording says of itself.
pub fn info() -> RecordingInfo {
    RecordingInfo {
        source: String::from("synthetic"),
        title: String::from("an invented machine"),
        started: START,
        notes: vec![String::from("Nothing of this was measured.")],
    }
}

/// One process.
struct Process {
    id: EntityId,
    component: u32,
    /// Where its memory settles, in bytes.
    base: f64,
    /// What it never gives back, in bytes per second.
    leak: f64,
    resident: f64,
    /// Cores that it takes at full load.
    appetite: f64,
    age_s: f64,
    lifetime_s: f64,
}

/// Makes the batches one after another.
pub struct Machine {
    shape: Shape,
    random: u64,
    processes: Vec<Process>,
    next_entity: u32,
    batch: u64,
    step_s: f64,
    /// Extra load of each component while a burst lasts.
    bursts: Vec<f64>,
    load: f64,
    next_census_s: f64,
}

impl Machine {
    /// A machine that has just been looked at for the first time.
    pub fn new(shape: Shape) -> Self {
        let step_s = shape.hours * 3600.0 / shape.batches() as f64;
        let bursts = vec![0.0; shape.components() as usize];
        let next_entity = shape.components() + 1;
        Self {
            shape,
            random: 1,
            processes: Vec::new(),
            next_entity,
            batch: 0,
            step_s,
            bursts,
            load: 1.0,
            next_census_s: 0.0,
        }
    }

    /// Between 0 and 1.
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as f64 / (1u64 << 31) as f64
    }

    fn first_entities(&self) -> Vec<Entity> {
        let whole = |id, kind, key: String, component: Option<ComponentId>| Entity {
            id: EntityId(id),
            kind,
            name: key.clone(),
            key,
            parent: None,
            component,
            started: Some(START),
            ended: None,
            attributes: Default::default(),
        };
        let components = (1..=self.shape.components()).map(|id| {
            let component = component_id(id - 1);
            whole(id, EntityKind::Component, component.0.clone(), Some(component))
        });
        std::iter::once(whole(0, EntityKind::Machine, String::from("machine"), None)).chain(components).collect()
    }

    /// A new process in place of an old one, or of none.
    fn spawn(&mut self, component: u32, at: Timestamp) -> (Process, Entity) {
        let id = EntityId(self.next_entity);
        self.next_entity += 1;
        let base = 5e6 + 400e6 * self.chance().powi(3);
        let leaks = self.chance() < 0.03;
        let process = Process {
            id,
            component,
            base,
            leak: if leaks { 5e3 + 40e3 * self.chance() } else { 0.0 },
            resident: base * 0.3,
            appetite: 0.6 * self.chance().powi(4),
            age_s: 0.0,
            lifetime_s: 3600.0 * (1.0 + 90.0 * self.chance()),
        };
        let name = NAMES[component as usize % NAMES.len()];
        let entity = Entity {
            id,
            kind: EntityKind::OsProcess,
            key: format!("os:{}:{}", id.0, at.0 / NS_PER_S),
            name: name.to_owned(),
            parent: Some(EntityId(0)),
            component: Some(component_id(component)),
            started: Some(at),
            ended: None,
            attributes: [("exe", format!("/usr/bin/{name}")), ("pid", id.0.to_string())]
                .map(|(key, value)| (key.to_owned(), value))
                .into(),
        };
        (process, entity)
    }
}

fn component_id(index: u32) -> ComponentId {
    let name = NAMES[index as usize % NAMES.len()];
    match index as usize / NAMES.len() {
        0 => ComponentId(format!("exe:{name}")),
        nth => ComponentId(format!("exe:{name}-{nth}")),
    }
}

impl Iterator for Machine {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        if self.batch == self.shape.batches() {
            return None;
        }
        let now_s = self.batch as f64 * self.step_s;
        // A timer is some hundred microseconds late.
        let late_ns = (self.chance() * 400_000.0) as i64;
        let at = START.plus_seconds(now_s).plus_ns(late_ns);
        let mut batch = Batch { at, ..Batch::default() };
        let components = self.shape.components();
        if self.batch == 0 {
            batch.appeared = self.first_entities();
            for index in 0..self.shape.entities {
                let (mut process, entity) = self.spawn(index % components, at);
                process.resident = process.base;
                process.age_s = process.lifetime_s * self.chance();
                self.processes.push(process);
                batch.appeared.push(entity);
            }
        }
        self.batch += 1;

        for component in 0..components as usize {
            let ends = self.chance() < self.step_s / 120.0;
            let begins = self.chance() < self.step_s / 5400.0;
            if begins {
                self.bursts[component] = 1.0 + 2.0 * self.chance();
            } else if ends {
                self.bursts[component] = 0.0;
            }
        }
        // Quiet at four in the morning, busy in the afternoon.
        let rhythm = 0.55 - 0.45 * ((now_s / DAY_S - 4.0 / 24.0) * std::f64::consts::TAU).cos();

        let mut sums = vec![[0.0f64; 3]; components as usize];
        batch.samples.reserve(self.shape.values_a_batch() as usize);
        for index in 0..self.processes.len() {
            if self.processes[index].age_s > self.processes[index].lifetime_s {
                let component = self.processes[index].component;
                batch.vanished.push(self.processes[index].id);
                let (process, entity) = self.spawn(component, at);
                self.processes[index] = process;
                batch.appeared.push(entity);
            }
            let (moves, noise) = (self.chance() < 0.3, self.chance());
            let burst = self.bursts[self.processes[index].component as usize];
            let process = &mut self.processes[index];
            process.age_s += self.step_s;
            process.base += process.leak * self.step_s;
            if moves {
                let target = process.base * (0.8 + 0.4 * rhythm + 0.2 * burst);
                process.resident += (target - process.resident) * 0.05 + (noise - 0.5) * 2e5;
            }
            let resident = (process.resident / PAGE_BYTES).round().max(1.0) * PAGE_BYTES;
            // The kernel counts processor time in ticks of 10 ms.
            let ticks = (process.appetite * (rhythm + burst) * (0.5 + noise) * self.step_s * 100.0).round();
            let cores = f64::from((ticks / (self.step_s * 100.0)) as f32);
            let sum = &mut sums[process.component as usize];
            *sum = [sum[0] + resident, sum[1] + cores, sum[2] + 1.0];
            batch.samples.push(Sample { entity: process.id, metric: MEMORY_RESIDENT, value: resident });
            batch.samples.push(Sample { entity: process.id, metric: CPU_CORES, value: cores });
        }
        if now_s >= self.next_census_s {
            self.next_census_s += CENSUS_EVERY_S;
            batch.census = Some(Census { at, rows: batch.samples.clone() });
        }

        let (mut resident, mut cores) = (0.0, 0.0);
        for (entity, sum) in (1..).map(EntityId).zip(sums) {
            resident += sum[0];
            cores += sum[1];
            for (metric, value) in [MEMORY_RESIDENT, CPU_CORES, MEMBERS].into_iter().zip(sum) {
                batch.samples.push(Sample { entity, metric, value });
            }
        }
        let used = (resident * 0.9 + 2e9).min(MEMORY_TOTAL_BYTES * 0.98).round();
        self.load += (cores - self.load) * (self.step_s / 60.0).min(1.0);
        let of_machine = [
            (MEMORY_TOTAL, MEMORY_TOTAL_BYTES),
            (MEMORY_USED, used),
            (MEMORY_AVAILABLE, MEMORY_TOTAL_BYTES - used),
            (CPU_SHARE, (cores / CORES).min(1.0)),
            (CPU_LOAD_1M, (self.load * 100.0).round() / 100.0),
        ];
        batch.samples.extend(of_machine.map(|(metric, value)| Sample { entity: EntityId(0), metric, value }));
        Some(batch)
    }
}
