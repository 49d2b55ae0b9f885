//! Rules and targets: numbers that measured values are held against.

use serde::{Deserialize, Serialize};

use crate::model::id::{ComponentId, ItemId};
use crate::model::metric::MetricKey;
use crate::model::quantity::Value;
use crate::model::unit::Unit;

/// How bad it is when a rule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Act now.
    Critical,
    /// Act soon.
    Warning,
    /// Worth looking at.
    Optimize,
    /// For planning.
    Planning,
}

/// On which side of the threshold a rule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// Fires when the value is larger.
    Above,
    /// Fires when the value is smaller.
    Below,
}

/// When a rule fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// What is looked at.
    pub metric: MetricKey,
    /// Above or below.
    pub comparison: Comparison,
    /// The threshold.
    pub threshold: f64,
    /// The threshold's unit; comparable to the metric's.
    pub unit: Unit,
    /// It must hold this long before the rule fires.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub for_s: f64,
    /// How far back over the threshold the value must be before the rule ends, as a share of the threshold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hysteresis: f64,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// A threshold that gives a component its status and raises alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Which statement.
    pub item: ItemId,
    /// What it watches for.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// The box that lists it.
    pub owner: ComponentId,
    /// The component whose values it looks at; `None`: the whole system or any of its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies_to: Option<ComponentId>,
    /// When it fires; `None` for a rule of thumb without a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// What to do then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
}

/// What is to be reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Which statement.
    pub item: ItemId,
    /// What is to be reached, in words.
    pub title: String,
    /// The box that lists it.
    pub owner: ComponentId,
    /// The component that it is about; `None`: the whole system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies_to: Option<ComponentId>,
    /// The metric that tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<MetricKey>,
    /// The goal; `None` where the document gives no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The goal's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}
