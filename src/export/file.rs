//! Reports and pictures as files, written whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::picture::{self, png, svg};
use super::report::{self, Contents};
use super::{html, markdown};
use crate::state::{State, ViewId};

/// What kind of file a report becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// One self-contained page with all views.
    Html,
    /// Tables and diagrams for a repository or a ticket.
    Markdown,
    /// The picture of one view, as vectors.
    Svg,
    /// The picture of one view, as pixels.
    Png,
}

impl ReportFormat {
    /// The format that a file's name asks for.
    ///
    /// # Errors
    /// If its extension is none of `html`, `md`, `svg` and `png`.
    pub fn of(path: &Path) -> Result<Self, ReportError> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "html" | "htm" => Ok(ReportFormat::Html),
            "md" | "markdown" => Ok(ReportFormat::Markdown),
            "svg" => Ok(ReportFormat::Svg),
            "png" => Ok(ReportFormat::Png),
            _ => Err(ReportError::Format { path: path.to_owned() }),
        }
    }

    /// Whether it holds the picture of one view and no more.
    pub fn is_picture(self) -> bool {
        matches!(self, ReportFormat::Svg | ReportFormat::Png)
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The name does not tell the format.
    #[error("{path:?}: its name does not say what kind of report it is; end it with .html, .md, .svg or .png")]
    Format {
        /// Where it was to go.
        path: PathBuf,
    },
    /// A picture of several views was asked for.
    #[error("{path:?}: a picture shows one view, not {views}; name one, or write an .html report with all of them")]
    Views {
        /// Where it was to go.
        path: PathBuf,
        /// How many views were asked for.
        views: usize,
    },
    /// A PNG could not be made.
    #[error("{path:?}: {source}")]
    Png {
        /// Where it was to go.
        path: PathBuf,
        /// What is wrong.
        source: png::PngError,
    },
    /// The file could not be written; what was there before is untouched.
    #[error("{path:?} could not be written: {source}; choose another place")]
    Io {
        /// Where it was to go.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Writes a report of the state to a file; its name's extension tells the format (see [`ReportFormat::of`]).
///
/// A picture shows the one view in `contents.views`; if those are all views, the open one.
/// The state must hold the answers of all views that are shown.
///
/// # Errors
/// If the format is unknown, a picture can't be made, or the file can't be written. An existing file is then left as it was.
pub fn write_report(state: &State, contents: &Contents, path: &Path) -> Result<(), ReportError> {
    let bytes = report_bytes(state, contents, path)?;
    write_whole(path, &bytes).map_err(|source| ReportError::Io { path: path.to_owned(), source })
}

/// What [`write_report`] would write.
///
/// # Errors
/// If the format is unknown or a picture can't be made.
pub fn report_bytes(state: &State, contents: &Contents, path: &Path) -> Result<Vec<u8>, ReportError> {
    let format = ReportFormat::of(path)?;
    if !format.is_picture() {
        let report = report::build(state, contents);
        let text = if format == ReportFormat::Html { html::html(&report) } else { markdown::markdown(&report) };
        return Ok(text.into_bytes());
    }
    let view = match contents.views {
        [view] => *view,
        views if views.is_empty() || views == ViewId::ALL => state.view,
        views => return Err(ReportError::Views { path: path.to_owned(), views: views.len() }),
    };
    let svg = svg::svg(&picture::view_picture(state, view, contents.size, contents.dark), "");
    if format == ReportFormat::Svg {
        return Ok(svg.into_bytes());
    }
    png::png(&svg, png::DEFAULT_SCALE).map_err(|source| ReportError::Png { path: path.to_owned(), source })
}

/// Writes beside the file and then takes its place, so that a reader sees the old file or the new one.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vivarium-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Narrowed by the user's mask, as for any new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> Contents<'static> {
        Contents { size: (400.0, 300.0), ..Default::default() }
    }

    #[test]
    fn the_name_tells_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let starts: [(&str, &[u8]); 4] =
            [("a.html", b"<!DOCTYPE html>"), ("a.md", b"# Untitled"), ("a.svg", b"<svg xmlns"), ("a.PNG", b"\x89PNG")];
        for (name, start) in starts {
            let path = folder.path().join(name);
            write_report(&State::default(), &contents(), &path).unwrap();
            assert!(std::fs::read(&path).unwrap().starts_with(start), "{name}");
        }
        let error = write_report(&State::default(), &contents(), Path::new("a.pdf")).unwrap_err();
        assert!(error.to_string().contains("a.pdf") && error.to_string().contains(".html"), "{error}");
    }

    #[test]
    fn a_picture_shows_one_view() {
        let two = Contents { views: &[ViewId::Map, ViewId::Cpu], ..contents() };
        let error = report_bytes(&State::default(), &two, Path::new("a.svg")).unwrap_err();
        assert!(matches!(error, ReportError::Views { views: 2, .. }), "{error}");
        let one = Contents { views: &[ViewId::Cpu], ..contents() };
        let svg = String::from_utf8(report_bytes(&State::default(), &one, Path::new("a.svg")).unwrap()).unwrap();
        assert!(svg.contains(">CPU</text>"));
    }

    #[test]
    fn a_report_that_fails_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("nowhere").join("a.md");
        assert!(matches!(write_report(&State::default(), &contents(), &missing), Err(ReportError::Io { .. })));
        let path = folder.path().join("a.png");
        std::fs::write(&path, "old").unwrap();
        let huge = Contents { size: (8000.0, 8000.0), ..contents() };
        assert!(matches!(write_report(&State::default(), &huge, &path), Err(ReportError::Png { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
