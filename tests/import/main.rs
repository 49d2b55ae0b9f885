//! Files of others, opened as sessions: good ones, broken ones, and what a real `erl` writes.

#[path = "../support/node.rs"]
#[allow(dead_code, reason = "shared with tests that start nodes of their own")]
mod node;

mod broken;
mod crash_dumps;
mod erlang;
mod gc_logs;
mod sessions;

use std::path::{Path, PathBuf};

use vivarium::model::time::{TimeRange, Timestamp};
use vivarium::session::open::{OpenError, Session, open_path};
use vivarium::store::recording::Recording;

/// All of time.
pub const ALWAYS: TimeRange = TimeRange { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) };

/// A file in a folder of its own.
pub fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

pub fn open(name: &str, content: impl AsRef<[u8]>) -> Result<Session, OpenError> {
    let folder = tempfile::tempdir().unwrap();
    open_path(&file(folder.path(), name, content))
}

pub fn recording(session: &Session) -> &Recording {
    session.recording.as_ref().unwrap()
}
