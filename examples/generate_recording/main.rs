//! Writes a large recording of an invented machine, to try views and measure speed with.
//!
//! `cargo run --release --example generate_recording -- --entities 500 --hours 24 --values 100000000 -o large.vivarium`

mod synthetic;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use vivarium::store::recording::{Recording, Writer};

use synthetic::{Machine, Shape, info};

/// Writes a large recording of an invented machine.
#[derive(Parser)]
struct Arguments {
    /// Processes at any time
    #[arg(long, default_value_t = 300)]
    entities: u32,
    /// Length of the recording in hours
    #[arg(long, default_value_t = 24.0)]
    hours: f64,
    /// Values in all; sets the time between two batches, which is 1 s otherwise
    #[arg(long)]
    values: Option<u64>,
    /// The file to be written; it must not exist yet
    #[arg(short, long)]
    output: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let shape = Shape { entities: arguments.entities, hours: arguments.hours, values: arguments.values };
    let began = Instant::now();
    let mut writing = Duration::ZERO;
    let mut writer = Writer::create(&arguments.output, &info())?;
    for batch in Machine::new(shape) {
        let append = Instant::now();
        writer.append(&batch)?;
        writing += append.elapsed();
    }
    let finish = Instant::now();
    writer.finish()?;
    writing += finish.elapsed();

    let summary = Recording::open(&arguments.output)?.recording.summary()?;
    println!(
        "{}: {} values in {} series, {} entities, {:.1} MB, {:.2} bytes a value",
        arguments.output.display(),
        summary.values,
        summary.series,
        summary.entities,
        summary.bytes as f64 / 1e6,
        summary.bytes as f64 / summary.values.max(1) as f64,
    );
    println!(
        "{:.1} s in all, {:.1} s of it writing: {:.2} M values/s",
        began.elapsed().as_secs_f64(),
        writing.as_secs_f64(),
        summary.values as f64 / 1e6 / writing.as_secs_f64(),
    );
    Ok(())
}
