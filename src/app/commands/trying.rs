//! What is tried in thought: scenarios and their settings. Scenarios are part of the document, so each change is undone with it.

use super::document::{edit, free_id};
use crate::app::App;
use crate::model::document::Scenario;
use crate::model::id::ScenarioId;
use crate::state::State;
use crate::state::command::TryCommand;
use crate::state::whatif::MAX_COMPARED;

/// Carries one out.
pub fn apply(app: &mut App, command: TryCommand) {
    let state = &mut app.state;
    let changed = match command {
        TryCommand::Set(path, value) => set(state, &path, value),
        TryCommand::SetAll(settings) => set_all(state, settings),
        TryCommand::Explore(exploring) => {
            state.trying.exploring = exploring;
            false
        }
        TryCommand::New(settings) => new(state, settings),
        TryCommand::Choose(scenario) => {
            state.history.seal();
            state.trying.scenario = scenario;
            false
        }
        TryCommand::Compare(scenario, beside) => {
            state.trying.compared.retain(|known| *known != scenario);
            if beside {
                state.trying.compared.push(scenario);
                let surplus = state.trying.compared.len().saturating_sub(MAX_COMPARED);
                state.trying.compared.drain(..surplus);
            }
            false
        }
        TryCommand::Everywhere(everywhere) => {
            state.trying.everywhere = everywhere;
            false
        }
    };
    if changed {
        app.document_changed();
    }
}

fn set(state: &mut State, path: &str, value: Option<String>) -> bool {
    let made = state.scenario().is_none() && new(state, Vec::new());
    let Some(id) = state.trying.scenario.clone() else { return made };
    // A drag is one step.
    let merge_key = Some(format!("set {path} in {id}"));
    let set = edit(state, "move a slider", merge_key, |document| {
        if let Some(scenario) = document.scenarios.iter_mut().find(|scenario| scenario.id == id) {
            scenario.set(path, value);
        }
    });
    made || set
}

fn set_all(state: &mut State, settings: Vec<(String, String)>) -> bool {
    let Some(id) = state.trying.scenario.clone().filter(|_| state.scenario().is_some()) else {
        return new(state, settings);
    };
    edit(state, "take settings", None, |document| {
        if let Some(scenario) = document.scenarios.iter_mut().find(|scenario| scenario.id == id) {
            settings.into_iter().for_each(|(path, value)| scenario.set(&path, Some(value)));
        }
    })
}

fn new(state: &mut State, settings: Vec<(String, String)>) -> bool {
    let taken = |id: &str| state.document.scenarios.iter().any(|scenario| scenario.id.as_str() == id);
    let id = ScenarioId(free_id("scenario", taken));
    let title = format!("Scenario {}", state.document.scenarios.len() + 1);
    let scenario = Scenario { id: id.clone(), title, settings, note: String::new() };
    let changed = edit(state, "make a scenario", None, |document| document.scenarios.push(scenario));
    state.trying.scenario = Some(id);
    changed
}
