"""A thread while it is ours: the claim is held as long as that takes, and given up with what became of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.resume_thread import DUE, FAILED, Claim, Outcome, hold_thread, later, settle_thread
from signoff.app.world import World
from signoff.errors import LedgerUnavailableError
from signoff.langgraph.move import outcome_of
from signoff.langgraph.passage import Passage, passing

if TYPE_CHECKING:
    from langgraph.types import StateSnapshot

#: How often a claim is renewed within the time after which it would lapse.
BEATS = 3

_log = logging.getLogger("signoff.langgraph")


@dataclass(frozen=True)
class Resumed:
    """What became of a thread, by the key of each gate: `done`; `due` (kept, to be looked at again); `overtaken` (the
    thread has gone another way); `failed`: the graph raised `error` after the gate."""

    thread_id: str
    states: Mapping[str, str]
    error: Exception | None = None


class ClaimedThread:
    """`is_running` says that the graph is under way; it stays so when the graph raises."""

    def __init__(self, world: World, claim: Claim, *, actor: str, lapse_s: float) -> None:
        self.claim = claim
        self.is_running = False
        self._world = world
        self._passage = Passage(world, claim, actor)
        self._lapse_s = lapse_s

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the block lasts the claim does not lapse. A block that is broken off gives it up at once."""
        ended = threading.Event()
        beats = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beats.start()
        try:
            with passing(self._passage):
                yield
        except BaseException:
            settle_thread(self._world, self.claim, {one.gate_key: Outcome(DUE) for one in self.claim.resumptions})
            raise
        finally:
            ended.set()
            beats.join()

    def passes_again(self) -> bool:
        """Whether the thread may go on behind the gates that it passed before: the claim is ours still. It is put on
        record as the first time was."""
        passed = [one.gate_key for one in self.claim.resumptions if one.is_passed]
        return all(self._passage.admits(self.claim.workflow_id, gate_key) for gate_key in passed)

    def settle(self, seen: StateSnapshot | Exception) -> Resumed:
        """The end, by the thread as it was seen last, or by what was raised."""
        outcomes = dict(self._outcomes(seen))
        settle_thread(self._world, self.claim, outcomes)
        error = seen if isinstance(seen, Exception) else None
        resumed = Resumed(self.claim.thread_id, {key: one.state for key, one in outcomes.items()}, error)
        if error is not None:
            _log.warning("thread %s: %s", resumed.thread_id, dict(resumed.states), exc_info=error)
        return resumed

    def _outcomes(self, seen: StateSnapshot | Exception) -> Iterator[tuple[str, Outcome]]:
        now = self._world.clock()
        for one in self.claim.resumptions:
            is_passed = one.is_passed or one.gate_key in self._passage.passed
            if not isinstance(seen, Exception):
                outcome = outcome_of(self.claim, one, seen, is_passed=is_passed, now=now)
            elif is_passed and self.is_running:
                # Whether to do it once more is not ours to say: a part of it may be done.
                outcome = Outcome(FAILED, _said(seen))
            else:
                outcome = later(now, one.attempts, _said(seen))
            yield one.gate_key, outcome

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(self._lapse_s / BEATS):
            try:
                is_held = hold_thread(self._world, self.claim)
            except LedgerUnavailableError as error:
                _log.warning("the claim to thread %s could not be held: %s", self.claim.thread_id, error.message)
                continue
            if not is_held:
                _log.warning("the claim to thread %s has gone to somebody else", self.claim.thread_id)
                return


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
