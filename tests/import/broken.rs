//! Broken, truncated and hostile files: what can be read is opened, what can't is named, and nothing panics.

use std::path::Path;

use vivarium::source::StopSignal;
use vivarium::source::import;

use super::{ALWAYS, file, open, recording};

/// A packet of a trace-port file.
fn packet(term: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend_from_slice(&(term.len() as u32 + 1).to_be_bytes());
    bytes.push(131);
    bytes.extend_from_slice(term);
    bytes
}

fn atom(name: &str) -> Vec<u8> {
    [&[119, name.len() as u8], name.as_bytes()].concat()
}

fn small(number: u8) -> Vec<u8> {
    vec![97, number]
}

const SIZES: [&str; 12] = [
    "wordsize",
    "old_heap_block_size",
    "heap_block_size",
    "mbuf_size",
    "recent_size",
    "stack_size",
    "old_heap_size",
    "heap_size",
    "bin_vheap_size",
    "bin_vheap_block_size",
    "bin_old_vheap_size",
    "bin_old_vheap_block_size",
];

/// A collection's event at a second of the wall clock.
fn message(tag: &str, name: &str, second: u8) -> Vec<u8> {
    let pid = [vec![88], atom("n@h"), vec![0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1]].concat();
    let pair = |(index, size): (usize, &&str)| [vec![104, 2], atom(size), small(index as u8)].concat();
    let sizes: Vec<u8> = SIZES.iter().enumerate().flat_map(pair).collect();
    let info = [vec![108, 0, 0, 0, 12], sizes, vec![106]].concat();
    let stamp = [vec![104, 3], small(1), small(second), small(0)].concat();
    packet(&[vec![104, 5], atom(tag), pid, atom(name), info, stamp].concat())
}

fn trace() -> Vec<u8> {
    let pair = |second| {
        [message("trace_ts", "gc_minor_start", second), message("trace_ts", "gc_minor_end", second + 1)].concat()
    };
    [pair(1), pair(3), pair(5)].concat()
}

/// Reads a file to its end or to its error.
fn drain(path: &Path) -> Result<usize, String> {
    let Some(mut import) = import::open(path).map_err(|error| error.to_string())? else { return Ok(0) };
    let mut events = 0;
    while let Some(batch) = import.source.next_batch(&StopSignal::default()).map_err(|error| error.to_string())? {
        events += batch.gc_events.len() + batch.requests.len();
    }
    Ok(events)
}

const SPANS: &str = r#"{"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"spans":[
{"spanId":"a","name":"x","kind":3,"startTimeUnixNano":"10","endTimeUnixNano":"90"},
{"spanId":"b","parentSpanId":"a","name":"y","kind":2,"startTimeUnixNano":"20","endTimeUnixNano":"80"}]}]}]}"#;

#[test]
fn any_file_cut_or_changed_anywhere_is_read_without_panic() {
    let samples: [(&str, Vec<u8>); 4] = [
        ("r.csv", b"arrival_s,start_s,end_s,key,worker\n1,2,3,\"k,1\",0\n2,3,4,k2,w\n".to_vec()),
        (
            "h.jsonl",
            b"{\"at_s\":1,\"before_bytes\":9,\"after_bytes\":3}\n{\"at_s\":2,\"before_bytes\":8,\"after_bytes\":1}\n"
                .to_vec(),
        ),
        ("s.json", SPANS.as_bytes().to_vec()),
        ("t.trace", trace()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for (name, whole) in samples {
        assert!(drain(&file(folder.path(), name, &whole)).unwrap() > 0, "{name}");
        for length in 0..whole.len() {
            let _any = drain(&file(folder.path(), name, &whole[..length]));
            let mut changed = whole.clone();
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            changed[length] = (state >> 40) as u8;
            let _any = drain(&file(folder.path(), name, &changed));
        }
    }
}

#[test]
fn numbers_of_any_size_are_no_danger() {
    let folder = tempfile::tempdir().unwrap();
    let huge =
        ["9223372036854775807", "-9223372036854775808", "1e308", "1e-308", "99999999999999999999999", "NaN", "-1"];
    for number in huge {
        let text = format!(
            "arrival_s,start_ms,end_us,service_ns,worker,key_hash\n{number},{number},{number},{number},{number},{number}\n"
        );
        let _any = drain(&file(folder.path(), "r.csv", text));
        let text = format!(
            "at_s,before_bytes,after_bytes,committed_bytes,pause_ms,limit_bytes\n{number},{number},{number},{number},{number},{number}\n0,1,1,1,1,1\n"
        );
        let _any = drain(&file(folder.path(), "h.csv", text));
        if let Ok(session) = open("h.csv", format!("at_ns,before_bytes,after_bytes\n{number},{number},0\n1,2,1\n")) {
            recording(&session).gc_events(ALWAYS, None).unwrap();
        }
    }
}

#[test]
fn huge_fields_and_lines_are_left_out_and_the_rest_is_read() {
    let long = "x".repeat(3 << 20);
    let text = format!("arrival_s,service_s,op\n1,1,{long}\n2,1,get\n3,1,\"{}\n4,1,put\n", "y".repeat(100_000));
    let session = open("r.csv", text).unwrap();
    let requests = recording(&session).requests(ALWAYS, None).unwrap();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.operation.as_ref().is_none_or(|op| op.len() <= 200)));
    assert!(session.warnings.iter().any(|warning| warning.contains("r.csv, line 2")), "{:?}", session.warnings);
}

#[test]
fn a_trace_that_is_cut_off_is_opened_as_far_as_it_goes() {
    let whole = trace();
    let session = open("t.trace", &whole[..whole.len() - 10]).unwrap();
    assert_eq!(recording(&session).gc_events(ALWAYS, None).unwrap().len(), 2);
    assert!(session.warnings.iter().any(|warning| warning.contains("cut off")), "{:?}", session.warnings);
}

#[test]
fn where_a_node_dropped_messages_no_stretch_of_tracing_goes_on() {
    let dropped = [trace(), vec![1, 0, 0, 0, 9], trace()].concat();
    let session = open("t.trace", dropped).unwrap();
    let changes = recording(&session).gc_tracing(ALWAYS.to).unwrap();
    assert_eq!(changes.len(), 3, "began, ended by the loss, began: {changes:?}");
    assert!(session.warnings.iter().any(|warning| warning.contains("dropped 9")), "{:?}", session.warnings);
}

#[test]
fn collections_without_a_time_are_said_to_need_one() {
    let start = message("trace", "gc_minor_start", 1);
    let error = open("t.trace", [start.clone(), start].concat()).unwrap_err().to_string();
    assert!(error.contains("monotonic_timestamp"), "{error}");
}
