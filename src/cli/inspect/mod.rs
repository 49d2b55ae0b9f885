//! `inspect`: what the window would show, as text for people or as JSON for programs.

mod cpu;
mod findings;
mod gather;
mod gc;
mod gc_text;
mod memory;
mod memory_text;
mod parts;
mod plan;
mod processes;
pub(in crate::cli) mod text;

use std::io::Write;

use super::moment::Moment;
use super::session_name::{self, SessionName};
use crate::session::open::Session;

pub use findings::FindingPart;
pub use gather::Known;
pub use text::{Style, findings_text};

/// Show what the window would show, as text or JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
TIME is seconds or a time from the start (90, 10m), from the end (-30s), or RFC 3339.
Letters beside figures: M measured, D derived, S stated, A assumed.

Examples:
  vivarium inspect day.vivarium --from -1h --top 5
  vivarium inspect day.vivarium --since 10m --at 90m
  vivarium inspect bundled:foundation --json | jq '.decisions[] | select(.state == \"open\") | .question'")]
pub struct Inspect {
    /// A file, `bundled:NAME`, or - for standard input
    #[arg(value_parser = session_name::parser())]
    session: SessionName,
    /// As JSON, format vivarium.inspect/1
    #[arg(long)]
    json: bool,
    /// The moment of figures of one moment; else the end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<Moment>,
    /// Where the stretch of time begins that means are taken over; else the start
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<Moment>,
    /// Where it ends; else the end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<Moment>,
    /// Tell also how memory has changed between this moment and that of --at
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<Moment>,
    /// Only the N largest consumers of memory and CPU; else all, in text 10
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Also stated figures that agree, exactly or within rounding
    #[arg(long)]
    rounding: bool,
}

/// What rules and findings say of a session: the rules at its end, the findings over all of it.
///
/// # Errors
/// When the recording can't be read.
pub fn known_findings(session: &Session) -> anyhow::Result<Known> {
    gather::known(session)
}

/// What text shows without `--top`.
const TOP_IN_TEXT: usize = 10;

impl Inspect {
    /// Opens the session and tells of it on standard output.
    pub fn run(mut self) -> anyhow::Result<()> {
        let open = self.session.open()?;
        if !self.json {
            self.top.get_or_insert(TOP_IN_TEXT);
        }
        let parts = gather::gather(&open.session, &self)?;
        let result = if self.json {
            let mut json = serde_json::to_string_pretty(&parts)?;
            json.push('\n');
            json
        } else {
            text::text(&parts, self.top, text::Style::of_standard_output())
        };
        std::io::stdout().lock().write_all(result.as_bytes())?;
        Ok(())
    }
}
