//! The command line: what does not need a hand or an eye also works from a shell, a CI job or a server without a display.
//!
//! One file a command. Standard output carries only the result; what went wrong is one line on standard error. Exit codes:
//! 0 done, 1 it could not be done, 2 wrong usage, 3 done and the answer is "no".

mod check;
mod clean;
mod completions;
mod convert;
mod duration;
mod inspect;
mod interrupt;
mod moment;
mod node_options;
mod nodes;
mod output;
mod record;
mod report;
mod session_name;
mod verify;
mod whatif;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::source::beam::BeamOptions;
use crate::source::spec::SourceSpec;
use crate::state::ViewId;

const USAGE: &str = "vivarium [SOURCE] [--map DOCUMENT]   opens the window\n       vivarium COMMAND …                   does its work without one";

const EXAMPLES: &str = "Examples: `vivarium host`, `vivarium record host -o day.vivarium --for 24h`";

/// All of it fits into a screen of 24 lines.
const TEMPLATE: &str = "\
{about}

Usage: {usage}

Commands:
{subcommands}

Arguments and options:
{positionals}
{options}{after-help}
";

/// Where the memory and CPU of a running system go, live or recorded.
#[derive(Debug, Parser)]
#[command(
    name = "vivarium",
    version,
    override_usage = USAGE,
    after_help = EXAMPLES,
    help_template = TEMPLATE,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Arguments {
    /// A file, `host`, `pid:N`, `bundled:NAME`, or FILE#view=cpu
    #[arg(hide_possible_values = true)]
    source: Option<String>,
    /// A document (.ron) to lay over the measurements
    #[arg(long, value_name = "DOCUMENT", requires = "source")]
    map: Option<PathBuf>,
    #[command(flatten)]
    node: node_options::NodeOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

/// A command that needs no window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Record a source into a .vivarium file, until Ctrl-C
    Record(record::Record),
    /// Show what the window would show, as text or JSON
    Inspect(inspect::Inspect),
    /// Predict what other settings would have done
    Whatif(whatif::WhatIf),
    /// Hold a pinned prediction against a later recording
    Verify(verify::Verify),
    /// Say by rules and findings whether all is well; exit code 3 if not
    Check(check::Check),
    /// Draw the views into an .html, .md, .svg or .png file
    Report(report::Report),
    /// Turn a session into .vivarium, .ron, .csv, .parquet or .mmd
    Convert(convert::Convert),
    /// List the BEAM nodes on this machine
    Nodes(nodes::Nodes),
    /// Print the completions for a shell
    Completions(completions::Completions),
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Call {
    /// The window.
    Window {
        /// A file, `host`, `pid:N`, `bundled:NAME`; `None`: the welcome page.
        source: Option<String>,
        /// A document to lay over the measurements.
        map: Option<PathBuf>,
        /// The view to begin with.
        view: Option<ViewId>,
        /// How a BEAM node is reached.
        beam: BeamOptions,
    },
    /// Anything else.
    Command(Command),
}

/// Reads the command line.
///
/// # Errors
/// The exit code, when there is nothing to do but to show help or what is wrong with the call; that was printed.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Call, ExitCode> {
    let show = |error: clap::Error| {
        // Whoever closed the pipe does not want to read it.
        let _ = error.print();
        if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
    };
    let Arguments { source, map, node, command } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // A source and something like a command after it: the first word was meant to be a command.
        Err(error) if error.kind() == ErrorKind::ArgumentConflict => {
            return Err(complain(&usage("there is no such command; `vivarium --help` lists the commands")));
        }
        Err(error) => return Err(show(error)),
    };
    if let Some(command) = command {
        return Ok(Call::Command(command));
    }
    let (source, view) = match source.map(split_view).transpose() {
        Ok(Some((source, view))) => (Some(source), view),
        Ok(None) => (None, None),
        Err(why) => return Err(complain(&why)),
    };
    if let Some(source) = &source
        && let Err(why) = check_source(source, map.as_deref())
    {
        return Err(complain(&why));
    }
    Ok(Call::Window { source, map, view, beam: node.into() })
}

/// Takes `FILE#view=WORD` apart; `vivarium://` before it is what a shared link begins with.
fn split_view(text: String) -> anyhow::Result<(String, Option<ViewId>)> {
    if Path::new(&text).exists() {
        return Ok((text, None));
    }
    let text = text.strip_prefix("vivarium://").map(str::to_owned).unwrap_or(text);
    let Some((source, word)) = text.split_once("#view=") else { return Ok((text, None)) };
    match ViewId::from_word(word) {
        Some(view) => Ok((source.to_owned(), Some(view))),
        None => {
            let words = ViewId::ALL.map(ViewId::word).join(", ");
            Err(usage(format!("there is no view \"{word}\"; views are {words}")))
        }
    }
}

/// Looks for what the window could only complain about once it is open.
fn check_source(source: &str, map: Option<&Path>) -> anyhow::Result<()> {
    let has_its_own = "--map groups what is measured now; a session has a map of its own. \
                       `vivarium record FILE --map DOCUMENT -o NEW` groups a recording anew";
    if source.starts_with(session_name::BUNDLED) {
        session_name::SessionName::from(OsString::from(source)).check()?;
        return if map.is_some() { Err(usage(has_its_own)) } else { Ok(()) };
    }
    match source.parse::<SourceSpec>().map_err(|error| usage(error.to_string()))? {
        SourceSpec::Path(path) if !path.exists() => {
            bail!("{source}: there is no such file, and no command of this name; `vivarium --help` lists the commands")
        }
        SourceSpec::Path(_) if map.is_some() => Err(usage(has_its_own)),
        spec @ SourceSpec::Prometheus(_) => {
            bail!("`{spec}` is not available in this version: give a file, `host`, `pid:N` or `beam:NAME@HOST`")
        }
        _ => Ok(()),
    }
}

/// Carries out a command.
///
/// # Errors
/// When it could not be done; a sentence.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Record(record) => record.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Whatif(whatif) => whatif.run(),
        Command::Check(check) => check.run(),
        Command::Verify(verify) => verify.run(),
        Command::Report(report) => report.run(),
        Command::Convert(convert) => convert.run(),
        Command::Nodes(nodes) => nodes.run(),
        Command::Completions(completions) => completions.run::<Arguments>(),
    }
}

/// Runs the program and says in one line what went wrong, also where the fault is the program's own.
pub fn run_to_end(work: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or("no reason given").replace('\n', " ");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("vivarium: a mistake in the program itself: {text} ({place}); please report it");
    }));
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Ok(Err(error)) if error.is::<AnswerIsNo>() => ExitCode::from(3),
        Ok(Err(error)) => complain(&error),
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("vivarium: {}", clean::line(&error.to_string()));
    if error.is::<WrongUsage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// A call that can't be meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongUsage(String);

/// The work was done and its result written; it says that something is not as it should be.
#[derive(Debug, thiserror::Error)]
#[error("the answer is no")]
struct AnswerIsNo;

fn usage(text: impl Into<String>) -> anyhow::Error {
    WrongUsage(text.into()).into()
}

/// Whether the reader of the result has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_errors = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io_errors.into_iter().any(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_link_names_its_view() {
        let split = |text: &str| split_view(text.to_owned()).map_err(|error| error.to_string());
        assert_eq!(split("day.vivarium#view=cpu"), Ok(("day.vivarium".to_owned(), Some(ViewId::Cpu))));
        assert_eq!(split("vivarium://day.vivarium#view=map"), Ok(("day.vivarium".to_owned(), Some(ViewId::Map))));
        assert_eq!(split("host"), Ok(("host".to_owned(), None)));
        assert!(split("day.vivarium#view=cellar").unwrap_err().contains("map, memory, cpu, roadmap"));
    }
}
