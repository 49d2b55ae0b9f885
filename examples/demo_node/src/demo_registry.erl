%% Imitates: a process registry that answers every look-up itself, one after the other, about a millisecond each, and asks both
%% copies of its table before it does.
%% Vivarium should show: a serialization bottleneck. During a burst this one process keeps a whole scheduler busy while the other
%% has time to spare, its queue grows to some 45 and its callers wait in `gen:do_call/4`. Hot functions: by self `digest/4`, by
%% total `search/2`, `verify_backup/3`, `refresh_index/3` with about 50, 35 and 15 % of a look-up.
-module(demo_registry).

-behaviour(gen_server).

-export([start_link/0, lookup/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(LOOKUP_US, 1000).
%% The work is repeated on the same row, and the heap has some room, or collecting garbage would be most of it.
-define(REPEATS, 20).
-define(HEAP_WORDS, 25000).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], [{spawn_opt, [{min_heap_size, ?HEAP_WORDS}]}]).

%% The row of a key. Waits for as long as it takes.
-spec lookup(term()) -> {ok, tuple()} | {error, not_found}.
lookup(Key) ->
    gen_server:call(?MODULE, {lookup, Key}, infinity).

init([]) ->
    {ok, none}.

handle_call({lookup, Key}, _From, State) ->
    Answer = lookup(Key, erlang:monotonic_time(microsecond)),
    {reply, Answer, State}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(_Message, State) -> {noreply, State}.

%% The three steps end at 50, 85 and 100 % of the time for a look-up.
lookup(Key, Start) ->
    case search(Key, Start + ?LOOKUP_US * 50 div 100) of
        [Row] ->
            ok = verify_backup(Key, Row, Start + ?LOOKUP_US * 85 div 100),
            ok = refresh_index(Key, Row, Start + ?LOOKUP_US),
            {ok, Row};
        [] ->
            {error, not_found}
    end.

search(Key, Deadline) ->
    Rows = demo_tables:primary(Key),
    _ = [digest(Row) || Row <- Rows],
    case erlang:monotonic_time(microsecond) < Deadline of
        true -> search(Key, Deadline);
        false -> Rows
    end.

verify_backup(Key, Row, Deadline) ->
    %% A change may be on its way to the copy, so a difference is no mistake.
    [Copy] = demo_tables:backup(Key),
    _ = digest(Copy) =:= digest(Row),
    case erlang:monotonic_time(microsecond) < Deadline of
        true -> verify_backup(Key, Row, Deadline);
        false -> ok
    end.

refresh_index(Key, Row, Deadline) ->
    3 = demo_tables:indexed(Key),
    _ = digest(Row),
    case erlang:monotonic_time(microsecond) < Deadline of
        true ->
            refresh_index(Key, Row, Deadline);
        false ->
            true = demo_tables:remember(Key, Row),
            ok
    end.

%% Reads the row's text over and over: plain code, so that the scheduler can take the process off, and a sample of its stack
%% be taken, at any point of a step.
digest({_Key, _Owner, _Change, #{description := Text}}) ->
    digest(Text, Text, ?REPEATS, 0).

digest(<<Byte, Rest/binary>>, Text, Repeats, Sum) ->
    digest(Rest, Text, Repeats, (Sum * 31 + Byte) band 16#ffffff);
digest(<<>>, _Text, 1, Sum) ->
    Sum;
digest(<<>>, Text, Repeats, Sum) ->
    digest(Text, Text, Repeats - 1, Sum).
