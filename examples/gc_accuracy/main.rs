//! How accurate the model of BEAM heaps is: predicts every recorded setting of every program from its default trace alone.
//!
//! `cargo run --release --example gc_accuracy -- DIRECTORY [--cells]`, after `examples/gc_workloads/record DIRECTORY`.

mod traces;

use std::path::Path;

use vivarium::whatif::beam_heap::Model;
use vivarium::whatif::beam_heap::replay::{self, ReplayScore};
use vivarium::whatif::prediction::{Grade, Level, Part};
use vivarium::whatif::scenario::Setting;

/// Programs whose errors gave the bands, and those that the model was made with; the rest is held out of both.
const CALIBRATION: [&str; 5] = ["json", "deep", "bursts", "queue", "hibernating"];
const TUNING: [&str; 8] = ["steady", "cache", "growing", "buffer", "binaries", "phases", "workers", "ets_copy"];

/// The settings that a name of the harness stands for.
fn settings(name: &str) -> Vec<Setting> {
    let one = |part: &str| {
        let digits = part.find(|c: char| c.is_ascii_digit())?;
        let knob = match &part[..digits] {
            "heap" => "gc.min_heap_words",
            "sweep" => "gc.fullsweep_after",
            "vheap" => "gc.min_bin_vheap_words",
            _ => return None,
        };
        Setting::parse(&format!("*.{knob}={}", &part[digits..])).ok()
    };
    name.split('-').filter_map(one).collect()
}

/// One prediction beside what came of it.
struct Cell {
    program: String,
    setting: String,
    level: Option<Level>,
    /// Predicted, low, high, recorded of: count, copied words, pause, peak.
    figures: [[f64; 4]; 4],
    /// The same when nothing is predicted to change.
    unchanged: [f64; 4],
    exact_replay: (u64, u64),
}

/// With fewer collections than this under the other setting there is nothing to be compared: processes that never collect are not
/// in its trace.
const FEWEST: f64 = 30.0;

const FIGURES: [&str; 4] = ["gc.count", "gc.copied_words", "gc.pause_total_us", "memory.peak_bytes"];

fn figure(part: &Part, metric: &str) -> [f64; 3] {
    let found = part.outcomes.iter().find(|outcome| outcome.metric == metric);
    found.map_or([f64::NAN; 3], |outcome| [outcome.predicted.value, outcome.predicted.low, outcome.predicted.high])
}

fn recorded(model: &Model) -> [f64; 4] {
    let tally = &model.components()[0].baseline;
    [tally.count(), tally.copied, tally.pause_ns / 1e3, tally.peak * 8.0]
}

fn main() {
    let directory = std::env::args().nth(1).unwrap_or_else(|| String::from("."));
    let show_cells = std::env::args().any(|argument| argument == "--cells");
    let listed =
        std::fs::read_dir(&directory).map(|entries| entries.flatten().map(|entry| entry.file_name())).into_iter();
    let mut names: Vec<String> = listed.flatten().filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    let mut cells = Vec::new();
    let mut score = ReplayScore::default();
    for program in names.iter().filter_map(|name| name.strip_suffix(".default.gctrace")) {
        let read = |setting: &str| traces::read(&Path::new(&directory).join(format!("{program}.{setting}.gctrace")));
        let data = match read("default") {
            Ok(data) => data,
            Err(error) => {
                eprintln!("{error}");
                continue;
            }
        };
        let model = Model::new(&data, &[0]);
        let base = recorded(&model);
        if show_cells {
            let component = &model.components()[0];
            let (count, copied) = component.self_error;
            println!("@ {program}: self error {count:.3} {copied:.3}, deep stacks {:.2}", component.deep_stacks);
        }
        let prefix = format!("{program}.");
        let others = names.iter().filter_map(|name| name.strip_prefix(&prefix)?.strip_suffix(".gctrace"));
        for setting in others {
            let Ok(truth) = read(setting) else { continue };
            let mut exact = ReplayScore::default();
            truth.components[0].heaps.iter().for_each(|heap| exact.add(replay::score(heap, truth.otp_release)));
            let wanted = settings(setting);
            if wanted.is_empty() && setting != "again" {
                score.add(exact);
                continue;
            }
            let truth = recorded(&Model::new(&truth, &[0]));
            let exact_replay = (exact.reproduced, exact.collections);
            score.add(exact);
            let (level, predicted) = if wanted.is_empty() {
                (None, base.map(|value| [value; 3]))
            } else {
                let Some((part, evidence)) = model.predict_regardless(0, &wanted) else { continue };
                let level = if part.confidence.grade == Grade::Refused { None } else { part.confidence.level };
                if show_cells {
                    println!("# {program} {setting} {evidence:?}");
                }
                (level, FIGURES.map(|metric| figure(&part, metric)))
            };
            let figures = std::array::from_fn(|i| [predicted[i][0], predicted[i][1], predicted[i][2], truth[i]]);
            cells.push(Cell {
                program: program.into(),
                setting: setting.into(),
                level,
                figures,
                unchanged: base,
                exact_replay,
            });
        }
    }
    println!("policy replay: {} of {} collections", score.reproduced, score.collections);
    score.misses.iter().take(5).for_each(|miss| println!("  {miss}"));
    if show_cells {
        for cell in &cells {
            let errors: Vec<String> =
                cell.figures.iter().map(|f| format!("{:>8.1}%", 100.0 * (f[0] / f[3] - 1.0))).collect();
            println!(
                "{:>12} {:<26} {:>8} {} n={} {:?}",
                cell.program,
                cell.setting,
                word(cell),
                errors.join(" "),
                cell.figures[0][3],
                cell.exact_replay
            );
        }
    }
    let effective = |cell: &Cell| {
        cell.setting != "again" && cell.setting != "vheap500000" && changes(cell) && cell.figures[0][3] >= FEWEST
    };
    let calibration = |cell: &Cell| CALIBRATION.contains(&cell.program.as_str());
    let held_out = |cell: &Cell| !TUNING.contains(&cell.program.as_str());
    let of_bands = |cell: &&Cell| effective(cell) && !calibration(cell) && cell.level.is_some();
    table("held out of bands too, accepted", cells.iter().filter(|cell| held_out(cell)).filter(of_bands));
    for (name, from, to) in [("< 0.1", 0.0, 0.1), ("0.1 to 1.1", 0.1, 1.1), ("> 1.1", 1.1, f64::INFINITY)] {
        let change = |cell: &Cell| (cell.figures[0][0] / cell.unchanged[0]).ln().abs();
        let of_class = |cell: &&Cell| effective(cell) && cell.level.is_some() && (from..to).contains(&change(cell));
        table(&format!("calibration, change {name}"), cells.iter().filter(|cell| calibration(cell)).filter(of_class));
    }
    table("held out, effective, accepted", cells.iter().filter(|c| held_out(c) && effective(c) && c.level.is_some()));
    table("held out, effective, refused", cells.iter().filter(|c| held_out(c) && effective(c) && c.level.is_none()));
    table("held out, effective, all", cells.iter().filter(|c| held_out(c) && effective(c)));
    table("tuning, effective, accepted", cells.iter().filter(|c| !held_out(c) && effective(c) && c.level.is_some()));
    table("tuning, effective, refused", cells.iter().filter(|c| !held_out(c) && effective(c) && c.level.is_none()));
    for level in [Level::High, Level::Medium, Level::Low] {
        table(
            &format!("all, confidence {}", level.word()),
            cells.iter().filter(|c| effective(c) && c.level == Some(level)),
        );
    }
    table("the same settings again (noise)", cells.iter().filter(|c| c.setting == "again"));
}

/// Whether the setting changes anything in this program: large binaries matter only where there are some.
fn changes(cell: &Cell) -> bool {
    !(cell.setting.starts_with("vheap200000") && cell.program != "binaries" && cell.program != "json")
}

fn word(cell: &Cell) -> &'static str {
    cell.level.map_or("refused", Level::word)
}

fn table<'a>(title: &str, cells: impl Iterator<Item = &'a Cell>) {
    let cells: Vec<&Cell> = cells.collect();
    println!("{title}: {} predictions", cells.len());
    for (i, metric) in FIGURES.iter().enumerate() {
        let mut errors: Vec<f64> = cells.iter().map(|c| (c.figures[i][0] / c.figures[i][3] - 1.0).abs()).collect();
        let mut nothing: Vec<f64> = cells.iter().map(|c| (c.unchanged[i] / c.figures[i][3] - 1.0).abs()).collect();
        errors.sort_by(f64::total_cmp);
        nothing.sort_by(f64::total_cmp);
        let of = |list: &[f64], part: f64| {
            list.get((part * (list.len().max(1) - 1) as f64).round() as usize).copied().unwrap_or(0.0)
        };
        let share = |test: &dyn Fn(&Cell) -> bool| {
            100.0 * cells.iter().filter(|cell| test(cell)).count() as f64 / cells.len().max(1) as f64
        };
        let within = share(&|c| (c.figures[i][0] / c.figures[i][3] - 1.0).abs() <= 0.2);
        let a_step = share(&|c| (c.figures[i][0] / c.figures[i][3]).ln().abs() <= 1.65_f64.ln());
        let covered = share(&|c| {
            (c.figures[i][1]..=c.figures[i][2]).contains(&c.figures[i][3])
                || (c.figures[i][0] / c.figures[i][3] - 1.0).abs() < 1e-9
        });
        let logs: Vec<f64> = {
            let mut l: Vec<f64> = cells.iter().map(|c| (c.figures[i][0] / c.figures[i][3]).ln().abs()).collect();
            l.sort_by(f64::total_cmp);
            l
        };
        println!(
            "  {metric:<18} median {:>6.1}%  p90 {:>6.1}%  within 20% {within:>4.0}%  within x1.65 {a_step:>4.0}%  band {covered:>4.0}%  80% within exp {:.3}  (unchanged: median {:>5.1}%)",
            100.0 * of(&errors, 0.5),
            100.0 * of(&errors, 0.9),
            of(&logs, 0.8),
            100.0 * of(&nothing, 0.5)
        );
    }
}
