//! Importers: what an engineer already has in files, as sources that end. A file's kind is told by its content.
//!
//! [`KINDS`] is the one table of what opens; an importer to come is one line there and one file here. Files are read as streams,
//! compressed ones too (gzip, Zstandard); originals are never touched. What can't be read is left out and named with file, line
//! and column, as notices in the batches.

mod complaints;
pub mod crash_dump;
mod gc_log;
mod gc_pairs;
pub mod gc_text;
mod go_gc;
mod heap_series;
mod input;
mod jvm_gc;
mod request_log;
mod series;
mod slices;
mod spans;
mod table;
mod trace_port;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::input::Input;
use super::{Source, SourceError};
use crate::model::time::Timestamp;

/// A kind of file that can be imported.
#[derive(Debug)]
pub struct Kind {
    /// What it is called, in messages.
    pub name: &'static str,
    /// Whether the beginning of a file tells that it is of this kind.
    tells: fn(&[u8]) -> bool,
    /// Makes its importer.
    open: fn(Input) -> Result<Box<dyn Source>, SourceError>,
}

/// Every kind, the most certain ones first.
pub const KINDS: &[Kind] = &[
    Kind { name: "Erlang crash dumps (erl_crash.dump)", tells: crash_dump::tells, open: crash_dump::open },
    Kind {
        name: "BEAM GC traces as text (#beam-gc-trace)",
        tells: |head| head.starts_with(gc_text::MAGIC.as_bytes()),
        open: open_gc_text,
    },
    Kind { name: "JVM garbage-collection logs (-Xlog:gc*, PrintGCDetails)", tells: jvm_gc::tells, open: jvm_gc::open },
    Kind { name: "Go garbage-collection traces (GODEBUG=gctrace=1)", tells: go_gc::tells, open: go_gc::open },
    Kind { name: "traces of dbg:trace_port(file, …)", tells: trace_port::tells, open: trace_port::open },
    Kind { name: "spans as OTLP/JSON", tells: spans::tells, open: spans::open },
    Kind { name: "request logs (CSV, JSON Lines)", tells: request_log::tells, open: request_log::open },
    Kind {
        name: "series of heap sizes before and after collections (CSV, JSON Lines)",
        tells: heap_series::tells,
        open: heap_series::open,
    },
];

/// The trace has a clock of its own, which begins at 0 here.
fn open_gc_text(input: Input) -> Result<Box<dyn Source>, SourceError> {
    let name = input.name().to_owned();
    Ok(Box::new(gc_text::GcText::new(input.into_stream(), &name, &name, Timestamp(0))))
}

/// Told by the beginning of a file, unpacked where it is compressed.
pub fn sniff(head: &[u8]) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| (kind.tells)(head))
}

/// What can be imported, for messages.
pub fn known_kinds() -> String {
    let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
    format!("{}; .gz and .zst of them", names.join(", "))
}

/// How much of a file was read.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    size: Arc<AtomicU64>,
}

impl Progress {
    /// The share, from 0 to 1.
    pub fn share(&self) -> f32 {
        let [read, size] = [&self.read, &self.size].map(|count| count.load(Ordering::Relaxed));
        if size == 0 { 0.0 } else { (read as f64 / size as f64).min(1.0) as f32 }
    }
}

/// A file whose importer waits to be asked.
pub struct Import {
    /// What it is.
    pub kind: &'static Kind,
    /// Reads it to its end.
    pub source: Box<dyn Source>,
    /// How far it has come.
    pub progress: Progress,
}

/// Opens a file of a known kind; `None` if it is of none.
///
/// # Errors
/// When it can't be read, or its head is not as its kind wants it; the sentence names file, line, column and what was expected.
pub fn open(path: &Path) -> Result<Option<Import>, SourceError> {
    let input = Input::open(path)?;
    let Some(kind) = sniff(input.head()) else { return Ok(None) };
    let (progress, name) = (input.progress(), input.name().to_owned());
    let source = series::with_series((kind.open)(input)?, &name);
    Ok(Some(Import { kind, source, progress }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_content() {
        let name = |head: &[u8]| sniff(head).map(|kind| kind.name.split(' ').next().unwrap());
        assert_eq!(name(b"arrival_s,service_s\n1,2\n"), Some("request"));
        assert_eq!(name(b"\xef\xbb\xbfop;ARRIVAL_ms;start_ms;end_ms\r\n"), Some("request"));
        assert_eq!(name(b"{\"arrival_s\": 1, \"service_s\": 2}\n"), Some("request"));
        assert_eq!(name(b"#beam-gc-trace 1\n"), Some("BEAM"));
        assert_eq!(name(b"at_s,before_bytes,after_bytes\n"), Some("series"));
        assert_eq!(name(b" {\"resourceSpans\":[]}"), Some("spans"));
        assert_eq!(name(b"\x00\x00\x00\x00\x0a\x83h\x05w\x08trace_tsX"), Some("traces"));
        for stranger in [&b"name,size\n"[..], b"", b"{}", b"\x00\x00\x00", b"arrival_s", b"arrivals,service_s\n"] {
            assert_eq!(name(stranger), None, "{stranger:?}");
        }
        assert!(known_kinds().contains("OTLP/JSON") && known_kinds().contains(".zst"));
    }
}
