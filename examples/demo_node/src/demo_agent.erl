%% Imitates: an agent that works on tasks, ten times a second, and remembers its latest results.
%% Vivarium should show: `extract/2`, `score/3` and `explain/2` as hot functions with, by total, about 50, 35 and 15 % of
%% the agent's work; for an agent with a spike or a floor a heap block far larger than what lives in it. While the registry is
%% overloaded, all agents wait in `gen:do_call/4` and their CPU falls.
-module(demo_agent).

-behaviour(gen_server).

-export([start_link/4]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(TICK_MS, 100).
%% Every so many ticks the agent asks the registry for somebody.
-define(TICKS_PER_LOOKUP, 3).
-define(SPIKE_LASTS_MS, 6000).
-define(RESULT_BYTES, 2000).
%% Extracting goes over the same features again and again, or collecting garbage would be most of the work.
-define(REPEATS, 20).

-record(state, {
    share :: float(),
    limit :: pos_integer(),
    heap :: none | {spike, pos_integer(), pos_integer()} | {floor, pos_integer()},
    ticks = 0 :: non_neg_integer(),
    memories :: #{non_neg_integer() => [float()]},
    spike = [] :: [[float()]]
}).

start_link(Name, Share, Memories, Heap) ->
    gen_server:start_link({local, Name}, ?MODULE, {Share, Memories, Heap}, [{spawn_opt, spawn_options(Heap)}]).

spawn_options({floor, Kilobytes}) -> [{min_heap_size, Kilobytes * 1000 div erlang:system_info(wordsize)}];
spawn_options(_) -> [].

init({Share, Limit, Heap}) ->
    %% Agents start out of step with each other.
    plan(tick, rand:uniform(?TICK_MS)),
    plan_spike(Heap),
    Memories = maps:from_list([{N, result(N)} || N <- lists:seq(0, Limit - 1)]),
    {ok, #state{share = Share, limit = Limit, heap = Heap, memories = Memories}}.

handle_call(_Request, _From, State) -> {reply, {error, unknown}, State}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(tick, #state{ticks = Ticks, limit = Limit, memories = Memories} = State) ->
    %% A random part keeps the agent out of step with whoever looks at it by a clock.
    plan(tick, ?TICK_MS * 3 div 4 + rand:uniform(?TICK_MS div 2)),
    Result = work(Ticks, State#state.share * ?TICK_MS * 1000),
    demo_tables:touch(Ticks),
    _ = [demo_registry:lookup(demo_tables:random_key()) || Ticks rem ?TICKS_PER_LOOKUP =:= 0],
    {noreply, State#state{ticks = Ticks + 1, memories = Memories#{Ticks rem Limit => Result}}};
handle_info(spike, #state{heap = {spike, Kilobytes, _} = Heap} = State) ->
    plan_spike(Heap),
    plan(shrink, ?SPIKE_LASTS_MS),
    Results = Kilobytes * 1000 div ?RESULT_BYTES,
    {noreply, State#state{spike = [result(N) || N <- lists:seq(1, Results)]}};
handle_info(shrink, State) ->
    {noreply, State#state{spike = []}}.

plan(What, Milliseconds) ->
    erlang:send_after(Milliseconds, self(), What).

plan_spike({spike, _, Seconds}) -> plan(spike, timer:seconds(Seconds));
plan_spike(_) -> ok.

%% One task: the three steps end at 50, 85 and 100 % of the time for it.
work(Task, Microseconds) ->
    Start = erlang:monotonic_time(microsecond),
    Features = extract(Task, Start + round(0.50 * Microseconds)),
    Score = score(Features, 0, Start + round(0.85 * Microseconds)),
    ok = explain(Score, Start + round(Microseconds)),
    Features.

extract(Task, Deadline) ->
    Features = result(Task),
    _ = [count_above(Limit, Features) || Limit <- lists:seq(1, ?REPEATS)],
    case erlang:monotonic_time(microsecond) < Deadline of
        true -> extract(Task, Deadline);
        false -> Features
    end.

count_above(Limit, Features) ->
    lists:foldl(fun(Feature, Count) when Feature > Limit -> Count + 1; (_, Count) -> Count end, 0, Features).

score(Features, Score, Deadline) ->
    Sum = lists:foldl(fun(Feature, Total) -> (Total * 31 + trunc(Feature)) band 16#ffffff end, Score, Features),
    case erlang:monotonic_time(microsecond) < Deadline of
        true -> score(Features, Sum, Deadline);
        false -> Sum
    end.

explain(Score, Deadline) ->
    _ = iolist_to_binary(io_lib:format("score ~w of ~w", [Score, Deadline])),
    case erlang:monotonic_time(microsecond) < Deadline of
        true -> explain(Score, Deadline);
        false -> ok
    end.

%% 62 numbers: four words each in a list, RESULT_BYTES in all.
result(Seed) ->
    [Seed * 0.5 + N || N <- lists:seq(1, ?RESULT_BYTES div 32)].
