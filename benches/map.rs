//! What the map costs: laying it out once, and each frame of its view at 1600 × 1000 points.
//!
//! A frame is everything that the processor does for one: the view, and triangles for all that it draws.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use egui::{Event, Modifiers, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, Vec2};

use vivarium::analysis::map_layout::{box_size, lay_out};
use vivarium::model::document::{Component, ComponentKind, Document, Edge, EdgeKind, Group};
use vivarium::model::id::{ComponentId, GroupId};
use vivarium::state::{SessionInfo, SessionKind, State, ViewId};
use vivarium::ui::{theme, views};

fn foundation() -> Document {
    let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options.from_str(include_str!("../sessions/foundation.ron")).expect("the bundled session is valid")
}

/// 500 boxes, in 50 groups or in none, with 600 arrows or none.
fn large(in_groups: bool, arrows: usize) -> Document {
    let mut document = Document::new("large");
    for number in 0..50 {
        document.groups.push(Group {
            id: GroupId(format!("g{number}")),
            title: format!("Group {number}"),
            parent: None,
        });
    }
    let id = |number: usize| ComponentId(format!("c{number}"));
    for number in 0..500 {
        let mut component = Component::new(id(number), &format!("Component number {number}"), ComponentKind::System);
        component.group = in_groups.then(|| GroupId(format!("g{}", number / 10)));
        document.components.push(component);
    }
    for number in 0..arrows {
        document.edges.push(Edge {
            item: "E".into(),
            from: id(number * 7 % 500),
            to: id((number * 7 + 1 + number % 13) % 500),
            label: "arrow".to_owned(),
            kind: EdgeKind::Flow,
        });
    }
    document
}

fn state(document: Document) -> State {
    let session = SessionInfo {
        title: String::new(),
        kind: SessionKind::Stated,
        source: String::new(),
        path: None,
        span: None,
        entities: Arc::default(),
        warnings: Vec::new(),
        values: 0,
        bytes: 0,
    };
    let mut state = State { session: Some(session), view: ViewId::Map, ..State::default() };
    state.answers.map_layout = Some(Arc::new(lay_out(&document, box_size)));
    state.document = Arc::new(document);
    state
}

/// One frame while the user scrolls, so that zoom and place change with each.
fn frame(ctx: &egui::Context, state: &State, delta: f32) -> usize {
    let screen = Rect::from_min_size(Pos2::ZERO, Vec2::new(1600.0, 1000.0));
    let wheel = Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: Vec2::new(0.0, delta),
        phase: TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::default(),
    };
    let events = vec![Event::PointerMoved(Pos2::new(700.0, 450.0)), wheel];
    let input = RawInput { screen_rect: Some(screen), events, ..RawInput::default() };
    let mut commands = Vec::new();
    let mut output = ctx.run_ui(input, |ui| views::find(ViewId::Map).ui(state, ui, &mut commands));
    output.textures_delta.clear();
    ctx.tessellate(output.shapes, output.pixels_per_point).len()
}

fn layout(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("map layout");
    group.sample_size(10);
    let documents = [
        ("bundled session", foundation()),
        ("500 boxes", large(false, 0)),
        ("500 boxes, 600 arrows", large(false, 600)),
        ("500 boxes in 50 groups, 600 arrows", large(true, 600)),
    ];
    for (name, document) in documents {
        group.bench_function(name, |bencher| bencher.iter(|| lay_out(black_box(&document), box_size)));
    }
    group.finish();
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("map frame");
    for (name, document) in
        [("bundled session", foundation()), ("500 boxes in 50 groups, 600 arrows", large(true, 600))]
    {
        let state = state(document);
        for (what, zoom) in [("all of it", 0.0), ("near", 300.0)] {
            let ctx = egui::Context::default();
            theme::apply(&ctx);
            for _ in 0..5 {
                frame(&ctx, &state, zoom);
            }
            let mut turn = 0;
            group.bench_function(format!("{name}, {what}"), |bencher| {
                bencher.iter(|| {
                    turn += 1;
                    frame(&ctx, &state, if turn % 2 == 0 { 4.0 } else { -4.0 })
                })
            });
        }
    }
    group.finish();
}

criterion_group!(benches, layout, frames);
criterion_main!(benches);
