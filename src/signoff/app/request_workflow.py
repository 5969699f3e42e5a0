"""Request a workflow: an approval that has a workflow of its own, for whoever has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.app.open_gate import OnDecision
from signoff.app.request_approval import Requested, request_approval
from signoff.app.world import World

#: The one gate of a workflow.
GATE_KEY = "approval"
WORKFLOW_PREFIX = "wf_"


def request_workflow(
    world: World, *, task: Mapping[str, Any], requested_by: str, actor: str, callback_url: str | None = None
) -> Requested:
    """A new workflow, whoever asks and however often.

    Raises:
        InvalidInputError: `invalid-task`, `invalid-name`, `callback-not-allowed`, `not-canonical`, or `invalid-prompt`:
        nothing is written. PolicyError.
    """
    return request_approval(
        world,
        workflow_id=f"{WORKFLOW_PREFIX}{world.new_id()}",
        gate_key=GATE_KEY,
        task=task,
        requested_by=requested_by,
        actor=actor,
        on_decision=OnDecision() if callback_url is None else OnDecision("callback", callback_url),
    )
