"""What each kind of outbox row sets going. Every start has a deterministic id: doing it twice starts it once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from signoff.app.ports import Row
from signoff.engine import workflows
from signoff.engine.context import current
from signoff.gates.keys import PARENT_QUEUE

_LIVE = ["PENDING", "ENQUEUED", "DELAYED"]


def dispatch(row: Row) -> None:
    """Everything but callbacks, which may take their time, and notices, of which the relay makes deliveries."""
    _BY_KIND[row["kind"]](row["payload"])


def _continue(leg: Mapping[str, Any]) -> None:
    key = current().partition_key(leg["partition_key"])
    with SetWorkflowID(leg["id"]), SetEnqueueOptions(queue_partition_key=key):
        DBOS.enqueue_workflow(PARENT_QUEUE, workflows.run_leg, leg)


def _cancel(order: Mapping[str, Any]) -> None:
    run = order["workflowId"]
    live = DBOS.list_workflows(workflow_id_prefix=run, status=_LIVE, load_input=False, load_output=False)
    ids = [one.workflow_id for one in live if one.workflow_id == run or one.workflow_id.startswith(f"{run}:")]
    if ids:
        DBOS.cancel_workflows(ids)


def _escalate(order: Mapping[str, Any]) -> None:
    with SetWorkflowID(order["id"]):
        DBOS.start_workflow(workflows.escalate, order)


def _message(order: Mapping[str, Any]) -> None:
    told = order["message"]
    DBOS.send(
        order["workflowId"],
        told,
        order["topic"],
        idempotency_key=f"signoff:{order['workflowId']}:{told['gateKey']}",
    )


_BY_KIND = {"continue": _continue, "cancel": _cancel, "escalate": _escalate, "message": _message}
