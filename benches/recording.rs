//! Speed of recordings: appending, and the questions of a first view against reading everything.
//!
//! `VIVARIUM_BENCH_VALUES=100000000 cargo bench --bench recording` measures on a day of 100 M values.

#[path = "support/day.rs"]
mod day;
#[path = "../examples/generate_recording/synthetic.rs"]
mod synthetic;

use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use vivarium::model::batch::Batch;
use vivarium::model::entity::EntityId;
use vivarium::model::metric::{CPU_CORES, MEMORY_RESIDENT};
use vivarium::model::series::SeriesKey;
use vivarium::model::time::{TimeRange, Timestamp};
use vivarium::store::recording::{Recording, Writer};

use synthetic::{Machine, START, Shape, info};

/// As many as a view has pixels, about.
const BUCKETS: i64 = 1000;

/// An hour of values, one batch a second, into a new file.
fn append(criterion: &mut Criterion) {
    let shape = Shape { entities: 500, hours: 1.0, values: None };
    let batches: Vec<Batch> = Machine::new(shape).collect();
    let values: usize = batches.iter().map(|batch| batch.samples.len()).sum();
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(values as u64)).sample_size(10).measurement_time(Duration::from_secs(20));
    group.bench_function("one hour of 1125 series", |bencher| {
        let new_folder = || tempfile::tempdir().unwrap();
        let write = |folder: tempfile::TempDir| {
            let mut writer = Writer::create(&folder.path().join("new.vivarium"), &info()).unwrap();
            for batch in &batches {
                writer.append(batch).unwrap();
            }
            writer.finish().unwrap();
            folder
        };
        bencher.iter_batched(new_folder, write, BatchSize::PerIteration);
    });
    group.finish();
}

fn ask(criterion: &mut Criterion) {
    let shape = day::shape();
    let path = day::recording(shape);
    let day = TimeRange::new(START, START.plus_seconds(shape.hours * 3600.0));
    let keys: Vec<SeriesKey> = (1..=shape.components())
        .map(EntityId)
        .flat_map(|entity| [MEMORY_RESIDENT, CPU_CORES].map(|metric| SeriesKey { entity, metric }))
        .collect();
    let open = || Recording::open(&path).unwrap().recording;
    let buckets = |recording: &Recording, range: TimeRange| {
        let width = range.length_ns() / BUCKETS;
        keys.iter().map(|&key| recording.buckets(key, range, width).unwrap().buckets.len()).sum::<usize>()
    };

    let mut group = criterion.benchmark_group("ask");
    group.sample_size(20);
    group.bench_function("open and first view of the day", |bencher| {
        bencher.iter(|| {
            let recording = open();
            (recording.summary().unwrap(), recording.entities().unwrap().len(), buckets(&recording, day))
        });
    });
    let opened = open();
    group.bench_function("the day again", |bencher| bencher.iter(|| buckets(&opened, day)));
    for (name, seconds) in [("six hours", 21_600.0), ("two hours", 7200.0), ("ten minutes", 600.0)] {
        let from = START.plus_seconds(11.0 * 3600.0);
        let range = TimeRange::new(from, from.plus_seconds(seconds));
        group.bench_function(name, |bencher| bencher.iter(|| buckets(&opened, range)));
    }
    let noon = START.plus_seconds(12.0 * 3600.0);
    group.bench_function("memory of every entity at noon", |bencher| {
        bencher.iter(|| opened.values_at(MEMORY_RESIDENT, noon, 60_000_000_000).unwrap().len());
    });
    group.finish();

    // The peers: what the answers would cost without a pyramid, and without chunks of single series.
    let mut group = criterion.benchmark_group("read");
    group.sample_size(10);
    let everything = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
    group.bench_function("raw values of the day's view", |bencher| {
        bencher.iter(|| {
            let recording = open();
            keys.iter().map(|&key| recording.points(key, everything).unwrap().len()).sum::<usize>()
        });
    });
    group.bench_function("every value of the recording", |bencher| {
        bencher.iter(|| {
            let recording = open();
            let series = recording.series().unwrap();
            series.iter().map(|&key| recording.points(key, everything).unwrap().len()).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, append, ask);
criterion_main!(benches);
