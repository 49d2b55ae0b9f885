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
    kind: GcKind,
    at: Timestamp,
    need_words: u64,
    sizes: HeapSizes,
}

/// Pairs starts with ends.
#[derive(Default)]
pub(super) struct Pairs {
    begun: HashMap<EntityId, Begun>,
    /// Minor collections that did nothing: whether they failed is told by what follows.
    doubtful: HashMap<EntityId, GcEvent>,
}

impl Pairs {
    /// Takes an event; `words` are those asked for at a start, those reclaimed at an end. Collections go to `out` when it is known
    /// what they were. False: an end without a start, or a start without an end.
    pub fn take(
        &mut self,
        entity: EntityId,
        at: Timestamp,
        edge: Edge,
        words: u64,
        sizes: HeapSizes,
        out: &mut Vec<GcEvent>,
    ) -> bool {
        if let Some(mut event) = self.doubtful.remove(&entity) {
            if edge == Edge::MajorStart {
                event.kind = GcKind::FailedMinor;
            }
            out.push(event);
        }
        match edge {
            Edge::MinorStart | Edge::MajorStart => {
                let kind = if edge == Edge::MinorStart { GcKind::Minor } else { GcKind::Major };
                self.begun.insert(entity, Begun { kind, at, need_words: words, sizes }).is_none()
            }
            Edge::MinorEnd | Edge::MajorEnd => {
                let kind = if edge == Edge::MinorEnd { GcKind::Minor } else { GcKind::Major };
                let Some(begun) = self.begun.remove(&entity).filter(|begun| begun.kind == kind) else { return false };
                let pause_ns = u64::try_from(at.0.saturating_sub(begun.at.0)).unwrap_or(0);
                let beam = BeamCollection { need_words: begun.need_words, start: begun.sizes, end: sizes };
                let event = GcEvent::of_beam(begun.at, entity, kind, pause_ns, words, beam);
                if kind == GcKind::Minor && words == 0 && beam.start == beam.end {
                    self.doubtful.insert(entity, event);
                } else {
                    out.push(event);
                }
                true
            }
            Edge::OverLimit => {
                let beam = BeamCollection { need_words: words, start: sizes, end: sizes };
                out.push(GcEvent::of_beam(at, entity, GcKind::OverLimit, 0, 0, beam));
                true
            }
        }
    }

    /// The process is gone, or nothing more will come of it; what it had begun is forgotten.
    pub fn end(&mut self, entity: EntityId, out: &mut Vec<GcEvent>) {
        out.extend(self.doubtful.remove(&entity));
        self.begun.remove(&entity);
    }

    /// Nothing more will come.
    pub fn finish(&mut self, out: &mut Vec<GcEvent>) {
        let mut left: Vec<_> = self.doubtful.drain().map(|(_, event)| event).collect();
        left.sort_by_key(|event| event.at);
        out.extend(left);
        self.begun.clear();
    }
}
