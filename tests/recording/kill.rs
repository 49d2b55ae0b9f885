//! A writer that is killed loses nothing that it had committed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use vivarium::model::metric::{CPU_CORES, MEMORY_RESIDENT};
use vivarium::model::time::NS_PER_S;
use vivarium::store::recording::Writer;

use crate::helpers::{ALL, Random, batch, info, key, open, second, value};

const ENTITIES: u32 = 5;
/// One commit a "second", as the recorder does.
const BATCHES_A_COMMIT: i64 = 4;
const ROUNDS: u64 = 50;

#[test]
fn fifty_kills_lose_at_most_what_was_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let random = &mut Random(50);
    let mut folded = 0;
    for round in 0..ROUNDS {
        // A file is killed five times before the next one is begun.
        let path = folder.path().join(format!("{}.vivarium", round / 5));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "kill::process_that_writes", "--nocapture"])
            .env("VIVARIUM_TEST_FILE", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (began, begins) = std::sync::mpsc::channel();
        let reports = std::thread::spawn(move || {
            let numbers =
                output.lines().map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ")?.parse().ok());
            numbers.inspect(|_| _ = began.send(())).last()
        });
        begins.recv().unwrap();
        std::thread::sleep(Duration::from_micros(random.below(150_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let reported: Option<i64> = reports.join().unwrap();
        folded += i64::from(check(&path, reported.unwrap()) > 1100);
    }
    assert!(folded > 0, "no file was long enough to be folded");
}

/// Everything that was reported is there and right, and at most one commit more; returns how many batches there are.
fn check(path: &Path, committed: i64) -> i64 {
    let recording = open(path);
    let present = recording.summary().unwrap().values as i64 / i64::from(ENTITIES * 2);
    assert!((committed..=committed + BATCHES_A_COMMIT).contains(&present), "{committed} reported, {present} there");
    for id in 1..=ENTITIES {
        let points = recording.points(key(id, MEMORY_RESIDENT), ALL).unwrap();
        let found: Vec<_> = points.iter().map(|point| (point.at, point.value)).collect();
        assert_eq!(found, (0..present).map(|index| (second(index), value(id, index))).collect::<Vec<_>>());
        let buckets = recording.buckets(key(id, CPU_CORES), ALL, 60 * NS_PER_S).unwrap().buckets;
        let sum: f64 = buckets.iter().map(|bucket| bucket.sum).sum();
        assert_eq!(sum, (0..present).map(|index| value(id, index) / 8.0).sum::<f64>());
    }
    assert_eq!(recording.take_warnings(), Vec::<String>::new());
    present
}

#[test]
#[ignore = "is started and killed by fifty_kills_lose_at_most_what_was_not_committed"]
fn process_that_writes() {
    let path = std::env::var_os("VIVARIUM_TEST_FILE").unwrap();
    let path = Path::new(&path);
    let (mut writer, mut next) = match path.exists() {
        false => (Writer::create(path, &info()).unwrap(), 0),
        true => {
            let values = open(path).summary().unwrap().values as i64;
            (Writer::open_for_append(path).unwrap(), values / i64::from(ENTITIES * 2))
        }
    };
    let mut output = std::io::stdout();
    loop {
        // Written at once and whole; a report after the commit, never before.
        writeln!(output, "committed {next}").unwrap();
        for index in next..next + BATCHES_A_COMMIT {
            writer.append(&batch(index, ENTITIES)).unwrap();
        }
        writer.commit().unwrap();
        next += BATCHES_A_COMMIT;
    }
}
