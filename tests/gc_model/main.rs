//! A small grid of real runs: programs of `examples/gc_workloads` are recorded on this machine's Erlang under the default and other
//! settings, and the others are predicted from the default alone. Fails when the accuracy falls below the bars of `docs/whatif.md`.

#[path = "../../examples/gc_accuracy/traces.rs"]
mod traces;

use std::path::Path;
use std::process::Command;

use vivarium::whatif::beam_heap::{Model, replay};
use vivarium::whatif::data::SessionData;
use vivarium::whatif::prediction::{Effort, Grade, Part};
use vivarium::whatif::scenario::Setting;

const PROGRAMS: &str = "lru,window,cache";
const SETTINGS: [(&str, &str); 3] = [
    ("sweep5", "*.gc.fullsweep_after=5"),
    ("heap2000", "*.gc.min_heap_words=2000"),
    ("heap20000", "*.gc.min_heap_words=20000"),
];

/// Records the grid; `None` where there is no Erlang.
fn record(directory: &Path) -> Option<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gc_workloads/record");
    let settings = "default,sweep5,heap2000,heap20000";
    let output = Command::new("escript").arg(script).arg(directory).args(["1000", PROGRAMS, settings]).output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(())
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
    let Some(()) = record(directory.path()) else { return };
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
