//! The memory view of a BEAM node as a user meets it: zooming, searching, comparing, colours, collections.

use std::collections::HashMap;
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use vivarium::analysis::gc::GcAnalysis;
use vivarium::analysis::gc_timeline::TimelineBuilder;
use vivarium::analysis::grid::Grid;
use vivarium::analysis::landscape::difference::difference;
use vivarium::analysis::landscape::kinds::Sizes;
use vivarium::analysis::landscape::outside::{AllocatorUse, outside};
use vivarium::analysis::landscape::{Landscape, Measured, Whole, measured_in};
use vivarium::model::entity::{Entity, EntityId, EntityKind};
use vivarium::model::gc::{BeamCollection, GcEvent, GcKind, HeapSizes};
use vivarium::model::playback::Playback;
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::state::command::{Command, NavigateCommand, TimeCommand};
use vivarium::state::memory::{Colouring, MemoryCommand, MemoryDetail, Zoom};
use vivarium::state::{Selection, SessionInfo, SessionKind, State, ViewId};
use vivarium::ui::{theme, views};

const START: Timestamp = Timestamp(1_764_000_000 * NS_PER_S);

fn minute() -> TimeRange {
    TimeRange::new(START, START.plus_seconds(60.0))
}

fn process(id: u32, component: &str, started_s: Option<f64>) -> Entity {
    Entity {
        id: EntityId(id),
        kind: EntityKind::BeamProcess,
        key: format!("beam:{id}"),
        name: format!("agent {id}"),
        parent: None,
        component: Some(component.into()),
        started: started_s.map(|second| START.plus_seconds(second)),
        ended: None,
        attributes: Default::default(),
    }
}

fn entities() -> Vec<Entity> {
    vec![process(1, "pool", None), process(2, "pool", None), process(3, "pool", Some(30.0)), process(4, "web", None)]
}

/// Processes of so many megabytes, each half free.
fn landscape(at_s: f64, megabytes: &[(u32, f64)]) -> Landscape {
    let entities = entities();
    let values: Vec<(EntityId, f64)> = megabytes.iter().map(|(id, mb)| (EntityId(*id), mb * 1e6)).collect();
    let inside = |(id, bytes): &(EntityId, f64)| {
        let sizes = Sizes { held: Some(bytes * 0.9), live: bytes * 0.4, stack: bytes * 0.1, ..Sizes::default() };
        (*id, sizes)
    };
    let sizes: HashMap<EntityId, Sizes> = values.iter().map(inside).collect();
    let measured = Measured {
        at: START.plus_seconds(at_s),
        source: "beam:shop@db1",
        entities: &entities,
        values: &values,
        component_totals: &[],
        total_bytes: Some(100e6),
        whole: Whole::Runtime,
        sizes: &sizes,
        has_generations: true,
    };
    let mut found = measured_in(&measured, |id| id.as_str().to_owned());
    let allocator =
        AllocatorUse { entity: EntityId(9), name: "eheap_alloc".to_owned(), carrier_bytes: 150e6, utilization: 0.7 };
    found.outside = outside(100e6, 100e6, &[allocator], Some(140e6));
    found
}

fn state() -> State {
    let session = SessionInfo {
        title: String::from("test"),
        kind: SessionKind::Recorded,
        source: String::from("beam:shop@db1"),
        path: None,
        span: Some(minute()),
        entities: Arc::new(entities()),
        warnings: Vec::new(),
        values: 0,
        bytes: 0,
    };
    let mut state = State {
        session: Some(session),
        view: ViewId::Memory,
        range: minute(),
        playback: Playback::new(minute()),
        ..State::default()
    };
    state.playback.seek(START.plus_seconds(50.0));
    let before = landscape(0.0, &[(1, 40.0), (2, 20.0), (4, 10.0)]);
    let now = landscape(50.0, &[(1, 50.0), (2, 10.0), (3, 5.0), (4, 10.0)]);
    let lives: HashMap<EntityId, Option<Timestamp>> = entities().iter().map(|it| (it.id, it.started)).collect();
    let change = difference(&before, &now, |id| (lives.get(&id).copied().flatten(), None));
    state.answers.change = change.map(Arc::new);
    state.answers.landscape = Some(Arc::new(now));
    state
}

fn window(state: State) -> Harness<'static, Vec<Command>> {
    let mut is_first = true;
    let mut harness = Harness::builder().with_size([1200.0, 800.0]).with_step_dt(0.05).build_ui_state(
        move |ui, commands: &mut Vec<Command>| {
            // The very first frame is drawn before anybody can choose fonts.
            match std::mem::take(&mut is_first) {
                true => theme::apply(ui.ctx()),
                false => views::find(ViewId::Memory).ui(&state, ui, commands),
            }
        },
        Vec::new(),
    );
    harness.run();
    harness
}

fn memory_commands(harness: &Harness<'_, Vec<Command>>) -> Vec<MemoryCommand> {
    let of_memory = |command: &Command| match command {
        Command::Navigate(NavigateCommand::Memory(command)) => Some(command.clone()),
        _ => None,
    };
    harness.state().iter().filter_map(of_memory).collect()
}

#[test]
fn components_processes_kinds_and_what_lies_outside_are_boxes() {
    let mut harness = window(state());
    harness.get_by_label("pool, 65.0 MB");
    harness.get_by_label("agent 1, 50.0 MB");
    harness.get_by_label("allocators: free in carriers, 45.0 MB");
    harness.get_by_label("not attributed, 25.0 MB");
    // 5 MB more blocks than are counted, and 10 MB of carriers that are not in memory.
    harness.get_by_label("less −10.0 MB");
    let free = harness.get_all_by_label("young heap, free, 20.0 MB").next().unwrap();
    free.hover();
    harness.run_steps(60);
    harness.get_by_label_contains("heap_block_size − heap_size − stack_size");
}

#[test]
fn a_double_click_zooms_in_and_the_path_leads_back() {
    let mut harness = window(state());
    let place = harness.get_by_label("agent 1, 50.0 MB").rect().center();
    for _ in 0..2 {
        harness.hover_at(place);
        harness.drag_at(place);
        harness.drop_at(place);
        harness.step();
    }
    harness.run();
    assert_eq!(memory_commands(&harness), [MemoryCommand::Zoom(vec![Zoom::Component("pool".into())])]);

    let mut zoomed = state();
    zoomed.memory.zoom = vec![Zoom::Component("pool".into()), Zoom::Entity(EntityId(1))];
    let mut harness = window(zoomed);
    assert!(harness.query_by_label("not attributed, 25.0 MB").is_none());
    harness.get_by_label("young heap, in use, 20.0 MB");
    harness.get_by_label("pool").click();
    harness.run();
    harness.get_by_label("All").click();
    harness.run();
    let expected = [MemoryCommand::Zoom(vec![Zoom::Component("pool".into())]), MemoryCommand::Zoom(Vec::new())];
    assert_eq!(memory_commands(&harness), expected);
}

#[test]
fn a_search_says_how_much_it_found() {
    let mut searched = state();
    searched.memory.search = String::from("AGENT 1");
    window(searched.clone()).get_by_label("1 match, 50.0 MB");
    searched.memory.search = String::from("nobody");
    window(searched).get_by_label("nothing matches");
    let mut harness = window(state());
    harness.get_by_label("Search").focus();
    harness.run();
    harness.event(egui::Event::Text(String::from("w")));
    harness.run();
    assert_eq!(memory_commands(&harness), [MemoryCommand::Search(String::from("w"))]);
}

#[test]
fn colours_have_a_legend() {
    for (colouring, words) in [
        (Colouring::Status, ["no status", "▲ warning"]),
        (Colouring::Growth, ["+50 %", "not told then"]),
        (Colouring::Waste, ["100 % free", "not looked into"]),
        (Colouring::Age, ["a day", "was there before"]),
    ] {
        let mut coloured = state();
        coloured.memory.colouring = colouring;
        let harness = window(coloured);
        for word in words {
            harness.get_by_label(word);
        }
    }
}

#[test]
fn the_difference_is_boxes_and_a_table_and_can_be_moved() {
    let mut harness = window(state());
    harness.get_by_label("Difference").click();
    harness.run();
    assert_eq!(memory_commands(&harness), [MemoryCommand::Difference(true)]);
    let mut compared = state();
    compared.memory.difference = true;
    let mut harness = window(compared);
    harness.get_by_label("agent 1, ▲ +10.0 MB");
    harness.get_by_label("agent 2, ▼ −10.0 MB");
    harness.get_by_label("agent 3, + +5.00 MB");
    harness.get_by_label("pool: grown, +5.00 MB");
    harness.get_by_label("agent 2: shrunk, −10.0 MB").click();
    harness.run();
    let selects = |command: &Command| *command == NavigateCommand::Select(Some(Selection::Entity(EntityId(2)))).into();
    assert!(harness.state().iter().any(selects), "{:?}", harness.state());
    harness.get_by_label("From here").click();
    harness.run();
    assert_eq!(memory_commands(&harness), [MemoryCommand::Base(Some(START.plus_seconds(50.0)))]);
    let mut unknown = state();
    unknown.memory.difference = true;
    unknown.answers.change = None;
    window(unknown).get_by_label("No difference to show");
}

/// Collections of two processes, one of them forced and long.
fn with_collections() -> State {
    let event = |second: f64, entity: u32, kind: GcKind, pause_ns: u64, need_words: u64| {
        let start = HeapSizes { heap: 360, heap_block: 376, ..HeapSizes::default() };
        let beam = BeamCollection { need_words, start, end: HeapSizes { heap: 100, ..start } };
        GcEvent::of_beam(START.plus_seconds(second), EntityId(entity), kind, pause_ns, 260, beam)
    };
    let mut events: Vec<GcEvent> =
        (0..40).map(|second| event(f64::from(second), 1, GcKind::Minor, 3_000, 100)).collect();
    events.push(event(41.5, 2, GcKind::Major, 7_000_000, 0));
    let mut analysis = GcAnalysis::new(minute(), 1);
    let mut builder = TimelineBuilder::new(Grid::new(minute(), NS_PER_S), 1);
    [1, 2].into_iter().for_each(|entity| analysis.heap(EntityId(entity), 0, 8.0, vec![minute()]));
    for event in &events {
        let seen = analysis.take(event).unwrap();
        builder.take(event, &seen);
    }
    let names = vec![(Some("pool".into()), String::from("pool"))];
    let mut state = state();
    state.answers.timeline = Some(Arc::new(builder.finish(analysis.finish(), names, vec![minute()])));
    state.memory.detail = MemoryDetail::Collections;
    state
}

#[test]
fn collections_show_their_figures_and_lead_to_the_worst() {
    let mut harness = window(with_collections());
    harness.get_by_label("forced 1");
    harness.get_by_label("Collections: 41");
    harness.get_by_label_contains("Heap efficiency: ");
    let at = START.plus_seconds(41.5);
    harness.get_by_label(&format!("7 ms, forced, agent 2, {}", at.local("%H:%M:%S"))).click();
    harness.run();
    let expected: [Command; 2] =
        [NavigateCommand::Select(Some(Selection::Entity(EntityId(2)))).into(), TimeCommand::SetCursor(at).into()];
    assert_eq!(*harness.state(), expected);
}

#[test]
fn a_click_on_a_long_pause_goes_to_it_and_one_on_a_row_selects() {
    let mut harness = window(with_collections());
    let pauses = harness.get_by_label("Longest pauses over time").rect();
    let at = pauses.left_top() + egui::vec2(pauses.width() * 41.5 / 60.0, pauses.height() / 2.0);
    harness.hover_at(at);
    harness.run();
    harness.get_by_label_contains("longest 7 ms (forced), agent 2");
    harness.drag_at(at);
    harness.drop_at(at);
    harness.run();
    let last: Vec<&Command> = harness.state().iter().rev().take(2).collect();
    assert_eq!(*last[0], TimeCommand::SetCursor(START.plus_seconds(41.5)).into());
    assert_eq!(*last[1], NavigateCommand::Select(Some(Selection::Entity(EntityId(2)))).into());
    harness.get_by_label("Collections over time, by component").click();
    harness.run();
    let selects = NavigateCommand::Select(Some(Selection::Component("pool".into()))).into();
    assert!(harness.state().contains(&selects), "{:?}", harness.state());
}

#[test]
fn without_collections_it_is_said_what_would_give_them() {
    let mut none = state();
    none.memory.detail = MemoryDetail::Collections;
    let harness = window(none);
    harness.get_by_label("No collections were recorded in this stretch of time");
    harness.get_by_label_contains("--gc-trace");
}
