//! The tables of what-if and of comparing: the present scenario's figures, pinned predictions with what came of them, and effects.

use super::Table;
use super::tables::{or_nothing, table};
use crate::analysis::effects::Effect;
use crate::model::format::number_text;
use crate::state::State;
use crate::whatif::outcome::OutcomeInfo;

fn name(metric: &str) -> String {
    OutcomeInfo::find(metric).map_or(metric, |info| info.title).to_owned()
}

pub(super) fn outcomes(state: &State) -> Option<Table> {
    let predicted = state.prediction()?;
    let mut rows = Vec::new();
    for part in &predicted.parts {
        let whose = part.component.as_ref().map_or("all together", |id| state.component_title(id));
        let trust = match part.confidence.level {
            Some(level) => format!("{}, {} confidence", part.confidence.grade.word(), level.word()),
            None => part.confidence.grade.word().to_owned(),
        };
        if part.outcomes.is_empty() {
            let why = part.confidence.reason.clone().unwrap_or_default();
            rows.push(vec![whose.to_owned(), or_nothing(why), or_nothing(""), or_nothing(""), or_nothing(""), trust]);
            continue;
        }
        for outcome in &part.outcomes {
            let text = |value| number_text(value, outcome.unit);
            rows.push(vec![
                whose.to_owned(),
                name(outcome.metric),
                or_nothing(outcome.baseline.map(text).unwrap_or_default()),
                text(outcome.predicted.value),
                format!("{} to {}", text(outcome.predicted.low), text(outcome.predicted.high)),
                trust.clone(),
            ]);
        }
    }
    let settings: Vec<String> = predicted.settings.iter().map(|(path, value)| format!("{path} = {value}")).collect();
    let caption = format!("What would have been with {}", settings.join(", "));
    table(&caption, &["Component", "Figure", "#Recorded", "#Predicted", "80 % band", "Trust"], rows)
}

pub(super) fn pinned(state: &State) -> Option<Table> {
    let mut rows = Vec::new();
    for pinned in &state.document.predictions {
        for outcome in &pinned.outcomes {
            let text = |value| number_text(value, outcome.unit);
            let came = pinned.checks.iter().rev().find_map(|check| {
                let result = check
                    .results
                    .iter()
                    .find(|result| result.metric == outcome.metric && result.component == outcome.component)?;
                let held = if result.held() { "held" } else { "missed" };
                Some(format!("{} ({held})", text(result.measured)))
            });
            let whose = outcome.component.as_ref().map_or("all together", |id| state.component_title(id));
            rows.push(vec![
                pinned.name.clone(),
                whose.to_owned(),
                name(&outcome.metric),
                text(outcome.value),
                format!("{} to {}", text(outcome.low), text(outcome.high)),
                or_nothing(came.unwrap_or_default()),
            ]);
        }
    }
    table(
        "Pinned predictions",
        &["Name", "Component", "Figure", "#Predicted", "80 % band", "Measured afterwards"],
        rows,
    )
}

pub(super) fn effects(state: &State) -> Option<Table> {
    let Ok(beside) = state.answers.beside.as_deref()? else { return None };
    let row = |effect: &Effect| {
        let text = |value| number_text(value, effect.metric.unit());
        let relative = effect.relative().map(|share| format!("{:+.1} %", share * 100.0)).unwrap_or_default();
        vec![
            effect.title.clone(),
            effect.metric.metric().title.to_owned(),
            text(effect.before.mean),
            text(effect.after.mean),
            or_nothing(relative),
            format!("{} to {}", text(effect.band.0), text(effect.band.1)),
            effect.verdict.word().to_owned(),
        ]
    };
    let caption = format!("Before, and {}", beside.title);
    let columns = ["Component", "Figure", "#Before", "#After", "#Change", "Difference, 95 % band", "Verdict"];
    table(&caption, &columns, beside.effects.iter().map(row).collect())
}
