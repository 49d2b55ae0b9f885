%% Imitates: a receiver that keeps up most of the time, but is slow for 11 s in every 45 s, as if a disk were busy.
%% Vivarium should show: a queue that builds up to some 450 messages and drains again, and queue memory that rises with it
%% and is given back late. No CPU to speak of: it is waiting, not working.
-module(demo_consumer).

-behaviour(gen_server).

-export([start_link/0, event/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(CYCLE_S, 45).
-define(SLOW_S, 11).
-define(SLOW_MS_PER_EVENT, 100).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Hands an event over; never refused, never waited for.
-spec event(term()) -> ok.
event(Event) ->
    gen_server:cast(?MODULE, {event, Event}).

init([]) ->
    {ok, erlang:monotonic_time(second)}.

handle_call(_Request, _From, Started) -> {reply, {error, unknown}, Started}.

handle_cast({event, Event}, Started) ->
    _ = erlang:phash2(Event),
    case is_slow(erlang:monotonic_time(second) - Started) of
        true -> timer:sleep(?SLOW_MS_PER_EVENT);
        false -> ok
    end,
    {noreply, Started}.

handle_info(_Message, Started) -> {noreply, Started}.

%% At the end of each cycle.
is_slow(Seconds) ->
    Seconds rem ?CYCLE_S >= ?CYCLE_S - ?SLOW_S.
