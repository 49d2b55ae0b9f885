//! Pipeline runs: one optimization through detect, profile, choose, test, roll out, learn.

use serde::{Deserialize, Serialize};

use super::fact::{CodeReference, Fact, Heading, HotFunction, Note};
use super::plan::{Claim, Decision, Risk};
use crate::model::id::{ItemId, ParticipantId, RunId};

/// One optimization on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PipelineRun {
    /// Its id.
    pub id: RunId,
    /// What is optimized.
    pub title: String,
    /// The statement that heads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// Who takes part.
    pub participants: Vec<Participant>,
    /// Its phases, in order.
    pub phases: Vec<Phase>,
}

/// Somebody or something that takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Participant {
    /// Its id within the run.
    pub id: ParticipantId,
    /// Which statement.
    pub item: ItemId,
    /// Its name.
    pub title: String,
}

/// One phase of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Which statement.
    pub item: ItemId,
    /// Its name.
    pub title: String,
    /// When it begins, in hours after the run's beginning.
    pub starts_h: f64,
    /// What happens in it.
    pub messages: Vec<Message>,
}

/// One step: somebody tells somebody, or does something alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Which statement.
    pub item: ItemId,
    /// Who.
    pub from: ParticipantId,
    /// To whom; the same for work done alone.
    pub to: ParticipantId,
    /// What.
    pub title: String,
    /// Code that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeReference>,
    /// Lines that head others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<Heading>,
    /// Figures, before and after where both are stated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// Effects expected or reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// Functions found hot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hot_functions: Vec<HotFunction>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Ways to go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<StrategyOption>,
    /// What must be true to go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// What was decided in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// Other statements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FindingSeverity {
    /// Act now.
    Critical,
    /// Act soon.
    Warning,
    /// Good to know.
    Info,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which statement.
    pub item: ItemId,
    /// What it is about: symptom, cause, scope …
    pub title: String,
    /// How grave.
    pub severity: FindingSeverity,
    /// What was found.
    pub text: String,
}

/// A way to go on, as weighed in the strategy phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrategyOption {
    /// Which statement names it.
    pub item: ItemId,
    /// Its name.
    pub title: String,
    /// What it is said to bring.
    pub impact: Vec<Claim>,
    /// What it brings beside the figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact_note: Option<String>,
    /// Risk, and the statement that gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<(ItemId, Risk)>,
    /// What the document adds to the risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_note: Option<String>,
    /// Length in weeks, and the statement that gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weeks: Option<(ItemId, f64)>,
    /// Work in hours, and the statement that gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort_h: Option<(ItemId, f64)>,
    /// Its place in the chosen sequence, from 1, and the statement that gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<(ItemId, u32)>,
}

/// Where a gate stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GateState {
    /// Not looked at.
    #[default]
    Open,
    /// It holds.
    Passed,
    /// It does not.
    Failed,
}

/// What must be true to go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Which statement.
    pub item: ItemId,
    /// The criterion.
    pub title: String,
    /// Where it stands, as stated.
    #[serde(default)]
    pub state: GateState,
    /// What shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}
