//! Pairs of trace events of the BEAM as collections, process by process.

use std::collections::HashMap;

use crate::model::entity::EntityId;
use crate::model::gc::{BeamCollection, GcEvent, GcKind, HeapSizes};
use crate::model::time::Timestamp;

/// One trace event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    MinorStart,
    MinorEnd,
    MajorStart,
    MajorEnd,
    OverLimit,
}

impl Edge {
    /// By its name in OTP.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "gc_minor_start" => Some(Self::MinorStart),
            "gc_minor_end" => Some(Self::MinorEnd),
            "gc_major_start" => Some(Self::MajorStart),
            "gc_major_end" => Some(Self::MajorEnd),
            "gc_max_heap_size" => Some(Self::OverLimit),
            _ => None,
        }
    }
}

/// What is known of a collection when it begins.
struct Begun {
    is_major: bool,
    at: Timestamp,
    need_words: u64,
    sizes: HeapSizes,
}

/// Pairs starts with ends.
#[derive(Default)]
pub(super) struct Pairs {
    begun: HashMap<EntityId, Begun>,
}

impl Pairs {
    /// Takes an event; `words` are those asked for at a start, those reclaimed at an end. Complete collections go to `out`.
    /// False: an end without a start, or a start without an end.
    pub fn take(
        &mut self,
        entity: EntityId,
        at: Timestamp,
        edge: Edge,
        words: u64,
        sizes: HeapSizes,
        out: &mut Vec<GcEvent>,
    ) -> bool {
        let is_major = matches!(edge, Edge::MajorStart | Edge::MajorEnd);
        match edge {
            Edge::MinorStart | Edge::MajorStart => {
                self.begun.insert(entity, Begun { is_major, at, need_words: words, sizes }).is_none()
            }
            Edge::MinorEnd | Edge::MajorEnd => {
                let begun = self.begun.remove(&entity).filter(|begun| begun.is_major == is_major);
                let Some(begun) = begun else { return false };
                let pause_ns = u64::try_from(at.0.saturating_sub(begun.at.0)).unwrap_or(0);
                let beam = BeamCollection { need_words: begun.need_words, start: begun.sizes, end: sizes };
                let kind = beam.kind(is_major, words);
                out.push(GcEvent::of_beam(begun.at, entity, kind, pause_ns, words, beam));
                true
            }
            Edge::OverLimit => {
                let beam = BeamCollection { need_words: 0, start: sizes, end: sizes };
                out.push(GcEvent::of_beam(at, entity, GcKind::OverLimit, 0, 0, beam));
                true
            }
        }
    }

    /// The process is gone, or events of it are missing; what it had begun is forgotten.
    pub fn end(&mut self, entity: EntityId) {
        self.begun.remove(&entity);
    }
}
