//! What is being tried in thought: which scenario the sliders change, and which are shown beside it.

use std::sync::Arc;

use super::State;
use crate::model::document::Scenario;
use crate::model::id::ScenarioId;
use crate::model::time::TimeRange;
use crate::whatif::prediction::{Effort, Part};
use crate::whatif::scenario::Setting;

/// More scenarios side by side can't be told apart.
pub const MAX_COMPARED: usize = 4;

/// What the What-if view shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trying {
    /// The scenario that the sliders change; `None`: the first slider that moves makes one.
    pub scenario: Option<ScenarioId>,
    /// Scenarios that are shown side by side.
    pub compared: Vec<ScenarioId>,
    /// Whether sliders set every component, whatever is selected.
    pub everywhere: bool,
}

/// The models' answer to some settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// The settings as they were asked.
    pub settings: Vec<(String, String)>,
    /// Over which time.
    pub range: TimeRange,
    /// How much trouble was taken.
    pub effort: Effort,
    /// What each model says.
    pub parts: Vec<Part>,
}

/// One of several scenarios with its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Which.
    pub scenario: ScenarioId,
    /// Its answer.
    pub predicted: Arc<Predicted>,
}

impl State {
    /// The scenario that the sliders change.
    pub fn scenario(&self) -> Option<&Scenario> {
        let id = self.trying.scenario.as_ref()?;
        self.document.scenarios.iter().find(|scenario| &scenario.id == id)
    }

    /// Its settings as they are stored.
    pub fn settings(&self) -> &[(String, String)] {
        self.scenario().map_or(&[], |scenario| scenario.settings.as_slice())
    }

    /// The answer to the present settings, if it has arrived.
    pub fn prediction(&self) -> Option<&Arc<Predicted>> {
        let predicted = self.answers.predicted.as_ref()?;
        (predicted.settings == self.settings()).then_some(predicted)
    }
}

/// Stored settings as models take them.
///
/// # Errors
/// The first that can't be read, in a sentence.
pub fn parse(settings: &[(String, String)]) -> Result<Vec<Setting>, String> {
    settings.iter().map(|(path, value)| Setting::parse(&format!("{path}={value}"))).collect()
}
