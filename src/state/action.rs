//! What the user can do from the keyboard and the palette: one list, from which shortcuts, palette and help are made.

use super::command::{
    Command, DocumentCommand, NavigateCommand, SessionCommand, TimeCommand, TryCommand, WindowCommand,
};
use super::memory::{Colouring, MemoryCommand, MemoryDetail, Zoom};
use super::{CpuDetail, Selection, State, ThemeChoice, ViewId};
use crate::model::entity::EntityKind;

/// A key, independent of any window library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A letter or digit or sign, upper case.
    Char(char),
    /// A function key.
    F(u8),
    /// Escape.
    Escape,
    /// The space bar.
    Space,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Backspace.
    Backspace,
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// Ctrl (on macOS, Cmd).
    pub command: bool,
    /// Shift.
    pub shift: bool,
    /// The key.
    pub key: Key,
}

impl Shortcut {
    const fn plain(key: Key) -> Option<Self> {
        Some(Self { command: false, shift: false, key })
    }

    const fn ctrl(key: char) -> Option<Self> {
        Some(Self { command: true, shift: false, key: Key::Char(key) })
    }

    const fn ctrl_shift(key: char) -> Option<Self> {
        Some(Self { command: true, shift: true, key: Key::Char(key) })
    }

    /// Whether it may be pressed while text is typed.
    pub fn works_while_typing(self) -> bool {
        self.command || matches!(self.key, Key::F(_) | Key::Escape)
    }
}

impl std::fmt::Display for Shortcut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.command {
            f.write_str("Ctrl+")?;
        }
        if self.shift {
            f.write_str("Shift+")?;
        }
        match self.key {
            Key::Char(key) => write!(f, "{key}"),
            Key::F(number) => write!(f, "F{number}"),
            Key::Escape => f.write_str("Esc"),
            Key::Space => f.write_str("Space"),
            Key::Left => f.write_str("Left"),
            Key::Right => f.write_str("Right"),
            Key::Home => f.write_str("Home"),
            Key::End => f.write_str("End"),
            Key::Backspace => f.write_str("Backspace"),
        }
    }
}

/// Something that the user can do.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Under which heading it is listed.
    pub group: &'static str,
    /// What it does, as the palette says it.
    pub title: String,
    /// Its key.
    pub shortcut: Option<Shortcut>,
    /// The change that it makes.
    pub command: Command,
}

/// Everything that can be done in this state, in the order of the help.
pub fn available(state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut add = |group, title: &str, shortcut, command: Command| {
        actions.push(Action { group, title: title.to_owned(), shortcut, command });
    };
    let open = state.session.is_some();
    let measured = state.measured_span().is_some();

    add("Session", "Open a file …", Shortcut::ctrl('O'), SessionCommand::OpenDialog.into());
    add("Session", "Watch this machine live", Shortcut::ctrl_shift('L'), SessionCommand::Watch("host".into()).into());
    for node in state.local_nodes.names() {
        add("Session", &format!("Watch {node} live"), None, SessionCommand::Watch(format!("beam:{node}")).into());
    }
    for (name, title) in &state.bundled {
        add("Session", &format!("Open bundled: {title}"), None, SessionCommand::OpenBundled(name.clone()).into());
    }
    if open {
        add("Session", "Save", Shortcut::ctrl('S'), SessionCommand::Save.into());
        add("Session", "Save as …", Shortcut::ctrl_shift('S'), SessionCommand::SaveAsDialog.into());
        if state.is_live() {
            add("Session", "Stop watching", None, SessionCommand::StopWatching.into());
        }
        add("Session", "Close the session", Shortcut::ctrl('W'), SessionCommand::Close.into());
        for (index, view) in ViewId::ALL.into_iter().enumerate() {
            let key = char::from_digit(index as u32 + 1, 10).map(Key::Char);
            let title = format!("Show {}", view.title());
            add("View", &title, key.and_then(Shortcut::plain), NavigateCommand::Show(view).into());
        }
    }
    if measured {
        let (title, detail) = match state.cpu_detail {
            CpuDetail::Lines => ("Show functions in the CPU view", CpuDetail::Functions),
            CpuDetail::Functions => ("Show lines in the CPU view", CpuDetail::Lines),
        };
        add("View", title, Shortcut::plain(Key::Char('F')), NavigateCommand::ShowCpuDetail(detail).into());
    }
    let zooms = open && state.view == ViewId::Memory && !state.memory.zoom.is_empty();
    if open && state.view == ViewId::Memory {
        let mut add = |title: &str, shortcut, command: MemoryCommand| {
            add("Memory", title, shortcut, NavigateCommand::Memory(command).into());
        };
        if let Some(zoom) = zoom_of_selection(state).filter(|zoom| *zoom != state.memory.zoom) {
            add("Zoom into what is selected", Shortcut::plain(Key::Char('Z')), MemoryCommand::Zoom(zoom));
        }
        if zooms {
            add("Zoom out of the box", Shortcut::plain(Key::Backspace), MemoryCommand::ZoomOut);
        }
        for colouring in Colouring::ALL.into_iter().filter(|colouring| *colouring != state.memory.colouring) {
            let title = format!("Colour boxes by {}", colouring.title().to_lowercase());
            add(&title, None, MemoryCommand::Colour(colouring));
        }
        if measured {
            let (title, shown) =
                if state.memory.difference { ("Show the landscape", false) } else { ("Show the difference", true) };
            add(title, Shortcut::plain(Key::Char('V')), MemoryCommand::Difference(shown));
            add("Compare to the cursor", Shortcut::plain(Key::Char('B')), MemoryCommand::Base(state.cursor()));
            let (title, detail) = match state.memory.detail {
                MemoryDetail::Areas => ("Show collections", MemoryDetail::Collections),
                MemoryDetail::Collections => ("Show memory over time", MemoryDetail::Areas),
            };
            add(title, Shortcut::plain(Key::Char('G')), MemoryCommand::Show(detail));
        }
    }
    if state.selection.is_some() {
        add("View", "Select nothing", None, NavigateCommand::Select(None).into());
    }
    if measured {
        let play = if state.playback.playing { "Pause" } else { "Play" };
        add("Time", play, Shortcut::plain(Key::Space), TimeCommand::TogglePlay.into());
        add("Time", "Play faster", Shortcut::plain(Key::Char('.')), TimeCommand::ChangeSpeed(1).into());
        add("Time", "Play slower", Shortcut::plain(Key::Char(',')), TimeCommand::ChangeSpeed(-1).into());
        add("Time", "Step forward", Shortcut::plain(Key::Right), TimeCommand::Step(1).into());
        add("Time", "Step back", Shortcut::plain(Key::Left), TimeCommand::Step(-1).into());
        add("Time", "Zoom in", Shortcut::plain(Key::Char('+')), TimeCommand::Zoom(0.5).into());
        add("Time", "Zoom out", Shortcut::plain(Key::Char('-')), TimeCommand::Zoom(2.0).into());
        add("Time", "Earlier", Shortcut::plain(Key::Char('A')), TimeCommand::Pan(-0.25).into());
        add("Time", "Later", Shortcut::plain(Key::Char('D')), TimeCommand::Pan(0.25).into());
        add("Time", "Show all time", Shortcut::plain(Key::Home), TimeCommand::ShowAll.into());
        if !state.earlier_ranges.is_empty() {
            let key = if zooms { None } else { Shortcut::plain(Key::Backspace) };
            add("Time", "Back to the range before", key, TimeCommand::Back.into());
        }
        if state.is_live() {
            let title = if state.follow { "Stop following" } else { "Follow live" };
            add("Time", title, Shortcut::plain(Key::End), TimeCommand::Follow(!state.follow).into());
        }
    }
    if let Some(title) = state.history.undo_title() {
        add("Document", &format!("Undo: {title}"), Shortcut::ctrl('Z'), DocumentCommand::Undo.into());
    }
    if let Some(title) = state.history.redo_title() {
        add("Document", &format!("Redo: {title}"), Shortcut::ctrl_shift('Z'), DocumentCommand::Redo.into());
    }
    if open {
        add("Document", "Add a component", None, DocumentCommand::AddComponent(None).into());
        add("Document", "Add a decision", None, DocumentCommand::AddDecision.into());
    }
    if open && measured {
        add("What-if", "New scenario", None, TryCommand::New(Vec::new()).into());
        for scenario in &state.document.scenarios {
            let choose = TryCommand::Choose(Some(scenario.id.clone()));
            add("What-if", &format!("Scenario: {}", scenario.title), None, choose.into());
        }
    }
    for (title, theme) in [("Light", ThemeChoice::Light), ("Dark", ThemeChoice::Dark), ("System", ThemeChoice::System)]
    {
        if state.theme != theme {
            add("Window", &format!("Theme: {title}"), None, WindowCommand::SetTheme(theme).into());
        }
    }
    add("Window", "Find a command", Shortcut::ctrl('K'), WindowCommand::TogglePalette.into());
    add("Window", "Show the keys", Shortcut::plain(Key::F(1)), WindowCommand::ToggleHelp.into());
    add("Window", "Close what is open, or select nothing", Shortcut::plain(Key::Escape), WindowCommand::Escape.into());
    add("Window", "Quit", Shortcut::ctrl('Q'), WindowCommand::Quit.into());
    actions
}

/// The boxes of the landscape in which the selection is, outermost first.
fn zoom_of_selection(state: &State) -> Option<Vec<Zoom>> {
    match state.selection.as_ref()? {
        Selection::Component(id) => Some(vec![Zoom::Component(id.clone())]),
        Selection::Entity(id) => {
            let entity = state.entity(*id)?;
            let component = Zoom::Component(entity.component.clone()?);
            // Only processes have something inside.
            let is_process = entity.kind == EntityKind::BeamProcess;
            Some(std::iter::once(component).chain(is_process.then_some(Zoom::Entity(*id))).collect())
        }
        _ => None,
    }
}

/// What the palette lists for a query: the actions, then everything that can be selected; matches of all its words.
pub fn search(state: &State, query: &str) -> Vec<Action> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let matches = |title: &str| {
        let title = title.to_lowercase();
        words.iter().all(|word| title.contains(word.as_str()))
    };
    let mut found: Vec<Action> = available(state).into_iter().filter(|action| matches(&action.title)).collect();
    if words.is_empty() {
        return found;
    }
    for component in state.components().filter(|component| matches(&component.title)) {
        let select = NavigateCommand::Select(Some(Selection::Component(component.id.clone())));
        let title = format!("Go to {}", component.title);
        found.push(Action { group: "Component", title, shortcut: None, command: select.into() });
    }
    for path in state.recent.iter().filter(|path| matches(&path.to_string_lossy())) {
        let title = format!("Open {}", path.display());
        let command = SessionCommand::Open(path.clone()).into();
        found.push(Action { group: "Recent", title, shortcut: None, command });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let state = State { session: None, ..State::default() };
        let actions = available(&state);
        for (index, action) in actions.iter().enumerate() {
            let Some(shortcut) = action.shortcut else { continue };
            let twin = actions[index + 1..].iter().find(|other| other.shortcut == Some(shortcut));
            assert_eq!(twin, None, "{shortcut}");
        }
    }

    #[test]
    fn in_the_memory_view_too_a_key_does_one_thing_and_backspace_zooms_out_first() {
        let mut state = memory_view();
        state.memory.zoom = vec![Zoom::Component("c".into())];
        state.selection = Some(Selection::Component("d".into()));
        state.earlier_ranges = vec![state.range];
        let actions = available(&state);
        for (index, action) in actions.iter().enumerate() {
            let Some(shortcut) = action.shortcut else { continue };
            let twin = actions[index + 1..].iter().find(|other| other.shortcut == Some(shortcut));
            assert_eq!(twin, None, "{shortcut}");
        }
        let by = |key: Key| actions.iter().find(|action| action.shortcut == Shortcut::plain(key)).unwrap();
        assert_eq!(by(Key::Backspace).command, NavigateCommand::Memory(MemoryCommand::ZoomOut).into());
        let zoom = MemoryCommand::Zoom(vec![Zoom::Component("d".into())]);
        assert_eq!(by(Key::Char('Z')).command, NavigateCommand::Memory(zoom).into());
    }

    /// A recorded session without anything in it.
    fn memory_view() -> State {
        let range =
            crate::model::time::TimeRange::new(crate::model::time::Timestamp(0), crate::model::time::Timestamp(9));
        let session = crate::state::SessionInfo {
            title: String::new(),
            kind: crate::state::SessionKind::Recorded,
            source: String::new(),
            path: None,
            span: Some(range),
            entities: Default::default(),
            warnings: Vec::new(),
            values: 0,
            bytes: 0,
        };
        State { session: Some(session), view: ViewId::Memory, range, ..State::default() }
    }

    #[test]
    fn the_palette_finds_by_any_words() {
        let state = State::default();
        let found = search(&state, "machine watch");
        assert_eq!(found[0].command, SessionCommand::Watch("host".into()).into());
        assert!(search(&state, "no such thing").is_empty());
    }
}
