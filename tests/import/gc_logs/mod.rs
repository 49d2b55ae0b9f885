//! Garbage-collection logs of JVMs and of Go: excerpts of every collector and version, logs that real programs write here and now, and
//! broken ones.

mod broken;
mod excerpts;
mod real;
mod rotated;

use vivarium::model::entity::{Entity, EntityKind};
use vivarium::model::gc::{GcEvent, GcKind};
use vivarium::session::open::Session;

use super::{ALWAYS, open, recording};

fn events(session: &Session) -> Vec<GcEvent> {
    recording(session).gc_events(ALWAYS, None).unwrap()
}

fn heaps(session: &Session) -> Vec<Entity> {
    let entities = recording(session).entities().unwrap();
    entities.into_iter().filter(|it| it.kind == EntityKind::Heap).collect()
}

fn count(events: &[GcEvent], kind: GcKind) -> usize {
    events.iter().filter(|event| event.kind == kind).count()
}

fn collections(events: &[GcEvent]) -> usize {
    events.iter().filter(|event| event.kind.is_collection()).count()
}
