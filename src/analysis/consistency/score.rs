//! Scores of which it is not said what they rest on.

use super::context::{Context, joined, n};
use super::figures::Figure;
use super::{Checked, RuleClass, Severity};
use crate::model::document::{FigureRef, ScoreKind};
use crate::model::id::ItemId;
use crate::model::unit::{BaseUnit, Dimension, Unit};

/// What would have to be known to judge a score, and what would follow from what is.
pub fn score(cx: &Context, score: &FigureRef, kind: ScoreKind, known: &[FigureRef], seen_in: &[ItemId]) -> Checked {
    let score = cx.figure(score)?;
    let known = cx.list(known)?;
    let of = |dimension: Dimension| known.iter().copied().filter(move |figure| figure.unit.dimension() == dimension);
    let mut figures = vec![score];
    figures.extend(&known);
    let mut derived = None;
    let (severity, message) = match kind {
        ScoreKind::Accuracy => {
            if of(Dimension::Count).next().is_some() {
                return Ok(Vec::new());
            }
            let message = format!(
                "{} ({}): of how many, and when one counts as right, is not said. Of 20 it would be {} right; one more or less is 5 %.",
                score.text(),
                score.label,
                n((score.number_in(Unit::RATIO)? * 20.0).round(), Unit::COUNT)
            );
            (Severity::Bound, message)
        }
        ScoreKind::Return => {
            let cost = of(Dimension::Money).any(|figure| figure.unit.per.is_none());
            if cost {
                return Ok(Vec::new());
            }
            let mut message = format!("{} ({}): no cost and no period are stated.", score.text(), score.label);
            let gain = of(Dimension::Money).find(|figure| figure.unit.per.is_some());
            if let Some((gain, per)) = gain.and_then(|gain| Some((gain, gain.unit.per?))) {
                let dollars = Unit::of(BaseUnit::Dollar);
                let amount = gain.value.representative() * gain.unit.base.factor();
                let cost = amount / score.factor().unwrap_or(1.0 + score.number_in(Unit::RATIO)?);
                message.push_str(&format!(
                    " Over one {}, (gain − cost) ÷ cost makes it a cost of {} for {}",
                    time_word(per),
                    n(cost, dollars),
                    gain.text()
                ));
                if let Some(effort) = of(Dimension::Time).next() {
                    let hours = effort.number_in(Unit::of(BaseUnit::Hour))?;
                    if hours > 0.0 {
                        message.push_str(&format!(", {} for each of {}", n(cost / hours, dollars), effort.text()));
                    }
                }
                message.push('.');
                derived = Some((cost, dollars));
            }
            (Severity::Bound, message)
        }
        ScoreKind::Index => {
            let equal = known.iter().filter(|figure| {
                figure.unit.is_comparable_to(score.unit)
                    && figure.number_in(score.unit).ok() == score.number_in(score.unit).ok()
            });
            let equal: Vec<String> = equal.map(|figure| format!("{} ({})", figure.label, figure.text())).collect();
            let mut message = format!("{} ({}): how it is made is not said.", score.text(), score.label);
            if !equal.is_empty() {
                message.push_str(&format!(" It is the same number as {}.", joined(equal, ", ")));
            }
            (Severity::Ambiguous, message)
        }
    };
    let figures: Vec<&Figure> = figures;
    let mut draft = cx.found(RuleClass::ScoreWithoutBase, severity, &figures).and(seen_in).stated(score);
    if let Some((cost, unit)) = derived {
        draft = draft.derived(cost, unit, "gain ÷ (1 + return)");
    }
    Ok(vec![draft.say(message)])
}

fn time_word(unit: BaseUnit) -> &'static str {
    match unit {
        BaseUnit::Month => "month",
        BaseUnit::Week => "week",
        BaseUnit::Day => "day",
        BaseUnit::Hour => "hour",
        BaseUnit::Minute => "minute",
        _ => "second",
    }
}
