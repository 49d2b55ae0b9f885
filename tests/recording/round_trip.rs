//! Everything that is stored comes back as it was.

use vivarium::model::entity::EntityId;
use vivarium::model::metric::{CPU_CORES, MEMORY_RESIDENT};
use vivarium::model::time::{TimeRange, Timestamp};
use vivarium::store::recording::{Recording, RecordingError, Writer, copy_recording, set_document};

use crate::helpers::{ALL, batch, entity, events, info, key, new_file, open, second, value};

fn write_everything(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let (path, mut writer) = new_file(folder);
    writer.set_document("(format: \"vivarium-session\")").unwrap();
    writer.add_entities(&[entity(1), entity(2), entity(3)]);
    for index in 0..3000 {
        writer.append(&batch(index, 3)).unwrap();
        if index % 900 == 500 {
            writer.append(&events(index)).unwrap();
        }
        if index % 10 == 0 {
            writer.commit().unwrap();
        }
    }
    writer.finish().unwrap();
    path
}

fn check_everything(recording: &Recording) {
    let summary = recording.summary().unwrap();
    assert_eq!(summary.info, info());
    assert_eq!(summary.span, Some(TimeRange::new(second(0), second(2999).plus_ns(1))));
    assert!(summary.finished);
    assert_eq!((summary.entities, summary.series, summary.values), (4, 6, 3000 * 6));
    assert_eq!((summary.gc_events, summary.stack_samples, summary.censuses, summary.requests), (9, 12, 3, 3));
    assert_eq!(summary.bytes, std::fs::metadata(recording.path()).unwrap().len());
    assert_eq!(recording.document_text().unwrap().as_deref(), Some("(format: \"vivarium-session\")"));

    let mut ended = entity(2);
    ended.ended = Some(second(2300));
    assert_eq!(recording.entities().unwrap(), [entity(1), ended, entity(3), entity(90)]);
    let series = recording.series().unwrap();
    assert_eq!(series.len(), 6);
    assert!(series.contains(&key(3, CPU_CORES)));

    for id in 1..=3 {
        let points = recording.points(key(id, MEMORY_RESIDENT), ALL).unwrap();
        assert_eq!(points.len(), 3000);
        for (index, point) in (0..).zip(points) {
            assert_eq!((point.at, point.value), (second(index), value(id, index)));
        }
    }
    assert_eq!(recording.points(key(77, MEMORY_RESIDENT), ALL).unwrap(), []);

    let written = events(1400);
    let mut census = recording.census_before(second(1500)).unwrap().unwrap();
    census.rows.sort_by_key(|row| row.entity);
    assert_eq!(Some(census), written.census);
    assert_eq!(recording.census_before(second(499)).unwrap(), None);
    assert_eq!(recording.census_times().unwrap(), [second(500), second(1400), second(2300)]);
    let middle = TimeRange::new(second(501), second(2300));
    assert_eq!(recording.gc_events(middle, None).unwrap(), written.gc_events);
    assert_eq!(recording.gc_events(middle, Some(EntityId(3))).unwrap(), written.gc_events[1..]);
    assert_eq!(recording.gc_tracing(second(1401)).unwrap()[2..], written.gc_tracing);
    assert_eq!(recording.requests(middle, None).unwrap(), written.requests);
    assert_eq!(recording.requests(middle, Some(EntityId(3))).unwrap(), []);
    assert_eq!(recording.stack_samples(middle, Some(EntityId(2))).unwrap(), written.stack_samples);
    assert_eq!(recording.stack_samples(middle, Some(EntityId(3))).unwrap(), []);
    assert_eq!(recording.stack_samples(ALL, None).unwrap().len(), 12);
    assert_eq!(recording.gaps().unwrap()[1], written.gaps[0]);
    assert_eq!(recording.notices().unwrap()[1], written.notices[0]);
    assert_eq!(recording.take_warnings(), Vec::<String>::new());
}

#[test]
fn everything_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_everything(&folder);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "one file remains");
    check_everything(&open(&path));
}

#[test]
fn an_interrupted_recording_goes_on_in_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for index in 0..1500 {
        writer.append(&batch(index, 2)).unwrap();
        writer.commit().unwrap();
        if index % 400 == 0 {
            // As after a kill: whatever it had in memory besides is gone.
            drop(writer);
            writer = Writer::open_for_append(&path).unwrap();
            assert!(!open(&path).summary().unwrap().finished);
        }
    }
    writer.finish().unwrap();
    let points = open(&path).points(key(2, MEMORY_RESIDENT), ALL).unwrap();
    let expected: Vec<_> = (0..1500).map(|index| (second(index), value(2, index))).collect();
    assert_eq!(points.iter().map(|point| (point.at, point.value)).collect::<Vec<_>>(), expected);
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious.vivarium");
    std::fs::write(&path, "precious").unwrap();
    let error = Writer::create(&path, &info()).unwrap_err();
    assert!(matches!(error, RecordingError::Exists(_)), "{error}");
    assert!(error.to_string().contains("precious.vivarium"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    let nowhere = Writer::create(&folder.path().join("no/such/folder.vivarium"), &info()).unwrap_err();
    assert!(nowhere.to_string().contains("check that the folder exists"), "{nowhere}");
}

#[test]
fn a_second_writer_takes_over_and_the_first_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut first) = new_file(&folder);
    first.append(&batch(0, 1)).unwrap();
    first.commit().unwrap();
    let mut second_writer = Writer::open_for_append(&path).unwrap();
    first.append(&batch(1, 1)).unwrap();
    assert!(matches!(first.commit(), Err(RecordingError::TakenOver(_))));
    second_writer.append(&batch(2, 1)).unwrap();
    second_writer.finish().unwrap();
    let points = open(&path).points(key(1, MEMORY_RESIDENT), ALL).unwrap();
    assert_eq!(points.iter().map(|point| point.at).collect::<Vec<_>>(), [second(0), second(2)]);
}

#[test]
fn values_that_are_no_numbers_are_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for (index, wrong) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().enumerate() {
        let mut batch = batch(index as i64, 2);
        batch.samples[1].value = wrong;
        writer.append(&batch).unwrap();
    }
    writer.finish().unwrap();
    let recording = open(&path);
    assert_eq!(recording.summary().unwrap().values, 9);
    assert_eq!(recording.points(key(1, CPU_CORES), ALL).unwrap(), []);
    assert_eq!(recording.points(key(2, CPU_CORES), ALL).unwrap().len(), 3);
    let notices = recording.notices().unwrap();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].text.starts_with("3 values were left out"), "{}", notices[0].text);
    assert_eq!(notices[0].at, second(2));
}

#[test]
fn the_largest_numbers_do_not_break_sums() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for index in 0..2000 {
        let mut batch = batch(index, 1);
        batch.samples[0].value = if index < 1000 { f64::MAX } else { f64::MIN };
        writer.append(&batch).unwrap();
    }
    writer.finish().unwrap();
    let recording = open(&path);
    let all = recording.buckets(key(1, MEMORY_RESIDENT), ALL, i64::MAX).unwrap().buckets;
    assert_eq!(all.iter().map(|bucket| bucket.count).sum::<u32>(), 2000);
    assert!(all.iter().all(|bucket| bucket.min == f64::MIN && bucket.max == f64::MAX && bucket.sum.is_finite()));
}

#[test]
fn a_copy_holds_the_same_also_of_a_growing_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_everything(&folder);
    let copy = folder.path().join("copy.vivarium");
    let mut shares = Vec::new();
    copy_recording(&path, &copy, &mut |share| {
        shares.push(share);
        true
    })
    .unwrap();
    check_everything(&open(&copy));
    assert!(shares.is_sorted() && shares.last() == Some(&1.0));

    let (growing, grown) = (folder.path().join("growing.vivarium"), folder.path().join("grown.vivarium"));
    let mut writer = Writer::create(&growing, &info()).unwrap();
    for index in 0..3000 {
        writer.append(&batch(index, 9)).unwrap();
        writer.commit().unwrap();
    }
    let mut index = 3000;
    copy_recording(&growing, &grown, &mut |_| {
        writer.append(&batch(index, 9)).unwrap();
        writer.commit().unwrap();
        index += 1;
        true
    })
    .unwrap();
    let copied = open(&grown);
    assert!(copied.summary().unwrap().finished);
    assert_eq!(copied.points(key(9, MEMORY_RESIDENT), ALL).unwrap().len(), 3000);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        6,
        "four recordings, one of them with its -wal and -shm"
    );
}

#[test]
fn a_cancelled_copy_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for index in 0..3000 {
        writer.append(&batch(index * 13, 200)).unwrap();
    }
    writer.finish().unwrap();
    let there = folder.path().join("there.vivarium");
    std::fs::write(&there, "still here").unwrap();
    let result = copy_recording(&path, &there, &mut |_| false);
    assert!(matches!(result, Err(RecordingError::Cancelled(_))));
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "still here");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn the_document_can_be_replaced_while_recording_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    let recording = open(&path);
    assert_eq!(recording.document_text().unwrap(), None);
    set_document(&path, "first").unwrap();
    writer.append(&batch(0, 1)).unwrap();
    writer.commit().unwrap();
    assert_eq!(recording.document_text().unwrap().as_deref(), Some("first"));
    drop(recording);
    writer.finish().unwrap();
    set_document(&path, "second \u{1f468}").unwrap();
    assert_eq!(open(&path).document_text().unwrap().as_deref(), Some("second \u{1f468}"));
    assert_eq!(open(&path).points(key(1, CPU_CORES), ALL).unwrap().len(), 1);
    let huge = "x".repeat(65 << 20);
    assert!(matches!(set_document(&path, &huge), Err(RecordingError::DocumentTooLarge { .. })));
    assert!(set_document(&folder.path().join("none"), "x").is_err());
}

#[test]
fn an_empty_recording_has_nothing_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, writer) = new_file(&folder);
    writer.finish().unwrap();
    let recording = open(&path);
    let summary = recording.summary().unwrap();
    assert_eq!((summary.span, summary.values, summary.finished), (None, 0, true));
    assert_eq!(recording.series().unwrap(), []);
    assert_eq!(recording.values_at(CPU_CORES, Timestamp(0), i64::MAX).unwrap(), []);
}

#[test]
fn a_recording_of_the_first_format_is_read_as_it_is_and_goes_on_in_the_present_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.vivarium");
    std::fs::copy("tests/fixtures/recordings/format_1.vivarium", &path).unwrap();
    let old = open(&path);
    let collections = old.gc_events(ALL, None).unwrap();
    assert_eq!(collections, events(60).gc_events[..2]);
    assert_eq!((old.gc_tracing(ALL.to).unwrap(), old.requests(ALL, None).unwrap()), (vec![], vec![]));
    assert_eq!(old.summary().unwrap().values, 120 * 6);

    let mut writer = Writer::open_for_append(&path).unwrap();
    writer.append(&events(200)).unwrap();
    writer.finish().unwrap();
    assert_eq!(old.requests(ALL, None).unwrap(), events(200).requests, "a reader sees what a writer has added");
    assert_eq!(open(&path).gc_events(ALL, None).unwrap()[2..], events(200).gc_events);
}
