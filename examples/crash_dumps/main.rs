//! Reads a crash dump and says how long that took and what memory; makes large ones.
//!
//! `cargo run --release --example crash_dumps -- read FILE` · `… synthesize FILE [BYTES]`

mod synthetic;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use synthetic::Shape;
use vivarium::source::import::crash_dump::CrashDump;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["read", file] => read(Path::new(file)),
        ["synthesize", file] => synthesize(Path::new(file), Shape::budget()),
        ["synthesize", file, bytes] => synthesize(Path::new(file), Shape::of_bytes(bytes.parse()?)),
        _ => Err("usage: crash_dumps read FILE | crash_dumps synthesize FILE [BYTES]".into()),
    }
}

fn synthesize(path: &Path, shape: Shape) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    synthetic::write(&mut out, shape)?;
    out.flush()?;
    println!("{} processes, {} bytes", shape.processes, std::fs::metadata(path)?.len());
    Ok(())
}

/// What the kernel says that the program takes, in kB; `RssAnon` is what is not mapped from files.
fn status(line: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = text.lines().find_map(|found| found.strip_prefix(line)?.split_whitespace().nth(1)?.parse().ok());
    value.unwrap_or(0)
}

fn read(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let (ends, peak) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ends.load(Ordering::Relaxed) {
                peak.fetch_max(status("RssAnon"), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let began = Instant::now();
        let dump = CrashDump::open(path);
        let took = began.elapsed();
        peak.fetch_max(status("RssAnon"), Ordering::Relaxed);
        ends.store(true, Ordering::Relaxed);
        let dump = dump?;
        println!(
            "{} processes, {} tables, {} bytes, index and list {} ms, own memory {} kB at most, with mapped pages {} kB",
            dump.processes().len(),
            dump.tables().len(),
            dump.size_bytes(),
            took.as_millis(),
            peak.load(Ordering::Relaxed),
            status("VmHWM"),
        );
        let mut largest: Vec<_> = dump.processes().iter().collect();
        largest.sort_by_key(|process| std::cmp::Reverse(process.bytes(dump.head().word_bytes)));
        for process in largest.into_iter().take(5) {
            let name = dump.name(process).or_else(|| dump.spawned_as(process)).unwrap_or_default();
            println!(
                "  {} {name}: {} bytes, {} messages, {} reductions",
                process.pid,
                process.bytes(dump.head().word_bytes),
                process.queue,
                process.reductions
            );
        }
        Ok(())
    })
}
