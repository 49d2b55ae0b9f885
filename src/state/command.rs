//! Every change that the window can make, as a value. Views return commands; `app::commands` carries them out.

use std::path::PathBuf;

use super::compare::Against;
use super::memory::MemoryCommand;
use super::whatif::Exploring;
use super::{CpuDetail, Selection, ThemeChoice, ViewId};
use crate::model::document::{Check, DecisionState, OpportunityState, Risk, Selector};
use crate::model::id::{ComponentId, DecisionId, HorizonId, OpportunityId, ScenarioId};
use crate::model::time::{TimeRange, Timestamp};

/// A change, by subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Opening, watching, saving, closing.
    Session(SessionCommand),
    /// What is looked at.
    Navigate(NavigateCommand),
    /// When it is looked at.
    Time(TimeCommand),
    /// Changes of the document; each can be undone.
    Document(DocumentCommand),
    /// What is tried in thought.
    Try(TryCommand),
    /// The window itself.
    Window(WindowCommand),
}

/// Opening, watching, saving, closing.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionCommand {
    /// Asks for a file and opens it.
    OpenDialog,
    /// Asks for a later recording to compare with.
    CompareDialog,
    /// Opens a file; what it is, its content tells.
    Open(PathBuf),
    /// Opens a bundled session by name.
    OpenBundled(String),
    /// Watches a source live: `host`, `pid:812`.
    Watch(String),
    /// Watches the source of the open session anew, its document grouping what is measured.
    WatchAgain,
    /// Asks which BEAM nodes run on this machine.
    FindNodes,
    /// Traces single collections of a component of a live BEAM node, or no longer.
    TraceCollections(ComponentId, bool),
    /// Ends a live session; what was measured stays open as a recording.
    StopWatching,
    /// Saves the document to its file, or asks for one.
    Save,
    /// Asks for a file and saves the session, with its recording if there is one.
    SaveAsDialog,
    /// Saves the session to this file.
    SaveAs(PathBuf),
    /// Closes the session; unsaved changes are kept for recovery.
    Close,
    /// Cancels a piece of work in the background.
    CancelJob(u64),
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum NavigateCommand {
    /// Opens a view.
    Show(ViewId),
    /// Selects something, or nothing.
    Select(Option<Selection>),
    /// Filters the component tree.
    FilterTree(String),
    /// What the memory view shows.
    Memory(MemoryCommand),
    /// What the lower part of the CPU view shows.
    ShowCpuDetail(CpuDetail),
    /// Filters the functions of the CPU view.
    FilterFunctions(String),
    /// Zooms the picture of functions into these calls, outermost first.
    ZoomFunctions(Vec<String>),
    /// With what the session is compared; `None`: with nothing.
    CompareWith(Option<Against>),
}

/// When it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeCommand {
    /// Shows this range; `keep_back` remembers the one before for "back" (false while a drag goes on).
    SetRange {
        /// The new range.
        range: TimeRange,
        /// Whether "back" returns to the range before.
        keep_back: bool,
    },
    /// Zooms about the cursor, or the middle; a factor under 1 shows less time.
    Zoom(f64),
    /// Moves the range by this share of its length.
    Pan(f64),
    /// Shows everything measured.
    ShowAll,
    /// The range before.
    Back,
    /// Moves the cursor.
    SetCursor(Timestamp),
    /// Follows a live session, or stops following.
    Follow(bool),
    /// Plays or pauses.
    TogglePlay,
    /// Faster (1) or slower (−1).
    ChangeSpeed(i32),
    /// Moves the cursor by so many columns of the present detail.
    Step(i32),
}

/// Changes of the document.
#[derive(Clone, Debug, PartialEq)]
pub enum DocumentCommand {
    /// Takes back the last change.
    Undo,
    /// Makes it again.
    Redo,
    /// Ends a run of typing or dragging, so that the next change is a step of its own.
    Seal,
    /// Adds a component: an empty one, or one that the source found, with a selector for those who were found to belong to it.
    AddComponent(Option<ComponentId>),
    /// Changes one field of a component.
    EditComponent(ComponentId, ComponentEdit),
    /// Changes one field of an opportunity.
    EditOpportunity(OpportunityId, OpportunityEdit),
    /// Adds an opportunity to a lane.
    AddOpportunity(HorizonId),
    /// Removes an opportunity, and what depends on it no longer does.
    RemoveOpportunity(OpportunityId),
    /// Changes one field of a decision.
    EditDecision(DecisionId, DecisionEdit),
    /// Adds an open question.
    AddDecision,
    /// Removes a question.
    RemoveDecision(DecisionId),
    /// Changes one field of a scenario.
    EditScenario(ScenarioId, ScenarioEdit),
    /// Removes a scenario.
    RemoveScenario(ScenarioId),
    /// Keeps the present prediction under this name.
    PinPrediction(String),
    /// Forgets a pinned prediction.
    UnpinPrediction(String),
    /// Keeps what came of a pinned prediction, by its name.
    KeepCheck(String, Check),
}

/// One field of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum ScenarioEdit {
    /// What it is called.
    Title(String),
    /// Why it was made.
    Note(String),
}

/// What is tried in thought.
#[derive(Clone, Debug, PartialEq)]
pub enum TryCommand {
    /// Sets a knob by its path, or leaves it as recorded; makes a scenario if there is none.
    Set(String, Option<String>),
    /// Sets several at once.
    SetAll(Vec<(String, String)>),
    /// What is asked about many settings at once.
    Explore(Exploring),
    /// Makes a scenario with these settings and changes it from now on.
    New(Vec<(String, String)>),
    /// The scenario that sliders change; `None`: nothing is changed.
    Choose(Option<ScenarioId>),
    /// Shows a scenario beside others, or no longer.
    Compare(ScenarioId, bool),
    /// Whether sliders set every component, whatever is selected.
    Everywhere(bool),
}

/// One field of a component.
#[derive(Clone, Debug, PartialEq)]
pub enum ComponentEdit {
    /// Its name.
    Title(String),
    /// Which entities belong to it.
    Selectors {
        /// All of them.
        selectors: Vec<Selector>,
        /// Whether a text was typed into: a run of such changes is one step of undo.
        typed: bool,
    },
}

/// One field of an opportunity.
#[derive(Clone, Debug, PartialEq)]
pub enum OpportunityEdit {
    /// What would be done.
    Title(String),
    /// How.
    About(String),
    /// Work in hours; `None` if nobody knows.
    EffortHours(Option<f64>),
    /// Its own risk; `None`: its lane's.
    Risk(Option<Risk>),
    /// How far it has come.
    State(OpportunityState),
    /// Its lane.
    Horizon(HorizonId),
}

/// One field of a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum DecisionEdit {
    /// The question.
    Question(String),
    /// Where it stands.
    State(DecisionState),
    /// Who decided.
    By(String),
    /// When.
    At(String),
    /// Why.
    Why(String),
    /// When to look again.
    Revisit(String),
}

/// The window itself.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowCommand {
    /// Light, dark, or as the desktop says.
    SetTheme(ThemeChoice),
    /// Opens or closes the command palette.
    TogglePalette,
    /// Types into the palette.
    PaletteQuery(String),
    /// Moves the palette's highlight to this entry.
    PaletteIndex(usize),
    /// Shows or hides the list of keys.
    ToggleHelp,
    /// Forgets the messages.
    DismissMessages,
    /// Closes whatever lies over the window, else clears the selection.
    Escape,
    /// Ends the program.
    Quit,
}

macro_rules! from_subject {
    ($($subject:ident $command:ident;)*) => {
        $(impl From<$command> for Command {
            fn from(command: $command) -> Self {
                Command::$subject(command)
            }
        })*
    };
}

from_subject! {
    Session SessionCommand;
    Navigate NavigateCommand;
    Time TimeCommand;
    Document DocumentCommand;
    Try TryCommand;
    Window WindowCommand;
}
