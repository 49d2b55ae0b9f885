//! What the window offers for a BEAM node, as a user meets it: nodes on the welcome page, functions, the component editor.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use vivarium::analysis::functions::functions;
use vivarium::analysis::heat_map;
use vivarium::app::{App, Start};
use vivarium::model::batch::StackSample;
use vivarium::model::entity::EntityId;
use vivarium::model::id::ComponentId;
use vivarium::model::metric::CPU_CORES;
use vivarium::model::playback::Playback;
use vivarium::model::series::{Bucket, Buckets};
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::state::command::{Command, DocumentCommand, NavigateCommand, SessionCommand};
use vivarium::state::{CpuDetail, LocalNodes, Selection, SessionInfo, SessionKind, State, ViewId};
use vivarium::ui::shell::shell_ui;
use vivarium::ui::theme;

const PATIENCE: Duration = Duration::from_secs(30);

/// The whole window over a state that never changes, and what it wanted changed.
fn window(state: State) -> Harness<'static, Vec<Command>> {
    let mut harness = Harness::builder()
        .with_size([1280.0, 800.0])
        .build_ui_state(move |ui, commands: &mut Vec<Command>| shell_ui(&state, ui, commands), Vec::new());
    theme::apply(&harness.ctx);
    harness.run();
    harness
}

#[test]
fn a_node_on_the_welcome_page_is_attached_to_by_click_or_enter() {
    let local_nodes = LocalNodes::Known(vec![String::from("shop@db1"), String::from("till@db1")]);
    let mut harness = window(State { local_nodes, ..State::default() });
    harness.get_by_label("till@db1").click();
    harness.run();
    harness.get_by_label("shop@db1").focus();
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    let watch = |node: &str| Command::from(SessionCommand::Watch(format!("beam:{node}")));
    assert_eq!(*harness.state(), [watch("till@db1"), watch("shop@db1")]);
}

#[test]
fn without_a_node_the_welcome_page_says_how_to_start_one_and_asks_again() {
    let mut harness = window(State { local_nodes: LocalNodes::Known(Vec::new()), ..State::default() });
    harness.get_by_label_contains("erl -sname");
    harness.get_by_label("Refresh").click();
    harness.run();
    assert_eq!(*harness.state(), [SessionCommand::FindNodes.into()]);
}

fn minute() -> TimeRange {
    let start = Timestamp(1_764_000_000 * NS_PER_S);
    TimeRange::new(start, start.plus_seconds(60.0))
}

/// The CPU view with one busy component, showing functions of `count` samples.
fn sampled(count: u32) -> State {
    let bucket = |second| {
        let start = minute().from.plus_ns(second * NS_PER_S);
        Bucket { start, count: 1, min: 0.5, max: 0.5, sum: 0.5 }
    };
    let buckets = Buckets { width_ns: NS_PER_S, buckets: (0..60).map(bucket).collect() };
    let heat_map = heat_map::grid(CPU_CORES, minute(), NS_PER_S, vec![("shop".into(), String::from("Shop"), buckets)]);
    let sample = |number: u32| {
        let inner =
            if number.is_multiple_of(4) { "lists:sort/1 (lists.erl:512)" } else { "shop:price/2 (src/shop.erl:31)" };
        let frames = ["gen_server:loop/7 (gen_server.erl:871)", "shop:sell/2 (src/shop.erl:7)", inner];
        let frames = frames.map(str::to_owned).to_vec();
        StackSample { at: minute().from, entity: EntityId(1), frames, weight: 1 }
    };
    let samples: Vec<StackSample> = (0..count).map(sample).collect();
    let session = SessionInfo {
        title: String::from("test"),
        kind: SessionKind::Recorded,
        source: String::from("beam:shop@db1"),
        path: None,
        span: Some(minute()),
        entities: Arc::new(Vec::new()),
        warnings: Vec::new(),
        values: 0,
        bytes: 0,
    };
    let mut state = State {
        session: Some(session),
        range: minute(),
        playback: Playback::new(minute()),
        view: ViewId::Cpu,
        cpu_detail: CpuDetail::Functions,
        ..State::default()
    };
    state.answers.heat_map = Some(Arc::new(heat_map));
    state.answers.functions = Some((None, Arc::new(functions(&samples, minute(), 1.0))));
    state
}

#[test]
fn functions_show_their_own_and_total_share_with_interval() {
    let harness = window(sampled(100));
    harness.get_by_label("100 stack samples");
    harness.get_by_label("shop:price/2: self 75 % (66–82 %), total 75 %, 75 samples");
    harness.get_by_label_contains("gen_server:loop/7: self 0 %");
    assert!(harness.query_by_label_contains("fewer than").is_none());
}

#[test]
fn few_samples_are_said_to_be_few_and_none_says_what_would_give_them() {
    let harness = window(sampled(7));
    harness.get_by_label_contains("fewer than 20");
    let harness = window(sampled(0));
    harness.get_by_label("No stack samples");
    harness.get_by_label_contains("beam:NAME@HOST");
}

#[test]
fn the_filter_leaves_functions_of_a_module() {
    let harness = window(State { function_filter: String::from("lists:"), ..sampled(100) });
    harness.get_by_label_contains("lists:sort/1: self 25 %");
    assert!(harness.query_by_label_contains("shop:price/2: self").is_none());
}

#[test]
fn a_click_in_the_picture_of_calls_zooms() {
    let mut harness = window(sampled(100));
    let picture = harness.get_by_label_contains("Calls, callers above").rect();
    // The second row is the outermost call.
    let at = egui::pos2(picture.center().x, picture.top() + 24.0);
    harness.hover_at(at);
    harness.run();
    harness.drag_at(at);
    harness.drop_at(at);
    harness.run();
    let zoom = NavigateCommand::ZoomFunctions(vec![String::from("gen_server:loop/7")]);
    assert_eq!(*harness.state(), [zoom.into()]);
}

/// The program over the bundled recording of the demo node.
struct Demo {
    app: Rc<RefCell<Option<App>>>,
    harness: Harness<'static>,
    _home: tempfile::TempDir,
}

impl Demo {
    fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        let source = Some(String::from("bundled:demo"));
        let start = Start { source, home: Some(home.path().to_owned()), ..Start::default() };
        let app: Rc<RefCell<Option<App>>> = Rc::default();
        let shared = app.clone();
        let ui = move |ui: &mut egui::Ui| {
            shared.borrow_mut().get_or_insert_with(|| App::new(ui.ctx(), &start)).frame(ui);
        };
        let harness = Harness::builder().with_size([1400.0, 2400.0]).build_ui(ui);
        let mut demo = Self { app, harness, _home: home };
        demo.wait_until("the recording", |state| state.measured_span().is_some());
        demo
    }

    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(self.app.borrow().as_ref().unwrap().state())
    }

    fn apply(&mut self, command: impl Into<Command>) {
        self.app.borrow_mut().as_mut().unwrap().apply(command.into());
        self.harness.run_steps(2);
    }

    fn wait_until(&mut self, what: &str, done: impl Fn(&State) -> bool) {
        let began = Instant::now();
        loop {
            self.harness.step();
            if self.look(&done) {
                self.harness.run_steps(2);
                return;
            }
            assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn matched(&self) -> Option<usize> {
        self.look(|state| state.answers.matching.as_ref().map(|matching| matching.count()))
    }
}

#[test]
fn the_editor_tests_selectors_as_they_are_typed_and_undo_takes_them_back() {
    let mut demo = Demo::open();
    demo.apply(NavigateCommand::Select(Some(Selection::Component(ComponentId::from("D-AgentPool")))));
    demo.wait_until("the pool's members", |state| {
        state.answers.matching.as_ref().is_some_and(|matching| matching.count() == 12)
    });
    assert!(demo.harness.query_all_by_label_contains("matches 12 processes").next().is_some());
    demo.apply(DocumentCommand::AddComponent(None));
    let id = ComponentId::from("component-1");
    assert_eq!(demo.look(|state| state.selection.clone()), Some(Selection::Component(id.clone())));
    demo.harness.get_by_label("Add a selector").click();
    demo.harness.run_steps(3);
    let field = demo.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Name pattern");
    field.focus();
    field.type_text("registry_*");
    demo.harness.run_steps(3);
    demo.wait_until("the tables", |state| {
        state
            .answers
            .matching
            .as_ref()
            .is_some_and(|matching| matching.component.as_str() == "component-1" && matching.count() > 0)
    });
    assert_eq!(demo.matched(), Some(6), "primary, backup, cache and three indexes");
    assert!(demo.harness.query_all_by_label("matches 6 tables").next().is_some());
    assert!(demo.harness.query_all_by_label_contains("changes apply to new recordings").next().is_some());
    demo.apply(DocumentCommand::Seal);
    for _ in 0..3 {
        demo.apply(DocumentCommand::Undo);
    }
    assert!(demo.look(|state| state.document.component(&id).is_none()), "component, selector and typing: three steps");
}

#[test]
fn a_selected_process_shows_what_it_executed_most() {
    let mut demo = Demo::open();
    let registry = demo.look(|state| {
        let entities = &state.session.as_ref().unwrap().entities;
        entities.iter().find(|entity| entity.name == "demo_registry").unwrap().id
    });
    demo.apply(NavigateCommand::Select(Some(Selection::Entity(registry))));
    demo.wait_until("functions", |state| state.answers.functions.is_some());
    let shown = demo.harness.query_all_by_label_contains("demo_registry:digest/4").next().is_some();
    assert!(shown, "the function that does the registry's work");
    assert!(demo.harness.query_all_by_label("All functions").next().is_some());
}
