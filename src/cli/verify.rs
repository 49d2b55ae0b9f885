//! `verify`: before and after a change, figure by figure, and predictions that were pinned before it.

use std::io::Write;

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::session_name::{self, SessionName};
use super::{AnswerIsNo, clean};
use crate::analysis::effects::{Effect, Side, Verdict};
use crate::model::document::{Check, Document, PinnedPrediction};
use crate::model::format::number_text;
use crate::model::id::ComponentId;
use crate::model::unit::Unit;
use crate::plan::ledger::scores;
use crate::session::comparison::{Part, compare};
use crate::session::save::save;
use crate::session::verification::verify;
use crate::whatif::outcome::OutcomeInfo;

const FORMAT: &str = "vivarium.verify/1";

/// Compare a recording with a later one, and hold pinned predictions against it; exit code 3 if one missed or a figure got worse
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Predictions are pinned in the window (What-if) or with `vivarium whatif … --pin NAME`, and kept in BEFORE. Totals, such as collections,
are compared for as much work as AFTER saw; quantiles and peaks as they are. A figure got worse where the 95 % band of the change
leaves out 0 and Cliff's delta is not negligible.

Examples:
  vivarium verify before.vivarium after.vivarium
  vivarium verify before.vivarium after.vivarium --prediction 'fewer sweeps' --save")]
pub struct Verify {
    /// The session that the prediction was made from
    #[arg(value_parser = session_name::parser())]
    before: SessionName,
    /// The recording of the changed system
    #[arg(value_parser = session_name::parser())]
    after: SessionName,
    /// Only this prediction, without the figures; else all that are pinned
    #[arg(long, value_name = "NAME")]
    prediction: Option<String>,
    /// Keep the outcome in BEFORE
    #[arg(long)]
    save: bool,
    /// As JSON, format vivarium.verify/1
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verified<'a> {
    format: &'static str,
    /// Whether every band held, of what counts, and no figure got worse.
    held: bool,
    /// Figures of both, those that surely differ first.
    effects: Vec<EffectPart<'a>>,
    predictions: Vec<VerifiedPrediction<'a>>,
    scores: Vec<ScorePart>,
}

#[derive(Serialize)]
struct EffectPart<'a> {
    metric: &'static str,
    component: Option<&'a str>,
    unit: Unit,
    before: SidePart,
    after: SidePart,
    difference: f64,
    low: f64,
    high: f64,
    cliffs_delta: f64,
    verdict: &'static str,
}

#[derive(Serialize)]
struct SidePart {
    values: usize,
    mean: f64,
    median: f64,
    p95: f64,
}

#[derive(Serialize)]
struct VerifiedPrediction<'a> {
    name: &'a str,
    at: &'a str,
    settings: &'a [(String, String)],
    counts: bool,
    outcomes: Vec<OutcomePart<'a>>,
}

#[derive(Serialize)]
struct OutcomePart<'a> {
    metric: &'a str,
    component: Option<&'a str>,
    predicted: f64,
    low: f64,
    high: f64,
    measured: f64,
    held: bool,
}

#[derive(Serialize)]
struct ScorePart {
    model: String,
    held: usize,
    checked: usize,
    share_low: f64,
    share_high: f64,
    bias: Option<f64>,
}

impl Verify {
    /// Opens both, checks, and answers on standard output.
    pub fn run(self) -> anyhow::Result<()> {
        let mut before = self.before.open()?.session;
        let after = self.after.open()?.session;
        let none = |what: &str| anyhow!("{what} has no measurements; give a recording");
        let of_after = after.recording.as_ref().ok_or_else(|| none("AFTER"))?;
        let of_before = before.recording.as_ref().ok_or_else(|| none("BEFORE"))?;
        let wanted = |pinned: &&PinnedPrediction| self.prediction.as_ref().is_none_or(|name| *name == pinned.name);
        let names: Vec<&str> = before.document.predictions.iter().map(|pinned| pinned.name.as_str()).collect();
        if self.prediction.is_some() && names.is_empty() {
            bail!("no prediction is pinned in BEFORE; pin one with `vivarium whatif BEFORE --set … --pin NAME`");
        }
        let predictions = before.document.predictions.iter().filter(wanted);
        let outcomes = verify(predictions.clone(), (&before.document, of_before), (&after.document, of_after))?;
        let checks: Vec<(String, Check)> = predictions.map(|pinned| pinned.name.clone()).zip(outcomes).collect();
        if self.prediction.is_some() && checks.is_empty() {
            bail!("no prediction is pinned under that name; there is {}", names.join(", "));
        }
        let effects = match self.prediction {
            Some(_) => Vec::new(),
            None => {
                let whole = |recording| Part { recording, range: None };
                let title = |id: &ComponentId| title(&before.document, id);
                compare(whole(of_before), whole(of_after), &title)?
            }
        };
        for (name, check) in &checks {
            let pinned = before.document.predictions.iter_mut().find(|pinned| pinned.name == *name);
            if let Some(pinned) = pinned {
                pinned.keep(check.clone());
            }
        }
        let is_worse = effects.iter().any(|effect| effect.verdict == Verdict::Worse);
        let held = !is_worse && checks.iter().all(|(_, check)| check.results.iter().all(|result| result.held()));
        let result = if self.json {
            self.json(&before.document.predictions, &checks, &effects, held)?
        } else {
            text(&before.document.predictions, &checks) + &effects_text(&effects)
        };
        std::io::stdout().lock().write_all(result.as_bytes())?;
        if self.save {
            let path =
                before.path.clone().ok_or_else(|| anyhow!("BEFORE is no file that the outcome could be kept in"))?;
            let recording = before.recording.as_ref().map(|recording| recording.path().to_owned());
            save(&before.document, &before.unknown, recording.as_deref(), &path, &mut |_| true)?;
        }
        if held { Ok(()) } else { Err(AnswerIsNo.into()) }
    }

    fn json(
        &self,
        pinned: &[PinnedPrediction],
        checks: &[(String, Check)],
        effects: &[Effect],
        held: bool,
    ) -> anyhow::Result<String> {
        let predictions = checks.iter().filter_map(|(name, check)| {
            let pinned = pinned.iter().find(|pinned| pinned.name == *name)?;
            let outcomes = check.results.iter().map(|result| OutcomePart {
                metric: &result.metric,
                component: result.component.as_ref().map(|id| id.as_str()),
                predicted: result.predicted,
                low: result.low,
                high: result.high,
                measured: result.measured,
                held: result.held(),
            });
            Some(VerifiedPrediction {
                name: &pinned.name,
                at: &pinned.at,
                settings: &pinned.settings,
                counts: check.counts,
                outcomes: outcomes.collect(),
            })
        });
        let scores = scores(pinned).into_iter().map(|score| ScorePart {
            model: score.model,
            held: score.held,
            checked: score.checked,
            share_low: score.interval.0,
            share_high: score.interval.1,
            bias: score.bias,
        });
        let effects = effects.iter().map(effect_part).collect();
        let (predictions, scores) = (predictions.collect(), scores.collect());
        let verified = Verified { format: FORMAT, held, effects, predictions, scores };
        Ok(format!("{}\n", serde_json::to_string_pretty(&verified)?))
    }
}

fn effect_part(effect: &Effect) -> EffectPart<'_> {
    let side = |side: Side| SidePart { values: side.count, mean: side.mean, median: side.median, p95: side.p95 };
    EffectPart {
        metric: effect.metric.id(),
        component: effect.component.as_ref().map(|id| id.as_str()),
        unit: effect.metric.unit(),
        before: side(effect.before),
        after: side(effect.after),
        difference: effect.difference,
        low: effect.band.0,
        high: effect.band.1,
        cliffs_delta: effect.delta,
        verdict: effect.verdict.word(),
    }
}

/// The document's name of a component, or else what its id says.
fn title(document: &Document, id: &ComponentId) -> String {
    let known = document.component(id).map(|component| component.title.clone());
    known.unwrap_or_else(|| id.as_str().split_once(':').map_or(id.as_str(), |(_, name)| name).to_owned())
}

fn effects_text(effects: &[Effect]) -> String {
    let mut out = String::new();
    let clear = |effect: &&Effect| !matches!(effect.verdict, Verdict::NoClearChange | Verdict::TooLittle);
    for effect in effects.iter().filter(clear) {
        let text = |value: f64| number_text(value, effect.metric.unit());
        let relative = effect.relative().map(|share| format!(" ({:+.1} %)", share * 100.0)).unwrap_or_default();
        out.push_str(&format!(
            "{:<9} {}: {} {} → {}{relative}, by {} to {}\n",
            effect.verdict.word(),
            clean::line(&effect.title),
            effect.metric.metric().title,
            text(effect.before.mean),
            text(effect.after.mean),
            text(effect.band.0),
            text(effect.band.1),
        ));
    }
    let unclear = effects.len() - effects.iter().filter(clear).count();
    if unclear > 0 {
        out.push_str(&format!("{unclear} other figures show no clear change\n"));
    }
    out
}

fn text(pinned: &[PinnedPrediction], checks: &[(String, Check)]) -> String {
    let mut out = String::new();
    for (name, check) in checks {
        let Some(pinned) = pinned.iter().find(|pinned| pinned.name == *name) else { continue };
        let settings: Vec<String> = pinned.settings.iter().map(|(path, value)| format!("{path} = {value}")).collect();
        out.push_str(&format!("{}: {}\n", clean::line(name), clean::line(&settings.join(", "))));
        if !check.counts {
            out.push_str("  does not count: AFTER was recorded before the prediction was pinned\n");
        }
        if check.results.is_empty() {
            out.push_str("  nothing in AFTER tells whether it came true: trace the same components there\n");
        }
        for result in &check.results {
            let unit =
                pinned.outcomes.iter().find(|outcome| outcome.metric == result.metric).map(|outcome| outcome.unit);
            let number = |value: f64| unit.map_or_else(|| format!("{value:.4}"), |unit| number_text(value, unit));
            let whose = result.component.as_ref().map_or("all together", |id| id.as_str());
            let title = OutcomeInfo::find(&result.metric).map_or(result.metric.as_str(), |info| info.title);
            out.push_str(&format!(
                "  {:<6} {}: {} predicted {} [{} .. {}], measured {}\n",
                if result.held() { "held" } else { "missed" },
                clean::line(whose),
                title,
                number(result.predicted),
                number(result.low),
                number(result.high),
                number(result.measured),
            ));
        }
    }
    for score in scores(pinned) {
        let (low, high) = score.interval;
        out.push_str(&format!(
            "{}: {} of {} bands held ({:.0} to {:.0} % in truth, at 95 %)\n",
            score.model,
            score.held,
            score.checked,
            low * 100.0,
            high * 100.0
        ));
    }
    out
}
