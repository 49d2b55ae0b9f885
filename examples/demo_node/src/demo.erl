%% Brings the demo up on a node that `examples/demo_node/start` has just started: takes the knobs from the environment,
%% starts the application, tells how to attach and stop. Nothing of it stays as a process, except a timer for DEMO_SECONDS.
-module(demo).

-export([start/0]).
-export([load/0]).

%% Called by `erl -s demo start`. A wrong knob ends the node with a sentence.
-spec start() -> ok.
start() ->
    _ = application:load(demo),
    set(load, number_from("DEMO_LOAD", 0.1, 20.0)),
    set(rows, integer_from("DEMO_ROWS", 1, 5000000)),
    set(processes, integer_from("DEMO_PROCESSES", 0, 10000000)),
    Seconds = integer_from("DEMO_SECONDS", 1, 4000000),
    set_cookie(os:getenv("DEMO_COOKIE", "")),
    case application:start(demo, permanent) of
        ok -> ok;
        {error, Reason} -> fail("The demo did not start: ~tp", [Reason])
    end,
    stop_after(Seconds),
    tell(Seconds),
    %% Last, since whoever waits for this file takes the demo for ready.
    write_pid_file(os:getenv("DEMO_PID_FILE", "")).

%% How many times the usual work is to be done.
-spec load() -> float().
load() ->
    {ok, Load} = application:get_env(demo, load),
    Load.

set(_Knob, default) -> ok;
set(Knob, Value) -> application:set_env(demo, Knob, Value).

%% On the command line, with -setcookie, everybody on the machine could read it.
set_cookie("") -> true;
set_cookie(Cookie) -> erlang:set_cookie(list_to_atom(Cookie)).

stop_after(default) -> ok;
stop_after(Seconds) ->
    {ok, _} = timer:apply_after(timer:seconds(Seconds), init, stop, []),
    ok.

tell(Seconds) ->
    Rename = case os:getenv("DEMO_NAME", "") of
        "" -> "";
        Name -> ["DEMO_NAME=", Name, " "]
    end,
    io:format("The demo runs as ~ts.~nWatch it:  vivarium beam:~ts~n", [node(), node()]),
    case os:getenv("DEMO_COOKIE", "") of
        "" -> ok;
        _ -> io:format("           with VIVARIUM_COOKIE set to the cookie in DEMO_COOKIE~n")
    end,
    io:format("Stop it:   ~tsexamples/demo_node/start --stop  (or Ctrl-C where it runs in the foreground)~n", [Rename]),
    case Seconds of
        default -> ok;
        _ -> io:format("It stops by itself after ~b s.~n", [Seconds])
    end.

write_pid_file("") -> ok;
write_pid_file(File) ->
    case file:write_file(File, [os:getpid(), $\n]) of
        ok -> ok;
        {error, Reason} -> fail("Cannot write ~ts: ~ts", [File, file:format_error(Reason)])
    end.

integer_from(Variable, Least, Most) ->
    number_from(Variable, Least, Most, fun list_to_integer/1, "a whole number").

number_from(Variable, Least, Most) ->
    Read = fun(Text) ->
        try list_to_float(Text)
        catch error:badarg -> float(list_to_integer(Text))
        end
    end,
    number_from(Variable, Least, Most, Read, "a number").

number_from(Variable, Least, Most, Read, What) ->
    case os:getenv(Variable, "") of
        "" -> default;
        Text ->
            try Read(Text) of
                Number when Number >= Least, Number =< Most -> Number;
                _ -> fail("~s is ~ts; it must be from ~w to ~w.", [Variable, Text, Least, Most])
            catch
                error:badarg -> fail("~s is \"~ts\", which is not ~s.", [Variable, Text, What])
            end
    end.

-spec fail(string(), [term()]) -> no_return().
fail(Format, Arguments) ->
    io:format(standard_error, Format ++ "~n", Arguments),
    halt(2).
