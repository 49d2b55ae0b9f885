//! What opening a crash dump costs: its sections, the list of its processes, and one process in detail.

#[path = "../examples/crash_dumps/synthetic.rs"]
mod synthetic;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vivarium::source::import::crash_dump::{CrashDump, Pid};

fn dumps(criterion: &mut Criterion) {
    let mut bytes = Vec::new();
    synthetic::write(&mut bytes, synthetic::Shape::budget()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    let mut group = criterion.benchmark_group("crash_dump");
    group.sample_size(10).throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("index and list of 100k processes", |bencher| {
        bencher.iter(|| CrashDump::open(file.path()).unwrap().processes().len());
    });
    group.finish();
    let dump = CrashDump::open(file.path()).unwrap();
    let pid = Pid { id: 17_232, serial: 1, creation: 0 };
    criterion.bench_function("crash_dump/one process in detail, the index by number being there", |bencher| {
        bencher.iter(|| (dump.process(pid).unwrap().stack.len(), dump.dictionary(pid, 10).len()));
    });
}

criterion_group!(benches, dumps);
criterion_main!(benches);
