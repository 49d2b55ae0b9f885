//! Single requests, traced on real nodes.

use std::process::Command;
use std::time::{Duration, Instant};

use vivarium::model::request::Request;
use vivarium::source::beam::{BeamOptions, BeamSource};
use vivarium::source::{Source, StopSignal};

use super::node::{COOKIE, Node, epmd_port, is_available};
use super::watch::Watch;

/// A server that works for as many milliseconds as it is told, under a key.
const SERVER: &str = "
-module(clerk).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2, start/0, serve/2, loop/0]).
init(State) -> {ok, State}.
start() -> {ok, Pid} = gen_server:start({local, clerk}, clerk, [], []), Pid.
handle_call({Key, Ms}, _From, State) -> {reply, serve(Key, Ms), State}.
handle_cast({Key, Ms}, State) -> serve(Key, Ms), {noreply, State}.
serve(Key, Ms) -> busy(erlang:monotonic_time(millisecond) + Ms), Key.
busy(Until) -> case erlang:monotonic_time(millisecond) >= Until of true -> ok; false -> busy(Until) end.
loop() -> receive {Key, Ms} -> serve({Key, Ms}, Ms), loop() end.
";

/// Nothing is left of a window on the node.
fn assert_nothing_is_left(node: &mut Node) {
    assert_eq!(node.traced_processes(), 0.0);
    for function in ["{clerk, handle_call, 3}", "{clerk, handle_cast, 2}", "{clerk, serve, 2}"] {
        assert!(!node.is_traced(function), "{function}");
    }
    let tracers =
        "length([P || P <- processes(), process_info(P, initial_call) =:= {initial_call, {timer, sleep, 1}}])";
    assert_eq!(node.number(tracers), 0.0);
}

fn start(name: &str) -> Node {
    let mut node = Node::start(name);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clerk.erl");
    std::fs::write(&file, SERVER).unwrap();
    node.eval(&format!(
        "{{ok, clerk, Code}} = compile:file(\"{}\", [binary]), code:load_binary(clerk, \"clerk\", Code), clerk:start()",
        file.display()
    ));
    assert_nothing_is_left(&mut node);
    node
}

fn requests(watch: &Watch) -> Vec<Request> {
    watch.batches.iter().flat_map(|batch| batch.requests.clone()).collect()
}

/// Watches until the window that is about `name` has begun.
fn watch(node: &mut Node, options: &BeamOptions, name: &str, function: &str) -> Watch {
    let full_name = node.full_name.clone();
    let mut watch = Watch::every(&full_name, options, Duration::from_millis(250));
    watch.until("the server is known", Duration::from_secs(10), |watch| watch.named(name).is_some());
    options.requests.wanted.add(watch.named(name).unwrap().id);
    let deadline = Instant::now() + Duration::from_secs(15);
    while !node.is_traced(function) || !node.is_traced(&format!("whereis({name})")) {
        watch.next();
        assert!(Instant::now() < deadline, "{:?}", watch.notices());
    }
    watch
}

fn is_over(watch: &Watch) -> bool {
    watch.notices().iter().any(|notice| notice.contains("were traced in"))
}

#[test]
fn requests_come_with_when_they_arrived_how_long_they_took_and_what_key_they_had() {
    if !is_available("erl") {
        return;
    }
    let mut node = start("desk@localhost");
    let mut options = node.options();
    options.requests.key = Some(1);
    options.requests.window = Duration::from_secs(3);
    let mut watch = watch(&mut node, &options, "clerk", "{clerk, handle_call, 3}");
    // While the first is served the others come.
    node.eval(
        "gen_server:cast(clerk, {first, 400}), timer:sleep(60), spawn(fun() -> gen_server:call(clerk, {second, 1}) end),
         timer:sleep(60), gen_server:cast(clerk, {first, 30}), gen_server:cast(clerk, {{no, \"secret\"}, 2}), ok",
    );
    watch.until("the window is over", Duration::from_secs(15), is_over);
    let requests = requests(&watch);
    let said: Vec<_> = requests.iter().map(|request| request.operation.as_deref().unwrap()).collect();
    assert_eq!(said, ["handle_cast", "handle_call", "handle_cast", "handle_cast"], "{:?}", watch.notices());
    let key = |node: &mut Node, term: &str| Some(node.number(&format!("erlang:phash2({term})")) as u64);
    assert_eq!(requests[0].key, key(&mut node, "first"));
    assert_eq!(requests[1].key, key(&mut node, "second"));
    assert_eq!(requests[3].key, key(&mut node, "{no, \"secret\"}"));
    assert_eq!(requests[0].key, requests[2].key);
    let clerk = watch.named("clerk").unwrap().id;
    for request in &requests {
        let start = request.start.unwrap();
        assert!(request.arrival <= start && request.entity == clerk, "{request:?}");
        assert!(request.arrival > watch.batches[0].at && start < watch.batches.last().unwrap().at);
    }
    let service_ms: Vec<u64> = requests.iter().map(|request| request.service_ns.unwrap() / 1_000_000).collect();
    assert!(service_ms[0] >= 399 && service_ms[2] >= 29, "{service_ms:?}");
    let wait_ms = (requests[1].start.unwrap().0 - requests[1].arrival.0) / 1_000_000;
    assert!(wait_ms > 150, "it came while the first was served, and not when that was done: {wait_ms}");
    assert_nothing_is_left(&mut node);
}

#[test]
fn a_named_function_of_a_process_of_another_kind_is_traced_with_an_argument_as_key() {
    if !is_available("erl") {
        return;
    }
    let mut node = start("named@localhost");
    node.eval("register(plain, spawn(clerk, loop, []))");
    let mut options = node.options();
    options.requests.call = Some("clerk:serve/2".parse().unwrap());
    options.requests.key = Some(2);
    options.requests.window = Duration::from_secs(2);
    let mut watch = watch(&mut node, &options, "plain", "{clerk, serve, 2}");
    node.eval("[begin plain ! {N, 5}, timer:sleep(20) end || N <- [1, 2, 3]], clerk:serve(other, 1)");
    watch.until("the window is over", Duration::from_secs(15), is_over);
    let requests = requests(&watch);
    assert_eq!(requests.len(), 3, "{:?}", watch.notices());
    let key = node.number("erlang:phash2(5)") as u64;
    assert!(requests.iter().all(|one| one.operation.as_deref() == Some("serve") && one.key == Some(key)));
    assert_nothing_is_left(&mut node);
}

#[test]
fn on_older_releases_functions_and_processes_that_somebody_else_traces_are_left_alone() {
    if !is_available("erl") {
        return;
    }
    let mut node = start("theirs@localhost");
    if node.has_trace_sessions() {
        return;
    }
    node.eval(
        "erlang:trace_pattern({clerk, handle_call, 3}, true, [local]), erlang:trace_pattern({clerk, handle_cast, 2}, true, [local]), ok",
    );
    let mut options = node.options();
    options.requests.window = Duration::from_secs(1);
    let mut watch = Watch::every("theirs@localhost", &options, Duration::from_millis(250));
    watch.until("the server is known", Duration::from_secs(10), |watch| watch.named("clerk").is_some());
    options.requests.wanted.add(watch.named("clerk").unwrap().id);
    watch.until("it is told", Duration::from_secs(15), |watch| {
        watch.notices().iter().any(|notice| notice.contains("2 functions are traced by somebody else"))
    });
    let traced =
        "[element(2, erlang:trace_info({clerk, F, A}, match_spec)) || {F, A} <- [{handle_call, 3}, {handle_cast, 2}]]";
    assert_eq!(node.eval(traced), "[[],[]]", "as they were");
    assert_eq!(node.eval("erlang:trace_info(whereis(clerk), flags)"), "{flags,[]}");
}

#[test]
fn too_many_requests_end_the_window_visibly_and_early() {
    if !is_available("erl") {
        return;
    }
    let mut node = start("rush@localhost");
    let mut options = node.options();
    options.requests.window = Duration::from_secs(10);
    let mut watch = watch(&mut node, &options, "clerk", "{clerk, handle_call, 3}");
    node.eval("[gen_server:cast(clerk, {N, 0}) || N <- lists:seq(1, 20000)], ok");
    watch.until("it ended early", Duration::from_secs(9), |watch| {
        watch.notices().iter().any(|notice| notice.contains("more than 2000 trace messages a second"))
    });
    assert_nothing_is_left(&mut node);
}

const NODE: &str = "VIVARIUM_TEST_REQUESTS_NODE";
const COOKIE_FILE: &str = "VIVARIUM_TEST_REQUESTS_COOKIE_FILE";

/// Not a test of its own: what the next one kills.
#[test]
#[ignore = "run by another test"]
fn a_client_that_is_killed() {
    let (Ok(name), Ok(file)) = (std::env::var(NODE), std::env::var(COOKIE_FILE)) else { return };
    let mut options = BeamOptions { cookie_file: Some(file.into()), ..BeamOptions::default() };
    options.requests.window = Duration::from_secs(10);
    let mut source = BeamSource::open(&name, &options, Duration::from_millis(250)).unwrap();
    let stop = StopSignal::default();
    while let Some(batch) = source.next_batch(&stop).unwrap() {
        let clerk = batch.appeared.iter().find(|entity| entity.name == "clerk");
        clerk.into_iter().for_each(|clerk| options.requests.wanted.add(clerk.id));
    }
}

#[test]
fn nothing_is_left_of_a_window_when_the_client_is_killed_in_it() {
    if !is_available("erl") {
        return;
    }
    let mut node = start("cut@localhost");
    let file = node.cookie_file("cookie", COOKIE);
    let mut client = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "requests::a_client_that_is_killed", "--ignored", "--nocapture"])
        .env(NODE, &node.full_name)
        .env(COOKIE_FILE, &file)
        .env("ERL_EPMD_PORT", epmd_port().to_string())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !node.is_traced("whereis(clerk)") {
        assert!(Instant::now() < deadline, "the client does not trace");
        std::thread::sleep(Duration::from_millis(50));
    }
    client.kill().unwrap();
    client.wait().unwrap();
    std::thread::sleep(Duration::from_millis(900));
    assert_nothing_is_left(&mut node);
    assert_eq!(node.eval("nodes(hidden)"), "[]");
    let ours =
        "length([P || P <- processes(), process_info(P, initial_call) =:= {initial_call, {erl_eval, exprs, 2}}])";
    assert_eq!(node.number(ours), 0.0);
}
