//! What happens to the node and to the data when something breaks.

use std::process::Command;
use std::time::{Duration, Instant};

use vivarium::model::entity::EntityKind;
use vivarium::model::metric;
use vivarium::source::beam::BeamOptions;

use super::node::{Node, epmd_port, is_available};
use super::watch::Watch;

const NODE: &str = "VIVARIUM_TEST_NODE";
const COOKIE_FILE: &str = "VIVARIUM_TEST_COOKIE_FILE";

/// How many collectors run on the node.
const COLLECTORS: &str =
    "length([P || P <- processes(), {initial_call, {erl_eval, exprs, 2}} <- [process_info(P, initial_call)]])";

#[test]
fn processes_and_tables_that_die_during_a_census_do_no_harm() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("churn@localhost");
    node.eval(
        "register(churn, spawn(fun() -> (fun F() ->
            [spawn(fun() -> ets:new(short, []), timer:sleep(rand:uniform(400)) end) || _ <- lists:seq(1, 30)],
            timer:sleep(10), F() end)() end)), ok",
    );
    let mut watch = Watch::open("churn@localhost", &node.options());
    for _ in 0..12 {
        watch.next();
    }
    assert!(watch.gone.len() > 20, "{}", watch.gone.len());
    node.eval("exit(whereis(churn), kill)");
    watch.until("the short-lived are gone", Duration::from_secs(5), |watch| {
        watch.alive().filter(|entity| entity.name == "short").count() == 0
            && (watch.of_kind(EntityKind::BeamProcess).count() as f64 - watch.whole(metric::BEAM_PROCESSES).unwrap())
                .abs()
                <= 2.0
    });
    assert!(watch.gaps().is_empty(), "{:?}", watch.gaps());
}

#[test]
fn two_watch_the_same_node_and_no_atoms_are_made() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("both@localhost");
    let run = |node: &Node| {
        let mut one = Watch::open("both@localhost", &node.options());
        let mut two = Watch::open("both@localhost", &node.options());
        for _ in 0..3 {
            one.next();
            two.next();
        }
        let processes = |watch: &Watch| watch.whole(metric::BEAM_PROCESSES).unwrap();
        assert!((processes(&one) - processes(&two)).abs() <= 2.0);
    };
    // The first connection of a node's life loads modules of its own.
    run(&node);
    let atoms = node.number("erlang:system_info(atom_count)");
    for _ in 0..2 {
        run(&node);
    }
    assert_eq!(node.number("erlang:system_info(atom_count)"), atoms);
    assert_eq!(node.number("length(nodes())"), 0.0);
    assert_eq!(node.traced_processes(), 0.0);
}

/// Not a test of its own: what the next one kills.
#[test]
#[ignore = "run by another test"]
fn a_client_that_is_killed() {
    let (Ok(name), Ok(file)) = (std::env::var(NODE), std::env::var(COOKIE_FILE)) else { return };
    let options = BeamOptions { cookie_file: Some(file.into()), ..BeamOptions::default() };
    options.gc_trace.set_all(true);
    let source = vivarium::source::beam::BeamSource::open(&name, &options, Duration::from_millis(250)).unwrap();
    let mut source: Box<dyn vivarium::source::Source> = Box::new(source);
    let stop = vivarium::source::StopSignal::default();
    while source.next_batch(&stop).unwrap().is_some() {}
}

#[test]
fn nothing_is_left_on_the_node_a_second_after_the_client_was_killed() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("left@localhost");
    let before = node.number("length(processes())");
    let file = node.cookie_file("cookie", super::node::COOKIE);
    // The client finds another epmd port in its environment than it would make for itself.
    let mut client = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "robust::a_client_that_is_killed", "--ignored", "--nocapture"])
        .env(NODE, &node.full_name)
        .env(COOKIE_FILE, &file)
        .env("ERL_EPMD_PORT", epmd_port().to_string())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(15);
    while node.number(COLLECTORS) != 1.0 {
        assert!(Instant::now() < deadline, "the client does not attach");
        std::thread::sleep(Duration::from_millis(50));
    }
    while node.traced_processes() < 20.0 {
        assert!(Instant::now() < deadline, "the client does not trace");
        std::thread::sleep(Duration::from_millis(50));
    }
    client.kill().unwrap();
    client.wait().unwrap();
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(node.number(COLLECTORS), 0.0);
    assert_eq!(node.eval("nodes(hidden)"), "[]");
    assert_eq!(node.traced_processes(), 0.0);
    assert_eq!(node.eval("erlang:statistics(scheduler_wall_time)"), "undefined", "the counting is off again");
    // Processes of OTP's own may have been started by the first connection.
    assert!(node.number("length(processes())") <= before + 3.0);
}

#[test]
fn a_suspended_node_leaves_a_gap() {
    if !is_available("erl") {
        return;
    }
    let node = Node::start("asleep@localhost");
    let mut watch = Watch::open("asleep@localhost", &node.options());
    watch.next();
    watch.next();
    node.signal("-STOP");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(5));
            node.signal("-CONT");
        });
        watch.until("a gap", Duration::from_secs(12), |watch| !watch.gaps().is_empty());
    });
    assert!(watch.gaps()[0].contains("suspended or overloaded"), "{:?}", watch.gaps());
    for _ in 0..3 {
        watch.next();
    }
    assert_eq!(watch.gaps().len(), 1, "{:?}", watch.gaps());
}

#[test]
fn a_node_that_is_killed_and_started_anew_goes_on_in_the_same_stream() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("again@localhost");
    node.eval("register(steady, spawn(fun() -> receive stop -> ok end end)), ok");
    let options = node.options();
    // The file must outlive the node.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cookie");
    std::fs::copy(options.cookie_file.unwrap(), &file).unwrap();
    let options = BeamOptions { cookie_file: Some(file), ..BeamOptions::default() };
    let mut watch = Watch::open("again@localhost", &options);
    watch.until("the process", Duration::from_secs(5), |watch| watch.named("steady").is_some());
    let old = watch.named("steady").unwrap().id;
    let runtime = watch.named("again@localhost").unwrap().id;
    drop(node);
    watch.until("the loss", Duration::from_secs(5), |watch| !watch.notices().is_empty());
    assert!(watch.notices()[0].contains("trying again"), "{:?}", watch.notices());
    let mut node = Node::start("again@localhost");
    node.eval("register(steady, spawn(fun() -> receive stop -> ok end end)), ok");
    watch
        .until("the new life", Duration::from_secs(15), |watch| watch.named("steady").is_some_and(|new| new.id != old));
    assert!(watch.gone.contains(&old));
    assert_eq!(watch.named("again@localhost").unwrap().id, runtime, "the node is the same to the reader");
    assert!(watch.gaps()[0].contains("started anew"), "{:?}", watch.gaps());
    watch.next();
    assert!(watch.whole(metric::CPU_CORES).unwrap() < 8.0);
    // The end while the node is away is a gap too.
    drop(node);
    let notices = watch.notices().len();
    watch.until("the second loss", Duration::from_secs(5), |watch| watch.notices().len() > notices);
    watch.stop.request();
    watch.next();
    assert_eq!(watch.gaps().len(), 2);
}
