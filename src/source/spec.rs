//! What the text of a SOURCE means, on the command line and in the open dialog.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::beam::{BeamOptions, BeamSource};
use super::host::HostSource;
use super::process::ProcessSource;
use super::{Source, SourceError};

/// The known forms, for messages.
pub const FORMS: &str = "a file, `host`, `pid:N`, `beam:NAME@HOST` or `prometheus:URL`";

/// Where measurements are to come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceSpec {
    /// This machine and all its processes.
    Host,
    /// A process of the operating system with its children.
    Process(u32),
    /// A BEAM node, `NAME@HOST`.
    Beam(String),
    /// A Prometheus-compatible engine, by its URL.
    Prometheus(String),
    /// A file.
    Path(PathBuf),
}

impl FromStr for SourceSpec {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let wrong = |why: &str| SourceError(format!("`{text}` is not a source: {why}; give {FORMS}"));
        if text.is_empty() {
            return Err(wrong("it is empty"));
        }
        if text == "host" {
            return Ok(Self::Host);
        }
        let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            return Ok(Self::Path(PathBuf::from(text)));
        };
        match scheme {
            "pid" => match rest.parse() {
                Ok(pid) if pid > 0 => Ok(Self::Process(pid)),
                _ => Err(wrong("the number of a process goes after `pid:`, as in `pid:812`")),
            },
            "beam" => match rest.split_once('@') {
                Some((name, host)) if !name.is_empty() && !host.is_empty() && !host.contains('@') => {
                    Ok(Self::Beam(rest.to_owned()))
                }
                _ => Err(wrong("a node's full name goes after `beam:`, as in `beam:shop@db1`")),
            },
            "prometheus" => match rest.strip_prefix("http://").or_else(|| rest.strip_prefix("https://")) {
                Some(host) if !host.is_empty() => Ok(Self::Prometheus(rest.to_owned())),
                _ => Err(wrong("an address goes after `prometheus:`, as in `prometheus:http://metrics:9090`")),
            },
            _ => Err(wrong(&format!("`{scheme}:` is not known (a file of that name is `./{text}`)"))),
        }
    }
}

/// A word of two letters or more; a single letter is a drive of Windows.
fn is_scheme(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Process(pid) => write!(f, "pid:{pid}"),
            Self::Beam(node) => write!(f, "beam:{node}"),
            Self::Prometheus(url) => write!(f, "prometheus:{url}"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

/// Opens a source that measures now, every `every`; a node by what its name and the environment say.
///
/// # Errors
/// When it isn't there, can't be measured, or does not measure (a file).
pub fn open_live(spec: &SourceSpec, every: Duration) -> Result<Box<dyn Source>, SourceError> {
    open_live_with(spec, every, &BeamOptions::default())
}

/// Opens a source that measures now, every `every`; `beam` says how a node is reached.
///
/// # Errors
/// As [`open_live`].
pub fn open_live_with(spec: &SourceSpec, every: Duration, beam: &BeamOptions) -> Result<Box<dyn Source>, SourceError> {
    match spec {
        SourceSpec::Host => Ok(Box::new(HostSource::open(every)?)),
        SourceSpec::Process(pid) => Ok(Box::new(ProcessSource::open(*pid, every)?)),
        SourceSpec::Beam(node) => Ok(Box::new(BeamSource::open(node, beam, every)?)),
        SourceSpec::Prometheus(_) => Err(SourceError(format!(
            "`{spec}` is not available in this version: give a file, `host`, `pid:N` or `beam:NAME@HOST`"
        ))),
        SourceSpec::Path(_) => {
            Err(SourceError(format!("`{spec}` is a file and measures nothing now: open it as a session instead")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written_alike() {
        let forms = [
            ("host", SourceSpec::Host),
            ("pid:812", SourceSpec::Process(812)),
            ("beam:shop@db1.example", SourceSpec::Beam(String::from("shop@db1.example"))),
            ("prometheus:https://metrics:9090/x", SourceSpec::Prometheus(String::from("https://metrics:9090/x"))),
            ("day.vivarium", SourceSpec::Path(PathBuf::from("day.vivarium"))),
            ("./host", SourceSpec::Path(PathBuf::from("./host"))),
            ("logs/a:b", SourceSpec::Path(PathBuf::from("logs/a:b"))),
            ("C:\\logs\\gc.log", SourceSpec::Path(PathBuf::from("C:\\logs\\gc.log"))),
        ];
        for (text, spec) in forms {
            assert_eq!(text.parse::<SourceSpec>().unwrap(), spec);
            assert_eq!(spec.to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_the_known_forms() {
        for text in [
            "",
            "pid:",
            "pid:abc",
            "pid:-1",
            "pid:0",
            "pid:99999999999",
            "beam:shop",
            "beam:@db1",
            "prometheus:metrics",
            "beem:shop@db1",
        ] {
            let error = text.parse::<SourceSpec>().unwrap_err().to_string();
            assert!(error.contains("`pid:N`") && error.contains("`beam:NAME@HOST`"), "{error}");
        }
        let typo = "beem:shop@db1".parse::<SourceSpec>().unwrap_err().to_string();
        assert!(typo.contains("`beem:` is not known"), "{typo}");
    }

    #[test]
    fn forms_without_a_source_yet_say_so_when_opened() {
        let engine = "prometheus:http://metrics:9090".parse().unwrap();
        let error = open_live(&engine, Duration::from_secs(1)).err().unwrap().to_string();
        assert!(error.contains("not available in this version"), "{error}");
    }
}
