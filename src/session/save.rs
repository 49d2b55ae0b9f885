//! Saving sessions: a document as RON, a recording as a copy of its file with the document inside.

use std::path::{Path, PathBuf};

use crate::model::document::Document;
use crate::store::document::{DocumentError, UnknownFields, document_text, write_document};
use crate::store::recording::{self, RecordingError};

/// Why a session can't be saved. The original stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The document can't be written.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The recording can't be written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A recording does not fit into a document.
    #[error("{} is to be a document, and this session has measurements; save it as a .vivarium file", .0.display())]
    NeedsRecording(PathBuf),
}

/// Saves `document` and, if there is one, the recording in `recording` to `to`.
///
/// Saving to the recording's own file changes only the document inside; anywhere else the recording is copied,
/// also while it grows. `progress` gets the share done and answers whether to go on.
///
/// # Errors
/// When something can't be written, or `to` is a document but there are measurements.
pub fn save(
    document: &Document,
    unknown: &UnknownFields,
    recording: Option<&Path>,
    to: &Path,
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<(), SaveError> {
    let Some(from) = recording else {
        return Ok(write_document(to, document, unknown)?);
    };
    if to.extension().is_some_and(|extension| extension == "ron") {
        return Err(SaveError::NeedsRecording(to.to_owned()));
    }
    let text = document_text(document, unknown)?;
    if !same_file(from, to) {
        recording::copy_recording(from, to, progress)?;
    }
    Ok(recording::set_document(to, &text)?)
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
