//! Long work in threads of its own: opening, watching, saving, dialogs. Each job can be cancelled and reports as events.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::dialog;
use super::events::Event;
use super::live::{self, Map};
use crate::model::document::Document;
use crate::session::open::{open_bundled, open_path_with};
use crate::session::save::save;
use crate::source::StopSignal;
use crate::source::beam::{BeamOptions, epmd};
use crate::source::spec::SourceSpec;
use crate::state::Job;
use crate::store::document::UnknownFields;

/// Wakes the window.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Sends events to the window and wakes it.
#[derive(Clone)]
pub struct EventSender {
    events: Sender<Event>,
    wake: Wake,
}

impl EventSender {
    /// Sends one; lost if the window is gone.
    pub fn send(&self, event: Event) {
        let _ = self.events.send(event);
        (self.wake)();
    }
}

/// Work that is going on.
pub struct Jobs {
    sender: EventSender,
    events: Receiver<Event>,
    next_id: u64,
    running: Vec<(u64, StopSignal)>,
    quiet: Sender<Box<dyn FnOnce() + Send>>,
}

/// What to save, and where.
pub struct SaveOrder {
    /// The human part.
    pub document: Arc<Document>,
    /// Fields that this program does not know.
    pub unknown: UnknownFields,
    /// The file with the measurements.
    pub recording: Option<PathBuf>,
    /// Where to.
    pub to: PathBuf,
}

impl Jobs {
    /// No work yet.
    pub fn new(wake: Wake) -> Self {
        let (sender, events) = channel();
        let (quiet, orders) = channel::<Box<dyn FnOnce() + Send>>();
        // Without this thread nothing can be recovered after a crash; all else works.
        let _ = thread::Builder::new().name("quiet work".to_owned()).spawn(move || {
            for work in orders {
                work();
            }
        });
        Self { sender: EventSender { events: sender, wake }, events, next_id: 0, running: Vec::new(), quiet }
    }

    /// For other threads that report.
    pub fn sender(&self) -> EventSender {
        self.sender.clone()
    }

    /// What was reported next, if anything.
    pub fn next_event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Asks a job to end; it is forgotten at once, and what it reports later is dropped.
    pub fn cancel(&mut self, id: u64) {
        self.running.retain(|(running, stop)| {
            if *running == id {
                stop.request();
            }
            *running != id
        });
    }

    /// Whether a job is still wanted; it is finished with this call.
    pub fn finish(&mut self, id: u64) -> bool {
        let before = self.running.len();
        self.running.retain(|(running, _)| *running != id);
        self.running.len() < before
    }

    /// Opens a file.
    pub fn open(&mut self, path: PathBuf) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.start(&format!("Opening {name}"), move |id, stop, events| {
            let mut progress = |share| events.send(Event::Progress { job: id, share });
            let result = open_path_with(&path, &stop, &mut progress).map_err(|error| error.to_string());
            events.send(Event::Opened { job: id, path: Some(path), result: Box::new(result) });
        });
    }

    /// Opens a bundled session.
    pub fn open_bundled(&mut self, name: String) {
        self.start("Opening", move |id, _, events| {
            let result = open_bundled(&name).map_err(|error| error.to_string());
            events.send(Event::Opened { job: id, path: None, result: Box::new(result) });
        });
    }

    /// Begins to watch a live source, recording it into a new file in `folder`.
    pub fn watch(&mut self, spec: SourceSpec, map: Option<Map>, beam: BeamOptions, folder: PathBuf) {
        self.start(&format!("Beginning to watch {spec}"), move |id, _, events| {
            let result = live::start(&spec, map, &beam, &folder, events.clone());
            events.send(Event::Watching { job: id, result: Box::new(result) });
        });
    }

    /// Saves a session.
    pub fn save(&mut self, order: SaveOrder) {
        let title = format!("Saving {}", order.to.display());
        self.start(&title, move |id, stop, events| {
            let SaveOrder { document, unknown, recording, to } = order;
            let mut progress = |share: f32| {
                events.send(Event::Progress { job: id, share });
                !stop.is_requested()
            };
            let result = save(&document, &unknown, recording.as_deref(), &to, &mut progress);
            events.send(Event::Saved { job: id, to, document, result: result.map_err(|error| error.to_string()) });
        });
    }

    /// Asks the port mapper which BEAM nodes run here; it may take some seconds to answer.
    pub fn find_nodes(&self) {
        let events = self.sender();
        let find = move || events.send(Event::NodesFound(epmd::local_names()));
        if thread::Builder::new().name("local nodes".to_owned()).spawn(find).is_err() {
            self.sender.send(Event::NodesFound(Vec::new()));
        }
    }

    /// Does small work in the background, one piece after the other, without telling.
    pub fn quietly(&self, work: impl FnOnce() + Send + 'static) {
        let _ = self.quiet.send(Box::new(work));
    }

    /// Asks the user for a file to open, or only to compare with.
    pub fn ask_open(&mut self, to_compare: bool) {
        self.start("Choosing a file", move |id, _, events| {
            events.send(Event::Chosen { job: id, chosen: dialog::choose_to_open(), to_compare });
        });
    }

    /// Asks the user for a file to save to.
    pub fn ask_save(&mut self, suggestion: &str, has_recording: bool) {
        let suggestion = suggestion.to_owned();
        self.start("Choosing a file", move |id, _, events| {
            events.send(Event::ChosenToSave { job: id, chosen: dialog::choose_to_save(&suggestion, has_recording) });
        });
    }

    fn start(&mut self, title: &str, work: impl FnOnce(u64, StopSignal, EventSender) + Send + 'static) {
        self.next_id += 1;
        let (id, stop, events) = (self.next_id, StopSignal::default(), self.sender.clone());
        self.running.push((id, stop.clone()));
        let job = Job { id, title: title.to_owned(), progress: None, can_cancel: true };
        self.sender.send(Event::Started(job));
        let spawned = thread::Builder::new().name(title.to_owned()).spawn(move || work(id, stop, events));
        if let Err(error) = spawned {
            self.sender.send(Event::Failed { job: id, why: format!("can't start a thread: {error}") });
        }
    }
}

/// The name to suggest for a session without a file.
pub fn suggested_name(title: &str, has_recording: bool) -> String {
    let safe: String = title.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let stem = safe.trim_matches('_');
    let stem = if stem.is_empty() { "session" } else { stem };
    let extension = if has_recording { "vivarium" } else { "ron" };
    Path::new(stem).with_extension(extension).display().to_string()
}
