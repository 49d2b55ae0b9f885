//! The What-if view and the Compare view as a user meets them, through what a screen reader sees.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use vivarium::analysis::effects::{Effect, Side, Verdict};
use vivarium::model::document::{Check, CheckedOutcome, Component, ComponentKind, Document, Scenario};
use vivarium::model::metric::{CPU_CORES, MEMORY_USED};
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::model::unit::{BaseUnit, Unit};
use vivarium::state::command::{Command, DocumentCommand, TryCommand};
use vivarium::state::compare::{Against, Beside};
use vivarium::state::question::{Question, wanted};
use vivarium::state::whatif::{About, ExploredAnswer, Exploring, Predicted};
use vivarium::state::{Selection, SessionInfo, SessionKind, State, ViewId};
use vivarium::ui::{theme, views};
use vivarium::whatif::answer::{Answerable, Availability};
use vivarium::whatif::combine::{Combined, Joint, Share};
use vivarium::whatif::explore::{Exploration, Explored, Found, Tradeoff};
use vivarium::whatif::frontier::{Frontier, Point};
use vivarium::whatif::goal::{Reached, Sought, Standing, Target};
use vivarium::whatif::knob::{Knob, KnobValue, ModelId};
use vivarium::whatif::prediction::{Band, Confidence, Curve, Effort, Grade, Level, Outcome, Part};
use vivarium::whatif::scenario::Setting;
use vivarium::whatif::sensitivity::{Bar, Tornado};

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

/// The state after somebody asked about many settings and the answer came.
fn explored(about: About, found: Found) -> State {
    let mut state = state(&[("agents.gc.fullsweep_after", "20"), ("agents.gc.min_heap_words", "900")]);
    let settings = state.settings().to_vec();
    let outcomes = vec![outcome("gc.count", Unit::COUNT, 1000.0, 1500.0)];
    state.answers.predicted = Some(Arc::new(predicted(&settings, good(), outcomes)));
    state.trying.exploring = Exploring {
        about: Some(about),
        levers: vec![String::from("agents.gc.min_heap_words")],
        targets: vec![Target::parse("gc.count<=500").unwrap()],
        metric: Some(String::from("gc.count")),
    };
    let exploration = state.exploration().unwrap();
    let explored = Arc::new(Explored { found, left_out: vec!["agents".into()] });
    state.answers.explored = Some(Arc::new(ExploredAnswer { settings, exploration, explored }));
    state
}

#[test]
fn a_question_about_many_settings_is_asked_once_these_have_an_answer_of_their_own() {
    let mut window = Window::of(state(&[("agents.gc.fullsweep_after", "20")]));
    window.click("Weigh costs");
    let asked: Vec<Exploring> = window
        .commands
        .borrow()
        .iter()
        .filter_map(|command| match command {
            Command::Try(TryCommand::Explore(exploring)) => Some(exploring.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(asked.last().unwrap().about, Some(About::Frontier));

    let explores = |state: &State| wanted(state).iter().any(|question| matches!(question, Question::Explore { .. }));
    let mut state = explored(About::Frontier, Found::Frontier(None));
    assert!(explores(&state));
    state.answers.predicted = None;
    assert!(!explores(&state), "the sliders' own answer comes first");
    let state = explored(About::Goal, Found::Goal(None));
    let Exploration::Goal { levers, .. } = state.exploration().unwrap() else { panic!() };
    assert_eq!(levers[0].knob.path, "gc.min_heap_words");
}

#[test]
fn a_goal_says_what_stands_in_the_way_and_its_settings_can_be_taken() {
    let settings = vec![Setting::parse("agents.gc.min_heap_words=4000").unwrap()];
    let standing = Standing {
        target: Target::parse("gc.count<=500").unwrap(),
        predicted: Band { value: 800.0, low: 700.0, high: 900.0 },
        miss: 0.6,
        relaxed: Some(640.0),
    };
    let sought = Sought {
        reached: Reached::Missed,
        settings: settings.clone(),
        standings: vec![standing],
        obstacle: Some(0),
        feasible: None,
        points: (200, 3),
    };
    let mut window = Window::of(explored(About::Goal, Found::Goal(Some((sought, Vec::new())))));
    assert!(window.shows("Not reached") && window.shows("it stands in the way") && window.shows("at most 640"));
    assert!(window.shows("200 points were tried; 3 of them have no answer"));
    assert!(window.shows("Left out, as most points have no answer about them: Agents"));
    window.click("Use these settings");
    let take = TryCommand::SetAll(vec![(String::from("agents.gc.min_heap_words"), String::from("4000"))]);
    assert!(window.commands.borrow().contains(&take.into()));
}

#[test]
fn what_matters_and_what_settings_do_together_is_told_in_figures() {
    let bar = |title: &str, outcome| Bar {
        title: title.to_owned(),
        moved: (String::from("450"), String::from("1800")),
        outcome,
    };
    let bars = vec![bar("Minimum heap", (1900.0, 1200.0))];
    let tornado = Tornado { middle: 1500.0, bars, without_answer: vec![String::from("Maximum heap")] };
    let window = Window::of(explored(About::Tornado, Found::Tornado(Some((tornado, Unit::COUNT)))));
    assert!(window.shows("at 450") && window.shows("Maximum heap: no answer at one end"));

    let share = |alone, attributed| Share { alone, attributed };
    let joint = Joint {
        metric: "gc.count",
        component: None,
        baseline: 1000.0,
        joint: 410.0,
        sum_of_parts: 777.0,
        shares: vec![share(700.0, 350.0), share(77.0, 60.0)],
    };
    let combined = Combined { parts: Vec::new(), joint: vec![joint], conflicts: Vec::new(), without_shares: None };
    let window = Window::of(explored(About::Together, Found::Together(combined)));
    assert!(window.shows("+410") && window.shows("+777") && window.shows("+700 (+350)"));
}

#[test]
fn a_frontier_shows_where_one_stands() {
    let cost = |value: f64| Band::exact(value);
    let point = |words: f64, memory: f64, pause: f64| Point {
        settings: vec![Setting::parse(&format!("agents.gc.min_heap_words={words}")).unwrap()],
        costs: vec![cost(memory), cost(pause)],
        is_best: true,
        is_robustly_best: true,
    };
    let points = vec![point(233.0, 1e6, 90.0), point(900.0, 2e6, 40.0), point(9000.0, 9e6, 35.0)];
    let tradeoff = Tradeoff {
        objectives: vec![("memory.peak_bytes", Unit::BYTES), ("gc.pause_us.p99", Unit::of(BaseUnit::Microsecond))],
        frontier: Frontier { points, refused: 2, knee: Some(1) },
        recorded: Some(vec![1e6, 90.0]),
        present: Some(vec![cost(2e6), cost(40.0)]),
    };
    let window = Window::of(explored(About::Frontier, Found::Frontier(Some(tradeoff))));
    assert!(window.shows("Up: Pause, 99th percentile") && window.shows("5 points were tried; 2 have no answer"));
}

#[test]
fn a_later_session_is_told_figure_by_figure_and_against_the_pinned_prediction() {
    let side = |mean: f64| Side { count: 600, mean, median: mean, p95: mean };
    let effect = |metric, before: f64, after: f64, verdict| Effect {
        metric,
        component: None,
        title: String::from("shop@host"),
        before: side(before),
        after: side(after),
        difference: after - before,
        band: (after - before - 1e6, after - before + 1e6),
        delta: 0.9,
        verdict,
    };
    let mut state = state(&[]);
    state.view = ViewId::Compare;
    let against = Against::Later("later.vivarium".into());
    state.against = Some(against.clone());
    let asked = wanted(&state).into_iter().find(|question| matches!(question, Question::Beside { .. }));
    assert!(asked.is_some(), "it is asked for");
    let result = CheckedOutcome {
        metric: String::from("gc.count"),
        component: None,
        model: String::from("beam_heap"),
        predicted: 500.0,
        low: 450.0,
        high: 550.0,
        measured: 700.0,
    };
    let check = Check {
        recorded: String::from("later"),
        started: String::from("2026-01-02T00:00:00Z"),
        counts: true,
        results: vec![result],
    };
    state.answers.beside = Some(Arc::new(Ok(Beside {
        against,
        title: String::from("later"),
        is_earlier: false,
        effects: vec![
            effect(MEMORY_USED, 100e6, 150e6, Verdict::Worse),
            effect(CPU_CORES, 1.0, 1.0, Verdict::NoClearChange),
        ],
        checks: vec![(String::from("fewer"), check.clone())],
    })));
    let mut window = Window::of(state);
    assert!(window.shows("1 figures worse, 0 better") && window.shows("150 MB") && window.shows("+50.0 %"));
    assert!(window.shows("0 of 1 bands held") && window.shows("missed"));
    window.click("Keep the outcome");
    let keep = DocumentCommand::KeepCheck(String::from("fewer"), check);
    assert!(window.commands.borrow().contains(&keep.into()));
}

#[test]
fn what_is_shown_is_divided_at_the_cursor() {
    let mut state = state(&[]);
    state.view = ViewId::Compare;
    state.against = Some(Against::AfterCursor);
    let divides = |state: &State| wanted(state).iter().any(|question| matches!(question, Question::Beside { .. }));
    state.playback.position = RANGE.to;
    assert!(!divides(&state));
    assert!(Window::of(state.clone()).shows("set the cursor where before ends"));
    state.playback.position = Timestamp(30 * NS_PER_S);
    assert!(divides(&state));
}
