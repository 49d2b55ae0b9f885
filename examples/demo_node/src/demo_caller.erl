%% Imitates: a client in a hurry: it looks one thing up after the other until its burst is over.
%% Vivarium should show: up to 45 processes under demo_caller_sup, nearly all of them waiting for the registry.
-module(demo_caller).

-export([start_link/1]).
-export([init/1]).

start_link(End) ->
    {ok, proc_lib:spawn_link(?MODULE, init, [End])}.

init(End) ->
    _ = demo_registry:lookup(demo_tables:random_key()),
    case erlang:monotonic_time(millisecond) < End of
        true -> init(End);
        false -> ok
    end.
