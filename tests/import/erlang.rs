//! A trace file of a real `erl`, read by us and by OTP's own reader.

use std::path::Path;
use std::process::Command;

use vivarium::model::gc::{GcEvent, GcKind};
use vivarium::session::open::open_path;
use vivarium::session::whatif::gather;

use super::node::is_available;
use super::{ALWAYS, recording};

/// Traces a process into a trace-port file, then has OTP write the same events as text.
const SCRIPT: &str = r##"
main([Port, Text]) ->
    {ok, _} = dbg:tracer(port, dbg:trace_port(file, Port)),
    Self = self(),
    Pid = spawn(fun() -> receive go -> ok end, work(3000, []), Self ! done, receive stop -> ok end end),
    {ok, _} = dbg:p(Pid, [garbage_collection, monotonic_timestamp, procs]),
    Pid ! go,
    receive done -> ok end,
    timer:sleep(50),
    dbg:stop(),
    {ok, Out} = file:open(Text, [write]),
    file:write(Out, "#beam-gc-trace 1\n#word 8\n"),
    Handler = fun
        (end_of_trace, Main) -> Main ! read, Main;
        ({trace_ts, P, Event, Info, Ts}, Main) when is_list(Info) ->
            case lists:prefix("gc_", atom_to_list(Event)) of
                true -> file:write(Out, line(Ts, P, Event, Info));
                false -> ok
            end, Main;
        (_, Main) -> Main
    end,
    dbg:trace_client(file, Port, {Handler, self()}),
    receive read -> ok after 30000 -> halt(1) end,
    file:close(Out).

line(Ts, P, Event, Info) ->
    Keys = [wordsize, heap_size, heap_block_size, old_heap_size, old_heap_block_size, stack_size, recent_size, mbuf_size,
        bin_vheap_size, bin_vheap_block_size, bin_old_vheap_size, bin_old_vheap_block_size],
    [integer_to_list(Ts), " ", pid_to_list(P), " ", atom_to_list(Event),
        [[" ", integer_to_list(proplists:get_value(K, Info, 0))] || K <- Keys], "\n"].

work(0, Acc) -> length(Acc);
work(N, Acc) ->
    L = lists:seq(1, 100 + N rem 200),
    work(N - 1, case length(Acc) > 100 of true -> [L]; false -> [L | Acc] end).
"##;

fn events(path: &Path) -> Vec<GcEvent> {
    recording(&open_path(path).unwrap()).gc_events(ALWAYS, None).unwrap()
}

#[test]
fn a_trace_port_file_has_the_events_of_the_text_trace_of_the_same_run() {
    if !is_available("erl") || !is_available("escript") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [port, text] = ["gc.trace", "gc.txt"].map(|name| folder.path().join(name));
    let script = super::file(folder.path(), "trace.escript", format!("#!/usr/bin/env escript\n{SCRIPT}"));
    let out = Command::new("escript").arg(&script).arg(&port).arg(&text).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    let (of_port, of_text) = (events(&port), events(&text));
    assert!(of_port.len() > 50, "{} collections", of_port.len());
    for kind in [GcKind::Minor, GcKind::Major, GcKind::FailedMinor] {
        assert!(of_port.iter().any(|event| event.kind == kind), "{kind:?}");
    }
    let what = |event: &GcEvent| (event.kind, event.pause_ns, event.reclaimed_words, event.beam);
    assert_eq!(of_port.iter().map(what).collect::<Vec<_>>(), of_text.iter().map(what).collect::<Vec<_>>());
    let session = open_path(&port).unwrap();
    let data = gather(recording(&session), Some(&session.document), None).unwrap();
    let [component] = &data.components[..] else { panic!("{:?}", data.components) };
    assert_eq!((component.id.as_str(), component.heaps.len()), ("processes", 1));
    assert_eq!(component.heaps[0].events.len(), of_port.len());
}
