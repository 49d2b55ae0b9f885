//! Scenarios side by side: one column each, one row a figure.

use egui::{Grid, RichText, Ui, vec2};

use super::answer::{confidence_ui, name, predicted_text};
use crate::model::format::number_text;
use crate::state::State;
use crate::state::command::{Command, TryCommand};
use crate::state::question::Topic;
use crate::state::whatif::Compared;
use crate::ui::theme::Theme;
use crate::whatif::outcome::OUTCOMES;
use crate::whatif::prediction::{Grade, Outcome, Part};

/// Draws them.
pub fn compared_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Side by side").heading());
        if state.answers.is_pending(Topic::Compared) {
            ui.label(RichText::new("computing …").small().color(weak));
        }
    });
    let shown: Vec<&Compared> =
        state.answers.compared.iter().filter(|one| state.trying.compared.contains(&one.scenario)).collect();
    Grid::new("compared").num_columns(shown.len() + 2).striped(true).spacing(vec2(16.0, 4.0)).show(ui, |ui| {
        ui.label("");
        ui.label(RichText::new("recorded").small().color(weak));
        for one in &shown {
            let title = state.document.scenarios.iter().find(|scenario| scenario.id == one.scenario);
            ui.horizontal(|ui| {
                if ui.link(title.map_or("", |scenario| scenario.title.as_str())).clicked() {
                    commands.push(TryCommand::Choose(Some(one.scenario.clone())).into());
                }
                if let Some(part) = whole(one) {
                    confidence_ui(part, ui);
                }
                if ui.small_button("Hide").clicked() {
                    commands.push(TryCommand::Compare(one.scenario.clone(), false).into());
                }
            });
        }
        ui.end_row();
        for info in OUTCOMES {
            let outcomes: Vec<_> = shown.iter().map(|one| outcome(one, info.id)).collect();
            let Some(first) = outcomes.iter().flatten().next() else { continue };
            ui.label(name(info.id)).on_hover_text(info.definition);
            let recorded = first.0.baseline.map(|baseline| number_text(baseline, first.0.unit));
            ui.label(recorded.unwrap_or_else(|| String::from("not known")));
            for found in outcomes {
                match found {
                    Some((outcome, is_bound)) => ui.label(RichText::new(predicted_text(outcome, is_bound)).strong()),
                    None => ui.label(RichText::new("no answer").color(weak)),
                };
            }
            ui.end_row();
        }
    });
}

/// The part that stands for a scenario: that of all, or the only one.
fn whole(one: &Compared) -> Option<&Part> {
    let parts = &one.predicted.parts;
    parts.iter().find(|part| part.component.is_none()).or_else(|| parts.first())
}

fn outcome<'a>(one: &'a Compared, metric: &str) -> Option<(&'a Outcome, bool)> {
    let parts = &one.predicted.parts;
    let of_all = parts.iter().filter(|part| part.component.is_none()).chain(parts);
    of_all
        .flat_map(|part| part.outcomes.iter().map(move |outcome| (outcome, part.confidence.grade == Grade::Bound)))
        .find(|(outcome, _)| outcome.metric == metric)
}
