//! Garbage-collection logs of a JVM: unified ones (JDK 9 and later), legacy ones (JDK 8), and files in which both, or anything else, are
//! mixed. Here collections stop the world. What is no line of such a log, e.g. what the application wrote, is passed over and counted.

mod clock;
mod legacy;
mod rotated;
mod run;
mod scan;
mod unified;

use self::legacy::Legacy;
use self::rotated::Joined;
use self::run::Run;
use self::scan::Scan;
use self::unified::Unified;
use super::gc_log::{GcLog, METRICS};
use super::input::Input;
use crate::model::batch::Batch;
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

/// So many lines are read before it is looked whether a stop was asked for.
const LINES_AT_ONCE: usize = 4096;

/// Whether a file begins like one.
pub(super) fn tells(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(is_sure)
}

/// Whether a line can be nothing else.
fn is_sure(line: &[u8]) -> bool {
    let (stamps, message) = clock::split(line.trim_ascii_end());
    let mut scan = Scan(message);
    if scan.eat(b"GC(") {
        let words: [&[u8]; 7] = [
            b"Pause ",
            b"Concurrent ",
            b"Garbage Collection (",
            b"Minor Collection (",
            b"Major Collection (",
            b"Using ",
            b"Eden regions: ",
        ];
        return scan.integer().is_some() && scan.eat(b") ") && words.iter().any(|word| scan.0.starts_with(word));
    }
    let names: [&[u8]; 5] =
        [b"Using Serial", b"Using Parallel", b"Using G1", b"Using Shenandoah", b"Using The Z Garbage Collector"];
    if !stamps.is_empty() {
        return names.contains(&message) || (message == b"Using Concurrent Mark Sweep");
    }
    clock::legacy(&mut scan);
    let begins: [&[u8]; 6] = [b"[GC (", b"[Full GC (", b"[GC pause (", b"[GC [", b"[Full GC [", b"[GC concurrent-"];
    begins.iter().any(|word| scan.0.starts_with(word))
        && scan.0.windows(5).any(|text| text == b" secs" || text == b"(youn" || text == b"(mixe")
}

/// Opens one, with the other files of it if it was rotated.
pub(super) fn open(input: Input) -> Result<Box<dyn Source>, SourceError> {
    let mut log = GcLog::new(input.name());
    let info = super::series::info(&input, &METRICS);
    let lines = Joined::of(input, &mut log.complaints);
    let (unified, legacy) = (Unified::default(), Legacy::default());
    Ok(Box::new(JvmGc { info, lines, run: Run::new(log), unified, legacy, passed_over: 0, has_ended: false }))
}

struct JvmGc {
    info: SourceInfo,
    lines: Joined,
    run: Run,
    unified: Unified,
    legacy: Legacy,
    /// Lines that are none of such a log.
    passed_over: u64,
    has_ended: bool,
}

impl JvmGc {
    fn finish(&mut self) -> Result<(), SourceError> {
        self.has_ended = true;
        self.unified.finish(&mut self.run);
        self.legacy.finish(&mut self.run);
        self.run.say();
        if self.passed_over > 0 {
            let text = format!("{} lines are none of a garbage-collection log and are passed over", self.passed_over);
            self.run.log.complaints.say(text);
        }
        if self.run.log.events() == 0 {
            let name = &self.info.title;
            return Err(SourceError(format!("{name}: there is no collection in this garbage-collection log")));
        }
        self.run.log.finish()
    }
}

impl Source for JvmGc {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        loop {
            if let Some(batch) = self.run.log.next_full() {
                return Ok(Some(batch));
            }
            if self.has_ended || stop.is_requested() {
                return Ok(None);
            }
            for _ in 0..LINES_AT_ONCE {
                let Some(line) = self.lines.next(&mut self.run.log.complaints) else {
                    self.finish()?;
                    break;
                };
                let (stamps, message) = clock::split(line);
                let is_known = self.unified.take(&mut self.run, stamps, message)
                    || (stamps.is_empty() && self.legacy.take(&mut self.run, message))
                    || line.is_empty();
                self.passed_over += u64::from(!is_known);
            }
        }
    }
}
