%% Imitates: traffic in bursts. Every 60 s callers join, four a second, until 45 of them look things up as fast as the
%% registry answers; after 12 s all of them leave. The first burst comes 20 s after the start.
%% Vivarium should show: CPU, the registry's queue and the cache rise once a minute.
-module(demo_bursts).

-behaviour(gen_server).

-export([start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(FIRST_S, 20).
-define(EVERY_S, 60).
-define(LASTS_MS, 12000).
-define(CALLERS, 45).
-define(JOIN_MS, 250).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    erlang:send_after(timer:seconds(?FIRST_S), self(), burst),
    {ok, none}.

handle_call(_Request, _From, State) -> {reply, {error, unknown}, State}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(burst, State) ->
    erlang:send_after(timer:seconds(?EVERY_S), self(), burst),
    self() ! {join, ?CALLERS, erlang:monotonic_time(millisecond) + ?LASTS_MS},
    {noreply, State};
handle_info({join, 0, _End}, State) ->
    {noreply, State};
handle_info({join, Callers, End}, State) ->
    {ok, _} = supervisor:start_child(demo_caller_sup, [End]),
    erlang:send_after(?JOIN_MS, self(), {join, Callers - 1, End}),
    {noreply, State}.
