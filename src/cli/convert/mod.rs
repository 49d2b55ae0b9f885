//! `convert`: a session as a recording, a document, tables, or a diagram.

mod rows;
mod tables;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::ValueEnum;

use super::output::{check_free, write_file};
use super::session_name::{self, SessionName};
use super::{clean, interrupt, usage};
use crate::export::mermaid;
use crate::session::open::{Session, discovered};
use crate::store::document::document_text;
use crate::store::recording::{Recording, RecordingError, copy_recording};

/// Turn a session into .vivarium, .ron, .csv, .parquet or .mmd
#[derive(Debug, clap::Args)]
#[command(after_help = "\
.vivarium  a copy of the recording         .ron  the document
.csv, .parquet  the measured series, one value a row; as a folder (OUT/) all tables:
                series, entities, censuses, gc_events, gc_heaps, gc_tracing, requests,
                stack_samples
.mmd  the map as a Mermaid flowchart

Examples:
  vivarium convert day.vivarium day.csv
  vivarium convert day.vivarium tables/ --to parquet
  vivarium convert day.vivarium - --to csv | head")]
pub struct Convert {
    /// A file, `bundled:NAME`, or - for standard input
    #[arg(value_name = "IN", value_parser = session_name::parser())]
    input: SessionName,
    /// The file to make, a folder for several tables, or - for standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// What to make of it; else OUT's extension tells
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    /// Replace what is at OUT
    #[arg(long)]
    force: bool,
}

/// What a session can be turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Vivarium,
    Ron,
    Csv,
    Parquet,
    Mmd,
}

/// Where the result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target<'a> {
    StandardOutput,
    File(&'a Path),
    Folder(&'a Path),
}

impl Convert {
    /// Opens the session and writes it in its new form.
    pub fn run(self) -> anyhow::Result<()> {
        let target = self.target();
        let format = self.format(target)?;
        if let Target::File(path) = target {
            check_free(path, self.force)?;
            self.check_not_the_same(path)?;
        }
        let open = self.input.open()?;
        let session = &open.session;
        for warning in &session.warnings {
            eprintln!("vivarium: {}", clean::line(warning));
        }
        match format {
            Format::Vivarium => copy(session, target)?,
            Format::Ron => self.text(target, &document_text(&session.document, &session.unknown)?)?,
            Format::Mmd => self.text(target, &flowchart(session)?)?,
            Format::Csv | Format::Parquet => {
                let recording = measured(session)?;
                let stop = interrupt::stop_signal()?;
                tables::write(recording, target, format == Format::Parquet, self.force, &stop)?;
            }
        }
        for warning in session.recording.iter().flat_map(Recording::take_warnings) {
            eprintln!("vivarium: {}", clean::line(&warning));
        }
        Ok(())
    }

    fn target(&self) -> Target<'_> {
        let path = self.output.as_path();
        if path == Path::new("-") {
            Target::StandardOutput
        } else if path.is_dir()
            || path.as_os_str().as_encoded_bytes().ends_with(std::path::MAIN_SEPARATOR_STR.as_bytes())
        {
            Target::Folder(path)
        } else {
            Target::File(path)
        }
    }

    fn format(&self, target: Target<'_>) -> anyhow::Result<Format> {
        let extension = self.output.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let format = match (self.to, extension) {
            (Some(format), _) => format,
            (None, "md" | "html" | "svg" | "png") => {
                return Err(usage(format!("`vivarium report` makes .{extension} files; convert makes {FORMATS}")));
            }
            (None, extension) => Format::from_str(extension, true).map_err(|_| {
                usage(format!("{} does not tell what to make; add --to with {FORMATS}", self.output.display()))
            })?,
        };
        match target {
            Target::Folder(path) if !matches!(format, Format::Csv | Format::Parquet) => {
                Err(usage(format!("{} is a folder, and only csv and parquet fill one; name a file", path.display())))
            }
            Target::StandardOutput if format == Format::Vivarium => {
                Err(usage("a recording is not a stream; name a file".to_owned()))
            }
            _ => Ok(format),
        }
    }

    /// The result must not take the place of what it is made from.
    fn check_not_the_same(&self, output: &Path) -> anyhow::Result<()> {
        let SessionName::File(input) = &self.input else { return Ok(()) };
        if let (Ok(input), Ok(output)) = (input.canonicalize(), output.canonicalize())
            && input == output
        {
            bail!("{} can't be converted into itself; choose another name", output.display());
        }
        Ok(())
    }

    fn text(&self, target: Target<'_>, text: &str) -> anyhow::Result<()> {
        match target {
            Target::File(path) => write_file(path, text.as_bytes(), self.force),
            // A folder was refused by `format`.
            Target::StandardOutput | Target::Folder(_) => Ok(std::io::stdout().lock().write_all(text.as_bytes())?),
        }
    }
}

const FORMATS: &str = "vivarium, ron, csv, parquet or mmd";

fn measured(session: &Session) -> anyhow::Result<&Recording> {
    let Some(recording) = &session.recording else {
        bail!(
            "this session is a document without measurements, so there is nothing to put into a recording or a table; \
             convert it to .ron or .mmd, or record something with `vivarium record`"
        );
    };
    Ok(recording)
}

fn copy(session: &Session, target: Target<'_>) -> anyhow::Result<()> {
    let recording = measured(session)?;
    let stop = interrupt::stop_signal()?;
    let Target::File(path) = target else { bail!("a recording is one file; name it") };
    match copy_recording(recording.path(), path, &mut |_| !stop.is_requested()) {
        Err(RecordingError::Cancelled(_)) => bail!("interrupted; nothing was written to {}", path.display()),
        result => Ok(result?),
    }
}

fn flowchart(session: &Session) -> anyhow::Result<String> {
    let mut document = session.document.clone();
    if let Some(recording) = &session.recording {
        document.components.extend(discovered(&session.document, &recording.entities()?));
    }
    Ok(mermaid::flowchart(&document, |id| document.stated_class(id)))
}
