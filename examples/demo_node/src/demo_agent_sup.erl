%% Imitates: a pool of agents of which some carry far more than others. The shares are those of a real report (67, 89, 23 and
%% nine times 35 % of a core) on a scale of 1 to 25; the heaps differ just as much.
%% Vivarium should show: a pool of 12 members with an uneven spread of CPU (agent_b on top, agent_c at the bottom), and low
%% memory efficiency, because of the agents with a spike or a floor.
-module(demo_agent_sup).

-behaviour(supervisor).

-export([start_link/0]).
-export([init/1]).

%% CPU in the report, in percent of a core, goes into this many parts.
-define(SCALE, 25).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10}, [agent(Agent) || Agent <- agents()]}}.

%% Name, CPU in percent of a core before scaling, remembered results (2 kB each), and what is the matter with the heap:
%% `{spike, kB, Seconds}` grows every so many seconds and shrinks again, `{floor, kB}` is that large from the beginning.
agents() ->
    [
        {agent_a, 67, 200, none},
        {agent_b, 89, 1500, none},
        {agent_c, 23, 25, none},
        {agent_d, 35, 100, {spike, 4000, 40}},
        {agent_e, 35, 50, none},
        {agent_f, 35, 100, {floor, 5000}},
        {agent_g, 35, 400, none},
        {agent_h, 35, 100, {spike, 6000, 55}},
        {agent_i, 35, 50, none},
        {agent_j, 35, 100, {floor, 3000}},
        {agent_k, 35, 800, none},
        {agent_l, 35, 100, {spike, 8000, 70}}
    ].

agent({Name, Percent, Memories, Heap}) ->
    Share = min(0.9, demo:load() * Percent / 100 / ?SCALE),
    #{id => Name, start => {demo_agent, start_link, [Name, Share, Memories, Heap]}}.
