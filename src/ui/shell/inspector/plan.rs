//! An opportunity or a decision in brief; the Roadmap edits them.

use crate::model::id::{DecisionId, OpportunityId};
use crate::state::command::{Command, NavigateCommand};
use crate::state::{State, ViewId};
use crate::ui::widgets::doubt::statement_doubt_ui;
use crate::ui::widgets::provenance;

use super::consistency::{consistency_ui, measured_base_ui};
use super::stated::claim_row;
use super::{component_link, row, section, text, title_ui};

pub fn opportunity_ui(state: &State, id: &OpportunityId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(opportunity) = state.document.opportunity(id) else {
        title_ui(ui, "Removed", "this opportunity is not in the document any more");
        return;
    };
    let lane = state.document.horizon(&opportunity.horizon).map_or("", |horizon| horizon.title.as_str());
    title_ui(ui, &opportunity.title, &format!("opportunity, {lane}"));
    if !opportunity.about.is_empty() {
        text(ui, &opportunity.about);
    }
    section(ui, "Claimed");
    opportunity.claims.iter().for_each(|claim| claim_row(state, claim, ui, commands));
    if opportunity.claims.is_empty() {
        text(ui, "no effect with a figure");
    }
    measured_base_ui(state, opportunity, ui);
    section(ui, "Plan");
    row(ui, "State", opportunity.state.words());
    let effort = opportunity.effort_h.map_or("not stated".to_owned(), |hours| format!("{hours} h"));
    row(ui, "Effort", &effort);
    let risk = opportunity.risk.or(state.document.horizon(&opportunity.horizon).and_then(|horizon| horizon.risk));
    row(ui, "Risk", risk.map_or("not stated", |risk| risk.word()));
    if let Some(component) = &opportunity.component {
        ui.horizontal(|ui| {
            ui.label("Changes");
            component_link(state, component, ui, commands);
        });
    }
    consistency_ui(state, ui, commands);
    edit_link(state, ui, commands);
}

pub fn decision_ui(state: &State, id: &DecisionId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(decision) = state.document.decision(id) else {
        title_ui(ui, "Removed", "this decision is not in the document any more");
        return;
    };
    title_ui(ui, &decision.question, &format!("decision, {}", decision.state.word()));
    if let Some(component) = &decision.about {
        ui.horizontal(|ui| {
            ui.label("About");
            component_link(state, component, ui, commands);
        });
    }
    if let Some(item) = &decision.item {
        ui.horizontal(|ui| {
            ui.label("Asked by");
            ui.label(item.as_str());
            provenance::mark_ui(ui, &state.document.stated(item));
            statement_doubt_ui(state, &state.document.stated(item), ui, commands);
        });
    }
    if let Some((least, most)) = decision.window_weeks {
        let weeks = if least == most { format!("{least} weeks") } else { format!("{least} to {most} weeks") };
        row(ui, "Time to decide", &weeks);
    }
    for (label, value) in
        [("Decided by", &decision.by), ("On", &decision.at), ("Why", &decision.why), ("Look again", &decision.revisit)]
    {
        if !value.is_empty() {
            row(ui, label, value);
        }
    }
    if !decision.options.is_empty() {
        section(ui, "Options");
        for option in &decision.options {
            text(ui, &option.title).on_hover_text(&option.evidence);
        }
    }
    consistency_ui(state, ui, commands);
    edit_link(state, ui, commands);
}

fn edit_link(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    if state.view != ViewId::Roadmap && ui.button("Edit in the Roadmap").clicked() {
        commands.push(NavigateCommand::Show(ViewId::Roadmap).into());
    }
}
