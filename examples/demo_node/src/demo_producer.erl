%% Imitates: somebody who sends events without asking whether the receiver can follow: 50 a second, some 8 kB each.
%% Vivarium should show: a steady, small sender; its only trace is the queue of demo_consumer.
-module(demo_producer).

-behaviour(gen_server).

-export([start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(EVENT_MS, 20).
%% Two words for each element of a list.
-define(EVENT_LENGTH, 500).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    plan_event(),
    {ok, 0}.

handle_call(_Request, _From, Count) -> {reply, {error, unknown}, Count}.

handle_cast(_Message, Count) -> {noreply, Count}.

handle_info(event, Count) ->
    plan_event(),
    demo_consumer:event(lists:seq(Count, Count + ?EVENT_LENGTH)),
    {noreply, Count + 1}.

plan_event() ->
    erlang:send_after(?EVENT_MS, self(), event).
