//! Opening what is no session yet: an importer's batches are recorded into a temporary file, which is then opened like any other.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use super::new_recording::{NewRecording, NewRecordingError};
use super::open::OpenError;
use super::recorder::{Ended, RecordError, RecordOptions};
use crate::model::batch::Batch;
use crate::source::import::{self, Import};
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

/// More sentences about one file are not kept for its session.
const MAX_SENTENCES: usize = 50;

/// A recording that is removed when this is dropped.
#[derive(Debug)]
pub struct TemporaryRecording {
    _folder: TempDir,
    path: PathBuf,
}

impl TemporaryRecording {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What came of an import.
pub(super) struct Imported {
    /// Where it was recorded.
    pub recording: TemporaryRecording,
    /// What was left out and why, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads a file to its end; `None` if no importer knows it. `progress` gets the share done.
///
/// # Errors
/// When it can't be read, nothing in it is of use, `stop` was requested, or there is no room for the recording.
pub(super) fn import(
    path: &Path,
    stop: &StopSignal,
    progress: &mut dyn FnMut(f32),
) -> Result<Option<Imported>, OpenError> {
    let Some(Import { source, progress: read, .. }) = import::open(path)? else { return Ok(None) };
    let folder = tempfile::Builder::new().prefix("vivarium-").tempdir();
    let folder = folder.map_err(|error| no_room(&std::env::temp_dir(), &error))?;
    let recording = TemporaryRecording { path: folder.path().join("import.vivarium"), _folder: folder };
    let sentences = Arc::default();
    let source = Box::new(Listening { source, sentences: Arc::clone(&sentences), has_data: false });
    let new = NewRecording::create(&recording.path, source, None, RecordOptions::default());
    let recorded = new.map_err(|error| no_room(recording.path(), &error))?.run(stop, &mut |_| progress(read.share()));
    match recorded {
        Ok(recorded) if recorded.ended == Ended::Stopped => return Err(OpenError::Cancelled(path.to_owned())),
        Ok(_) => {}
        Err(NewRecordingError::Record(RecordError::Source(error))) => return Err(error.into()),
        Err(error) => return Err(no_room(recording.path(), &error)),
    }
    let warnings = std::mem::take(&mut *sentences.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Some(Imported { recording, warnings }))
}

fn no_room(path: &Path, error: &dyn std::fmt::Display) -> OpenError {
    OpenError::NoRoom { path: path.to_owned(), why: error.to_string() }
}

/// Keeps what a source says; a recording keeps it among its notices, and whoever opens a file wants to hear it at once.
struct Listening {
    source: Box<dyn Source>,
    sentences: Arc<Mutex<Vec<String>>>,
    has_data: bool,
}

impl Source for Listening {
    fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        let batch = self.source.next_batch(stop);
        let mut sentences = self.sentences.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_SENTENCES.saturating_sub(sentences.len());
        match batch {
            Ok(Some(batch)) => {
                self.has_data |= batch.gc_events.len() + batch.requests.len() + batch.samples.len() > 0;
                sentences.extend(batch.notices.iter().take(room).map(|notice| notice.text.clone()));
                Ok(Some(batch))
            }
            // What was read before is worth opening.
            Err(error) if self.has_data => {
                sentences.push(format!("{error}; it is opened as far as that"));
                Ok(None)
            }
            other => other,
        }
    }
}
