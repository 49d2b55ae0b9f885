//! Turns successive readings of processes into a batch's parts: who appeared, who vanished, values and censuses.
//!
//! Pure, shared by `host` and `process`. Rates come from two readings; where there is only one, there is no value.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::rhythm::Tick;
use super::sysinfo_reader::ProcessReading;
use crate::model::batch::{Batch, Census, Sample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{self, MetricKey};
use crate::model::time::{NS_PER_S, Timestamp};

/// The metrics that [`ProcessTable::update`] delivers for a process.
pub(super) const METRICS: [MetricKey; 6] = [
    metric::MEMORY_RESIDENT,
    metric::MEMORY_VIRTUAL,
    metric::CPU_CORES,
    metric::THREADS,
    metric::IO_READ_RATE,
    metric::IO_WRITE_RATE,
];

/// Those of them that a census holds.
const CENSUS_METRICS: [MetricKey; 4] =
    [metric::MEMORY_RESIDENT, metric::MEMORY_VIRTUAL, metric::CPU_CORES, metric::THREADS];

/// Where all kernel threads belong.
const KERNEL_COMPONENT: &str = "exe:kernel threads";

/// Start times are whole seconds and may be off by one.
const START_TOLERANCE_NS: i64 = 2 * NS_PER_S;

/// Gives out the numbers of a recording's entities.
#[derive(Default)]
pub(super) struct EntityIds {
    next: u32,
}

impl EntityIds {
    /// One that was not given out before.
    pub fn next(&mut self) -> EntityId {
        let id = EntityId(self.next);
        self.next = self.next.saturating_add(1);
        id
    }
}

/// The processes known so far.
#[derive(Default)]
pub(super) struct ProcessTable {
    known: HashMap<u32, Known>,
    last_at: Option<Timestamp>,
}

struct Known {
    entity: EntityId,
    started_s: u64,
    /// How many programs the process has run under our eyes.
    program: u32,
    exe: Option<String>,
    component: ComponentId,
    counters: Counters,
}

#[derive(Clone, Copy, Default)]
struct Counters {
    cpu_ms: u64,
    io_bytes: Option<(u64, u64)>,
}

impl ProcessTable {
    /// Puts what `readings` say about the moment of `tick` into `batch`. `machine` is the parent of processes whose own is not known.
    pub fn update(
        &mut self,
        mut readings: Vec<ProcessReading>,
        tick: &Tick,
        machine: Option<EntityId>,
        ids: &mut EntityIds,
        batch: &mut Batch,
    ) {
        // Parents before children.
        readings.sort_by_key(|reading| (reading.started_s, reading.pid));
        self.drop_absent(&readings, batch);
        let mut census = tick.census.then(|| Census { at: tick.at, rows: Vec::new() });
        for reading in &readings {
            let before = self.note(reading, tick.at, machine, ids, batch);
            let Some(known) = self.known.get_mut(&reading.pid) else { continue };
            let now = Counters { cpu_ms: reading.cpu_ms, io_bytes: reading.io_bytes };
            known.counters = now;
            let seconds = tick.elapsed.map_or(0.0, |elapsed| elapsed.as_secs_f64());
            let rates = before.filter(|_| seconds > 0.0).map(|before| (before, seconds));
            values(reading, now, rates, |metric, value| {
                let sample = Sample { entity: known.entity, metric, value };
                batch.samples.push(sample);
                if let Some(census) = census.as_mut().filter(|_| CENSUS_METRICS.contains(&metric)) {
                    census.rows.push(sample);
                }
            });
        }
        batch.census = census;
        self.last_at = Some(tick.at);
    }

    fn drop_absent(&mut self, readings: &[ProcessReading], batch: &mut Batch) {
        let present: HashSet<(u32, u64)> = readings.iter().map(|reading| (reading.pid, reading.started_s)).collect();
        let mut vanished = Vec::new();
        self.known.retain(|&pid, known| {
            let stays = present.contains(&(pid, known.started_s));
            if !stays {
                vanished.push(known.entity);
            }
            stays
        });
        vanished.sort_unstable();
        batch.vanished.extend(vanished);
    }

    /// Makes sure that the process is known; returns its counters at the tick before, where there are any.
    fn note(
        &mut self,
        reading: &ProcessReading,
        at: Timestamp,
        machine: Option<EntityId>,
        ids: &mut EntityIds,
        batch: &mut Batch,
    ) -> Option<Counters> {
        let mut program = 1;
        let mut before = None;
        let mut parent = None;
        if let Some(known) = self.known.get(&reading.pid) {
            // Counters that went down belong to another process, with the same pid and within the same second.
            if reading.cpu_ms >= known.counters.cpu_ms {
                before = Some(known.counters);
            }
            let same_program = match (&known.exe, &reading.exe) {
                (Some(old), Some(new)) => old == new,
                _ => true,
            };
            if same_program && before.is_some() {
                return before;
            }
            program = known.program + 1;
            parent = Some(known.entity);
            batch.vanished.push(known.entity);
        } else if self.last_at.is_some_and(|last| started(reading).plus_ns(START_TOLERANCE_NS) >= last) {
            // It was born since the last tick: all that it has used, it has used since.
            before = Some(Counters { cpu_ms: 0, io_bytes: Some((0, 0)) });
        }
        let parent_known = reading.parent_pid.and_then(|pid| self.known.get(&pid));
        let component = component_of(reading, parent_known);
        let parent = parent.or(parent_known.map(|known| known.entity)).or(machine);
        let entity = ids.next();
        batch.appeared.push(Entity {
            id: entity,
            kind: EntityKind::OsProcess,
            key: match program {
                1 => format!("os:{}:{}", reading.pid, reading.started_s),
                _ => format!("os:{}:{}:{program}", reading.pid, reading.started_s),
            },
            name: display_name(reading),
            parent,
            component: Some(component.clone()),
            started: Some(if program == 1 { started(reading) } else { at }),
            ended: None,
            attributes: attributes(reading),
        });
        let known = Known {
            entity,
            started_s: reading.started_s,
            program,
            exe: reading.exe.clone(),
            component,
            counters: Counters::default(),
        };
        self.known.insert(reading.pid, known);
        before
    }
}

fn values(
    reading: &ProcessReading,
    now: Counters,
    rates: Option<(Counters, f64)>,
    mut put: impl FnMut(MetricKey, f64),
) {
    if !reading.is_kernel {
        put(metric::MEMORY_RESIDENT, reading.resident_bytes as f64);
        put(metric::MEMORY_VIRTUAL, reading.virtual_bytes as f64);
    }
    if let Some(threads) = reading.threads {
        put(metric::THREADS, threads as f64);
    }
    let Some((before, seconds)) = rates else { return };
    put(metric::CPU_CORES, now.cpu_ms.saturating_sub(before.cpu_ms) as f64 / 1000.0 / seconds);
    if let (Some((read_before, written_before)), Some((read, written))) = (before.io_bytes, now.io_bytes) {
        put(metric::IO_READ_RATE, read.saturating_sub(read_before) as f64 / seconds);
        put(metric::IO_WRITE_RATE, written.saturating_sub(written_before) as f64 / seconds);
    }
}

fn started(reading: &ProcessReading) -> Timestamp {
    let seconds = i64::try_from(reading.started_s).unwrap_or(i64::MAX);
    Timestamp(seconds.saturating_mul(NS_PER_S))
}

/// A program that runs from memory alone has a made-up path, another one each time.
fn executable_name(reading: &ProcessReading) -> Option<String> {
    let path = reading.exe.as_ref().filter(|path| !path.starts_with("/memfd:"))?;
    Some(Path::new(path).file_name()?.to_string_lossy().into_owned())
}

/// The kernel cuts names short; where the executable's name goes on from there, that is the whole one.
fn display_name(reading: &ProcessReading) -> String {
    match executable_name(reading) {
        Some(whole) if whole.starts_with(&reading.name) => whole,
        _ if reading.name.is_empty() => format!("process {}", reading.pid),
        _ => reading.name.clone(),
    }
}

/// By executable; where it may not be known, by name; for want of that, the parent's.
fn component_of(reading: &ProcessReading, parent: Option<&Known>) -> ComponentId {
    if reading.is_kernel {
        return ComponentId::from(KERNEL_COMPONENT);
    }
    match (executable_name(reading), parent) {
        (Some(name), _) => ComponentId(format!("exe:{name}")),
        (None, Some(parent)) if reading.name.is_empty() => parent.component.clone(),
        (None, _) => ComponentId(format!("exe:{}", display_name(reading))),
    }
}

fn attributes(reading: &ProcessReading) -> std::collections::BTreeMap<String, String> {
    let pid = Some(reading.pid.to_string());
    let parent_pid = reading.parent_pid.map(|pid| pid.to_string());
    [("exe", reading.exe.clone()), ("pid", pid), ("ppid", parent_pid), ("user", reading.user.clone())]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START_S: u64 = 1_764_000_000;

    fn reading(pid: u32, parent_pid: u32, exe: &str) -> ProcessReading {
        ProcessReading {
            pid,
            parent_pid: Some(parent_pid),
            started_s: START_S,
            name: exe.rsplit('/').next().unwrap().chars().take(15).collect(),
            exe: Some(exe.to_owned()),
            resident_bytes: 1000 * u64::from(pid),
            virtual_bytes: 5000,
            cpu_ms: 100,
            threads: Some(3),
            io_bytes: Some((0, 10)),
            ..ProcessReading::default()
        }
    }

    /// Feeds a reading each second, the first one a minute after all processes began.
    struct Feed {
        table: ProcessTable,
        ids: EntityIds,
        second: i64,
    }

    impl Feed {
        fn new() -> Self {
            Self { table: ProcessTable::default(), ids: EntityIds::default(), second: 0 }
        }

        fn read(&mut self, readings: Vec<ProcessReading>) -> Batch {
            let at = Timestamp((START_S as i64 + 60 + self.second) * NS_PER_S);
            let elapsed = (self.second > 0).then_some(Duration::from_secs(1));
            let tick = Tick { at, elapsed, census: self.second == 0, gap: None, notice: None };
            self.second += 1;
            let mut batch = Batch { at, ..Batch::default() };
            self.table.update(readings, &tick, None, &mut self.ids, &mut batch);
            batch
        }
    }

    fn value(batch: &Batch, entity: EntityId, metric: MetricKey) -> Option<f64> {
        batch
            .samples
            .iter()
            .find(|sample| sample.entity == entity && sample.metric == metric)
            .map(|sample| sample.value)
    }

    #[test]
    fn rates_need_two_readings_and_are_never_made_up() {
        let mut feed = Feed::new();
        let first = feed.read(vec![reading(10, 1, "/usr/bin/postgres")]);
        let id = first.appeared[0].id;
        assert_eq!(value(&first, id, metric::MEMORY_RESIDENT), Some(10_000.0));
        for rate in [metric::CPU_CORES, metric::IO_READ_RATE, metric::IO_WRITE_RATE] {
            assert_eq!(value(&first, id, rate), None);
        }
        let later = ProcessReading { cpu_ms: 850, io_bytes: Some((4096, 10)), ..reading(10, 1, "/usr/bin/postgres") };
        let second = feed.read(vec![later]);
        assert!(second.appeared.is_empty());
        assert_eq!(value(&second, id, metric::CPU_CORES), Some(0.75));
        assert_eq!(value(&second, id, metric::IO_READ_RATE), Some(4096.0));
        assert_eq!(value(&second, id, metric::IO_WRITE_RATE), Some(0.0));
    }

    #[test]
    fn io_that_may_not_be_read_is_absent() {
        let mut feed = Feed::new();
        let hidden = || vec![ProcessReading { io_bytes: None, ..reading(10, 1, "/usr/bin/postgres") }];
        feed.read(hidden());
        let batch = feed.read(hidden());
        assert!(batch.samples.iter().all(|sample| sample.metric != metric::IO_READ_RATE));
    }

    #[test]
    fn a_process_born_between_two_ticks_has_its_cpu_at_once_but_an_old_one_has_not() {
        let mut feed = Feed::new();
        feed.read(vec![]);
        let newborn = ProcessReading { started_s: START_S + 61, cpu_ms: 400, ..reading(11, 1, "/usr/bin/cc1") };
        let batch = feed.read(vec![newborn, reading(10, 1, "/usr/bin/make")]);
        let id_of = |name: &str| batch.appeared.iter().find(|entity| entity.name == name).unwrap().id;
        assert_eq!(value(&batch, id_of("cc1"), metric::CPU_CORES), Some(0.4));
        assert_eq!(value(&batch, id_of("make"), metric::CPU_CORES), None);
    }

    #[test]
    fn a_reused_pid_is_a_new_entity() {
        let mut feed = Feed::new();
        let old = feed.read(vec![reading(10, 1, "/usr/bin/postgres")]).appeared[0].clone();
        let batch = feed.read(vec![ProcessReading { started_s: START_S + 61, ..reading(10, 1, "/usr/bin/postgres") }]);
        assert_eq!(batch.vanished, [old.id]);
        assert_eq!(old.key, format!("os:10:{START_S}"));
        assert_eq!(batch.appeared[0].key, format!("os:10:{}", START_S + 61));
    }

    #[test]
    fn a_process_that_goes_on_with_another_program_changes_its_component_and_keeps_its_cpu() {
        let mut feed = Feed::new();
        let shell = feed.read(vec![reading(10, 1, "/bin/bash")]).appeared[0].clone();
        let after = ProcessReading { cpu_ms: 600, ..reading(10, 1, "/usr/bin/postgres") };
        let batch = feed.read(vec![after]);
        let server = &batch.appeared[0];
        assert_eq!(batch.vanished, [shell.id]);
        assert_eq!((server.component.clone(), server.parent), (Some("exe:postgres".into()), Some(shell.id)));
        assert_eq!(value(&batch, server.id, metric::CPU_CORES), Some(0.5));
    }

    #[test]
    fn components_by_executable_with_kernel_threads_together() {
        let mut feed = Feed::new();
        let kernel = |pid, name: &str| ProcessReading {
            exe: None,
            name: name.to_owned(),
            is_kernel: true,
            ..reading(pid, 2, "/")
        };
        let nameless = ProcessReading { exe: None, name: String::new(), ..reading(30, 20, "/") };
        let forbidden = ProcessReading { exe: None, name: String::from("sshd"), ..reading(31, 1, "/") };
        let in_memory = ProcessReading { name: String::from("runc"), ..reading(32, 1, "/memfd:runc_cloned") };
        let long = reading(20, 1, "/opt/a-very-long-executable-name");
        let batch =
            feed.read(vec![in_memory, nameless, forbidden, kernel(5, "kworker/0:1"), kernel(6, "ksoftirqd/0"), long]);
        let found: Vec<_> = batch
            .appeared
            .iter()
            .map(|entity| (entity.name.as_str(), entity.component.as_ref().unwrap().as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("kworker/0:1", "exe:kernel threads"),
                ("ksoftirqd/0", "exe:kernel threads"),
                ("a-very-long-executable-name", "exe:a-very-long-executable-name"),
                ("process 30", "exe:a-very-long-executable-name"),
                ("sshd", "exe:sshd"),
                ("runc", "exe:runc"),
            ]
        );
        assert!(batch.samples.iter().all(|sample| sample.entity.0 > 1 || sample.metric == metric::THREADS));
    }

    #[test]
    fn a_census_holds_every_process() {
        let mut feed = Feed::new();
        let readings: Vec<_> = (1..=200).map(|pid| reading(pid, 1, "/usr/bin/worker")).collect();
        let census = feed.read(readings.clone()).census.unwrap();
        let listed: HashSet<_> = census.rows.iter().map(|row| row.entity).collect();
        assert_eq!(listed.len(), 200);
        assert!(feed.read(readings).census.is_none());
    }
}
