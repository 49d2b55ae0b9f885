//! Logs that real programs write here and now, held against what their runtimes count themselves.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use vivarium::model::gc::{GcEvent, GcKind};
use vivarium::session::open::open_path;
use vivarium::session::whatif::gather;
use vivarium::whatif::answer::{Answerable, availability};

use super::super::node::is_available;
use super::{collections, count, events, heaps, recording};

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/heap_limits")
}

/// Runs a command that must succeed.
fn run(command: &mut Command) -> Output {
    let out = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    out
}

/// What the runtime counted: by name, collections and milliseconds.
fn counted(out: &Output) -> Vec<(String, usize, u64)> {
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let of_line = |line: &str| {
        let (name, rest) = line.split_once(": ")?;
        let (count, rest) = rest.split_once(" collections, ")?;
        Some((name.to_owned(), count.parse().ok()?, rest.split(' ').next()?.parse().ok()?))
    };
    text.lines().filter_map(of_line).collect()
}

/// Compiles the program once into a folder.
pub fn compiled(folder: &Path) -> bool {
    if !is_available("javac") || !is_available("java") {
        return false;
    }
    run(Command::new("javac").arg("-d").arg(folder).arg(programs().join("HeapLoad.java")));
    true
}

#[test]
fn every_collector_of_a_real_jvm_is_counted_as_the_jvm_counts_it() {
    let folder = tempfile::tempdir().unwrap();
    if !compiled(folder.path()) {
        return;
    }
    let logged = ["time,uptime,level,tags", "uptimemillis,tags", "utctime", "timemillis,pid,tid,level", "uptimenanos"];
    for (collector, decorations) in ["Serial", "Parallel", "G1", "Z", "Shenandoah"].into_iter().zip(logged) {
        let log = folder.path().join(format!("{collector}.log"));
        let flags = [String::from("-Xmx96m"), format!("-XX:+Use{collector}GC")];
        let mut java = Command::new("java");
        java.arg("-cp").arg(folder.path()).args(flags);
        java.arg(format!("-Xlog:gc*,safepoint:file={}:{decorations}:filecount=0", log.display()));
        let out = run(java.args(["HeapLoad", "cache", "24", "400"]));
        let beans = counted(&out);
        let session = open_path(&log).unwrap();
        let events = events(&session);
        // Beans of pauses count those of cycles apart; the last collection may be under way, or come after the beans were asked.
        let cycles: usize = beans.iter().filter(|(name, ..)| !name.ends_with("Pauses")).map(|bean| bean.1).sum();
        let found = collections(&events);
        assert!(cycles > 3 && (cycles - 1..=cycles + 1).contains(&found), "{collector}: {found} of {beans:?}");
        if let Some((_, pauses, _)) = beans.iter().find(|(name, ..)| name.ends_with("Pauses")) {
            let found = count(&events, GcKind::Pause)
                + events.iter().filter(|it| it.kind.is_collection() && it.is_pause()).count();
            assert!((pauses - 4..pauses + 5).contains(&found), "{collector}: {found} pauses of {beans:?}");
        } else {
            let ms = beans.iter().map(|bean| bean.2).sum::<u64>() as f64;
            let of_young = |event: &&GcEvent| event.kind.is_collection();
            let told = events.iter().filter(of_young).map(|event| event.pause_ns).sum::<u64>() as f64 / 1e6;
            assert!((told - ms).abs() < 0.3 * ms + found as f64, "{collector}: {told} ms of {beans:?}");
        }
        let heap = &heaps(&session)[0];
        assert_eq!(heap.attributes["limit_bytes"], (96_u64 << 20).to_string(), "{collector}");
        assert!(heap.attributes["version"].split('.').next().unwrap().parse::<u32>().is_ok());
        assert!(events.iter().all(|event| event.after_words <= 96 << 20), "{collector}");
        let data = gather(recording(&session), Some(&session.document), None).unwrap();
        let limit = availability(&data).into_iter().find(|it| it.knob.path == "heap.max_bytes").unwrap();
        assert_eq!(limit.answerable, Answerable::Yes, "{collector}");
    }
}

#[test]
fn a_real_go_program_is_counted_as_its_runtime_counts() {
    if !is_available("go") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("heapload");
    // A folder of its own, as the compiler keeps a cache.
    let cache = folder.path().join("cache");
    let mut go = Command::new("go");
    go.env("GO111MODULE", "off").env("GOCACHE", cache).current_dir(programs());
    run(go.arg("build").arg("-o").arg(&program).arg("heapload.go"));
    let out = run(Command::new(&program).env("GODEBUG", "gctrace=1").args(["bursty", "24", "300"]));
    let trace = folder.path().join("trace.txt");
    std::fs::write(&trace, &out.stderr).unwrap();
    let session = open_path(&trace).unwrap();
    let events = events(&session);
    let (_, cycles, pause_ms) = counted(&out)[0].clone();
    let found = collections(&events);
    assert!(cycles > 3 && (cycles..=cycles + 1).contains(&found), "{found} of {cycles}");
    assert_eq!(count(&events, GcKind::Pause), 2 * found);
    let told = events.iter().filter(|event| event.is_pause()).map(|event| event.pause_ns).sum::<u64>() as f64 / 1e6;
    assert!((told - pause_ms as f64).abs() < 0.3 * told + 2.0, "{told} ms of {pause_ms}");
    assert_eq!(heaps(&session)[0].name, "Go heap");
}
