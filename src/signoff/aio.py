"""signoff for asyncio: the same verbs, awaitable.

    async with signoff.aio.connect() as client:
        gate = await client.open_gate("deploy-42", "go-live", "Deploy 1.4 to production?")
        receipt = await gate.wait()

Every call is made in a worker thread. A wait holds none: it looks again and again, so that any number of them may wait
at once, and one that is cancelled leaves at most a single look behind.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from signoff.sdk.client import PAGE, Client
from signoff.sdk.client import connect as connect_here
from signoff.sdk.gate import Gate

if TYPE_CHECKING:
    from signoff.sdk.backend import Wire
    from signoff.sdk.receipt import Receipt

__all__ = ["AsyncClient", "AsyncGate", "connect"]

#: The first looks come quickly, the later ones once a second.
PAUSE_S_MIN, PAUSE_S_MAX = 0.05, 1.0


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002 - the setting's name
    database_url: str | None = None,
    actor: str | None = None,
) -> AsyncClient:
    """As `signoff.connect`; the connection is made on entering the client, or with its first call."""
    return AsyncClient(lambda: connect_here(url, token, dir=dir, database_url=database_url, actor=actor))


class AsyncClient:
    def __init__(self, connect_now: Callable[[], Client]) -> None:
        self._connect_now = connect_now
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> AsyncClient:
        await self._connected()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._client is not None:
            await asyncio.to_thread(self._client.close)

    async def open_gate(self, workflow_id: str, key: str, title: str, **more: Any) -> AsyncGate:
        """As `signoff.Client.open_gate`, which names what else it takes."""
        client = await self._connected()
        return AsyncGate(await asyncio.to_thread(client.open_gate, workflow_id, key, title, **more))

    async def gate(self, workflow_id: str, key: str) -> AsyncGate:
        client = await self._connected()
        return AsyncGate(await asyncio.to_thread(client.gate, workflow_id, key))

    async def gates(
        self, *, state: str | None = "PENDING", role: str | None = None, risk: str | None = None
    ) -> AsyncIterator[AsyncGate]:
        client = await self._connected()
        cursor: str | None = None
        while True:
            found, cursor = await asyncio.to_thread(client.page, state, role, risk, PAGE, cursor)
            for gate in found:
                yield AsyncGate(gate)
            if cursor is None:
                return

    async def reply(self, workflow_id: str, key: str, choice: str, **more: Any) -> Receipt:
        """As `signoff.Client.reply`, which names what else it takes."""
        client = await self._connected()
        return await asyncio.to_thread(client.reply, workflow_id, key, choice, **more)

    async def assess(self, task: Mapping[str, Any]) -> Wire:
        """As `signoff.Client.assess`."""
        client = await self._connected()
        return await asyncio.to_thread(client.assess, task)

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(self._connect_now)
        return self._client


class AsyncGate:
    """What was last seen of a gate; `refresh` and `wait` look again."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __repr__(self) -> str:
        return f"<AsyncGate {self.workflow_id} {self.key} {self.state}>"

    @property
    def workflow_id(self) -> str:
        return self._gate.workflow_id

    @property
    def key(self) -> str:
        return self._gate.key

    @property
    def title(self) -> str:
        return self._gate.title

    @property
    def prompt_digest(self) -> str:
        return self._gate.prompt_digest

    @property
    def state(self) -> str:
        return self._gate.state

    @property
    def deadline_at(self) -> int:
        """Epoch milliseconds."""
        return self._gate.deadline_at

    @property
    def receipt(self) -> Receipt | None:
        return self._gate.receipt

    @property
    def view(self) -> Wire:
        return self._gate.view

    async def refresh(self) -> AsyncGate:
        await asyncio.to_thread(self._gate.refresh)
        return self

    async def wait(self, timeout_s: float | None = None) -> Receipt:
        """As `signoff.Gate.wait`, with the same errors."""
        patience = self._gate.patience()
        ends_at = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = PAUSE_S_MIN
        while self._gate.state == "PENDING":
            self._gate.take(await asyncio.to_thread(patience.look, 0))
            left_s = PAUSE_S_MAX if ends_at is None else ends_at - time.monotonic()
            if self._gate.state != "PENDING" or left_s <= 0:
                break
            await asyncio.sleep(min(pause_s, left_s))
            pause_s = min(PAUSE_S_MAX, pause_s * 2)
        return self._gate.decided_or_raise(timeout_s)
