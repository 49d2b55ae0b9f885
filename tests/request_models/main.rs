//! Queues, pools and partitions that were really run at several settings, against what the models say of each from the recording of another.
//!
//! Without anything set a small grid is run twice. Cells on which the two identical runs differ by more than the bar are shown and not
//! scored, and so are those predicted from a recording that does not repeat: that is the machine's noise, told without looking at predictions.
//! What is left are few cells, of which one stall of the machine can spoil one or two: so the tests fail below three of four, and nine of ten, the
//! goal for waits, is judged by the tables of the large grid (docs/whatif_requests.md has them).
//! `VIVARIUM_REQUEST_RUNS=FOLDER:FOLDER` scores logs that are there already, each made by
//! `escript examples/request_workloads/request_workloads.escript FOLDER 3000 workers block pool partitions computing`.
//! `cargo test --test request_models -- --nocapture` prints the tables.

mod log;
mod score;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

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

/// A suite, and the same once more: what two identical runs don't agree on nobody can predict.
struct Runs {
    cells: Vec<Cell>,
    again: Vec<Cell>,
}

impl Runs {
    /// A figure of a cell in the second run.
    fn again(&self, cell: &Cell, figure: impl Fn(&Cell) -> f64) -> f64 {
        self.again.iter().find(|other| other.name == cell.name).map_or(f64::NAN, figure)
    }
}

/// The logs of a suite: those of the folders that are set, or of two small runs. One suite runs at a time, so that they don't disturb each other.
fn runs(suite: &str, requests: usize) -> Option<Runs> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(folders) = std::env::var_os("VIVARIUM_REQUEST_RUNS") {
        let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
        let [first, second] = folders.as_slice() else { panic!("VIVARIUM_REQUEST_RUNS is FOLDER:FOLDER") };
        return Some(Runs { cells: log::read(first, suite), again: log::read(second, suite) });
    }
    if !is_available() {
        return None;
    }
    let cells = || {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), suite, requests);
        log::read(folder.path(), suite)
    };
    Some(Runs { cells: cells(), again: cells() })
}

fn run(folder: &Path, suite: &str, requests: usize) {
    let status = Command::new("escript").arg(SCRIPT).arg(folder).arg(requests.to_string()).arg(suite).status().unwrap();
    assert!(status.success(), "{suite} does not run");
}

fn within(part: f64, a: f64, b: f64) -> bool {
    (a / b).ln().abs() <= part
}

fn tenth(a: f64, b: f64) -> bool {
    within(0.1, a, b)
}

fn point(a: f64, b: f64) -> bool {
    (a - b).abs() <= 0.01
}

#[test]
fn waits_and_rejections_of_other_workers_and_limits() {
    let Some(runs) = runs("workers", 700) else { return };
    let cells = &runs.cells;
    let (mut waits, mut rejected) = (Table::new("p99 wait, ms"), Table::new("share turned away"));
    for base in cells.iter().filter(|cell| cell.parts[1] == "4" && cell.parts[2] == "none") {
        for cell in cells.iter().filter(|cell| cell.parts[0] == base.parts[0] && cell.name != base.name) {
            let settings = [format!("*.workers.count={}", cell.parts[1]), format!("*.queue.limit={}", cell.parts[2])];
            let part = base.predict(&settings);
            let wait = |cell: &Cell| cell.wait_us(0.99);
            let is_steady = |cell: &Cell| tenth(wait(cell), runs.again(cell, wait));
            let is_sound = is_steady(base) && is_steady(cell);
            waits.add(cell, &part, "wait_us.p99", wait(cell), is_sound && wait(cell) > 10_000.0);
            let share = Cell::rejected_share;
            let is_sound = is_steady(base) && point(share(cell), runs.again(cell, share));
            rejected.add(cell, &part, "rejected_share", share(cell), is_sound);
        }
    }
    waits.print(1e-3);
    rejected.print(1.0);
    waits.assert_share(0.75, |said, truth| (said / truth - 1.0).abs() <= 0.10);
    rejected.assert_share(0.75, |said, truth| (said - truth).abs() <= 0.01);
}

#[test]
fn delays_of_blocked_senders() {
    let Some(runs) = runs("block", 600) else { return };
    let cells = &runs.cells;
    let mut delays = Table::new("p99 delay of a blocked sender, ms");
    let base = cells.iter().find(|cell| cell.parts[1..] == ["4", "none"]).unwrap();
    for cell in cells.iter().filter(|cell| cell.name != base.name) {
        let settings = ["workers.count=", "queue.limit="]
            .iter()
            .zip(&cell.parts[1..])
            .map(|(knob, value)| format!("*.{knob}{value}"));
        let settings: Vec<String> = settings.chain([String::from("*.queue.policy=block")]).collect();
        let base_again = runs.again.iter().find(|other| other.name == base.name).unwrap();
        let (truth, again) = (cell.delay_us(base, 0.99), runs.again(cell, |cell| cell.delay_us(base_again, 0.99)));
        delays.add(cell, &base.predict(&settings), "blocked_us.p99", truth, tenth(truth, again) && truth > 10_000.0);
    }
    delays.print(1e-3);
    delays.assert_share(0.6, |said, truth| (said / truth - 1.0).abs() <= 0.10);
}

#[test]
fn reuse_and_start_up_of_other_pools() {
    let Some(runs) = runs("pool", 300) else { return };
    let cells = &runs.cells;
    let (mut reuse, mut starts) = (Table::new("share of warm starts"), Table::new("mean start-up, ms"));
    for base in cells.iter().filter(|cell| cell.parts[1] == "3") {
        for cell in cells.iter().filter(|cell| cell.parts[0] == base.parts[0] && cell.name != base.name) {
            let part = base.predict(&[format!("*.pool.slots={}", cell.parts[1])]);
            let (share, start) = (Cell::reuse_share, Cell::mean_startup_us);
            reuse.add(cell, &part, "reuse_share", share(cell), (share(cell) - runs.again(cell, share)).abs() <= 0.02);
            starts.add(cell, &part, "startup_us.mean", start(cell), within(0.03, start(cell), runs.again(cell, start)));
        }
    }
    reuse.print(1.0);
    starts.print(1e-3);
    reuse.assert_share(0.75, |said, truth| (said - truth).abs() <= 0.02);
    starts.assert_share(0.75, |said, truth| (said / truth - 1.0).abs() <= 0.03);
}

#[test]
fn throughput_of_partitions_whose_service_waits() {
    let Some(runs) = runs("partitions", 700) else { return };
    let cells = &runs.cells;
    let mut rates = Table::new("requests a second");
    for base in cells.iter().filter(|cell| cell.parts[1] == "1") {
        let same =
            |cell: &&Cell| cell.parts[0] == base.parts[0] && cell.parts[2] == base.parts[2] && cell.name != base.name;
        for cell in cells.iter().filter(same) {
            let part = base.predict(&[format!("*.partition.count={}", cell.parts[1])]);
            let rate = Cell::throughput_per_s;
            let is_steady = |cell: &Cell| tenth(rate(cell), runs.again(cell, rate));
            rates.add(cell, &part, "throughput_per_s", rate(cell), is_steady(base) && is_steady(cell));
        }
    }
    rates.print(1.0);
    rates.assert_share(0.7, |said, truth| (said / truth - 1.0).abs() <= 0.10);
}

/// Only with logs: a run alone on quiet cores takes long.
#[test]
fn no_gain_beyond_the_cores() {
    if std::env::var_os("VIVARIUM_REQUEST_RUNS").is_none() {
        println!("skipped: needs VIVARIUM_REQUEST_RUNS");
        return;
    }
    let Some(runs) = runs("computing", 0) else { return };
    let cells = &runs.cells;
    for base in cells {
        let workers: f64 = base.parts[1].parse().unwrap();
        let mut sojourns = Table::new(format!("p99 sojourn from {workers} workers, ms"));
        for cell in cells.iter().filter(|cell| cell.name != base.name) {
            let part = base.predict(&[format!("*.workers.count={}", cell.parts[1])]);
            let sojourn = |cell: &Cell| cell.sojourn_us(0.99);
            sojourns.add(cell, &part, "sojourn_us.p99", sojourn(cell), tenth(sojourn(cell), runs.again(cell, sojourn)));
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
