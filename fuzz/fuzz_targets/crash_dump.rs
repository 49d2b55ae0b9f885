//! A crash dump of any bytes opens, answers every question about every process, and never panics.
//!
//! `cargo +nightly fuzz run crash_dump -- -max_total_time=60 -dict=fuzz/crash_dump.dict`

#![no_main]

use libfuzzer_sys::fuzz_target;
use vivarium::analysis::findings::slogans::meaning;
use vivarium::source::StopSignal;
use vivarium::source::import::crash_dump::CrashDump;

fuzz_target!(|bytes: &[u8]| {
    let dump = CrashDump::of_bytes(bytes.to_vec(), "fuzz.dump");
    let _any = (meaning(&dump.head().slogan), dump.totals().run_queue(), dump.lost().len());
    for process in dump.processes().iter().take(20) {
        assert!(dump.process(process.pid).is_some(), "who is listed is found");
        let _any = (dump.messages(process.pid, 20), dump.dictionary(process.pid, 20));
    }
    // As a session would take it in.
    let mut source = dump.into_source();
    while let Ok(Some(batch)) = source.next_batch(&StopSignal::default()) {
        assert!(batch.samples.iter().all(|sample| sample.value.is_finite()), "values are numbers");
    }
});
