//! Where measurements come from. A source says what it can measure and delivers batches; it knows nothing of storage or windows.

pub mod beam;
pub mod host;
pub mod import;
pub mod process;
mod process_table;
pub mod replay;
mod rhythm;
pub mod spec;
mod sysinfo_reader;
mod terms;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use crate::model::batch::Batch;
use crate::model::metric::MetricKey;
use crate::model::time::Timestamp;

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

/// The machine's time now.
pub(crate) fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}

type Act = dyn Fn() + Send + Sync;

#[derive(Default)]
struct StopInner {
    requested: AtomicBool,
    /// What else is to be done at the request; kept alive by their [`OnRequest`]s.
    acts: Mutex<Vec<Weak<Act>>>,
    wake: Condvar,
}

impl std::fmt::Debug for StopInner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StopInner").field("requested", &self.requested).finish_non_exhaustive()
    }
}

/// Keeps an act registered by [`StopSignal::on_request`]; once dropped, the act is forgotten.
#[must_use = "the act is forgotten when this is dropped"]
pub struct OnRequest {
    _act: Arc<Act>,
}

impl StopSignal {
    /// Requests the end and wakes everybody who sleeps on it.
    pub fn request(&self) {
        let mut acts = self.inner.acts.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.requested.store(true, Ordering::SeqCst);
        self.inner.wake.notify_all();
        let due: Vec<_> = acts.drain(..).filter_map(|act| act.upgrade()).collect();
        // An act may take locks of its own, so it runs without ours.
        drop(acts);
        for act in due {
            act();
        }
    }

    /// Has `act` done once, on the thread that requests the end; at once if it was requested already.
    /// For those who wait for something else as well and must be woken.
    pub fn on_request(&self, act: impl Fn() + Send + Sync + 'static) -> OnRequest {
        let act: Arc<Act> = Arc::new(act);
        let mut acts = self.inner.acts.lock().unwrap_or_else(PoisonError::into_inner);
        acts.retain(|other| other.strong_count() > 0);
        if self.is_requested() {
            drop(acts);
            act();
        } else {
            acts.push(Arc::downgrade(&act));
        }
        OnRequest { _act: act }
    }

    /// Whether the end was requested.
    pub fn is_requested(&self) -> bool {
        self.inner.requested.load(Ordering::SeqCst)
    }

    /// Sleeps until `deadline` or until the end is requested; true if it was.
    pub fn sleep_until(&self, deadline: Instant) -> bool {
        let mut guard = self.inner.acts.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.is_requested() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return false;
            }
            guard = self.inner.wake.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_runs_once_at_the_request_or_at_once_and_not_after_it_was_dropped() {
        let stop = StopSignal::default();
        let other = StopSignal::default();
        let forgotten = StopSignal::default();
        let target = other.clone();
        let kept = stop.on_request(move || target.request());
        let target = forgotten.clone();
        drop(stop.on_request(move || target.request()));
        assert!(!other.is_requested());
        stop.request();
        assert!(other.is_requested() && !forgotten.is_requested());
        drop(kept);
        let target = forgotten.clone();
        let _late = stop.on_request(move || target.request());
        assert!(forgotten.is_requested(), "it was requested before");
    }

    #[test]
    fn a_request_ends_a_long_sleep() {
        let stop = StopSignal::default();
        let sleeper = stop.clone();
        let thread = std::thread::spawn(move || sleeper.sleep_until(Instant::now() + Duration::from_secs(600)));
        stop.request();
        assert!(thread.join().unwrap());
    }
}
