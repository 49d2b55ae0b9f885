//! The plan: opportunities in their horizons, decisions, insights.

use serde::{Deserialize, Serialize};

use super::fact::Statistic;
use crate::model::id::{ComponentId, DecisionId, HorizonId, ItemId, OpportunityId};
use crate::model::metric::MetricKey;
use crate::model::quantity::Value;
use crate::model::unit::Unit;

/// How likely something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Risk {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Very high.
    VeryHigh,
}

impl Risk {
    /// Every risk, lowest first.
    pub const ALL: [Risk; 4] = [Risk::Low, Risk::Medium, Risk::High, Risk::VeryHigh];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
            Risk::VeryHigh => "very high",
        }
    }
}

/// An effect that somebody claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Which statement.
    pub item: ItemId,
    /// What changes.
    pub label: String,
    /// By how much (negative: less), or from what to what; with `is_level`, to what.
    pub value: Value,
    /// Whether the value is the level that is reached, not the change.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_level: bool,
    /// In which unit.
    pub unit: Unit,
    /// The metric that would show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<MetricKey>,
    /// Average, peak …
    #[serde(default, skip_serializing_if = "Statistic::is_unspecified")]
    pub statistic: Statistic,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// Which kind of plan a horizon belongs to; lanes of one row lie on one calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// First weeks.
    Near,
    /// Up to some months.
    Middle,
    /// Later.
    Far,
}

/// A lane of the roadmap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// Its id.
    pub id: HorizonId,
    /// Its name.
    pub title: String,
    /// The box of the map that stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentId>,
    /// Near, middle, far.
    pub lane: Lane,
    /// When it ends, shortest and longest, in weeks from now.
    pub weeks: (f64, f64),
    /// Risk of doing all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// The statement that gives the risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_item: Option<ItemId>,
    /// What the document adds to the risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_note: Option<String>,
    /// What all of it together is said to bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub combined: Vec<Claim>,
}

/// How far an opportunity has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OpportunityState {
    /// Nobody has decided.
    #[default]
    Proposed,
    /// It will be done.
    Planned,
    /// It is being done.
    InProgress,
    /// It is done.
    Done,
    /// It will not be done.
    Rejected,
}

impl OpportunityState {
    /// Every state.
    pub const ALL: [OpportunityState; 5] = [
        OpportunityState::Proposed,
        OpportunityState::Planned,
        OpportunityState::InProgress,
        OpportunityState::Done,
        OpportunityState::Rejected,
    ];

    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            OpportunityState::Proposed => "proposed",
            OpportunityState::Planned => "planned",
            OpportunityState::InProgress => "in progress",
            OpportunityState::Done => "done",
            OpportunityState::Rejected => "rejected",
        }
    }
}

/// A possible improvement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opportunity {
    /// Its id.
    pub id: OpportunityId,
    /// The statement, if it comes from a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// What would be done.
    pub title: String,
    /// How, in our own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Its lane.
    pub horizon: HorizonId,
    /// The component that it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentId>,
    /// What it is said to bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// Work in hours, if anybody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort_h: Option<f64>,
    /// Its own risk, if anybody said; else its horizon's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// How far it has come.
    #[serde(default)]
    pub state: OpportunityState,
    /// What must be done before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<OpportunityId>,
}

/// What kind of question it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DecisionKind {
    /// Shall we?
    Question,
    /// A judgement on how things are, to confirm.
    Status,
    /// How sure we are, to confirm.
    Confidence,
    /// An observation that asks for an answer.
    Insight,
    /// How long there is to decide.
    Window,
}

/// Where a decision stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DecisionState {
    /// Nobody has decided.
    #[default]
    Open,
    /// Yes, or one of the options.
    Accepted,
    /// No.
    Rejected,
    /// Not now.
    Deferred,
}

impl DecisionState {
    /// Every state.
    pub const ALL: [DecisionState; 4] =
        [DecisionState::Open, DecisionState::Accepted, DecisionState::Rejected, DecisionState::Deferred];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            DecisionState::Open => "open",
            DecisionState::Accepted => "accepted",
            DecisionState::Rejected => "rejected",
            DecisionState::Deferred => "deferred",
        }
    }
}

/// One answer that a decision could have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionOption {
    /// What would be done.
    pub title: String,
    /// What speaks for and against it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}

/// A question put to the human.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// The statement, if it comes from a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// The question, or the judgement to confirm.
    pub question: String,
    /// What kind of question.
    pub kind: DecisionKind,
    /// The component that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<ComponentId>,
    /// What could be answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<DecisionOption>,
    /// Where it stands.
    #[serde(default)]
    pub state: DecisionState,
    /// Time to decide, in weeks, if stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_weeks: Option<(f64, f64)>,
    /// Who decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// When, as a date.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// When to look again, as a date.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revisit: String,
}

/// Something learned in general, or what the program makes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Insight {
    /// Which statement.
    pub item: ItemId,
    /// Its name.
    pub title: String,
    /// The insight that heads it; `None` for a heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<ItemId>,
    /// What it says, in our own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Figures in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// The part of the program that answers it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answered_by: String,
}
