//! What can go wrong with a recording, as sentences that name the file and the next step.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a recording can't be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// Nothing at that path.
    #[error("{}: there is no such file; check the path", .0.display())]
    Missing(PathBuf),
    /// A folder at that path.
    #[error("{} is a folder, not a recording; name a .vivarium file in it", .0.display())]
    Folder(PathBuf),
    /// A file of no bytes.
    #[error("{} is empty (0 bytes), so there is nothing in it to open; record again, under another name or after deleting it", .0.display())]
    Empty(PathBuf),
    /// A file of another kind.
    #[error("{} is not a Vivarium recording ({why}); open it with the program that made it, or restore it from a copy if it was a recording once", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
        /// By what that shows.
        why: &'static str,
    },
    /// A format that only later versions of the program know.
    #[error("{} has recording format {found}, and this Vivarium reads formats up to {known}; open it with a newer Vivarium", path.display())]
    Future {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program reads.
        known: i64,
    },
    /// A file at the place where a recording is to be made.
    #[error("{} exists already and is not overwritten; choose another name, or move it away first", .0.display())]
    Exists(PathBuf),
    /// The file system says no.
    #[error("{} can't be {doing}: {why}; check that the folder exists and that you may use it", path.display())]
    Access {
        /// The file.
        path: PathBuf,
        /// `opened`, `created`, `written` …
        doing: &'static str,
        /// The reason given.
        why: String,
    },
    /// The bytes make no sense.
    #[error("{} is damaged ({why}), and this part of it can't be read; go on with the rest, or restore it from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// Locked for longer than anyone should.
    #[error("{} is locked by another program; try again once that has finished", .0.display())]
    Busy(PathBuf),
    /// Two recorders at one file.
    #[error("another recorder has taken over {}; this one has stopped, and what it had committed is kept", .0.display())]
    TakenOver(PathBuf),
    /// No room.
    #[error("the disk that holds {} is full; free some space and record on, what was committed is kept", .0.display())]
    DiskFull(PathBuf),
    /// More than a recording holds.
    #[error("the document for {} has {bytes} bytes, more than the {limit} that a recording holds; shorten it", path.display())]
    DocumentTooLarge {
        /// The file.
        path: PathBuf,
        /// Size of the text.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The user said stop.
    #[error("copying to {} was cancelled; nothing was written there", .0.display())]
    Cancelled(PathBuf),
    /// Anything else that SQLite reports.
    #[error("{} can't be {doing}: {source}; try again, or restore it from a copy", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// `read`, `written` …
        doing: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl RecordingError {
    /// Puts an error of SQLite into words; `doing` as in "can't be …".
    pub(super) fn of(path: &Path, doing: &'static str, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(path),
            Some(ErrorCode::DiskFull) => Self::DiskFull(path),
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Self::Access { path, doing, why: error.to_string() }
            }
            _ if is_damage(&error) => Self::Damaged { path, why: error.to_string() },
            _ => Self::Sqlite { path, doing, source: error },
        }
    }

    /// Puts an error of the file system into words.
    pub(super) fn of_io(path: &Path, doing: &'static str, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound if doing == "opened" => Self::Missing(path.to_owned()),
            std::io::ErrorKind::AlreadyExists => Self::Exists(path.to_owned()),
            _ => Self::Access { path: path.to_owned(), doing, why: error.to_string() },
        }
    }
}

/// Whether the error tells of damaged content, so that the rest of the file may still be good.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    match error {
        FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..) => true,
        _ => matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::TooBig
                    | ErrorCode::OutOfMemory
            )
        ),
    }
}
