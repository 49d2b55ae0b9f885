//! Imported files through the program itself: what is told of collections, what can be answered, and the shape of the JSON.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Two processes: `<0.80.0>` is collected three times with one failed attempt, `<0.81.0>` once.
const TRACE: &str = "#beam-gc-trace 1\n#word 8\n\
    #proc -1000000000 <0.80.0> heap_block 233 min_heap 233 min_vheap 46422 fullsweep 65535 msgq on_heap\n\
    0 <0.80.0> gc_minor_start 8 200 233 0 0 5 0 0 0 46422 0 46422\n\
    2000 <0.80.0> gc_minor_end 120 80 233 0 0 5 80 0 0 46422 0 46422\n\
    1000000000 <0.80.0> gc_minor_start 8 220 233 0 0 5 80 10 0 46422 0 46422\n\
    1000004000 <0.80.0> gc_minor_end 90 60 233 80 376 5 60 0 0 46422 0 46422\n\
    2000000000 <0.80.0> gc_minor_start 8 220 233 80 376 5 60 0 0 46422 0 46422\n\
    2000001000 <0.80.0> gc_minor_end 0 220 233 80 376 5 60 0 0 46422 0 46422\n\
    2000001000 <0.80.0> gc_major_start 8 220 233 80 376 5 60 0 0 46422 0 46422\n\
    2000009000 <0.80.0> gc_major_end 200 100 376 0 0 5 100 0 0 46422 0 46422\n\
    2500000000 <0.81.0> gc_minor_start 8 100 233 0 0 5 0 0 0 46422 0 46422\n\
    2500001000 <0.81.0> gc_minor_end 50 50 233 0 0 5 50 0 0 46422 0 46422\n\
    3000000000 <0.81.0> gc_minor_start 8 100 233 0 0 5 0 0 0 46422 0 46422\n\
    #end otp 25\n";

fn vivarium(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vivarium")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(folder: &Path, arguments: &[&str]) -> String {
    let out = vivarium(folder, arguments);
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&text(folder, arguments)).unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trace.txt"), TRACE).unwrap();
    let mut requests = String::from("arrival_s,start_s,end_s,worker\n");
    for index in 0..500 {
        let arrival = f64::from(index) * 0.01;
        requests.push_str(&format!("{arrival},{arrival},{},0\n", arrival + 0.004));
    }
    std::fs::write(folder.path().join("requests.csv"), requests).unwrap();
    folder
}

#[test]
fn collections_of_a_text_trace_are_those_of_the_arithmetic() {
    let folder = folder();
    let parts = json(folder.path(), &["inspect", "trace.txt", "--json"]);
    assert_eq!(parts["session"]["title"], "trace.txt");
    assert_eq!(parts["session"]["source"], "import:trace.txt");
    let gc = &parts["gc"];
    assert_eq!((gc["count"].as_u64(), gc["minor"].as_u64(), gc["major"].as_u64()), (Some(4), Some(3), Some(1)));
    assert_eq!(gc["failed_minor"], 1);
    assert_eq!(gc["heaps"], 2);
    // Four collections in the 4 s from the first word of a process to the last one.
    assert_eq!(gc["interval_s"], 1.0);
    assert_eq!(gc["pause_us"]["p50"], 2.0);
    assert_eq!(gc["pause_us"]["max"], 8.0);
    assert_eq!(gc["pause_us"]["total"], 16.0, "the failed attempt held the process up too");
    assert_eq!(gc["reclaimed_bytes"], 8.0 * (120.0 + 90.0 + 200.0 + 50.0));
    let examined = 200.0 + (220.0 + 10.0) + (220.0 + 80.0) + 100.0;
    assert_eq!(gc["efficiency"], 460.0 / examined);
    assert_eq!(gc["copied_bytes"], 8.0 * (80.0 + (60.0 + 80.0) + 100.0 + 50.0));
    assert_eq!(gc["promoted_bytes"], 8.0 * 80.0);
    // 80 words were left and 230 found, then 140 left and 300 found.
    let rate = gc["allocation_rate"]["value"].as_f64().unwrap();
    assert!((rate - 8.0 * (150.0 + 160.0) / 4.0).abs() < 1e-9, "{rate}");
    assert_eq!(gc["stops_the_world"], false);
    assert_eq!(gc["by_component"][0]["component"], "processes");
    let told = text(folder.path(), &["inspect", "trace.txt"]);
    assert!(told.contains("Garbage collections, 0 s to 4 s: 4 of 2 heaps"), "{told}");
    assert!(told.contains("one process stands still at a time"), "{told}");
}

#[test]
fn a_session_says_what_it_can_answer_and_what_is_missing() {
    let folder = folder();
    let told = text(folder.path(), &["whatif", "trace.txt", "--list"]);
    let (can, not) = told.split_once("Can't be answered").unwrap();
    assert!(can.contains("gc.fullsweep_after") && can.contains("processes"), "{told}");
    assert!(not.contains("workers.count") && not.contains("request log"), "{told}");
    let told = text(folder.path(), &["whatif", "bundled:foundation", "--list"]);
    assert!(told.starts_with("Can't be answered") && told.contains("--gc-trace"), "{told}");
    let list = json(folder.path(), &["whatif", "requests.csv", "--list", "--json"]);
    assert_eq!(list["format"], "vivarium.knobs/1");
    let of = |path: &str| list["knobs"].as_array().unwrap().iter().find(|knob| knob["path"] == path).unwrap();
    assert_eq!(of("workers.count")["components"][0]["can_be_answered"], true);
    assert_eq!(of("cache.entries")["components"][0]["can_be_answered"], false);
    assert!(of("cache.entries")["components"][0]["missing"].as_str().unwrap().contains("key"));
}

#[test]
fn an_answer_has_the_documented_shape() {
    let folder = folder();
    let answer = json(folder.path(), &["whatif", "requests.csv", "--set", "requests.workers.count=2", "--json"]);
    assert_eq!(answer["format"], "vivarium.whatif/1");
    assert_eq!(answer["scenario"]["requests.workers.count"], 2);
    for field in ["outcomes", "parts", "change_as_code"] {
        assert!(answer[field].is_array(), "{field}: {answer}");
    }
    for outcome in answer["outcomes"].as_array().unwrap() {
        assert!(outcome["metric"].is_string() && outcome["model"] == "queue", "{outcome}");
        assert!(outcome["predicted"]["unit"].is_string(), "{outcome}");
    }
    let confidence = &answer["confidence"];
    assert!(confidence["grade"].is_string() && confidence["self_replay_error"].is_object(), "{confidence}");
    let refused = json(folder.path(), &["whatif", "requests.csv", "--set", "requests.cache.entries=2", "--json"]);
    assert_eq!(refused["confidence"]["grade"], "refused");
    assert!(refused["confidence"]["reason"].is_string() && refused["outcomes"].as_array().unwrap().is_empty());
    let trace = json(folder.path(), &["whatif", "trace.txt", "--set", "processes.gc.min_bin_vheap_words=99", "--json"]);
    let code = trace["change_as_code"][0]["text"].as_str().unwrap();
    assert!(code.contains("{min_bin_vheap_size, 99}, {fullsweep_after, 65535}"), "{code}");
}

#[test]
fn calls_that_can_not_be_meant_are_told_from_work_that_can_not_be_done() {
    let folder = folder();
    let fails = |arguments: &[&str], code: i32, says: &str| {
        let out = vivarium(folder.path(), arguments);
        let told = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(says) && out.stdout.is_empty(), "{arguments:?}: {told}");
    };
    fails(&["whatif", "trace.txt", "--set", "processes.gc.sweep=1"], 2, "gc.fullsweep_after");
    fails(&["whatif", "trace.txt", "--set", "processes.gc.fullsweep_after=-1"], 2, "0 to 65535");
    fails(&["whatif", "trace.txt"], 2, "--set");
    fails(&["whatif", "trace.txt", "--set", "agents.gc.fullsweep_after=1"], 1, "there is processes");
    fails(&["whatif", "bundled:foundation", "--set", "*.gc.fullsweep_after=1"], 1, "nothing was measured");
    fails(&["whatif", "none.txt", "--list"], 1, "no such file");
}

#[test]
fn an_imported_file_converts_to_a_recording_and_to_tables() {
    let folder = folder();
    text(folder.path(), &["convert", "trace.txt", "trace.vivarium"]);
    let (of_trace, of_copy) = (
        json(folder.path(), &["inspect", "trace.txt", "--json"]),
        json(folder.path(), &["inspect", "trace.vivarium", "--json"]),
    );
    assert_eq!(of_trace["gc"], of_copy["gc"]);
    text(folder.path(), &["convert", "trace.txt", "tables/", "--to", "csv"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("tables").join(name)).unwrap();
    let heaps = read("gc_heaps.csv");
    assert_eq!(heaps.lines().count(), 1 + 5, "{heaps}");
    assert!(heaps.contains("start_heap_words") && heaps.contains("end_bin_old_vheap_block_words"));
    assert!(read("gc_tracing.csv").contains(",began,233,46422,65535,0,233,on_heap"));
    text(folder.path(), &["convert", "requests.csv", "more/", "--to", "csv"]);
    let table = folder.path().join("more/requests.csv");
    assert_eq!(std::fs::read_to_string(&table).unwrap().lines().count(), 501);
    let again = json(folder.path(), &["inspect", "more/requests.csv", "--json"]);
    assert_eq!(again["stored"]["requests"], 500, "what was written can be read");
    text(folder.path(), &["convert", "requests.csv", "parquet/", "--to", "parquet"]);
    assert!(folder.path().join("parquet/requests.parquet").exists());
    let report = folder.path().join("report.html");
    text(folder.path(), &["report", "trace.txt", "-o", report.to_str().unwrap()]);
}
