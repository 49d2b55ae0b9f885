//! The processes of one life of a node: from successive answers to who appeared, who vanished, values and censuses.
//!
//! Pure. Rates come from two looks at the same process, over the time between them on the node's own clock.

use std::collections::{HashMap, HashSet, VecDeque};

use super::super::process_table::EntityIds;
use super::identity::{Identity, Origins};
use super::known::{Known, NodeTotals};
use super::reading::{HeapRow, Reading, Row};
use super::schedule::Plan;
use super::terms::Pid;
use crate::model::batch::{Batch, Sample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::metric;
use crate::model::time::Timestamp;

/// Who has more messages waiting is not asked for sizes, as looking would walk the queue.
const LONG_QUEUE: u64 = 10_000;

/// So many are asked at a time for what they say of themselves.
const WHOLLY_A_TICK: usize = 50;

/// After so long a process is asked once more who it is: some set their name or label late.
const SETTLED_AFTER_NS: i64 = 5_000_000_000;

/// Answering costs a process one reduction.
const ASKED_REDUCTIONS: u64 = 1;

/// What was asked in the request that an answer belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub watch: Vec<Pid>,
    pub measure: Vec<Pid>,
    pub identify: Vec<Pid>,
    /// Who is asked for label and initial call too.
    pub whole: Vec<Pid>,
    /// Whether the round of all processes went on.
    pub goes_on: bool,
}

/// The processes known.
#[derive(Debug, Default)]
pub(super) struct Processes {
    known: HashMap<Pid, Known>,
    pub origins: Origins,
    unidentified: HashSet<Pid>,
    /// Who has not been asked for label and initial call.
    unasked: HashSet<Pid>,
    /// Who is to be asked once more, and when, on the node's steady clock.
    young: VecDeque<(i64, Pid)>,
    /// Of whom something else is known than was told.
    changed: HashSet<Pid>,
    touched: Vec<Pid>,
    round: u64,
    /// Whether a round was complete: who is new after it is new on the node too.
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
        let renamed = self.origins.learn(reading);
        self.changed.extend(renamed);
        for pid in &asked.whole {
            self.unasked.remove(pid);
        }
        let late = self.young.partition_point(|(at, _)| *at <= node.steady_ns);
        self.unasked.extend(self.young.drain(..late).map(|(_, pid)| pid).filter(|pid| self.known.contains_key(pid)));
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
            known.count_collections(detail.minor_collections, node.steady_ns);
            let doing = [detail.status.clone(), detail.current_function.clone()];
            if known.doing != doing {
                known.doing = doing;
                self.changed.insert(detail.pid);
            }
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
        self.introduce(place, node.steady_ns, ids, batch);
        self.tell_again(place, batch);
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
                known.look(row, node);
                return;
            }
            // A fall means another process with the same pid.
            self.remove(row.pid, batch);
        }
        self.unidentified.insert(row.pid);
        // Those of the first round may be as old as the node.
        let born_ns = self.complete.then_some(node.steady_ns);
        self.known.insert(row.pid, Known::new(row, node, round, born_ns));
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
        self.unasked.remove(&pid);
        self.changed.remove(&pid);
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
    fn introduce(&mut self, place: &Place<'_>, steady_ns: i64, ids: &mut EntityIds, batch: &mut Batch) {
        let mut ready: Vec<Pid> = self.unidentified.iter().copied().filter(|pid| self.origins.is_known(*pid)).collect();
        // Parents mostly have lower numbers than their children.
        ready.sort_unstable_by_key(|pid| (pid.serial, pid.id));
        for pid in ready {
            self.unidentified.remove(&pid);
            let Some(known) = self.known.get_mut(&pid) else { continue };
            known.entity = Some(ids.next());
            let started = known.born_ns.map(|born_ns| place.at.plus_ns(born_ns - steady_ns));
            known.introduced = Some((place.at, started));
            self.changed.remove(&pid);
            self.unasked.insert(pid);
            if started.is_some() {
                self.young.push_back((steady_ns + SETTLED_AFTER_NS, pid));
            }
            batch.appeared.extend(self.entity(pid, place));
            self.touched.push(pid);
        }
    }

    /// Tells of those once more of whom something else is known now.
    fn tell_again(&mut self, place: &Place<'_>, batch: &mut Batch) {
        let mut changed: Vec<Pid> = self.changed.drain().collect();
        changed.sort_unstable();
        batch.appeared.extend(changed.into_iter().filter_map(|pid| self.entity(pid, place)));
    }

    /// A process as it is known now; `None` before it was introduced.
    fn entity(&self, pid: Pid, place: &Place<'_>) -> Option<Entity> {
        let known = self.known.get(&pid)?;
        let (introduced, started) = known.introduced?;
        let Identity { name, component, parent, mut attributes } = self.origins.identity(pid)?;
        let parent = parent.and_then(|parent| self.known.get(&parent)?.entity).or(Some(place.runtime));
        let doing = ["status", "current_function"].into_iter().zip(&known.doing);
        attributes.extend(doing.filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))));
        let introduced_s = introduced.0.div_euclid(1_000_000_000);
        Some(Entity {
            id: known.entity?,
            kind: EntityKind::BeamProcess,
            key: format!("{}/{}.{}.{}/{introduced_s}", place.key, pid.creation, pid.id, pid.serial),
            name,
            parent,
            component: Some(component),
            started,
            ended: None,
            attributes,
        })
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
        Asked { watch, measure, identify, whole: self.busiest_unasked(), goes_on: true }
    }

    /// Of those who were not asked wholly yet, the busiest.
    fn busiest_unasked(&self) -> Vec<Pid> {
        let rate = |pid: &Pid| Some((self.known.get(pid)?.rates.map_or(0.0, |rates| rates.reductions_per_s), *pid));
        let mut unasked: Vec<(f64, Pid)> = self.unasked.iter().filter_map(rate).collect();
        let order = |a: &(f64, Pid), b: &(f64, Pid)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if unasked.len() > WHOLLY_A_TICK {
            unasked.select_nth_unstable_by(WHOLLY_A_TICK, order);
            unasked.truncate(WHOLLY_A_TICK);
        }
        unasked.into_iter().map(|(_, pid)| pid).collect()
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

#[cfg(test)]
pub(super) mod tests {
    use super::super::identity::tests::{pid, row as identity};
    use super::super::reading::{DetailRow, Globals, Moment, Spent};
    use super::*;
    use crate::model::metric::MetricKey;

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

    fn detail(id: u32, memory_bytes: f64, status: &str, minor_collections: u64) -> DetailRow {
        DetailRow {
            pid: pid(id),
            memory_bytes,
            status: Some(status.to_owned()),
            current_function: Some(String::from("gen_server:loop/7")),
            registered_name: Some(String::from("a")),
            minor_collections,
        }
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
        let detail = detail(1, 9000.0, "waiting", 0);
        let reading =
            Reading { rows: vec![look(1, 100, 0), look(2, 500, 3)], details: vec![detail], ..empty_reading() };
        feed.add(reading, &Asked::default());
        let reading = Reading { rows: vec![look(1, 101, 0), look(2, 500, 3)], ..empty_reading() };
        let batch = feed.add(reading, &Asked::default());
        assert_eq!(value(&batch, feed.entity(1), metric::BEAM_REDUCTIONS), Some(0.0));
        assert_eq!(value(&batch, feed.entity(1), metric::MEMORY_USED), Some(9000.0));
    }

    #[test]
    fn what_a_process_is_doing_and_a_name_that_it_took_later_are_told_of_the_same_entity() {
        let mut feed = Feed::default();
        feed.add(first(), &Asked::default());
        let two = feed.entity(2);
        let named = DetailRow { registered_name: Some(String::from("late")), ..detail(2, 1.0, "running", 7) };
        let looks = || vec![look(1, 100, 0), look(2, 500, 3)];
        let batch =
            feed.add(Reading { rows: looks(), details: vec![named.clone()], ..empty_reading() }, &Asked::default());
        let [told] = &batch.appeared[..] else { panic!("{:?}", batch.appeared) };
        assert_eq!((told.id, told.name.as_str()), (two, "late"));
        assert_eq!(told.attributes["status"], "running");
        assert_eq!(told.attributes["current_function"], "gen_server:loop/7");
        let batch = feed.add(Reading { rows: looks(), details: vec![named], ..empty_reading() }, &Asked::default());
        assert!(batch.appeared.is_empty(), "nothing new");
        assert_eq!(value(&batch, two, metric::GC_COUNTED), Some(0.0));
    }

    #[test]
    fn collections_are_counted_over_full_sweeps() {
        let mut feed = Feed::default();
        feed.add(first(), &Asked::default());
        let mut count = |minor| {
            let details = vec![detail(1, 1.0, "waiting", minor)];
            let batch = feed
                .add(Reading { rows: vec![look(1, 100, 0)], left: 1, details, ..empty_reading() }, &Asked::default());
            value(&batch, feed.entity(1), metric::GC_COUNTED)
        };
        assert_eq!([count(10), count(14), count(2)], [None, Some(4.0), Some(3.0)]);
    }

    #[test]
    fn everybody_is_asked_once_for_what_they_say_of_themselves_and_who_was_born_meanwhile_once_more() {
        let mut feed = Feed::default();
        let plan = super::super::schedule::Schedule::new(std::time::Duration::from_secs(1), 2, false).plan();
        let all = || vec![look(1, 100, 0), look(2, 500, 3)];
        feed.add(first(), &Asked::default());
        let wholly = |feed: &Feed| Asked { whole: feed.processes.choose(&plan).whole, ..Asked::default() };
        let asked = wholly(&feed);
        assert_eq!(asked.whole.len(), 2);
        feed.add(Reading { rows: all(), ..empty_reading() }, &asked);
        assert_eq!(feed.processes.choose(&plan).whole, []);
        let born = Reading {
            rows: [all(), vec![look(3, 9, 0)]].concat(),
            identities: vec![identity(3, None, 1, 0)],
            ..empty_reading()
        };
        feed.add(born.clone(), &Asked::default());
        let mut times = 0;
        for _ in 0..10 {
            let asked = wholly(&feed);
            times += asked.whole.len();
            feed.add(born.clone(), &asked);
        }
        assert_eq!(times, 2);
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
