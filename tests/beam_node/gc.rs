//! Single collections, traced on real nodes.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use vivarium::model::batch::Batch;
use vivarium::model::entity::{EntityId, EntityKind};
use vivarium::model::gc::{GcEvent, GcKind, GcTracing, TracingChange, TracingEnd};
use vivarium::model::time::{TimeRange, Timestamp};
use vivarium::session::intake::TraceOrder;
use vivarium::session::recorder::{RecordOptions, Sink, SinkError, record};
use vivarium::source::StopSignal;
use vivarium::source::beam::{BeamOptions, BeamSource};
use vivarium::store::recording::Recording;

use super::node::{Node, is_available};
use super::watch::Watch;

/// A process `worker` that makes and drops lists for each message, and says when it is done.
const WORKER: &str = "register(worker, spawn(fun() -> (fun W(Kept) -> receive {go, From, N} ->
    K = lists:foldl(fun(I, _) -> lists:sum([X * 2 || X <- lists:seq(1, 200)]), I end, 0, lists:seq(1, N)),
    From ! {done, K}, W([K | Kept]) end end)([]) end)), ok";

fn work(node: &mut Node, rounds: u32) {
    node.eval(&format!("worker ! {{go, self(), {rounds}}}, receive {{done, _}} -> ok end"));
}

fn events(watch: &Watch) -> Vec<GcEvent> {
    watch.batches.iter().flat_map(|batch| batch.gc_events.iter().copied()).collect()
}

fn changes(watch: &Watch) -> Vec<GcTracing> {
    watch.batches.iter().flat_map(|batch| batch.gc_tracing.iter().copied()).collect()
}

fn is_traced(watch: &Watch, entity: EntityId) -> bool {
    let last = changes(watch).into_iter().rfind(|change| change.entity == entity);
    last.is_some_and(|change| matches!(change.change, TracingChange::Began(Some(_))))
}

/// Watches a node of which `worker` alone is traced.
fn watch_worker(node: &Node, name: &str) -> (Watch, EntityId) {
    let options: BeamOptions = node.options();
    let mut watch = Watch::open(name, &options);
    watch.until("the worker is known", Duration::from_secs(10), |watch| watch.named("worker").is_some());
    let worker = watch.named("worker").unwrap().id;
    options.gc_trace.add(worker);
    watch.until("it is traced", Duration::from_secs(10), |watch| is_traced(watch, worker));
    (watch, worker)
}

#[test]
fn every_collection_of_a_process_comes_in_order_with_its_heaps() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("gc@localhost");
    node.eval(WORKER);
    let (mut watch, worker) = watch_worker(&node, "gc@localhost");
    let minor = |node: &mut Node| {
        let of = "proplists:get_value(minor_gcs, element(2, process_info(whereis(worker), garbage_collection)))";
        node.number(of)
    };
    // Less than what is allowed in a second.
    work(&mut node, 120);
    let minors = minor(&mut node);
    for _ in 0..2 {
        watch.next();
    }
    let of_last_sweep = events(&watch);
    let since_sweep = of_last_sweep.iter().rev().take_while(|event| event.kind != GcKind::Major);
    let told = since_sweep.filter(|event| event.kind == GcKind::Minor).count() as f64;
    assert_eq!(told, minors, "as many as the process itself counts since its last full sweep");
    assert!(of_last_sweep.len() > 50, "{}", of_last_sweep.len());
    node.eval("erlang:garbage_collect(whereis(worker)), ok");
    watch.until("the forced collection has come", Duration::from_secs(10), |watch| {
        events(watch).iter().any(|event| event.kind == GcKind::Major && event.reclaimed_words > 0)
    });
    let events = events(&watch);
    assert!(events.iter().all(|event| event.entity == worker), "nobody else is traced");
    for pair in events.windows(2) {
        assert!(pair[0].at < pair[1].at, "in order");
        let (end, start) = (pair[0].beam.unwrap().end, pair[1].beam.unwrap().start);
        let blocks = |sizes: vivarium::model::gc::HeapSizes| (sizes.heap_block, sizes.old_heap_block, sizes.old_heap);
        assert_eq!(blocks(end), blocks(start), "none is missing between");
    }
    for event in &events {
        let beam = event.beam.unwrap();
        assert!(event.pause_ns > 0 && beam.start.heap_block > 0 && beam.end.heap_block > 0, "{event:?}");
        assert!(event.at >= watch.batches[0].at && event.at <= watch.batches.last().unwrap().at);
    }
    let TracingChange::Began(Some(settings)) = changes(&watch)[0].change else { panic!("{:?}", changes(&watch)) };
    assert_eq!((settings.min_heap_words, settings.fullsweep_after, settings.off_heap_queue), (233, 65_535, false));
    node.eval("exit(whereis(worker), kill)");
    watch.until("its end is told", Duration::from_secs(10), |watch| {
        changes(watch).last().unwrap().change == TracingChange::Ended(TracingEnd::Gone)
    });
}

#[test]
fn whoever_is_traced_by_somebody_else_is_left_alone() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("other@localhost");
    node.eval(WORKER);
    node.eval(
        "register(other, spawn(fun() -> (fun T(N) -> receive {count, From} -> From ! N, T(N); _ -> T(N + 1) end end)(0) end)),
         erlang:trace(whereis(worker), true, [garbage_collection, {tracer, whereis(other)}]), ok",
    );
    let options = node.options();
    options.gc_trace.set_all(true);
    let mut watch = Watch::open("other@localhost", &options);
    watch.until("it is left alone", Duration::from_secs(10), |watch| {
        let worker = watch.named("worker").map(|worker| worker.id);
        changes(watch)
            .iter()
            .any(|change| Some(change.entity) == worker && change.change == TracingChange::Ended(TracingEnd::Taken))
    });
    work(&mut node, 50);
    let theirs = node.number("other ! {count, self()}, receive N when is_integer(N) -> N end");
    assert!(theirs > 10.0, "the other tracer goes on: {theirs}");
    drop(watch);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(node.eval("erlang:trace_info(whereis(worker), flags)"), "{flags,[garbage_collection]}");
    assert_eq!(node.traced_processes(), 1.0);
}

#[test]
fn too_many_collections_are_cut_down_visibly_and_the_node_goes_on() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("storm@localhost");
    node.eval(
        "[spawn(fun() -> (fun S(0) -> timer:sleep(4), S(20); S(N) -> lists:sum([X * 2 || X <- lists:seq(1, 300)]), S(N - 1) end)(20) end)
            || _ <- lists:seq(1, 12)], ok",
    );
    let options = node.options();
    options.gc_trace.set_all(true);
    let mut watch = Watch::open("storm@localhost", &options);
    watch.until("it is limited", Duration::from_secs(20), |watch| {
        changes(watch).iter().any(|change| change.change == TracingChange::Ended(TracingEnd::Limited))
    });
    for _ in 0..10 {
        watch.next();
    }
    let limited: Vec<&str> =
        watch.batches.iter().flat_map(|batch| &batch.notices).map(|notice| notice.text.as_str()).collect();
    assert!(limited.iter().any(|text| text.contains("events a second")), "{limited:?}");
    let mut per_second: BTreeMap<i64, usize> = BTreeMap::new();
    for event in events(&watch) {
        *per_second.entry(event.at.0.div_euclid(1_000_000_000)).or_default() += 1;
    }
    // Two seconds' worth may come at once, and another in the same second, with what was under way; two messages are one event.
    assert!(per_second.values().all(|count| *count <= 3300), "{per_second:?}");
    assert_eq!(
        node.eval(
            "length([P || P <- processes(), {message_queue_len, L} <- [process_info(P, message_queue_len)], L > 20000])"
        ),
        "0"
    );
}

#[test]
fn two_that_trace_share_a_node_by_leaving_each_other_alone() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("pair@localhost");
    node.eval(WORKER);
    let (mut first, worker) = watch_worker(&node, "pair@localhost");
    let options = node.options();
    options.gc_trace.set_all(true);
    let mut second = Watch::open("pair@localhost", &options);
    for _ in 0..8 {
        second.next();
    }
    work(&mut node, 100);
    let before = events(&first).len();
    first.until("the first still hears of it", Duration::from_secs(10), |watch| events(watch).len() > before + 20);
    assert!(events(&first).iter().all(|event| event.entity == worker));
    // Sessions of their own would not help: two that trace collections of one process crash OTP 27 to 29.
    let of_worker = second.named("worker").map(|worker| worker.id).unwrap();
    assert!(!events(&second).iter().any(|event| event.entity == of_worker));
    assert!(second.of_kind(EntityKind::BeamProcess).count() > 20);
}

#[test]
fn processes_that_end_while_they_are_traced_are_told_as_gone_and_new_ones_are_traced() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("brief@localhost");
    node.eval(
        "register(churn, spawn(fun() -> (fun F() ->
            [spawn(fun() -> (fun L(0) -> ok; L(N) -> lists:seq(1, 500), timer:sleep(100), L(N - 1) end)(30) end) || _ <- [1, 2]],
            timer:sleep(500), F() end)() end)), ok",
    );
    let options = node.options();
    options.gc_trace.set_all(true);
    let mut watch = Watch::open("brief@localhost", &options);
    let gone = |watch: &Watch| {
        let is_gone = |change: &GcTracing| change.change == TracingChange::Ended(TracingEnd::Gone);
        changes(watch).iter().filter(|change| is_gone(change)).count()
    };
    watch.until("several are gone", Duration::from_secs(30), |watch| gone(watch) > 6);
    let born_later = |watch: &Watch, entity: EntityId| {
        watch.batches.iter().skip(6).any(|batch| batch.appeared.iter().any(|new| new.id == entity))
    };
    assert!(events(&watch).iter().any(|event| born_later(&watch, event.entity)), "those who came later too");
    assert!(!watch.notices().iter().any(|notice| notice.contains("events a second")), "{:?}", watch.notices());
}

#[test]
fn the_shell_records_collections_and_requests_of_a_component() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("shell@localhost");
    node.eval(
        "spawn(fun() -> (fun L() -> lists:seq(1, 500), catch gen_server:call(kernel_sup, which_children), timer:sleep(20), L() end)() end), ok",
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("traced.vivarium");
    let cookie = node.cookie_file("cookie", super::node::COOKIE);
    let output = Command::new(env!("CARGO_BIN_EXE_vivarium"))
        .args([
            "record",
            "beam:shell@localhost",
            "--for",
            "12s",
            "--gc-trace",
            "*",
            "--requests",
            "*",
            "--window",
            "2s",
            "-o",
        ])
        .arg(&file)
        .arg("--cookie-file")
        .arg(&cookie)
        .env("ERL_EPMD_PORT", super::node::epmd_port().to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let recording = Recording::open(&file).unwrap().recording;
    let everything = TimeRange::new(Timestamp(0), Timestamp(i64::MAX));
    let events = recording.gc_events(everything, None).unwrap();
    assert!(events.len() > 20 && events.iter().all(|event| event.beam.is_some()), "{}", events.len());
    let changes = recording.gc_tracing(everything.to).unwrap();
    let stopped = changes.iter().filter(|change| change.change == TracingChange::Ended(TracingEnd::Stopped)).count();
    assert!(stopped > 0, "while requests were traced");
    let requests = recording.requests(everything, None).unwrap();
    assert!(requests.iter().any(|request| request.operation.as_deref() == Some("handle_call")), "{}", requests.len());
}

/// Has the tracing ended once events have come, and the recording once that is told.
struct Ender {
    order: TraceOrder,
    stop: StopSignal,
    events: usize,
    ended: usize,
}

impl Sink for Ender {
    fn append(&mut self, batch: &Batch) -> Result<(), SinkError> {
        self.events += batch.gc_events.len();
        let is_end = |change: &&GcTracing| change.change == TracingChange::Ended(TracingEnd::Stopped);
        self.ended += batch.gc_tracing.iter().filter(is_end).count();
        if self.events > 0 {
            self.order.set([]);
        }
        if self.ended > 0 {
            self.stop.request();
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

#[test]
fn tracing_of_a_component_is_begun_and_ended_while_it_is_recorded() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("toggle@localhost");
    node.eval(
        "spawn(fun() -> (fun L() -> erlang:garbage_collect(whereis(kernel_sup)), timer:sleep(100), L() end)() end), ok",
    );
    let options = node.options();
    let order = TraceOrder::new(options.gc_trace.clone());
    let source = BeamSource::open("toggle@localhost", &options, Duration::from_millis(500)).unwrap();
    let stop = StopSignal::default();
    let mut sink = Ender { order: order.clone(), stop: stop.clone(), events: 0, ended: 0 };
    let options =
        RecordOptions { duration: Some(Duration::from_secs(30)), gc_trace: order.clone(), ..RecordOptions::default() };
    let mut batches = 0;
    record(Box::new(source), &mut sink, &options, &stop, &mut |progress| {
        // Processes are known by then.
        if batches < 3 && progress.batches >= 3 {
            order.set([String::from("app:kernel")]);
        }
        batches = progress.batches;
    })
    .unwrap();
    assert!(sink.events > 0 && sink.ended > 0, "{} events, {} ends", sink.events, sink.ended);
    // The collector ends with the connection, and until then it is a process that may be gone when it is asked for.
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(node.traced_processes(), 0.0);
}
