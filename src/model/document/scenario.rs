//! What was tried in thought: scenarios, and predictions that were pinned before the change, to be held against what came of it.

use serde::{Deserialize, Serialize};

use crate::model::id::{ComponentId, ScenarioId};
use crate::model::unit::Unit;

/// A named set of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its id.
    pub id: ScenarioId,
    /// What it is called.
    pub title: String,
    /// Paths of knobs (`agents.gc.fullsweep_after`) with their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<(String, String)>,
    /// Why it was made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Scenario {
    /// The value that a path is set to.
    pub fn value(&self, path: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| known == path).map(|(_, value)| value.as_str())
    }

    /// Sets a path, or with `None` leaves it as it was recorded.
    pub fn set(&mut self, path: &str, value: Option<String>) {
        match (self.settings.iter().position(|(known, _)| known == path), value) {
            (Some(index), Some(value)) => self.settings[index].1 = value,
            (Some(index), None) => {
                self.settings.remove(index);
            }
            (None, Some(value)) => self.settings.push((path.to_owned(), value)),
            (None, None) => {}
        }
    }
}

/// A prediction, kept as it was made, and its outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedPrediction {
    /// What it is called; distinct within the document.
    pub name: String,
    /// When it was pinned, RFC 3339.
    pub at: String,
    /// The settings.
    pub settings: Vec<(String, String)>,
    /// What it was made from: the recording's title.
    pub recorded: String,
    /// The stretch of that recording, RFC 3339.
    pub from: String,
    /// Its end.
    pub to: String,
    /// Version of the models.
    pub model_version: u32,
    /// The figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<PinnedOutcome>,
    /// What was measured afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

impl PinnedPrediction {
    /// Keeps what came of it. The same recording is one outcome, however often it is looked at.
    pub fn keep(&mut self, check: Check) {
        self.checks.retain(|known| (&known.recorded, &known.started) != (&check.recorded, &check.started));
        self.checks.push(check);
    }
}

/// One figure of a pinned prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedOutcome {
    /// Its id, e.g. `gc.count`.
    pub metric: String,
    /// Whose; `None`: of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentId>,
    /// Its unit.
    pub unit: Unit,
    /// As recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// As predicted.
    pub value: f64,
    /// The band that should hold eight times of ten.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Whose answer.
    pub model: String,
    /// What kind of knowledge it was.
    pub grade: String,
    /// How sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// A pinned prediction held against a later recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The later recording's title.
    pub recorded: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// Whether it began after the prediction was pinned; others do not count.
    pub counts: bool,
    /// Each figure that could be measured.
    pub results: Vec<CheckedOutcome>,
}

/// One predicted figure and what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckedOutcome {
    /// Its id.
    pub metric: String,
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentId>,
    /// Whose prediction it was.
    pub model: String,
    /// The prediction, for as much work as the later recording saw.
    pub predicted: f64,
    /// Lower end of the band, likewise.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What was measured.
    pub measured: f64,
}

impl CheckedOutcome {
    /// Whether the band held.
    pub fn held(&self) -> bool {
        (self.low..=self.high).contains(&self.measured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_set_changed_and_left_alone_again() {
        let mut scenario = Scenario { id: "s".into(), title: String::new(), settings: Vec::new(), note: String::new() };
        scenario.set("a.gc.fullsweep_after", Some("20".into()));
        scenario.set("a.gc.min_heap_words", Some("987".into()));
        scenario.set("a.gc.fullsweep_after", Some("5".into()));
        assert_eq!(scenario.value("a.gc.fullsweep_after"), Some("5"));
        scenario.set("a.gc.fullsweep_after", None);
        scenario.set("b.gc.fullsweep_after", None);
        assert_eq!(scenario.settings, [("a.gc.min_heap_words".to_owned(), "987".to_owned())]);
    }
}
