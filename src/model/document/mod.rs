//! The human part of a session: system map, stated figures, rules, targets, opportunities, decisions, pipeline runs.
//!
//! It is stored as RON (`store::document`); these types are its schema. Every list may be left out in a file.

pub mod fact;
pub mod map;
pub mod pipeline;
pub mod plan;
pub mod relation;
pub mod rule;
pub mod scenario;
mod walk;

use serde::{Deserialize, Serialize};

pub use fact::{CodeReference, Daily, Fact, Heading, HotFunction, Note, NoteKind, Pattern, ShareOf, Statistic};
pub use map::{
    ClassAssignment, Component, ComponentKind, Edge, EdgeKind, Group, Selector, Snapshot, StatusClass, StatusClassStyle,
};
pub use pipeline::{
    Finding, FindingSeverity, Gate, GateState, Message, Participant, Phase, PipelineRun, StrategyOption,
};
pub use plan::{
    Claim, Decision, DecisionKind, DecisionOption, DecisionState, Horizon, Insight, Lane, Opportunity,
    OpportunityState, Risk,
};
pub use relation::{FigureRef, Mechanism, Member, Relation, Runtime, ScoreKind, WorkEffect};
pub use rule::{Comparison, Condition, Rule, Severity, Target};
pub use scenario::{Check, CheckedOutcome, PinnedOutcome, PinnedPrediction, Scenario};
pub use walk::CarriedAs;

use super::id::{ComponentId, DecisionId, GroupId, HorizonId, ItemId, OpportunityId};
use super::quantity::{Provenance, Quantity};

/// The word in a file's `format` field.
pub const FORMAT: &str = "vivarium-session";

/// The version of the schema that this program writes.
pub const VERSION: u32 = 1;

/// The human part of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Always [`FORMAT`].
    pub format: String,
    /// [`VERSION`] when it was written.
    pub version: u32,
    /// What the session is called.
    pub title: String,
    /// What it is about, in a few sentences.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The document whose statements the item ids number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stated_in: String,
    /// The living pictures that it consists of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<Snapshot>,
    /// Containers of the map.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// Boxes of the map.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// Arrows of the map.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
    /// What the status classes look like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status_classes: Vec<StatusClassStyle>,
    /// Which components are said to be in which class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_assignments: Vec<ClassAssignment>,
    /// Thresholds that give components their status.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// What is to be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Lanes of the roadmap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub horizons: Vec<Horizon>,
    /// Possible improvements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opportunities: Vec<Opportunity>,
    /// Questions put to the human.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// What was tried in thought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<Scenario>,
    /// Predictions that were pinned, and what came of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictions: Vec<PinnedPrediction>,
    /// Optimizations on their way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pipeline: Vec<PipelineRun>,
    /// What was learned in general.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insights: Vec<Insight>,
    /// How the figures hang together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Relation>,
}

impl Document {
    /// An empty document.
    pub fn new(title: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            title: title.to_owned(),
            about: String::new(),
            stated_in: String::new(),
            snapshots: Vec::new(),
            groups: Vec::new(),
            components: Vec::new(),
            edges: Vec::new(),
            status_classes: Vec::new(),
            class_assignments: Vec::new(),
            rules: Vec::new(),
            targets: Vec::new(),
            horizons: Vec::new(),
            opportunities: Vec::new(),
            decisions: Vec::new(),
            scenarios: Vec::new(),
            predictions: Vec::new(),
            pipeline: Vec::new(),
            insights: Vec::new(),
            relations: Vec::new(),
        }
    }

    /// The component with this id.
    pub fn component(&self, id: &ComponentId) -> Option<&Component> {
        self.components.iter().find(|component| &component.id == id)
    }

    /// The group with this id.
    pub fn group(&self, id: &GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| &group.id == id)
    }

    /// The decision with this id.
    pub fn decision(&self, id: &DecisionId) -> Option<&Decision> {
        self.decisions.iter().find(|decision| &decision.id == id)
    }

    /// The opportunity with this id.
    pub fn opportunity(&self, id: &OpportunityId) -> Option<&Opportunity> {
        self.opportunities.iter().find(|opportunity| &opportunity.id == id)
    }

    /// The roadmap lane with this id.
    pub fn horizon(&self, id: &HorizonId) -> Option<&Horizon> {
        self.horizons.iter().find(|horizon| &horizon.id == id)
    }

    /// The class that the document states for a component.
    pub fn stated_class(&self, id: &ComponentId) -> Option<StatusClass> {
        self.class_assignments.iter().find(|assignment| assignment.components.contains(id)).map(|found| found.class)
    }

    /// Provenance of a statement of this document.
    pub fn stated(&self, item: &ItemId) -> Provenance {
        let document = if self.stated_in.is_empty() { &self.title } else { &self.stated_in };
        Provenance::Stated { document: document.clone(), item: item.clone() }
    }

    /// A fact as a quantity that knows where it was stated.
    pub fn quantity(&self, fact: &Fact) -> Quantity {
        Quantity { value: fact.value, unit: fact.unit, provenance: self.stated(&fact.item) }
    }
}
