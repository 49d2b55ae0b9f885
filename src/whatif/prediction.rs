//! What a model answers: outcomes with bands, and how far they can be trusted.

use crate::model::id::ComponentId;
use crate::model::time::Timestamp;
use crate::model::unit::Unit;

use super::knob::ModelId;

/// What kind of knowledge an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// The same setting was recorded.
    Measured,
    /// Between two recorded settings.
    Interpolated,
    /// The mechanism was simulated on one recording.
    Replayed,
    /// Only a limit can be told.
    Bound,
    /// There is no answer; [`Confidence::reason`] says why.
    Refused,
}

impl Grade {
    /// The word for it in JSON and in the window.
    pub fn word(self) -> &'static str {
        match self {
            Grade::Measured => "measured",
            Grade::Interpolated => "interpolated",
            Grade::Replayed => "replayed",
            Grade::Bound => "bound",
            Grade::Refused => "refused",
        }
    }
}

/// How well the model re-predicts the recording itself, and how far the setting is from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Little can go wrong.
    High,
    /// It should be about right.
    Medium,
    /// It may be off.
    Low,
}

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Level::High => "high",
            Level::Medium => "medium",
            Level::Low => "low",
        }
    }
}

/// How far an answer can be trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct Confidence {
    /// What kind of knowledge it is.
    pub grade: Grade,
    /// How sure; `None` of a refusal.
    pub level: Option<Level>,
    /// Relative errors of the model on the recording itself, by metric.
    pub self_replay_error: Vec<(&'static str, f64)>,
    /// Why it is not better, or why there is no answer: sentences.
    pub reason: Option<String>,
    /// What to record so that there is one.
    pub needs: Option<String>,
}

impl Confidence {
    /// No answer.
    pub fn refused(reason: impl Into<String>, needs: Option<String>) -> Self {
        Self { grade: Grade::Refused, level: None, self_replay_error: Vec::new(), reason: Some(reason.into()), needs }
    }
}

/// A number and the band that it should be in eight times of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The one number.
    pub value: f64,
    /// Nine of ten are above.
    pub low: f64,
    /// Nine of ten are below.
    pub high: f64,
}

impl Band {
    /// A number without doubt.
    pub fn exact(value: f64) -> Self {
        Self { value, low: value, high: value }
    }
}

/// One figure of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its id, e.g. `gc.count`.
    pub metric: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Whose; `None`: of all that were asked for.
    pub component: Option<ComponentId>,
    /// As recorded; `None` where the recording can't tell.
    pub baseline: Option<f64>,
    /// As it would have been. Of a grade [`Grade::Bound`] only `low` or `high` counts, the other is infinite.
    pub predicted: Band,
    /// Who says so.
    pub model: ModelId,
}

/// Something over time, as recorded and as it would have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What, by the id of the outcome that it belongs to.
    pub metric: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// As recorded, in order.
    pub baseline: Vec<(Timestamp, f64)>,
    /// As it would have been.
    pub predicted: Vec<(Timestamp, f64)>,
}

/// The answer of one model for one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Whose; `None`: of all.
    pub component: Option<ComponentId>,
    /// Whose answer.
    pub model: ModelId,
    /// The figures; none of a refusal.
    pub outcomes: Vec<Outcome>,
    /// Trust.
    pub confidence: Confidence,
    /// What else there is to say: settings that the VM ignores, what the model did not know; sentences.
    pub notes: Vec<String>,
    /// For drawing.
    pub curves: Vec<Curve>,
}

impl Part {
    /// No answer.
    pub fn refused(component: Option<ComponentId>, model: ModelId, confidence: Confidence) -> Self {
        Self { component, model, outcomes: Vec::new(), confidence, notes: Vec::new(), curves: Vec::new() }
    }
}

/// The unit of a metric, as the answer has it; counts where it says nothing.
pub fn unit_of(parts: &[Part], metric: &str) -> Unit {
    let outcomes = parts.iter().flat_map(|part| &part.outcomes);
    outcomes.into_iter().find(|outcome| outcome.metric == metric).map_or(Unit::COUNT, |outcome| outcome.unit)
}

/// How much trouble to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// While a slider moves: an answer within 16 ms.
    Coarse,
    /// The best there is.
    Full,
}
