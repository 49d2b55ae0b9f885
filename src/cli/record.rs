//! `record`: measures without a window, into a file that the window opens later, or at the same time.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;

use super::{clean, duration, interrupt, usage};
use crate::model::batch::Batch;
use crate::model::format::{bytes_text, duration_text};
use crate::model::time::{TimeRange, Timestamp};
use crate::session::intake::TraceOrder;
use crate::session::new_recording::NewRecording;
use crate::session::open::{Session, open_path};
use crate::session::recorder::{Ended, Progress, RecordOptions, Recorded};
use crate::session::replay::RecordingReader;
use crate::source::beam::{BeamOptions, NamedFunction};
use crate::source::replay::{BatchReader, ReplayControls, ReplaySource};
use crate::source::spec::{SourceSpec, open_live_with};
use crate::source::{Source, SourceError, SourceInfo, StopSignal};
use crate::store::document::{LoadedDocument, read_document};

const EVERY: Duration = Duration::from_secs(1);
/// Shorter than a second, so that no second is passed over where measurements come each second.
const SHOWN_EVERY: Duration = Duration::from_millis(900);

/// Record a source into a .vivarium file, until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A recording as SOURCE is read as fast as possible, e.g. to group it by another map.

A BEAM node's cookie comes from VIVARIUM_COOKIE, --cookie-file FILE or ~/.erlang.cookie.
--address HOST and --port PORT say where to connect if name and epmd do not.
The window takes these three options too.

Examples:
  vivarium record host -o day.vivarium --for 24h --every 5s
  vivarium record pid:812 -o build.vivarium
  vivarium record beam:shop@db1 -o shop.vivarium --for 1h
  vivarium record beam:shop@db1 -o gc.vivarium --for 5m --gc-trace app:shop
  vivarium record beam:shop@db1 -o cart.vivarium --for 5m --requests app:shop --key 2")]
pub struct Record {
    /// What to measure: `host`, `pid:N`, `beam:NAME@HOST`, or a recording
    source: SourceSpec,
    /// The file to make; it must not exist yet
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// For how long: 500ms, 10s, 10m, 24h, 7d; else until Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    length: Option<Duration>,
    /// How often to measure; else every second
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    every: Option<Duration>,
    /// A document (.ron) whose components group what is measured; it goes into the file
    #[arg(long, value_name = "DOCUMENT")]
    map: Option<PathBuf>,
    /// Trace single garbage collections of these components of a BEAM node; * for all
    #[arg(long, value_name = "COMPONENT", num_args = 1..)]
    gc_trace: Vec<String>,
    /// Trace single requests to the processes of these components of a BEAM node, a few seconds each minute; * for all
    #[arg(long, value_name = "COMPONENT", num_args = 1..)]
    requests: Vec<String>,
    /// The function whose calls are requests, as MODULE:FUNCTION/ARITY; else the callbacks of gen_server
    #[arg(long, value_name = "FUNCTION", requires = "requests")]
    call: Option<NamedFunction>,
    /// Which element of a request (argument of --call) is its key, from 1; only a hash of it is recorded
    #[arg(long, value_name = "N", requires = "requests", value_parser = clap::value_parser!(u8).range(1..))]
    key: Option<u8>,
    /// How long requests are traced at a time, at most 10s
    #[arg(long, value_name = "TIME", requires = "requests", value_parser = duration::parse, default_value = "5s")]
    window: Duration,
    /// Take stacks of the busiest processes of a BEAM node twice as often, 20 times a second
    #[arg(long)]
    stacks: bool,
    /// Measure what the threads of a BEAM node spend their time on, for a second in thirty
    #[arg(long)]
    microstates: bool,
    #[command(flatten)]
    node: super::node_options::NodeOptions,
}

impl Record {
    /// Records until the time is over, the source ends, or the user has had enough.
    pub fn run(self) -> anyhow::Result<()> {
        if self.output == Path::new("-") {
            return Err(usage("a recording is not a stream; name a file after -o"));
        }
        let is_beam = matches!(self.source, SourceSpec::Beam(_));
        let for_nodes = [
            ("--gc-trace", !self.gc_trace.is_empty()),
            ("--requests", !self.requests.is_empty()),
            ("--stacks", self.stacks),
            ("--microstates", self.microstates),
        ];
        for (option, is_given) in for_nodes {
            if !is_beam && is_given {
                return Err(usage(format!("{option} is for BEAM nodes (beam:NAME@HOST), and {} is none", self.source)));
            }
        }
        let map = self.map.as_deref().map(read_document).transpose()?;
        let mut beam = BeamOptions::from(self.node.clone());
        (beam.more_stacks, beam.microstates) = (self.stacks, self.microstates);
        beam.requests.call = self.call.clone();
        beam.requests.key = self.key;
        beam.requests.window = self.window;
        let gc_trace = TraceOrder::new(beam.gc_trace.clone());
        gc_trace.set(self.gc_trace.clone());
        let requests = TraceOrder::new(beam.requests.wanted.clone());
        requests.set(self.requests.clone());
        let (source, document) = self.open(&beam)?;
        let is_replay = matches!(self.source, SourceSpec::Path(_));
        let duration = self.length.filter(|_| !is_replay);
        let options = RecordOptions { duration, gc_trace, requests, ..RecordOptions::default() };
        let info = source.info().clone();
        let recording = NewRecording::create(&self.output, source, map.or(document), options)?;
        let stop = interrupt::stop_signal()?;
        let mut screen = Screen::new(&format!(
            "Recording {} ({}) into {}; Ctrl-C ends it",
            info.title,
            info.spec,
            self.output.display()
        ));
        for limit in &info.limits {
            screen.say(limit);
        }
        let recorded = recording.run(&stop, &mut |progress| screen.show(progress));
        screen.clear();
        let recorded = recorded?;
        screen.say(&self.outcome(&recorded));
        Ok(())
    }

    /// The source, and for a recording the document inside.
    fn open(&self, beam: &BeamOptions) -> anyhow::Result<(Box<dyn Source>, Option<LoadedDocument>)> {
        let SourceSpec::Path(path) = &self.source else {
            return Ok((open_live_with(&self.source, self.every.unwrap_or(EVERY), beam)?, None));
        };
        if self.every.is_some() {
            let path = path.display();
            return Err(usage(format!(
                "{path} was measured already, so that --every has nothing to say; leave it out"
            )));
        }
        let Session { document, unknown, recording, .. } = open_path(path)?;
        let Some(recording) = recording else {
            bail!("{} is a document without measurements; give `host`, `pid:N` or a recording", path.display());
        };
        let reader = RecordingReader::new(recording)?;
        let Some(span) = reader.span() else {
            bail!("{} holds no measurements yet; try again once it has some", path.display());
        };
        let length_ns = self.length.and_then(|length| i64::try_from(length.as_nanos()).ok());
        let end = length_ns.map_or(span.to, |length_ns| span.from.plus_ns(length_ns));
        let source = Replayed { source: ReplaySource::new(reader, ReplayControls::as_fast_as_possible(span)), end };
        Ok((Box::new(source), Some(LoadedDocument { document, unknown, warnings: Vec::new() })))
    }

    fn outcome(&self, recorded: &Recorded) -> String {
        let why = match recorded.ended {
            Ended::SourceEnded => "the source has ended",
            Ended::Duration => "the time is over",
            Ended::Stopped => "stopped",
        };
        let bytes = std::fs::metadata(&self.output).map_or(0.0, |metadata| metadata.len() as f64);
        let span = recorded.span.map_or(0.0, TimeRange::length_seconds);
        format!(
            "Recorded {}, {} values, {} in {} ({why})",
            duration_text(span),
            recorded.progress.values,
            bytes_text(bytes),
            self.output.display()
        )
    }
}

/// A recording as a source, up to a moment of its own time.
struct Replayed {
    source: ReplaySource<RecordingReader>,
    end: Timestamp,
}

impl Source for Replayed {
    fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        Ok(self.source.next_batch(stop)?.filter(|batch| batch.at < self.end))
    }
}

/// Standard error while it records: on a terminal one line that is kept up to date, else only what begins and ends.
struct Screen {
    is_terminal: bool,
    shown: Option<Instant>,
}

impl Screen {
    fn new(beginning: &str) -> Self {
        let screen = Self { is_terminal: std::io::stderr().is_terminal(), shown: None };
        screen.say(beginning);
        screen
    }

    /// A line of its own. Recording goes on though nobody may be able to read it.
    fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{}", clean::line(text));
    }

    fn show(&mut self, progress: &Progress) {
        if !self.is_terminal || self.shown.is_some_and(|shown| shown.elapsed() < SHOWN_EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let elapsed = progress.elapsed.as_secs();
        let clock = format!("{}:{:02}:{:02}", elapsed / 3600, elapsed / 60 % 60, elapsed % 60);
        let notice = progress.last_notice.as_deref().map(clean::line).unwrap_or_default();
        // A longer line would wrap, and the next one could not replace it.
        let line: String = format!("{clock}  {} values  {notice}", progress.values).chars().take(78).collect();
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        let _ = std::io::stderr().flush();
    }

    fn clear(&mut self) {
        if self.is_terminal && self.shown.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
