//! What happens to a batch between its source and the recording: the recorder's pure half.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::analysis::grouping::{Aggregator, Grouping};
use crate::analysis::retention::{Retention, RetentionPolicy};
use crate::model::batch::Batch;
use crate::model::document::Document;
use crate::model::entity::{EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::source::beam::TraceWanted;

/// Of which components something is to be traced, and where to say so; clones share it, and it may be changed while it is recorded.
#[derive(Clone, Debug, Default)]
pub struct TraceOrder {
    /// The source's list of whom to trace.
    wanted: TraceWanted,
    components: Arc<Mutex<BTreeSet<String>>>,
}

impl TraceOrder {
    /// For the source that was opened with `wanted`.
    pub fn new(wanted: TraceWanted) -> Self {
        Self { wanted, components: Arc::default() }
    }

    /// Replaces the components, by their ids; `*`: every process. It takes effect with the next measurement.
    pub fn set(&self, components: impl IntoIterator<Item = String>) {
        *self.components.lock().unwrap_or_else(PoisonError::into_inner) = components.into_iter().collect();
    }

    /// What was set last.
    pub fn components(&self) -> BTreeSet<String> {
        self.components.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An order as it was carried out last.
struct Carried {
    order: TraceOrder,
    components: BTreeSet<String>,
}

impl Carried {
    fn new(order: TraceOrder) -> Self {
        Self { order, components: BTreeSet::new() }
    }

    /// Tells the source of a change, for all of `members`.
    fn renew(&mut self, members: &HashMap<EntityId, ComponentId>) {
        let components = self.order.components();
        if components == self.components {
            return;
        }
        let wanted = &self.order.wanted;
        wanted.set_all(components.contains("*"));
        for (entity, component) in members {
            let (before, now) = (self.components.contains(component.as_str()), components.contains(component.as_str()));
            match (before, now) {
                (false, true) => wanted.add(*entity),
                (true, false) => wanted.remove(*entity),
                _ => {}
            }
        }
        self.components = components;
    }

    /// A process belongs to `component` now, and did to `before`.
    fn joined(&self, entity: EntityId, before: Option<&ComponentId>, component: &ComponentId) {
        if before == Some(component) {
        } else if self.components.contains(component.as_str()) {
            self.order.wanted.add(entity);
        } else if before.is_some() {
            self.order.wanted.remove(entity);
        }
    }
}

/// Makes of a source's batches what is kept.
pub(super) struct Intake {
    orders: [Carried; 2],
    /// The processes of the source, by its own numbers.
    members: HashMap<EntityId, ComponentId>,
    numbers: Numbers,
    grouping: Grouping,
    aggregator: Aggregator,
    retention: Retention,
}

impl Intake {
    /// Groups by the selectors of `document`, keeps series by `retention`, and says who belongs to the components of `orders`.
    pub fn new(document: Option<&Document>, retention: RetentionPolicy, orders: [TraceOrder; 2]) -> Self {
        let members = HashMap::new();
        let orders = orders.map(|order| {
            let mut carried = Carried::new(order);
            carried.renew(&members);
            carried
        });
        Self {
            orders,
            members,
            numbers: Numbers::default(),
            grouping: Grouping::new(document),
            aggregator: Aggregator::default(),
            retention: Retention::new(retention),
        }
    }

    /// The batch as it is appended: numbered anew, grouped, with the components' values, thinned but for those `pinned`.
    pub fn prepare(&mut self, mut batch: Batch, pinned: BTreeSet<EntityId>) -> Batch {
        for gone in &batch.vanished {
            if self.members.remove(gone).is_some() {
                self.orders.iter().for_each(|carried| carried.order.wanted.remove(*gone));
            }
        }
        let of_source = self.numbers.renumber(&mut batch);
        for (entity, source) in batch.appeared.iter_mut().zip(of_source) {
            entity.component = self.grouping.component_of(entity);
            if let Some(component) = entity.component.as_ref().filter(|_| entity.kind == EntityKind::BeamProcess) {
                let before = self.members.insert(source, component.clone());
                self.orders.iter().for_each(|carried| carried.joined(source, before.as_ref(), component));
            }
        }
        self.orders.iter_mut().for_each(|carried| carried.renew(&self.members));
        let numbers = &mut self.numbers;
        let components = self.aggregator.aggregate(&batch, &self.grouping, &mut || numbers.next());
        batch.appeared.extend(components.appeared);
        batch.samples.extend(components.samples);
        self.retention.set_pinned(pinned);
        self.retention.thin(&mut batch);
        batch
    }
}

/// The recording's own numbers of entities: the source has numbered its own, and components come in between.
#[derive(Default)]
struct Numbers {
    used: u32,
    of_source: HashMap<EntityId, EntityId>,
}

impl Numbers {
    fn next(&mut self) -> EntityId {
        let id = EntityId(self.used);
        self.used = self.used.saturating_add(1);
        id
    }

    /// Values of entities that the source has not introduced are dropped: nobody could say whose they are. Returns the source's
    /// numbers of those that appeared.
    fn renumber(&mut self, batch: &mut Batch) -> Vec<EntityId> {
        let appeared: Vec<EntityId> = batch.appeared.iter().map(|entity| entity.id).collect();
        for entity in &mut batch.appeared {
            let id = self.of_source.get(&entity.id).copied().unwrap_or_else(|| self.next());
            self.of_source.insert(entity.id, id);
            entity.id = id;
        }
        for entity in &mut batch.appeared {
            entity.parent = entity.parent.and_then(|parent| self.of_source.get(&parent).copied());
        }
        let own = &self.of_source;
        let known = |id: &mut EntityId| own.get(id).map(|own| *id = *own).is_some();
        batch.samples.retain_mut(|sample| known(&mut sample.entity));
        if let Some(census) = &mut batch.census {
            census.rows.retain_mut(|row| known(&mut row.entity));
        }
        batch.gc_events.retain_mut(|event| known(&mut event.entity));
        batch.gc_tracing.retain_mut(|tracing| known(&mut tracing.entity));
        batch.requests.retain_mut(|request| known(&mut request.entity));
        batch.stack_samples.retain_mut(|sample| known(&mut sample.entity));
        let vanished = std::mem::take(&mut batch.vanished);
        batch.vanished = vanished.iter().filter_map(|id| self.of_source.remove(id)).collect();
        appeared
    }
}
