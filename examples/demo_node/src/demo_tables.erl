%% Imitates: the tables of a process registry that grew over time: a primary table, a backup with the very same rows, three
%% indexes and a cache.
%% Vivarium should show: registry_primary and registry_backup as redundant (same number of rows, same size, for as long as one
%% looks), and the cache as a saw-tooth: it fills with each burst of look-ups and is swept 30 s later.
-module(demo_tables).

-behaviour(gen_server).

-export([start_link/0, primary/1, backup/1, indexed/1, remember/2, random_key/0, touch/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(CACHE_S, 30).
-define(SWEEP_MS, 5000).

-type key() :: {service, pos_integer()}.

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% The row of a key.
-spec primary(key()) -> [tuple()].
primary(Key) -> ets:lookup(registry_primary, Key).

%% The same row out of the copy.
-spec backup(key()) -> [tuple()].
backup(Key) -> ets:lookup(registry_backup, Key).

%% In how many indexes a key is.
-spec indexed(key()) -> 0..3.
indexed({service, Id} = Key) ->
    Entries = [
        {registry_index_capability, {capability(Id), Key}},
        {registry_index_health, {health(Id), Key}},
        {registry_index_node, {node_of(Id), Key}}
    ],
    length([Table || {Table, Entry} <- Entries, ets:member(Table, Entry)]).

%% Puts a row into the cache for a while.
-spec remember(key(), tuple()) -> true.
remember(Key, Row) ->
    ets:insert(registry_cache, {Key, Row, erlang:monotonic_time(second) + ?CACHE_S}).

%% Any of the keys.
-spec random_key() -> key().
random_key() ->
    {ok, Rows} = application:get_env(demo, rows),
    {service, rand:uniform(Rows)}.

%% What every change costs with two copies: it is written twice.
-spec touch(non_neg_integer()) -> true.
touch(Change) ->
    Key = random_key(),
    ets:update_element(registry_primary, Key, {3, Change}) andalso
        ets:update_element(registry_backup, Key, {3, Change}).

init([]) ->
    {ok, Rows} = application:get_env(demo, rows),
    [ets:new(Table, [named_table, public, set]) || Table <- [registry_primary, registry_backup, registry_cache]],
    [
        ets:new(Table, [named_table, public, ordered_set])
     || Table <- [registry_index_capability, registry_index_health, registry_index_node]
    ],
    lists:foreach(fun fill/1, lists:seq(1, Rows)),
    erlang:send_after(?SWEEP_MS, self(), sweep),
    %% The rows have been copied into the tables; what it took to make them is rubbish.
    {ok, none, hibernate}.

handle_call(_Request, _From, State) -> {reply, {error, unknown}, State}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(sweep, State) ->
    erlang:send_after(?SWEEP_MS, self(), sweep),
    Now = erlang:monotonic_time(second),
    _ = ets:select_delete(registry_cache, [{{'_', '_', '$1'}, [{'<', '$1', Now}], [true]}]),
    {noreply, State}.

fill(Id) ->
    Key = {service, Id},
    Row = {Key, self(), 0, #{
        capability => capability(Id),
        health => health(Id),
        node => node_of(Id),
        address => {127, 0, 0, Id rem 256},
        versions => [Id, Id + 1, Id + 2],
        description => <<"service number ", (integer_to_binary(Id))/binary, " of the demo registry">>
    }},
    ets:insert(registry_primary, Row),
    ets:insert(registry_backup, Row),
    ets:insert(registry_index_capability, {{capability(Id), Key}}),
    ets:insert(registry_index_health, {{health(Id), Key}}),
    ets:insert(registry_index_node, {{node_of(Id), Key}}).

capability(Id) -> element(1 + Id rem 5, {planning, retrieval, coding, review, translation}).

health(Id) -> element(1 + Id rem 3, {healthy, degraded, failed}).

node_of(Id) -> Id rem 16.
