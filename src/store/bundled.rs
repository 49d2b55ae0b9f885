//! The sessions that are part of the program, so that there is something to open before anything was measured.

use std::io::Write;
use std::path::PathBuf;

/// A session inside the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// Its name on the command line and in links.
    pub name: &'static str,
    /// What it is, for the welcome page.
    pub title: &'static str,
    /// What is opened.
    pub content: Content,
}

/// What a bundled session is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A document as RON text, for [`parse_document`](super::document::parse_document).
    Document(&'static str),
    /// The bytes of a recording, which [`unpack`] makes a file of.
    Recording(&'static [u8]),
}

/// Every bundled session, in the order of the welcome page.
pub const BUNDLED: &[Bundled] = &[
    Bundled {
        name: "foundation",
        title: "Living system snapshots: memory, CPU and the life of an optimization, as stated",
        content: Content::Document(include_str!("../../sessions/foundation.ron")),
    },
    Bundled {
        name: "demo",
        title: "Recording of the demo node: 90 seconds of a small Erlang system with the usual troubles",
        content: Content::Recording(include_bytes!("../../sessions/demo.vivarium")),
    },
];

/// The bundled session of this name.
pub fn find(name: &str) -> Option<&'static Bundled> {
    BUNDLED.iter().find(|bundled| bundled.name == name)
}

/// Writes a bundled recording to a file of the user's cache, since a recording is read from a file, and returns its path. The file
/// of an earlier call is used again if it is the same.
///
/// # Errors
/// When it can't be written.
pub fn unpack(name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    let cache = directories::ProjectDirs::from("", "", "vivarium").map(|folders| folders.cache_dir().to_owned());
    let folder = cache.unwrap_or_else(|| std::env::temp_dir().join("vivarium")).join("bundled");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.vivarium"));
    if std::fs::read(&path).is_ok_and(|present| present == bytes) {
        return Ok(path);
    }
    // As a whole or not at all: another window may be opening it.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(bytes)?;
    file.persist(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::document::parse_document;
    use crate::store::recording::Recording;

    #[test]
    fn every_bundled_session_opens_without_a_warning() {
        for bundled in BUNDLED {
            assert_eq!(find(bundled.name), Some(bundled));
            match bundled.content {
                Content::Document(text) => {
                    let loaded = parse_document(text, bundled.name).unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(loaded.warnings, Vec::<String>::new());
                }
                Content::Recording(bytes) => {
                    let folder = tempfile::tempdir().unwrap();
                    let path = folder.path().join("bundled.vivarium");
                    std::fs::write(&path, bytes).unwrap();
                    let opened = Recording::open(&path).unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(opened.warnings, Vec::<String>::new());
                    let summary = opened.recording.summary().unwrap();
                    assert!(summary.finished && summary.stack_samples > 0, "{summary:?}");
                    assert!(bytes.len() < 2_000_000, "{} bytes", bytes.len());
                }
            }
        }
        assert_eq!(find("atlantis"), None);
    }
}
