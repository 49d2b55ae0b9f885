//! Which entities' series are worth keeping: the largest, the busiest, the fastest growing, and whatever somebody has asked for.
//!
//! A machine has thousands of processes and a BEAM node hundreds of thousands; all of them are in censuses, few need a series.

use std::collections::{BTreeSet, HashMap};

use crate::model::batch::Batch;
use crate::model::entity::{EntityId, EntityKind};
use crate::model::metric::{self, MetricKey};
use crate::model::time::{NS_PER_S, Timestamp};

/// What levels and rates of growth are told by, the first that an entity has.
const MEMORY: [MetricKey; 2] = [metric::MEMORY_RESIDENT, metric::MEMORY_USED];

/// Time constant of the smoothed rate of growth.
const GROWTH_WINDOW_S: f64 = 60.0;

/// How much is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct RetentionPolicy {
    /// So many of each: by memory, by processor time, by growth, by messages waiting.
    pub top: usize,
    /// An entity that leaves the top is kept for so long, in nanoseconds, so that its series does not flicker.
    pub hold_ns: i64,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self { top: 64, hold_ns: 60 * NS_PER_S }
    }
}

/// Decides batch by batch whose values are kept.
#[derive(Debug, Default)]
pub struct Retention {
    policy: RetentionPolicy,
    pinned: BTreeSet<EntityId>,
    /// Those who have to be among the top; all other kinds are always kept.
    ranked: HashMap<EntityId, Standing>,
}

#[derive(Debug, Default)]
struct Standing {
    memory: Option<(Timestamp, f64)>,
    /// Bytes per second, smoothed.
    growth: f64,
    cpu: f64,
    queue: f64,
    kept_until: Option<Timestamp>,
}

impl Retention {
    /// Keeps by `policy`.
    pub fn new(policy: RetentionPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Who is kept whatever they do; replaces those pinned before.
    pub fn set_pinned(&mut self, pinned: BTreeSet<EntityId>) {
        self.pinned = pinned;
    }

    /// Takes out of `batch` the values that are not kept; everything else in it stays, the census too.
    pub fn thin(&mut self, batch: &mut Batch) {
        self.observe(batch);
        self.rank(batch.at);
        batch.samples.retain(|sample| self.keeps(sample.entity, batch.at));
        for id in &batch.vanished {
            self.ranked.remove(id);
        }
    }

    fn keeps(&self, entity: EntityId, at: Timestamp) -> bool {
        let is_held = |standing: &Standing| standing.kept_until.is_some_and(|until| at <= until);
        self.pinned.contains(&entity) || self.ranked.get(&entity).is_none_or(is_held)
    }

    fn observe(&mut self, batch: &Batch) {
        for entity in batch.appeared.iter().filter(|entity| is_ranked(entity.kind)) {
            self.ranked.entry(entity.id).or_default();
        }
        for sample in &batch.samples {
            let is_memory = MEMORY.contains(&sample.metric);
            let Some(standing) = self.ranked.get_mut(&sample.entity) else { continue };
            if is_memory {
                standing.observe_memory(batch.at, sample.value);
            } else if sample.metric == metric::CPU_CORES {
                standing.cpu = sample.value;
            } else if sample.metric == metric::QUEUE_LENGTH {
                standing.queue = sample.value;
            }
        }
    }

    fn rank(&mut self, at: Timestamp) {
        let until = at.plus_ns(self.policy.hold_ns);
        let by: [fn(&Standing) -> f64; 4] = [
            |standing| standing.memory.map_or(0.0, |(_, bytes)| bytes),
            |standing| standing.cpu,
            |standing| standing.growth,
            |standing| standing.queue,
        ];
        for measure in by {
            let positive =
                self.ranked.iter().map(|(id, standing)| (measure(standing), *id)).filter(|(value, _)| *value > 0.0);
            let mut top: Vec<(f64, EntityId)> = positive.collect();
            // Equals by their number, so that the same stream is always thinned alike.
            let order = |a: &(f64, EntityId), b: &(f64, EntityId)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            if top.len() > self.policy.top {
                top.select_nth_unstable_by(self.policy.top, order);
                top.truncate(self.policy.top);
            }
            for (_, id) in top {
                if let Some(standing) = self.ranked.get_mut(&id) {
                    standing.kept_until = Some(until);
                }
            }
        }
    }
}

impl Standing {
    /// An exponentially weighted mean of the rate of change, by the time that passed.
    fn observe_memory(&mut self, at: Timestamp, bytes: f64) {
        if let Some((before, bytes_before)) = self.memory {
            let seconds = at.seconds_since(before);
            if seconds > 0.0 {
                let weight = 1.0 - (-seconds / GROWTH_WINDOW_S).exp();
                self.growth += weight * ((bytes - bytes_before) / seconds - self.growth);
            }
        }
        self.memory = Some((at, bytes));
    }
}

/// Kinds that come in numbers.
fn is_ranked(kind: EntityKind) -> bool {
    match kind {
        EntityKind::OsProcess | EntityKind::BeamProcess | EntityKind::EtsTable | EntityKind::Heap => true,
        EntityKind::Machine
        | EntityKind::Core
        | EntityKind::Runtime
        | EntityKind::Scheduler
        | EntityKind::Allocator
        | EntityKind::Component => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::Sample;
    use crate::model::entity::Entity;

    fn entity(id: u32, kind: EntityKind) -> Entity {
        Entity {
            id: EntityId(id),
            kind,
            key: id.to_string(),
            name: id.to_string(),
            parent: None,
            component: None,
            started: None,
            ended: None,
            attributes: Default::default(),
        }
    }

    /// What is kept at a second, given memory and processor time of entities 0, 1, 2 …
    fn kept(retention: &mut Retention, second: i64, values: &[(f64, f64)]) -> Vec<u32> {
        let kind = |id| if id == 0 { EntityKind::Machine } else { EntityKind::OsProcess };
        let numbered = || (0..).zip(values);
        let mut batch = Batch { at: Timestamp(second * NS_PER_S), ..Batch::default() };
        if second == 0 {
            batch.appeared = numbered().map(|(id, _)| entity(id, kind(id))).collect();
        }
        for (id, (memory, cpu)) in numbered() {
            let id = EntityId(id);
            batch.samples.push(Sample { entity: id, metric: metric::MEMORY_RESIDENT, value: *memory });
            batch.samples.push(Sample { entity: id, metric: metric::CPU_CORES, value: *cpu });
        }
        retention.thin(&mut batch);
        let mut ids: Vec<u32> = batch.samples.iter().map(|sample| sample.entity.0).collect();
        ids.dedup();
        ids
    }

    fn top_one() -> Retention {
        Retention::new(RetentionPolicy { top: 1, ..RetentionPolicy::default() })
    }

    #[test]
    fn keeps_the_machine_the_largest_and_the_busiest() {
        let values = [(0.0, 0.0), (5.0, 0.0), (9.0, 0.0), (1.0, 0.7), (1.0, 0.0)];
        assert_eq!(kept(&mut top_one(), 0, &values), [0, 2, 3]);
    }

    #[test]
    fn who_leaves_the_top_is_kept_for_a_minute() {
        let mut retention = top_one();
        assert_eq!(kept(&mut retention, 0, &[(0.0, 0.0), (9.0, 0.0), (5.0, 0.0)]), [0, 1]);
        let overtaken = [(0.0, 0.0), (2.0, 0.0), (5.0, 0.0)];
        assert_eq!(kept(&mut retention, 1, &overtaken), [0, 1, 2]);
        assert_eq!(kept(&mut retention, 60, &overtaken), [0, 1, 2]);
        assert_eq!(kept(&mut retention, 61, &overtaken), [0, 2]);
    }

    #[test]
    fn a_small_one_that_grows_is_kept() {
        let mut retention = top_one();
        let at = |second: f64| [(0.0, 0.0), (1e9, 0.0), (1e6 + 1e3 * second, 0.0), (1e6, 0.0)];
        assert_eq!(kept(&mut retention, 0, &at(0.0)), [0, 1]);
        assert_eq!(kept(&mut retention, 1, &at(1.0)), [0, 1, 2]);
    }

    #[test]
    fn a_pinned_one_is_kept_until_it_is_unpinned() {
        let values = [(0.0, 0.0), (9.0, 0.0), (0.0, 0.0)];
        let mut retention = top_one();
        retention.set_pinned([EntityId(2)].into());
        assert_eq!(kept(&mut retention, 0, &values), [0, 1, 2]);
        retention.set_pinned(BTreeSet::new());
        assert_eq!(kept(&mut retention, 1, &values), [0, 1]);
    }

    #[test]
    fn a_vanished_one_makes_room() {
        let mut retention = top_one();
        kept(&mut retention, 0, &[(0.0, 0.0), (9.0, 0.0), (5.0, 0.0)]);
        retention.thin(&mut Batch { at: Timestamp(1), vanished: vec![EntityId(1)], ..Batch::default() });
        assert_eq!(retention.ranked.len(), 1);
        assert_eq!(kept(&mut retention, 2, &[(0.0, 0.0)]), [0]);
    }
}
