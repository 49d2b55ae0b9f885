//! Temporary.
use super::data::SessionData;
use super::knob::{KNOBS, Knob, KnobValue};
use super::prediction::{Effort, Part};
use super::scenario::Setting;
use crate::model::id::ComponentId;

/// Whether a knob can be answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answerable {
    /// Yes.
    Yes,
    /// No, and why not.
    Missing(String),
}

/// One knob at one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Availability {
    /// Which knob.
    pub knob: &'static Knob,
    /// At which component; `None`: of all.
    pub component: Option<ComponentId>,
    /// What was recorded, if all of its heaps had the same.
    pub present: Option<KnobValue>,
    /// Whether.
    pub state: Answerable,
}

/// Prepared models.
#[derive(Default)]
pub struct Models {}

/// All.
pub fn availability(_data: &SessionData) -> Vec<Availability> {
    KNOBS.iter().map(|knob| Availability { knob, component: None, present: None, state: Answerable::Yes }).collect()
}

/// None.
pub fn predict(
    _models: &mut Models,
    _data: &SessionData,
    _settings: &[Setting],
    _effort: Effort,
    _cancelled: &dyn Fn() -> bool,
) -> Vec<Part> {
    Vec::new()
}
