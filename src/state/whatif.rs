//! What is being tried in thought: which scenario the sliders change, and which are shown beside it.

use std::sync::Arc;

use super::State;
use crate::model::document::Scenario;
use crate::model::id::ScenarioId;
use crate::model::time::TimeRange;
use crate::whatif::answer::{Answerable, Availability};
use crate::whatif::explore::{Exploration, Explored};
use crate::whatif::goal::{Lever, Target};
use crate::whatif::prediction::{Effort, Part};
use crate::whatif::scenario::{Place, Setting};

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
    /// What is asked about many settings at once.
    pub exploring: Exploring,
}

/// What is asked about many settings at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exploring {
    /// What; `None`: nothing.
    pub about: Option<About>,
    /// What may be moved, by the paths of knobs; while empty, what the scenario sets.
    pub levers: Vec<String>,
    /// What is wanted.
    pub targets: Vec<Target>,
    /// Whose movers are looked for, by the outcome's id.
    pub metric: Option<String>,
}

/// A kind of question about many settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Which settings reach a goal.
    Goal,
    /// Which settings no others beat.
    Frontier,
    /// Which knob matters.
    Tornado,
    /// What the scenario's settings do together.
    Together,
}

/// More levers have too many combinations.
pub const MAX_LEVERS: usize = 3;

/// An answer about many settings.
#[derive(Clone, Debug, PartialEq)]
pub struct ExploredAnswer {
    /// The settings that held.
    pub settings: Vec<(String, String)>,
    /// What was asked.
    pub exploration: Exploration,
    /// What was found; `None` where the settings can't be read.
    pub explored: Arc<Explored>,
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

    /// Where sliders set: the selected component, or all.
    pub fn place(&self) -> Place {
        let component = self.selected_component().filter(|_| !self.trying.everywhere);
        component.map_or(Place::All, Place::Component)
    }

    /// The knobs that can be answered where sliders set, each once.
    pub fn answerable(&self) -> Vec<&Availability> {
        let place = self.place();
        let known = self.answers.knobs.as_deref().map_or(&[][..], Vec::as_slice);
        let fits = |one: &&Availability| {
            let is_here = one.component.as_ref().is_none_or(|id| place.includes(id));
            is_here && one.answerable == Answerable::Yes
        };
        let mut found: Vec<&Availability> = Vec::new();
        for one in known.iter().filter(fits) {
            if !found.iter().any(|other| other.knob == one.knob) {
                found.push(one);
            }
        }
        found
    }

    /// What may be moved: what was chosen, or else what the scenario sets, or else the first knob that there is.
    pub fn levers(&self) -> Vec<Lever> {
        let chosen: Vec<Lever> =
            self.trying.exploring.levers.iter().filter_map(|path| Lever::parse(path).ok()).collect();
        if !chosen.is_empty() {
            return chosen;
        }
        let place = self.place();
        let known = self.answerable();
        let set = self.settings().iter().filter_map(|(path, _)| Lever::parse(path).ok());
        let set: Vec<Lever> = set.filter(|lever| known.iter().any(|one| one.knob == lever.knob)).take(2).collect();
        if !set.is_empty() {
            return set;
        }
        known.iter().take(1).map(|one| Lever::of(place.clone(), one.knob)).collect()
    }

    /// What is asked about many settings now, if everything for it is there.
    pub fn exploration(&self) -> Option<Exploration> {
        let exploring = &self.trying.exploring;
        let levers = self.levers();
        match exploring.about? {
            About::Goal if exploring.targets.is_empty() || levers.is_empty() => None,
            About::Goal => Some(Exploration::Goal { levers, targets: exploring.targets.clone() }),
            About::Frontier => (!levers.is_empty()).then_some(Exploration::Frontier { levers }),
            About::Tornado => {
                let place = self.place();
                let levers = self.answerable().iter().map(|one| Lever::of(place.clone(), one.knob)).collect();
                Some(Exploration::Tornado { levers, metric: exploring.metric.clone()? })
            }
            About::Together => (self.settings().len() > 1).then_some(Exploration::Together),
        }
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
