//! Single requests to a pool, a queue, a partitioned process or a cache.

use serde::{Deserialize, Serialize};

use super::entity::EntityId;
use super::time::Timestamp;

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RequestOutcome {
    /// It was served.
    #[default]
    Ok,
    /// It was turned away.
    Rejected,
    /// Whoever asked gave up.
    Timeout,
    /// It was served and failed.
    Error,
}

impl RequestOutcome {
    /// Every outcome.
    pub const ALL: [RequestOutcome; 4] = [Self::Ok, Self::Rejected, Self::Timeout, Self::Error];

    /// The word for it in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Error => "error",
        }
    }

    /// The outcome with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// One request. What was not recorded is `None`, never a guess.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// When it came.
    pub arrival: Timestamp,
    /// To whom: the component's or the process' entity.
    pub entity: EntityId,
    /// When its service began.
    pub start: Option<Timestamp>,
    /// How long the service took, in nanoseconds; service ends at `start` plus this.
    pub service_ns: Option<u64>,
    /// When a slot was ready to serve it (pools).
    pub ready: Option<Timestamp>,
    /// A hash of what it was about.
    pub key: Option<u64>,
    /// The kind of operation.
    pub operation: Option<String>,
    /// Who served it, as a number within the log.
    pub worker: Option<u32>,
    /// Whether the slot that served it was warm.
    pub reused: Option<bool>,
    /// How it ended.
    pub outcome: RequestOutcome,
}

impl Request {
    /// When its service ended.
    pub fn end(&self) -> Option<Timestamp> {
        let service_ns = i64::try_from(self.service_ns?).ok()?;
        Some(self.start?.plus_ns(service_ns))
    }
}
