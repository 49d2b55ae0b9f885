//! What is measured agrees with what the node itself says.

use std::time::Duration;

use vivarium::model::batch::Batch;
use vivarium::model::document::{Component, ComponentKind, Document, Selector};
use vivarium::model::entity::EntityKind;
use vivarium::model::metric;
use vivarium::session::recorder::{RecordOptions, Sink, SinkError, record};
use vivarium::source::StopSignal;
use vivarium::source::beam::{BeamOptions, BeamSource};

use super::node::{Node, is_available};
use super::watch::Watch;

fn is_near(measured: f64, truth: f64, share: f64) -> bool {
    (measured - truth).abs() <= truth.abs() * share
}

#[test]
fn totals_agree_with_the_nodes_own_and_everything_adds_up() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("totals@localhost");
    node.eval("[spawn(fun() -> L = lists:seq(1, 50000), receive stop -> L end end) || _ <- lists:seq(1, 40)], ok");
    node.eval("T = ets:new(shop_orders, [named_table, public]), ets:insert(T, [{K, lists:seq(1, 20)} || K <- lists:seq(1, 20000)]), register(keeper, spawn(fun() -> receive stop -> ok end end)), ets:give_away(T, whereis(keeper), none), ok");
    let mut watch = Watch::open("totals@localhost", &node.options());
    for _ in 0..6 {
        watch.next();
    }
    let total = node.number("erlang:memory(total)");
    let measured = watch.whole(metric::MEMORY_USED).unwrap();
    assert!(is_near(measured, total, 0.02), "{measured} and {total}");
    let processes = node.number("erlang:system_info(process_count)");
    assert!(is_near(watch.whole(metric::BEAM_PROCESSES).unwrap(), processes, 0.02));
    assert!(is_near(watch.of_kind(EntityKind::BeamProcess).count() as f64, processes, 0.02));
    let attributed = watch.attributed();
    // The heaps of all processes do not quite make up what the node says of its processes.
    assert!((0.93..1.01).contains(&(attributed / total)), "{attributed} of {total}");

    let table = watch.named("shop_orders").unwrap();
    assert_eq!((table.kind, table.attributes["table"].as_str()), (EntityKind::EtsTable, "shop_orders"));
    assert_eq!(watch.value(table.id, metric::TABLE_OBJECTS), Some(20_000.0));
    let words = node.number("ets:info(shop_orders, memory)");
    assert_eq!(watch.value(table.id, metric::MEMORY_USED), Some(words * 8.0));

    let logger = watch.named("logger").unwrap();
    let own = node.number("element(2, process_info(whereis(logger), memory))");
    let memory = watch.value(logger.id, metric::MEMORY_USED).unwrap();
    assert!(is_near(memory, own, 0.2), "{memory} and {own}");
    let supervisor = watch.named("kernel_sup").unwrap();
    assert_eq!(supervisor.component, Some("app:kernel".into()));
    let below = watch.of_kind(EntityKind::BeamProcess).find(|process| process.name == "code_server").unwrap();
    assert_eq!(below.attributes["supervisor"], "kernel_sup");
    assert_eq!(below.parent, Some(supervisor.id));

    let census = watch.batches.iter().filter_map(|batch| batch.census.as_ref()).next_back().expect("a census");
    let listed = census.rows.iter().filter(|row| row.metric == metric::QUEUE_LENGTH).count() as f64;
    assert!(is_near(listed, processes, 0.05), "{listed} of {processes}");
    assert!(watch.of_kind(EntityKind::Scheduler).count() >= 2);
    assert!(watch.whole(metric::ALLOCATOR_UTILIZATION).is_some_and(|share| (0.1..=1.0).contains(&share)));
}

#[test]
fn what_a_process_does_what_it_collects_and_names_that_come_late_are_facts_of_it() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("late@localhost");
    let mut watch = Watch::open("late@localhost", &node.options());
    watch.next();
    watch.next();
    // One that is told of before it has a name, and one that was started by a library.
    node.eval(
        "spawn(fun() -> timer:sleep(4000), register(late_comer, self()),
            (fun Work() -> lists:sum(lists:map(fun(X) -> X * 2 end, lists:seq(1, 20000))), timer:sleep(20), Work() end)() end), ok",
    );
    watch.until("the late name", Duration::from_secs(20), |watch| watch.named("late_comer").is_some());
    let late = watch.named("late_comer").unwrap().clone();
    let times = watch.batches.iter().flat_map(|batch| &batch.appeared).filter(|entity| entity.id == late.id).count();
    assert!(times > 1, "it was known before");
    let since =
        watch.batches.iter().position(|batch| batch.appeared.iter().any(|entity| entity.id == late.id)).unwrap();
    let began = late.started.expect("it began while we looked");
    assert!(began <= watch.batches[since].at && began >= watch.batches[0].at);
    watch.until("its collections are counted", Duration::from_secs(10), |watch| {
        watch.value(late.id, metric::GC_COUNTED).is_some_and(|per_s| per_s > 1.0)
    });
    let late = watch.named("late_comer").unwrap();
    assert!(["waiting", "running", "runnable"].contains(&late.attributes["status"].as_str()), "{late:?}");
    assert!(late.attributes["current_function"].contains(':'), "{late:?}");
    let code_server = watch.named("code_server").unwrap();
    assert_eq!(code_server.started, None, "older than the first look");
    // A process of a library says itself what it really began with.
    watch.until("a real initial call", Duration::from_secs(10), |watch| {
        watch.named("kernel_sup").is_some_and(|one| one.attributes["initial_call"] == "supervisor:kernel/1")
    });
}

#[test]
fn a_busy_process_has_its_processor_time_and_its_functions() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("busy@localhost");
    node.eval("register(burner, spawn(fun() -> (fun F() -> lists:sort(lists:seq(1, 3000)), F() end)() end)), ok");
    let mut watch = Watch::open("busy@localhost", &node.options());
    for _ in 0..7 {
        watch.next();
    }
    let burner = watch.named("burner").unwrap().id;
    let cores = watch.value(burner, metric::CPU_CORES).unwrap();
    assert!((0.4..=1.0).contains(&cores), "{cores}");
    assert!(watch.whole(metric::CPU_CORES).unwrap() > 0.4);
    assert!(watch.whole(metric::GC_RATE).unwrap() > 0.0);
    let stacks: Vec<_> =
        watch.batches.iter().flat_map(|batch| &batch.stack_samples).filter(|stack| stack.entity == burner).collect();
    assert!(stacks.len() >= 5, "{}", stacks.len());
    let in_lists = stacks.iter().filter(|stack| stack.frames.iter().any(|frame| frame.starts_with("lists:")));
    assert!(in_lists.count() * 2 > stacks.len(), "{:?}", stacks[0]);
}

#[test]
fn a_million_messages_are_found_without_stalling_who_has_them() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("queue@localhost");
    node.eval("register(late, spawn(fun() -> receive stop -> ok end end)), [late ! {job, N} || N <- lists:seq(1, 1000000)], ok");
    let mut watch = Watch::open("queue@localhost", &node.options());
    let length = |watch: &Watch| watch.value(watch.named("late")?.id, metric::QUEUE_LENGTH);
    watch.until("the queue", Duration::from_secs(10), |watch| length(watch) == Some(1e6));
    let before = node.number("element(2, process_info(whereis(late), reductions))");
    for _ in 0..4 {
        watch.next();
    }
    let after = node.number("element(2, process_info(whereis(late), reductions))");
    assert!(after - before <= 4.0, "it was woken: {before} to {after}");
    let bytes = watch.value(watch.named("late").unwrap().id, metric::MEMORY_USED).unwrap();
    let own = node.number("element(2, process_info(whereis(late), memory))");
    // The process counts more for a message than the node does for its processes, and only the latter adds up.
    assert!((0.5..1.1).contains(&(bytes / own)), "{bytes} and {own}");
}

#[test]
fn a_hundred_thousand_processes_are_followed_once_a_second() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("many@localhost");
    node.eval("[spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, 100000)], ok");
    let began = std::time::Instant::now();
    let mut watch = Watch::every("many@localhost", &node.options(), Duration::from_secs(1));
    watch.next();
    println!("first measurement after {:?}", began.elapsed());
    let processes = watch.whole(metric::BEAM_PROCESSES).unwrap();
    assert!(processes >= 100_000.0);
    let (mut last_cpu_s, mut costs) = (node.cpu_s(), Vec::new());
    for _ in 0..14 {
        let batch = watch.next();
        let (spent, at) = (batch.samples.len(), batch.at);
        let now_s = node.cpu_s();
        costs.push((now_s - last_cpu_s) * 1000.0);
        println!("{at:?}: {spent} values, {:.1} ms of the node", (now_s - last_cpu_s) * 1000.0);
        last_cpu_s = now_s;
    }
    let times: Vec<f64> = watch.batches.windows(2).map(|pair| pair[1].at.seconds_since(pair[0].at)).collect();
    assert!(times.iter().all(|seconds| (0.5..2.5).contains(seconds)), "{times:?}");
    let known = watch.of_kind(EntityKind::BeamProcess).count();
    println!("{known} processes identified, notices {:?}", watch.notices());
    // To know all of them within the budget takes a minute and a half; by now the busiest and a good part of the rest.
    assert!(known > 7_000, "{known}");
    assert!(watch.gaps().is_empty(), "{:?}", watch.gaps());
}

#[derive(Default)]
struct Kept(Vec<Batch>);

impl Sink for Kept {
    fn append(&mut self, batch: &Batch) -> Result<(), SinkError> {
        self.0.push(batch.clone());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

#[test]
fn a_recording_groups_processes_and_tables_by_the_documents_selectors() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("groups@localhost");
    node.eval("register(agent_1, spawn(fun() -> T = ets:new(agent_cache, [named_table]), ets:insert(T, {1, lists:seq(1, 1000)}), receive stop -> ok end end)), ok");
    let mut document = Document::new("groups");
    let by = |name: &str, pattern: &str| Selector {
        attributes: vec![(name.to_owned(), pattern.to_owned())],
        ..Selector::default()
    };
    let mut agents = Component::new("M-Agents".into(), "Agents", ComponentKind::System);
    agents.selectors = vec![by("registered_name", "agent_*"), by("table", "agent_cache")];
    let mut core = Component::new("M-Core".into(), "Core", ComponentKind::System);
    core.selectors = vec![by("application", "kernel")];
    document.components = vec![agents, core];
    let source = BeamSource::open("groups@localhost", &node.options(), Duration::from_millis(300)).unwrap();
    let options = RecordOptions {
        duration: Some(Duration::from_millis(2200)),
        document: Some(document),
        ..RecordOptions::default()
    };
    let mut kept = Kept::default();
    record(Box::new(source), &mut kept, &options, &StopSignal::default(), &mut |_| ()).unwrap();
    let last = |key: &str, metric| {
        let component = kept.0.iter().flat_map(|batch| &batch.appeared).find(|entity| entity.key == key)?.id;
        let mut samples = kept.0.iter().flat_map(|batch| &batch.samples);
        samples.rfind(|sample| sample.entity == component && sample.metric == metric).map(|sample| sample.value)
    };
    assert_eq!(last("M-Agents", metric::MEMBERS), Some(2.0));
    assert!(last("M-Agents", metric::MEMORY_USED).unwrap() > 16_000.0);
    assert!(last("M-Core", metric::MEMBERS).unwrap() > 10.0);
    assert!(last("vm:code", metric::MEMORY_USED).unwrap() > 1e6);
}

#[test]
fn what_threads_spend_their_time_on_is_counted_for_a_second_and_the_counting_is_off_again() {
    if !is_available("erl") {
        return;
    }
    let mut node = Node::start("states@localhost");
    let options = BeamOptions { microstates: true, ..node.options() };
    let mut watch = Watch::open("states@localhost", &options);
    watch.until("it is counted", Duration::from_secs(15), |watch| watch.whole(metric::BEAM_EMULATOR_SHARE).is_some());
    let of = |metric| watch.whole(metric).unwrap();
    let parts = [metric::BEAM_GC_SHARE, metric::BEAM_PORT_SHARE, metric::BEAM_CHECK_IO_SHARE];
    let parts: f64 = parts.into_iter().chain([metric::BEAM_AUX_SHARE, metric::BEAM_OTHER_SHARE]).map(of).sum();
    assert!((of(metric::CPU_OVERHEAD) - parts).abs() < 1e-6 && parts < 1.0, "{parts}");
    assert!((of(metric::BEAM_EMULATOR_SHARE) + parts - 1.0).abs() < 1e-6);
    assert_eq!(node.eval("erlang:system_flag(microstate_accounting, false)"), "false");
}
