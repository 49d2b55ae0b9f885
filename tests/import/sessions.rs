//! What is imported is a session like any other.

use std::io::Write;

use vivarium::model::entity::EntityKind;
use vivarium::model::metric::HEAP_HELD;
use vivarium::model::series::SeriesKey;
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::session::open::{OpenError, describe, discovered, open_path_with};
use vivarium::session::save::save;
use vivarium::session::whatif::gather;
use vivarium::source::StopSignal;
use vivarium::whatif::answer::{Answerable, availability};

use super::{ALWAYS, file, open, recording};

const REQUESTS: &str = "arrival_s,start_s,end_s,key,worker,outcome\n\
    1764000000.5,1764000000.75,1764000001,a,0,ok\n1764000001,1764000001,1764000003,b,1,error\n\
    1764000002,,,a,,rejected\n";

const HEAPS: &str = "heap,at_s,before_bytes,after_bytes,committed_bytes,pause_ms,limit_bytes\n\
    left,10,900,400,1000,2,4000\nright,11,90,40,100,1,\nleft,12,1000,500,2000,3,4000\n";

#[test]
fn a_request_log_is_a_session_with_one_component() {
    let session = open("requests.csv", REQUESTS).unwrap();
    let info = describe(&session, false).unwrap();
    assert_eq!((info.title.as_str(), info.source.as_str()), ("requests.csv", "import:requests.csv"));
    let span = info.span.unwrap();
    assert_eq!(span.from, Timestamp(1_764_000_000_500_000_000), "times by the clock stay so, to the nanosecond");
    assert_eq!(span.length_ns(), 2_500_000_001, "to the end of the last service");
    let found = discovered(&session.document, &info.entities);
    assert_eq!(found.iter().map(|component| component.id.as_str()).collect::<Vec<_>>(), ["requests"]);
    assert_eq!(recording(&session).requests(ALWAYS, None).unwrap().len(), 3);
    let data = gather(recording(&session), Some(&session.document), None).unwrap();
    assert_eq!(data.components[0].requests.len(), 3);
    let late = TimeRange::new(Timestamp(1_764_000_001 * NS_PER_S), span.to);
    let data = gather(recording(&session), None, Some(late)).unwrap();
    assert_eq!(data.components[0].requests.len(), 2);
}

#[test]
fn packed_files_are_the_same_session() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(REQUESTS.as_bytes()).unwrap();
    let gzip = packer.finish().unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(REQUESTS.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let plain = recording(&open("r.csv", REQUESTS).unwrap()).requests(ALWAYS, None).unwrap();
    for packed in [gzip, zstd] {
        let session = open("r.csv.packed", packed).unwrap();
        assert_eq!(recording(&session).requests(ALWAYS, None).unwrap(), plain);
    }
}

#[test]
fn heaps_of_a_series_are_traced_heaps_of_bytes_each_a_component() {
    let session = open("heaps.csv", HEAPS).unwrap();
    let data = gather(recording(&session), Some(&session.document), None).unwrap();
    assert_eq!((data.word_bytes, data.components.len()), (1, 2));
    let left = &data.components[0];
    assert_eq!((left.id.as_str(), left.heaps.len(), left.heaps[0].events.len()), ("left", 1, 2));
    assert_eq!(left.heaps[0].settings.unwrap().max_heap_words, 4000);
    assert_eq!(data.components[1].heaps[0].settings, None, "a limit that nobody told is not made up");
    let entities = recording(&session).entities().unwrap();
    let heap = entities.iter().find(|it| it.kind == EntityKind::Heap && it.name == "left").unwrap();
    let held = recording(&session).points(SeriesKey { entity: heap.id, metric: HEAP_HELD }, ALWAYS).unwrap();
    assert_eq!(held.iter().map(|point| point.value).collect::<Vec<_>>(), [1000.0, 2000.0]);
    let can = |path: &str| {
        let of_path = |it: &&vivarium::whatif::answer::Availability| it.knob.path == path;
        availability(&data).iter().filter(of_path).all(|it| it.answerable == Answerable::Yes)
    };
    assert!(can("heap.max_bytes") && can("heap.budget_bytes") && !can("gc.fullsweep_after") && !can("queue.limit"));
}

#[test]
fn the_temporary_recording_is_gone_with_the_session_and_can_be_saved_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "requests.csv", REQUESTS);
    let before = std::fs::metadata(&path).unwrap();
    let session = vivarium::session::open::open_path(&path).unwrap();
    let temporary = recording(&session).path().to_owned();
    assert_eq!(session.path, None, "it has no file until it is saved");
    let saved = folder.path().join("saved.vivarium");
    save(&session.document, &session.unknown, Some(&temporary), &saved, &mut |_| true).unwrap();
    drop(session);
    assert!(!temporary.exists() && !temporary.parent().unwrap().exists());
    let session = vivarium::session::open::open_path(&saved).unwrap();
    assert_eq!(recording(&session).requests(ALWAYS, None).unwrap().len(), 3);
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
}

#[test]
fn opening_can_be_cancelled_and_shows_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("arrival_s,service_s\n");
    (0..50_000).for_each(|number| text.push_str(&format!("{number},0.5\n")));
    let path = file(folder.path(), "many.csv", text);
    let mut shares = Vec::new();
    open_path_with(&path, &StopSignal::default(), &mut |share| shares.push(share)).unwrap();
    assert!(shares.is_sorted() && shares.last() == Some(&1.0), "{shares:?}");
    let stop = StopSignal::default();
    stop.request();
    assert!(matches!(open_path_with(&path, &stop, &mut |_| ()), Err(OpenError::Cancelled(_))));
}

#[test]
fn a_file_of_no_known_kind_is_answered_with_what_is_known() {
    for content in [&b"hello"[..], b"name,size\n1,2\n", b"\x7fELF\x02", b"{\"a\":1}"] {
        let error = open("what.bin", content).unwrap_err().to_string();
        for known in [".vivarium", ".ron", "trace_port", "OTLP/JSON", "request logs", "heap sizes", ".gz"] {
            assert!(error.contains(known), "{error}");
        }
    }
}
