"""Who may pass a decided gate: the run of a graph that was begun under a claim to its thread, and no other.

What a thread is resumed with is not believed: whoever has the checkpointer can resume it with anything, as often as
they like. A run of ours carries its claim with it, which langgraph hands on to the threads and tasks of the nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from signoff.app.resume_thread import Claim, let_through
from signoff.app.world import World


@dataclass
class Passage:
    """`passed` are the keys of the gates that let this run through."""

    world: World
    claim: Claim
    actor: str
    passed: set[str] = field(default_factory=set)

    def admits(self, workflow_id: str, gate_key: str) -> bool:
        """Whether the node may go on. The ledger is asked each time: the claim may have gone to somebody else."""
        if workflow_id != self.claim.workflow_id:
            return False
        if not let_through(self.world, self.claim, gate_key, actor=self.actor):
            return False
        self.passed.add(gate_key)
        return True


_passage: ContextVar[Passage | None] = ContextVar("signoff_passage", default=None)


def current_passage() -> Passage | None:
    return _passage.get()


@contextmanager
def passing(passage: Passage) -> Iterator[None]:
    token = _passage.set(passage)
    try:
        yield
    finally:
        _passage.reset(token)
