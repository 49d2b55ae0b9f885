%% Work for a node that is measured: sleeping processes by the thousand, some that are at work, and some that make garbage.
-module(load).
-export([idle/1, work/1, garbage/2, stop/0, done/0, watch/0, long/0]).

%% Processes that keep a little and wait.
idle(Number) ->
    [spawn(fun() -> Kept = lists:seq(1, 50), receive stop -> Kept end end) || _ <- lists:seq(1, Number)],
    ok.

counter() ->
    case persistent_term:get(load, none) of
        none -> Counter = counters:new(1, [write_concurrency]), persistent_term:put(load, Counter), Counter;
        Counter -> Counter
    end.

%% How many pieces of work were done so far.
done() -> counters:get(counter(), 1).

%% Pairs that send each other messages and do a little for each, half of the time.
work(Pairs) ->
    Counter = counter(),
    [register(name(N), spawn(fun() -> Peer = spawn_link(fun echo/0), worker(Peer, Counter, 50) end)) || N <- lists:seq(1, Pairs)],
    ok.

echo() -> receive {From, List} -> From ! lists:sum(List), echo() end.

worker(Peer, Counter, 0) -> receive stop -> ok after 2 -> worker(Peer, Counter, 50) end;
worker(Peer, Counter, N) ->
    Peer ! {self(), lists:seq(1, 20)},
    receive 210 -> counters:add(Counter, 1, 1) end,
    worker(Peer, Counter, N - 1).

%% So many processes, each with so many bursts of garbage a second: some three collections each.
garbage(Processes, PerSecond) ->
    Counter = counter(),
    [register(name(N), spawn(fun() -> burn(Counter, 1000 div PerSecond) end)) || N <- lists:seq(1, Processes)],
    ok.

burn(Counter, Pause) ->
    _ = lists:foldl(fun(I, Sum) -> Sum + length([X * I || X <- lists:seq(1, 200)]) end, 0, lists:seq(1, 3)),
    counters:add(Counter, 1, 1),
    receive stop -> ok after Pause -> burn(Counter, Pause) end.

name(N) -> list_to_atom("load_" ++ integer_to_list(N)).

stop() -> [whereis(N) ! stop || N <- registered(), lists:prefix("load_", atom_to_list(N))], timer:sleep(200), ok.

%% Notes each time that a process runs for more than 10 ms without a break.
watch() ->
    register(watch, spawn(fun() -> erlang:system_monitor(self(), [{long_schedule, 10}]), watched([]) end)),
    ok.

watched(Seen) ->
    receive
        {monitor, Pid, long_schedule, Info} when is_pid(Pid) -> watched([proplists:get_value(timeout, Info) | Seen]);
        {long, From} -> From ! {long, Seen}, watched([]);
        _ -> watched(Seen)
    end.

%% How often and how long at most since the last look.
long() -> watch ! {long, self()}, receive {long, Seen} -> {length(Seen), lists:max([0 | Seen])} end.
