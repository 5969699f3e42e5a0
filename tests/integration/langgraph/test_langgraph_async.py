"""The same in graphs that are coroutines, with the savers that they have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from graph_places import Effects, Place, State, answer, config_of
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, StateGraph

import signoff
from signoff.langgraph import Resumer, agate, approval_node

AsyncSaver = AsyncPostgresSaver | AsyncSqliteSaver


@asynccontextmanager
async def checkpoints_of(place: Place) -> AsyncIterator[AsyncSaver]:
    if place.database_url is None:
        async with AsyncSqliteSaver.from_conn_string(str(place.directory / "threads.db")) as sqlite:
            yield sqlite
        return
    async with AsyncPostgresSaver.from_conn_string(place.database_url) as postgres:
        await postgres.setup()
        yield postgres


def graph_of(client: signoff.Client, effects: Callable[[], Any]) -> StateGraph[State]:
    async def request(state: State) -> State:
        receipt = await agate(client, "deploy", "Deploy 1.4?")
        return {"approved": receipt.is_approved}

    async def execute(state: State) -> State:
        said = effects()
        if isinstance(said, Awaitable):
            await said
        return {}

    builder = StateGraph(State).add_node("request", request).add_node("execute", execute)
    return builder.add_edge(START, "request").add_edge("request", "execute")


def test_a_coroutine_asks_and_goes_on_once(place: Place, client: signoff.Client, effects: Effects) -> None:
    async def main() -> None:
        async with checkpoints_of(place) as checkpoints:
            graph = graph_of(client, effects).compile(checkpointer=checkpoints)
            await graph.ainvoke({}, config_of())
            resumers = [Resumer(graph, checkpoints, client) for _ in range(3)]
            assert await resumers[0].arun_once() == []
            await asyncio.to_thread(answer, client)
            done = await asyncio.gather(*(resumer.arun_once() for resumer in resumers))
            assert sorted(len(one) for one in done) == [0, 0, 1]

    asyncio.run(main())
    assert (effects.count, place.passes()) == (1, 1)
    assert place.resumptions() == [["done", 1]]


def test_it_runs_until_it_is_cancelled(place: Place, client: signoff.Client) -> None:
    async def main() -> None:
        came = asyncio.Event()
        async with checkpoints_of(place) as checkpoints:
            graph = graph_of(client, came.set).compile(checkpointer=checkpoints)
            await graph.ainvoke({}, config_of())
            running = asyncio.create_task(Resumer(graph, checkpoints, client).arun())
            await asyncio.to_thread(answer, client)
            await asyncio.wait_for(came.wait(), 60)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(main())


def test_one_that_is_cancelled_over_a_thread_leaves_it_to_the_next(place: Place, client: signoff.Client) -> None:
    async def main() -> None:
        begun, times = asyncio.Event(), 0

        async def execute() -> None:
            nonlocal times
            times += 1
            begun.set()
            if times == 1:
                await asyncio.Event().wait()

        async with checkpoints_of(place) as checkpoints:
            graph = graph_of(client, execute).compile(checkpointer=checkpoints)
            await graph.ainvoke({}, config_of())
            await asyncio.to_thread(answer, client)
            running = asyncio.create_task(Resumer(graph, checkpoints, client).arun_once())
            await asyncio.wait_for(begun.wait(), 60)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            (resumed,) = await Resumer(graph, checkpoints, client).arun_once()
            assert list(resumed.states.values()) == ["done"]
            # The step that was broken off is run again.
            assert times == 2

    asyncio.run(main())
    assert place.passes() == 2


def test_the_approval_node_serves_graphs_that_are_run_either_way(place: Place, client: signoff.Client) -> None:
    async def main() -> Any:
        async with checkpoints_of(place) as checkpoints:
            builder = StateGraph(State).add_node("approve", approval_node(client)).add_edge(START, "approve")
            graph = builder.compile(checkpointer=checkpoints)
            await graph.ainvoke({"task": {"operation": "delete", "environment": "production"}}, config_of())
            (opened,) = client.gates()
            await asyncio.to_thread(client.reply, "t-1", opened.key, "no", rationale="not today")
            await Resumer(graph, checkpoints, client).arun_once()
            return (await graph.aget_state(config_of())).values

    end = asyncio.run(main())
    assert (end["approved"], end["risk"]["risk_level"]) == (False, "critical")


def test_a_graph_that_raises_is_told_of(place: Place, client: signoff.Client) -> None:
    def execute() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with checkpoints_of(place) as checkpoints:
            graph = graph_of(client, execute).compile(checkpointer=checkpoints)
            await graph.ainvoke({}, config_of())
            await asyncio.to_thread(answer, client)
            (resumed,) = await Resumer(graph, checkpoints, client).arun_once()
            assert (list(resumed.states.values()), type(resumed.error)) == (["failed"], ZeroDivisionError)

    asyncio.run(main())
