"""Where in a thread a node asks: what names its gate, and where the thread stops for it.

A node that is run again after an interrupt has the place that it had, and so finds its gate again. The same node later
in the thread, in a loop, has another one, and asks afresh.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.app.open_gate import OnDecision
from signoff.errors import InvalidInputError
from signoff.gates.digest import sha256_hex
from signoff.gates.keys import WORKFLOW_ID_PATTERN, check_gate_key

MARK_CHARS = 16


@dataclass(frozen=True)
class Place:
    """`checkpoint_ns` names the task that runs, through the checkpoint that it starts from; `checkpoint_id` is that of
    the whole graph, also within a subgraph."""

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str

    @property
    def workflow_id(self) -> str:
        return workflow_id_of(self.thread_id)

    @property
    def on_decision(self) -> OnDecision:
        return OnDecision("resume", thread_id=self.thread_id, checkpoint_id=self.checkpoint_id)

    def gate_key(self, key: str) -> str:
        """
        Raises:
            InvalidInputError: (`bad-gate-key`) with its mark it is no gate key, or too long for one.
        """
        return check_gate_key(f"{key}-{sha256_hex(self.checkpoint_ns.encode())[:MARK_CHARS]}")


def workflow_id_of(thread_id: str) -> str:
    """The thread's id, or where that cannot be one of a workflow, a name made of it."""
    if re.fullmatch(WORKFLOW_ID_PATTERN, thread_id):
        return thread_id
    return f"thread:{sha256_hex(thread_id.encode())[:32]}"


def place_of(config: Mapping[str, Any]) -> Place:
    """
    Args:
        config: a RunnableConfig as a node gets it.

    Raises:
        InvalidInputError: (`thread-needed`) it is not that of a node of a graph with a checkpointer and a thread id.
    """
    said = config.get("configurable", {})
    checkpoint_ids = said.get("checkpoint_map") or {}
    if not (said.get("thread_id") and said.get("checkpoint_ns") and checkpoint_ids.get("")):
        raise InvalidInputError(
            "A gate stops the thread of a graph: ask in a node, of a graph that has a checkpointer and was given a "
            "thread_id.",
            code="thread-needed",
        )
    return Place(str(said["thread_id"]), said["checkpoint_ns"], checkpoint_ids[""])
