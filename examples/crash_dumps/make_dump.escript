#!/usr/bin/env escript
%%! +P 4194304 -kernel start_distribution false
%% Makes a real crash dump: a node with many processes, tables and queues halts with a slogan.
%%
%%   make_dump.escript FILE [processes=100000] [tables=20] [rows=1000] [queue=5000] [message_bytes=200] [slogan=TEXT]
%%
%% A sixth of the processes are gen_servers under an application's supervisor (shop_sup), the others plain ones with a
%% dictionary and a small heap; one process (slow_consumer) has the queue, one (hoarder) a large heap, one (holder) binaries.
-module(make_dump).
-behaviour(application).
-behaviour(gen_server).
-export([main/1, start/2, stop/1, init/1, handle_call/3, handle_cast/2]).
-mode(compile).

main([File | Rest]) ->
    Options = maps:from_list([list_to_tuple(string:split(Text, "=")) || Text <- Rest]),
    Number = fun(Name, Default) -> list_to_integer(maps:get(Name, Options, integer_to_list(Default))) end,
    Count = Number("processes", 100000),
    application:start(sasl),
    ok = application:load({application, shop, [{vsn, "1"}, {mod, {?MODULE, Count div 6}}, {applications, [kernel, stdlib]}]}),
    ok = application:start(shop),
    Self = self(),
    tables(Number("tables", 20), Number("rows", 1000)),
    spawn(fun() ->
        register(hoarder, self()),
        Kept = lists:seq(1, 200000),
        Self ! ready,
        receive stop -> Kept end
    end),
    spawn(fun() ->
        register(holder, self()),
        Kept = [binary:copy(<<I:32>>, 25000) || I <- lists:seq(1, 40)],
        Self ! ready,
        receive stop -> Kept end
    end),
    Slow = spawn(fun() -> register(slow_consumer, self()), Self ! ready, receive stop -> ok end end),
    [receive ready -> ok end || _ <- [1, 2, 3]],
    Bytes = Number("message_bytes", 200),
    [Slow ! {order, I, #{customer => I, lines => [I, I + 1]}, binary:copy(<<"x">>, Bytes)} || I <- lists:seq(1, Number("queue", 5000))],
    [plain(I, Self) || I <- lists:seq(1, Count - Count div 6)],
    [receive ready -> ok end || _ <- lists:seq(1, Count - Count div 6)],
    erlang:send_after(1000000, Slow, tick),
    os:putenv("ERL_CRASH_DUMP", File),
    erlang:halt(maps:get("slogan", Options, "made on purpose")).

plain(I, Parent) ->
    spawn(fun() ->
        put(number, I),
        State = {state, I, [I, I + 1, I + 2], #{id => I}},
        Parent ! ready,
        loop(State)
    end).

loop(State) ->
    receive
        stop -> State;
        _ -> loop(State)
    end.

tables(Count, Rows) ->
    [begin
         Table = ets:new(list_to_atom("table_" ++ integer_to_list(I)), [named_table, public, {read_concurrency, true}]),
         [ets:insert(Table, {Row, lists:seq(1, 10)}) || Row <- lists:seq(1, Rows)]
     end || I <- lists:seq(1, Count)].

%% The application, its supervisor, its workers.
start(_Type, Workers) ->
    supervisor:start_link({local, shop_sup}, ?MODULE, {supervisor, Workers}).

stop(_) -> ok.

init({supervisor, Workers}) ->
    Child = fun(I) ->
        #{id => I, start => {gen_server, start_link, [?MODULE, {worker, I}, []]}}
    end,
    {ok, {#{}, [Child(I) || I <- lists:seq(1, Workers)]}};
init({worker, I}) ->
    {ok, #{number => I, basket => [I, I]}}.

handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(_, State) -> {noreply, State}.
