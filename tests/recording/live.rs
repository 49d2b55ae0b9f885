//! A recording is read while it grows, from this process and from another one.

use std::process::Command;

use vivarium::model::metric::MEMORY_RESIDENT;
use vivarium::model::time::NS_PER_S;

use crate::helpers::{ALL, batch, key, new_file, open, second, value};

#[test]
fn a_reader_sees_each_commit_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    writer.append(&batch(0, 2)).unwrap();
    writer.commit().unwrap();
    let recording = open(&path);
    let mut version = recording.data_version().unwrap();
    for index in 1..2500 {
        writer.append(&batch(index, 2)).unwrap();
        assert_eq!(recording.data_version().unwrap(), version, "nothing is committed yet");
        writer.commit().unwrap();
        let new = recording.data_version().unwrap();
        assert_ne!(new, version);
        version = new;
        let now = recording.values_at(MEMORY_RESIDENT, second(index), NS_PER_S).unwrap();
        assert_eq!(now.len(), 2);
        assert_eq!((now[1].1.at, now[1].1.value), (second(index), value(2, index)));
        if index % 97 == 0 {
            assert_eq!(recording.points(key(1, MEMORY_RESIDENT), ALL).unwrap().len() as i64, index + 1);
            let buckets = recording.buckets(key(1, MEMORY_RESIDENT), ALL, 60 * NS_PER_S).unwrap().buckets;
            assert_eq!(buckets.iter().map(|bucket| i64::from(bucket.count)).sum::<i64>(), index + 1);
            assert_eq!(recording.summary().unwrap().values as i64, 4 * (index + 1));
        }
    }
    assert!(!recording.summary().unwrap().finished);
    writer.finish().unwrap();
    assert!(recording.summary().unwrap().finished);
    assert_eq!(recording.points(key(1, MEMORY_RESIDENT), ALL).unwrap().len(), 2500);
}

#[test]
fn every_answer_to_another_thread_is_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    let recording = open(&path);
    let reader = std::thread::spawn(move || {
        let (mut seen, mut answers) = (0, 0);
        while seen < 4000 {
            let points = recording.points(key(2, MEMORY_RESIDENT), ALL).unwrap();
            // Nothing is missing and nothing is double, also while values move from the tail into chunks.
            for (index, point) in (0..).zip(&points) {
                assert_eq!((point.at, point.value), (second(index), value(2, index)));
            }
            assert!(points.len() >= seen && points.len().is_multiple_of(4));
            seen = points.len();
            answers += 1;
        }
        answers
    });
    for commit in 0..1000 {
        for index in commit * 4..commit * 4 + 4 {
            writer.append(&batch(index, 3)).unwrap();
        }
        writer.commit().unwrap();
    }
    assert!(reader.join().unwrap() > 1);
    writer.finish().unwrap();
}

#[test]
fn a_second_process_reads_along() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for round in 1..=3 {
        for index in (round - 1) * 700..round * 700 {
            writer.append(&batch(index, 2)).unwrap();
        }
        writer.commit().unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "live::process_that_reads", "--nocapture"])
            .env("VIVARIUM_TEST_FILE", &path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(said.contains(&format!("values={}", round * 700)), "{said}");
    }
    writer.finish().unwrap();
    assert_eq!(open(&path).points(key(2, MEMORY_RESIDENT), ALL).unwrap().len(), 2100);
}

#[test]
#[ignore = "is started by a_second_process_reads_along"]
fn process_that_reads() {
    let path = std::env::var_os("VIVARIUM_TEST_FILE").unwrap();
    let points = open(path.as_ref()).points(key(2, MEMORY_RESIDENT), ALL).unwrap();
    println!("values={}", points.len());
}
