//! How fast garbage-collection logs are read: megabytes per second of one core, from the file to batches of events and series.
//! Expected: 300 MB/s at least with all details (`-Xlog:gc*`), with constant memory. Where every line is a collection, what counts is a
//! collection: an event, a batch, its points of series (0.8 µs). Measured is the processor time of the reading thread, so that what else runs on the
//! machine does not count (Linux only).

use std::hint::black_box;
use std::io::Write;
use std::path::Path;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vivarium::source::StopSignal;
use vivarium::source::import;

/// Lines of one young collection of G1 as `-Xlog:gc*` writes them; `N`: its number, `T`: its time.
const G1: &str = "\
[2026-11-24TT+0000][Us][info][gc,start    ] GC(N) Pause Young (Normal) (G1 Evacuation Pause)
[2026-11-24TT+0000][Us][info][gc,task     ] GC(N) Using 2 workers of 2 for evacuation
[2026-11-24TT+0000][Us][info][gc,phases   ] GC(N)   Pre Evacuate Collection Set: 0.1ms
[2026-11-24TT+0000][Us][info][gc,phases   ] GC(N)   Merge Heap Roots: 0.0ms
[2026-11-24TT+0000][Us][info][gc,phases   ] GC(N)   Evacuate Collection Set: 6.2ms
[2026-11-24TT+0000][Us][info][gc,phases   ] GC(N)   Post Evacuate Collection Set: 0.1ms
[2026-11-24TT+0000][Us][info][gc,phases   ] GC(N)   Other: 0.1ms
[2026-11-24TT+0000][Us][info][gc,heap     ] GC(N) Eden regions: 114->0(114)
[2026-11-24TT+0000][Us][info][gc,heap     ] GC(N) Survivor regions: 1->1(15)
[2026-11-24TT+0000][Us][info][gc,heap     ] GC(N) Old regions: 25->25
[2026-11-24TT+0000][Us][info][gc,heap     ] GC(N) Archive regions: 2->2
[2026-11-24TT+0000][Us][info][gc,heap     ] GC(N) Humongous regions: 0->0
[2026-11-24TT+0000][Us][info][gc,metaspace] GC(N) Metaspace: 127K(320K)->127K(320K) NonClass: 117K(192K)->117K(192K) Class: 9K(128K)->9K(128K)
[2026-11-24TT+0000][Us][info][gc          ] GC(N) Pause Young (Normal) (G1 Evacuation Pause) 139M->25M(192M) 0.365ms
[2026-11-24TT+0000][Us][info][gc,cpu      ] GC(N) User=0.00s Sys=0.00s Real=0.00s
";
/// Without the details (`-Xlog:gc`): a line is a collection, the worst case.
const BRIEF: &str = "[Us][info][gc] GC(N) Pause Young (Normal) (G1 Evacuation Pause) 139M->25M(192M) 0.365ms\n";
const JDK_8: &str = "2026-11-24TT+0000: U: [GC (Allocation Failure) [PSYoungGen: 88440K->14352K(141824K)] 219224K->147088K(329216K), 0.0136000 secs] [Times: user=0.07 sys=0.00, real=0.02 secs]\n";
const GO: &str = "gc N @Us 2%: 0.012+5.7+0.18 ms clock, 0.025+0.11/0.13/0.082+0.37 ms cpu, 123->151->74 MB, 145 MB goal, 0 MB stacks, 0 MB globals, 2 P\n";

/// Large, as the processor time is told in hundredths of a second.
const FILE_BYTES: usize = 128 << 20;

/// Processor time of this thread, as the kernel counts it.
struct ThreadTime;

fn thread_ns() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    // Behind the name, which is in parentheses: the 12th and 13th field, in hundredths of a second.
    let fields: Vec<&str> = told.rsplit(')').next().unwrap().split_ascii_whitespace().collect();
    let ticks: u64 = fields[11..=12].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    ticks * 10_000_000
}

impl Measurement for ThreadTime {
    type Intermediate = u64;
    type Value = u64;

    fn start(&self) -> u64 {
        thread_ns()
    }

    fn end(&self, began: u64) -> u64 {
        thread_ns() - began
    }

    fn add(&self, a: &u64, b: &u64) -> u64 {
        a + b
    }

    fn zero(&self) -> u64 {
        0
    }

    fn to_f64(&self, ns: &u64) -> f64 {
        *ns as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        static WALL: WallTime = WallTime;
        WALL.formatter()
    }
}

fn write(path: &Path, template: &str, bytes: usize) -> u64 {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut written = 0;
    for number in 0.. {
        let second = number as f64 * 0.05;
        let clock =
            format!("T{:02}:{:02}:{:06.3}", (second / 3600.0) as u64 % 24, (second / 60.0) as u64 % 60, second % 60.0);
        let text = template
            .replace("GC(N)", &format!("GC({number})"))
            .replace("gc N", &format!("gc {number}"))
            .replace("TT", &clock)
            .replace("[Us]", &format!("[{second:.3}s]"))
            .replace("@Us", &format!("@{second:.3}s"))
            .replace(" U: ", &format!(" {second:.3}: "));
        file.write_all(text.as_bytes()).unwrap();
        written += text.len();
        if written > bytes {
            break;
        }
    }
    file.flush().unwrap();
    written as u64
}

fn read(path: &Path) -> usize {
    let mut import = import::open(path).unwrap().unwrap();
    let mut events = 0;
    while let Some(batch) = import.source.next_batch(&StopSignal::default()).unwrap() {
        events += batch.gc_events.len();
    }
    events
}

fn logs(criterion: &mut Criterion<ThreadTime>) {
    let folder = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("gc_logs");
    group.sample_size(10);
    let kinds = [("unified_g1_all", G1), ("unified_brief", BRIEF), ("jdk8_parallel", JDK_8), ("gctrace", GO)];
    for (name, template) in kinds {
        let path = folder.path().join(format!("{name}.txt"));
        let bytes = write(&path, template, FILE_BYTES);
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function(name, |bencher| bencher.iter(|| black_box(read(&path))));
    }
    group.finish();
}

criterion_group!(name = benches; config = Criterion::default().with_measurement(ThreadTime); targets = logs);
criterion_main!(benches);
