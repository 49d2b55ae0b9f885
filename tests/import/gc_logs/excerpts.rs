//! Short logs in the formats of collectors and versions, and what each of them says.

use vivarium::model::gc::{GcEvent, GcKind};
use vivarium::model::gc_logged::GcPhase;
use vivarium::model::metric;
use vivarium::model::series::SeriesKey;
use vivarium::session::gc::summarize;
use vivarium::session::whatif::gather;
use vivarium::whatif::answer::{Answerable, availability};

use super::{ALWAYS, collections, count, events, heaps, open, recording};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// JDK 11, G1: times first, a mixed collection, a failed evacuation, a marking cycle, a humongous object, an application that talks.
const G1: &str = "\
[2020-03-01T10:00:00.000+0100][info][gc] Using G1
[2020-03-01T10:00:00.001+0100][info][gc,init] Heap region size: 1M
[2020-03-01T10:00:00.001+0100][info][gc,init] Heap Max Capacity: 256M
starting the shop
[2020-03-01T10:00:01.000+0100][info][gc,start     ] GC(0) Pause Young (Normal) (G1 Evacuation Pause)
[2020-03-01T10:00:01.010+0100][info][gc,phases    ] GC(0)   Evacuate Collection Set: 9.1ms
[2020-03-01T10:00:01.010+0100][info][gc,heap      ] GC(0) Eden regions: 24->0(13)
[2020-03-01T10:00:01.010+0100][info][gc,heap      ] GC(0) Survivor regions: 1->3(3)
[2020-03-01T10:00:01.010+0100][info][gc,heap      ] GC(0) Old regions: 5->8
[2020-03-01T10:00:01.010+0100][info][gc,heap      ] GC(0) Humongous regions: 2->2
[2020-03-01T10:00:01.010+0100][info][gc,metaspace ] GC(0) Metaspace: 20345K->20345K(1067008K)
[2020-03-01T10:00:01.010+0100][info][gc           ] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 32M->13M(256M) 10.125ms
[2020-03-01T10:00:01.010+0100][info][gc,cpu       ] GC(0) User=0.03s Sys=0.01s Real=0.01s
[2020-03-01T10:00:02.000+0100][info][gc,start     ] GC(1) Pause Young (Concurrent Start) (G1 Humongous Allocation)
[2020-03-01T10:00:02.005+0100][info][gc           ] GC(1) Pause Young (Concurrent Start) (G1 Humongous Allocation) 30M->14M(256M) 5.000ms
[2020-03-01T10:00:02.005+0100][info][gc,cpu       ] GC(1) User=0.01s Sys=0.00s Real=0.01s
[2020-03-01T10:00:02.005+0100][info][gc           ] GC(2) Concurrent Cycle
[2020-03-01T10:00:02.006+0100][info][gc,marking   ] GC(2) Concurrent Mark (0.006s)
[2020-03-01T10:00:02.020+0100][info][gc,start     ] GC(2) Pause Remark
[2020-03-01T10:00:02.021+0100][info][gc           ] GC(2) Pause Remark 15M->15M(256M) 1.500ms
[2020-03-01T10:00:02.021+0100][info][gc,cpu       ] GC(2) User=0.00s Sys=0.00s Real=0.00s
[2020-03-01T10:00:02.030+0100][info][gc           ] GC(2) Pause Cleanup 15M->12M(256M) 0.250ms
[2020-03-01T10:00:02.031+0100][info][gc           ] GC(2) Concurrent Cycle 26.000ms
[2020-03-01T10:00:03.000+0100][info][gc,start     ] GC(3) Pause Young (Mixed) (G1 Evacuation Pause)
[2020-03-01T10:00:03.008+0100][info][gc           ] GC(3) To-space exhausted
[2020-03-01T10:00:03.008+0100][info][gc           ] GC(3) Pause Young (Mixed) (G1 Evacuation Pause) 250M->200M(256M) 8.000ms
[2020-03-01T10:00:03.008+0100][info][gc,cpu       ] GC(3) User=0.01s Sys=0.00s Real=0.01s
[2020-03-01T10:00:04.100+0100][info][gc           ] GC(4) Pause Full (System.gc()) 200M->10M(256M) 100.000ms
[2020-03-01T10:00:04.100+0100][info][safepoint    ] Safepoint \"G1CollectFull\", Time since last: 1 ns, Reaching safepoint: 2000000 ns, At safepoint: 100000000 ns, Total: 102000000 ns
";

#[test]
fn g1_of_jdk_11_with_all_it_says() {
    let session = open("gc.log", G1).unwrap();
    let events = events(&session);
    assert_eq!([count(&events, GcKind::Minor), count(&events, GcKind::Major)], [3, 1]);
    assert_eq!([count(&events, GcKind::Pause), count(&events, GcKind::Concurrent)], [2, 1]);
    let first = &events[0];
    assert_eq!(first.at.0, 1_583_053_201_000_000_000, "by the wall clock of the log, when it began");
    assert_eq!((first.pause_ns, first.before_words, first.after_words), (10_125_000, 32 * MIB, 13 * MIB));
    assert_eq!((first.held_words, first.promoted_words()), (256 * MIB, Some(3 * MIB)));
    let logged = first.logged.unwrap();
    assert_eq!(
        (logged.user_ns, logged.system_ns, logged.cause.word()),
        (30_000_000, 10_000_000, "G1 Evacuation Pause")
    );
    assert_eq!((logged.young_before_bytes, logged.young_after_bytes), (Some(25 * MIB), Some(3 * MIB)));
    assert_eq!(logged.humongous_bytes, Some(2 * MIB));
    let phases: Vec<_> = events.iter().map(|event| event.logged.unwrap().phase).collect();
    for phase in [GcPhase::ConcurrentStart, GcPhase::Cycle, GcPhase::Remark, GcPhase::Cleanup, GcPhase::Mixed] {
        assert!(phases.contains(&phase), "{phase:?}: {phases:?}");
    }
    let failed: Vec<_> = events.iter().filter(|event| event.logged.unwrap().evacuation_failed).collect();
    assert_eq!((failed.len(), failed[0].before_words), (1, 250 * MIB));
    let full = events.iter().find(|event| event.kind == GcKind::Major).unwrap();
    assert_eq!((full.logged.unwrap().cause.word(), full.pause_ns), ("System.gc()", 100_000_000));
    let heap = &heaps(&session)[0];
    assert_eq!((heap.name.as_str(), heap.attributes["limit_bytes"].as_str()), ("Java heap (G1)", "268435456"));
    let series = |metric| {
        let points = recording(&session).points(SeriesKey { entity: heap.id, metric }, ALWAYS).unwrap();
        points.iter().map(|point| point.value).fold(0.0, f64::max)
    };
    assert_eq!(series(metric::METASPACE_USED), (20_345 * KIB) as f64);
    assert_eq!((series(metric::SAFEPOINT_STOP), series(metric::SAFEPOINT_REACH)), (0.102, 0.002));
    assert_eq!((series(metric::GC_PAUSE), series(metric::HEAP_OLD)), (0.1, (8 * MIB) as f64));
    assert!(series(metric::MEMORY_ALLOCATION_RATE) > (10 * MIB) as f64);
    assert!(session.warnings.iter().any(|said| said.contains("1 lines are none")), "{:?}", session.warnings);
}

#[test]
fn what_is_said_of_a_jvm_is_that_the_world_stops_and_what_if_has_its_heap() {
    let session = open("gc.log", G1).unwrap();
    let entities = recording(&session).entities().unwrap();
    let found = summarize(recording(&session), &entities, ALWAYS).unwrap().unwrap();
    assert_eq!(found.summary.stops_the_world, Some(true));
    let all = &found.summary.all;
    assert_eq!((all.count, all.stops, all.evacuation_failures), (4, 2, 1));
    assert_eq!(all.causes[0].0.word(), "G1 Evacuation Pause");
    assert!((all.concurrent_s - 0.026).abs() < 1e-9, "work beside the program is no pause: {}", all.concurrent_s);
    assert_eq!(all.pauses.max_ns, 100_000_000);
    let data = gather(recording(&session), Some(&session.document), None).unwrap();
    let heap = &data.components[0].heaps[0];
    assert_eq!((heap.collector.as_deref(), heap.settings.unwrap().max_heap_words), (Some("G1"), 256 * MIB));
    let limit = availability(&data).into_iter().find(|it| it.knob.path == "heap.max_bytes").unwrap();
    assert_eq!(limit.answerable, Answerable::Yes);
}

/// Every order of decorations, and none, tells the same collections.
#[test]
fn decorations_do_not_matter() {
    let messages = [
        (500, "Using Parallel"),
        (1000, "GC(0) Pause Young (Allocation Failure)"),
        (
            1004,
            "GC(0) PSYoungGen: 32768K(38400K)->4096K(38400K) Eden: 32768K(33280K)->0K(33280K) From: 0K(5120K)->4096K(5120K)",
        ),
        (1004, "GC(0) ParOldGen: 0K(87552K)->8K(87552K)"),
        (1004, "GC(0) Pause Young (Allocation Failure) 32M->4M(123M) 3.512ms"),
        (1004, "GC(0) User=0.00s Sys=0.01s Real=0.00s"),
        (2004, "GC(1) Pause Young (Allocation Failure) 36M->6M(123M) 3.500ms"),
    ];
    let with = |decorate: &dyn Fn(u64) -> String| {
        let lines = messages.map(|(ms, message)| format!("{}{message}\n", decorate(ms)));
        open("gc.log", lines.concat()).unwrap()
    };
    let seconds = |ms: u64| ms as f64 / 1e3;
    let shapes: [&dyn Fn(u64) -> String; 6] = [
        &|ms| format!("[{:.3}s][info][gc,heap] ", seconds(ms)),
        &|ms| format!("[info ][gc          ][{ms}ms] "),
        &|ms| format!("[host-1][812][900][{}ns][gc] ", ms * 1_000_000),
        &|ms| format!("[2021-05-05T05:05:{:06.3}+0530][{:.3}s][gc] ", seconds(ms), seconds(ms)),
        &|ms| format!("[{}ms][trace][gc] ", 1_700_000_000_000 + ms),
        &|_| String::new(),
    ];
    for (number, shape) in shapes.iter().enumerate() {
        let session = with(shape);
        let events = events(&session);
        let what = |event: &GcEvent| (event.kind, event.pause_ns, event.before_words, event.after_words);
        let expected =
            [(GcKind::Minor, 3_512_000, 32_768 * KIB, 4104 * KIB), (GcKind::Minor, 3_500_000, 36 * MIB, 6 * MIB)];
        assert_eq!(events.iter().map(what).collect::<Vec<_>>(), expected, "shape {number}");
        let is_timed = number < 5;
        let apart = events[1].at.seconds_since(events[0].at);
        assert_eq!((apart - 1.0).abs() < 0.005, is_timed, "shape {number}: {apart}");
        assert_eq!(session.warnings.iter().any(|said| said.contains("no times")), !is_timed);
        let data = gather(recording(&session), None, None).unwrap();
        assert_eq!(data.components[0].heaps.len(), usize::from(is_timed), "rates without a clock are none");
    }
}

#[test]
fn cms_serial_and_parallel_of_unified_logs() {
    let cms = "\
[0.1s][info][gc] Using Concurrent Mark Sweep
[1.000s][info][gc,start] GC(0) Pause Young (Allocation Failure)
[1.005s][info][gc,heap ] GC(0) ParNew: 39296K->4352K(39296K)
[1.005s][info][gc,heap ] GC(0) CMS: 0K->2020K(87424K)
[1.005s][info][gc      ] GC(0) Pause Young (Allocation Failure) 38M->6M(123M) 5.0ms
[1.005s][info][gc,cpu  ] GC(0) User=0.01s Sys=0.00s Real=0.01s
[1.100s][info][gc      ] GC(1) Pause Initial Mark 60M->60M(123M) 0.4ms
[1.100s][info][gc      ] GC(1) Concurrent Mark
[1.120s][info][gc      ] GC(1) Concurrent Mark 20.1ms
[1.121s][info][gc      ] GC(1) Concurrent Preclean 0.8ms
[1.130s][info][gc      ] GC(1) Pause Remark 61M->61M(123M) 2.4ms
[1.140s][info][gc      ] GC(1) Concurrent Sweep 8.3ms
";
    let cms_events = events(&open("gc.log", cms).unwrap());
    assert_eq!((collections(&cms_events), count(&cms_events, GcKind::Pause)), (1, 2), "marking collects nothing");
    assert_eq!(count(&cms_events, GcKind::Concurrent), 3);
    assert_eq!((cms_events[0].promoted_words(), cms_events[0].after_words), (Some(2020 * KIB), 6372 * KIB));
    let serial = "\
[0.061s][info][gc,start    ] GC(0) Pause Full (Metadata GC Threshold)
[0.074s][info][gc,phases   ] GC(0) Phase 1: Mark live objects 1.2ms
[0.074s][info][gc,heap     ] GC(0) DefNew: 52480K(59008K)->0K(59008K)
[0.074s][info][gc,heap     ] GC(0) Tenured: 0K(131072K)->18512K(131072K)
[0.074s][info][gc          ] GC(0) Pause Full (Metadata GC Threshold) 51M->18M(185M) 13.760ms
";
    let session = open("gc.log", serial).unwrap();
    let serial = &events(&session)[0];
    assert_eq!((serial.kind, serial.after_words), (GcKind::Major, 18_512 * KIB));
    assert_eq!(heaps(&session)[0].name, "Java heap (Serial)", "told by its generations");
}

#[test]
fn concurrent_collectors_have_short_pauses_and_long_cycles() {
    let zgc = "\
[0.010s][info][gc     ] Using The Z Garbage Collector
[0.010s][info][gc,init] Max Capacity: 256M
[1.000s][info][gc,start    ] GC(0) Garbage Collection (Proactive)
[1.001s][info][gc,phases   ] GC(0) Pause Mark Start 0.008ms
[1.020s][info][gc,phases   ] GC(0) Concurrent Mark 19.000ms
[1.021s][info][gc,phases   ] GC(0) Pause Mark End 0.010ms
[1.022s][info][gc,phases   ] GC(0) Pause Relocate Start 0.005ms
[1.030s][info][gc,heap     ] GC(0)  Capacity:      192M (75%)        192M (75%)        192M (75%)        200M (78%)        200M (78%)        192M (75%)
[1.030s][info][gc,heap     ] GC(0)      Live:         -                24M (13%)          24M (13%)          24M (13%)            -                  -
[1.030s][info][gc,heap     ] GC(0) Reclaimed:         -                  -               160M (83%)         166M (86%)            -                  -
[1.030s][info][gc          ] GC(0) Garbage Collection (Proactive) 192M(75%)->40M(15%)
[1.035s][info][gc          ] Allocation Stall (main) 8.235ms
";
    let session = open("gc.log", zgc).unwrap();
    let zgc = events(&session);
    assert_eq!((collections(&zgc), count(&zgc, GcKind::Pause)), (1, 3));
    let cycle = zgc.iter().find(|event| event.kind == GcKind::Major).unwrap();
    assert_eq!((cycle.pause_ns, cycle.is_pause(), cycle.logged.unwrap().concurrent_ns), (0, false, 30_000_000));
    assert_eq!((cycle.held_words, cycle.logged.unwrap().marked_bytes), (200 * MIB, Some(24 * MIB)));
    assert_eq!(cycle.allocated_meanwhile_words(), 14 * MIB, "in use afterwards, beyond what was left");
    assert!(session.warnings.iter().any(|said| said.contains("waited 1 times")), "{:?}", session.warnings);

    let generational = "\
[0.010s][info][gc] Using The Z Garbage Collector
[1.000s][info][gc       ] GC(0) Major Collection (Warmup)
[1.001s][info][gc,phases] GC(0) Y: Pause Mark Start (Major) 0.011ms
[1.010s][info][gc       ] GC(1) Minor Collection (Allocation Rate)
[1.011s][info][gc,phases] GC(1) y: Pause Mark Start 0.010ms
[1.015s][info][gc,heap  ] GC(1) y:  Promoted:         -                  -                 0M (0%)            3M (0%)
[1.020s][info][gc       ] GC(1) Minor Collection (Allocation Rate) 78M(41%)->50M(26%) 0.009s
[1.030s][info][gc,phases] GC(0) O: Pause Mark End 0.005ms
[1.050s][info][gc       ] GC(0) Major Collection (Warmup) 20M(10%)->32M(17%) 0.050s
";
    let events_of = |text: &str| events(&open("gc.log", text).unwrap());
    let generational = events_of(generational);
    assert_eq!([count(&generational, GcKind::Minor), count(&generational, GcKind::Major)], [1, 1]);
    let minor = generational.iter().find(|event| event.kind == GcKind::Minor).unwrap();
    assert_eq!((minor.promoted_words(), minor.logged.unwrap().concurrent_ns), (Some(3 * MIB), 10_000_000));
    assert_eq!(count(&generational, GcKind::Pause), 3);

    let shenandoah = "\
[0.010s][info][gc      ] Using Shenandoah
[1.000s][info][gc,start] GC(0) Concurrent reset
[1.000s][info][gc      ] GC(0) Concurrent reset 0.041ms
[1.001s][info][gc      ] GC(0) Pause Init Mark (unload classes) 0.018ms
[1.005s][info][gc      ] GC(0) Concurrent marking (unload classes) 3.895ms
[1.005s][info][gc      ] GC(0) Pause Final Mark (unload classes) 0.115ms
[1.005s][info][gc      ] GC(0) Concurrent cleanup 64M->41M(192M) 0.028ms
[1.010s][info][gc      ] GC(0) Pause Final Update Refs 0.040ms
[1.010s][info][gc      ] GC(0) Concurrent cleanup 50M->30M(192M) 0.010ms
[2.000s][info][gc,start] GC(1) Concurrent reset
[2.001s][info][gc      ] GC(1) Pause Init Mark (unload classes) 0.018ms
[2.010s][info][gc,start] GC(1) Pause Degenerated GC (Mark)
[2.020s][info][gc      ] GC(1) Pause Degenerated GC (Mark) 191M->27M(192M) 10.000ms
[2.020s][info][gc,cpu  ] GC(1) User=0.01s Sys=0.00s Real=0.01s
";
    let shenandoah = events_of(shenandoah);
    let cycles: Vec<_> = shenandoah.iter().filter(|event| event.kind == GcKind::Major).collect();
    assert_eq!(cycles.len(), 2);
    assert_eq!((cycles[0].pause_ns, cycles[0].reclaimed_words, cycles[0].after_words), (0, 43 * MIB, 30 * MIB));
    assert_eq!((cycles[1].pause_ns, cycles[1].logged.unwrap().phase), (10_000_000, GcPhase::Degenerated));
    assert_eq!(count(&shenandoah, GcKind::Pause), 4);
}

/// JDK 8 with date and time stamps: Parallel, Serial, CMS with its failures, G1 over several lines.
const LEGACY: [(&str, &str); 4] = [
    (
        "Parallel",
        "Java HotSpot(TM) 64-Bit Server VM (25.66-b17) for linux-amd64 JRE (1.8.0_66-b17), built on Oct  6 2015\n\
         Memory: 4k page, physical 16433444k(100k free), swap 0k(0k free)\n\
         CommandLine flags: -XX:InitialHeapSize=1 -XX:MaxHeapSize=337641472 -XX:+PrintGCDetails -XX:+UseParallelGC \n\
         2015-05-26T16:23:07.219-0200: 64.322: [GC (Allocation Failure) [PSYoungGen: 88440K->14352K(141824K)] 219224K->147088K(329216K), 0.0136000 secs] [Times: user=0.07 sys=0.01, real=0.02 secs]\n\
         2015-05-26T16:23:08.219-0200: 65.322: [Full GC (Ergonomics) [PSYoungGen: 14352K->0K(141824K)] [ParOldGen: 132736K->60000K(187392K)] 147088K->60000K(329216K), [Metaspace: 2600K->2600K(1056768K)], 0.1136 secs] [Times: user=0.10 sys=0.00, real=0.11 secs]\n",
    ),
    (
        "Serial",
        "1.000: [GC (Allocation Failure) 1.000: [DefNew: 69952K->8704K(78656K), 0.0100 secs] 69952K->20000K(253440K), 0.0136 secs] [Times: user=0.01 sys=0.00, real=0.01 secs]\n\
         2.000: [GC (Allocation Failure) 2.000: [DefNew: 69952K->8704K(78656K), 0.0100 secs]2.010: [Tenured: 174000K->60000K(174784K), 0.1 secs] 243952K->60000K(253440K), [Metaspace: 2K->2K(4K)], 0.1136 secs] [Times: user=0.01 sys=0.00, real=0.01 secs]\n",
    ),
    (
        "CMS",
        "1.000: [GC (Allocation Failure) 1.000: [ParNew (promotion failed): 613404K->68068K(613440K), 0.1020465 secs] 700000K->160000K(1251451K), 0.0136 secs] [Times: user=0.01 sys=0.00, real=0.01 secs]\n\
         1.100: [GC (CMS Initial Mark) [1 CMS-initial-mark: 92000K(638011K)] 160100K(1251451K), 0.0001997 secs] [Times: user=0.00 sys=0.00, real=0.00 secs]\n\
         1.101: [CMS-concurrent-mark-start]\n\
         1.141: [CMS-concurrent-mark: 0.035/0.040 secs] [Times: user=0.07 sys=0.00, real=0.03 secs]\n\
         1.150: [GC (CMS Final Remark) [YG occupancy: 387920 K (613440 K)]1.151: [Rescan (parallel) , 0.0085125 secs]1.152: [weak refs processing, 0.0000243 secs] [1 CMS-remark: 92000K(638011K)] 479920K(1251451K), 0.0110730 secs] [Times: user=0.06 sys=0.00, real=0.01 secs]\n\
         2.000: [Full GC (Allocation Failure) 2.000: [CMS2.010: [CMS-concurrent-sweep: 0.1/0.2 secs] [Times: user=0.06 sys=0.00, real=0.01 secs]\n \
         (concurrent mode failure): 630000K->60000K(638011K), 0.1100 secs] 1243000K->60000K(1251451K), [Metaspace: 3K->3K(5K)], 0.1136 secs] [Times: user=0.06 sys=0.00, real=0.01 secs]\n",
    ),
    (
        "G1",
        "0.522: [GC pause (G1 Evacuation Pause) (young) (initial-mark), 0.0136000 secs]\n   [Parallel Time: 13.9 ms, GC Workers: 8]\n      [GC Worker Start (ms): Min: 522.0, Avg: 522.1]\n   [Eden: 24.0M(24.0M)->0.0B(13.0M) Survivors: 0.0B->3072.0K Heap: 24.0M(256.0M)->21.5M(256.0M)]\n [Times: user=0.04 sys=0.04, real=0.02 secs] \n\
         0.540: [GC concurrent-mark-end, 0.0100 secs]\n\
         0.541: [GC remark 0.541: [Finalize Marking, 0.0001 secs], 0.0020 secs]\n [Times: user=0.00 sys=0.00, real=0.00 secs] \n\
         0.545: [GC cleanup 117M->106M(138M), 0.0015 secs]\n [Times: user=0.00 sys=0.00, real=0.00 secs] \n\
         0.900: [Full GC (System.gc())  200M->20M(256M), 0.1136 secs]\n   [Eden: 24.0M(24.0M)->0.0B(13.0M) Survivors: 0.0B->0.0B Heap: 200.0M(256.0M)->20.0M(256.0M)], [Metaspace: 2K->2K(4K)]\n [Times: user=0.04 sys=0.04, real=0.02 secs] \n",
    ),
];

#[test]
fn logs_of_jdk_8() {
    for (collector, text) in LEGACY {
        let session = open("gc.log", text).unwrap();
        assert_eq!(heaps(&session)[0].name, format!("Java heap ({collector})"));
        let events = events(&session);
        let what: Vec<_> = events.iter().map(|event| (event.kind, event.pause_ns / 100_000)).collect();
        let of = |kind| count(&events, kind);
        assert_eq!([of(GcKind::Minor), of(GcKind::Major)], [1, 1], "{collector}: {what:?}");
        let minor = events.iter().find(|event| event.kind == GcKind::Minor).unwrap();
        let major = events.iter().find(|event| event.kind == GcKind::Major).unwrap();
        assert_eq!((minor.pause_ns, major.pause_ns), (13_600_000, 113_600_000), "{collector}");
        assert!(minor.logged.unwrap().user_ns > 0 && minor.promoted_words().is_some(), "{collector}: {minor:?}");
        let stops = if matches!(collector, "CMS" | "G1") { 2 } else { 0 };
        assert_eq!(of(GcKind::Pause), stops, "{collector}: {what:?}");
        assert_eq!(major.after_words, if collector == "G1" { 20 * MIB } else { 60_000 * KIB }, "{collector}");
        assert!(!session.warnings.iter().any(|said| said.contains("none of")), "{:?}", session.warnings);
    }
    let parallel = open("gc.log", LEGACY[0].1).unwrap();
    assert_eq!(events(&parallel)[0].at.0, 1_432_664_587_219_000_000);
    assert_eq!(heaps(&parallel)[0].attributes["limit_bytes"], "337641472");
    let cms = events(&open("gc.log", LEGACY[2].1).unwrap());
    assert!(cms[0].logged.unwrap().evacuation_failed, "promotion failed");
    assert!(cms.iter().any(|event| event.logged.unwrap().cause.word() == "concurrent mode failure"));
    let g1 = events(&open("gc.log", LEGACY[3].1).unwrap());
    assert_eq!(
        (g1[0].logged.unwrap().phase, g1[0].logged.unwrap().young_after_bytes),
        (GcPhase::ConcurrentStart, Some(3 * MIB))
    );
}

#[test]
fn a_jvm_that_is_started_anew_in_the_same_log_is_another_heap() {
    let run =
        "[0.005s][info][gc] Using Serial\n[1.0s][info][gc] GC(0) Pause Young (Allocation Failure) 5M->1M(9M) 1.0ms\n";
    let session = open("gc.log", [run, "Exception in thread main\n", run].concat()).unwrap();
    assert_eq!(heaps(&session).len(), 2);
    let events = events(&session);
    assert!(events[0].at < events[1].at, "its clock goes on after the first one's");
}
