%% Imitates: a node with very many processes that hardly ever do anything, such as one for each connection. Only there with
%% DEMO_PROCESSES.
%% Vivarium should show: that many processes, all of them asleep, and itself as light on the node as before.
-module(demo_idle).

-behaviour(gen_server).

-export([start_link/1, rest/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

start_link(Processes) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, Processes, []).

init(Processes) ->
    lists:foreach(fun(_) -> spawn_link(?MODULE, rest, []) end, lists:seq(1, Processes)),
    {ok, Processes, hibernate}.

handle_call(_Request, _From, Processes) -> {reply, {error, unknown}, Processes}.

handle_cast(_Message, Processes) -> {noreply, Processes}.

handle_info(_Message, Processes) -> {noreply, Processes}.

%% Sleeps for ever, in as little memory as possible.
-spec rest() -> no_return().
rest() ->
    erlang:hibernate(?MODULE, rest, []).
