//! What a source delivers and a recording stores: everything measured at one moment.

use super::entity::{Entity, EntityId};
use super::gc::{GcEvent, GcTracing};
use super::metric::MetricKey;
use super::request::Request;
use super::series::Gap;
use super::time::Timestamp;

/// One value of one entity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Whose.
    pub entity: EntityId,
    /// Which metric.
    pub metric: MetricKey,
    /// In the metric's unit.
    pub value: f64,
}

/// Every entity of a kind at one moment, also those whose series are not kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Census {
    /// When it was taken.
    pub at: Timestamp,
    /// The values; entities in no particular order.
    pub rows: Vec<Sample>,
}

/// What one entity was executing when it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct StackSample {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub entity: EntityId,
    /// Frames, outermost first, e.g. `gen_server:loop/7`.
    pub frames: Vec<String>,
    /// How many observations it stands for.
    pub weight: u32,
}

/// Something that the source or the recorder has to say, kept with the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// A sentence.
    pub text: String,
}

/// Everything that a source measured at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The moment; of samples that a source took over some milliseconds, the end.
    pub at: Timestamp,
    /// Entities seen for the first time, before any sample of theirs; or told again, as what is known of them has changed.
    pub appeared: Vec<Entity>,
    /// Entities that are gone.
    pub vanished: Vec<EntityId>,
    /// Values.
    pub samples: Vec<Sample>,
    /// A full census, when one was due.
    pub census: Option<Census>,
    /// Collections since the batch before.
    pub gc_events: Vec<GcEvent>,
    /// Whose collections began or ceased to be traced.
    pub gc_tracing: Vec<GcTracing>,
    /// Single requests that were seen since the batch before.
    pub requests: Vec<Request>,
    /// Stack samples since the batch before.
    pub stack_samples: Vec<StackSample>,
    /// Stretches in which nothing could be measured.
    pub gaps: Vec<Gap>,
    /// What there is to say.
    pub notices: Vec<Notice>,
}
