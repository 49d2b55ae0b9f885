//! `whatif`: what other settings would have done to a recorded system, and which ones a session can answer.

mod explore;
mod goal;
mod list;
mod parts;
mod text;

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{anyhow, bail};

use super::moment::Moment;
use super::session_name::{self, SessionName};
use super::{clean, usage};
use crate::cli::inspect::text::Style;
use crate::model::time::TimeRange;
use crate::plan::ledger;
use crate::session::open::Session;
use crate::session::save::save;
use crate::session::whatif::gather;
use crate::source::wall_clock;
use crate::whatif::answer::{self, Models};
use crate::whatif::code::change_as_code;
use crate::whatif::data::SessionData;
use crate::whatif::explore::{Exploration, Found, explore};
use crate::whatif::goal::{Lever, Target};
use crate::whatif::prediction::{Effort, Part};
use crate::whatif::scenario::{Place, Setting};

/// Predict what other settings would have done
#[derive(Debug, clap::Args)]
#[command(after_help = "\
PATH is COMPONENT.KNOB, with * for all components; `--list` shows what can be set and what is missing.

Examples:
  vivarium whatif day.vivarium --list
  vivarium whatif trace.txt --set '*.gc.fullsweep_after=20' --set '*.gc.min_heap_words=2000'
  vivarium whatif requests.csv --set requests.workers.count=4 --json
  vivarium whatif trace.txt --vary '*.gc.min_heap_words=233..100000' --goal 'gc.count<=500'
  vivarium whatif trace.txt --vary '*.gc.min_heap_words' --frontier")]
pub struct WhatIf {
    /// A file, `bundled:NAME`, or - for standard input
    #[arg(value_parser = session_name::parser())]
    session: SessionName,
    /// A setting; several are tried together
    #[arg(long = "set", value_name = "PATH=VALUE", required_unless_present_any = ["list", "vary"])]
    settings: Vec<String>,
    /// What is wanted, e.g. memory.peak_bytes<=2e8: values are looked for that reach it
    #[arg(long = "goal", value_name = "METRIC<=VALUE")]
    goals: Vec<String>,
    /// Which values of --vary no others beat, in memory, pauses and waits
    #[arg(long, conflicts_with = "goals")]
    frontier: bool,
    /// How far each setting of --vary, halved and doubled, moves a metric
    #[arg(long, value_name = "METRIC", conflicts_with_all = ["goals", "frontier"])]
    tornado: Option<String>,
    /// What --goal, --frontier and --tornado may move; else the settings of --set
    #[arg(long, value_name = "PATH[=LOW..HIGH]")]
    vary: Vec<String>,
    /// Which settings this session can answer, and what is missing for the others
    #[arg(long, conflicts_with = "settings")]
    list: bool,
    /// Keep the prediction in the session under this name, to be verified later
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    pin: Option<String>,
    /// As JSON, format vivarium.whatif/1
    #[arg(long)]
    json: bool,
    /// Use only what was recorded from here on
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<Moment>,
    /// Use only what was recorded up to here
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<Moment>,
}

impl WhatIf {
    /// Opens the session and answers on standard output.
    pub fn run(self) -> anyhow::Result<()> {
        let settings: Vec<Setting> =
            self.settings.iter().map(|text| Setting::parse(text)).collect::<Result<_, _>>().map_err(usage)?;
        let mut open = self.session.open()?;
        let data = self.data(&open.session)?;
        for warning in &open.session.warnings {
            eprintln!("vivarium: {}", clean::line(warning));
        }
        let result = if self.list {
            let available = answer::availability(&data);
            if self.json { list::json(&available)? } else { list::text(&available, Style::of_standard_output()) }
        } else {
            check_components(&settings, &data)?;
            self.answer(&mut open.session, settings, &data)?
        };
        std::io::stdout().lock().write_all(result.as_bytes())?;
        Ok(())
    }

    /// One prediction, with what was asked about many settings before it.
    fn answer(&self, session: &mut Session, settings: Vec<Setting>, data: &SessionData) -> anyhow::Result<String> {
        let style = Style::of_standard_output();
        let mut models = Models::default();
        let never = || false;
        let explored = self
            .exploration(&settings)?
            .and_then(|exploration| explore(&mut models, data, &settings, &exploration, &never));
        let nothing = |what: &str| {
            anyhow!("no value of these settings has an answer about {what}; `whatif --set` with one of them says why")
        };
        let (found, left_out) = explored.map_or((None, Vec::new()), |it| (Some(it.found), it.left_out));
        let settings = match &found {
            Some(Found::Goal(sought)) => {
                sought.as_ref().ok_or_else(|| nothing("all of these goals"))?.0.settings.clone()
            }
            _ => settings,
        };
        let answers = answer::predict(&mut models, data, &settings, Effort::Full, &never);
        let source = session.recording.as_ref().map(|recording| recording.summary()).transpose()?;
        let source = source.map(|summary| summary.info.source).unwrap_or_default();
        if let Some(name) = &self.pin {
            pin(session, name, &settings, data, &answers)?;
        }
        let mut answer = parts::Answer::new(&settings, &answers, change_as_code(&settings), &source);
        let mut page = String::new();
        match found {
            Some(Found::Goal(Some((sought, _)))) => {
                answer.goal = Some(goal::GoalPart::new(&sought, &answers));
                page.push_str(&goal::text(&sought, &answers, style));
            }
            Some(Found::Frontier(tradeoff)) => {
                let tradeoff = tradeoff.ok_or_else(|| nothing("memory, pauses or waits"))?;
                answer.frontier = Some(explore::FrontierPart::new(&tradeoff));
                page.push_str(&explore::frontier_text(&tradeoff, style));
            }
            Some(Found::Tornado(tornado)) => {
                let metric = self.tornado.as_deref().unwrap_or_default();
                let (tornado, unit) = tornado.ok_or_else(|| nothing(metric))?;
                answer.tornado = Some(explore::TornadoPart::new(metric, &tornado));
                page.push_str(&explore::tornado_text(metric, &tornado, unit, style));
            }
            _ => {}
        }
        let mut together = String::new();
        if settings.len() > 1
            && let Some(Found::Together(combined)) =
                explore(&mut models, data, &settings, &Exploration::Together, &never).map(|explored| explored.found)
        {
            answer.together = explore::TogetherPart::all(&settings, &combined);
            together = explore::together_text(&settings, &combined, style);
        }
        if !left_out.is_empty() {
            let names: Vec<String> = left_out.iter().map(|id| clean::line(id.as_str())).collect();
            let _ = writeln!(page, "  left out, as most points have no answer about them: {}\n", names.join(", "));
        }
        if self.json {
            return parts::json(&answer);
        }
        if !settings.is_empty() {
            page.push_str(&text::text(&session.document.title, &settings, &answers, &answer, style));
        }
        Ok(page + &together)
    }

    /// What is asked about many settings, if anything.
    fn exploration(&self, settings: &[Setting]) -> anyhow::Result<Option<Exploration>> {
        let varied: Vec<Lever> =
            self.vary.iter().map(|text| Lever::parse(text)).collect::<Result<_, _>>().map_err(usage)?;
        let of_settings = || settings.iter().map(|it| Lever::of(it.place.clone(), it.knob)).collect();
        let levers = if varied.is_empty() { of_settings() } else { varied };
        let targets: Vec<Target> =
            self.goals.iter().map(|text| Target::parse(text)).collect::<Result<_, _>>().map_err(usage)?;
        if !targets.is_empty() {
            return Ok(Some(Exploration::Goal { levers, targets }));
        }
        if self.frontier {
            return Ok(Some(Exploration::Frontier { levers }));
        }
        if let Some(metric) = &self.tornado {
            return Ok(Some(Exploration::Tornado { levers, metric: metric.clone() }));
        }
        if !self.vary.is_empty() {
            return Err(usage("--vary says what may be moved: it goes with --goal, --frontier or --tornado"));
        }
        Ok(None)
    }

    /// What models can use; nothing of a session without measurements.
    fn data(&self, session: &Session) -> anyhow::Result<SessionData> {
        let Some(recording) = &session.recording else {
            if self.from.or(self.to).is_some() {
                bail!("this session has no measurements, so that --from and --to mean nothing; leave them out");
            }
            return Ok(SessionData::default());
        };
        let range = match recording.summary()?.span {
            Some(span) => {
                let from = self.from.map(|from| from.within(span)).transpose()?.unwrap_or(span.from);
                let to = self.to.map(|to| to.within(span)).transpose()?.unwrap_or(span.to);
                if from >= to {
                    bail!("--from must be earlier than --to");
                }
                Some(TimeRange::new(from, to))
            }
            None => None,
        };
        Ok(gather(recording, Some(&session.document), range)?)
    }
}

/// Keeps an answer in the session's own file.
fn pin(
    session: &mut Session,
    name: &str,
    settings: &[Setting],
    data: &SessionData,
    answers: &[Part],
) -> anyhow::Result<()> {
    let Some(path) = session.path.clone() else {
        bail!("a bundled session or standard input can't keep a prediction; save the session to a file first");
    };
    if session.document.predictions.iter().any(|pinned| pinned.name == name) {
        bail!("a prediction of the name \"{name}\" is pinned already; choose another name");
    }
    if answers.iter().all(|part| part.outcomes.is_empty()) {
        bail!("there is no prediction to pin: every model refused");
    }
    let range = data.range.ok_or_else(|| anyhow!("nothing was measured, so that there is nothing to pin"))?;
    let stored: Vec<_> = settings.iter().map(|setting| (setting.path(), setting.value.to_string())).collect();
    let pinned = ledger::pin(name, wall_clock(), &session.document.title, &stored, range, answers);
    session.document.predictions.push(pinned);
    let recording = session.recording.as_ref().map(|recording| recording.path().to_owned());
    save(&session.document, &session.unknown, recording.as_deref(), &path, &mut |_| true)?;
    Ok(())
}

/// Settings of components that the session does not have would be answered by silence.
fn check_components(settings: &[Setting], data: &SessionData) -> anyhow::Result<()> {
    if data.components.is_empty() {
        bail!(
            "nothing was measured in this session, so that nothing can be predicted; \
             record a node with `vivarium record beam:NAME@HOST --gc-trace '*' -o FILE`, or open a trace or a request log"
        );
    }
    for setting in settings {
        let Place::Component(id) = &setting.place else { continue };
        if !data.components.iter().any(|component| component.id == *id) {
            let known: Vec<_> = data.components.iter().take(20).map(|component| component.id.as_str()).collect();
            let more = if data.components.len() > known.len() { ", …" } else { "" };
            bail!("there is no component \"{id}\" in this session; there is {}{more}", known.join(", "));
        }
    }
    Ok(())
}
