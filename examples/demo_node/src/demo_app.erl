%% Imitates: a system of agents, as one OTP application.
%% Vivarium should show: one application `demo` on the map; everything below hangs under its top supervisor.
-module(demo_app).

-behaviour(application).

-export([start/2, stop/1]).

start(_Type, _Arguments) ->
    demo_sup:start_link().

stop(_State) ->
    %% So that `start --stop` and the next `start` do not meet a file that speaks of nobody.
    case os:getenv("DEMO_PID_FILE", "") of
        "" -> ok;
        File -> file:delete(File)
    end.
