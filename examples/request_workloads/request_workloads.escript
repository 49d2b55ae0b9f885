#!/usr/bin/env escript
%% Queues, pools and partitions under seeded load, run for real at several settings, each logged request by request as CSV.
%%
%% usage: request_workloads.escript FOLDER REQUESTS SUITE...
%% SUITE is workers, block, pool, partitions (all cells of a suite run at the same time: their service waits for timers) or
%% computing (one cell after the other: their service uses the processor). Every cell of a suite has the same arrivals, services and
%% keys. FOLDER/CELL.csv is its log; FOLDER/cells.csv says how many processor cores a cell kept busy on average.
-mode(compile).

main([Folder, Requests | Suites]) ->
    ok = filelib:ensure_dir(filename:join(Folder, "x")),
    N = list_to_integer(Requests),
    lists:foreach(fun(Suite) -> suite(Folder, N, Suite) end, Suites).

suite(Folder, N, "workers") ->
    Cell = fun(Load, Workers, Limit) ->
        {name("workers", [Load, Workers, Limit]), fun() -> workers(schedule(N, Load), Workers, Limit, drop, wait) end}
    end,
    together(Folder, [Cell(Load, W, L) || Load <- [steady, bursty, heavy], {W, L} <- [{3, none}, {3, 5}, {4, none}, {4, 0}, {4, 10}, {5, none}, {5, 2}, {8, none}]]);
suite(Folder, N, "block") ->
    together(Folder, [{name("block", [bursty, W, L]), fun() -> workers(schedule(N, bursty), W, L, block, wait) end}
                      || {W, L} <- [{4, none}, {4, 3}, {4, 10}, {5, 3}]]);
suite(Folder, N, "pool") ->
    together(Folder, [{name("pool", [Load, K]), fun() -> pool(schedule(N, Load), K) end}
                      || Load <- [steady, bursty], K <- [1, 2, 3, 4, 6, 8]]);
suite(Folder, N, "partitions") ->
    together(Folder, [{name("partitions", [Skew, P, Clients]), fun() -> partitions(schedule(N div 2, Skew), P, Clients) end}
                      || Skew <- [even, skewed, hot], Clients <- [8, 32], P <- [1, 2, 4, 8]]);
suite(Folder, N, "computing") ->
    calibrate(),
    [together(Folder, [{name("computing", [steady, W, none]), fun() -> workers(schedule(N, light), W, none, drop, compute) end}])
     || W <- [1, 2, 4, 8]].

name(Suite, Parts) ->
    string:join([Suite | [lists:flatten(io_lib:format("~p", [Part])) || Part <- Parts]], "-").

%% Runs cells at the same time and writes their logs.
together(Folder, Cells) ->
    statistics(runtime),
    Begin = now_us(),
    Parent = self(),
    Pids = [{Name, spawn_link(fun() -> Parent ! {self(), Run()} end)} || {Name, Run} <- Cells],
    Logs = [{Name, receive {Pid, Log} -> Log end} || {Name, Pid} <- Pids],
    {_, Runtime} = statistics(runtime),
    Busy = Runtime * 1000 / (now_us() - Begin) / length(Cells),
    lists:foreach(fun({Name, Log}) -> write(Folder, Name, Log, Busy) end, Logs).

write(Folder, Name, Log, Busy) ->
    Number = fun(none) -> ""; (Value) -> io_lib:format("~p", [Value]) end,
    Line = fun(Row) -> [lists:join(",", [Number(Value) || Value <- tuple_to_list(Row)]), "\n"] end,
    Head = "arrival_us,admitted_us,ready_us,start_us,end_us,key,worker,reused,outcome\n",
    ok = file:write_file(filename:join(Folder, Name ++ ".csv"), [Head | [Line(Row) || Row <- lists:sort(Log)]]),
    ok = file:write_file(filename:join(Folder, "cells.csv"), io_lib:format("~s,~.4f~n", [Name, Busy]), [append]).

now_us() -> erlang:monotonic_time(microsecond).

%% {moment in ms, service in ms, key} of each request.
schedule(N, Load) ->
    {List, _} = lists:mapfoldl(fun(I, {At, Seed}) ->
        {U1, S1} = rand:uniform_s(Seed),
        {U2, S2} = rand:uniform_s(S1),
        {U3, S3} = rand:uniform_s(S2),
        Next = At - math:log(U1) * between(Load, At),
        {{I, round(Next), service(Load, U2), key(Load, U3)}, {Next, S3}}
    end, {0.0, rand:seed_s(exsss, {1, 2, erlang:phash2(Load)})}, lists:seq(1, N)),
    List.

between(bursty, At) -> case (trunc(At) div 400) rem 4 of 0 -> 3.0; _ -> 9.5 end;
between(light, _) -> 15.0;
between(_, _) -> 7.4.

service(heavy, U) -> min(300, round(8 * math:pow(U, -0.5)));
service(light, _) -> 12;
service(Load, U) when Load =:= even; Load =:= skewed; Load =:= hot -> 2 + round(-6 * math:log(U));
service(_, U) -> 3 + round(-17 * math:log(U)).

key(skewed, U) -> trunc(400 * U * U * U);
key(hot, U) -> case U < 0.3 of true -> 0; false -> trunc(400 * U) end;
key(_, U) -> trunc(400 * U).

%% Waits until a moment of the schedule.
wait_until(Begin, At) ->
    case Begin + At * 1000 - now_us() of
        Us when Us > 500 -> timer:sleep((Us + 500) div 1000);
        _ -> ok
    end.

serve(wait, Ms) -> timer:sleep(Ms);
serve(compute, Ms) -> spin(Ms * persistent_term:get(turns_per_ms)).

%% How many turns a quiet core makes in a millisecond.
calibrate() ->
    Run = fun(_) -> Begin = now_us(), spin(2000000), now_us() - Begin end,
    Us = lists:min(lists:map(Run, lists:seq(1, 20))),
    persistent_term:put(turns_per_ms, 2000000 * 1000 div max(1, Us)).

spin(0) -> ok;
spin(N) -> spin(N - 1).

%% Workers behind one queue. A sender that blocks is told when its request is admitted.
workers(Schedule, Count, Limit, Policy, Kind) ->
    Self = self(),
    Queue = spawn_link(fun() -> queue(Self, [worker_start(Kind, W) || W <- lists:seq(1, Count)], queue:new(), 0, Limit, none, [], length(Schedule)) end),
    Begin = now_us() + 50000,
    lists:foreach(fun({_, At, Service, Key}) ->
        wait_until(Begin, At),
        Arrival = now_us(),
        Queue ! {request, self(), {Arrival, Service, Key}, Policy},
        case Policy of block -> receive admitted -> ok end; drop -> ok end
    end, Schedule),
    receive {log, Log} -> [setelement(1, Row, element(1, Row)) || Row <- Log] end.

worker_start(Kind, Name) -> spawn_link(fun() -> worker(Kind, Name) end).

worker(Kind, Name) ->
    receive {serve, Queue, {Arrival, Admitted, Service, Key}} ->
        Start = now_us(),
        serve(Kind, Service),
        End = now_us(),
        Queue ! {done, self(), {Arrival, Admitted, none, Start, End, Key, Name, none, ok}},
        worker(Kind, Name)
    end.

queue(Owner, _, _, _, _, _, Log, 0) -> Owner ! {log, Log};
queue(Owner, Idle, Waiting, Length, Limit, Blocked, Log, Left) ->
    receive
        {request, From, {Arrival, Service, Key} = Request, Policy} ->
            case Idle of
                [Worker | Others] ->
                    Worker ! {serve, self(), {Arrival, now_us(), Service, Key}},
                    admit(From, Policy),
                    queue(Owner, Others, Waiting, Length, Limit, Blocked, Log, Left);
                [] when Limit =:= none; Length < Limit ->
                    admit(From, Policy),
                    queue(Owner, [], queue:in({Arrival, now_us(), Service, Key}, Waiting), Length + 1, Limit, Blocked, Log, Left);
                [] when Policy =:= block ->
                    queue(Owner, [], Waiting, Length, Limit, {From, Request}, Log, Left);
                [] ->
                    Row = {Arrival, none, none, none, none, Key, none, none, rejected},
                    queue(Owner, [], Waiting, Length, Limit, Blocked, [Row | Log], Left - 1)
            end;
        {done, Worker, Row} ->
            case queue:out(Waiting) of
                {{value, Next}, Rest} ->
                    Worker ! {serve, self(), Next},
                    {Rest2, Blocked2} = unblock(Blocked, Rest),
                    queue(Owner, Idle, Rest2, queue:len(Rest2), Limit, Blocked2, [Row | Log], Left - 1);
                {empty, _} ->
                    queue(Owner, Idle ++ [Worker], Waiting, 0, Limit, Blocked, [Row | Log], Left - 1)
            end
    end.

admit(From, block) -> From ! admitted;
admit(_, drop) -> ok.

unblock(none, Waiting) -> {Waiting, none};
unblock({From, {Arrival, Service, Key}}, Waiting) ->
    From ! admitted,
    {queue:in({Arrival, now_us(), Service, Key}, Waiting), none}.

%% Slots kept ready; a session that finds none starts cold and throws its slot away.
pool(Schedule, Slots) ->
    Self = self(),
    Pool = spawn_link(fun() -> slots(Self, lists:seq(1, Slots), [], length(Schedule)) end),
    Begin = now_us() + 50000,
    lists:foreach(fun({_, At, Service, Key}) ->
        wait_until(Begin, 3 * At),
        Arrival = now_us(),
        Pool ! {session, Arrival, 2 * Service, Key}
    end, Schedule),
    receive {log, Log} -> Log end.

slots(Owner, _, Log, 0) -> Owner ! {log, Log};
slots(Owner, Idle, Log, Left) ->
    receive
        {session, Arrival, Hold, Key} ->
            {Slot, Rest, Ms, Reused} = case Idle of
                [First | Others] -> {First, Others, 5, 1};
                [] -> {none, [], 25, 0}
            end,
            Pool = self(),
            spawn_link(fun() ->
                timer:sleep(Ms + Key rem 5),
                Ready = now_us(),
                timer:sleep(Hold),
                Pool ! {ended, Slot, {Arrival, none, Ready, Ready, now_us(), Key, Slot, Reused, ok}}
            end),
            slots(Owner, Rest, Log, Left);
        {ended, none, Row} -> slots(Owner, Idle, [Row | Log], Left - 1);
        {ended, Slot, Row} -> slots(Owner, [Slot | Idle], [Row | Log], Left - 1)
    end.

%% Clients that wait for each answer; a key's partition serves one request after the other.
partitions(Schedule, Count, Clients) ->
    Table = list_to_tuple(Schedule),
    Next = atomics:new(1, []),
    Servers = list_to_tuple([spawn_link(fun() -> partition(P) end) || P <- lists:seq(1, Count)]),
    Self = self(),
    [spawn_link(fun() -> client(Self, Table, Next, Servers, []) end) || _ <- lists:seq(1, Clients)],
    lists:append([receive {log, Log} -> Log end || _ <- lists:seq(1, Clients)]).

client(Owner, Table, Next, Servers, Log) ->
    case atomics:add_get(Next, 1, 1) of
        I when I > tuple_size(Table) -> Owner ! {log, Log};
        I ->
            {_, _, Service, Key} = element(I, Table),
            Arrival = now_us(),
            element(1 + erlang:phash2(Key, tuple_size(Servers)), Servers) ! {request, self(), Service},
            receive {answer, Partition, Start, End} ->
                client(Owner, Table, Next, Servers, [{Arrival, none, none, Start, End, Key, Partition, none, ok} | Log])
            end
    end.

partition(Name) ->
    receive {request, From, Service} ->
        Start = now_us(),
        timer:sleep(Service),
        From ! {answer, Name, Start, now_us()},
        partition(Name)
    end.
