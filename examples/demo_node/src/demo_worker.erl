%% Imitates: the process of one small job: it builds something of some 100 kB, holds it for up to half a second and ends.
%% Vivarium should show: ten or so of them at any moment under demo_worker_sup, never the same ones.
-module(demo_worker).

-export([start_link/1]).
-export([init/1]).

-define(LENGTH, 3000).
-define(HELD_MS, 500).

start_link(Job) ->
    {ok, proc_lib:spawn_link(?MODULE, init, [Job])}.

init(Job) ->
    Data = [{Job, N * 0.5} || N <- lists:seq(1, ?LENGTH)],
    timer:sleep(rand:uniform(?HELD_MS)),
    %% Used once more, so that it is held until now.
    _ = erlang:phash2(Data),
    ok.
