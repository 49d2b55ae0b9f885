//! Copies of whole recordings, and edits of the document in a recording that somebody else may be writing.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::error::RecordingError;
use super::{Writer, records, schema};

/// Pages between two reports of progress.
const PAGES_A_STEP: i32 = 512;

/// Copies a recording as it is at this moment, also while it grows, into one finished file. `progress` hears the share
/// that is done and returns false to cancel. A file that is at `to` already is replaced at the end, or else left as it is.
///
/// # Errors
/// When `from` is no recording or damaged, when `to` can't be written, or when cancelled.
pub fn copy_recording(from: &Path, to: &Path, progress: &mut dyn FnMut(f32) -> bool) -> Result<(), RecordingError> {
    schema::check_file(from)?;
    let folder = match to.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let temporary = tempfile::Builder::new()
        .prefix(".vivarium-copy-")
        .tempfile_in(folder)
        .map_err(|error| RecordingError::of_io(to, "written", &error))?
        .into_temp_path();
    copy_pages(from, &temporary, to, progress)?;
    // Folds what was in the tail and leaves no second file behind.
    Writer::open_for_append(&temporary)?.finish()?;
    temporary.persist(to).map_err(|error| RecordingError::of_io(to, "written", &error.error))
}

fn copy_pages(
    from: &Path,
    temporary: &Path,
    to: &Path,
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<(), RecordingError> {
    let read = |error| RecordingError::of(from, "read", error);
    let write = |error| RecordingError::of(to, "written", error);
    let source = schema::connect_for_reading(from, false, false).map_err(read)?;
    schema::check_format(&source, from)?;
    // Holding a snapshot keeps the copy from beginning anew with every commit of a writer.
    let snapshot = source.unchecked_transaction().map_err(read)?;
    snapshot.query_row("SELECT folds FROM tally", [], |_| Ok(())).map_err(read)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(temporary, flags).map_err(write)?;
    {
        let backup = Backup::new(&source, &mut target).map_err(write)?;
        let mut done = 0.0;
        loop {
            if !progress(done) {
                return Err(RecordingError::Cancelled(to.to_owned()));
            }
            if backup.step(PAGES_A_STEP).map_err(write)? == StepResult::Done {
                break;
            }
            let pages = backup.progress();
            done = 1.0 - pages.remaining as f32 / pages.pagecount.max(1) as f32;
        }
    }
    progress(1.0);
    target.close().map_err(|(_, error)| write(error))
}

/// Replaces the document in an existing recording, in one transaction; a writer may go on meanwhile.
///
/// # Errors
/// When the file is no recording, can't be written to, or the text is too long.
pub fn set_document(path: &Path, ron_text: &str) -> Result<(), RecordingError> {
    schema::check_file(path)?;
    let connection =
        schema::connect_for_writing(path).map_err(|error| RecordingError::of(path, "opened for writing", error))?;
    schema::check_format(&connection, path)?;
    records::put_document(&connection, path, ron_text)
}
