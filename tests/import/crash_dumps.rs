//! Crash dumps: what a real node writes against what it said of itself before it died, dumps of other releases, and damaged ones.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use vivarium::model::entity::{Entity, EntityKind};
use vivarium::model::metric::{self, MetricKey};
use vivarium::session::open::{Session, describe, open_path};
use vivarium::source::import::crash_dump::{CrashDump, Pid, Process, ProcessState};

use super::node::is_available;
use super::{file, open, recording};

/// A node with an application, a table, and a process that does not read its messages; it tells what it knows, then halts.
const SCRIPT: &str = r#"
-module(shop).
-behaviour(application).
-export([main/1, start/2, stop/1, init/1, handle_call/3, handle_cast/2]).
-mode(compile).

main([Facts]) ->
    ok = application:load({application, shop, [{vsn, "1"}, {mod, {shop, []}}, {applications, [kernel, stdlib]}]}),
    ok = application:start(shop),
    Table = ets:new(orders, [named_table, public, ordered_set, {read_concurrency, true}]),
    [ets:insert(Table, {I, lists:seq(1, 20)}) || I <- lists:seq(1, 500)],
    Self = self(),
    Slow = spawn_link(fun() ->
        register(slow, self()), put(one, 1), put(two, {2, "zwei"}),
        Kept = [binary:copy(<<I>>, 100000) || I <- lists:seq(1, 10)],
        Self ! ready, receive stop -> Kept end
    end),
    receive ready -> ok end,
    [Slow ! {order, I, [I, I + 1], {I, float(I)}, Self} || I <- lists:seq(1, 321)],
    Child = whereis(worker_1),
    timer:sleep(200),
    Info = fun(Key) -> element(2, process_info(Slow, Key)) end,
    Heap = Info(garbage_collection_info),
    Held = lists:sum([proplists:get_value(K, Heap) || K <- [heap_block_size, old_heap_block_size]]),
    Lines = [
        {slow_id, pid_id(Slow)}, {worker_id, pid_id(Child)}, {main_id, pid_id(Self)},
        {slow_memory, Info(memory)}, {slow_heap, Held}, {slow_queue, Info(message_queue_len)},
        {slow_reductions, Info(reductions)},
        {message_words, erts_debug:flat_size(hd(element(2, process_info(Slow, messages))))},
        {table_words, ets:info(orders, memory)}, {table_rows, ets:info(orders, size)},
        {processes, length(processes())}, {tables, length(ets:all())}, {atoms, erlang:system_info(atom_count)},
        {atom_limit, erlang:system_info(atom_limit)}, {process_limit, erlang:system_info(process_limit)},
        {port_limit, erlang:system_info(port_limit)}, {ports, length(erlang:ports())}, {memory, erlang:memory(total)}
    ],
    ok = file:write_file(Facts, [io_lib:format("~s ~p~n", [K, V]) || {K, V} <- Lines]),
    erlang:halt("out of stock").

pid_id(Pid) -> [_, Id, _] = string:split(pid_to_list(Pid), ".", all), list_to_integer(Id).

start(_, _) -> supervisor:start_link({local, shop_sup}, shop, supervisor).
stop(_) -> ok.
init(supervisor) -> {ok, {#{}, [#{id => one, start => {gen_server, start_link, [{local, worker_1}, shop, worker, []]}}]}};
init(worker) -> {ok, state}.
handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(_, State) -> {noreply, State}.
"#;

struct Real {
    folder: tempfile::TempDir,
    dump: PathBuf,
    facts: BTreeMap<String, f64>,
}

/// `None` where there is no Erlang.
fn real() -> Option<Real> {
    if !is_available("erl") || !is_available("escript") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let (dump, facts) = (folder.path().join("erl_crash.dump"), folder.path().join("facts"));
    let script = file(folder.path(), "shop.escript", format!("#!/usr/bin/env escript\n{SCRIPT}"));
    let out = Command::new("escript").arg(&script).arg(&facts).env("ERL_CRASH_DUMP", &dump).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let facts = std::fs::read_to_string(&facts).unwrap_or_else(|error| panic!("{error}: {said}"));
    let pair = |line: &str| line.split_once(' ').map(|(name, value)| (name.to_owned(), value.parse().unwrap()));
    Some(Real { folder, dump, facts: facts.lines().filter_map(pair).collect() })
}

fn named<'a>(dump: &'a CrashDump, name: &str) -> &'a Process {
    dump.processes().iter().find(|process| dump.name(process).as_deref() == Some(name)).unwrap()
}

/// Within so many parts of a hundred.
fn close(value: f64, expected: f64, percent: f64) -> bool {
    (value - expected).abs() <= expected * percent / 100.0
}

#[test]
fn a_real_dump_says_what_the_node_said() {
    let Some(real) = real() else { return };
    let fact = |name: &str| real.facts[name];
    let dump = CrashDump::open(&real.dump).unwrap();
    assert_eq!(dump.lost(), &[] as &[String]);
    assert_eq!(dump.head().slogan, "out of stock");
    assert!(dump.head().at.is_some() && dump.head().word_bytes == 8);
    assert!(dump.head().release.as_ref().is_some_and(|release| release.parse::<u32>().is_ok_and(|it| it >= 22)));
    assert_eq!(dump.processes().len() as f64, fact("processes"));
    let totals = dump.totals();
    assert!(close(totals.memory["total"] as f64, fact("memory"), 5.0), "{} {}", totals.memory["total"], fact("memory"));
    assert_eq!(totals.atoms.1.unwrap() as f64, fact("atom_limit"));
    assert!(close(totals.atoms.0.unwrap() as f64, fact("atoms"), 10.0));
    assert_eq!(totals.process_limit(8).unwrap() as f64, fact("process_limit"));
    assert_eq!(totals.port_limit(8).unwrap() as f64, fact("port_limit"));
    assert_eq!(totals.port_count as f64, fact("ports"));
    assert!(totals.allocators["eheap_alloc"].blocks_bytes > 100_000);
    assert!(totals.allocators.values().all(|it| it.blocks_bytes <= it.carriers_bytes));
    assert!(totals.modules.iter().any(|module| module.name == "lists" && module.current_bytes > 1_000));
    assert_eq!(
        totals.schedulers.iter().filter(|it| it.kind == "scheduler").count() as u64,
        dump.head().schedulers.unwrap()
    );

    let slow = named(&dump, "slow");
    assert_eq!(f64::from(slow.pid.id), fact("slow_id"));
    assert_eq!((slow.queue as f64, slow.state), (fact("slow_queue"), ProcessState::Waiting));
    assert_eq!(slow.bytes(8) as f64, fact("slow_memory"));
    assert_eq!(slow.held_words() as f64, fact("slow_heap"));
    assert!(close(slow.reductions as f64, fact("slow_reductions"), 20.0));
    assert!(close(slow.binary_words as f64 * 8.0, 1_000_000.0, 5.0), "{}", slow.binary_words);
    assert_eq!(f64::from(slow.parent.unwrap().id), fact("main_id"));

    let table = dump.tables().iter().find(|table| table.name == "orders").unwrap();
    assert_eq!((table.words as f64, table.objects as f64), (fact("table_words"), fact("table_rows")));
    assert_eq!((table.kind.as_deref(), table.protection.as_deref()), (Some("ordered_set"), Some("public")));
    assert_eq!(dump.tables().len() as f64, fact("tables"));
}

#[test]
fn a_process_of_a_real_dump_shows_its_stack_queue_and_dictionary() {
    let Some(real) = real() else { return };
    let dump = CrashDump::open(&real.dump).unwrap();
    let slow = named(&dump, "slow").pid;
    let detail = dump.process(slow).unwrap();
    assert!(detail.stack[0].function.starts_with("shop:"), "{:?}", detail.stack);
    assert_eq!(detail.stack.last().unwrap().function, "<terminate process normally>");
    assert_eq!(detail.current_function.as_deref(), Some(detail.stack[0].function.as_str()));
    let main = Pid { id: real.facts["main_id"] as u32, serial: 0, creation: 0 };
    assert_eq!((detail.links.as_slice(), detail.link_count), (&[main.to_string()][..], 1));
    assert!(detail.has_heap && detail.internal_state.unwrap().contains("ACT_PRIO_NORMAL"));

    let messages = dump.messages(slow, 3);
    assert_eq!((messages.count, messages.first.len()), (321, 3));
    assert_eq!(messages.first[1].text, format!("{{order,2,[2,3],{{2,2.0}},{main}}}"));
    assert_eq!(messages.first[1].size.heap_words as f64, real.facts["message_words"]);
    assert!(messages.first[1].size.is_complete);

    assert_eq!(detail.dictionary_entries, Some(2));
    let mut entries: Vec<_> = dump.dictionary(slow, 10).into_iter().map(|entry| entry.text).collect();
    entries.sort();
    assert_eq!(entries, ["{one,1}", "{two,{2,\"zwei\"}}"]);
    assert_eq!(dump.process(Pid { id: 4_000_000, serial: 0, creation: 0 }), None);
}

fn entity<'a>(entities: &'a [Entity], name: &str) -> &'a Entity {
    entities.iter().find(|entity| entity.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn value(session: &Session, entity: &Entity, metric: MetricKey) -> f64 {
    let at = describe(session, false).unwrap().span.unwrap().to;
    let values = recording(session).values_at(metric, at, i64::MAX / 4).unwrap();
    values
        .into_iter()
        .find(|(id, _)| *id == entity.id)
        .unwrap_or_else(|| panic!("{} has no {metric:?}", entity.name))
        .1
        .value
}

#[test]
fn a_real_dump_is_a_session_as_a_live_nodes_census_is() {
    let Some(real) = real() else { return };
    let session = open_path(&real.dump).unwrap();
    let entities = recording(&session).entities().unwrap();
    let worker = entity(&entities, "worker_1");
    assert_eq!(worker.component, Some("app:shop".into()));
    assert_eq!(worker.attributes["application"], "shop");
    assert_eq!(worker.attributes["supervisor"], "shop_sup");
    assert_eq!(worker.attributes["initial_call"], "shop:init/1");
    assert_eq!(worker.attributes["registered_name"], "worker_1");
    assert_eq!(entity(&entities, "kernel_sup").component, Some("app:kernel".into()));
    assert_eq!(worker.parent, Some(entity(&entities, "shop_sup").id));
    let slow = entity(&entities, "slow");
    assert_eq!((slow.attributes["status"].as_str(), slow.component.clone()), ("waiting", Some("app:none".into())));
    assert_eq!(value(&session, slow, metric::QUEUE_LENGTH), 321.0);
    assert_eq!(value(&session, slow, metric::MEMORY_USED), real.facts["slow_memory"]);
    let orders = entities.iter().find(|it| it.kind == EntityKind::EtsTable && it.name == "orders").unwrap();
    assert_eq!(value(&session, orders, metric::MEMORY_USED), real.facts["table_words"] * 8.0);
    let node = entities.iter().find(|entity| entity.kind == EntityKind::Runtime).unwrap();
    assert_eq!((node.attributes["slogan"].as_str(), node.attributes["word_bytes"].as_str()), ("out of stock", "8"));
    assert_eq!(value(&session, node, metric::BEAM_PROCESSES), real.facts["processes"]);
    // Parts add up to the whole, but for what the node does not attribute itself.
    let components = entities.iter().filter(|entity| entity.kind == EntityKind::Component);
    let parts: f64 = components.map(|component| value(&session, component, metric::MEMORY_USED)).sum();
    let total = value(&session, node, metric::MEMORY_USED);
    assert!(parts <= total && parts >= 0.9 * total, "{parts} of {total}");
    let census =
        recording(&session).census_before(describe(&session, false).unwrap().span.unwrap().to).unwrap().unwrap();
    let listed = census.rows.iter().filter(|row| row.metric == metric::HEAP_HELD).count();
    assert_eq!(listed as f64, real.facts["processes"], "everybody is in the census");
    assert!(session.warnings.iter().any(|warning| warning.contains("out of stock")), "{:?}", session.warnings);
}

#[test]
fn inspect_names_the_crash_and_the_largest_processes_and_packed_dumps_are_the_same() {
    let Some(real) = real() else { return };
    let folder = real.folder.path();
    let plain = std::fs::read(&real.dump).unwrap();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&plain).unwrap();
    file(folder, "dump.gz", packer.finish().unwrap());
    file(
        folder,
        "dump.zst",
        ruzstd::encoding::compress_to_vec(&plain[..], ruzstd::encoding::CompressionLevel::Fastest),
    );
    let inspect = |name: &str| -> serde_json::Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vivarium"));
        let out = command.args(["inspect", "--json", "--top", "5", name]).current_dir(folder).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    };
    let parts = inspect("erl_crash.dump");
    assert_eq!(parts["crash"]["slogan"], "out of stock");
    assert!(parts["crash"]["means"].as_str().unwrap().contains("erlang:halt/1"));
    let processes = parts["processes"].as_array().unwrap();
    let bytes: Vec<f64> = processes.iter().map(|process| process["memory_bytes"].as_f64().unwrap()).collect();
    assert!(bytes.len() == 5 && bytes.is_sorted_by(|a, b| a >= b), "{bytes:?}");
    let findings: Vec<&str> =
        parts["findings"].as_array().unwrap().iter().map(|it| it["rule_class"].as_str().unwrap()).collect();
    assert!(findings.contains(&"crash") && findings.contains(&"crash_memory"), "{findings:?}");
    for name in ["dump.gz", "dump.zst"] {
        let packed = inspect(name);
        assert_eq!((&packed["processes"], &packed["crash"]), (&parts["processes"], &parts["crash"]), "{name}");
    }
}

/// What each format has of its own, in small: OTP R15 wrote 0.1, R16 to 19 wrote 0.2 and 0.3, 20 wrote 0.4, 22 to 28 write 0.5.
fn of_format(format: &str) -> String {
    let (system, started, binary, blocks) = match format {
        "0.1" => (
            "Erlang R15B03 (erts-5.9.3.1) [source] [64-bit] [smp:2:2]",
            "Started: Sat Feb  9 01:02:03 2013\n",
            "616263",
            "",
        ),
        "0.2" | "0.3" => (
            "Erlang/OTP 18 [erts-7.3] [source] [64-bit] [smp:2:2]",
            "Started: Sat Feb  9 01:02:03 2013\n",
            "616263",
            "",
        ),
        "0.4" => (
            "Erlang/OTP 20 [erts-9.3] [source] [64-bit] [smp:2:2]",
            "Started: Sat Feb  9 01:02:03 2013\n",
            "616263",
            "",
        ),
        _ => ("Erlang/OTP 28 [erts-16.0] [source] [64-bit] [smp:2:2] [jit]", "", "YWJj", "[ets_alloc]"),
    };
    // The oldest ones did not tell all memory of a process.
    let memory = if format == "0.1" { "" } else { "Memory: 9000\n" };
    format!(
        "=erl_crash_dump:{format}\nSat Feb  9 02:00:00 2013\nSlogan: no more index entries in atom_tab (max=1048576)\nSystem version: {system}\n\
         Compiled: Mon Jan  7 2013\nTaints: \nAtoms: 1048575\n=memory\ntotal: 20000\nprocesses: 12000\nsystem: 8000\natom: 1000\nbinary: 2000\n\
         code: 3000\nets: 800\n=index_table:atom_tab\nsize: 1048576\nlimit: 1048576\nentries: 1048576\n\
         =allocator:ets_alloc[1]\nmbcs blocks{blocks} size: 700 800 800\nmbcs carriers size: 1000 1000 1000\n\
         =proc:<0.30.0>\nState: Waiting\nName: maker\nSpawned as: maker:loop/1\nSpawned by: <0.2.0>\n{started}Message queue length: 1\n\
         Number of heap fragments: 0\nHeap fragment data: 0\nReductions: 55\nStack+heap: 1000\nOldHeap: 0\nHeap unused: 400\nOldHeap unused: 0\n\
         {memory}Program counter: 0x00007f1fc4808494 (maker:loop/1 + 92)\nCP: 0x0000000000000000 (invalid)\narity = 0\n\
         =ets:<0.30.0>\nSlot: 7\nTable: names\nName: names\nObjects: 3\nWords: 100\n=node:'old@host'\n=loaded_modules\nCurrent code: 3000\n\
         Old code: 0\n=proc_messages:<0.30.0>\nH7F1F00:N\n=proc_stack:<0.30.0>\n0x7f1f10:SReturn addr 0x4C800C30 (proc_lib:init_p/3 + 8)\n\
         =proc_heap:<0.30.0>\n7F1F00:t2:A4:name,H7F1F40\n7F1F40:Yh3:{binary}\n=atoms\na\n=end\n"
    )
}

#[test]
fn dumps_of_every_format_open() {
    for format in ["0.1", "0.2", "0.3", "0.4", "0.5"] {
        let text = of_format(format);
        let dump = CrashDump::of_bytes(text.clone().into_bytes(), "d");
        assert_eq!((dump.head().format.as_str(), dump.head().word_bytes), (format, 8));
        let maker = named(&dump, "maker");
        assert_eq!(maker.bytes(8), if format == "0.1" { 8_000 } else { 9_000 });
        assert_eq!(dump.messages(maker.pid, 9).first[0].text, "{name,<<\"abc\">>}", "format {format}");
        assert_eq!(dump.process(maker.pid).unwrap().started.is_some(), format != "0.5");
        assert_eq!(dump.totals().allocators["ets_alloc"].blocks_bytes, 700);
        let functions: Vec<_> = dump.process(maker.pid).unwrap().stack.into_iter().map(|it| it.function).collect();
        assert_eq!(functions, ["maker:loop/1", "proc_lib:init_p/3"]);
        // Line ends of Windows make no difference.
        let windows = CrashDump::of_bytes(text.replace('\n', "\r\n").into_bytes(), "d");
        assert_eq!(windows.messages(maker.pid, 9), dump.messages(maker.pid, 9));
        assert_eq!((windows.totals(), windows.head(), windows.tables()), (dump.totals(), dump.head(), dump.tables()));
        assert_eq!(windows.process(maker.pid).unwrap().stack, dump.process(maker.pid).unwrap().stack);

        let session = open("old.dump", &text).unwrap();
        let entities = recording(&session).entities().unwrap();
        let node = entity(&entities, "old@host");
        assert_eq!(value(&session, node, metric::BEAM_ATOM_LIMIT_SHARE), 1.0);
        let started = entity(&entities, "maker").started.map(vivarium::model::time::Timestamp::rfc3339);
        assert_eq!(started.as_deref(), (format != "0.5").then_some("2013-02-09T01:02:03.000Z"));
        assert_eq!(value(&session, entity(&entities, "names"), metric::MEMORY_USED), 800.0);
    }
}

/// Asks a dump for everything.
fn look_at_all(dump: &CrashDump) {
    for process in dump.processes().iter().step_by(4).take(60) {
        let detail = dump.process(process.pid);
        assert!(detail.is_some(), "{} is listed", process.pid);
        let _any = (dump.messages(process.pid, 20), dump.dictionary(process.pid, 20), dump.name(process));
    }
}

fn bytes_of_real_or_made() -> Vec<u8> {
    let real = real().map(|real| std::fs::read(real.dump).unwrap());
    real.unwrap_or_else(|| of_format("0.5").into_bytes())
}

#[test]
fn a_dump_that_is_cut_off_anywhere_opens_as_far_as_it_goes_and_says_so() {
    let whole = bytes_of_real_or_made();
    let mut processes = 0;
    for part in 1..50 {
        let cut = whole[..whole.len() * part / 50].to_vec();
        let dump = CrashDump::of_bytes(cut, "cut.dump");
        look_at_all(&dump);
        assert!(dump.lost().iter().any(|lost| lost.contains("cut off")), "{part}: {:?}", dump.lost());
        assert!(dump.processes().len() >= processes, "more of a dump shows no less");
        processes = dump.processes().len();
    }
    assert!(processes > 0);
    for part in [1, 10, 25, 49] {
        let session = open("cut.dump", &whole[..whole.len() * part / 50]).unwrap();
        assert!(session.warnings.iter().any(|warning| warning.contains("cut off")), "{:?}", session.warnings);
    }
}

#[test]
fn a_packed_dump_that_is_cut_off_opens_as_far_as_it_can_be_unpacked() {
    // Not too alike, so that a part of it can be unpacked by itself.
    let more: String = (0..3_000_u64)
        .map(|id| format!("=proc:<0.{id}.0>\nReductions: {}\n", id.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(format!("=erl_crash_dump:0.5\nSlogan: x\n{more}=end\n").as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let session = open("cut.dump.gz", &packed[..packed.len() / 2]).unwrap();
    assert!(session.warnings.iter().any(|warning| warning.contains("can be unpacked up to")), "{:?}", session.warnings);
    assert!(recording(&session).entities().unwrap().len() > 100);
}

#[test]
fn damaged_bytes_never_panic() {
    let whole = bytes_of_real_or_made();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..60_u64 {
        let mut bytes = whole.clone();
        for _ in 0..1 + round * round {
            let at = random() as usize % bytes.len();
            // Mostly bytes that mean something.
            bytes[at] = *b":=\nHAt|<>,-0F\xff".get(random() as usize % 24).unwrap_or(&(random() as u8));
        }
        let dump = CrashDump::of_bytes(bytes.clone(), "damaged.dump");
        look_at_all(&dump);
        if round % 12 == 0 && bytes.starts_with(b"=erl_crash_dump:") {
            open("damaged.dump", &bytes).unwrap();
        }
    }
}

#[test]
fn what_is_no_dump_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for content in ["", "hello", "=end\n"] {
        let error = CrashDump::open(&file(folder.path(), "no.dump", content)).unwrap_err().to_string();
        assert!(error.contains("no.dump") && error.contains("no Erlang crash dump"), "{error}");
    }
    let missing = CrashDump::open(Path::new("/nowhere/erl_crash.dump")).unwrap_err().to_string();
    assert!(missing.contains("can't read /nowhere/erl_crash.dump"), "{missing}");
    let empty = open("empty.dump", "=erl_crash_dump:0.5\n").unwrap();
    assert!(empty.warnings.iter().any(|warning| warning.contains("cut off after 20 bytes")), "{:?}", empty.warnings);
}
