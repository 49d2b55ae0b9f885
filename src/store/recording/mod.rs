//! Recordings: what was measured, one SQLite file each.
//!
//! A recorder appends batches through the one [`Writer`]; the window, the command line and exporters ask a [`Recording`],
//! while it grows as well as years later. Newest values lie in a short tail; when enough have gathered they are folded into
//! compressed chunks, a series each, with a pyramid of ever wider buckets above, so that the cost of a question grows with
//! the answer and not with the file. Damage is met chunk by chunk: what can be read is shown, what can't is named.

mod blob;
mod chunk;
mod column;
mod copy;
mod error;
mod events;
mod fold;
mod query;
mod reader;
mod records;
mod salvage;
mod schema;
mod writer;

use crate::model::time::{TimeRange, Timestamp};

pub use copy::{copy_recording, set_document};
pub use error::RecordingError;
pub use reader::{Opened, Recording};
pub use writer::Writer;

/// What a recording is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingInfo {
    /// The source as it is written on the command line, e.g. `host`.
    pub source: String,
    /// A title for people.
    pub title: String,
    /// When recording began.
    pub started: Timestamp,
    /// What the source can't measure, one sentence each.
    pub notes: Vec<String>,
}

/// A recording at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What it is of.
    pub info: RecordingInfo,
    /// From the first value or event to just after the last; `None` without any.
    pub span: Option<TimeRange>,
    /// Whether its writer closed it; otherwise it is still being written, or the writer was killed.
    pub finished: bool,
    /// Entities.
    pub entities: u64,
    /// Series.
    pub series: u64,
    /// Values in series; those of censuses do not count.
    pub values: u64,
    /// Events of garbage collections.
    pub gc_events: u64,
    /// Single requests.
    pub requests: u64,
    /// Stack samples.
    pub stack_samples: u64,
    /// Full censuses.
    pub censuses: u64,
    /// Size on disk in bytes, with the write-ahead file.
    pub bytes: u64,
}
