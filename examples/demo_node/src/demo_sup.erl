%% Imitates: the top of a supervision tree.
%% Vivarium should show: the tree below, when it makes a map without a document.
-module(demo_sup).

-behaviour(supervisor).

-export([start_link/0]).
-export([init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    {ok, Processes} = application:get_env(demo, processes),
    Idle = [worker(demo_idle, [Processes]) || Processes > 0],
    Children = [
        worker(demo_tables, []),
        worker(demo_registry, []),
        supervisor(demo_agent_sup, demo_agent_sup, []),
        worker(demo_coordinator, []),
        worker(demo_consumer, []),
        worker(demo_producer, []),
        supervisor(demo_worker_sup, demo_temp_sup, [demo_worker_sup, demo_worker]),
        worker(demo_churn, []),
        supervisor(demo_caller_sup, demo_temp_sup, [demo_caller_sup, demo_caller]),
        worker(demo_bursts, []),
        worker(demo_excerpts, [])
        | Idle
    ],
    %% Whoever comes later in the list uses those before: the tables first of all.
    {ok, {#{strategy => rest_for_one, intensity => 5, period => 10}, Children}}.

worker(Module, Arguments) ->
    #{id => Module, start => {Module, start_link, Arguments}}.

supervisor(Id, Module, Arguments) ->
    #{id => Id, start => {Module, start_link, Arguments}, type => supervisor}.
