//! The memory and CPU views as a user meets them: by labels, with a keyboard and a mouse, without a GPU.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use vivarium::analysis::{heat_map, landscape, layers, lines};
use vivarium::model::document::{Component, ComponentKind, Document, Fact, HotFunction, ShareOf, Statistic};
use vivarium::model::entity::{Entity, EntityId, EntityKind};
use vivarium::model::id::ComponentId;
use vivarium::model::metric::{CPU_CORES, CPU_SHARE, MEMBERS, MEMORY_RESIDENT, MEMORY_USED, MetricKey};
use vivarium::model::playback::Playback;
use vivarium::model::quantity::Value;
use vivarium::model::series::{Bucket, Buckets};
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::state::command::{Command, NavigateCommand, TimeCommand};
use vivarium::state::question::{Asked, Question, Topic};
use vivarium::state::{Selection, SessionInfo, SessionKind, State, ViewId};
use vivarium::ui::{theme, views};

/// One minute from a round moment, a value a second.
const START: Timestamp = Timestamp(1_764_000_000 * NS_PER_S);

fn minute() -> TimeRange {
    TimeRange::new(START, START.plus_seconds(60.0))
}

/// A value a second, with nothing between the 20th and the 35th.
fn series(value: impl Fn(i64) -> f64) -> Buckets {
    let seconds = (0..60).filter(|second| !(20..35).contains(second));
    let bucket = |second: i64| {
        let (value, start) = (value(second), START.plus_ns(second * NS_PER_S));
        Bucket { start, count: 1, min: value * 0.8, max: value * 1.2, sum: value }
    };
    Buckets { width_ns: NS_PER_S, buckets: seconds.map(bucket).collect() }
}

fn process(id: u32, name: &str, component: &str) -> Entity {
    Entity {
        id: EntityId(id),
        kind: EntityKind::OsProcess,
        key: format!("os:{id}"),
        name: name.to_owned(),
        parent: None,
        component: Some(component.into()),
        started: None,
        ended: None,
        attributes: BTreeMap::new(),
    }
}

fn session(kind: SessionKind, entities: Vec<Entity>) -> SessionInfo {
    SessionInfo {
        title: String::from("test"),
        kind,
        source: String::from("host"),
        path: None,
        span: (kind != SessionKind::Stated).then(minute),
        entities: Arc::new(entities),
        warnings: Vec::new(),
        values: 0,
        bytes: 0,
    }
}

/// Two components with three processes, measured for a minute.
fn measured() -> State {
    let entities = vec![
        process(1, "postgres: writer", "exe:postgres"),
        process(2, "postgres: checkpointer", "exe:postgres"),
        process(3, "beam.smp", "exe:beam"),
    ];
    let values = [(EntityId(1), 600e6), (EntityId(2), 200e6), (EntityId(3), 2_000e6)];
    let title = |id: &ComponentId| id.as_str().trim_start_matches("exe:").to_owned();
    let at = START.plus_seconds(45.0);
    let landscape = landscape::measured(at, "host", &entities, &values, &[], Some(4e9), title);
    let (postgres, beam) = (ComponentId::from("exe:postgres"), ComponentId::from("exe:beam"));
    let memory = vec![
        (Some(postgres.clone()), String::from("postgres"), series(|_| 800e6)),
        (Some(beam.clone()), String::from("beam"), series(|second| 1e9 + second as f64 * 2e7)),
    ];
    let layers = layers::stack(MEMORY_RESIDENT, minute(), NS_PER_S, memory, Some(series(|_| 4e9)), 10);
    let cpu = vec![
        (postgres, String::from("postgres"), series(|_| 0.4)),
        (beam, String::from("beam"), series(|second| (second % 7) as f64 / 2.0)),
    ];
    let heat_map = heat_map::grid(CPU_CORES, minute(), NS_PER_S, cpu);
    let line = lines::Line { entity: EntityId(3), name: String::from("beam.smp"), buckets: series(|_| 2.0) };
    let lines = lines::Lines { metric: CPU_CORES, range: minute(), lines: vec![line] };
    let mut state = State {
        session: Some(session(SessionKind::Recorded, entities)),
        range: minute(),
        playback: Playback::new(minute()),
        ..State::default()
    };
    state.playback.seek(at);
    state.answers.landscape = Some(Arc::new(landscape));
    state.answers.layers = Some(Arc::new(layers));
    state.answers.heat_map = Some(Arc::new(heat_map));
    state.answers.lines = Some(Arc::new(lines));
    state
}

fn fact(item: &str, label: &str, value: f64, unit: &str, metric: MetricKey) -> Fact {
    Fact {
        item: item.into(),
        label: label.to_owned(),
        value: Value::Exact(value),
        unit: unit.parse().unwrap(),
        metric: Some(metric),
        statistic: Statistic::Unspecified,
        about: None,
        each: None,
        part_of: None,
        period: None,
        note: None,
    }
}

/// A pool of twelve and a total, as a document states them.
fn stated() -> State {
    let mut document = Document::new("a plan");
    let mut control = Component::new("control".into(), "Memory control", ComponentKind::Control);
    control.facts = vec![Fact { statistic: Statistic::Total, ..fact("C.1", "Total", 4.3, "GB", MEMORY_USED) }];
    let mut pool = Component::new("pool".into(), "Worker pool", ComponentKind::System);
    pool.facts = vec![
        fact("P.1", "Workers", 12.0, "count", MEMBERS),
        Fact { each: Some("worker".to_owned()), ..fact("P.2", "Memory", 233.0, "MB", MEMORY_USED) },
        Fact { statistic: Statistic::Peak, ..fact("P.3", "Processor time", 45.0, "%", CPU_SHARE) },
    ];
    pool.hot_functions = vec![HotFunction {
        item: "P.4".into(),
        function: String::from("run_task/2"),
        share: 0.18,
        share_of: ShareOf::Component,
        note: None,
    }];
    document.components = vec![control, pool];
    let landscape = landscape::stated(&document).map(Arc::new);
    let session = Some(session(SessionKind::Stated, Vec::new()));
    let mut state = State { session, document: Arc::new(document), ..State::default() };
    state.answers.landscape = landscape;
    state
}

/// A window with one view, and what the view wanted changed.
fn window(state: State, view: ViewId) -> Harness<'static, Vec<Command>> {
    let mut harness = Harness::builder()
        .with_size([760.0, 440.0])
        .build_ui_state(move |ui, commands: &mut Vec<Command>| views::find(view).ui(&state, ui, commands), Vec::new());
    theme::apply(&harness.ctx);
    harness.run();
    harness
}

fn selected(harness: &Harness<'_, Vec<Command>>) -> Vec<Selection> {
    let selection = |command: &Command| match command {
        Command::Navigate(NavigateCommand::Select(selection)) => selection.clone(),
        _ => None,
    };
    harness.state().iter().filter_map(selection).collect()
}

#[test]
fn memory_names_its_boxes_and_what_is_not_attributed() {
    let harness = window(measured(), ViewId::Memory);
    harness.get_by_label("4.00 GB");
    harness.get_by_label("beam, 2.00 GB");
    harness.get_by_label("postgres, 800 MB");
    harness.get_by_label("postgres: writer, 600 MB");
    harness.get_by_label("not attributed, 1.20 GB");
    harness.get_by_label("not attributed: 1.20 GB (30 %)");
    harness.get_by_label_contains(&START.plus_seconds(45.0).local("at %d %b %Y %H:%M:%S"));
}

#[test]
fn a_click_on_a_box_selects_its_component_or_process() {
    let mut harness = window(measured(), ViewId::Memory);
    harness.get_by_label("postgres, 800 MB").click();
    harness.run();
    harness.get_by_label("postgres: writer, 600 MB").click();
    harness.run();
    let expected = [Selection::Component("exe:postgres".into()), Selection::Entity(EntityId(1))];
    assert_eq!(selected(&harness), expected);
}

#[test]
fn boxes_can_be_reached_with_the_keyboard() {
    let mut harness = window(measured(), ViewId::Memory);
    harness.get_by_label("beam, 2.00 GB").focus();
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!(selected(&harness), [Selection::Component("exe:beam".into())]);
}

#[test]
fn the_areas_tell_values_at_the_cursor_and_select() {
    let mut harness = window(measured(), ViewId::Memory);
    harness.get_by_label("In use, total: 4.00 GB");
    harness.get_by_label("beam: 1.90 GB").click();
    harness.run();
    assert_eq!(selected(&harness), [Selection::Component("exe:beam".into())]);
}

#[test]
fn a_click_in_the_areas_sets_the_cursor_and_a_drag_pans() {
    let mut harness = window(measured(), ViewId::Memory);
    let plot = harness.get_by_label("Memory over time, by component").rect();
    harness.get_by_label("Memory over time, by component").click();
    harness.run();
    let middle = START.plus_seconds(30.0);
    let near = |at: &Timestamp| at.seconds_since(middle).abs() < 0.5;
    let sets_cursor = |command: &Command| matches!(command, Command::Time(TimeCommand::SetCursor(at)) if near(at));
    assert!(harness.state().iter().any(sets_cursor), "{:?}", harness.state());

    harness.state_mut().clear();
    harness.drag_at(plot.center());
    harness.step();
    harness.hover_at(plot.center() - egui::vec2(plot.width() / 6.0, 0.0));
    harness.step();
    harness.drop_at(plot.center() - egui::vec2(plot.width() / 6.0, 0.0));
    harness.run();
    let later = |command: &Command| match command {
        Command::Time(TimeCommand::SetRange { range, .. }) => range.from > START && range.length_ns() == 60 * NS_PER_S,
        _ => false,
    };
    assert!(harness.state().iter().any(later), "{:?}", harness.state());
}

#[test]
fn the_wheel_zooms_about_the_pointer() {
    let mut harness = window(measured(), ViewId::Memory);
    let plot = harness.get_by_label("Memory over time, by component").rect();
    harness.hover_at(plot.center());
    harness.step();
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, 120.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: egui::Modifiers::NONE,
    });
    harness.run_steps(3);
    let closer = |command: &Command| match command {
        Command::Time(TimeCommand::SetRange { range, .. }) => {
            let middle = range.from.plus_ns(range.length_ns() / 2);
            range.length_ns() < 60 * NS_PER_S && (middle.seconds_since(START) - 30.0).abs() < 1.0
        }
        _ => false,
    };
    assert!(harness.state().iter().any(closer), "{:?}", harness.state());
}

#[test]
fn stated_memory_shows_where_figures_come_from_and_what_would_measure_them() {
    let mut harness = window(stated(), ViewId::Memory);
    harness.get_by_label("as stated");
    harness.get_by_label_contains("watch a source: host");
    harness.get_by_label("not attributed, 1.50 GB");
    harness.get_by_label("Worker pool, 2.80 GB").hover();
    harness.run_steps(30);
    harness.get_by_label_contains("12 × 233 MB (from P.1, P.2)");
}

#[test]
fn cpu_lists_components_hottest_first_and_selects_them() {
    let mut harness = window(measured(), ViewId::Cpu);
    let hottest = harness.get_by_label("beam: 1.5 cores").rect();
    let other = harness.get_by_label("postgres: 0.4 cores").rect();
    assert!(hottest.top() < other.top());
    harness.get_by_label("postgres: 0.4 cores").click();
    harness.run();
    harness.get_by_label("beam.smp: 2 cores").click();
    harness.run();
    let expected = [Selection::Component("exe:postgres".into()), Selection::Entity(EntityId(3))];
    assert_eq!(selected(&harness), expected);
}

#[test]
fn pointing_at_a_cell_tells_component_time_and_value_or_that_there_is_none() {
    let mut harness = window(measured(), ViewId::Cpu);
    let cells = harness.get_by_label("CPU use over time, by component").rect();
    let at = |second: f32| egui::pos2(cells.left() + cells.width() * (second + 0.5) / 60.0, cells.top() + 9.0);
    harness.hover_at(at(12.0));
    harness.run();
    harness.get_by_label_contains("2.5 cores at");
    harness.hover_at(at(27.0));
    harness.run();
    harness.get_by_label_contains("nothing was measured at");
}

#[test]
fn a_click_on_a_cell_selects_and_sets_the_cursor() {
    let mut harness = window(measured(), ViewId::Cpu);
    harness.get_by_label("CPU use over time, by component").click();
    harness.run();
    assert_eq!(selected(&harness).len(), 1);
    assert!(harness.state().iter().any(|command| matches!(command, Command::Time(TimeCommand::SetCursor(_)))));
}

#[test]
fn a_long_list_draws_only_what_is_in_sight_and_shows_what_is_selected() {
    let mut state = measured();
    let row = |index: usize| {
        (ComponentId(format!("exe:{index}")), format!("program {index}"), series(|_| 1.0 / (index + 1) as f64))
    };
    let rows = (0..5000).map(row).collect();
    state.answers.heat_map = Some(Arc::new(heat_map::grid(CPU_CORES, minute(), NS_PER_S, rows)));
    state.selection = Some(Selection::Component("exe:4000".into()));
    let mut harness = window(state, ViewId::Cpu);
    harness.run_steps(60);
    harness.get_by_label_contains("program 4000:");
    assert!(harness.query_by_label_contains("program 2:").is_none());
}

#[test]
fn stated_cpu_is_a_list_with_origins() {
    let mut harness = window(stated(), ViewId::Cpu);
    harness.get_by_label("Processor time (peak): 45 % S");
    harness.get_by_label("run_task/2, of the component: 18 % S");
    harness.get_by_label_contains("watch a source: host");
    harness.get_by_label("Worker pool").click();
    harness.run();
    assert_eq!(selected(&harness), [Selection::Component("pool".into())]);
}

#[test]
fn without_an_answer_a_view_says_why() {
    let question = Question::Landscape { at: Some(START) };
    let mut state = measured();
    state.answers = Default::default();
    window(state.clone(), ViewId::Memory).get_by_label("No memory figures");
    window(state.clone(), ViewId::Cpu).get_by_label("Nothing measured in this stretch of time");

    state.answers.pending.insert(Topic::Landscape, Asked { question, data_version: 1 });
    window(state.clone(), ViewId::Memory).get_by_label("Reading …");

    state.answers.failed.insert(Topic::Landscape, String::from("the disk is gone"));
    window(state, ViewId::Memory).get_by_label("the disk is gone");

    let mut empty = stated();
    empty.document = Arc::new(Document::new("nothing"));
    empty.answers.landscape = None;
    window(empty.clone(), ViewId::Memory).get_by_label("No memory figures");
    window(empty, ViewId::Cpu).get_by_label("No CPU figures");
}
