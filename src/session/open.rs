//! Opening a session: what a path, a bundled name or a stream holds is told by its content.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::import::{Imported, TemporaryRecording, import};
use crate::model::document::{Component, ComponentKind, Document};
use crate::model::entity::{Entity, EntityKind};
use crate::model::id::ComponentId;
use crate::source::import::known_kinds as known_imports;
use crate::source::{SourceError, StopSignal};
use crate::state::{SessionInfo, SessionKind};
use crate::store::bundled::{self, Content};
use crate::store::document::{DocumentError, LoadedDocument, UnknownFields, parse_document, read_document};
use crate::store::recording::{Recording, RecordingError, Summary};

/// What can be opened, for messages.
pub fn known_kinds() -> String {
    format!("Vivarium recordings (.vivarium), documents (.ron), {}", known_imports())
}

/// Why a session can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be read.
    #[error("can't read {}: {why}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why, with the next step.
        why: String,
    },
    /// Its content is of no known kind.
    #[error("{} is no file that Vivarium knows; it opens {}", path.display(), known_kinds())]
    UnknownKind {
        /// Which file.
        path: PathBuf,
    },
    /// There is no bundled session of this name.
    #[error("there is no bundled session \"{0}\"")]
    NoSuchBundled(String),
    /// A bundled recording can't be written to where it could be read from.
    #[error("can't unpack the bundled session \"{name}\": {why}; free some space in the cache folder of your home")]
    NotUnpacked {
        /// Which one.
        name: &'static str,
        /// Why.
        why: String,
    },
    /// It can't be imported; the sentence names file, line and column.
    #[error(transparent)]
    Import(#[from] SourceError),
    /// There is no room for what is imported.
    #[error("no room for the import in {}: {why}; free some space, or set TMPDIR to a folder with more", path.display())]
    NoRoom {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It was not wanted any more.
    #[error("opening {} was cancelled", .0.display())]
    Cancelled(PathBuf),
    /// It is a document with a mistake.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// It is a recording that can't be opened.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

/// An open session: its document and, if anything was measured, its recording.
#[derive(Debug)]
pub struct Session {
    /// Its file; `None` for a bundled session, and for an imported one, which has none until it is saved.
    pub path: Option<PathBuf>,
    /// The human part.
    pub document: Document,
    /// Fields of the document that this program does not know.
    pub unknown: UnknownFields,
    /// The measured part.
    pub recording: Option<Recording>,
    /// The file of that, if it exists only as long as the session is open.
    pub temporary: Option<TemporaryRecording>,
    /// What was lost of it, or what else there is to know.
    pub warnings: Vec<String>,
}

/// Opens a file, importing it where need be.
///
/// # Errors
/// When it can't be read, is of no known kind, or is damaged beyond use.
pub fn open_path(path: &Path) -> Result<Session, OpenError> {
    open_path_with(path, &StopSignal::default(), &mut |_| ())
}

/// [`open_path`] for whoever shows how far it is (`progress` gets the share done) and lets it be cancelled.
///
/// # Errors
/// As [`open_path`], and when `stop` was requested.
pub fn open_path_with(path: &Path, stop: &StopSignal, progress: &mut dyn FnMut(f32)) -> Result<Session, OpenError> {
    match sniff(path)? {
        Kind::Recording => open_recording(path),
        Kind::Document => {
            let LoadedDocument { document, unknown, warnings } = read_document(path)?;
            Ok(Session { path: Some(path.to_owned()), document, unknown, recording: None, temporary: None, warnings })
        }
        Kind::Other => {
            let imported = import(path, stop, progress)?;
            let Imported { recording, warnings } =
                imported.ok_or_else(|| OpenError::UnknownKind { path: path.to_owned() })?;
            let mut session = open_recording(recording.path())?;
            session.path = None;
            session.warnings.extend(warnings);
            session.temporary = Some(recording);
            Ok(session)
        }
    }
}

/// Opens a bundled session.
///
/// # Errors
/// When there is none of this name, or it can't be unpacked.
pub fn open_bundled(name: &str) -> Result<Session, OpenError> {
    let bundled = bundled::find(name).ok_or_else(|| OpenError::NoSuchBundled(name.to_owned()))?;
    match bundled.content {
        Content::Document(text) => {
            let LoadedDocument { document, unknown, warnings } = parse_document(text, bundled.name)?;
            Ok(Session { path: None, document, unknown, recording: None, temporary: None, warnings })
        }
        Content::Recording(bytes) => {
            let unpacked = bundled::unpack(bundled.name, bytes);
            let path =
                unpacked.map_err(|error| OpenError::NotUnpacked { name: bundled.name, why: error.to_string() })?;
            // It is not the user's file: saving asks for one.
            Ok(Session { path: None, ..open_recording(&path)? })
        }
    }
}

fn open_recording(path: &Path) -> Result<Session, OpenError> {
    let opened = Recording::open(path)?;
    let mut warnings = opened.warnings;
    let recording = opened.recording;
    let title = recording.summary().map(|summary| summary.info.title)?;
    let text = recording.document_text()?;
    let (document, unknown) =
        match text.map(|text| parse_document(&text, &format!("the document in {}", path.display()))) {
            Some(Ok(loaded)) => {
                warnings.extend(loaded.warnings);
                (loaded.document, loaded.unknown)
            }
            Some(Err(error)) => {
                warnings.push(format!("the document inside was left out: {error}"));
                (Document::new(&title), UnknownFields::default())
            }
            None => (Document::new(&title), UnknownFields::default()),
        };
    let recording = Some(recording);
    Ok(Session { path: Some(path.to_owned()), document, unknown, recording, temporary: None, warnings })
}

enum Kind {
    Recording,
    Document,
    /// Perhaps something to import.
    Other,
}

fn sniff(path: &Path) -> Result<Kind, OpenError> {
    let unreadable = |why: String| OpenError::Unreadable { path: path.to_owned(), why };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(unreadable("it is a folder; name a file in it".to_owned()));
    }
    let mut head = Vec::new();
    file.take(4096).read_to_end(&mut head).map_err(|error| unreadable(error.to_string()))?;
    if head.is_empty() {
        return Err(unreadable("it is empty (0 bytes); if a copy of it exists, open that one".to_owned()));
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if head.starts_with(b"SQLite format 3\0") || extension == "vivarium" {
        return Ok(Kind::Recording);
    }
    let looks_like_ron = std::str::from_utf8(&head)
        .unwrap_or_else(|error| std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default())
        .contains("vivarium-session");
    if looks_like_ron || extension == "ron" {
        return Ok(Kind::Document);
    }
    Ok(Kind::Other)
}

/// What the window and the command line say about an open session. `live` is true while it is being measured.
///
/// # Errors
/// When the recording can't be read.
pub fn describe(session: &Session, live: bool) -> Result<SessionInfo, RecordingError> {
    let title = session.document.title.clone();
    let Some(recording) = &session.recording else {
        let file = session.path.as_ref().map(|path| path.display().to_string());
        return Ok(SessionInfo {
            title,
            kind: SessionKind::Stated,
            source: file.unwrap_or_else(|| "bundled with the program".to_owned()),
            path: session.path.clone(),
            span: None,
            entities: Arc::new(Vec::new()),
            warnings: session.warnings.clone(),
            values: 0,
            bytes: 0,
        });
    };
    let summary: Summary = recording.summary()?;
    let mut warnings = session.warnings.clone();
    warnings.extend(summary.info.notes);
    warnings.extend(recording.take_warnings());
    warnings.dedup();
    Ok(SessionInfo {
        title,
        kind: if live { SessionKind::Live } else { SessionKind::Recorded },
        source: summary.info.source,
        path: session.path.clone(),
        span: summary.span,
        entities: Arc::new(recording.entities()?),
        warnings,
        values: summary.values,
        bytes: summary.bytes,
    })
}

/// Components that were measured and that the document does not know.
pub fn discovered(document: &Document, entities: &[Entity]) -> Vec<Component> {
    let measured = entities.iter().filter(|entity| entity.kind == EntityKind::Component);
    let mut found: Vec<Component> = measured
        .map(|entity| (ComponentId(entity.key.clone()), entity.name.as_str()))
        .filter(|(id, _)| document.component(id).is_none())
        .map(|(id, name)| Component::new(id, name, ComponentKind::System))
        .collect();
    found.sort_by(|a, b| a.title.cmp(&b.title).then_with(|| a.id.cmp(&b.id)));
    found.dedup_by(|a, b| a.id == b.id);
    found
}
