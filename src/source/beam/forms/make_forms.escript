#!/usr/bin/env escript
%% Each NAME.exprs -> NAME.etf, beside this file. To be run by hand after a change:
%% escript make_forms.escript
%% Every variable is renamed to an atom that every node has, so that evaluating the forms adds nothing to its atom table.
main(_) ->
    ok = file:set_cwd(filename:dirname(escript:script_name())),
    lists:foreach(fun(Name) -> make(Name) end, ["collector", "requests", "microstates"]).

make(Name) ->
    {ok, Text} = file:read_file(Name ++ ".exprs"),
    {ok, Tokens, _} = erl_scan:string(binary_to_list(Text)),
    {ok, Exprs} = erl_parse:parse_exprs(Tokens),
    Used = lists:usort(variables(Exprs)) -- ['_', 'Owner'],
    Names = lists:sublist(common_atoms(), length(Used)),
    length(Names) =:= length(Used) orelse error({more_atoms_needed, length(Used)}),
    Renamed = maps:from_list([{'_', '_'}, {'Owner', owner} | lists:zip(Used, Names)]),
    Forms = rename(Exprs, Renamed),
    ok = file:write_file(Name ++ ".etf", term_to_binary(Forms, [{minor_version, 2}])),
    io:format("~s: ~b bytes, ~b variables~n", [Name, filelib:file_size(Name ++ ".etf"), length(Used)]).

%% Atoms of the emulator itself.
common_atoms() ->
    [pid, node, list, tuple, value, key, name, time, size, type, info, data, state, reason, count, ok, error, port, atom,
     binary, integer, float, function, module, stop, start, call, cast, exit, normal, timeout, process, message, link,
     monitor, self, undefined, true, false, kill, killed, noproc, badarg, badarith, badmatch, high, low, max, min, memory,
     total, system, code, ets, heap_size, stack_size, status, running, waiting, runnable, suspended, trap_exit, links,
     monitors, dictionary, heap, old_heap, second, millisecond, microsecond, nanosecond, active, passive, once, inet, new, old, all,
     trace, spawn, send, arity, bag, set, public, priority, group_leader, initial_call, reductions, registered_name, messages,
     message_queue_len, current_stacktrace, current_function, process_count].

variables({var, _, Name}) -> [Name];
variables({named_fun, _, Name, Clauses}) -> [Name | variables(Clauses)];
variables(Tuple) when is_tuple(Tuple) -> variables(tuple_to_list(Tuple));
variables(List) when is_list(List) -> lists:append([variables(Part) || Part <- List, is_tuple(Part) orelse is_list(Part)]);
variables(_) -> [].

rename({var, _, Name}, Names) -> {var, 0, maps:get(Name, Names)};
rename({named_fun, _, Name, Clauses}, Names) -> {named_fun, 0, maps:get(Name, Names), rename(Clauses, Names)};
rename(Tuple, Names) when is_tuple(Tuple), tuple_size(Tuple) >= 2 ->
    [Tag, Place | More] = tuple_to_list(Tuple),
    Line = case is_place(Place) of true -> 0; false -> rename(Place, Names) end,
    list_to_tuple([Tag, Line | [rename(Part, Names) || Part <- More]]);
rename(List, Names) when is_list(List) -> [rename(Part, Names) || Part <- List];
rename(Other, _) -> Other.

is_place(Place) -> is_integer(Place) orelse (is_tuple(Place) andalso tuple_size(Place) =:= 2
    andalso is_integer(element(1, Place)) andalso is_integer(element(2, Place))).
