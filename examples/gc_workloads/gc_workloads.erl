%% Programs of different allocation behaviour, to try predictions of garbage collection on. Each does a fixed number of operations
%% with seeded randomness, so that it allocates the same whatever its settings are. tuning/0 were looked at while the model was made,
%% held_out/0 were not.
-module(gc_workloads).
-export([tuning/0, held_out/0, start/3]).

tuning() -> [steady, cache, growing, buffer, binaries, phases, workers, ets_copy].
held_out() -> [json, deep, bursts, queue, hibernating, many, lru, parser, sessions, window].

%% Starts the program `Name` in a process with `Opts` that waits for `go`; N scales its work (1000 is normal).
start(Name, Opts, N) ->
    spawn_opt(fun() ->
        receive go -> ok end,
        rand:seed(exsss, {1, 2, 3}),
        run(Name, Opts, N)
    end, Opts).

%% A server that answers requests from a fixed state.
run(steady, _, N) ->
    State = maps:from_list([{I, {I, lists:seq(1, 10)}} || I <- lists:seq(1, 400)]),
    times(N * 200, fun(I, S) ->
        Request = {call, I, [{key, J, integer_to_list(J)} || J <- lists:seq(1, 8)]},
        {_, Value} = maps:get(1 + I rem 400, S),
        Answer = {reply, Request, [X * 2 || X <- Value]},
        maps:put(1 + I rem 400, {I, tl(element(3, Answer)) ++ [I]}, S)
    end, State);
%% A map of entries, the oldest of which gives way to a new one.
run(cache, _, N) ->
    times(N * 200, fun(I, S) ->
        Entry = {I, lists:duplicate(20, I), #{id => I, text => integer_to_list(I)}},
        S1 = maps:put(I, Entry, S),
        case I > 3000 of true -> maps:remove(I - 3000, S1); false -> S1 end
    end, #{});
%% State that only grows.
run(growing, _, N) ->
    times(N * 150, fun(I, S) ->
        _ = [{I, J} || J <- lists:seq(1, 20)],
        case I rem 3 of 0 -> [{I, lists:seq(1, 6)} | S]; _ -> S end
    end, []);
%% Rows are collected and written out together.
run(buffer, _, N) ->
    times(N * 300, fun(I, S) ->
        Row = {row, I, [integer_to_list(I + J) || J <- lists:seq(1, 4)]},
        case length_up_to(I, 2500) of
            true -> _ = lists:foldl(fun(R, A) -> A + erlang:phash2(R) end, 0, S), [];
            false -> [Row | S]
        end
    end, []);
%% Binaries outside the heap, the newest of which are kept.
run(binaries, _, N) ->
    times(N * 100, fun(I, S) ->
        B = binary:copy(<<I:32>>, 30 + rand:uniform(800)),
        Q = queue:in({I, B, binary:part(B, 0, 20)}, S),
        case queue:len(Q) > 60 of true -> queue:drop(Q); false -> Q end
    end, queue:new());
%% Quiet stretches with little state, busy ones with much.
run(phases, _, N) ->
    times(N * 40, fun(I, S) ->
        Busy = (I div (N * 5)) rem 2 =:= 1,
        Tmp = [{J, I} || J <- lists:seq(1, 30)],
        case Busy of
            true -> lists:sublist([Tmp | S], 600);
            false when I rem 10 =:= 0 -> lists:sublist([hd(Tmp) | S], 50);
            false -> S
        end
    end, []);
%% Processes that live for one task.
run(workers, Opts, N) ->
    times(N, fun(I, S) ->
        Size = 20 + rand:uniform(300),
        {_, Ref} = spawn_opt(fun() ->
            T = [{J, integer_to_list(J * I)} || J <- lists:seq(1, Size)],
            exit({ok, length(lists:reverse(lists:keysort(2, T)))})
        end, [monitor | Opts]),
        receive {'DOWN', Ref, _, _, {ok, L}} -> S + L end
    end, 0);
%% Terms copied out of a table.
run(ets_copy, _, N) ->
    T = ets:new(t, [set]),
    [ets:insert(T, {I, lists:seq(1, 20 + I rem 200), #{i => I}}) || I <- lists:seq(1, 500)],
    times(N * 100, fun(I, S) ->
        [{_, L, _}] = ets:lookup(T, 1 + (I * 7) rem 500),
        case I rem 50 of 0 -> lists:sublist([L | S], 40); _ -> S end
    end, []);

%% Documents built, turned into text and dropped; a few are remembered.
run(json, _, N) ->
    times(N * 20, fun(I, S) ->
        Doc = #{<<"id">> => I, <<"items">> => [#{<<"n">> => J, <<"name">> => integer_to_binary(I * J)}
                                               || J <- lists:seq(1, 5 + rand:uniform(25))]},
        Text = iolist_to_binary(encode(Doc)),
        case rand:uniform(20) of
            1 -> lists:sublist([{Doc, byte_size(Text)} | S], 100);
            _ -> S
        end
    end, []);
%% Body recursion to changing depths.
run(deep, _, N) ->
    times(N * 2, fun(I, S) ->
        L = deep_map(200 + rand:uniform(2000), I),
        case I rem 5 of 0 -> [hd(L) | lists:sublist(S, 100)]; _ -> S end
    end, []);
%% Now and then a large sort between small work.
run(bursts, _, N) ->
    times(N * 20, fun(I, S) ->
        Size = case rand:uniform(200) of 1 -> 3000 + rand:uniform(5000); _ -> 20 end,
        L = lists:sort([{rand:uniform(1000000), I} || _ <- lists:seq(1, Size)]),
        maps:put(I rem 800, lists:sublist(L, 5), S)
    end, #{});
%% A consumer with messages that wait.
run(queue, Opts, N) ->
    Me = self(),
    Consumer = spawn_opt(fun() -> consume(N * 30, 0, [], Me) end, Opts),
    times(N * 30, fun(I, S) ->
        Consumer ! {job, I, lists:seq(1, 5 + I rem 30)},
        case I rem 200 of 100 -> Consumer ! {sync, Me}, receive synced -> S end; _ -> S end
    end, 0),
    receive {done, _} -> ok end;
%% Work in batches with sleep between, in which the heap is given back.
run(hibernating, Opts, N) ->
    Me = self(),
    P = spawn_opt(fun() -> hibernator({maps:from_list([{I, I} || I <- lists:seq(1, 300)]), Me}) end, Opts),
    times(max(20, N div 4), fun(I, S) ->
        P ! {work, I, Me}, receive worked -> ok end, timer:sleep(2), S
    end, 0),
    exit(P, kill);
%% Two hundred processes, each with a little state.
run(many, Opts, N) ->
    Ps = [spawn_opt(fun() -> rand:seed(exsss, {I, 2, 3}), small(#{}, 50 + I rem 100) end, Opts) || I <- lists:seq(1, 200)],
    times(max(1, N div 10), fun(I, S) ->
        [P ! {work, self(), I} || P <- Ps],
        [receive {worked, P} -> ok end || P <- Ps],
        S
    end, 0),
    [exit(P, kill) || P <- Ps];
%% The least recently used entry gives way; some keys are asked for more often.
run(lru, _, N) ->
    times(N * 15, fun(I, {Tree, Used}) ->
        Key = trunc(1500 * math:pow(rand:uniform(), 2.0)),
        Used1 = case maps:find(Key, Used) of
            {ok, {At, V}} -> {gb_trees:insert(I, Key, gb_trees:delete(At, Tree)), maps:put(Key, {I, V}, Used)};
            error -> {gb_trees:insert(I, Key, Tree), maps:put(Key, {I, lists:seq(1, 12)}, Used)}
        end,
        {T2, U2} = Used1,
        case map_size(U2) > 700 of
            true -> {_, Old, T3} = gb_trees:take_smallest(T2), {T3, maps:remove(Old, U2)};
            false -> {T2, U2}
        end
    end, {gb_trees:empty(), #{}});
%% Text to tokens to trees; a table of symbols grows slowly.
run(parser, _, N) ->
    Text = "let value = ( alpha + beta * 42 ) - gamma ( delta , 7 ) ; ",
    times(N * 6, fun(I, S) ->
        Line = Text ++ "name" ++ integer_to_list(I rem 4000) ++ " = 1 ; ",
        Tokens = tokens(Line, [], []),
        Tree = lists:foldr(fun(T, A) -> {node, T, A} end, nil, Tokens),
        {node, First, _} = Tree,
        lists:foldl(fun(T, M) -> maps:update_with(T, fun(C) -> C + 1 end, 1, M) end, S, [First | Tokens])
    end, #{});
%% Sessions of very different lifetimes.
run(sessions, _, N) ->
    times(N * 30, fun(I, {M, Ends}) ->
        Life = 1 + trunc(-1500 * math:log(rand:uniform())),
        M1 = maps:put(I, {session, I, lists:duplicate(15, I), [{at, I}]}, M),
        {M2, E2} = case maps:take(I, Ends) of
            {Gone, E} -> {maps:without(Gone, M1), E};
            error -> {M1, Ends}
        end,
        {M2, maps:update_with(I + Life, fun(L) -> [I | L] end, [I], E2)}
    end, {#{}, #{}});
%% Statistics over the newest values.
run(window, _, N) ->
    times(N * 50, fun(I, {Q, Sum}) ->
        V = {I, rand:uniform(), [I, I + 1]},
        Q1 = queue:in(V, Q),
        case queue:len(Q1) > 1000 of
            true -> {{value, {_, Old, _}}, Q2} = queue:out(Q1), {Q2, Sum + element(2, V) - Old};
            false -> {Q1, Sum + element(2, V)}
        end
    end, {queue:new(), 0.0});
%% A hundred processes, one after the other, that grow to very different sizes; says which of them were killed.
run(crowd, Opts, _) ->
    io:format("killed ~w~n", [[I || I <- lists:seq(1, 100), ending(I, Opts) =:= killed]]).

ending(I, Opts) ->
    Rows = trunc(20 * math:pow(500, (I * 37 rem 100) / 100)),
    {_, Ref} = spawn_opt(fun() ->
        times(Rows, fun(J, S) -> _ = [J + K || K <- lists:seq(1, 30)], [lists:seq(J, J + 5 + I rem 7) | S] end, [])
    end, [monitor | Opts]),
    receive {'DOWN', Ref, _, _, Reason} -> Reason end.

times(N, F, S) -> times(1, N, F, S).
times(I, N, _, S) when I > N -> S;
times(I, N, F, S) -> times(I + 1, N, F, F(I, S)).

length_up_to(I, Every) -> I rem Every =:= 0.

deep_map(0, _) -> [end_of_list];
deep_map(N, I) -> [{N, I, N * I} | deep_map(N - 1, I)].

encode(M) when is_map(M) -> [${, lists:join($,, [[encode(K), $:, encode(V)] || {K, V} <- maps:to_list(M)]), $}];
encode(L) when is_list(L) -> [$[, lists:join($,, [encode(V) || V <- L]), $]];
encode(B) when is_binary(B) -> [$", B, $"];
encode(I) when is_integer(I) -> integer_to_binary(I).

consume(0, Sum, _, Parent) -> Parent ! {done, Sum};
consume(Left, Sum, Kept, Parent) ->
    receive
        {job, I, L} ->
            Kept1 = case I rem 20 of 0 -> lists:sublist([L | Kept], 100); _ -> Kept end,
            consume(Left - 1, Sum + lists:sum([X + 1 || X <- L]), Kept1, Parent);
        {sync, From} -> From ! synced, consume(Left, Sum, Kept, Parent)
    end.

hibernator({Map, _} = State) ->
    receive
        {work, I, From} ->
            M = lists:foldl(fun(J, A) -> maps:put(J rem 300, {I, [J, I]}, A) end, Map, lists:seq(1, 400)),
            From ! worked,
            erlang:hibernate(erlang, apply, [fun hibernator/1, [setelement(1, State, M)]])
    end.

small(Map, Keys) ->
    receive {work, From, I} ->
        M = lists:foldl(fun(J, A) -> maps:put(rand:uniform(Keys), {I, J, lists:seq(1, 5)}, A) end, Map, lists:seq(1, 60)),
        From ! {worked, self()},
        small(M, Keys)
    end.

tokens([], [], Acc) -> lists:reverse(Acc);
tokens([], Word, Acc) -> lists:reverse([lists:reverse(Word) | Acc]);
tokens([$\s | T], [], Acc) -> tokens(T, [], Acc);
tokens([$\s | T], Word, Acc) -> tokens(T, [], [lists:reverse(Word) | Acc]);
tokens([C | T], Word, Acc) -> tokens(T, [C | Word], Acc).
