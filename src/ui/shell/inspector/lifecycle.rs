//! The pipeline runs of the document, phase by phase and step by step.

use crate::model::document::{GateState, Message, PipelineRun, StrategyOption};
use crate::model::id::ParticipantId;
use crate::model::quantity::{Quantity, Value};
use crate::model::unit::{BaseUnit, Unit};
use crate::state::State;
use crate::state::command::Command;

use super::stated::{claim_row, fact_row, function_row, stated_row, text_row};
use super::{row, section, text};

/// Draws all of them, folded.
pub fn lifecycle_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    for run in &state.document.pipeline {
        section(ui, &run.title);
        for phase in &run.phases {
            let title = format!("{} (after {})", phase.title, hours_text(phase.starts_h));
            egui::CollapsingHeader::new(title).id_salt(&phase.item.0).show(ui, |ui| {
                for message in &phase.messages {
                    message_ui(state, run, message, ui, commands);
                }
            });
        }
    }
}

fn hours_text(hours: f64) -> String {
    crate::model::format::duration_text(hours * 3600.0)
}

fn message_ui(state: &State, run: &PipelineRun, message: &Message, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let document = &state.document;
    let name = |id: &ParticipantId| {
        let found = run.participants.iter().find(|participant| &participant.id == id);
        found.map_or_else(|| id.to_string(), |participant| participant.title.clone())
    };
    let who = if message.from == message.to {
        name(&message.from)
    } else {
        format!("{} → {}", name(&message.from), name(&message.to))
    };
    egui::CollapsingHeader::new(&message.title).id_salt(&message.item.0).show(ui, |ui| {
        row(ui, "Who", &who);
        if let Some(code) = &message.code {
            row(ui, "Code", &code.place);
        }
        message.facts.iter().for_each(|fact| fact_row(state, fact, ui, commands));
        message.claims.iter().for_each(|claim| claim_row(state, claim, ui, commands));
        message.hot_functions.iter().for_each(|function| function_row(state, function, ui, commands));
        for finding in &message.findings {
            let words = format!("{}: {}", finding.title, finding.text);
            text_row(state, &words, &document.stated(&finding.item), ui, commands);
        }
        message.options.iter().for_each(|option| option_ui(state, option, ui, commands));
        for gate in &message.gates {
            let word = match gate.state {
                GateState::Open => "open",
                GateState::Passed => "passed",
                GateState::Failed => "failed",
            };
            let words = format!("Gate, {word}: {}", gate.title);
            text_row(state, &words, &document.stated(&gate.item), ui, commands);
        }
        for decision in &message.decisions {
            text(ui, &format!("Decision, {}: {}", decision.state.word(), decision.question));
        }
        for note in &message.notes {
            let words = format!("{:?}: {}", note.kind, note.text);
            text_row(state, &words, &document.stated(&note.item), ui, commands);
        }
    });
}

fn option_ui(state: &State, option: &StrategyOption, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let document = &state.document;
    text_row(state, &format!("Option: {}", option.title), &document.stated(&option.item), ui, commands);
    ui.indent(&option.item.0, |ui| {
        option.impact.iter().for_each(|claim| claim_row(state, claim, ui, commands));
        if let Some((item, risk)) = &option.risk {
            text_row(state, &format!("Risk: {}", risk.word()), &document.stated(item), ui, commands);
        }
        let figures = [("Length", &option.weeks, BaseUnit::Week), ("Effort", &option.effort_h, BaseUnit::Hour)];
        for (label, figure, unit) in figures {
            if let Some((item, value)) = figure {
                let provenance = document.stated(item);
                let quantity = Quantity { value: Value::Exact(*value), unit: Unit::of(unit), provenance };
                stated_row(state, label, &quantity, None, ui, commands);
            }
        }
        if let Some((item, place)) = &option.chosen {
            let words = format!("Chosen, number {place} of the sequence");
            text_row(state, &words, &document.stated(item), ui, commands);
        }
    });
}
