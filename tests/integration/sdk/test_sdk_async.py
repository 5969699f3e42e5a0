"""The same verbs, awaitable."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

import signoff
import signoff.aio
from signoff.aio import AsyncClient
from signoff.sdk.client import Client
from signoff.settings import Settings


def _client(place: Settings) -> AsyncClient:
    return AsyncClient(lambda: Client(place, actor="ada"))


def test_a_gate_is_opened_answered_and_waited_for(place: Settings) -> None:
    async def program() -> None:
        async with _client(place) as client:
            gate = await client.open_gate("deploy-42", "go-live", "Deploy?", payload={"version": "1.4"})
            assert (gate.state, gate.receipt) == ("PENDING", None)
            waiting = asyncio.create_task(gate.wait())
            said = await client.reply("deploy-42", "go-live", "yes", prompt_digest=gate.prompt_digest)
            assert await waiting == said == gate.receipt
            assert (await client.gate("deploy-42", "go-live")).view == (await gate.refresh()).view
            assert (await client.assess({"operation": "deploy", "environment": "production"}))["risk_level"] == "high"

    asyncio.run(program())


def test_more_may_wait_than_there_are_threads(place: Settings) -> None:
    count = 40

    async def program() -> list[signoff.Receipt]:
        async with _client(place) as client:
            gates = [await client.open_gate("deploy-42", f"gate-{n}", "Deploy?") for n in range(count)]
            waits = [asyncio.create_task(gate.wait()) for gate in gates]
            for gate in gates:
                await client.reply("deploy-42", gate.key, "yes")
            return await asyncio.gather(*waits)

    receipts = asyncio.run(program())
    assert [receipt.gate_key for receipt in receipts] == [f"gate-{n}" for n in range(count)]


def test_a_wait_that_is_cancelled_leaves_no_thread_and_an_open_gate(signoff_dir: Path) -> None:
    async def program() -> None:
        async with signoff.aio.connect(dir=signoff_dir) as client:
            gate = await client.open_gate("deploy-42", "go-live", "Deploy?")
            waiting = asyncio.create_task(gate.wait())
            await client.gate("deploy-42", "go-live")
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert (await gate.refresh()).state == "PENDING"

    before = threading.active_count()
    asyncio.run(program())
    assert threading.active_count() == before


def test_time_that_is_over_and_deadlines_that_passed_are_told(signoff_dir: Path) -> None:
    async def program() -> None:
        async with signoff.aio.connect(dir=signoff_dir) as client:
            gate = await client.open_gate("deploy-42", "go-live", "Deploy?", ttl_s=1)
            with pytest.raises(TimeoutError):
                await gate.wait(0)
            with pytest.raises(signoff.GateTimedOutError):
                await gate.wait(30)
            assert [one.key async for one in client.gates(state=None)] == ["go-live"]
            assert [one async for one in client.gates()] == []

    asyncio.run(program())


def test_a_client_that_was_not_entered_connects_with_its_first_call(signoff_dir: Path) -> None:
    async def program() -> None:
        client = signoff.aio.connect(dir=signoff_dir)
        assert not signoff_dir.exists()
        gates = await asyncio.gather(*(client.open_gate("deploy-42", f"gate-{n}", "Deploy?") for n in range(3)))
        assert {gate.state for gate in gates} == {"PENDING"}
        await client.close()

    asyncio.run(program())
