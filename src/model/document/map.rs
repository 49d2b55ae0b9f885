//! The system map: snapshots, groups, components, edges and status classes.

use serde::{Deserialize, Serialize};

use super::fact::{CodeReference, Fact, Heading, HotFunction, Note, Pattern};
use super::plan::Claim;
use crate::model::id::{ComponentId, GroupId, ItemId};

/// One of the living pictures of a document; ids of its parts begin with `prefix`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// e.g. `M`.
    pub prefix: String,
    /// What it shows.
    pub title: String,
}

/// A container of the map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id, which is also the statement's.
    pub id: GroupId,
    /// Its name.
    pub title: String,
    /// The container that it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<GroupId>,
}

/// What a box of the map stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ComponentKind {
    /// A part of the running system.
    System,
    /// A person's dashboard or set of rules.
    Control,
    /// A mechanism that is proposed or tuned.
    Optimizer,
    /// A flow, pattern or trend that is watched.
    Monitor,
    /// A lane of the roadmap.
    Plan,
}

impl ComponentKind {
    /// The word for it in JSON and reports.
    pub fn word(self) -> &'static str {
        match self {
            ComponentKind::System => "system",
            ComponentKind::Control => "control",
            ComponentKind::Optimizer => "optimizer",
            ComponentKind::Monitor => "monitor",
            ComponentKind::Plan => "plan",
        }
    }
}

/// How entities are found that belong to a component. All parts that are given must match; `*` stands for any text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Selector {
    /// Kind of entity, by its word: `os_process`, `beam_process`, `ets_table` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Attributes: name and pattern, e.g. `("application", "myapp*")`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
}

/// A box of the map, with all that is stated about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its id; for a component that comes from a document, also the statement's.
    pub id: ComponentId,
    /// Its name.
    pub title: String,
    /// What it stands for.
    pub kind: ComponentKind,
    /// The container that it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// What it is, in our own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Where its code is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeReference>,
    /// Which entities belong to it: those that match any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selectors: Vec<Selector>,
    /// Lines that head others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<Heading>,
    /// Stated figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// Effects expected or reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// Functions said to be hot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hot_functions: Vec<HotFunction>,
    /// What recurs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<Pattern>,
    /// Statements without a figure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl Component {
    /// A component with nothing stated about it.
    pub fn new(id: ComponentId, title: &str, kind: ComponentKind) -> Self {
        Self {
            id,
            title: title.to_owned(),
            kind,
            group: None,
            about: String::new(),
            code: None,
            selectors: Vec::new(),
            headings: Vec::new(),
            facts: Vec::new(),
            claims: Vec::new(),
            hot_functions: Vec::new(),
            patterns: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// What flows along an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EdgeKind {
    /// Memory or work.
    Flow,
    /// Somebody or something steers.
    Control,
    /// What happened is told back.
    Feedback,
    /// What was learned changes what is done.
    Learning,
}

/// An arrow of the map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// Which statement.
    pub item: ItemId,
    /// Where it begins.
    pub from: ComponentId,
    /// Where it ends.
    pub to: ComponentId,
    /// What is written on it.
    pub label: String,
    /// What flows.
    pub kind: EdgeKind,
}

/// The five classes that a component can be in; the first three are also its status by rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StatusClass {
    /// Something must be done.
    Critical,
    /// Something should be done.
    Warning,
    /// All is well.
    Healthy,
    /// A human watches or decides here.
    Human,
    /// An improvement, existing or proposed.
    Optimization,
}

impl StatusClass {
    /// The word for it in JSON and for screen readers.
    pub fn word(self) -> &'static str {
        match self {
            StatusClass::Critical => "critical",
            StatusClass::Warning => "warning",
            StatusClass::Healthy => "healthy",
            StatusClass::Human => "human",
            StatusClass::Optimization => "optimization",
        }
    }

    /// A shape that tells the class without colour.
    pub fn symbol(self) -> &'static str {
        match self {
            StatusClass::Critical => "■",
            StatusClass::Warning => "▲",
            StatusClass::Healthy => "●",
            StatusClass::Human => "◆",
            StatusClass::Optimization => "◎",
        }
    }
}

/// How the document draws a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusClassStyle {
    /// Which statement.
    pub item: ItemId,
    /// The name that the document gives it.
    pub name: String,
    /// Which of the five.
    pub class: StatusClass,
    /// `#rrggbb`.
    pub fill: String,
    /// `#rrggbb`.
    pub stroke: String,
    /// Width of the outline in pixels.
    pub stroke_width_px: f32,
}

/// Which components are said to be in a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassAssignment {
    /// Which statement.
    pub item: ItemId,
    /// The class.
    pub class: StatusClass,
    /// Its members.
    pub components: Vec<ComponentId>,
}
