"""Resumes the threads of a graph as their gates are decided, each decision once, however many resumers run."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

from langgraph.types import Command

from signoff.app.resume_thread import Claim, claim_thread, retry_thread
from signoff.app.sweep_deadlines import sweep_deadlines
from signoff.errors import LedgerUnavailableError
from signoff.gates.principal import ANONYMOUS
from signoff.langgraph.claimed import ClaimedThread, Resumed
from signoff.langgraph.holder import is_alive, new_claim_id
from signoff.langgraph.move import Move, next_move
from signoff.langgraph.place import workflow_id_of

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.pregel import Pregel

    from signoff.sdk.client import Client

LAPSE_S = 30.0
LOOK_S = 1.0

_log = logging.getLogger("signoff.langgraph")


class Resumer:
    """Resumes one thread at a time; for more at once run more of them, in threads, processes, on machines.

    Args:
        graph: compiled.
        checkpointer: where its threads are; None for the one that it was compiled with.
        client: one of the ledger itself, with the gates of this graph.
        config: what every run of the graph is given besides its thread's id.
        context: the graph's context.
        lapse_s: a resumer elsewhere that has not been heard of for so long has lost its claim.

    Raises:
        InvalidInputError: (`ledger-needed`) the client is one of a server.
    """

    def __init__(
        self,
        graph: Pregel[Any, Any, Any, Any],
        checkpointer: BaseCheckpointSaver[Any] | None,
        client: Client,
        *,
        config: RunnableConfig | None = None,
        context: Any = None,
        lapse_s: float = LAPSE_S,
    ) -> None:
        self._graph = graph if checkpointer is None else graph.copy({"checkpointer": checkpointer})
        self._world = client.at_hand()
        self._actor = client.actor or ANONYMOUS
        self._config = config
        self._context = context
        self._lapse_s = lapse_s

    def run(self, stopping: threading.Event | None = None) -> None:
        """Wait for decisions and resume, until `stopping` is set."""
        stopping = stopping or threading.Event()
        while not stopping.is_set():
            try:
                with self._world.ledger.watch() as watch:
                    while not stopping.is_set():
                        self.run_once()
                        watch.wait(LOOK_S)
            except LedgerUnavailableError as error:
                _log.warning("waiting for the ledger: %s", error.message)
                stopping.wait(LOOK_S)

    async def arun(self) -> None:
        """As `run`, until it is cancelled. It holds no thread while it waits, and looks once a second."""
        while True:
            try:
                await self.arun_once()
            except LedgerUnavailableError as error:
                _log.warning("waiting for the ledger: %s", error.message)
            await asyncio.sleep(LOOK_S)

    def run_once(self) -> list[Resumed]:
        """Resume whatever is decided by now, and nobody else is at work on.

        Raises:
            LedgerUnavailableError: what was begun is finished by whoever looks next.
        """
        sweep_deadlines(self._world)
        return list(iter(self._resume_next, None))

    async def arun_once(self) -> list[Resumed]:
        """As `run_once`, through the graph's `ainvoke`."""
        await asyncio.to_thread(sweep_deadlines, self._world)
        done = []
        while (resumed := await self._aresume_next()) is not None:
            done.append(resumed)
        return done

    def retry(self, thread_id: str) -> int:
        """Let a thread whose graph raised after its gate go on once more; how many decisions are due again."""
        return retry_thread(self._world, workflow_id_of(thread_id))

    def _resume_next(self) -> Resumed | None:
        with new_claim_id() as claim_id:
            claim = self._claim(claim_id)
            return None if claim is None else self._resume(claim)

    async def _aresume_next(self) -> Resumed | None:
        with new_claim_id() as claim_id:
            claim = await asyncio.to_thread(self._claim, claim_id)
            return None if claim is None else await self._aresume(claim)

    def _claim(self, claim_id: str) -> Claim | None:
        return claim_thread(self._world, claim_id, lapse_ms=int(self._lapse_s * 1000), is_alive=is_alive)

    def _resume(self, claim: Claim) -> Resumed:
        thread, config = self._thread(claim), self._config_of(claim)
        with thread.held():
            try:
                snapshot = self._graph.get_state(config)
                move = next_move(claim, snapshot)
                if move.answers or (move.stands_still and thread.passes_again()):
                    thread.is_running = True
                    self._graph.invoke(_input_of(move), config, **self._how)
                    thread.is_running = False
                    snapshot = self._graph.get_state(config)
            except Exception as error:  # noqa: BLE001
                # Whatever one graph raises must not keep the other threads.
                return thread.settle(error)
            return thread.settle(snapshot)

    async def _aresume(self, claim: Claim) -> Resumed:
        thread, config = self._thread(claim), self._config_of(claim)
        with thread.held():
            try:
                snapshot = await self._graph.aget_state(config)
                move = next_move(claim, snapshot)
                if move.answers or (move.stands_still and await asyncio.to_thread(thread.passes_again)):
                    thread.is_running = True
                    await self._graph.ainvoke(_input_of(move), config, **self._how)
                    thread.is_running = False
                    snapshot = await self._graph.aget_state(config)
            except Exception as error:  # noqa: BLE001
                # Whatever one graph raises must not keep the other threads.
                return await asyncio.to_thread(thread.settle, error)
            return await asyncio.to_thread(thread.settle, snapshot)

    @property
    def _how(self) -> dict[str, Any]:
        # Checkpoints are saved before the next step begins, so that a death loses no step that is done.
        return {"context": self._context, "durability": "sync"}

    def _thread(self, claim: Claim) -> ClaimedThread:
        return ClaimedThread(self._world, claim, actor=self._actor, lapse_s=self._lapse_s)

    def _config_of(self, claim: Claim) -> RunnableConfig:
        config: RunnableConfig = {} if self._config is None else self._config.copy()
        config["configurable"] = {**config.get("configurable", {}), "thread_id": claim.thread_id}
        return config


def _input_of(move: Move) -> Command[Any] | None:
    return Command(resume=dict(move.answers)) if move.answers else None
