#!/usr/bin/env escript
%% Reads a crash dump with OTP's own crashdump_viewer, without its window: its index, then its list of processes.
%%
%%   crashdump_viewer.escript FILE     (observer has to be in the code path, see ERL_LIBS)
-mode(compile).

main([File]) ->
    {ok, _} = crashdump_viewer:start_link(),
    Begin = erlang:monotonic_time(microsecond),
    ok = crashdump_viewer:read_file(File),
    {ok, _, _} = crashdump_viewer:general_info(),
    Indexed = erlang:monotonic_time(microsecond),
    {ok, Processes, _} = crashdump_viewer:processes(),
    Listed = erlang:monotonic_time(microsecond),
    {ok, Status} = file:read_file("/proc/self/status"),
    [Peak] = [string:trim(string:prefix(Line, "VmHWM:")) || Line <- string:split(Status, "\n", all), string:prefix(Line, "VmHWM:") =/= nomatch],
    io:format("~p processes, index ~p ms, list ~p ms, memory ~s at most~n",
        [length(Processes), (Indexed - Begin) div 1000, (Listed - Indexed) div 1000, Peak]).
