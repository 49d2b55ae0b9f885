//! What a document states about a component: figures, behaviour, patterns, hot functions.

use serde::{Deserialize, Serialize};

use crate::model::id::{ComponentId, ItemId};
use crate::model::metric::MetricKey;
use crate::model::quantity::Value;
use crate::model::unit::Unit;

/// Which summary of a varying quantity a figure is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Statistic {
    /// Not said.
    #[default]
    Unspecified,
    /// At the moment.
    Current,
    /// Average.
    Mean,
    /// Maximum.
    Peak,
    /// The usual low.
    Baseline,
    /// 99th percentile.
    P99,
    /// Sum over a time or over all members.
    Total,
}

impl Statistic {
    /// Whether the document does not say.
    pub fn is_unspecified(&self) -> bool {
        *self == Statistic::Unspecified
    }

    /// Which of several figures stands for a quantity as it is now: the smallest rank; the present before an average
    /// before a peak.
    pub fn rank(self) -> u8 {
        match self {
            Statistic::Total | Statistic::Current => 0,
            Statistic::Mean | Statistic::Unspecified => 1,
            Statistic::Baseline => 2,
            Statistic::P99 | Statistic::Peak => 3,
        }
    }
}

/// A figure that the document states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Which statement.
    pub item: ItemId,
    /// What it is a figure of, in a few words.
    pub label: String,
    /// How much.
    pub value: Value,
    /// In which unit.
    pub unit: Unit,
    /// The metric that would measure it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<MetricKey>,
    /// Average, peak …
    #[serde(default, skip_serializing_if = "Statistic::is_unspecified")]
    pub statistic: Statistic,
    /// If it holds for each of several: each what, e.g. `agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// The component that it is a figure of, if not the one that lists it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<ComponentId>,
    /// The figure that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<ItemId>,
    /// The time that it speaks of, if not the present, e.g. `week 1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// What the document adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NoteKind {
    /// What the component does.
    Behaviour,
    /// How it is or would be built.
    Implementation,
    /// The idea behind a proposal.
    Concept,
    /// What is wrong.
    Problem,
    /// What could be better.
    Improvement,
    /// What makes it happen.
    Trigger,
    /// How it is now, or where it is heading.
    Condition,
    /// What was learned.
    Lesson,
    /// What should be done.
    Recommendation,
    /// What belongs to a piece of work.
    Scope,
    /// Anything else.
    Remark,
}

/// A statement without a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Which statement.
    pub item: ItemId,
    /// What it is about.
    pub kind: NoteKind,
    /// What it says.
    pub text: String,
}

/// A line that only heads others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heading {
    /// Which statement.
    pub item: ItemId,
    /// Its words.
    pub title: String,
    /// The statements under it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<ItemId>,
}

/// Hours of a day, e.g. 10 to 11.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Daily {
    /// First hour, 0–24.
    pub from_hour: f64,
    /// End, 0–24.
    pub to_hour: f64,
}

/// Something that recurs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// Which statement.
    pub item: ItemId,
    /// What recurs.
    pub title: String,
    /// At which hours, if by the day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peaks: Vec<Daily>,
}

/// What a function's share is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ShareOf {
    /// The machine's processors.
    Machine,
    /// The component's own processor time.
    Component,
    /// The document does not say.
    Unstated,
}

/// A function that is said to use processor time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HotFunction {
    /// Which statement.
    pub item: ItemId,
    /// `name/arity`, with its module or file where stated.
    pub function: String,
    /// Its share, as a fraction of 1.
    pub share: f64,
    /// A share of what.
    pub share_of: ShareOf,
    /// What the document adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where the code of a component is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeReference {
    /// Which statement.
    pub item: ItemId,
    /// A file, or a description where no file is named.
    pub place: String,
    /// First and last line, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<(u32, u32)>,
}
