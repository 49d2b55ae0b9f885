//! The editor of one opportunity.

use egui::{DragValue, RichText, Ui};

use super::fields::{choice, text_field};
use super::lanes::claims_ui;
use crate::model::document::{Opportunity, OpportunityState, Risk};
use crate::state::command::{Command, DocumentCommand, NavigateCommand, OpportunityEdit};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;

/// Draws it; every change becomes a command.
pub fn editor_ui(state: &State, opportunity: &Opportunity, ui: &mut Ui, commands: &mut Vec<Command>) {
    let id = &opportunity.id;
    let edit = |edit: OpportunityEdit| DocumentCommand::EditOpportunity(id.clone(), edit);
    ui.push_id(id, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Opportunity").heading());
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.small_button("Remove").accessible_name("Remove this opportunity").clicked() {
                    commands.push(DocumentCommand::RemoveOpportunity(id.clone()).into());
                    commands.push(NavigateCommand::Select(None).into());
                }
                if ui.small_button("Close").accessible_name("Close the editor").clicked() {
                    commands.push(NavigateCommand::Select(None).into());
                }
            });
        });
        text_field(ui, "Title", "what would be done", 1, &opportunity.title, commands, |text| {
            edit(OpportunityEdit::Title(text))
        });
        text_field(ui, "About", "how it would be done", 3, &opportunity.about, commands, |text| {
            edit(OpportunityEdit::About(text))
        });
        let states = OpportunityState::ALL.map(|state| (state, state.words()));
        if let Some(chosen) = choice(ui, "State", &states, opportunity.state) {
            commands.push(edit(OpportunityEdit::State(chosen)).into());
        }
        let horizons = &state.document.horizons;
        let mut options: Vec<(usize, &str)> = horizons.iter().map(|found| found.title.as_str()).enumerate().collect();
        let present = horizons.iter().position(|found| found.id == opportunity.horizon).unwrap_or(horizons.len());
        if present == horizons.len() {
            options.push((present, "none"));
        }
        if let Some(chosen) = choice(ui, "Horizon", &options, present).and_then(|index| horizons.get(index)) {
            commands.push(edit(OpportunityEdit::Horizon(chosen.id.clone())).into());
        }
        let lane_risk = state.document.horizon(&opportunity.horizon).and_then(|horizon| horizon.risk);
        let as_lane = lane_risk.map_or("not stated".to_owned(), |risk| format!("as its horizon: {}", risk.word()));
        let mut risks: Vec<(Option<Risk>, &str)> = vec![(None, as_lane.as_str())];
        risks.extend(Risk::ALL.map(|risk| (Some(risk), risk.word())));
        if let Some(chosen) = choice(ui, "Risk", &risks, opportunity.risk) {
            commands.push(edit(OpportunityEdit::Risk(chosen)).into());
        }
        effort_ui(opportunity, ui, commands);
        component_ui(state, opportunity, ui, commands);
        ui.label(RichText::new("Claimed effects").small());
        if opportunity.claims.is_empty() {
            ui.label(RichText::new("none with a figure").small().color(Theme::get(ui).text_weak));
        }
        claims_ui(state, &opportunity.claims, ui, commands);
    });
}

fn effort_ui(opportunity: &Opportunity, ui: &mut Ui, commands: &mut Vec<Command>) {
    let edit = |hours: Option<f64>| {
        DocumentCommand::EditOpportunity(opportunity.id.clone(), OpportunityEdit::EffortHours(hours))
    };
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("Effort").small());
        match opportunity.effort_h {
            Some(mut hours) => {
                let field = DragValue::new(&mut hours).range(0.0..=100_000.0).speed(1.0).max_decimals(1).suffix(" h");
                let response = ui.add(field).labelled_by(label.id);
                if response.changed() {
                    commands.push(edit(Some(hours)).into());
                }
                if response.lost_focus() || response.drag_stopped() {
                    commands.push(DocumentCommand::Seal.into());
                }
                if ui.small_button("Unknown").accessible_name("Effort is unknown").clicked() {
                    commands.push(edit(None).into());
                }
            }
            None => {
                ui.label(RichText::new("not stated").small());
                if ui.small_button("Estimate").accessible_name("Estimate the effort").clicked() {
                    commands.push(edit(Some(8.0)).into());
                }
            }
        }
    });
}

fn component_ui(state: &State, opportunity: &Opportunity, ui: &mut Ui, commands: &mut Vec<Command>) {
    let Some(component) = &opportunity.component else { return };
    ui.horizontal(|ui| {
        ui.label(RichText::new("Changes").small());
        if ui.link(state.component_title(component)).clicked() {
            commands.push(NavigateCommand::Select(Some(Selection::Component(component.clone()))).into());
        }
    });
}
