//! What happens to a batch between its source and the recording: the recorder's pure half.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::grouping::{Aggregator, Grouping};
use crate::analysis::retention::{Retention, RetentionPolicy};
use crate::model::batch::Batch;
use crate::model::document::Document;
use crate::model::entity::{EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::source::beam::TraceWanted;

/// Of which components single collections are to be traced, and where to say so.
#[derive(Clone, Debug, Default)]
pub struct GcTraceOrder {
    /// Ids of components; `*`: all.
    pub components: Vec<String>,
    /// The source's list of whom to trace.
    pub wanted: TraceWanted,
}

impl GcTraceOrder {
    fn includes(&self, component: &ComponentId) -> bool {
        self.components.iter().any(|wanted| wanted == component.as_str())
    }
}

/// Makes of a source's batches what is kept.
pub(super) struct Intake {
    trace: GcTraceOrder,
    numbers: Numbers,
    grouping: Grouping,
    aggregator: Aggregator,
    retention: Retention,
}

impl Intake {
    /// Groups by the selectors of `document`, keeps series by `retention`, and says who belongs to the components of `trace`.
    pub fn new(document: Option<&Document>, retention: RetentionPolicy, trace: GcTraceOrder) -> Self {
        trace.wanted.set_all(trace.components.iter().any(|wanted| wanted == "*"));
        Self {
            trace,
            numbers: Numbers::default(),
            grouping: Grouping::new(document),
            aggregator: Aggregator::default(),
            retention: Retention::new(retention),
        }
    }

    /// The batch as it is appended: numbered anew, grouped, with the components' values, thinned but for those `pinned`.
    pub fn prepare(&mut self, mut batch: Batch, pinned: BTreeSet<EntityId>) -> Batch {
        let of_source = self.numbers.renumber(&mut batch);
        for (entity, source) in batch.appeared.iter_mut().zip(of_source) {
            entity.component = self.grouping.component_of(entity);
            let is_process = entity.kind == EntityKind::BeamProcess;
            if entity.component.as_ref().is_some_and(|component| is_process && self.trace.includes(component)) {
                self.trace.wanted.add(source);
            }
        }
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
        // One that is known already was told again by a replay that jumped.
        batch.appeared.retain(|entity| !self.of_source.contains_key(&entity.id));
        let appeared: Vec<EntityId> = batch.appeared.iter().map(|entity| entity.id).collect();
        for entity in &mut batch.appeared {
            let id = self.next();
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
