//! Predict, prove, pin: predictions that are kept as they were made, and what came of them.

use egui::{RichText, TextEdit, Ui};

use super::answer::name;
use crate::model::document::{CheckedOutcome, PinnedPrediction};
use crate::model::format::number_text;
use crate::plan::ledger::scores;
use crate::state::State;
use crate::state::command::{Command, DocumentCommand};
use crate::ui::theme::Theme;
use crate::whatif::prediction::Effort;

/// Draws them.
pub fn pins_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    ui.label(RichText::new("Pinned predictions").strong().color(Theme::get(ui).accent));
    let can_pin = state.prediction().is_some_and(|predicted| {
        predicted.effort == Effort::Full && predicted.parts.iter().any(|part| !part.outcomes.is_empty())
    });
    if let (true, Some(scenario)) = (can_pin, state.scenario()) {
        ui.horizontal(|ui| {
            let memory = ui.scope_id().with("name of the pin");
            let mut text = ui.data(|data| data.get_temp::<String>(memory)).unwrap_or_else(|| scenario.title.clone());
            let field = ui.add(TextEdit::singleline(&mut text).desired_width(160.0));
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Name of the pinned prediction"));
            if field.changed() {
                ui.data_mut(|data| data.insert_temp(memory, text.clone()));
            }
            let hover = "Keeps these figures as they are now. Make the change, record again, and run: vivarium verify BEFORE AFTER";
            if ui.button("Pin this prediction").on_hover_text(hover).clicked() && !text.trim().is_empty() {
                commands.push(DocumentCommand::PinPrediction(text.trim().to_owned()).into());
                ui.data_mut(|data| data.remove::<String>(memory));
            }
        });
    }
    let predictions = &state.document.predictions;
    if predictions.is_empty() {
        ui.label(RichText::new("None yet. A pinned prediction is held against a later recording.").small().color(weak));
        return;
    }
    for score in scores(predictions) {
        let (low, high) = score.interval;
        let text = format!(
            "{}: {} of {} bands held; in truth {:.0} to {:.0} %",
            score.model,
            score.held,
            score.checked,
            low * 100.0,
            high * 100.0
        );
        let hover = "Bands should hold eight times of ten. The range is the 95 % interval of Wilson (1927).";
        ui.label(RichText::new(text)).on_hover_text(hover);
    }
    for pinned in predictions.iter().rev() {
        pinned_ui(pinned, ui, commands);
    }
}

fn pinned_ui(pinned: &PinnedPrediction, ui: &mut Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    let settings: Vec<String> = pinned.settings.iter().map(|(path, value)| format!("{path} = {value}")).collect();
    egui::CollapsingHeader::new(&pinned.name).id_salt(&pinned.name).show(ui, |ui| {
        ui.label(RichText::new(format!("Pinned {} from {}", pinned.at, pinned.recorded)).small().color(weak));
        ui.add(egui::Label::new(settings.join(", ")).wrap());
        for outcome in &pinned.outcomes {
            let text = |value| number_text(value, outcome.unit);
            let whose = outcome.component.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
            ui.label(format!(
                "{whose}{} {} ({} to {})",
                name(&outcome.metric),
                text(outcome.value),
                text(outcome.low),
                text(outcome.high)
            ));
        }
        for check in &pinned.checks {
            let held = check.results.iter().filter(|result| result.held()).count();
            let counted = if check.counts { "" } else { " (recorded before it was pinned: does not count)" };
            let text =
                format!("Held against {}: {held} of {} bands held{counted}", check.recorded, check.results.len());
            ui.label(RichText::new(text).strong());
            for result in check.results.iter().filter(|result| !result.held()) {
                ui.label(missed(pinned, result));
            }
        }
        if ui.small_button("Forget").clicked() {
            commands.push(DocumentCommand::UnpinPrediction(pinned.name.clone()).into());
        }
    });
}

fn missed(pinned: &PinnedPrediction, result: &CheckedOutcome) -> String {
    let outcome = pinned.outcomes.iter().find(|one| one.metric == result.metric && one.component == result.component);
    let text = |value: f64| outcome.map_or_else(|| format!("{value:.3}"), |one| number_text(value, one.unit));
    format!("{}: predicted {}, measured {}", name(&result.metric), text(result.predicted), text(result.measured))
}
