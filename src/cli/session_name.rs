//! What SESSION means: a file, `bundled:NAME`, or `-` for standard input.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::session::open::{Session, open_bundled, open_path};
use crate::source::spec::SourceSpec;
use crate::store::bundled;

/// What the name of a session inside the program begins with.
pub const BUNDLED: &str = "bundled:";

/// Where a session is.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionName {
    /// Inside the program.
    Bundled(String),
    /// Comes in by standard input.
    StandardInput,
    /// A file.
    File(PathBuf),
}

impl From<OsString> for SessionName {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("-") => Self::StandardInput,
            Some(name) if name.starts_with(BUNDLED) => Self::Bundled(name[BUNDLED.len()..].to_owned()),
            _ => Self::File(PathBuf::from(text)),
        }
    }
}

/// Reads a SESSION argument.
pub fn parser() -> impl TypedValueParser<Value = SessionName> {
    OsStringValueParser::new().map(SessionName::from)
}

/// An open session; what came by standard input lies in a file as long as this lives.
pub struct OpenSession {
    /// The session.
    pub session: Session,
    _standard_input: Option<tempfile::TempPath>,
}

impl SessionName {
    /// Opens it.
    ///
    /// # Errors
    /// When it is not there or can't be opened; a sentence.
    pub fn open(&self) -> anyhow::Result<OpenSession> {
        self.check()?;
        match self {
            Self::Bundled(name) => Ok(OpenSession { session: open_bundled(name)?, _standard_input: None }),
            Self::File(path) => Ok(OpenSession { session: open_path(path)?, _standard_input: None }),
            Self::StandardInput => from_standard_input(),
        }
    }

    /// Looks whether there is such a session, without opening it.
    ///
    /// # Errors
    /// When there is none; the sentence says what could be meant instead.
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::StandardInput => Ok(()),
            Self::Bundled(name) if bundled::find(name).is_some() => Ok(()),
            Self::Bundled(name) => {
                let known: Vec<String> =
                    bundled::BUNDLED.iter().map(|entry| format!("{BUNDLED}{}", entry.name)).collect();
                bail!("there is no bundled session \"{name}\"; there is {}", known.join(", "))
            }
            Self::File(path) if path.exists() => Ok(()),
            Self::File(path) => match path.to_str().map(str::parse::<SourceSpec>) {
                Some(Ok(spec @ (SourceSpec::Host | SourceSpec::Process(_)))) => {
                    bail!("`{spec}` is measured live; record it first: vivarium record {spec} -o FILE --for 10s")
                }
                _ => bail!("{}: there is no such file; look for a typing mistake in its name", path.display()),
            },
        }
    }
}

fn from_standard_input() -> anyhow::Result<OpenSession> {
    let mut file = tempfile::NamedTempFile::new().context("can't keep standard input in a temporary file")?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file)
        .map_err(|error| anyhow!("can't read standard input: {error}"))?;
    let path = file.into_temp_path();
    let shown = path.display().to_string();
    let mut session = open_path(&path).map_err(|error| anyhow!(error.to_string().replace(&shown, "standard input")))?;
    session.path = Some(PathBuf::from("-"));
    Ok(OpenSession { session, _standard_input: Some(path) })
}
