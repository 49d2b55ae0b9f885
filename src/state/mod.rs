//! What the window shows now, as plain data. Only `app` changes it, by applying [`command::Command`]s.

pub mod action;
pub mod command;
pub mod compare;
pub mod detail;
pub mod history;
pub mod memory;
pub mod question;
pub mod whatif;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::status::Status;
use crate::model::document::{Component, Document};
use crate::model::entity::{Entity, EntityId};
use crate::model::id::{ComponentId, DecisionId, ItemId, OpportunityId};
use crate::model::playback::Playback;
use crate::model::time::{TimeRange, Timestamp};

use compare::Against;
use history::History;
use memory::MemoryView;
use question::Answers;
use whatif::Trying;

/// The views, in the order of their tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewId {
    /// The system map.
    Map,
    /// The memory landscape.
    Memory,
    /// CPU hot spots.
    Cpu,
    /// What other settings would have done.
    WhatIf,
    /// Opportunities and decisions.
    Roadmap,
    /// Two sessions, or two stretches of one, side by side.
    Compare,
}

impl ViewId {
    /// Every view.
    pub const ALL: [ViewId; 6] =
        [ViewId::Map, ViewId::Memory, ViewId::Cpu, ViewId::WhatIf, ViewId::Roadmap, ViewId::Compare];

    /// The word for it on the command line and in links.
    pub fn word(self) -> &'static str {
        match self {
            ViewId::Map => "map",
            ViewId::Memory => "memory",
            ViewId::Cpu => "cpu",
            ViewId::WhatIf => "whatif",
            ViewId::Roadmap => "roadmap",
            ViewId::Compare => "compare",
        }
    }

    /// Its name on the tab.
    pub fn title(self) -> &'static str {
        match self {
            ViewId::Map => "Map",
            ViewId::Memory => "Memory",
            ViewId::Cpu => "CPU",
            ViewId::WhatIf => "What-if",
            ViewId::Roadmap => "Roadmap",
            ViewId::Compare => "Compare",
        }
    }

    /// The view with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.word() == word)
    }
}

/// What kind of session is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// It is being measured now.
    Live,
    /// It was measured.
    Recorded,
    /// It holds only statements.
    Stated,
}

impl SessionKind {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            SessionKind::Live => "live",
            SessionKind::Recorded => "recording",
            SessionKind::Stated => "document",
        }
    }
}

/// The open session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionInfo {
    /// Its name.
    pub title: String,
    /// Live, recorded, or stated.
    pub kind: SessionKind,
    /// As on the command line: `host`, a path …
    pub source: String,
    /// The file that it is or will be saved to, if it has one that the user chose.
    pub path: Option<PathBuf>,
    /// What was measured so far; `None` if nothing was.
    pub span: Option<TimeRange>,
    /// Entities measured.
    pub entities: Arc<Vec<Entity>>,
    /// What the source can't measure, or what was lost of the file.
    pub warnings: Vec<String>,
    /// Values stored.
    pub values: u64,
    /// Bytes of the recording.
    pub bytes: u64,
}

/// What is selected; shared by every view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selection {
    /// A component.
    Component(ComponentId),
    /// One measured entity.
    Entity(EntityId),
    /// An opportunity.
    Opportunity(OpportunityId),
    /// A decision.
    Decision(DecisionId),
    /// An arrow of the map, by its place in the document.
    Edge(usize),
    /// A statement of the document.
    Statement(ItemId),
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    /// As the desktop says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A piece of work in the background.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What it does.
    pub title: String,
    /// Share done, where known.
    pub progress: Option<f32>,
    /// Whether the user can cancel it.
    pub can_cancel: bool,
}

/// Something to tell the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Whether something went wrong.
    pub is_error: bool,
    /// A sentence.
    pub text: String,
}

/// The BEAM nodes of this machine, for the welcome page.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LocalNodes {
    /// Nobody has asked yet.
    #[default]
    Unasked,
    /// The port mapper was asked; what was known before, if anything, is kept.
    Asking(Vec<String>),
    /// Full names, such as `shop@db1`; none also when no port mapper runs.
    Known(Vec<String>),
}

impl LocalNodes {
    /// The names known so far.
    pub fn names(&self) -> &[String] {
        match self {
            LocalNodes::Unasked => &[],
            LocalNodes::Asking(names) | LocalNodes::Known(names) => names,
        }
    }
}

/// What the lower part of the CPU view shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CpuDetail {
    /// The selection over time.
    #[default]
    Lines,
    /// The functions that it executed.
    Functions,
}

/// The command palette while it is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Palette {
    /// What was typed.
    pub query: String,
    /// The highlighted entry.
    pub index: usize,
}

/// Everything that the window shows.
#[derive(Clone, Debug)]
pub struct State {
    /// The open session; `None` on the welcome page.
    pub session: Option<SessionInfo>,
    /// Its document.
    pub document: Arc<Document>,
    /// Components that the source found and the document does not know.
    pub discovered: Arc<Vec<Component>>,
    /// Undo and redo.
    pub history: History,
    /// Whether the document differs from what is on disk.
    pub unsaved: bool,
    /// The open view.
    pub view: ViewId,
    /// What is selected.
    pub selection: Option<Selection>,
    /// The visible stretch of time, shared by every view.
    pub range: TimeRange,
    /// Earlier ranges, for "back".
    pub earlier_ranges: Vec<TimeRange>,
    /// The moment that views of one moment show, and the clock of the replay.
    pub playback: Playback,
    /// Whether range and cursor follow a live session.
    pub follow: bool,
    /// Components whose single collections are traced now.
    pub traced: BTreeSet<ComponentId>,
    /// Text that filters the component tree.
    pub tree_filter: String,
    /// With what the session is compared.
    pub against: Option<Against>,
    /// What is being tried in thought.
    pub trying: Trying,
    /// What the memory view shows.
    pub memory: MemoryView,
    /// What the lower part of the CPU view shows.
    pub cpu_detail: CpuDetail,
    /// Text that filters the functions by module and name.
    pub function_filter: String,
    /// The calls that the picture of functions is zoomed into, outermost first; empty: all.
    pub function_zoom: Vec<String>,
    /// Status of components.
    pub statuses: Arc<BTreeMap<ComponentId, Status>>,
    /// Prepared answers that views draw.
    pub answers: Answers,
    /// Counts up when a live recording has grown.
    pub data_version: u64,
    /// Light or dark.
    pub theme: ThemeChoice,
    /// The command palette, when open.
    pub palette: Option<Palette>,
    /// Whether the list of keys is shown.
    pub help_open: bool,
    /// Work in the background.
    pub jobs: Vec<Job>,
    /// What was said last; newest at the end.
    pub messages: Vec<Message>,
    /// Files opened before, newest first.
    pub recent: Vec<PathBuf>,
    /// Names and titles of the bundled sessions.
    pub bundled: Vec<(String, String)>,
    /// BEAM nodes on this machine.
    pub local_nodes: LocalNodes,
}

impl Default for State {
    fn default() -> Self {
        let nothing = TimeRange::new(Timestamp(0), Timestamp(0));
        Self {
            session: None,
            document: Arc::new(Document::new("Untitled")),
            discovered: Arc::new(Vec::new()),
            history: History::default(),
            unsaved: false,
            view: ViewId::Map,
            selection: None,
            range: nothing,
            earlier_ranges: Vec::new(),
            playback: Playback::new(nothing),
            follow: false,
            traced: BTreeSet::new(),
            tree_filter: String::new(),
            trying: Trying::default(),
            against: None,
            memory: MemoryView::default(),
            cpu_detail: CpuDetail::default(),
            function_filter: String::new(),
            function_zoom: Vec::new(),
            statuses: Arc::new(BTreeMap::new()),
            answers: Answers::default(),
            data_version: 0,
            theme: ThemeChoice::System,
            palette: None,
            help_open: false,
            jobs: Vec::new(),
            messages: Vec::new(),
            recent: Vec::new(),
            bundled: Vec::new(),
            local_nodes: LocalNodes::default(),
        }
    }
}

impl State {
    /// The moment that views of one moment show; `None` if nothing was measured.
    pub fn cursor(&self) -> Option<Timestamp> {
        self.measured_span().map(|_| self.playback.position)
    }

    /// The moment that memory is compared to: the one that was chosen, else the beginning of the visible range.
    pub fn memory_base(&self) -> Option<Timestamp> {
        let span = self.measured_span()?;
        let base = self.memory.base.unwrap_or_else(|| question::steady_range(self).from);
        Some(base.clamp(span.from, span.to))
    }

    /// What was measured; `None` if nothing was.
    pub fn measured_span(&self) -> Option<TimeRange> {
        self.session.as_ref().and_then(|session| session.span)
    }

    /// Whether the session is being measured now.
    pub fn is_live(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.kind == SessionKind::Live)
    }

    /// Whether single collections can be traced now.
    pub fn can_trace(&self) -> bool {
        self.is_live() && self.session.as_ref().is_some_and(|session| session.source.starts_with("beam:"))
    }

    /// The component with this id, of the document or found by the source.
    pub fn component(&self, id: &ComponentId) -> Option<&Component> {
        self.components().find(|component| &component.id == id)
    }

    /// All components: the document's, then those found by the source.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.document.components.iter().chain(self.discovered.iter())
    }

    /// The name of a component; its id if nothing is known of it.
    pub fn component_title<'a>(&'a self, id: &'a ComponentId) -> &'a str {
        self.component(id).map_or(id.as_str(), |component| component.title.as_str())
    }

    /// The entity with this number.
    pub fn entity(&self, id: EntityId) -> Option<&Entity> {
        let entities = &self.session.as_ref()?.entities;
        // Recordings list them by number, some by the hundred thousand.
        match entities.binary_search_by_key(&id, |entity| entity.id) {
            Ok(index) => entities.get(index),
            Err(_) => entities.iter().find(|entity| entity.id == id),
        }
    }

    /// The component that is selected, directly or through one of its members.
    pub fn selected_component(&self) -> Option<ComponentId> {
        match self.selection.as_ref()? {
            Selection::Component(id) => Some(id.clone()),
            Selection::Entity(id) => self.entity(*id)?.component.clone(),
            Selection::Opportunity(id) => self.document.opportunity(id)?.component.clone(),
            Selection::Decision(id) => self.document.decision(id)?.about.clone(),
            Selection::Edge(_) | Selection::Statement(_) => None,
        }
    }
}
