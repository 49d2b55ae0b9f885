//! Documents as RON text: the human part of a session, made to be read, compared and edited by people.
//!
//! Used for `.ron` files, for the document inside a recording and for the bundled sessions. Reading is strict and says in which
//! field a mistake is; fields of newer versions are kept. Text from strangers is bounded in size, depth and number of values.

mod error;
mod outline;
mod text;
mod unknown;

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use ron::extensions::Extensions;

pub use error::DocumentError;
pub use text::document_text;
pub use unknown::UnknownFields;

use crate::model::document::{Document, FORMAT, VERSION};
use error::{Mistakes, line_and_column};
use outline::{FaultKind, NodeId, Outline, Shape};

/// The largest text that is read as a document.
pub const MAX_BYTES: u64 = 64_000_000;

/// How many unknown fields are named one by one.
const NAMED_WARNINGS: usize = 100;

/// A document with what its file holds beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedDocument {
    /// What was read.
    pub document: Document,
    /// Fields that this program does not know, to be given back to [`document_text`] or [`write_document`].
    pub unknown: UnknownFields,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads a document from a file.
///
/// # Errors
/// When the file can't be read or is no document of a version that this program knows; the sentence says where and why.
pub fn read_document(path: &Path) -> Result<LoadedDocument, DocumentError> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        let reason = match error.kind() {
            ErrorKind::NotFound => String::from("there is no such file. Look for a typing mistake in its name"),
            ErrorKind::PermissionDenied => {
                String::from("you are not allowed to. Ask its owner, or change its permissions")
            }
            ErrorKind::IsADirectory => String::from("it is a folder. Name a file in it"),
            _ => error.to_string(),
        };
        DocumentError::Unreadable { file: name.clone(), reason }
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(unreadable(ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    check_size(bytes.len() as u64, &name)?;
    match String::from_utf8(bytes) {
        Ok(text) => parse_document(&text, &name),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
            let (line, column) = line_and_column(&before, valid);
            Err(DocumentError::NotUtf8 { file: name, line, column })
        }
    }
}

fn check_size(bytes: u64, name: &str) -> Result<(), DocumentError> {
    if bytes > MAX_BYTES { Err(DocumentError::TooLarge { file: name.to_owned() }) } else { Ok(()) }
}

/// Reads a document from its text; `name` is the file's name for messages.
///
/// # Errors
/// As [`read_document`].
pub fn parse_document(text: &str, name: &str) -> Result<LoadedDocument, DocumentError> {
    check_size(text.len() as u64, name)?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let (outline, fault) = Outline::scan(text);
    let mistakes = Mistakes { outline: &outline, text, file: name };
    let root = document_root(&outline, name)?;
    check_version(&mistakes, root)?;
    // The reader must not meet text without bounds.
    if let Some(fault) = fault.filter(|fault| matches!(fault.kind, FaultKind::TooDeep | FaultKind::TooMany)) {
        return Err(mistakes.of_fault(fault));
    }

    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let mut reader = match ron::Deserializer::from_str_with_options(text, &options) {
        Ok(reader) => reader,
        Err(error) => return Err(mistakes.of_reader(error.code, 0)),
    };
    let mut ignored = Vec::new();
    let result = serde_ignored::deserialize(&mut reader, |path| ignored.push(unknown::reader_steps(&path)));
    let result = result.and_then(|document: Document| reader.end().map(|()| document));
    let at = text.len() - reader.remainder().len();
    let mut document = match (result, fault) {
        (Ok(document), None) => document,
        // Whichever was noticed first is nearer to the cause.
        (Err(error), fault) if fault.is_none_or(|fault| at < fault.noticed) => {
            return Err(mistakes.of_reader(error, at));
        }
        (_, Some(fault)) => return Err(mistakes.of_fault(fault)),
        (Err(error), None) => return Err(mistakes.of_reader(error, at)),
    };
    document.version = VERSION;

    let unknown = UnknownFields::collect(&outline, &ignored);
    let mut warnings: Vec<String> = unknown
        .paths()
        .take(NAMED_WARNINGS)
        .map(|path| format!("unknown field `{path}` kept as it is (written by a newer version?)"))
        .collect();
    if unknown.len() > NAMED_WARNINGS {
        warnings.push(format!("{} more unknown fields kept as they are", unknown.len() - NAMED_WARNINGS));
    }
    if unknown.len() < ignored.len() {
        let lost = ignored.len() - unknown.len();
        warnings
            .push(format!("{lost} unknown values can't be kept; save under another name to keep the file as it is"));
    }
    Ok(LoadedDocument { document, unknown, warnings })
}

/// The outermost group, if it calls itself a document.
fn document_root(outline: &Outline, name: &str) -> Result<NodeId, DocumentError> {
    let not_a_document = |reason: String| DocumentError::NotADocument { file: name.to_owned(), reason };
    let root = outline.root().ok_or_else(|| not_a_document(String::from("it is empty")))?;
    if outline.shape(root) != Shape::Group {
        return Err(not_a_document(String::from("it does not begin with a group in ( )")));
    }
    match outline.field(root, "format") {
        None => Err(not_a_document(String::from("it has no field `format`"))),
        Some(field) if outline.string(field).as_deref() == Some(FORMAT) => Ok(root),
        Some(field) => Err(not_a_document(format!("its format is {}", unknown::shown(outline.raw(field))))),
    }
}

/// Refuses versions that this program does not know. A document of an older version is brought to the present one step by
/// step from here, once there is an older one.
fn check_version(mistakes: &Mistakes, root: NodeId) -> Result<(), DocumentError> {
    // A missing version is reported by the reader like any missing field.
    let Some(field) = mistakes.outline.field(root, "version") else { return Ok(()) };
    let raw = mistakes.outline.raw(field);
    match raw.parse::<u64>() {
        Ok(version) if version == u64::from(VERSION) => Ok(()),
        Ok(0) => Err(mistakes.of_field(field, String::from("there is no version 0; versions begin with 1"))),
        Ok(version) => Err(DocumentError::Newer { file: mistakes.file.to_owned(), version }),
        Err(_) => {
            let problem = format!("expected a version, a whole number, found {}", unknown::shown(raw));
            Err(mistakes.of_field(field, problem))
        }
    }
}

/// Writes a document to a file, in place of what is there: all of it or, on any error, nothing. An existing file keeps its
/// permissions, a link goes on pointing to it. Comments in the file are not kept, since a document has no place for them;
/// unknown fields are.
///
/// # Errors
/// When the file is read-only or its folder can't be written to.
pub fn write_document(path: &Path, document: &Document, unknown: &UnknownFields) -> Result<(), DocumentError> {
    let text = document_text(document, unknown)?;
    let cannot = |reason: String| DocumentError::CannotWrite { file: path.display().to_string(), reason };
    // The file that a link points to.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let existing = fs::metadata(&target).ok();
    if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(cannot(String::from("it is a folder")));
    }
    if existing.as_ref().is_some_and(|existing| existing.permissions().readonly()) {
        return Err(cannot(String::from("it is read-only")));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".vivarium-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Narrowed by the user's mask, as for any new file.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        if let Some(existing) = existing {
            file.as_file().set_permissions(existing.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(&target)?;
        // The new name is on disk once the folder is; where folders can't be opened, the system sees to it.
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    };
    write().map_err(|error| cannot(error.to_string()))
}
