//! `whatif`: what other settings would have done to a recorded system, and which ones a session can answer.

mod goal;
mod list;
mod parts;
mod text;

use std::cell::RefCell;
use std::io::Write;

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
use crate::whatif::goal::{Lever, Sought, Target, seek};
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
  vivarium whatif trace.txt --vary '*.gc.min_heap_words=233..100000' --goal 'gc.count<=500'")]
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
    /// With --goal: a setting whose value is looked for; else those of --set are
    #[arg(long, value_name = "PATH[=LOW..HIGH]", requires = "goals")]
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
            let mut models = Models::default();
            let sought = self.seek(&settings, &data, &mut models)?;
            let settings = sought.as_ref().map_or(settings, |sought| sought.settings.clone());
            let answers = answer::predict(&mut models, &data, &settings, Effort::Full, &|| false);
            let source = open.session.recording.as_ref().map(|recording| recording.summary()).transpose()?;
            let source = source.map(|summary| summary.info.source).unwrap_or_default();
            if let Some(name) = &self.pin {
                pin(&mut open.session, name, &settings, &data, &answers)?;
            }
            let mut answer = parts::Answer::new(&settings, &answers, change_as_code(&settings), &source);
            answer.goal = sought.as_ref().map(|sought| goal::GoalPart::new(sought, &answers));
            let style = Style::of_standard_output();
            let before = sought.map_or_else(String::new, |sought| goal::text(&sought, &answers, style));
            match self.json {
                true => parts::json(&answer)?,
                false => before + &text::text(&open.session.document.title, &settings, &answers, &answer, style),
            }
        };
        std::io::stdout().lock().write_all(result.as_bytes())?;
        Ok(())
    }

    /// The values that come nearest to the goals, where there are any.
    fn seek(&self, settings: &[Setting], data: &SessionData, models: &mut Models) -> anyhow::Result<Option<Sought>> {
        if self.goals.is_empty() {
            return Ok(None);
        }
        let targets: Vec<Target> =
            self.goals.iter().map(|text| goal::target(text)).collect::<Result<_, _>>().map_err(usage)?;
        let varied: Vec<Lever> =
            self.vary.iter().map(|text| goal::lever(text)).collect::<Result<_, _>>().map_err(usage)?;
        let (levers, fixed) = match varied.is_empty() {
            true => (settings.iter().map(|it| Lever::of(it.place.clone(), it.knob)).collect(), &[][..]),
            false => (varied, settings),
        };
        let models = RefCell::new(models);
        let answer =
            |point: &[Setting]| answer::predict(&mut models.borrow_mut(), data, point, Effort::Coarse, &|| false);
        let sought = seek(&levers, &targets, fixed, &answer, &|| false);
        sought.map(Some).ok_or_else(|| {
            anyhow!("no value of these settings has an answer about all of these goals; `whatif --set` with one of them says why")
        })
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
