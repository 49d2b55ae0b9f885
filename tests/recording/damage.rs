//! Files that are not what they should be: a clear sentence, what can be saved, and never a panic.

use std::path::Path;

use vivarium::model::metric::{CPU_CORES, MEMORY_RESIDENT, MetricKey};
use vivarium::model::time::NS_PER_S;
use vivarium::store::recording::{Opened, Recording, RecordingError, Writer, copy_recording};

use crate::helpers::{ALL, Random, batch, entity, events, info, key, new_file, open, second, value};

const ENTITIES: u32 = 12;
const SECONDS: i64 = 5000;

/// A file with something of everything, in chunks and in the tail.
fn write(path: &Path) {
    let mut writer = Writer::create(path, &info()).unwrap();
    writer.set_document("(format: \"vivarium-session\")").unwrap();
    writer.add_entities(&(1..=ENTITIES).map(entity).collect::<Vec<_>>());
    for index in 0..SECONDS {
        writer.append(&batch(index, ENTITIES)).unwrap();
        if index % 300 == 0 {
            writer.append(&events(index)).unwrap();
        }
        writer.commit().unwrap();
    }
    // A copy is in one file; the original's tail is kept in it by leaving the writer unfinished.
    drop(writer);
}

/// Asks everything; what comes out may be anything but a panic. Returns how many right values were found, and fails on wrong ones.
fn ask_everything(recording: &Recording) -> usize {
    let _ = recording.summary();
    let _ = recording.document_text();
    let _ = recording.entities();
    let _ = recording.series();
    let _ = recording.census_before(second(SECONDS));
    let _ = recording.census_times();
    let _ = recording.gc_events(ALL, None);
    let _ = recording.gc_events(ALL, Some(vivarium::model::entity::EntityId(2)));
    let _ = recording.stack_samples(ALL, None);
    let _ = recording.gaps();
    let _ = recording.notices();
    let _ = recording.data_version();
    for metric in MetricKey::all().take(8).chain([CPU_CORES]) {
        let _ = recording.values_at(metric, second(SECONDS / 2), 60 * NS_PER_S);
    }
    let mut right = 0;
    for id in 1..=ENTITIES {
        for width in [NS_PER_S, 10 * NS_PER_S, 86 * NS_PER_S, 7200 * NS_PER_S] {
            let _ = recording.buckets(key(id, CPU_CORES), ALL, width);
        }
        for point in recording.points(key(id, MEMORY_RESIDENT), ALL).unwrap_or_default() {
            let index = (point.at.0 - second(0).0) / NS_PER_S;
            assert_eq!((point.at, point.value), (second(index), value(id, index)), "damage is shown as a measurement");
            right += 1;
        }
    }
    right
}

/// The bytes of a whole file with chunks and tail.
fn whole() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.vivarium");
    write(&path);
    // Readers of one file see what is in the write-ahead file only after a checkpoint; closing made one.
    assert!(!folder.path().join("whole.vivarium-wal").exists());
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(ask_everything(&open(&path)), (i64::from(ENTITIES) * SECONDS) as usize);
    bytes
}

/// Opens bytes as a file.
fn open_bytes(bytes: &[u8]) -> (tempfile::TempDir, Result<Opened, RecordingError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.vivarium");
    std::fs::write(&path, bytes).unwrap();
    let opened = Recording::open(&path);
    (folder, opened)
}

#[test]
fn flipped_bits_are_noticed_or_harmless() {
    let whole = whole();
    let random = &mut Random(7);
    let all = (i64::from(ENTITIES) * SECONDS) as usize;
    let (mut saved, mut opened_files) = (0, 0);
    for round in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..=round % 3 {
            // A third of them in the first pages, where everything begins.
            let range = if random.below(3) == 0 { 16_384 } else { bytes.len() as u64 };
            let at = random.below(range) as usize;
            bytes[at] ^= 1 << random.below(8);
        }
        let (_folder, opened) = open_bytes(&bytes);
        match opened {
            Ok(Opened { recording, warnings }) => {
                let right = ask_everything(&recording);
                let told = recording.series().is_err() || !warnings.is_empty() || !recording.take_warnings().is_empty();
                assert!(right == all || told, "round {round}: {} values are missing, and nothing is said", all - right);
                saved += right;
                opened_files += 1;
            }
            Err(error) => assert!(error.to_string().contains("broken.vivarium"), "{error}"),
        }
    }
    assert!(opened_files > 125, "{opened_files} of 150 opened");
    assert!(saved > opened_files * all / 2, "more than half of the values were saved");
}

#[test]
fn a_file_that_was_cut_short_shows_what_is_left() {
    let whole = whole();
    let random = &mut Random(8);
    let pages = whole.len() / 8192;
    let mut saved = Vec::new();
    let lengths = (1..pages).step_by(pages / 60 + 1).map(|page| page * 8192);
    for length in lengths.chain((0..30).map(|_| 1 + random.below(whole.len() as u64 - 1) as usize)) {
        let (_folder, opened) = open_bytes(&whole[..length]);
        match opened {
            Ok(Opened { recording, warnings }) => {
                assert!(warnings.iter().any(|warning| warning.contains("cut short")), "{length}: {warnings:?}");
                saved.push((length, ask_everything(&recording)));
            }
            Err(error) => assert!(error.to_string().contains("broken.vivarium"), "{error}"),
        }
    }
    let all = (i64::from(ENTITIES) * SECONDS) as usize;
    // The order of pages is not that of time, so a small file that lost half may have lost everything; losing a little costs little.
    for (length, right) in saved.into_iter().filter(|(length, _)| length * 100 > whole.len() * 86) {
        assert!(right > all / 3, "{right} of {all} values in {length} of {} bytes", whole.len());
    }
}

#[test]
fn files_of_other_kinds_are_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let says = |path: &Path, words: &str| {
        for error in
            [Recording::open(path).map(|_| ()).unwrap_err(), Writer::open_for_append(path).map(|_| ()).unwrap_err()]
        {
            let text = error.to_string();
            assert!(text.contains(words), "\"{text}\" says \"{words}\"");
            assert!(text.contains(&path.display().to_string()), "\"{text}\" names the file");
            assert!(!text.contains('\n') && !text.ends_with('.'), "\"{text}\" is one sentence");
        }
    };
    says(&file("empty.vivarium", b""), "is empty");
    says(&file("text.vivarium", &b"once upon a time ".repeat(1000)), "is not a Vivarium recording");
    says(&file("short.vivarium", b"SQLite"), "is not a Vivarium recording");
    says(folder.path(), "is a folder");
    says(&folder.path().join("missing.vivarium"), "there is no such file");

    let (path, writer) = new_file(&folder);
    writer.finish().unwrap();
    let recording = std::fs::read(&path).unwrap();
    let mut other = recording.clone();
    other[68..72].copy_from_slice(&[0; 4]);
    says(&file("other.vivarium", &other), "is a database of another program");
    let mut future = recording.clone();
    future[60..64].copy_from_slice(&3u32.to_be_bytes());
    says(&file("future.vivarium", &future), "open it with a newer Vivarium");
    let mut unnumbered = recording;
    unnumbered[60..64].copy_from_slice(&[0; 4]);
    says(&file("unnumbered.vivarium", &unnumbered), "no format number");
    assert!(copy_recording(&folder.path().join("text.vivarium"), &folder.path().join("copy"), &mut |_| true).is_err());
    assert!(!folder.path().join("copy").exists());
}

#[test]
fn without_its_second_file_a_recording_opens_to_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for index in 0..SECONDS {
        writer.append(&batch(index, ENTITIES)).unwrap();
        writer.commit().unwrap();
    }
    let copy = folder.path().join("alone.vivarium");
    std::fs::copy(&path, &copy).unwrap();
    let recording = open(&copy);
    let found = ask_everything(&recording);
    assert_eq!(found as i64 % i64::from(ENTITIES), 0);
    assert!(found > 0 && (found as i64) < i64::from(ENTITIES) * SECONDS, "{found}");
    drop(writer);
}

#[test]
#[cfg(unix)]
fn a_recording_is_read_where_no_lock_file_can_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for index in 0..100 {
        writer.append(&batch(index, ENTITIES)).unwrap();
    }
    writer.commit().unwrap();
    // Not finished, so it still asks for a lock file; a link to nowhere stands for a disk that can't be written to.
    let copy = folder.path().join("locked ?#%.vivarium");
    copy_pages(&path, &copy);
    std::os::unix::fs::symlink("/no/such/folder", folder.path().join("locked ?#%.vivarium-shm")).unwrap();
    let Opened { recording, warnings } = Recording::open(&copy).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(ask_everything(&recording), 100 * ENTITIES as usize);

    std::fs::write(folder.path().join("locked ?#%.vivarium-wal"), [1; 5000]).unwrap();
    let Opened { recording, warnings } = Recording::open(&copy).unwrap();
    assert!(warnings.iter().any(|warning| warning.contains("without write permission")), "{warnings:?}");
    assert_eq!(ask_everything(&recording), 100 * ENTITIES as usize);
    drop(writer);
}

/// A copy that is still in write-ahead mode, without a second file.
#[cfg(unix)]
fn copy_pages(from: &Path, to: &Path) {
    copy_recording(from, to, &mut |_| true).unwrap();
    let mut bytes = std::fs::read(to).unwrap();
    bytes[18..20].copy_from_slice(&[2, 2]);
    std::fs::write(to, bytes).unwrap();
}

#[test]
fn metrics_of_a_later_version_are_passed_over_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for index in 0..100 {
        writer.append(&batch(index, 2)).unwrap();
    }
    writer.finish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    // "cpu.cores" becomes a name that no version has.
    let mut renamed = bytes.clone();
    for at in 0..renamed.len() - 9 {
        if &renamed[at..at + 9] == b"cpu.cores" {
            renamed[at..at + 9].copy_from_slice(b"cpu.coreX");
        }
    }
    std::fs::write(&path, &renamed).unwrap();
    let recording = open(&path);
    assert_eq!(recording.series().unwrap(), [key(1, MEMORY_RESIDENT), key(2, MEMORY_RESIDENT)]);
    assert!(recording.take_warnings().iter().any(|warning| warning.contains("\"cpu.coreX\"")));
    drop(recording);
    let mut writer = Writer::open_for_append(&path).unwrap();
    for index in 100..200 {
        writer.append(&batch(index, 2)).unwrap();
    }
    writer.finish().unwrap();
    let recording = open(&path);
    for metric in [MEMORY_RESIDENT, CPU_CORES] {
        let expected = if metric == CPU_CORES { 100 } else { 200 };
        assert_eq!(recording.points(key(2, metric), ALL).unwrap().len(), expected);
    }
}
