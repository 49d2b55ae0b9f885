//! The What-if view as a user meets it, through what a screen reader sees.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use vivarium::model::document::{Component, ComponentKind, Document, Scenario};
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::model::unit::{BaseUnit, Unit};
use vivarium::state::command::{Command, DocumentCommand, TryCommand};
use vivarium::state::question::{Question, wanted};
use vivarium::state::whatif::Predicted;
use vivarium::state::{Selection, SessionInfo, SessionKind, State, ViewId};
use vivarium::ui::{theme, views};
use vivarium::whatif::answer::{Answerable, Availability};
use vivarium::whatif::knob::{Knob, KnobValue, ModelId};
use vivarium::whatif::prediction::{Band, Confidence, Curve, Effort, Grade, Level, Outcome, Part};

const RANGE: TimeRange = TimeRange { from: Timestamp(0), to: Timestamp(60 * NS_PER_S) };

fn knob(path: &str, present: Option<f64>, answerable: Answerable) -> Availability {
    let knob = Knob::find(path).unwrap();
    Availability { knob, component: Some("agents".into()), present: present.map(KnobValue::Number), answerable }
}

fn state(settings: &[(&str, &str)]) -> State {
    let mut document = Document::new("Test");
    document.components.push(Component::new("agents".into(), "Agents", ComponentKind::System));
    let settings: Vec<_> = settings.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    let mut state = State { view: ViewId::WhatIf, range: RANGE, ..State::default() };
    if !settings.is_empty() {
        let scenario = Scenario { id: "s1".into(), title: String::from("Fewer sweeps"), settings, note: String::new() };
        document.scenarios.push(scenario);
        state.trying.scenario = Some("s1".into());
    }
    state.session = Some(SessionInfo {
        title: document.title.clone(),
        kind: SessionKind::Recorded,
        source: String::from("beam:shop@host"),
        path: None,
        span: Some(RANGE),
        entities: Arc::new(Vec::new()),
        warnings: Vec::new(),
        values: 1,
        bytes: 1,
    });
    state.selection = Some(Selection::Component("agents".into()));
    state.document = Arc::new(document);
    let needs = Answerable::Missing(String::from("none of its requests were recorded"));
    state.answers.knobs = Some(Arc::new(vec![
        knob("gc.fullsweep_after", Some(100.0), Answerable::Yes),
        knob("gc.min_heap_words", Some(233.0), Answerable::Yes),
        knob("queue.limit", None, needs),
    ]));
    state
}

fn predicted(settings: &[(String, String)], confidence: Confidence, outcomes: Vec<Outcome>) -> Predicted {
    let line = |value: f64| vec![(Timestamp(0), value), (Timestamp(30 * NS_PER_S), value * 2.0)];
    let curves =
        vec![Curve { metric: "memory.mean_bytes", unit: Unit::BYTES, baseline: line(1e6), predicted: line(2e6) }];
    let part = Part {
        component: Some("agents".into()),
        model: ModelId::BeamHeap,
        outcomes,
        confidence,
        notes: vec![String::from("min_bin_vheap_size alone is ignored by the VM")],
        curves,
    };
    Predicted { settings: settings.to_vec(), range: RANGE, effort: Effort::Full, parts: vec![part] }
}

fn good() -> Confidence {
    Confidence {
        grade: Grade::Replayed,
        level: Some(Level::High),
        self_replay_error: vec![("gc.count", 0.01)],
        reason: None,
        needs: None,
    }
}

fn outcome(metric: &'static str, unit: Unit, baseline: f64, value: f64) -> Outcome {
    let predicted = Band { value, low: value * 0.9, high: value * 1.2 };
    let model = ModelId::BeamHeap;
    Outcome { metric, unit, component: Some("agents".into()), baseline: Some(baseline), predicted, model }
}

struct Window {
    harness: Harness<'static, State>,
    commands: Rc<RefCell<Vec<Command>>>,
}

impl Window {
    fn of(state: State) -> Self {
        let commands: Rc<RefCell<Vec<Command>>> = Rc::default();
        let noted = commands.clone();
        let mut is_new = true;
        let show = move |ui: &mut egui::Ui, state: &mut State| {
            if std::mem::take(&mut is_new) {
                theme::apply(ui.ctx());
            }
            let mut new = Vec::new();
            egui::CentralPanel::default().show(ui, |ui| views::find(state.view).ui(state, ui, &mut new));
            noted.borrow_mut().extend(new);
        };
        let mut harness = Harness::builder().with_size(egui::vec2(1100.0, 900.0)).build_ui_state(show, state);
        harness.run();
        Self { harness, commands }
    }

    fn shows(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run();
    }
}

#[test]
fn what_can_be_answered_has_sliders_and_the_rest_says_what_is_missing() {
    let window = Window::of(state(&[]));
    assert!(window.shows("Full sweep after") && window.shows("recorded 100, default 65"));
    assert!(window.shows("No answer: none of its requests were recorded"));
    assert!(!window.shows("Queue limit"), "a slider that can't be answered is not offered");
    assert!(window.shows("Nothing is changed yet"));
}

#[test]
fn what_one_component_can_answer_can_be_set_for_all() {
    let mut state = state(&[]);
    state.selection = None;
    let missing = Answerable::Missing(String::from("none of its collections were traced"));
    let mut without = knob("gc.fullsweep_after", None, missing);
    without.component = Some("atoms".into());
    let mut rows = vec![without];
    rows.extend(state.answers.knobs.as_ref().unwrap().iter().cloned());
    state.answers.knobs = Some(Arc::new(rows));
    let window = Window::of(state);
    assert!(window.shows("recorded 100, default 65") && !window.shows("none of its collections"));
}

#[test]
fn an_answer_shows_both_figures_their_band_and_how_far_to_trust_it() {
    let mut state = state(&[("agents.gc.fullsweep_after", "20")]);
    let settings = state.settings().to_vec();
    let outcomes = vec![
        outcome("gc.count", Unit::COUNT, 1000.0, 1500.0),
        outcome("memory.peak_bytes", Unit::BYTES, 4e6, 2e6),
        outcome("gc.pause_total_us", Unit::of(BaseUnit::Microsecond), 100.0, 100.0),
    ];
    state.answers.predicted = Some(Arc::new(predicted(&settings, good(), outcomes)));
    let mut window = Window::of(state);
    for text in ["replayed, high confidence", "Collections", "Peak memory", "+50 %", "-50 %", "no change"] {
        assert!(window.shows(text), "{text}");
    }
    assert!(window.shows("min_bin_vheap_size alone is ignored"));
    assert!(window.shows("fullsweep_after"), "the change as code");
    window.click("Pin this prediction");
    let pin = DocumentCommand::PinPrediction(String::from("Fewer sweeps"));
    assert!(window.commands.borrow().contains(&pin.into()));
    window.click("Reset");
    let reset = TryCommand::Set(String::from("agents.gc.fullsweep_after"), None);
    assert!(window.commands.borrow().contains(&reset.into()));
}

#[test]
fn a_refusal_says_why_and_what_to_record() {
    let mut state = state(&[("agents.gc.message_queue_data", "off_heap")]);
    let settings = state.settings().to_vec();
    let needs = Some(String::from("Try it on the node and record that."));
    let refusal = Confidence::refused("What waits in a queue is not in a trace of collections.", needs);
    let mut refused = predicted(&settings, refusal, Vec::new());
    refused.parts[0].curves.clear();
    state.answers.predicted = Some(Arc::new(refused));
    let window = Window::of(state);
    assert!(window.shows("no answer") && window.shows("not in a trace") && window.shows("Try it on the node"));
    assert!(!window.shows("Pin this prediction"), "there is nothing to pin");
}

#[test]
fn a_quick_answer_is_asked_for_first_and_a_good_one_after_it() {
    let mut state = state(&[("agents.gc.fullsweep_after", "20")]);
    let efforts = |state: &State| -> Vec<Effort> {
        let of = |question: &Question| match question {
            Question::Predict { effort, .. } => Some(*effort),
            _ => None,
        };
        wanted(state).iter().filter_map(of).collect()
    };
    assert_eq!(efforts(&state), [Effort::Coarse]);
    let settings = state.settings().to_vec();
    let mut coarse = predicted(&settings, good(), Vec::new());
    coarse.effort = Effort::Coarse;
    state.answers.predicted = Some(Arc::new(coarse));
    assert_eq!(efforts(&state), [Effort::Full]);
    // The slider has moved on.
    state.answers.predicted = Some(Arc::new(predicted(&[], good(), Vec::new())));
    assert_eq!(efforts(&state), [Effort::Coarse]);
}
