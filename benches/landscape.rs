//! What the memory landscape of a large system costs: laying it out in the background, its frames, differences, and the timeline of
//! collections.
//!
//! A frame is everything that the processor does for one of the memory view at 1600 × 1000 points: the view, and triangles for all
//! that it draws.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use egui::{Event, Pos2, RawInput, Rect, Vec2};

use vivarium::analysis::gc::GcAnalysis;
use vivarium::analysis::gc_timeline::{Timeline, TimelineBuilder};
use vivarium::analysis::grid::Grid;
use vivarium::analysis::landscape::difference::difference;
use vivarium::analysis::landscape::{Kind, Landscape, Member, Part, Slice, Whole};
use vivarium::model::entity::EntityId;
use vivarium::model::gc::{BeamCollection, GcEvent, GcKind, HeapSizes};
use vivarium::model::playback::Playback;
use vivarium::model::quantity::Quantity;
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::model::unit::Unit;
use vivarium::state::memory::{Colouring, MemoryDetail};
use vivarium::state::{SessionInfo, SessionKind, State, ViewId};
use vivarium::ui::{theme, views};

fn hour() -> TimeRange {
    TimeRange::new(Timestamp(0), Timestamp(3600 * NS_PER_S))
}

/// So many processes of components of very different sizes, each with three kinds of memory.
fn landscape(at: Timestamp, processes: u32, components: u32, turn: u32) -> Landscape {
    let measured = |bytes: f64| Quantity::measured(bytes, Unit::BYTES, "synthetic", None);
    let member = |id: u32| {
        let bytes = f64::from(2_000 + id.wrapping_mul(2_654_435_761).wrapping_add(turn * 97_003) % 90_000);
        let slice = |kind, share: f64| Slice { kind, bytes: bytes * share };
        Member {
            entity: Some(EntityId(id)),
            kinds: vec![slice(Kind::HeapLive, 0.5), slice(Kind::HeapSlack, 0.3), slice(Kind::Structure, 0.2)],
            ..Member::new(format!("worker {id}"), bytes)
        }
    };
    let part = |component: u32| {
        let ids = (0..processes).filter(|id| id % components.max(1) == component);
        let mut members: Vec<Member> = ids.map(member).collect();
        members.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        let sum = members.iter().map(|member| member.bytes).sum();
        Part::new(format!("c{component}").as_str().into(), format!("Component {component}"), measured(sum), members)
    };
    let parts: Vec<Part> = (0..components).map(part).collect();
    let total = parts.iter().map(Part::bytes).sum::<f64>() * 1.1;
    Landscape::new(Some(at), Whole::Runtime, Some(measured(total)), parts)
}

fn state(landscape: Landscape) -> State {
    let session = SessionInfo {
        title: String::new(),
        kind: SessionKind::Recorded,
        source: String::new(),
        path: None,
        span: Some(hour()),
        entities: Arc::default(),
        warnings: Vec::new(),
        values: 0,
        bytes: 0,
    };
    let playback = Playback::new(hour());
    let mut state = State { session: Some(session), view: ViewId::Memory, range: hour(), playback, ..State::default() };
    state.answers.landscape = Some(Arc::new(landscape));
    state
}

/// One frame, with the mouse on the boxes.
fn frame(ctx: &egui::Context, state: &State, mouse_x: f32) -> usize {
    let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, Vec2::new(1600.0, 1000.0)));
    let events = vec![Event::PointerMoved(Pos2::new(mouse_x, 300.0))];
    let input = RawInput { screen_rect, events, ..RawInput::default() };
    let mut commands = Vec::new();
    let mut output = ctx.run_ui(input, |ui| views::find(ViewId::Memory).ui(state, ui, &mut commands));
    output.textures_delta.clear();
    ctx.tessellate(output.shapes, output.pixels_per_point).len()
}

fn measure(criterion: &mut Criterion, name: &str, state: &State) {
    let ctx = egui::Context::default();
    theme::apply(&ctx);
    for _ in 0..5 {
        frame(&ctx, state, 700.0);
    }
    let mut turn = 0_u32;
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            turn += 1;
            frame(&ctx, state, 500.0 + (turn % 400) as f32)
        });
    });
}

fn frames(criterion: &mut Criterion) {
    let now = landscape(hour().to, 100_000, 40, 0);
    let change = difference(&landscape(hour().from, 100_000, 40, 1), &now, |_| (None, None)).map(Arc::new);
    let mut state = state(now);
    measure(criterion, "frame, landscape of 100 k processes", &state);
    state.memory.search = String::from("worker 77");
    measure(criterion, "frame, 100 k processes searched", &state);
    state.memory.search.clear();
    state.answers.change = change;
    state.memory.colouring = Colouring::Growth;
    measure(criterion, "frame, 100 k processes coloured by growth", &state);
    state.memory.difference = true;
    measure(criterion, "frame, difference of 100 k processes", &state);
    let (mut state, timeline) = (state, timeline(1_000_000));
    state.memory.detail = MemoryDetail::Collections;
    state.answers.timeline = Some(Arc::new(timeline));
    measure(criterion, "frame, difference of 100 k processes and 1 M collections", &state);
    let tables = landscape(hour().to, 1_000_000, 1, 0);
    measure(criterion, "frame, a million tables", &self::state(tables));
}

/// So many collections of a thousand heaps in forty components.
fn timeline(count: u64) -> Timeline {
    let mut analysis = GcAnalysis::new(hour(), 40);
    let mut builder = TimelineBuilder::new(Grid::new(hour(), 5 * NS_PER_S), 40);
    (0..1000).for_each(|heap| analysis.heap(EntityId(heap), heap as usize % 40, 8.0, vec![hour()]));
    let start = HeapSizes { heap: 360, heap_block: 376, ..HeapSizes::default() };
    for index in 0..count {
        let beam = BeamCollection { need_words: index % 200, start, end: HeapSizes { heap: 100, ..start } };
        let kind = if index % 50 == 0 { GcKind::Major } else { GcKind::Minor };
        let at = Timestamp((3600 * NS_PER_S as i128 * i128::from(index) / i128::from(count)) as i64);
        let pause_ns = 2_000 + index.wrapping_mul(2_654_435_761) % 90_000;
        let event = GcEvent::of_beam(at, EntityId((index % 1000) as u32), kind, pause_ns, 260, beam);
        if let Some(seen) = analysis.take(&event) {
            builder.take(&event, &seen);
        }
    }
    let names = (0..40).map(|id| (Some(format!("c{id}").as_str().into()), format!("Component {id}"))).collect();
    builder.finish(analysis.finish(), names, Vec::new())
}

fn preparing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("in the background");
    group.sample_size(10);
    let (before, after) = (landscape(hour().from, 100_000, 40, 1), landscape(hour().to, 100_000, 40, 0));
    group.bench_function("difference of 100 k processes", |bencher| {
        bencher.iter(|| difference(black_box(&before), black_box(&after), |_| (None, None)));
    });
    group.bench_function("timeline of 1 M collections", |bencher| bencher.iter(|| timeline(black_box(1_000_000))));
    // The first picture is laid out at once, later ones while the one before stays.
    let state = state(after);
    group.bench_function("first frame of 100 k processes", |bencher| {
        bencher.iter(|| {
            let ctx = egui::Context::default();
            theme::apply(&ctx);
            frame(&ctx, &state, 700.0)
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = preparing, frames
}
criterion_main!(benches);
