//! Changes of the document. Each is one step of undo; typing into one field is one step in all.

mod component;

use std::sync::Arc;

use crate::app::{App, events};
use crate::model::document::{Decision, DecisionKind, DecisionState, Document, Opportunity, OpportunityState};
use crate::model::id::{DecisionId, HorizonId, OpportunityId, ScenarioId};
use crate::plan::ledger;
use crate::source::wall_clock;
use crate::state::command::{DecisionEdit, DocumentCommand, OpportunityEdit, ScenarioEdit};
use crate::state::question::Topic;
use crate::state::{Selection, State};
use crate::whatif::prediction::Effort;

/// Carries one out.
pub fn apply(app: &mut App, command: DocumentCommand) {
    let state = &mut app.state;
    let before = state.document.clone();
    let changed = match command {
        DocumentCommand::Undo => step(state, |state| state.history.undo(state.document.clone())),
        DocumentCommand::Redo => step(state, |state| state.history.redo(state.document.clone())),
        DocumentCommand::Seal => {
            state.history.seal();
            false
        }
        DocumentCommand::AddComponent(found) => component::add(state, found.as_ref()),
        DocumentCommand::EditComponent(id, change) => component::edit(state, &id, change),
        DocumentCommand::EditOpportunity(id, change) => edit_opportunity(state, &id, change),
        DocumentCommand::AddOpportunity(horizon) => add_opportunity(state, horizon),
        DocumentCommand::RemoveOpportunity(id) => edit(state, "remove an opportunity", None, |document| {
            document.opportunities.retain(|opportunity| opportunity.id != id);
            for opportunity in &mut document.opportunities {
                opportunity.depends_on.retain(|needed| needed != &id);
            }
        }),
        DocumentCommand::EditDecision(id, change) => edit_decision(state, &id, change),
        DocumentCommand::AddDecision => add_decision(state),
        DocumentCommand::RemoveDecision(id) => edit(state, "remove a decision", None, |document| {
            document.decisions.retain(|decision| decision.id != id);
        }),
        DocumentCommand::EditScenario(id, change) => edit_scenario(state, &id, change),
        DocumentCommand::RemoveScenario(id) => edit(state, "remove a scenario", None, |document| {
            document.scenarios.retain(|scenario| scenario.id != id);
        }),
        DocumentCommand::PinPrediction(name) => pin_prediction(app, &name),
        DocumentCommand::UnpinPrediction(name) => edit(state, "unpin a prediction", None, |document| {
            document.predictions.retain(|pinned| pinned.name != name);
        }),
        DocumentCommand::KeepCheck(name, check) => edit(state, "keep what came of a prediction", None, |document| {
            if let Some(pinned) = document.predictions.iter_mut().find(|pinned| pinned.name == name) {
                pinned.keep(check);
            }
        }),
    };
    if changed {
        let boxes = |document: &Document| -> Vec<_> {
            document.components.iter().map(|component| (component.id.clone(), component.title.clone())).collect()
        };
        if boxes(&before) != boxes(&app.state.document) {
            app.state.answers.answered.remove(&Topic::MapLayout);
        }
        // An answer that is on its way is about the document as it was.
        app.state.answers.answered.remove(&Topic::Consistency);
        app.state.answers.pending.remove(&Topic::Consistency);
        events::discover(&mut app.state);
        app.document_changed();
    }
}

fn step(state: &mut State, other: impl Fn(&mut State) -> Option<Arc<Document>>) -> bool {
    let Some(document) = other(state) else { return false };
    state.document = document;
    true
}

/// Changes a copy of the document and makes it the present one; false if nothing came out different.
pub(super) fn edit(
    state: &mut State,
    title: &str,
    merge_key: Option<String>,
    change: impl FnOnce(&mut Document),
) -> bool {
    let before = state.document.clone();
    let mut document = (*before).clone();
    change(&mut document);
    if document == *before {
        return false;
    }
    state.history.record(title, merge_key, before);
    state.document = Arc::new(document);
    true
}

fn edit_opportunity(state: &mut State, id: &OpportunityId, change: OpportunityEdit) -> bool {
    let (title, typed) = match &change {
        OpportunityEdit::Title(_) => ("name an opportunity", true),
        OpportunityEdit::About(_) => ("describe an opportunity", true),
        OpportunityEdit::EffortHours(_) => ("change the effort", true),
        OpportunityEdit::Risk(_) => ("change the risk", false),
        OpportunityEdit::State(_) => ("change the state of an opportunity", false),
        OpportunityEdit::Horizon(_) => ("move an opportunity", false),
    };
    let merge_key = typed.then(|| format!("{title} {id}"));
    edit(state, title, merge_key, |document| {
        let Some(opportunity) = document.opportunities.iter_mut().find(|opportunity| &opportunity.id == id) else {
            return;
        };
        match change {
            OpportunityEdit::Title(title) => opportunity.title = title,
            OpportunityEdit::About(about) => opportunity.about = about,
            OpportunityEdit::EffortHours(hours) => opportunity.effort_h = hours.filter(|hours| hours.is_finite()),
            OpportunityEdit::Risk(risk) => opportunity.risk = risk,
            OpportunityEdit::State(state) => opportunity.state = state,
            OpportunityEdit::Horizon(horizon) => opportunity.horizon = horizon,
        }
    })
}

fn edit_decision(state: &mut State, id: &DecisionId, change: DecisionEdit) -> bool {
    let (title, typed) = match &change {
        DecisionEdit::Question(_) => ("word a question", true),
        DecisionEdit::State(_) => ("decide", false),
        DecisionEdit::By(_) => ("say who decided", true),
        DecisionEdit::At(_) => ("say when it was decided", true),
        DecisionEdit::Why(_) => ("say why", true),
        DecisionEdit::Revisit(_) => ("say when to look again", true),
    };
    let merge_key = typed.then(|| format!("{title} {id}"));
    edit(state, title, merge_key, |document| {
        let Some(decision) = document.decisions.iter_mut().find(|decision| &decision.id == id) else { return };
        match change {
            DecisionEdit::Question(question) => decision.question = question,
            DecisionEdit::State(state) => decision.state = state,
            DecisionEdit::By(by) => decision.by = by,
            DecisionEdit::At(at) => decision.at = at,
            DecisionEdit::Why(why) => decision.why = why,
            DecisionEdit::Revisit(revisit) => decision.revisit = revisit,
        }
    })
}

fn edit_scenario(state: &mut State, id: &ScenarioId, change: ScenarioEdit) -> bool {
    let title = match &change {
        ScenarioEdit::Title(_) => "name a scenario",
        ScenarioEdit::Note(_) => "describe a scenario",
    };
    edit(state, title, Some(format!("{title} {id}")), |document| {
        let Some(scenario) = document.scenarios.iter_mut().find(|scenario| &scenario.id == id) else { return };
        match change {
            ScenarioEdit::Title(title) => scenario.title = title,
            ScenarioEdit::Note(note) => scenario.note = note,
        }
    })
}

fn pin_prediction(app: &mut App, name: &str) -> bool {
    let state = &mut app.state;
    let Some(predicted) = state.prediction().filter(|predicted| predicted.effort == Effort::Full).cloned() else {
        app.say_error("there is no complete prediction to pin yet; wait for it, or change a setting first");
        return false;
    };
    let recorded = state.session.as_ref().map(|session| session.title.clone()).unwrap_or_default();
    let taken = |name: &str| state.document.predictions.iter().any(|pinned| pinned.name == name);
    let name = if taken(name) { free_id(name, taken) } else { name.to_owned() };
    let pinned = ledger::pin(&name, wall_clock(), &recorded, &predicted.settings, predicted.range, &predicted.parts);
    edit(state, "pin a prediction", None, |document| document.predictions.push(pinned))
}

fn add_opportunity(state: &mut State, horizon: HorizonId) -> bool {
    let taken = |id: &str| state.document.opportunities.iter().any(|opportunity| opportunity.id.as_str() == id);
    let id = OpportunityId(free_id("opportunity", taken));
    let component = state.selected_component();
    let new = Opportunity {
        id: id.clone(),
        item: None,
        title: "New opportunity".to_owned(),
        about: String::new(),
        horizon,
        component,
        claims: Vec::new(),
        effort_h: None,
        risk: None,
        state: OpportunityState::Proposed,
        depends_on: Vec::new(),
    };
    let changed = edit(state, "add an opportunity", None, |document| document.opportunities.push(new));
    state.selection = Some(Selection::Opportunity(id));
    changed
}

fn add_decision(state: &mut State) -> bool {
    let taken = |id: &str| state.document.decisions.iter().any(|decision| decision.id.as_str() == id);
    let id = DecisionId(free_id("decision", taken));
    let about = state.selected_component();
    let new = Decision {
        id: id.clone(),
        item: None,
        question: "New question".to_owned(),
        kind: DecisionKind::Question,
        about,
        options: Vec::new(),
        state: DecisionState::Open,
        window_weeks: None,
        by: String::new(),
        at: String::new(),
        why: String::new(),
        revisit: String::new(),
    };
    let changed = edit(state, "add a decision", None, |document| document.decisions.push(new));
    state.selection = Some(Selection::Decision(id));
    changed
}

pub(super) fn free_id(stem: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut number = 1;
    loop {
        let id = format!("{stem}-{number}");
        if !taken(&id) {
            return id;
        }
        number += 1;
    }
}
