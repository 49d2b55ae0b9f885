//! Where measurements come from. A source says what it can measure and delivers batches; it knows nothing of storage or windows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::model::batch::Batch;
use crate::model::metric::MetricKey;

/// What a source is and what it can measure.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceInfo {
    /// As it is written on the command line: `host`, `pid:812` …
    pub spec: String,
    /// A title for people, e.g. `this machine (name)`.
    pub title: String,
    /// The metrics that it delivers.
    pub metrics: Vec<MetricKey>,
    /// Whether it takes full censuses.
    pub has_census: bool,
    /// Whether it delivers garbage collections.
    pub has_gc_events: bool,
    /// Whether it delivers stack samples.
    pub has_stack_samples: bool,
    /// What it can't measure here and why, one sentence each.
    pub limits: Vec<String>,
}

/// Why a source can't be opened or can't go on. The sentence names the source and the next step.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Something that measures. It is driven by one thread of its own.
pub trait Source: Send {
    /// What it is; does not change while it runs.
    fn info(&self) -> &SourceInfo;

    /// Waits for and returns what was measured next; `None` once there is no more, or after `stop` was requested.
    ///
    /// # Errors
    /// When it can't go on at all. Passing trouble (a lost connection) is a gap in a later batch instead.
    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError>;
}

/// Asks a source, a recorder or a job to end; clones share the request.
#[derive(Clone, Debug, Default)]
pub struct StopSignal {
    inner: Arc<StopInner>,
}

#[derive(Debug, Default)]
struct StopInner {
    requested: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

impl StopSignal {
    /// Requests the end and wakes everybody who sleeps on it.
    pub fn request(&self) {
        let _guard = self.inner.lock.lock();
        self.inner.requested.store(true, Ordering::SeqCst);
        self.inner.wake.notify_all();
    }

    /// Whether the end was requested.
    pub fn is_requested(&self) -> bool {
        self.inner.requested.load(Ordering::SeqCst)
    }

    /// Sleeps until `deadline` or until the end is requested; true if it was.
    pub fn sleep_until(&self, deadline: Instant) -> bool {
        let Ok(mut guard) = self.inner.lock.lock() else { return true };
        loop {
            if self.is_requested() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return false;
            }
            match self.inner.wake.wait_timeout(guard, left) {
                Ok((again, _)) => guard = again,
                Err(_) => return true,
            }
        }
    }
}
