//! Queues, pools and partitions that were really run at several settings, against what the models say of each from the recording of another.
//!
//! Without anything set a small grid is run, in under half a minute. `VIVARIUM_REQUEST_RUNS=FOLDER` scores logs that are there already
//! (`escript examples/request_workloads/request_workloads.escript FOLDER 3000 workers block pool partitions computing`).
//! `cargo test --test request_models -- --nocapture` prints the tables.

mod log;
mod score;

use std::path::{Path, PathBuf};
use std::process::Command;

use log::Cell;
use score::Table;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/request_workloads/request_workloads.escript");

fn is_available() -> bool {
    let found = Command::new("sh").args(["-c", "command -v escript"]).output().is_ok_and(|out| out.status.success());
    let is_required = std::env::var_os("VIVARIUM_REQUIRE_REAL").is_some_and(|required| required == "1");
    assert!(found || !is_required, "escript is not installed");
    if !found {
        println!("skipped: escript not found");
    }
    found
}

/// The logs of a suite: those of the folder that is set, or of a small run.
fn cells(suite: &str, requests: usize) -> Option<Vec<Cell>> {
    let (folder, _keep): (PathBuf, Option<tempfile::TempDir>) = match std::env::var_os("VIVARIUM_REQUEST_RUNS") {
        Some(folder) => (folder.into(), None),
        None if is_available() => {
            let folder = tempfile::tempdir().unwrap();
            run(folder.path(), suite, requests);
            (folder.path().to_owned(), Some(folder))
        }
        None => return None,
    };
    Some(log::read(&folder, suite))
}

fn run(folder: &Path, suite: &str, requests: usize) {
    let status = Command::new("escript").arg(SCRIPT).arg(folder).arg(requests.to_string()).arg(suite).status().unwrap();
    assert!(status.success(), "{suite} does not run");
}

#[test]
fn waits_and_rejections_of_other_workers_and_limits() {
    let Some(cells) = cells("workers", 1000) else { return };
    let (mut waits, mut rejected) = (Table::new("p99 wait, ms"), Table::new("share turned away"));
    for base in cells.iter().filter(|cell| cell.parts[1] == "4" && cell.parts[2] == "none") {
        for cell in cells.iter().filter(|cell| cell.parts[0] == base.parts[0] && cell.name != base.name) {
            let settings = [format!("*.workers.count={}", cell.parts[1]), format!("*.queue.limit={}", cell.parts[2])];
            let part = base.predict(&settings);
            waits.add(cell, &part, "wait_us.p99", cell.wait_us(0.99), |truth| truth > 10_000.0);
            rejected.add(cell, &part, "rejected_share", cell.rejected_share(), |_| true);
        }
    }
    waits.print(1e-3);
    rejected.print(1.0);
    assert!(waits.share_within(|said, truth| (said / truth - 1.0).abs() <= 0.10) >= 0.9);
    assert!(rejected.share_within(|said, truth| (said - truth).abs() <= 0.01) >= 0.9);
}

#[test]
fn delays_of_blocked_senders() {
    let Some(cells) = cells("block", 800) else { return };
    let mut delays = Table::new("p99 delay of a blocked sender, ms");
    let base = cells.iter().find(|cell| cell.parts[1..] == ["4", "none"]).unwrap();
    for cell in cells.iter().filter(|cell| cell.name != base.name) {
        let settings = ["workers.count=", "queue.limit="]
            .iter()
            .zip(&cell.parts[1..])
            .map(|(knob, value)| format!("*.{knob}{value}"));
        let settings: Vec<String> = settings.chain([String::from("*.queue.policy=block")]).collect();
        delays
            .add(cell, &base.predict(&settings), "blocked_us.p99", cell.delay_us(base, 0.99), |truth| truth > 10_000.0);
    }
    delays.print(1e-3);
    assert!(delays.share_within(|said, truth| (said / truth - 1.0).abs() <= 0.10) >= 0.6);
}

#[test]
fn reuse_and_start_up_of_other_pools() {
    let Some(cells) = cells("pool", 800) else { return };
    let (mut reuse, mut starts) = (Table::new("share of warm starts"), Table::new("mean start-up, ms"));
    for base in cells.iter().filter(|cell| cell.parts[1] == "3") {
        for cell in cells.iter().filter(|cell| cell.parts[0] == base.parts[0] && cell.name != base.name) {
            let part = base.predict(&[format!("*.pool.slots={}", cell.parts[1])]);
            reuse.add(cell, &part, "reuse_share", cell.reuse_share(), |_| true);
            starts.add(cell, &part, "startup_us.mean", cell.mean_startup_us(), |_| true);
        }
    }
    reuse.print(1.0);
    starts.print(1e-3);
    assert!(reuse.share_within(|said, truth| (said - truth).abs() <= 0.02) >= 0.9);
    assert!(starts.share_within(|said, truth| (said / truth - 1.0).abs() <= 0.03) >= 0.8);
}

#[test]
fn throughput_of_partitions_whose_service_waits() {
    let Some(cells) = cells("partitions", 1000) else { return };
    let mut rates = Table::new("requests a second");
    for base in cells.iter().filter(|cell| cell.parts[1] == "1") {
        let same =
            |cell: &&Cell| cell.parts[0] == base.parts[0] && cell.parts[2] == base.parts[2] && cell.name != base.name;
        for cell in cells.iter().filter(same) {
            let part = base.predict(&[format!("*.partition.count={}", cell.parts[1])]);
            rates.add(cell, &part, "throughput_per_s", cell.throughput_per_s(), |_| true);
        }
    }
    rates.print(1.0);
    assert!(rates.share_within(|said, truth| (said / truth - 1.0).abs() <= 0.10) >= 0.7);
}

/// Only with logs: a run alone on quiet cores takes long.
#[test]
fn no_gain_beyond_the_cores() {
    if std::env::var_os("VIVARIUM_REQUEST_RUNS").is_none() {
        println!("skipped: needs VIVARIUM_REQUEST_RUNS");
        return;
    }
    let Some(cells) = cells("computing", 0) else { return };
    for base in &cells {
        let workers: f64 = base.parts[1].parse().unwrap();
        let mut sojourns = Table::new(format!("p99 sojourn from {workers} workers, ms"));
        for cell in cells.iter().filter(|cell| cell.name != base.name) {
            let part = base.predict(&[format!("*.workers.count={}", cell.parts[1])]);
            sojourns.add(cell, &part, "sojourn_us.p99", cell.sojourn_us(0.99), |_| true);
            let more: f64 = cell.parts[1].parse().unwrap();
            if more > workers
                && workers >= 2.0
                && let Some(outcome) = part.outcomes.iter().find(|outcome| outcome.metric == "sojourn_us.p99")
                && outcome.predicted.high.is_finite()
            {
                let gain = outcome.baseline.unwrap() / outcome.predicted.value;
                assert!(gain <= 1.10, "{} from {}: {gain}", cell.name, base.name);
            }
        }
        sojourns.print(1e-3);
    }
}
