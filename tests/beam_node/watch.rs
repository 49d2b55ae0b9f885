//! What a source delivers, kept so that it can be asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use vivarium::model::batch::Batch;
use vivarium::model::entity::{Entity, EntityId, EntityKind};
use vivarium::model::metric::{self, MetricKey};
use vivarium::source::beam::{BeamOptions, BeamSource};
use vivarium::source::{Source, StopSignal};

pub struct Watch {
    pub source: BeamSource,
    pub stop: StopSignal,
    pub batches: Vec<Batch>,
    pub entities: BTreeMap<EntityId, Entity>,
    pub gone: BTreeSet<EntityId>,
    values: BTreeMap<(EntityId, MetricKey), f64>,
}

impl Watch {
    pub fn open(name: &str, options: &BeamOptions) -> Self {
        Self::every(name, options, Duration::from_millis(500))
    }

    pub fn every(name: &str, options: &BeamOptions, every: Duration) -> Self {
        let source = BeamSource::open(name, options, every).unwrap_or_else(|error| panic!("{error}"));
        Self {
            source,
            stop: StopSignal::default(),
            batches: Vec::new(),
            entities: BTreeMap::new(),
            gone: BTreeSet::new(),
            values: BTreeMap::new(),
        }
    }

    /// Takes the next batch, and holds it to what every batch must keep.
    pub fn next(&mut self) -> &Batch {
        let batch = self.source.next_batch(&self.stop).unwrap().expect("it goes on");
        if let Some(before) = self.batches.last() {
            assert!(before.at < batch.at, "time goes on");
        }
        for entity in &batch.appeared {
            assert!(entity.parent.is_none_or(|parent| self.entities.contains_key(&parent)), "{entity:?}");
            let before = self.entities.insert(entity.id, entity.clone());
            assert!(before.is_none_or(|before| before.key == entity.key && before != *entity), "{entity:?} told anew");
        }
        for sample in batch.samples.iter().chain(batch.census.iter().flat_map(|census| &census.rows)) {
            assert!(self.entities.contains_key(&sample.entity) && !self.gone.contains(&sample.entity));
            assert!(sample.value.is_finite(), "{sample:?}");
            self.values.insert((sample.entity, sample.metric), sample.value);
        }
        for id in &batch.vanished {
            assert!(self.entities.contains_key(id) && self.gone.insert(*id), "it vanishes once");
        }
        self.batches.push(batch);
        self.batches.last().unwrap()
    }

    /// Goes on until something is so; what was waited for is told if it does not become so.
    pub fn until(&mut self, what: &str, within: Duration, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + within;
        loop {
            self.next();
            if is_so(self) {
                return;
            }
            assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        }
    }

    pub fn alive(&self) -> impl Iterator<Item = &Entity> {
        self.entities.values().filter(|entity| !self.gone.contains(&entity.id))
    }

    pub fn of_kind(&self, kind: EntityKind) -> impl Iterator<Item = &Entity> {
        self.alive().filter(move |entity| entity.kind == kind)
    }

    pub fn named(&self, name: &str) -> Option<&Entity> {
        self.alive().find(|entity| entity.name == name)
    }

    pub fn value(&self, entity: EntityId, metric: MetricKey) -> Option<f64> {
        self.values.get(&(entity, metric)).copied()
    }

    pub fn whole(&self, metric: MetricKey) -> Option<f64> {
        self.value(self.of_kind(EntityKind::Runtime).next()?.id, metric)
    }

    /// Memory of all that has a component.
    pub fn attributed(&self) -> f64 {
        let parts = self.alive().filter(|entity| entity.component.is_some());
        parts.filter_map(|entity| self.value(entity.id, metric::MEMORY_USED)).sum()
    }

    pub fn gaps(&self) -> Vec<String> {
        self.batches.iter().flat_map(|batch| &batch.gaps).map(|gap| gap.why.clone()).collect()
    }

    pub fn notices(&self) -> Vec<String> {
        self.batches.iter().flat_map(|batch| &batch.notices).map(|notice| notice.text.clone()).collect()
    }
}
