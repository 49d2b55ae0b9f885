//! `report`: the same views as in the window, drawn into a file without a display.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::anyhow;
use clap::ValueEnum;

use super::moment::Moment;
use super::session_name::{self, SessionName};
use super::{clean, output, usage};
use crate::export::report::Contents;
use crate::export::{ReportFormat, report_bytes};
use crate::model::time::{TimeRange, Timestamp};
use crate::session::view_state::{answer_all, show};
use crate::state::{State, ViewId};

/// Larger pictures help nobody and take memory with the square of it.
const SIZES: std::ops::RangeInclusive<f32> = 200.0..=8000.0;

/// Draw the views into an .html, .md, .svg or .png file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A page (.html, .md) holds all views and tables, a picture (.svg, .png) one view.

Examples:
  vivarium report day.vivarium -o day.html
  vivarium report bundled:foundation -o map.png --view map --size 1600x1000 --theme dark")]
pub struct Report {
    /// A file, `bundled:NAME`, or - for standard input
    #[arg(value_parser = session_name::parser())]
    session: SessionName,
    /// The file to make; its extension tells the format
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Only this view
    #[arg(long, value_name = "VIEW", value_parser = view)]
    view: Option<ViewId>,
    /// Size of each picture in points
    #[arg(long, value_name = "WxH", value_parser = size, default_value = "1280x760")]
    size: (f32, f32),
    /// Colours of the pictures
    #[arg(long, value_name = "THEME", default_value = "light")]
    theme: Theme,
    /// The moment of views of one moment; else the end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<Moment>,
    /// Where the visible stretch of time begins; else the start
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<Moment>,
    /// Where it ends; else the end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<Moment>,
    /// Show how memory has changed between this moment and that of --at, instead of where it is
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<Moment>,
    /// Replace what is at OUT
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Theme {
    Light,
    Dark,
}

impl Report {
    /// Opens the session, answers what its views ask, and draws them.
    pub fn run(self) -> anyhow::Result<()> {
        let format = ReportFormat::of(&self.output).map_err(|error| usage(error.to_string()))?;
        output::check_free(&self.output, self.force)?;
        let open = self.session.open()?;
        let mut state = State::default();
        show(&mut state, &open.session, false)?;
        self.choose_time(&mut state)?;
        let first = state.view;
        let views: Vec<ViewId> = match self.view {
            Some(view) => vec![view],
            None if format.is_picture() => vec![first],
            None => ViewId::ALL.to_vec(),
        };
        for &view in &views {
            state.view = view;
            answer_all(&mut state, open.session.recording.as_ref())?;
        }
        state.view = *views.first().unwrap_or(&first);
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let created = Timestamp(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX));
        let contents = Contents { views: &views, size: self.size, dark: self.theme == Theme::Dark, created };
        let bytes = report_bytes(&state, &contents, &self.output)?;
        output::write_file(&self.output, &bytes, self.force)?;
        for warning in &open.session.warnings {
            eprintln!("vivarium: {}", clean::line(warning));
        }
        Ok(())
    }

    fn choose_time(&self, state: &mut State) -> anyhow::Result<()> {
        let Some(span) = state.measured_span() else {
            if self.at.or(self.from).or(self.to).or(self.since).is_some() {
                return Err(anyhow!("this session is a document without measurements, so there is no time to choose"));
            }
            return Ok(());
        };
        let within =
            |moment: Option<Moment>, else_at: Timestamp| moment.map_or(Ok(else_at), |moment| moment.within(span));
        state.range = TimeRange::new(within(self.from, span.from)?, within(self.to, span.to)?);
        state.playback.seek(within(self.at, state.range.to)?);
        if let Some(since) = self.since {
            state.memory.difference = true;
            state.memory.base = Some(since.within(span)?);
        }
        Ok(())
    }
}

fn view(word: &str) -> Result<ViewId, String> {
    let words = ViewId::ALL.map(ViewId::word).join(", ");
    ViewId::from_word(word).ok_or_else(|| format!("views are {words}"))
}

fn size(text: &str) -> Result<(f32, f32), String> {
    let wrong = || format!("write the size as WIDTHxHEIGHT in points, each from {} to {}", SIZES.start(), SIZES.end());
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<f32>().ok().filter(|number| SIZES.contains(number)).ok_or_else(wrong);
    Ok((number(width)?, number(height)?))
}
