//! The command line as a user calls it: the real program, its output, its exit codes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

fn vivarium(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vivarium"));
    command.args(arguments).stdin(Stdio::null()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.env_remove("WAYLAND_SOCKET");
    command
}

fn run(arguments: &[&str]) -> Output {
    let output = vivarium(arguments).output().unwrap();
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs what must succeed.
fn done(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Runs what must fail with this exit code, and returns the one line that says why.
fn refused(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
    assert_eq!(stdout(&output), "", "standard output is for results");
    stderr(&output)
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&done(arguments)).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Three seconds of this machine, recorded once for all tests.
fn recording() -> &'static str {
    static RECORDING: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    let (_, path) = RECORDING.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = text(&folder.path().join("host.vivarium")).to_owned();
        done(&["record", "host", "-o", &path, "--for", "3s", "--every", "500ms"]);
        (folder, path)
    });
    path
}

const FOUNDATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/foundation.ron");

#[test]
fn help_fits_into_one_screen() {
    let help = done(&["--help"]);
    assert!(help.lines().count() <= 24, "{} lines", help.lines().count());
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    for word in ["record", "inspect", "report", "convert", "completions", "host", "pid:N", "Examples"] {
        assert!(help.contains(word), "{word} is not in:\n{help}");
    }
    assert!(done(&["--version"]).starts_with("vivarium "));
}

#[test]
fn a_recorded_machine_is_inspected() {
    let parts = json(&["inspect", recording(), "--json"]);
    assert_eq!(parts["format"], "vivarium.inspect/1");
    assert_eq!((&parts["session"]["kind"], &parts["session"]["source"]), (&"recording".into(), &"host".into()));
    let duration_s = parts["session"]["duration_s"].as_f64().unwrap();
    assert!((1.0..10.0).contains(&duration_s), "{duration_s}");
    assert!(parts["stored"]["values"].as_u64().unwrap() > 0);
    assert!(parts["vitals"]["memory.used_bytes"]["value"].as_f64().unwrap() > 0.0);

    let components = parts["components"].as_array().unwrap();
    let measured = components.iter().filter(|it| it["metrics"]["memory.resident_bytes"]["provenance"] == "measured");
    assert!(measured.count() > 0);

    let memory = &parts["memory"];
    let total = memory["total"]["value"].as_f64().unwrap();
    let sum: f64 = memory["parts"].as_array().unwrap().iter().map(|part| part["bytes"].as_f64().unwrap()).sum();
    let unattributed = memory["unattributed_bytes"].as_f64().unwrap();
    let twice = memory["counted_twice_bytes"].as_f64().unwrap();
    assert!(total > 0.0 && (sum + unattributed - twice - total).abs() < 10.0, "memory adds up");

    let cpu = &parts["cpu"];
    assert!((0.0..=1.01).contains(&cpu["total_share"].as_f64().unwrap()));
    let hotspots = cpu["hotspots"].as_array().unwrap();
    let shares: Vec<f64> = hotspots.iter().map(|hotspot| hotspot["share"].as_f64().unwrap()).collect();
    assert!(shares.is_sorted_by(|a, b| a >= b) && shares.iter().sum::<f64>() < 1.1, "{shares:?}");
    assert_eq!(hotspots[0]["rank"], 1);

    let edges_of_time = [&["--at", "-1s"][..], &["--from", "0.5", "--to", "-0.5"], &["--at", "1s"]];
    for time in edges_of_time {
        let parts = json(&[&["inspect", recording(), "--json", "--top", "1"], time].concat());
        assert!(parts["memory"]["at_s"].as_f64().unwrap() <= duration_s);
        assert_eq!(parts["cpu"]["hotspots"].as_array().unwrap().len(), 1);
        let memory = parts["memory"]["parts"].as_array().unwrap();
        assert_eq!((memory.len(), &memory[1]["component"]), (2, &Value::Null), "the largest and all others");
    }
    assert!(refused(&["inspect", recording(), "--at", "1h"], 1).contains("outside of the session"));
}

#[test]
fn what_has_no_data_is_absent() {
    let parts = json(&["inspect", recording(), "--json"]);
    for absent in ["gc", "forecasts", "alerts", "whatif"] {
        assert!(parts.get(absent).is_none(), "{absent}");
    }
    assert!(parts["memory"].get("allocation_rate").is_none());
    let parts = json(&["inspect", FOUNDATION, "--json"]);
    assert!(parts.get("stored").is_none() && parts["session"]["started"].is_null());
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare.ron");
    std::fs::write(&bare, r#"(format: "vivarium-session", version: 1, title: "Bare")"#).unwrap();
    let parts = json(&["inspect", text(&bare), "--json"]);
    assert!(parts.get("findings").is_none(), "nothing was measured or related, so nothing was looked for");
    assert!(parts.get("consistency").is_none());
}

#[test]
fn the_bundled_session_says_what_is_stated_and_where() {
    let parts = json(&["inspect", "bundled:foundation", "--json"]);
    let count = |part: &str| parts[part].as_array().unwrap().len();
    assert_eq!((count("components"), count("edges"), count("opportunities")), (36, 32, 24));
    assert!(count("decisions") >= 32 && count("pipeline") >= 1);
    assert!(parts["edges"][0]["rate"].is_null());

    let find = |id: &str| parts["components"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap();
    let pool = find("M-AgentPool");
    let memory = &pool["metrics"]["memory.used_bytes"];
    assert_eq!(
        (memory["value"].as_f64(), &memory["unit"], &memory["each"]),
        (Some(233e6), &"B".into(), &"agent".into())
    );
    assert_eq!(memory["provenance"], "stated");
    assert!(memory["from"].as_str().unwrap().contains("M-AgentPool.04"));
    assert_eq!(pool["status"], "critical");
    assert!(pool["decisions"].as_array().unwrap().contains(&"M-AgentPool.08".into()));

    let hotspot = &parts["cpu"]["hotspots"][0];
    assert_eq!((&hotspot["component"], hotspot["share"].as_f64()), (&"C-ProcessRegistryHotspot".into(), Some(0.89)));
    assert_eq!(hotspot["functions"].as_array().unwrap().len(), 3);

    // A file says the same, but for its name.
    let mut of_file = json(&["inspect", FOUNDATION, "--json"]);
    of_file["session"] = parts["session"].clone();
    assert_eq!(of_file, parts);
    assert!(refused(&["inspect", FOUNDATION, "--at", "5"], 1).contains("no measurements"));
}

#[test]
fn text_shows_the_same_without_colours() {
    let page = done(&["inspect", FOUNDATION]);
    for line in ["Vital figures", "Components (36)", "Opportunities (24)", "M-AgentPool", "lookup/2"] {
        assert!(page.contains(line), "{line} is not in:\n{page}");
    }
    assert!(!page.contains('\u{1b}'), "colours are for terminals");
    assert!(done(&["inspect", recording(), "--top", "3"]).contains("Components (3 of "));
}

#[test]
fn text_from_files_does_not_control_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evil.ron");
    let document = r#"(format: "vivarium-session", version: 1, title: "a\u{1b}[31m\u{7}b")"#;
    std::fs::write(&path, document).unwrap();
    let page = done(&["inspect", text(&path)]);
    assert!(page.contains("a\u{fffd}[31m\u{fffd}b"), "{page:?}");
}

#[test]
fn a_session_comes_by_standard_input() {
    let file = std::fs::File::open(FOUNDATION).unwrap();
    let output = vivarium(&["inspect", "-", "--json"]).stdin(file).output().unwrap();
    let parts: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&parts["session"]["source"], parts["edges"].as_array().unwrap().len()), (&"-".into(), 32));
    let empty = vivarium(&["inspect", "-"]).output().unwrap();
    assert_eq!(empty.status.code(), Some(1));
    assert!(stderr(&empty).contains("standard input"), "{}", stderr(&empty));
}

#[test]
fn exit_codes_tell_what_could_not_be_done_from_wrong_usage() {
    assert!(refused(&["inspect", "nowhere.vivarium"], 1).contains("nowhere.vivarium: there is no such file"));
    assert!(refused(&["inspect", "host"], 1).contains("vivarium record host"));
    assert!(refused(&["inspect", "bundled:atlantis"], 1).contains("bundled:foundation"));
    assert!(refused(&["nowhere.vivarium"], 1).contains("no such file"));
    assert!(refused(&["prometheus:http://metrics:9090"], 1).contains("not available in this version"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.vivarium");
    let output = text(&path);
    assert!(
        refused(&["record", "prometheus:http://metrics:9090", "-o", output], 1)
            .contains("not available in this version")
    );
    assert!(refused(&["record", FOUNDATION, "-o", output], 1).contains("without measurements"));
    assert!(!path.exists());
    for usage in [
        &["inspect"][..],
        &["record", "host"],
        &["record", "host", "-o", output, "--for", "soon"],
        &["record", "pid:x", "-o", output],
        &["record", "host", "-o", "-"],
        &["recrod", "host"],
        &["pid:x"],
        &[FOUNDATION, "--map", FOUNDATION],
        &["inspect", FOUNDATION, "--at", "soon"],
        &["convert", FOUNDATION, "out.xyz"],
        &["convert", FOUNDATION, "out.html"],
        &["report", FOUNDATION, "-o", "out.xyz"],
        &["no.vivarium#view=cellar"],
    ] {
        refused(usage, 2);
    }
    assert!(refused(&["convert", FOUNDATION, "out.html"], 2).contains("vivarium report"));
}

#[test]
fn a_recording_is_never_overwritten() {
    let before = std::fs::read(recording()).unwrap();
    assert!(refused(&["record", "host", "-o", recording(), "--for", "1s"], 1).contains("exists already"));
    assert_eq!(std::fs::read(recording()).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_request_to_terminate_ends_a_recording_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("terminated.vivarium");
    let mut child =
        vivarium(&["record", "host", "-o", text(&path), "--every", "200ms"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(first.contains("Ctrl-C ends it"), "{first}");
    std::thread::sleep(Duration::from_millis(1500));
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if since.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("it goes on recording");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(status.code(), Some(0), "{rest}");
    assert!(rest.contains("(stopped)"), "{rest}");
    assert!(json(&["inspect", text(&path), "--json"])["stored"]["values"].as_u64().unwrap() > 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no second file is left beside it");
}

#[test]
fn a_recording_is_recorded_anew_and_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, part) = (folder.path().join("whole.vivarium"), folder.path().join("part.vivarium"));
    done(&["record", recording(), "-o", text(&whole)]);
    done(&["record", recording(), "-o", text(&part), "--for", "1s"]);
    let stored = |path: &str| json(&["inspect", path, "--json"])["stored"]["values"].as_u64().unwrap();
    let (all, whole, part) = (stored(recording()), stored(text(&whole)), stored(text(&part)));
    assert_eq!(whole, all);
    assert!((1..all).contains(&part), "{part} of {all}");
}

#[test]
fn series_become_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("series.csv");
    done(&["convert", recording(), text(&path)]);
    let csv = std::fs::read_to_string(&path).unwrap();
    let values = json(&["inspect", recording(), "--json"])["stored"]["values"].as_u64().unwrap();
    assert_eq!(csv.lines().next(), Some("time,entity,kind,component,metric,unit,value"));
    assert_eq!(csv.lines().count() as u64, values + 1);
    assert_eq!(done(&["convert", recording(), "-", "--to", "csv"]), csv);

    assert!(refused(&["convert", recording(), text(&path)], 1).contains("--force"));
    std::fs::write(&path, "old").unwrap();
    done(&["convert", recording(), text(&path), "--force"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), csv);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let none = folder.path().join("none.csv");
    assert!(refused(&["convert", FOUNDATION, text(&none)], 1).contains("without measurements"));
    assert!(!none.exists());
}

#[test]
fn a_folder_gets_all_tables_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let parquet = folder.path().join("tables");
    done(&["convert", recording(), &format!("{}/", text(&parquet)), "--to", "parquet"]);
    assert_eq!(names(&parquet), ["censuses.parquet", "entities.parquet", "series.parquet"]);
    let series = std::fs::read(parquet.join("series.parquet")).unwrap();
    assert!(series.starts_with(b"PAR1") && series.ends_with(b"PAR1"));

    let csv = folder.path().join("csv");
    std::fs::create_dir(&csv).unwrap();
    std::fs::write(csv.join("series.csv"), "mine").unwrap();
    refused(&["convert", recording(), text(&csv), "--to", "csv"], 1);
    assert_eq!(names(&csv), ["series.csv"]);
    done(&["convert", recording(), text(&csv), "--to", "csv", "--force"]);
    let entities = std::fs::read_to_string(csv.join("entities.csv")).unwrap();
    let count = json(&["inspect", recording(), "--json"])["stored"]["entities"].as_u64().unwrap();
    assert_eq!(entities.lines().count() as u64, count + 1);
    refused(&["convert", recording(), text(&csv)], 2);
}

#[test]
fn documents_and_recordings_are_copied_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name)).to_owned();
    done(&["convert", "bundled:foundation", &path("copy.ron")]);
    let parts = |name: &str| {
        let mut parts = json(&["inspect", name, "--json"]);
        parts["session"]["source"] = Value::Null;
        parts
    };
    assert_eq!(parts(&path("copy.ron")), parts("bundled:foundation"));
    done(&["convert", recording(), &path("copy.vivarium")]);
    assert_eq!(parts(&path("copy.vivarium"))["stored"]["values"], parts(recording())["stored"]["values"]);
    assert!(refused(&["convert", FOUNDATION, &path("no.vivarium")], 1).contains("without measurements"));
    assert!(refused(&["convert", &path("copy.ron"), &path("copy.ron"), "--force"], 1).contains("into itself"));
    let diagram = done(&["convert", "bundled:foundation", "-", "--to", "mmd"]);
    assert!(diagram.starts_with("flowchart TD") && diagram.contains("Agent process pool"));
}

#[test]
fn reports_are_drawn_without_a_display() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name)).to_owned();
    done(&["report", "bundled:foundation", "-o", &path("map.svg"), "--view", "map"]);
    assert!(std::fs::read_to_string(path("map.svg")).unwrap().contains("<svg"));
    done(&["report", recording(), "-o", &path("day.html"), "--from", "0.5"]);
    let html = std::fs::read_to_string(path("day.html")).unwrap();
    assert!(html.contains("<svg") && html.contains("Memory in use"));
    assert!(refused(&["report", recording(), "-o", &path("day.html")], 1).contains("--force"));
    refused(&["report", recording(), "-o", &path("day.png"), "--size", "huge"], 2);
    for name in ["stated.html", "stated.md"] {
        done(&["report", "bundled:foundation", "-o", &path(name), "--view", "roadmap"]);
        let report = std::fs::read_to_string(path(name)).unwrap();
        assert!(report.contains("Stated against derived") && report.contains("759 MB (17.7 %) are nowhere"), "{name}");
        assert!(report.contains("more were checked and hold") && !report.contains("these agree"), "{name}");
    }
}

#[test]
fn without_a_display_the_window_says_what_to_do_instead() {
    let why = refused(&[FOUNDATION], 1);
    assert!(why.contains("display") && why.contains("vivarium report"), "{why}");
    assert_eq!(why.lines().count(), 1, "{why}");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = done(&["completions", shell]);
        assert!(script.contains("record") && script.contains("inspect"), "{shell}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for arguments in [&["inspect", FOUNDATION, "--json"][..], &["convert", recording(), "-", "--to", "csv"]] {
        let mut child = vivarium(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        let mut pipe = child.stdout.take().unwrap();
        pipe.read_exact(&mut first).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn check_tells_rules_and_findings_and_its_exit_code_says_whether_something_is_critical() {
    let checked = json(&["check", "bundled:demo", "--json"]);
    assert_eq!(checked["format"], "vivarium.check/1");
    assert_eq!(checked["verdict"], "warning");
    let ids = |checked: &Value| -> Vec<String> {
        let findings = checked["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
    };
    let found = ids(&checked);
    assert!(found.contains(&"serialization:demo_registry".to_owned()), "{found:?}");
    assert!(found.contains(&"redundant_tables:registry_primary+registry_backup".to_owned()), "{found:?}");
    assert!(!found.iter().any(|id| id.starts_with("leak:")), "too short for leaks: {found:?}");
    assert!(checked["not_examined"].to_string().contains("Leaks"), "{}", checked["not_examined"]);
    let bottleneck = &checked["findings"][0];
    assert!(bottleneck["about"].to_string().contains("D-Registry"), "{}", bottleneck["about"]);
    assert_eq!(bottleneck["grade"], "derived");
    assert_eq!(bottleneck["derived"]["unit"], "cores");
    assert!(bottleneck["evidence"].as_array().unwrap().len() >= 3);

    let inspected = json(&["inspect", "bundled:demo", "--json"]);
    assert_eq!(inspected["findings"], checked["findings"], "both say the same");
    assert!(done(&["check", "bundled:demo"]).contains("demo_registry is a bottleneck"));
    // Before the burst nobody waits.
    let early = json(&["inspect", "bundled:demo", "--json", "--from", "20", "--to", "55"]);
    assert!(!early["findings"].to_string().contains("serialization"), "{}", early["findings"]);

    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.ron");
    let rule = r#"(format: "vivarium-session", version: 1, title: "Limits", rules: [(item: "L-1", title: "Memory is small",
        severity: Critical, owner: "D-Operator",
        condition: (metric: "memory.used_bytes", comparison: Above, threshold: 1.0, unit: "MB"))])"#;
    std::fs::write(&rules, rule).unwrap();
    let output = run(&["check", "bundled:demo", "--rules", text(&rules), "--json"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(3), String::new()));
    let checked: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&checked["verdict"], &checked["rules"][0]["status"]), (&"critical".into(), &"critical".into()));
}

#[test]
fn a_document_without_measurements_is_held_against_itself() {
    let checked = json(&["check", FOUNDATION, "--json"]);
    assert_eq!(checked["verdict"], "warning", "what contradicts itself is worth a look, and no alarm");
    let inspected = json(&["inspect", FOUNDATION, "--json"]);
    assert_eq!(inspected["findings"], checked["findings"], "both say the same");
    let findings = inspected["findings"].as_array().unwrap();
    let count = |severity: &str| findings.iter().filter(|finding| finding["severity"] == severity).count();
    let known = &inspected["consistency"];
    assert_eq!((count("contradiction"), count("ambiguous"), count("bound"), count("rounding")), (42, 20, 7, 0));
    assert_eq!((&known["contradictions"], &known["ambiguous"], &known["bounds"]), (&42.into(), &20.into(), &7.into()));
    let about = |finding: &&Value| finding["about"].to_string().contains("\"M-PredictiveAnalysis.02\"");
    let forecast = findings.iter().filter(about).find(|it| it["rule_class"] == "forecast_versus_slope").unwrap();
    assert_eq!((&forecast["stated"]["value"], &forecast["stated"]["unit"]), (&8.0.into(), &"wk".into()));
    assert_eq!((&forecast["derived"]["value"], &forecast["derived"]["provenance"]), (&70.0.into(), &"derived".into()));
    assert!(forecast.get("from_s").is_none(), "what is stated has no time");
    assert!(forecast["message"].as_str().unwrap().starts_with("5.00 GB − 4.30 GB = 700 MB"), "{}", forecast["message"]);

    let all = json(&["inspect", FOUNDATION, "--json", "--rounding"]);
    assert_eq!(all["findings"].as_array().unwrap().len() as u64, 69 + known["hold"].as_u64().unwrap());
    let page = done(&["inspect", FOUNDATION]);
    assert!(
        page.contains("12 × 233 MB + 425 MB + 320 MB = 3.54 GB of 4.30 GB; 759 MB (17.7 %) are nowhere."),
        "{page}"
    );
    assert!(!page.contains("these agree"), "what holds is not shown unless asked for");
    assert!(done(&["inspect", FOUNDATION, "--rounding"]).contains("these agree"));
}

#[test]
fn a_recording_compared_with_itself_shows_no_change_and_figures_are_told_as_json() {
    let told = done(&["verify", "bundled:demo", "bundled:demo"]);
    assert!(told.contains("other figures show no clear change") && !told.contains("worse"), "{told}");
    let told = json(&["verify", "bundled:demo", "bundled:demo", "--json"]);
    assert_eq!((told["format"].as_str(), told["held"].as_bool()), (Some("vivarium.verify/1"), Some(true)));
    let effects = told["effects"].as_array().unwrap();
    let memory = effects.iter().find(|one| one["metric"] == "memory.used_bytes" && one["component"].is_null()).unwrap();
    assert_eq!((memory["difference"].as_f64(), memory["verdict"].as_str()), (Some(0.0), Some("no clear change")));
    assert!(memory["low"].as_f64().unwrap() < 0.0 && memory["high"].as_f64().unwrap() > 0.0, "{memory}");
    let why = refused(&["verify", "bundled:demo", "bundled:demo", "--prediction", "fewer"], 1);
    assert!(why.contains("no prediction is pinned"), "{why}");
    assert!(refused(&["verify", "bundled:foundation", "bundled:demo"], 1).contains("BEFORE has no measurements"));
}
