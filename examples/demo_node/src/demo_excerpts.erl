%% Imitates: a process that keeps short excerpts of large binaries and forgets to copy them, so that each holds the whole.
%% Vivarium should show: a process with a small heap and some 13 MB of binaries held, which is all of it waste:
%% 200 excerpts of 100 bytes would do with 20 kB.
-module(demo_excerpts).

-behaviour(gen_server).

-export([start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(DOCUMENT_MS, 500).
-define(DOCUMENT_BYTES, 65536).
-define(KEPT, 200).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    plan_document(),
    {ok, [excerpt(N) || N <- lists:seq(1, ?KEPT)]}.

handle_call(_Request, _From, Excerpts) -> {reply, {error, unknown}, Excerpts}.

handle_cast(_Message, Excerpts) -> {noreply, Excerpts}.

handle_info(document, Excerpts) ->
    plan_document(),
    Kept = lists:sublist(Excerpts, ?KEPT - 1),
    {noreply, [excerpt(length(Excerpts)) | Kept]}.

plan_document() ->
    erlang:send_after(?DOCUMENT_MS, self(), document).

%% binary:copy/1 around the match would mend it.
excerpt(N) ->
    Document = binary:copy(<<N:32, "many words ">>, ?DOCUMENT_BYTES div 15),
    <<Excerpt:100/binary, _/binary>> = Document,
    Excerpt.
