//! How accurate the model of heap limits is: predicts every recorded setting of every program from one run alone, and holds it against
//! the median of the repeated runs.
//!
//! `cargo run --release --example heap_limit_accuracy -- DIRECTORY [--cells]`, after `examples/heap_limits/record DIRECTORY`.

mod runs;

use std::collections::BTreeMap;
use std::path::Path;

use vivarium::whatif::heap_limit;
use vivarium::whatif::prediction::{Effort, Grade, Outcome, Part};
use vivarium::whatif::scenario::Setting;

use runs::Run;

const MIB: f64 = 1_048_576.0;

/// The settings whose first run all others are predicted from.
const JAVA_BASE: &str = "192";
const GO_BASE: &str = "gogc100";

/// One prediction beside what came of it. Per GiB that the program allocates: collections, and seconds of pauses.
struct Cell {
    collector: String,
    profile: String,
    setting: String,
    /// The limit as a multiple of what lives.
    times_live: f64,
    grade: Grade,
    reason: String,
    /// Value, low, high.
    count: Option<[f64; 3]>,
    pause: Option<[f64; 3]>,
    cpu: Option<[f64; 3]>,
    /// Median, smallest and largest of the repeats.
    true_count: [f64; 3],
    true_pause: [f64; 3],
    true_cpu: [f64; 3],
}

fn main() {
    let directory = std::env::args().nth(1).unwrap_or_else(|| String::from("."));
    let show_cells = std::env::args().any(|argument| argument == "--cells");
    let mut groups: BTreeMap<(String, String), BTreeMap<String, Vec<Run>>> = BTreeMap::new();
    let listed = std::fs::read_dir(&directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = listed.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    for name in &names {
        let parts: Vec<&str> = name.split('.').collect();
        let [collector, profile, setting, _repeat, "log"] = parts[..] else { continue };
        match Run::read(&Path::new(&directory).join(name)) {
            Ok(run) => {
                let group = groups.entry((collector.to_owned(), profile.to_owned())).or_default();
                group.entry(setting.to_owned()).or_default().push(run);
            }
            Err(error) => eprintln!("{error}"),
        }
    }
    let mut cells = Vec::new();
    for ((collector, profile), settings) in &groups {
        let base = if collector == "Go" { GO_BASE } else { JAVA_BASE };
        let Some(base) = settings.get(base).and_then(|runs| runs.first()) else { continue };
        for (setting, runs) in settings {
            cells.extend(cell(base, collector, profile, setting, runs));
        }
    }
    if show_cells {
        for cell in &cells {
            println!("{}", text(cell));
        }
        println!();
    }
    for collector in ["Serial", "Parallel", "G1", "Go"] {
        let of: Vec<&Cell> = cells.iter().filter(|cell| cell.collector == collector).collect();
        for (what, of) in [
            ("replayed", of.iter().filter(|it| it.grade == Grade::Replayed).copied().collect::<Vec<_>>()),
            ("as recorded", of.iter().filter(|it| it.grade == Grade::Measured).copied().collect()),
            ("bound", of.iter().filter(|it| it.grade == Grade::Bound).copied().collect()),
            ("refused", of.iter().filter(|it| it.grade == Grade::Refused).copied().collect()),
        ] {
            if !of.is_empty() {
                println!("{collector:9} {what:12} {}", summary(&of));
            }
        }
    }
}

fn cell(base: &Run, collector: &str, profile: &str, setting: &str, runs: &[Run]) -> Option<Cell> {
    let number: f64 = setting.trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()?;
    let asked = match setting.strip_prefix("gogc") {
        Some(_) => format!("heap.gogc_percent={number}"),
        None => format!("heap.max_bytes={}", number * MIB),
    };
    let asked = Setting::parse(&asked).ok()?;
    let part = heap_limit::predict(&base.data, &[asked], Effort::Full, &|| false).into_iter().next()?;
    let repeats = |of: fn(&Run) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        [all[all.len() / 2], all[0], all[all.len() - 1]]
    };
    let scaled = |metric: &str, recorded: f64| {
        let outcome = outcome(&part, metric)?;
        let scale = recorded / outcome.baseline?.max(1e-12);
        Some([outcome.predicted.value, outcome.predicted.low, outcome.predicted.high].map(|value| value * scale))
    };
    Some(Cell {
        collector: collector.to_owned(),
        profile: profile.to_owned(),
        setting: setting.to_owned(),
        times_live: number * MIB / base.live_bytes,
        grade: part.confidence.grade,
        reason: part.confidence.reason.clone().unwrap_or_default(),
        count: scaled("gc.count_per_min", base.count_per_gib),
        pause: scaled("gc.pause_share", base.pause_per_gib),
        cpu: scaled("gc.cpu_share", base.cpu_share),
        true_count: repeats(|run| run.count_per_gib),
        true_pause: repeats(|run| run.pause_per_gib),
        true_cpu: repeats(|run| run.cpu_share),
    })
}

fn outcome<'a>(part: &'a Part, metric: &str) -> Option<&'a Outcome> {
    part.outcomes.iter().find(|outcome| outcome.metric == metric)
}

fn text(cell: &Cell) -> String {
    let of = |said: Option<[f64; 3]>, truth: [f64; 3], scale: f64| match said {
        Some([value, low, high]) => format!(
            "{:8.2} [{:7.2} {:7.2}] true {:8.2} ({:.2} to {:.2}) {:+6.1} %",
            value * scale,
            low * scale,
            high * scale,
            truth[0] * scale,
            truth[1] * scale,
            truth[2] * scale,
            (value / truth[0] - 1.0) * 100.0
        ),
        None => format!("{:28} true {:8.2}", "-", truth[0] * scale),
    };
    let cpu = cell.cpu.map(|said| format!("  cpu % {}", of(Some(said), cell.true_cpu, 100.0))).unwrap_or_default();
    format!(
        "{:8} {:8} {:8} {:4.1} L {:9} count {}  pause ms {}{cpu}  {}",
        cell.collector,
        cell.profile,
        cell.setting,
        cell.times_live,
        cell.grade.word(),
        of(cell.count, cell.true_count, 1.0),
        of(cell.pause, cell.true_pause, 1e3),
        cell.reason
    )
}

/// Median and largest errors, and how many are in their bands.
fn summary(cells: &[&Cell]) -> String {
    type Figure = fn(&Cell) -> Option<([f64; 3], [f64; 3])>;
    let figures: [(&str, Figure); 3] = [
        ("count", |cell| Some((cell.count?, cell.true_count))),
        ("pause", |cell| Some((cell.pause?, cell.true_pause))),
        ("cpu", |cell| Some((cell.cpu?, cell.true_cpu))),
    ];
    let mut said = format!("{:3} cells", cells.len());
    for (name, figure) in figures {
        let found: Vec<([f64; 3], [f64; 3])> = cells.iter().filter_map(|cell| figure(cell)).collect();
        if found.is_empty() {
            continue;
        }
        // An error inside of what repeats differ by is none.
        let error = |(value, truth): &([f64; 3], [f64; 3])| {
            if truth[1] <= value[0] && value[0] <= truth[2] {
                0.0
            } else {
                (value[0] / truth[0]).ln().abs().exp() - 1.0
            }
        };
        let mut errors: Vec<f64> = found.iter().map(error).collect();
        errors.sort_by(f64::total_cmp);
        let at =
            |share: f64| errors[((errors.len() as f64 * share).ceil() as usize).clamp(1, errors.len()) - 1] * 100.0;
        let inside = found.iter().filter(|(value, truth)| value[1] <= truth[0] && truth[0] <= value[2]).count();
        let share = inside as f64 / found.len() as f64 * 100.0;
        said.push_str(&format!(
            "; {name}: n {}, median {:.1} %, 80th {:.1} %, all {:.1} %, in band {share:.0} %",
            found.len(),
            at(0.5),
            at(0.8),
            at(1.0)
        ));
    }
    said
}
