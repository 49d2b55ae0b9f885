//! What is found on real nodes: the demo's bottleneck and its table that is there twice, and nothing on a quiet node.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::node::{COOKIE, Node, is_available};

/// The program itself, with the cookie of the test's nodes.
fn vivarium(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vivarium"));
    command.args(arguments).env("VIVARIUM_COOKIE", COOKIE).output().unwrap()
}

/// Records a node and checks the recording.
fn checked(name: &str, seconds: &str, folder: &Path) -> Value {
    let file = folder.join("node.vivarium");
    let file = file.to_str().unwrap();
    let recorded = vivarium(&["record", &format!("beam:{name}"), "-o", file, "--for", seconds]);
    assert!(recorded.status.success(), "{}", String::from_utf8_lossy(&recorded.stderr));
    let checked = vivarium(&["check", file, "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stderr));
    serde_json::from_slice(&checked.stdout).unwrap()
}

fn classes(checked: &Value) -> Vec<&str> {
    let findings = checked["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["rule_class"].as_str().unwrap()).collect()
}

/// The demo node, stopped when the test ends.
struct Demo {
    folder: tempfile::TempDir,
    name: String,
}

impl Demo {
    fn script(&self, argument: &str) -> Output {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/demo_node/start");
        let mut command = Command::new("sh");
        command.arg(script).arg(argument).env("DEMO_NAME", &self.name).env("DEMO_COOKIE", COOKIE);
        command.env("DEMO_BUILD", self.folder.path().join("build")).env("DEMO_SECONDS", "120");
        command.env("HOME", self.folder.path()).output().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _stopped = self.script("--stop");
    }
}

#[test]
fn the_demo_has_a_bottleneck_and_a_redundant_table_and_nothing_false() {
    if !is_available("erl") {
        return;
    }
    let name = format!("demo_findings_{}@127.0.0.1", std::process::id());
    let demo = Demo { folder: tempfile::tempdir().unwrap(), name };
    let started = demo.script("--background");
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    // The first burst comes 20 s after the start and takes 12 s.
    let checked = checked(&demo.name, "40s", demo.folder.path());
    let findings = checked["findings"].as_array().unwrap();
    let message = |class: &str| {
        let of_class: Vec<&Value> = findings.iter().filter(|finding| finding["rule_class"] == class).collect();
        assert_eq!(of_class.len(), 1, "{class}: {findings:#?}");
        of_class[0]["message"].as_str().unwrap().to_owned()
    };
    let bottleneck = message("serialization");
    assert!(bottleneck.contains("demo_registry") && bottleneck.contains("search/2"), "{bottleneck}");
    let tables = message("redundant_tables");
    assert!(tables.contains("registry_primary") && tables.contains("registry_backup"), "{tables}");
    assert!(!tables.contains("index"), "{tables}");
    // What else the demo's README tells of.
    let true_ones = ["serialization", "redundant_tables", "binaries_held", "heap_efficiency"];
    assert!(classes(&checked).iter().all(|class| true_ones.contains(class)), "{findings:#?}");
    assert!(checked["not_examined"].to_string().contains("Leaks and steps"), "{}", checked["not_examined"]);
}

#[test]
fn a_quiet_node_has_no_findings() {
    if !is_available("erl") {
        return;
    }
    let node = Node::start("quiet_findings@127.0.0.1");
    let folder = tempfile::tempdir().unwrap();
    let checked = checked(&node.full_name, "15s", folder.path());
    assert_eq!(classes(&checked), Vec::<&str>::new(), "{checked:#}");
    assert_eq!(checked["verdict"], "healthy");
}

#[test]
fn a_process_that_is_flooded_is_found() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("flooded_findings@127.0.0.1");
    node.eval(
        "spawn(fun() -> register(inbox, self()), receive stop -> ok end end), timer:sleep(100),
         spawn(fun() -> (fun F() -> [inbox ! N || N <- lists:seq(1, 20)], timer:sleep(50), F() end)() end), ok",
    );
    let folder = tempfile::tempdir().unwrap();
    let checked = checked(&node.full_name, "45s", folder.path());
    assert_eq!(classes(&checked), ["queue_growth"], "{checked:#}");
    let finding = &checked["findings"][0];
    assert!(finding["message"].as_str().unwrap().contains("inbox"), "{finding}");
    // Twenty messages every 50 ms, and a little for the sleep that takes longer.
    let rate = finding["derived"]["value"].as_f64().unwrap();
    assert!((250.0..=420.0).contains(&rate), "{rate}");
}
