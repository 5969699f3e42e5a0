"""A gate in a node: the thread stops there, and goes on when it is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langgraph.config import get_config
from langgraph.types import interrupt

from signoff.errors import ConflictError, NotFoundError
from signoff.gates.digest import digest_of
from signoff.langgraph.passage import current_passage
from signoff.langgraph.place import place_of
from signoff.sdk.gate import Gate

if TYPE_CHECKING:
    from signoff.sdk.client import Client
    from signoff.sdk.receipt import Receipt

#: The member of an interrupt's value that says of which gate it is.
MARK = "signoff"


def gate(client: Client, key: str, title: str, *, config: Mapping[str, Any] | None = None, **more: Any) -> Receipt:
    """Ask, in a node of a graph: the thread is interrupted until the gate has ended, and the receipt is the ledger's.

    The node is run from its beginning when the thread is resumed, and asks again: at the same place it finds its gate,
    as people saw it. A payload that has changed meanwhile is refused. The gate's workflow is the thread; its key is
    `key` and a mark of this visit of the node.

    Args:
        client: one of a ledger at hand, not of a server.
        config: the node's RunnableConfig; without one the one that is current.
        more: as `signoff.Client.open_gate` takes it: `body`, `payload`, `choices`, `requirement`, `ttl_s` ...

    Returns:
        The receipt, whatever ended the gate: look at `is_approved`. `state` is TIMED_OUT where nobody decided in time.

    Raises:
        InvalidInputError: also `thread-needed`, `ledger-needed`. ConflictError: (`gate-exists`) the payload is another
        than when it was asked first.
    """
    client.at_hand()
    place = place_of(get_config() if config is None else config)
    gate_key = place.gate_key(key)
    asked = asked_before(client, place.workflow_id, gate_key, more.get("payload"))
    if asked is None:
        wire = {"kind": "resume", "threadId": place.thread_id, "checkpointId": place.checkpoint_id}
        asked = client.open_gate(place.workflow_id, gate_key, title, on_decision=wire, **more)
    return stop_at(asked)


async def agate(
    client: Client, key: str, title: str, *, config: Mapping[str, Any] | None = None, **more: Any
) -> Receipt:
    """As `gate`, in a node that is a coroutine."""
    return await asyncio.to_thread(gate, client, key, title, config=config, **more)


def asked_before(client: Client, workflow_id: str, gate_key: str, payload: Any) -> Gate | None:
    """The gate of this place, if it was opened before. Its wording, and what it requires, stay as people saw them; what
    an approval lets happen must be the same.

    Raises:
        ConflictError: (`gate-exists`) it is not.
    """
    try:
        asked = client.gate(workflow_id, gate_key)
    except NotFoundError:
        return None
    if digest_of(asked.view["prompt"].get("payload")) == digest_of(payload):
        return asked
    raise ConflictError(
        f"Gate {gate_key} of {workflow_id} exists, and what it lets happen is not what is asked for now.",
        code="gate-exists",
        details={"promptDigest": asked.prompt_digest},
        receipt=asked.view.get("receipt"),
    )


def stop_at(asked: Gate) -> Receipt:
    """Interrupt until a run that has the claim to this decision comes by. Each resume by anybody else uses up one
    answer of the interrupt, and the question is there again."""
    while True:
        interrupt({MARK: _reference(asked)})
        passage = current_passage()
        if passage is not None and passage.admits(asked.workflow_id, asked.key):
            receipt = asked.refresh().receipt
            assert receipt is not None  # noqa: S101 - nobody is admitted before the gate has ended
            return receipt


def _reference(asked: Gate) -> dict[str, str]:
    return {
        "workflowId": asked.workflow_id,
        "gateKey": asked.key,
        "title": asked.title,
        "promptDigest": asked.prompt_digest,
    }
