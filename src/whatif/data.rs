//! What the models read: a recording, gathered by component.

use crate::model::entity::EntityId;
use crate::model::gc::{GcEvent, HeapSettings, TracingEnd};
use crate::model::id::ComponentId;
use crate::model::request::Request;
use crate::model::time::{TimeRange, Timestamp};

/// The part of a session that models can use.
#[derive(Clone, Debug, Default)]
pub struct SessionData {
    /// What of the recording it is; `None` of a session that has none.
    pub range: Option<TimeRange>,
    /// Bytes of one word of the VM; 8 on all 64-bit ones.
    pub word_bytes: u64,
    /// The major release of OTP, where a BEAM node was measured.
    pub otp_release: Option<u32>,
    /// Processor cores that the system may use.
    pub cores: Option<f64>,
    /// The components, in the order of the session.
    pub components: Vec<ComponentData>,
}

/// One component's part.
#[derive(Clone, Debug, Default)]
pub struct ComponentData {
    /// Which.
    pub id: ComponentId,
    /// Its title.
    pub title: String,
    /// Heaps whose collections were traced, by entity.
    pub heaps: Vec<TracedHeap>,
    /// Single requests, in order of arrival.
    pub requests: Vec<Request>,
    /// Tables that belong to it.
    pub tables: Vec<TableData>,
    /// Processor cores that it kept busy, at moments of the recording.
    pub cpu_cores: Vec<(Timestamp, f64)>,
}

/// One stretch of the life of a heap in which every collection was traced.
#[derive(Clone, Debug)]
pub struct TracedHeap {
    /// Whose.
    pub entity: EntityId,
    /// Its name for people.
    pub name: String,
    /// What collects it, where that was told: `G1`, `Serial`, `Go` …
    pub collector: Option<String>,
    /// The settings at the beginning, where they were asked for in time.
    pub settings: Option<HeapSettings>,
    /// When tracing began.
    pub from: Timestamp,
    /// When it ended, or the recording did.
    pub to: Timestamp,
    /// Why it ended; `None`: it went on to the end of the recording.
    pub end: Option<TracingEnd>,
    /// The events, in order.
    pub events: Vec<GcEvent>,
}

/// An ETS table as it was recorded.
#[derive(Clone, Debug)]
pub struct TableData {
    /// Which.
    pub entity: EntityId,
    /// Its name.
    pub name: String,
    /// Rows and bytes at moments of the recording.
    pub sizes: Vec<(Timestamp, f64, f64)>,
}
