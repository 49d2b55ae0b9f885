//! Findings in the window, as a user meets them: a number in the status line, a list, and what concerns the selection.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use vivarium::analysis::vitals::Vital;
use vivarium::app::{App, Start};
use vivarium::model::document::{DecisionState, OpportunityState};
use vivarium::model::id::ComponentId;
use vivarium::model::metric::GC_PAUSE;
use vivarium::state::command::{Command, DecisionEdit, DocumentCommand, NavigateCommand, OpportunityEdit};
use vivarium::state::{Selection, State};

const PATIENCE: Duration = Duration::from_secs(30);

struct Window {
    app: Rc<RefCell<Option<App>>>,
    harness: Harness<'static>,
    _home: tempfile::TempDir,
}

impl Window {
    fn open(source: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let start = Start { source: Some(source.to_owned()), home: Some(home.path().to_owned()), ..Start::default() };
        let app: Rc<RefCell<Option<App>>> = Rc::default();
        let shared = app.clone();
        let ui = move |ui: &mut egui::Ui| {
            shared.borrow_mut().get_or_insert_with(|| App::new(ui.ctx(), &start)).frame(ui);
        };
        let harness = Harness::builder().with_size([1400.0, 2400.0]).build_ui(ui);
        Self { app, harness, _home: home }
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

    fn shows(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }
}

#[test]
fn the_number_of_findings_leads_to_their_list_and_each_to_whom_it_is_about() {
    let mut window = Window::open("bundled:demo");
    window.wait_until("findings", |state| state.answers.findings.as_ref().is_some_and(|found| !found.list.is_empty()));
    assert!(window.shows("demo_registry is a bottleneck"), "nothing is selected: all of them are listed");
    assert!(window.shows("Leaks and steps were not looked for"));

    let tables = ComponentId::from("D-AgentPool");
    window.apply(NavigateCommand::Select(Some(Selection::Component(tables))));
    assert!(!window.shows("demo_registry is a bottleneck"), "the agents are not the registry");
    let registry = ComponentId::from("D-Registry");
    window.apply(NavigateCommand::Select(Some(Selection::Component(registry.clone()))));
    assert!(window.shows("demo_registry is a bottleneck"));

    let count = window.look(|state| state.answers.findings.as_ref().unwrap().list.len());
    window.harness.get_by_label_contains(&format!("{count} findings")).click();
    window.harness.run_steps(3);
    assert_eq!(window.look(|state| state.selection.clone()), None);
    assert!(window.shows("registry_primary and registry_backup"));
    let whole = window.look(|state| state.range);
    window.harness.get_all_by_label("Show the time").next().unwrap().click();
    window.harness.run_steps(3);
    let range = window.look(|state| state.range);
    assert!(range.length_ns() < whole.length_ns(), "the stretch of the bottleneck is shown");
}

#[test]
fn a_session_without_measurements_has_no_findings_and_no_number() {
    let mut window = Window::open("bundled:foundation");
    window.wait_until("the session", |state| state.session.is_some());
    assert!(!window.shows("findings"));
}

#[test]
fn figures_that_disagree_are_marked_and_lead_to_what_they_disagree_with() {
    let mut window = Window::open("bundled:foundation");
    window.wait_until("consistency", |state| state.answers.consistency.is_some());
    assert!(window.shows("42 contradictions") && window.shows("20 ambiguous"), "nothing is selected: all are listed");
    assert!(window.shows("5.00 GB − 4.30 GB = 700 MB; at 10.0 MB/wk that takes 70 wk; stated: 8 wk."));
    assert!(!window.shows("these agree"), "what holds is folded away");

    // At the figure itself.
    let pool = ComponentId::from("M-AgentPool");
    window.apply(NavigateCommand::Select(Some(Selection::Component(pool))));
    assert!(!window.shows("700 MB; at 10.0 MB/wk"), "that is about others");
    assert!(window.shows("12 × 85.0 MB/min = 1.02 GB/min"));
    assert!(!window.shows("M-AgentPool.05 disagrees"), "nothing disagrees with the peak");
    window.harness.get_all_by_label_contains("M-AgentPool.06 disagrees").next().unwrap().click();
    window.harness.run_steps(3);
    assert_eq!(window.look(|state| state.selection.clone()), Some(Selection::Statement("M-AgentPool.06".into())));
    assert!(window.shows("statement M-AgentPool.06") && window.shows("12 × 85.0 MB/min = 1.02 GB/min"));
    window.harness.get_by_label("Show all").click();
    window.harness.run_steps(3);
    assert!(window.shows("700 MB; at 10.0 MB/wk"));
}

#[test]
fn what_was_changed_is_checked_anew() {
    let mut window = Window::open("bundled:foundation");
    window.wait_until("consistency", |state| state.answers.consistency.is_some());
    let is_open = |state: &State| {
        let known = state.answers.consistency.as_ref().unwrap();
        known.disagreements.iter().any(|one| one.message.contains("“Message queue limits” still promises"))
    };
    assert!(window.look(is_open));
    let done = OpportunityEdit::State(OpportunityState::Done);
    window.apply(DocumentCommand::EditOpportunity("message-queue-limits".into(), done));
    let accepted = DecisionEdit::State(DecisionState::Accepted);
    window.apply(DocumentCommand::EditDecision("M-MessageQueues.08".into(), accepted));
    window.wait_until("the new answer", |state| !is_open(state));
}

#[test]
fn pauses_of_a_jvm_are_said_to_stop_the_world_and_those_of_a_node_to_hold_up_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("gc.log");
    let line = |n: u32| {
        format!("[{n}.000s][info][gc] GC({n}) Pause Young (Normal) (G1 Evacuation Pause) 50M->20M(100M) 1.5ms\n")
    };
    let lines: String = (1..30).map(line).collect();
    std::fs::write(&log, format!("[0.1s][info][gc] Using G1\n{lines}")).unwrap();
    let mut window = Window::open(log.to_str().unwrap());
    window.wait_until("collections", |state| state.answers.collections.is_some());
    for text in ["each stops the whole program", "Stop-the-world pause, longest", "G1 Evacuation Pause"] {
        assert!(window.shows(text), "{text}");
    }
    assert!(!window.shows("one process only"));
    window.wait_until("the landscape", |state| state.answers.landscape.is_some());
    window.wait_until("the pause among the vital figures", |state| {
        let known = |vital: &Vital| vital.metric == Some(GC_PAUSE) && vital.quantity.is_some();
        state.answers.vitals.iter().any(known)
    });
    let heap = ComponentId::from("Java heap (G1)");
    window.apply(NavigateCommand::Select(Some(Selection::Component(heap))));
    assert!(window.shows("Stop-the-world pause, median"));
}
