//! A small grid of real runs: programs of `examples/gc_workloads` are recorded on this machine's Erlang under the default and other
//! settings, and the others are predicted from the default alone. Fails when the accuracy falls below the bars of `docs/whatif.md`.

#[path = "../../examples/gc_accuracy/traces.rs"]
mod traces;

use std::path::Path;
use std::process::Command;

use vivarium::whatif::beam_heap::{Model, replay};
use vivarium::whatif::data::{ComponentData, SessionData};
use vivarium::whatif::prediction::{Effort, Grade, Part};
use vivarium::whatif::scenario::Setting;

const PROGRAMS: &str = "lru,window,cache";
const SETTINGS: [(&str, &str); 3] = [
    ("sweep5", "*.gc.fullsweep_after=5"),
    ("heap2000", "*.gc.min_heap_words=2000"),
    ("heap20000", "*.gc.min_heap_words=20000"),
];

/// Records programs under settings and returns what was written; `None` where there is no Erlang.
fn run(directory: &Path, programs: &str, settings: &str) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gc_workloads/record");
    let output = Command::new("escript").arg(script).arg(directory).args(["1000", programs, settings]).output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(_) => {
            assert!(std::env::var("VIVARIUM_REQUIRE_REAL").is_err(), "escript not found");
            println!("skipped: erl not found");
            None
        }
    }
}

fn predict(model: &Model, settings: &[&str]) -> Part {
    let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
    model.predict(&settings, Effort::Full, &|| false).remove(0)
}

fn count(part: &Part) -> f64 {
    part.outcomes.iter().find(|outcome| outcome.metric == "gc.count").unwrap().predicted.value
}

fn assert_replayed(data: &SessionData, name: &str) {
    for heap in &data.components[0].heaps {
        let score = replay::score(heap, data.otp_release);
        assert!(score.share() >= 0.9999, "{name}: {score:?}");
    }
}

#[test]
fn predictions_from_a_default_run_come_true_in_runs_with_other_settings() {
    let directory = tempfile::tempdir().unwrap();
    let Some(_) = run(directory.path(), PROGRAMS, "default,sweep5,heap2000,heap20000") else { return };
    let mut errors = Vec::new();
    for program in PROGRAMS.split(',') {
        let read = |setting: &str| {
            let name = format!("{program}.{setting}.gctrace");
            let data = traces::read(&directory.path().join(&name)).unwrap();
            assert_replayed(&data, &name);
            data
        };
        let model = Model::new(&read("default"), &[0]);
        for (setting, text) in SETTINGS {
            let truth = Model::new(&read(setting), &[0]).components()[0].baseline.count();
            let part = predict(&model, &[text]);
            if part.confidence.grade != Grade::Refused {
                errors.push(((count(&part) / truth - 1.0).abs(), format!("{program} {setting}")));
            }
        }
        what_the_vm_ignores_is_named_and_what_the_trace_lacks_is_refused(&model);
        limits_kill_those_that_grow_beyond_them(&model);
    }
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(errors.len() >= 5, "at least half of the grid must be answered: {errors:?}");
    assert!(errors[errors.len() / 2].0 <= 0.10, "median error of the count: {errors:?}");
    assert!(errors[errors.len() * 9 / 10].0 <= 0.30, "90th percentile: {errors:?}");
}

fn what_the_vm_ignores_is_named_and_what_the_trace_lacks_is_refused(model: &Model) {
    let alone = predict(model, &["*.gc.min_bin_vheap_words=500000"]);
    assert!(alone.notes[0].starts_with("Ignored by the VM"), "{alone:?}");
    let recorded = model.components()[0].baseline.count();
    assert_eq!(count(&alone), recorded);
    let low = predict(model, &["*.gc.min_heap_words=100"]);
    assert!(low.notes[0].starts_with("Ignored by the VM"));
    assert_eq!(count(&low), recorded);
    let queue = predict(model, &["*.gc.message_queue_data=off_heap"]);
    assert_eq!(queue.confidence.grade, Grade::Refused);
    assert!(queue.outcomes.is_empty());
}

fn limits_kill_those_that_grow_beyond_them(model: &Model) {
    let peak_words = model.components()[0].baseline.peak;
    let tight = predict(model, &[&format!("*.gc.max_heap_words={}", (peak_words / 2.0) as u64)]);
    assert!(tight.notes.iter().any(|note| note.contains("Would have been killed")), "{:?}", tight.notes);
    let wide = predict(model, &[&format!("*.gc.max_heap_words={}", (peak_words * 4.0) as u64)]);
    assert!(wide.notes.iter().any(|note| note.contains("No process would have been killed")), "{:?}", wide.notes);
    assert_eq!(count(&wide), model.components()[0].baseline.count());
}

/// The numbers in `killed [1,2,…]`, in order.
fn killed_of(stdout: &str) -> Vec<Vec<usize>> {
    let lists = stdout.lines().filter_map(|line| line.strip_prefix("killed [")?.strip_suffix(']'));
    lists.map(|list| list.split(',').filter_map(|number| number.parse().ok()).collect()).collect()
}

#[test]
fn who_a_limit_of_the_heap_would_kill_is_who_it_really_kills() {
    let directory = tempfile::tempdir().unwrap();
    let limits = [5_000, 20_000, 60_000];
    let Some(told) = run(directory.path(), "crowd", "default,max5000,max20000,max60000") else { return };
    let truth = killed_of(&told);
    assert!(truth[0].is_empty() && truth[1].len() > truth[3].len() && !truth[3].is_empty(), "{truth:?}");
    let mut data = traces::read(&directory.path().join("crowd.default.gctrace")).unwrap();
    // One component a process, so that each is answered for by itself; they were started in the order of their pids.
    let together = data.components.remove(0);
    let mut heaps = together.heaps;
    heaps.sort_by_key(|heap| heap.name.split(['.', '<', '>']).filter_map(|part| part.parse::<u64>().ok()).nth(1));
    // The first is the one that starts the others.
    let heaps: Vec<_> = heaps.into_iter().skip(1).collect();
    assert!(heaps.len() >= 90, "small ones may never collect: {}", heaps.len());
    let traced: Vec<String> = heaps.iter().map(|heap| heap.name.clone()).collect();
    let first = pid_number(&traced[0]);
    data.components = heaps
        .into_iter()
        .map(|heap| ComponentData { id: heap.name.as_str().into(), heaps: vec![heap], ..ComponentData::default() })
        .collect();
    let all: Vec<usize> = (0..data.components.len()).collect();
    let model = Model::new(&data, &all);
    for (limit, truth) in limits.into_iter().zip(&truth[1..]) {
        let setting = Setting::parse(&format!("*.gc.max_heap_words={limit}")).unwrap();
        let parts = model.predict(&[setting], Effort::Full, &|| false);
        let (mut right, mut asked) = (0, 0);
        for (name, part) in traced.iter().zip(&parts) {
            let number = (pid_number(name) - first) as usize + 1;
            let Some(killed) = part.outcomes.iter().find(|outcome| outcome.metric == "gc.killed") else { continue };
            asked += 1;
            right += usize::from((killed.predicted.value > 0.5) == truth.contains(&number));
        }
        println!("limit {limit}: {right} of {asked} right, {} were killed", truth.len());
        assert!(asked >= 60 && right * 100 >= asked * 95, "limit {limit}: {right} of {asked}");
    }
}

fn pid_number(name: &str) -> u64 {
    name.split(['.', '<', '>']).filter_map(|part| part.parse().ok()).nth(1).unwrap()
}
