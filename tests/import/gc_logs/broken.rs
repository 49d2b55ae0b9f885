//! Cut, changed, mixed and hostile logs.

use vivarium::model::gc::GcKind;
use vivarium::source::StopSignal;
use vivarium::source::import;

use super::super::file;
use super::{collections, count, events, open};

const UNIFIED: &str = "\
[2026-11-24T12:34:14.437+0000][0.004s][info][gc] Using G1
[2026-11-24T12:34:14.446+0000][0.012s][info][gc,init] Heap Region Size: 1M
[2026-11-24T12:34:14.499+0000][0.066s][info][gc,start] GC(0) Pause Young (Normal) (G1 Evacuation Pause)
[2026-11-24T12:34:14.499+0000][0.066s][info][gc,heap ] GC(0) Eden regions: 9->0(7)
[2026-11-24T12:34:14.499+0000][0.066s][info][gc,heap ] GC(0) Survivor regions: 0->2(2)
[2026-11-24T12:34:14.499+0000][0.066s][info][gc,metaspace] GC(0) Metaspace: 121K(320K)->121K(320K)
[2026-11-24T12:34:14.499+0000][0.066s][info][gc      ] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 9M->9M(192M) 6.531ms
[2026-11-24T12:34:14.499+0000][0.066s][info][gc,cpu  ] GC(0) User=0.00s Sys=0.00s Real=0.01s
[2026-11-24T12:34:14.520+0000][0.077s][info][gc      ] GC(1) Concurrent Mark Cycle 10.0ms
[2026-11-24T12:34:14.520+0000][0.077s][info][safepoint] Safepoint \"X\", Time since last: 1 ns, Reaching safepoint: 9 ns, Total: 10 ns
";

const LEGACY: &str = "\
2015-05-26T16:23:07.219-0200: 64.322: [GC (Allocation Failure) [PSYoungGen: 88440K->14352K(141824K)] 219224K->147088K(329216K), 0.0136 secs] [Times: user=0.07 sys=0.00, real=0.02 secs]
0.522: [GC pause (G1 Evacuation Pause) (young), 0.0140 secs]
   [Eden: 24.0M(24.0M)->0.0B(13.0M) Survivors: 0.0B->3072.0K Heap: 24.0M(256.0M)->21.9M(256.0M)]
 [Times: user=0.04 sys=0.04, real=0.02 secs]
";

const GO: &str = "\
gc 1 @0.102s 3%: 0.010+0.58+0.021 ms clock, 0.020+0.10/0.23/0.40+0.042 ms cpu, 4->5->1 MB, 5 MB goal, 8 P
gc 2 @1.5s 3%: 0.010+0.58+0.021 ms clock, 0.020+0.10/0.23/0.40+0.042 ms cpu, 4->5->1 MB, 5 MB goal, 0 MB stacks, 0 MB globals, 2 P (forced)
";

/// Reads a file to its end or to its error.
fn drain(folder: &std::path::Path, content: &[u8]) -> usize {
    let path = file(folder, "log", content);
    let Ok(Some(mut import)) = import::open(&path) else { return 0 };
    let mut events = 0;
    while let Ok(Some(batch)) = import.source.next_batch(&StopSignal::default()) {
        events += batch.gc_events.len();
    }
    events
}

#[test]
fn a_log_cut_or_changed_anywhere_is_read_without_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for whole in [UNIFIED, LEGACY, GO] {
        let most = drain(folder.path(), whole.as_bytes());
        assert!(most > 0);
        for length in 0..whole.len() {
            assert!(drain(folder.path(), &whole.as_bytes()[..length]) <= most, "cut at {length}");
        }
        for _ in 0..2000 {
            let mut changed = whole.as_bytes().to_vec();
            for _ in 0..=next(8) {
                let at = next(changed.len());
                changed[at] = next(256) as u8;
            }
            let _any = drain(folder.path(), &changed);
        }
    }
}

#[test]
fn numbers_of_any_size_are_no_danger() {
    let folder = tempfile::tempdir().unwrap();
    for number in ["18446744073709551615", "99999999999999999999999999", "9223372036854775807.999", "0", "1,5", ""] {
        for text in [
            format!("[{number}s][gc] GC({number}) Pause Young (Normal) {number}M->{number}T({number}G) {number}ms\n"),
            format!(
                "[{number}ms][gc,init] Heap Region Size: {number}T\n[1s][gc] GC(1) Eden regions: {number}->{number}({number})\n[1s][gc] GC(1) Pause Full (x) 1M->1M(1M) 1ms\n"
            ),
            format!(
                "{number}: [GC (x) [PSYoungGen: {number}K->{number}K({number}K)] {number}K->{number}K({number}K), {number} secs]\n"
            ),
            format!(
                "gc {number} @{number}s 1%: {number}+1+1 ms clock, 1+1/1/1+{number} ms cpu, {number}->1->{number} MB, {number} MB goal, 1 P\n"
            ),
        ] {
            drain(folder.path(), format!("{UNIFIED}{text}{GO}{text}").as_bytes());
            drain(folder.path(), text.repeat(3).as_bytes());
            let _any = open("gc.log", text.repeat(2));
        }
    }
}

#[test]
fn mixed_and_truncated_logs_open_as_far_as_they_go() {
    let mixed = [UNIFIED, "{\"level\":\"warn\"} [GC is slow]\n\x1b[31mERROR\x1b[0m\n\u{feff}\n", LEGACY].concat();
    let cut = "[2026-11-24T12:34:20.499+0000][6.066s][info][gc,start] GC(9) Pause Young (Normal) (G1 Evacuation Pause)\n[2026-11";
    let session = open("gc.log", [mixed.as_str(), cut].concat()).unwrap();
    let events = events(&session);
    assert_eq!((collections(&events), count(&events, GcKind::Concurrent)), (3, 1));
    let said = session.warnings.join("\n");
    assert!(said.contains("ends within collection 9") && said.contains("passed over"), "{said}");
    let error =
        open("gc.log", "[0.004s][info][gc] Using G1\n[0.1s][info][gc,start] GC(0) Pause Young (x)\n").unwrap_err();
    assert!(error.to_string().contains("no collection"), "{error}");
}
