//! Logs in several files.

use std::io::Write;

use vivarium::session::open::open_path;

use super::super::file;
use super::{collections, events, heaps};

fn lines(from: u32, to: u32) -> String {
    let line = |n| format!("[{n}.000s][info][gc] GC({n}) Pause Young (Allocation Failure) 50M->20M(100M) 1.5ms\n");
    (from..to).map(line).collect()
}

#[test]
fn files_of_one_log_are_joined_in_order_of_time_whichever_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "gc.log.2", lines(0, 10));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(lines(10, 20).as_bytes()).unwrap();
    file(folder.path(), "gc.log.0.gz", packer.finish().unwrap());
    file(folder.path(), "gc.log.1", lines(20, 30));
    file(folder.path(), "gc.log", lines(30, 35));
    // None of these belongs to it.
    file(folder.path(), "gc.log.3", "nothing of a collection\n");
    file(folder.path(), "gc.log.old", lines(50, 60));
    file(folder.path(), "other.log", lines(60, 70));
    for opened in ["gc.log", "gc.log.1", "gc.log.0.gz"] {
        let session = open_path(&folder.path().join(opened)).unwrap();
        let events = events(&session);
        assert_eq!((collections(&events), heaps(&session).len()), (35, 1), "{opened}");
        assert!(events.is_sorted_by_key(|event| event.at));
        let said = session.warnings.iter().find(|said| said.contains("rotated")).unwrap();
        assert!(said.contains("4 files") && said.contains("gc.log.2, gc.log.0.gz, gc.log.1, gc.log"), "{said}");
    }
    assert_eq!(collections(&events(&open_path(&folder.path().join("other.log")).unwrap())), 10);
}

#[test]
fn a_log_that_a_real_jvm_rotated_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    if !super::real::compiled(folder.path()) {
        return;
    }
    let log = folder.path().join("gc.log");
    let mut java = std::process::Command::new("java");
    java.arg("-cp").arg(folder.path()).args(["-Xmx64m", "-XX:+UseSerialGC"]);
    java.arg(format!("-Xlog:gc*:file={}:uptime,tags:filecount=30,filesize=8K", log.display()));
    let out = java.args(["HeapLoad", "steady", "16", "400"]).output().unwrap();
    let told = String::from_utf8_lossy(&out.stdout).into_owned();
    let counted =
        told.lines().filter_map(|line| line.split_once(" collections")?.0.rsplit(' ').next()?.parse::<usize>().ok());
    assert!(folder.path().join("gc.log.00").exists(), "it was rotated");
    let session = open_path(&log).unwrap();
    assert_eq!(collections(&events(&session)), counted.sum::<usize>(), "{told}");
}
