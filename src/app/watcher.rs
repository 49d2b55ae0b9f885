//! Notices when an open recording grows, whoever writes it, without waking an idle window.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::events::{Event, Growth};
use super::jobs::EventSender;
use crate::source::StopSignal;
use crate::store::recording::Recording;

const EVERY: Duration = Duration::from_millis(500);

/// A thread that looks at a recording now and then; it ends when this is dropped.
pub struct Watcher {
    stop: StopSignal,
}

impl Watcher {
    /// Begins to look.
    pub fn start(session_number: u64, path: PathBuf, events: EventSender) -> Self {
        let stop = StopSignal::default();
        let seen = stop.clone();
        // Without this thread the session is shown as it was when it was opened.
        let _ = thread::Builder::new().name("watcher".to_owned()).spawn(move || {
            watch(session_number, &path, &events, &seen);
        });
        Self { stop }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.request();
    }
}

fn watch(session_number: u64, path: &std::path::Path, events: &EventSender, stop: &StopSignal) {
    let Ok(opened) = Recording::open(path) else { return };
    let recording = opened.recording;
    let mut last = None;
    loop {
        let version = recording.data_version().ok();
        if version.is_some() && version != last {
            last = version;
            let (Ok(summary), Ok(entities)) = (recording.summary(), recording.entities()) else { return };
            let finished = summary.finished;
            let growth = Growth { summary, entities: Arc::new(entities) };
            events.send(Event::Grew { session_number, growth: Box::new(growth) });
            if finished {
                return;
            }
        }
        if stop.sleep_until(Instant::now() + EVERY) {
            return;
        }
    }
}
