//! What a frame of the whole window costs while the user moves along a day, and the first view of that day from its file.
//!
//! `VIVARIUM_BENCH_VALUES=100000000 cargo bench --bench window` measures on a day of 100 M values. A frame is everything that
//! the processor does: layout, drawing, tessellation; not what the graphics driver does with it.

#[path = "support/day.rs"]
mod day;
#[path = "../examples/generate_recording/synthetic.rs"]
mod synthetic;

use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use egui::{Event, Pos2, RawInput, Rect, Vec2};
use vivarium::analysis::landscape::{Landscape, Member, Part, Whole};
use vivarium::model::quantity::Quantity;
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::model::unit::Unit;
use vivarium::session::open::open_path;
use vivarium::session::view_state::{answer_all, show};
use vivarium::state::{State, ViewId};
use vivarium::ui::shell::shell_ui;
use vivarium::ui::theme;

const SCREEN: Vec2 = Vec2::new(1600.0, 1000.0);

/// The state of the window on a recording, with everything answered that the view asks.
fn opened(path: &Path, view: ViewId) -> State {
    let session = open_path(path).unwrap();
    let mut state = State::default();
    show(&mut state, &session, false).unwrap();
    state.view = view;
    answer_all(&mut state, session.recording.as_ref()).unwrap();
    state
}

fn frame(ctx: &egui::Context, state: &State, mouse_x: f32) -> usize {
    let events = vec![Event::PointerMoved(Pos2::new(mouse_x, 500.0))];
    let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, SCREEN));
    let input = RawInput { screen_rect, events, ..RawInput::default() };
    let mut commands = Vec::new();
    let mut output = ctx.run_ui(input, |ui| shell_ui(state, ui, &mut commands));
    output.textures_delta.clear();
    ctx.tessellate(output.shapes, output.pixels_per_point).len()
}

/// Frames in which the range and the mouse move, as in a drag.
fn measure(criterion: &mut Criterion, name: &str, mut state: State) {
    let ctx = egui::Context::default();
    theme::apply(&ctx);
    let span = state.range;
    let mut step = 0_i64;
    for _ in 0..5 {
        frame(&ctx, &state, 700.0);
    }
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            step += 1;
            let shift_ns = step % 200 * 10 * NS_PER_S;
            state.range = TimeRange::new(span.from.plus_ns(shift_ns), span.to.plus_ns(shift_ns - 2000 * NS_PER_S));
            frame(&ctx, &state, 500.0 + (step % 400) as f32)
        });
    });
}

fn frames(criterion: &mut Criterion) {
    let path = day::recording(day::shape());
    for view in ViewId::ALL {
        measure(criterion, &format!("frame of a day, {}", view.word()), opened(&path, view));
    }
    let mut state = opened(&path, ViewId::Memory);
    state.answers.landscape = Some(Arc::new(many_members()));
    measure(criterion, "frame, landscape of 100 k members", state);
}

/// 500 components of 200 members each: as many as the landscape names one by one.
fn many_members() -> Landscape {
    let bytes = |value: f64| Quantity::measured(value, Unit::BYTES, "synthetic", None);
    let member = |part: u32, member: u32| {
        let bytes = f64::from(1_000 + (part * 7919 + member * 104_729) % 100_000);
        Member::new(format!("process {member}"), bytes)
    };
    let parts: Vec<Part> = (0..500)
        .map(|part| {
            let members: Vec<Member> = (0..200).map(|number| member(part, number)).collect();
            let sum = members.iter().map(|member| member.bytes).sum();
            Part::new(format!("part {part}").as_str().into(), format!("Part {part}"), bytes(sum), members)
        })
        .collect();
    let sum: f64 = parts.iter().filter_map(|part| part.bytes.number_in(Unit::BYTES)).sum();
    Landscape::new(Some(Timestamp(0)), Whole::Runtime, Some(bytes(sum)), parts)
}

fn first_view(criterion: &mut Criterion) {
    let path = day::recording(day::shape());
    for view in [ViewId::Memory, ViewId::Cpu] {
        criterion.bench_function(&format!("from the file to the first frame, {}", view.word()), |bencher| {
            bencher.iter(|| {
                let state = opened(&path, view);
                let ctx = egui::Context::default();
                theme::apply(&ctx);
                frame(&ctx, &state, 700.0)
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = first_view, frames
}
criterion_main!(benches);
