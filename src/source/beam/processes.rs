//! The processes of one life of a node: from successive answers to who appeared, who vanished, values and censuses.
//!
//! Pure. Rates come from two looks at the same process, over the time between them on the node's own clock.

use std::collections::{HashMap, HashSet};

use super::super::process_table::EntityIds;
use super::identity::{Identity, Origins};
use super::reading::{HeapRow, Reading, Row};
use super::schedule::Plan;
use super::terms::Pid;
use crate::model::batch::{Batch, Sample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::metric::{self, MetricKey};
use crate::model::time::Timestamp;

/// What [`Processes::update`] delivers of a process.
pub(super) const METRICS: [MetricKey; 12] = [
    metric::MEMORY_USED,
    metric::QUEUE_LENGTH,
    metric::CPU_CORES,
    metric::BEAM_REDUCTIONS,
    metric::HEAP_HELD,
    metric::HEAP_LIVE,
    metric::HEAP_OLD_HELD,
    metric::HEAP_OLD_LIVE,
    metric::HEAP_FRAGMENTS,
    metric::HEAP_STACK,
    metric::BINARY_HELD,
    metric::MEMORY_EFFICIENCY,
];

/// What a process takes beside its heaps until it has told itself: its own structure, links and monitors.
const OVERHEAD_BYTES: f64 = 900.0;

/// Who has more messages waiting is not asked for sizes, as looking would walk the queue.
const LONG_QUEUE: u64 = 10_000;

/// Answering costs a process one reduction.
const ASKED_REDUCTIONS: u64 = 1;

/// Totals of the node that a process' share is taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct NodeTotals {
    pub steady_ns: i64,
    pub reductions: f64,
    /// Time that all schedulers together were busy, as far as known.
    pub busy_s: f64,
    /// The bytes of all processes together.
    pub memory_bytes: f64,
}

/// What was asked in the request that an answer belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub watch: Vec<Pid>,
    pub measure: Vec<Pid>,
    pub identify: Vec<Pid>,
    /// Whether the round of all processes went on.
    pub goes_on: bool,
}

#[derive(Debug)]
struct Known {
    entity: Option<EntityId>,
    reductions: u64,
    /// Of these, those that our own questions caused since the last look.
    caused: u64,
    queue: u64,
    /// At the last look.
    node: NodeTotals,
    rates: Option<Rates>,
    heap: Option<HeapRow>,
    overhead_bytes: f64,
    memory_bytes: Option<f64>,
    /// Whether it ran or got messages since its heaps were looked at.
    moved: bool,
    round: u64,
}

#[derive(Clone, Copy, Debug)]
struct Rates {
    reductions_per_s: f64,
    cores: Option<f64>,
}

/// The processes known.
#[derive(Debug, Default)]
pub(super) struct Processes {
    known: HashMap<Pid, Known>,
    pub origins: Origins,
    unidentified: HashSet<Pid>,
    touched: Vec<Pid>,
    round: u64,
    /// Whether a round was complete, from which on who is new is new on the node too.
    complete: bool,
}

impl Processes {
    /// Puts what an answer says of processes into `batch`. True when a round is complete.
    pub fn update(
        &mut self,
        reading: &Reading,
        asked: &Asked,
        node: NodeTotals,
        place: &Place<'_>,
        ids: &mut EntityIds,
        batch: &mut Batch,
    ) -> bool {
        self.touched.clear();
        for row in reading.rows.iter().chain(&reading.others) {
            self.look(*row, node, batch);
        }
        self.origins.learn(reading);
        self.drop_unanswered(reading, asked, batch);
        for &(pid, heap) in &reading.heaps {
            self.weigh(pid, heap, place.word_bytes);
        }
        for detail in &reading.details {
            let Some(known) = self.known.get_mut(&detail.pid) else { continue };
            known.caused += ASKED_REDUCTIONS;
            if let Some(heap) = known.heap.filter(|_| !known.moved) {
                known.overhead_bytes = (detail.memory_bytes - heap.held * place.word_bytes).max(0.0);
            }
            known.memory_bytes = Some(detail.memory_bytes);
        }
        let is_done = asked.goes_on && reading.left == 0;
        if is_done {
            let round = self.round;
            self.drop_where(|known| known.round < round, batch);
            self.round += 1;
            self.complete = true;
        } else if !asked.goes_on {
            // The round was given up; nobody can be said to be gone by it.
            self.round += 1;
        }
        self.introduce(place, ids, batch);
        self.estimate_long_queues(node.memory_bytes);
        self.put_samples(place.word_bytes, batch);
        is_done
    }

    fn look(&mut self, row: Row, node: NodeTotals, batch: &mut Batch) {
        let round = self.round;
        self.touched.push(row.pid);
        if let Some(known) = self.known.get_mut(&row.pid) {
            if row.reductions >= known.reductions {
                known.round = round;
                let ran = (row.reductions - known.reductions).saturating_sub(known.caused);
                known.moved |= ran > 0 || row.queue != known.queue;
                let seconds = (node.steady_ns - known.node.steady_ns) as f64 / 1e9;
                // Twice within an answer: the first look counts.
                if seconds > 1e-3 {
                    let all = node.reductions - known.node.reductions;
                    let busy_s = node.busy_s - known.node.busy_s;
                    let cores = (all > 0.0 && busy_s > 0.0).then(|| (ran as f64 / all).min(1.0) * busy_s / seconds);
                    // A process runs on one core at a time.
                    let cores = cores.map(|cores| cores.min(1.0));
                    known.rates = Some(Rates { reductions_per_s: ran as f64 / seconds, cores });
                    (known.reductions, known.caused, known.node) = (row.reductions, 0, node);
                }
                known.queue = row.queue;
                return;
            }
            // A fall means another process with the same pid.
            self.remove(row.pid, batch);
        }
        self.unidentified.insert(row.pid);
        self.known.insert(
            row.pid,
            Known {
                entity: None,
                reductions: row.reductions,
                caused: 0,
                queue: row.queue,
                node,
                rates: None,
                heap: None,
                overhead_bytes: OVERHEAD_BYTES,
                memory_bytes: None,
                moved: true,
                round,
            },
        );
    }

    fn weigh(&mut self, pid: Pid, heap: HeapRow, word_bytes: f64) {
        let Some(known) = self.known.get_mut(&pid) else { return };
        known.heap = Some(heap);
        known.moved = false;
        known.memory_bytes = Some(heap.held * word_bytes + known.overhead_bytes);
    }

    /// Who was asked by name and did not answer is gone.
    fn drop_unanswered(&mut self, reading: &Reading, asked: &Asked, batch: &mut Batch) {
        let answered: HashSet<Pid> = reading.others.iter().map(|row| row.pid).collect();
        for pid in asked.watch.iter().chain(&asked.measure).filter(|pid| !answered.contains(pid)) {
            self.remove(*pid, batch);
        }
    }

    fn remove(&mut self, pid: Pid, batch: &mut Batch) {
        if let Some(known) = self.known.remove(&pid) {
            batch.vanished.extend(known.entity);
        }
        self.unidentified.remove(&pid);
        self.origins.forget(pid);
    }

    fn drop_where(&mut self, is_gone: impl Fn(&Known) -> bool, batch: &mut Batch) {
        let mut gone: Vec<Pid> = self.known.iter().filter(|(_, known)| is_gone(known)).map(|(pid, _)| *pid).collect();
        gone.sort_unstable();
        for pid in gone {
            self.remove(pid, batch);
        }
    }

    /// All of them have vanished with their node.
    pub fn drop_all(&mut self, batch: &mut Batch) {
        self.drop_where(|_| true, batch);
    }

    /// Makes entities of those whose identity has come.
    fn introduce(&mut self, place: &Place<'_>, ids: &mut EntityIds, batch: &mut Batch) {
        let mut ready: Vec<Pid> = self.unidentified.iter().copied().filter(|pid| self.origins.is_known(*pid)).collect();
        // Parents mostly have lower numbers than their children.
        ready.sort_unstable_by_key(|pid| (pid.serial, pid.id));
        for pid in ready {
            self.unidentified.remove(&pid);
            let Some(Identity { name, component, parent, attributes }) = self.origins.identity(pid) else { continue };
            let parent = parent.and_then(|parent| self.known.get(&parent)?.entity).or(Some(place.runtime));
            let Some(known) = self.known.get_mut(&pid) else { continue };
            let id = ids.next();
            known.entity = Some(id);
            let first_seen_s = place.at.0.div_euclid(1_000_000_000);
            batch.appeared.push(Entity {
                id,
                kind: EntityKind::BeamProcess,
                key: format!("{}/{}.{}.{}/{first_seen_s}", place.key, pid.creation, pid.id, pid.serial),
                name,
                parent,
                component: Some(component),
                // Known only of those that were born while we looked.
                started: self.complete.then_some(place.at),
                ended: None,
                attributes,
            });
            self.touched.push(pid);
        }
    }

    /// What all processes take and nobody has been found to hold lies with those that have long queues, by their length.
    fn estimate_long_queues(&mut self, all_bytes: f64) {
        let long: u64 = self.known.values().map(|known| known.queue).filter(|queue| *queue >= LONG_QUEUE).sum();
        if long == 0 || !self.complete {
            return;
        }
        let others = self.known.values().filter(|known| known.queue < LONG_QUEUE);
        let rest = (all_bytes - others.filter_map(|known| known.memory_bytes).sum::<f64>()).max(0.0);
        for known in self.known.values_mut().filter(|known| known.queue >= LONG_QUEUE) {
            known.memory_bytes = Some(rest * known.queue as f64 / long as f64);
            known.heap = None;
        }
    }

    fn put_samples(&mut self, word_bytes: f64, batch: &mut Batch) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for pid in &self.touched {
            let Some(known) = self.known.get(pid) else { continue };
            let Some(entity) = known.entity else { continue };
            known.values(word_bytes, |metric, value| batch.samples.push(Sample { entity, metric, value }));
        }
    }

    /// Everybody, as last known.
    pub fn census(&self, word_bytes: f64, rows: &mut Vec<Sample>) {
        for known in self.known.values() {
            let Some(entity) = known.entity else { continue };
            known.values(word_bytes, |metric, value| {
                let is_in_census = matches!(metric, metric::MEMORY_USED | metric::QUEUE_LENGTH | metric::CPU_CORES);
                if is_in_census || metric == metric::BEAM_REDUCTIONS {
                    rows.push(Sample { entity, metric, value });
                }
            });
            // As its memory, also of one that has moved since; most have no old heap and no fragments, so zeros are left out.
            known.heaps(word_bytes, |metric, value| {
                if value > 0.0 || metric == metric::HEAP_HELD {
                    rows.push(Sample { entity, metric, value });
                }
            });
        }
        rows.sort_by_key(|row| (row.entity, row.metric));
    }

    /// Bytes of heap in use and held, over those whose heaps are known.
    pub fn heaps(&self, word_bytes: f64) -> (f64, f64) {
        let heaps = self.known.values().filter_map(|known| known.heap);
        let (live, held) = heaps.fold((0.0, 0.0), |(live, held), heap| (live + heap.live, held + heap.held));
        (live * word_bytes, held * word_bytes)
    }

    /// Who is to be asked what at the next tick.
    pub fn choose(&self, plan: &Plan) -> Asked {
        if !plan.processes {
            return Asked::default();
        }
        let mut moved: Vec<(&Pid, &Known)> = self
            .known
            .iter()
            .filter(|(_, known)| known.moved && known.queue < LONG_QUEUE && known.entity.is_some())
            .collect();
        let weight = |known: &Known| {
            // Who was never looked at comes first, then the busiest.
            (known.heap.is_none(), known.rates.map_or(0.0, |rates| rates.reductions_per_s))
        };
        let order = |a: &(&Pid, &Known), b: &(&Pid, &Known)| {
            let ((a_new, a_rate), (b_new, b_rate)) = (weight(a.1), weight(b.1));
            b_new.cmp(&a_new).then(b_rate.total_cmp(&a_rate)).then(a.0.cmp(b.0))
        };
        if moved.len() > plan.measure {
            moved.select_nth_unstable_by(plan.measure, order);
            moved.truncate(plan.measure);
        }
        let measure: Vec<Pid> = moved.iter().map(|(pid, _)| **pid).collect();
        moved.sort_unstable_by(|a, b| {
            b.1.memory_bytes.unwrap_or(0.0).total_cmp(&a.1.memory_bytes.unwrap_or(0.0)).then(a.0.cmp(b.0))
        });
        let watch = moved.iter().take(plan.watch).map(|(pid, _)| **pid).collect();
        let mut identify: Vec<Pid> = self.unidentified.iter().copied().collect();
        identify.sort_unstable_by_key(|pid| (pid.serial, pid.id));
        identify.truncate(if plan.full { plan.identify } else { plan.identify.max(500) });
        Asked { watch, measure, identify, goes_on: true }
    }

    /// The busiest, whose stacks are worth a look.
    pub fn busiest(&self, count: usize) -> Vec<Pid> {
        let busy = |(pid, known): (&Pid, &Known)| {
            let rate = known.rates?.reductions_per_s;
            (known.entity.is_some() && known.queue < 1_000_000 && rate > 1000.0).then_some((rate, *pid))
        };
        let mut busy: Vec<(f64, Pid)> = self.known.iter().filter_map(busy).collect();
        busy.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        busy.into_iter().take(count).map(|(_, pid)| pid).collect()
    }

    /// Everybody who has an entity.
    pub fn entities(&self) -> impl Iterator<Item = (Pid, EntityId)> {
        self.known.iter().filter_map(|(pid, known)| Some((*pid, known.entity?)))
    }

    /// The entity of a process that was asked for its stack, which cost it a reduction.
    pub fn asked_for_stack(&mut self, pid: Pid) -> Option<EntityId> {
        let known = self.known.get_mut(&pid)?;
        known.caused += ASKED_REDUCTIONS;
        known.entity
    }
}

/// Where processes appear.
pub(super) struct Place<'a> {
    /// The node's key.
    pub key: &'a str,
    pub runtime: EntityId,
    pub at: Timestamp,
    pub word_bytes: f64,
}

impl Known {
    fn values(&self, word_bytes: f64, mut put: impl FnMut(MetricKey, f64)) {
        put(metric::QUEUE_LENGTH, self.queue as f64);
        if let Some(rates) = self.rates {
            put(metric::BEAM_REDUCTIONS, rates.reductions_per_s);
            if let Some(cores) = rates.cores {
                put(metric::CPU_CORES, cores);
            }
        }
        // What has moved since is not what was measured.
        if let Some(bytes) = self.memory_bytes {
            put(metric::MEMORY_USED, bytes);
        }
        if !self.moved {
            self.heaps(word_bytes, &mut put);
        }
        if let Some(heap) = self.heap.filter(|heap| !self.moved && heap.held > 0.0) {
            put(metric::MEMORY_EFFICIENCY, (heap.live / heap.held).min(1.0));
        }
    }

    /// The parts of its heaps as they were looked at last.
    fn heaps(&self, word_bytes: f64, mut put: impl FnMut(MetricKey, f64)) {
        let Some(heap) = self.heap else { return };
        for (metric, words) in [
            (metric::HEAP_HELD, heap.held),
            (metric::HEAP_LIVE, heap.live),
            (metric::HEAP_OLD_HELD, heap.old_held),
            (metric::HEAP_OLD_LIVE, heap.old_live),
            (metric::HEAP_FRAGMENTS, heap.fragments),
            (metric::HEAP_STACK, heap.stack),
            (metric::BINARY_HELD, heap.binaries),
        ] {
            put(metric, words * word_bytes);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::identity::tests::{pid, row as identity};
    use super::super::reading::{DetailRow, Globals, Moment, Spent};
    use super::*;

    pub fn empty_reading() -> Reading {
        Reading {
            sequence: 0,
            lost: 0,
            spent: Spent::default(),
            moment: Moment { steady_ns: 0, wall_ns: 0 },
            globals: Globals::default(),
            masters: Vec::new(),
            allocators: Vec::new(),
            resident_bytes: None,
            tables: Vec::new(),
            table_facts: Vec::new(),
            rows: Vec::new(),
            others: Vec::new(),
            identities: Vec::new(),
            labels: Vec::new(),
            calls: Vec::new(),
            heaps: Vec::new(),
            details: Vec::new(),
            skipped: 0,
            left: 0,
        }
    }

    fn look(id: u32, reductions: u64, queue: u64) -> Row {
        Row { pid: pid(id), reductions, queue }
    }

    #[derive(Default)]
    struct Feed {
        processes: Processes,
        ids: EntityIds,
        second: i64,
    }

    impl Feed {
        /// A second with 1,000,000 reductions and one busy scheduler.
        fn add(&mut self, reading: Reading, asked: &Asked) -> Batch {
            self.second += 1;
            let node = NodeTotals {
                steady_ns: self.second * 1_000_000_000,
                reductions: self.second as f64 * 1e6,
                busy_s: self.second as f64,
                memory_bytes: 1e6,
            };
            let at = Timestamp(self.second * 1_000_000_000);
            let mut batch = Batch { at, ..Batch::default() };
            let place = Place { key: "beam:x@y", runtime: EntityId(1000), at, word_bytes: 8.0 };
            let asked = Asked { goes_on: true, ..asked.clone() };
            self.processes.update(&reading, &asked, node, &place, &mut self.ids, &mut batch);
            batch
        }

        fn entity(&self, id: u32) -> EntityId {
            self.processes.known[&pid(id)].entity.unwrap()
        }
    }

    fn value(batch: &Batch, entity: EntityId, metric: MetricKey) -> Option<f64> {
        let found = batch.samples.iter().find(|sample| sample.entity == entity && sample.metric == metric);
        found.map(|sample| sample.value)
    }

    fn first() -> Reading {
        Reading {
            rows: vec![look(1, 100, 0), look(2, 500, 3)],
            identities: vec![identity(1, Some("a"), 0, 0), identity(2, None, 1, 0)],
            heaps: vec![(pid(1), HeapRow { held: 1000.0, live: 250.0, ..HeapRow::default() })],
            ..empty_reading()
        }
    }

    #[test]
    fn processor_time_is_a_share_of_the_nodes_and_needs_two_looks() {
        let mut feed = Feed::default();
        let batch = feed.add(first(), &Asked::default());
        assert_eq!(batch.appeared.len(), 2);
        let (one, two) = (feed.entity(1), feed.entity(2));
        assert_eq!(value(&batch, one, metric::CPU_CORES), None);
        assert_eq!(value(&batch, one, metric::MEMORY_USED), Some(8900.0));
        assert_eq!(value(&batch, one, metric::MEMORY_EFFICIENCY), Some(0.25));
        assert_eq!(value(&batch, two, metric::MEMORY_USED), None, "it is not made up");
        let reading = Reading { rows: vec![look(1, 100, 0), look(2, 250_500, 3)], ..empty_reading() };
        let batch = feed.add(reading, &Asked::default());
        assert_eq!(value(&batch, two, metric::CPU_CORES), Some(0.25));
        assert_eq!(value(&batch, two, metric::BEAM_REDUCTIONS), Some(250_000.0));
        assert_eq!(value(&batch, one, metric::CPU_CORES), Some(0.0));
    }

    #[test]
    fn what_our_questions_cost_is_not_the_process_own() {
        let mut feed = Feed::default();
        feed.add(first(), &Asked::default());
        let detail = DetailRow { pid: pid(1), memory_bytes: 9000.0 };
        let reading =
            Reading { rows: vec![look(1, 100, 0), look(2, 500, 3)], details: vec![detail], ..empty_reading() };
        feed.add(reading, &Asked::default());
        let reading = Reading { rows: vec![look(1, 101, 0), look(2, 500, 3)], ..empty_reading() };
        let batch = feed.add(reading, &Asked::default());
        assert_eq!(value(&batch, feed.entity(1), metric::BEAM_REDUCTIONS), Some(0.0));
        assert_eq!(value(&batch, feed.entity(1), metric::MEMORY_USED), Some(9000.0));
    }

    #[test]
    fn who_is_not_seen_in_a_whole_round_or_does_not_answer_is_gone() {
        let mut feed = Feed::default();
        feed.add(first(), &Asked::default());
        let (one, two) = (feed.entity(1), feed.entity(2));
        let part = Reading { rows: vec![look(1, 100, 0)], left: 5, ..empty_reading() };
        assert!(feed.add(part.clone(), &Asked::default()).vanished.is_empty(), "the round goes on");
        let asked = Asked { watch: vec![pid(2)], ..Asked::default() };
        assert_eq!(feed.add(part, &asked).vanished, [two]);
        assert_eq!(feed.add(empty_reading(), &Asked::default()).vanished, []);
        assert_eq!(feed.add(empty_reading(), &Asked::default()).vanished, [one]);
    }

    #[test]
    fn a_reused_pid_is_a_new_entity() {
        let mut feed = Feed::default();
        feed.add(first(), &Asked::default());
        let old = feed.entity(2);
        let reading = Reading {
            rows: vec![look(1, 100, 0), look(2, 20, 0)],
            identities: vec![identity(2, Some("b"), 1, 0)],
            ..empty_reading()
        };
        let batch = feed.add(reading, &Asked::default());
        assert_eq!(batch.vanished, [old]);
        assert_eq!((batch.appeared.len(), batch.appeared[0].name.as_str()), (1, "b"));
    }

    #[test]
    fn a_long_queue_is_never_looked_into_and_holds_what_nobody_else_does() {
        let mut feed = Feed::default();
        feed.add(first(), &Asked::default());
        let reading = Reading { rows: vec![look(1, 100, 0), look(2, 900, 1_000_000)], ..empty_reading() };
        let batch = feed.add(reading, &Asked::default());
        let plan = super::super::schedule::Schedule::new(std::time::Duration::from_secs(1), 2, false).plan();
        let asked = feed.processes.choose(&plan);
        assert!(!asked.watch.contains(&pid(2)) && !asked.measure.contains(&pid(2)));
        assert_eq!(value(&batch, feed.entity(2), metric::QUEUE_LENGTH), Some(1e6));
        assert_eq!(value(&batch, feed.entity(2), metric::MEMORY_USED), Some(1e6 - 8900.0));
    }

    #[test]
    fn who_moved_is_measured_again() {
        let mut feed = Feed::default();
        feed.add(first(), &Asked::default());
        let plan = super::super::schedule::Schedule::new(std::time::Duration::from_secs(1), 2, false).plan();
        assert_eq!(feed.processes.choose(&plan).measure, [pid(2)], "the other's heaps are known");
        let heaps = vec![(pid(2), HeapRow::default())];
        let reading = Reading { rows: vec![look(1, 150, 0), look(2, 500, 3)], heaps, ..empty_reading() };
        feed.add(reading, &Asked::default());
        assert_eq!(feed.processes.choose(&plan).measure, [pid(1)]);
    }
}
