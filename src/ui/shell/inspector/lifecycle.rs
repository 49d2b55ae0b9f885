//! The pipeline runs of the document, phase by phase and step by step.

use crate::model::document::{Document, GateState, Message, PipelineRun, StrategyOption};
use crate::model::id::ParticipantId;
use crate::model::quantity::{Quantity, Value};
use crate::model::unit::{BaseUnit, Unit};

use super::stated::{claim_row, fact_row, function_row, quantity_row, text_row};
use super::{row, section, text};

/// Draws all of them, folded.
pub fn lifecycle_ui(document: &Document, ui: &mut egui::Ui) {
    for run in &document.pipeline {
        section(ui, &run.title);
        for phase in &run.phases {
            let title = format!("{} (after {})", phase.title, hours_text(phase.starts_h));
            egui::CollapsingHeader::new(title).id_salt(&phase.item.0).show(ui, |ui| {
                for message in &phase.messages {
                    message_ui(document, run, message, ui);
                }
            });
        }
    }
}

fn hours_text(hours: f64) -> String {
    crate::model::format::duration_text(hours * 3600.0)
}

fn message_ui(document: &Document, run: &PipelineRun, message: &Message, ui: &mut egui::Ui) {
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
        message.facts.iter().for_each(|fact| fact_row(ui, document, fact));
        message.claims.iter().for_each(|claim| claim_row(ui, document, claim));
        message.hot_functions.iter().for_each(|function| function_row(ui, document, function));
        for finding in &message.findings {
            text_row(ui, &format!("{}: {}", finding.title, finding.text), &document.stated(&finding.item));
        }
        message.options.iter().for_each(|option| option_ui(document, option, ui));
        for gate in &message.gates {
            let state = match gate.state {
                GateState::Open => "open",
                GateState::Passed => "passed",
                GateState::Failed => "failed",
            };
            text_row(ui, &format!("Gate, {state}: {}", gate.title), &document.stated(&gate.item));
        }
        for decision in &message.decisions {
            text(ui, &format!("Decision, {}: {}", decision.state.word(), decision.question));
        }
        for note in &message.notes {
            text_row(ui, &format!("{:?}: {}", note.kind, note.text), &document.stated(&note.item));
        }
    });
}

fn option_ui(document: &Document, option: &StrategyOption, ui: &mut egui::Ui) {
    text_row(ui, &format!("Option: {}", option.title), &document.stated(&option.item));
    ui.indent(&option.item.0, |ui| {
        option.impact.iter().for_each(|claim| claim_row(ui, document, claim));
        if let Some((item, risk)) = &option.risk {
            text_row(ui, &format!("Risk: {}", risk.word()), &document.stated(item));
        }
        let figures = [("Length", &option.weeks, BaseUnit::Week), ("Effort", &option.effort_h, BaseUnit::Hour)];
        for (label, figure, unit) in figures {
            if let Some((item, value)) = figure {
                let provenance = document.stated(item);
                let quantity = Quantity { value: Value::Exact(*value), unit: Unit::of(unit), provenance };
                quantity_row(ui, label, &quantity, None);
            }
        }
        if let Some((item, place)) = &option.chosen {
            text_row(ui, &format!("Chosen, number {place} of the sequence"), &document.stated(item));
        }
    });
}
