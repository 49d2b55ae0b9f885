//! Reads a crash dump and says how long that took and what memory; makes large ones.
//!
//! `cargo run --release --example crash_dumps -- read FILE` · `… show FILE PROCESS` · `… synthesize FILE [BYTES]`

mod synthetic;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use synthetic::Shape;
use vivarium::source::import::crash_dump::{CrashDump, Process};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["read", file] => read(Path::new(file)),
        ["show", file, process] => show(Path::new(file), process),
        ["synthesize", file] => synthesize(Path::new(file), Shape::budget()),
        ["synthesize", file, bytes] => synthesize(Path::new(file), Shape::of_bytes(bytes.parse()?)),
        _ => Err("usage: crash_dumps read FILE | show FILE PROCESS | synthesize FILE [BYTES]".into()),
    }
}

fn synthesize(path: &Path, shape: Shape) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    synthetic::write(&mut out, shape)?;
    out.flush()?;
    println!("{} processes, {} bytes", shape.processes, std::fs::metadata(path)?.len());
    Ok(())
}

/// One process in detail, by its number `<0.84.0>` or its registered name.
fn show(path: &Path, process: &str) -> Result<(), Box<dyn std::error::Error>> {
    let dump = CrashDump::open(path)?;
    let is_it = |found: &&Process| found.pid.to_string() == process || dump.name(found).as_deref() == Some(process);
    let pid = dump.processes().iter().find(is_it).ok_or("the dump does not list it")?.pid;
    let began = Instant::now();
    let detail = dump.process(pid).ok_or("the dump does not list it")?;
    println!("{pid} {:?}, {} links: {:?}", detail.name, detail.link_count, &detail.links[..detail.links.len().min(5)]);
    for frame in &detail.stack {
        println!("  {:#x} {}, {} variables", frame.address, frame.function, frame.variables);
    }
    let messages = dump.messages(pid, 5);
    println!("{} messages", messages.count);
    for (what, terms) in [("message", messages.first), ("dictionary", dump.dictionary(pid, 10))] {
        for term in terms {
            let complete = if term.size.is_complete { "" } else { ", at least" };
            println!(
                "  {what}: {} ({} words, {} bytes beside{complete})",
                term.text, term.size.heap_words, term.size.off_heap_bytes
            );
        }
    }
    println!("in {:?}", began.elapsed());
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
