//! Watching a source live: a thread that measures into a file, which is then opened like any other recording.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::events::Event;
use super::jobs::EventSender;
use crate::session::intake::TraceOrder;
use crate::session::new_recording::NewRecording;
use crate::session::open::{Session, open_path};
use crate::session::recorder::{Pins, RecordOptions};
use crate::source::StopSignal;
use crate::source::beam::BeamOptions;
use crate::source::spec::{SourceSpec, open_live_with};
use crate::store::document::{LoadedDocument, read_document};

const EVERY: Duration = Duration::from_secs(1);

/// The document that groups what is measured.
pub enum Map {
    /// In a file.
    File(PathBuf),
    /// As it is edited in the window.
    Document(Box<LoadedDocument>),
}

/// A thread that measures.
pub struct Live {
    /// Entities whose series are kept whatever they do: those selected.
    pub pins: Pins,
    /// Components whose single collections are traced.
    pub gc_trace: TraceOrder,
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl Live {
    /// Ends the measuring and waits until the file is whole.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.request();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.end();
    }
}

/// Opens the source, begins to record it into a new file in `folder`, and opens that file.
///
/// # Errors
/// A sentence: the source or the map can't be opened, or the file can't be written.
pub fn start(
    spec: &SourceSpec,
    map: Option<Map>,
    beam: &BeamOptions,
    folder: &Path,
    events: EventSender,
) -> Result<(Live, Session), String> {
    // What was wanted of another node is no business of this one.
    let beam = &BeamOptions { gc_trace: Default::default(), ..beam.clone() };
    let source = open_live_with(spec, EVERY, beam).map_err(|error| error.to_string())?;
    let document = match map {
        Some(Map::File(path)) => Some(read_document(&path).map_err(|error| error.to_string())?),
        Some(Map::Document(loaded)) => Some(*loaded),
        None => None,
    };
    let path = new_file(folder)?;
    let pins = Pins::default();
    let gc_trace = TraceOrder::new(beam.gc_trace.clone());
    let options = RecordOptions { pins: pins.clone(), gc_trace: gc_trace.clone(), ..RecordOptions::default() };
    let recording = NewRecording::create(&path, source, document, options).map_err(|error| error.to_string())?;
    let session = open_path(&path).map_err(|error| error.to_string())?;
    let stop = StopSignal::default();
    let thread = {
        let stop = stop.clone();
        thread::Builder::new().name(format!("recorder {spec}")).spawn(move || {
            let result = recording.run(&stop, &mut |_| {});
            events.send(Event::RecorderEnded { path, result: result.map(|_| ()).map_err(|error| error.to_string()) });
        })
    };
    let thread = thread.map_err(|error| format!("can't start a thread to measure with: {error}"))?;
    Ok((Live { pins, gc_trace, stop, thread: Some(thread) }, session))
}

fn new_file(folder: &Path) -> Result<PathBuf, String> {
    let trouble = |error: std::io::Error| {
        format!("can't write to {}: {error}; free some space there or change its permissions", folder.display())
    };
    std::fs::create_dir_all(folder).map_err(trouble)?;
    let now = jiff::Zoned::now().strftime("%Y-%m-%d_%H-%M-%S").to_string();
    let name = |suffix: &str| folder.join(format!("{now}{suffix}.vivarium"));
    let free = std::iter::once(String::new()).chain((2..1000).map(|number| format!("_{number}")));
    free.map(|suffix| name(&suffix))
        .find(|path| !path.exists())
        .ok_or_else(|| format!("{} is full of recordings of this second", folder.display()))
}
