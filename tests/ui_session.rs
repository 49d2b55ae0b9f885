//! The window as a user meets it: opens, selects, edits, undoes, records, saves, opens again. Without a display and without a GPU:
//! controls are found by what a screen reader would say.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use vivarium::app::{App, Start};
use vivarium::model::id::ComponentId;
use vivarium::model::time::Timestamp;
use vivarium::state::command::{Command, NavigateCommand, SessionCommand, TimeCommand};
use vivarium::state::{Selection, SessionKind, ViewId};

const PATIENCE: Duration = Duration::from_secs(30);

/// A window that is not shown.
struct Window {
    app: Rc<RefCell<Option<App>>>,
    harness: Harness<'static>,
    _home: tempfile::TempDir,
}

impl Window {
    fn open(source: Option<&Path>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let source = source.map(|path| path.display().to_string());
        let start = Start { source, home: Some(home.path().to_owned()), ..Start::default() };
        let app: Rc<RefCell<Option<App>>> = Rc::default();
        let shared = app.clone();
        let ui = move |ui: &mut egui::Ui| {
            let mut app = shared.borrow_mut();
            app.get_or_insert_with(|| App::new(ui.ctx(), &start)).frame(ui);
        };
        let harness = Harness::builder().with_size([1280.0, 720.0]).build_ui(ui);
        Self { app, harness, _home: home }
    }

    /// Draws frames until `done`, which is looked for in what the window shows.
    fn wait_until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        loop {
            self.harness.step();
            if done(self) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "waited in vain for {what}; messages: {:?}", self.messages());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_for_label(&mut self, label: &str) {
        self.wait_until(label, |window| window.harness.query_all_by_label_contains(label).next().is_some());
    }

    fn shows(&self, label: &str) -> bool {
        self.harness.query_all_by_label_contains(label).next().is_some()
    }

    fn click(&mut self, label: &str) {
        self.harness.get_all_by_label(label).next().unwrap_or_else(|| panic!("no {label}")).click();
        self.harness.run_steps(3);
    }

    fn type_into(&mut self, label: &str, text: &str) {
        let field = self.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, label);
        field.focus();
        field.type_text(text);
        self.harness.run_steps(3);
    }

    fn press(&mut self, modifiers: egui::Modifiers, key: egui::Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_steps(3);
    }

    fn apply(&mut self, command: impl Into<Command>) {
        self.app.borrow_mut().as_mut().unwrap().apply(command.into());
        self.harness.run_steps(2);
    }

    fn look<T>(&self, look: impl FnOnce(&vivarium::state::State) -> T) -> T {
        look(self.app.borrow().as_ref().unwrap().state())
    }

    fn messages(&self) -> Vec<String> {
        self.look(|state| state.messages.iter().map(|message| message.text.clone()).collect())
    }
}

fn seed() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions/foundation.ron")
}

#[test]
fn the_welcome_page_opens_the_bundled_session() {
    let mut window = Window::open(None);
    window.harness.run_steps(2);
    assert!(window.shows("Watch this machine"));
    let title = window.look(|state| state.bundled[0].1.clone());
    window.click(&title);
    window.wait_for_label("STATED");
    assert_eq!(window.look(|state| state.document.components.len()), 36);
}

#[test]
fn a_component_of_the_seed_shows_its_stated_facts_with_provenance() {
    let mut window = Window::open(Some(&seed()));
    window.wait_for_label("Agent process pool");
    window.click("Agent process pool");
    assert_eq!(
        window.look(|state| state.selection.clone()),
        Some(Selection::Component(ComponentId::from("M-AgentPool")))
    );
    assert!(window.shows("233 MB"), "the stated memory per agent");
    assert!(window.shows("347 MB"), "the stated peak");
    assert!(window.harness.query_all_by_label("S").next().is_some(), "figures are marked as stated");
    assert!(window.shows("Implement memory pooling"), "the open decision");
}

#[test]
fn the_filter_narrows_the_tree() {
    let mut window = Window::open(Some(&seed()));
    window.wait_for_label("Agent process pool");
    // With an arrow between others selected, the inspector does not name that component.
    window.apply(NavigateCommand::Select(Some(Selection::Edge(20))));
    window.type_into("Filter", "ets");
    assert_eq!(window.look(|state| state.tree_filter.clone()), "ets");
    assert!(window.shows("ETS table memory"));
    // The map names its boxes with their status, so that only the tree has the bare title.
    assert!(window.harness.query_all_by_label("Agent process pool").next().is_none());
}

#[test]
fn views_change_by_keys_and_the_palette_finds_commands() {
    let mut window = Window::open(Some(&seed()));
    window.wait_for_label("Agent process pool");
    window.press(egui::Modifiers::NONE, egui::Key::Num5);
    assert_eq!(window.look(|state| state.view), ViewId::Roadmap);
    window.press(egui::Modifiers::COMMAND, egui::Key::K);
    assert!(window.shows("Find a command"));
    window.type_into("Find a command", "show cpu");
    window.press(egui::Modifiers::NONE, egui::Key::Enter);
    assert_eq!(window.look(|state| (state.view, state.palette.is_none())), (ViewId::Cpu, true));
    window.press(egui::Modifiers::NONE, egui::Key::F1);
    assert!(window.shows("Where figures come from"));
    window.press(egui::Modifiers::NONE, egui::Key::Escape);
    assert!(!window.shows("Where figures come from"));
}

#[test]
fn a_change_can_be_undone_and_done_again_and_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("plan.ron");
    std::fs::copy(seed(), &copy).unwrap();
    let mut window = Window::open(Some(&copy));
    window.wait_for_label("Agent process pool");
    let before = window.look(|state| state.document.decisions.len());
    window.press(egui::Modifiers::COMMAND, egui::Key::K);
    window.type_into("Find a command", "add a decision");
    window.press(egui::Modifiers::NONE, egui::Key::Enter);
    assert_eq!(window.look(|state| (state.document.decisions.len(), state.unsaved)), (before + 1, true));
    window.press(egui::Modifiers::COMMAND, egui::Key::Z);
    assert_eq!(window.look(|state| state.document.decisions.len()), before);
    window.press(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::Z);
    assert_eq!(window.look(|state| state.document.decisions.len()), before + 1);
    window.press(egui::Modifiers::COMMAND, egui::Key::S);
    window.wait_until("the file to be saved", |window| window.look(|state| !state.unsaved));
    let mut again = Window::open(Some(&copy));
    again.wait_for_label("Agent process pool");
    assert_eq!(again.look(|state| state.document.decisions.len()), before + 1);
}

#[test]
fn this_machine_is_watched_saved_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machine.vivarium");
    let mut window = Window::open(None);
    window.harness.run_steps(2);
    window.click("Watch this machine");
    window.wait_until("measurements of some seconds", |window| {
        window.look(|state| state.measured_span().is_some_and(|span| span.length_seconds() > 3.0))
    });
    assert!(window.shows("LIVE"));
    window.wait_for_label("Memory in use");
    window.click("Stop");
    window.wait_until("the recorder to end", |window| window.look(|state| !state.is_live()));
    window.apply(SessionCommand::SaveAs(file.clone()));
    window.wait_until("the file to be saved", |window| window.look(|state| !state.unsaved));
    let measured = window.look(|state| state.measured_span().unwrap());
    drop(window);

    let mut again = Window::open(Some(&file));
    again.wait_for_label("RECORDED");
    let (kind, span) = again.look(|state| (state.session.as_ref().unwrap().kind, state.measured_span().unwrap()));
    assert_eq!((kind, span), (SessionKind::Recorded, measured));
    again.wait_until("the landscape", |window| window.look(|state| state.answers.landscape.is_some()));
    let middle = Timestamp((span.from.0 + span.to.0) / 2);
    again.apply(TimeCommand::SetCursor(middle));
    again.wait_until("the landscape of then", |window| {
        window.look(|state| state.answers.landscape.as_ref().is_some_and(|landscape| landscape.at == Some(middle)))
    });
    let parts = again.look(|state| state.answers.landscape.as_ref().unwrap().parts.len());
    assert!(parts > 0, "components hold memory");
}

#[test]
fn a_broken_file_gets_a_sentence_and_the_window_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.ron");
    std::fs::write(&broken, "(format: \"vivarium-session\", version: 1, title: 7)").unwrap();
    let mut window = Window::open(Some(&broken));
    window.wait_until("a message", |window| !window.messages().is_empty());
    let message = window.messages().remove(0);
    assert!(message.contains("broken.ron") && message.contains("title"), "{message}");
    assert!(window.shows("Watch this machine"), "the welcome page is still there");
    let strange = folder.path().join("strange.bin");
    std::fs::write(&strange, b"\x7fELF something else").unwrap();
    window.apply(SessionCommand::Open(strange));
    window.wait_until("a second message", |window| window.messages().len() > 1);
    assert!(window.messages()[1].contains(".vivarium"), "it says what can be opened: {:?}", window.messages());
}

#[test]
fn unsaved_changes_survive_and_are_offered_again() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("unsaved");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(seed(), folder.join("1-1.ron")).unwrap();
    let start = Start { home: Some(home.path().to_owned()), ..Start::default() };
    let ctx = egui::Context::default();
    let app = App::new(&ctx, &start);
    assert!(app.state().recent.iter().any(|path| path.ends_with("unsaved/1-1.ron")));
    assert!(app.state().messages[0].text.contains("unsaved"));
}
