%% Imitates: a system that spawns a process for every small job, 40 a second.
%% Vivarium should show: processes that appear and are gone within a second, and memory that is allocated and freed with them.
-module(demo_churn).

-behaviour(gen_server).

-export([start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(JOB_MS, 25).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    {ok, plan_job(0)}.

handle_call(_Request, _From, Jobs) -> {reply, {error, unknown}, Jobs}.

handle_cast(_Message, Jobs) -> {noreply, Jobs}.

handle_info(job, Jobs) ->
    {ok, _} = supervisor:start_child(demo_worker_sup, [Jobs]),
    {noreply, plan_job(Jobs + 1)}.

plan_job(Jobs) ->
    erlang:send_after(max(1, round(?JOB_MS / demo:load())), self(), job),
    Jobs.
