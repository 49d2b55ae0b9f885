%% Imitates: a supervisor of processes that come and go; there are two, demo_worker_sup and demo_caller_sup.
%% Vivarium should show: two groups whose members change all the time.
-module(demo_temp_sup).

-behaviour(supervisor).

-export([start_link/2]).
-export([init/1]).

start_link(Name, Module) ->
    supervisor:start_link({local, Name}, ?MODULE, Module).

init(Module) ->
    Child = #{id => Module, start => {Module, start_link, []}, restart => temporary, shutdown => brutal_kill},
    {ok, {#{strategy => simple_one_for_one}, [Child]}}.
