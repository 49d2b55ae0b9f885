%% Imitates: a coordinator with negotiations, assignments and a performance history, 500 updates a minute. Negotiations and
%% assignments come and go; the history is never trimmed.
%% Vivarium should show: a slow leak. The process grows by about 1 MB/min, straight up in used words and in steps in `memory`.
%% Hot functions: `discover/2`, `load_scores/2`, `assign/2` with about 65, 25 and 10 % of an update.
-module(demo_coordinator).

-behaviour(gen_server).

-export([start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(UPDATE_MS, 120).
-define(WORK_US, 3000).
-define(NEGOTIATIONS, 400).
-define(ASSIGNMENTS, 800).
%% At four words a number and 500 updates a minute this makes 1 MB/min.
-define(NUMBERS_PER_UPDATE, 61).

-define(AGENTS, [
    agent_a, agent_b, agent_c, agent_d, agent_e, agent_f, agent_g, agent_h, agent_i, agent_j, agent_k, agent_l
]).

-record(state, {
    updates = 0 :: non_neg_integer(),
    negotiations = #{} :: map(),
    assignments = #{} :: map(),
    history = [] :: [map()]
}).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    plan_update(),
    {ok, #state{}}.

handle_call(_Request, _From, State) -> {reply, {error, unknown}, State}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(update, State) ->
    plan_update(),
    {noreply, update(State)}.

plan_update() ->
    erlang:send_after(?UPDATE_MS, self(), update).

update(#state{updates = Updates, negotiations = Negotiations, assignments = Assignments, history = History} = State) ->
    Work = demo:load() * ?WORK_US,
    Start = erlang:monotonic_time(microsecond),
    Available = discover(Updates, Start + round(0.65 * Work)),
    Scores = load_scores(Available, Start + round(0.90 * Work)),
    Agent = assign(Scores, Start + round(Work)),
    State#state{
        updates = Updates + 1,
        negotiations = Negotiations#{Updates rem ?NEGOTIATIONS => Scores},
        assignments = Assignments#{Updates rem ?ASSIGNMENTS => {Agent, Updates}},
        history = [#{agent => Agent, at => Updates, measured => measured(Updates)} | History]
    }.

discover(Update, Deadline) ->
    Available = [Name || Name <- ?AGENTS, whereis(Name) =/= undefined],
    case erlang:monotonic_time(microsecond) < Deadline of
        true -> discover(Update, Deadline);
        false -> Available
    end.

load_scores(Available, Deadline) ->
    Scores = lists:keysort(2, [{Name, erlang:phash2({Name, Deadline}, 1000)} || Name <- Available]),
    case erlang:monotonic_time(microsecond) < Deadline of
        true -> load_scores(Available, Deadline);
        false -> Scores
    end.

assign(Scores, Deadline) ->
    {Agent, _} = lists:nth(1 + erlang:phash2(Scores, length(Scores)), Scores),
    case erlang:monotonic_time(microsecond) < Deadline of
        true -> assign(Scores, Deadline);
        false -> Agent
    end.

measured(Update) ->
    [Update * 0.25 + N || N <- lists:seq(1, ?NUMBERS_PER_UPDATE)].
