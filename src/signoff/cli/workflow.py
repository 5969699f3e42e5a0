"""`signoff workflow`: tasks that are assessed, and approved by the id of their workflow."""

from __future__ import annotations

from typing import Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.failure import UNJUSTIFIED, advising
from signoff.cli.settings_flags import LEDGER


@click.group()
def workflow() -> None:
    """Have tasks assessed and approved, here or on a server (--url, SIGNOFF_URL)."""


_REQUEST_EPILOG = """\b
Examples:
  signoff workflow request task.json --requested-by deploy-agent
  echo '{"operation": "deploy", "environment": "production"}' | signoff workflow request -
  signoff workflow request task.json --json | jq -r .workflow_id
"""


@workflow.command(epilog=_REQUEST_EPILOG)
@click.argument("task", metavar="TASK.json|-")
@click.option("--requested-by", metavar="NAME", help="Who asks; whoever calls without it.")
@click.option("--callback-url", metavar="URL", help="Called, signed, as soon as it is resolved.")
@acts
@takes_settings(*LEDGER, "policy_dir")
def request(call: Call, task: str, requested_by: str | None, callback_url: str | None) -> None:
    """Have a task assessed: let through at once, or put before people. It is one JSON object, - is standard input."""
    from signoff.cli.task_file import read_task
    from signoff.cli.workflow_text import draw_requested

    body = {"task": read_task(task), "requested_by": requested_by or call.actor}
    if callback_url is not None:
        body["callback_url"] = callback_url
    with call.backend(creates=True) as backend:
        requested = backend.request_workflow(body)
    call.show(requested, lambda: draw_requested(call, requested))


_PENDING_EPILOG = """\b
Examples:
  signoff workflow list-pending
  signoff workflow list-pending --role security_team --json
"""


@workflow.command("list-pending", epilog=_PENDING_EPILOG)
@click.option("--role", help="Only what this role may answer.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@takes_settings(*LEDGER)
def list_pending(call: Call, role: str | None, limit: int) -> None:
    """What waits for an approval, critical first, then oldest."""
    from signoff.cli.workflow_text import draw_pending

    with call.backend() as backend:
        found, now = backend.pending_workflows(role, limit), backend.now()
    call.show(found, lambda: draw_pending(call, found, now))


_APPROVE_EPILOG = """\b
Examples:
  signoff workflow approve wf_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2
  signoff workflow approve wf_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2 --justification "canary is green"
"""


@workflow.command(epilog=_APPROVE_EPILOG)
@click.argument("workflow_id", metavar="ID")
@click.option("--justification", metavar="TEXT", help="Why; needed where the risk level asks for it.")
@acts
@takes_settings(*LEDGER)
def approve(call: Call, workflow_id: str, justification: str | None) -> None:
    """Approve a workflow."""
    from signoff.cli.workflow_text import draw_approved

    with advising(UNJUSTIFIED, "Add --justification TEXT."), call.backend() as backend:
        answer = backend.approve_workflow(workflow_id, _given(justification=justification))
    call.show(answer, lambda: draw_approved(answer))


_REJECT_EPILOG = """\b
Examples:
  signoff workflow reject wf_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2 --reason "not during the freeze"
"""


@workflow.command(epilog=_REJECT_EPILOG)
@click.argument("workflow_id", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why not.")
@acts
@takes_settings(*LEDGER)
def reject(call: Call, workflow_id: str, reason: str) -> None:
    """Reject a workflow."""
    from signoff.cli.workflow_text import draw_rejected

    with advising(UNJUSTIFIED, "Say why with --reason TEXT."), call.backend() as backend:
        answer = backend.reject_workflow(workflow_id, {"reason": reason})
    call.show(answer, lambda: draw_rejected(answer))


_STATUS_EPILOG = """\b
Examples:
  signoff workflow status wf_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2
  signoff workflow status wf_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2 --json | jq -r .workflow.status
"""


@workflow.command(epilog=_STATUS_EPILOG)
@click.argument("workflow_id", metavar="ID")
@takes_settings(*LEDGER)
def status(call: Call, workflow_id: str) -> None:
    """Where a workflow stands: request, decisions, history, and what it waits for."""
    from signoff.cli.workflow_text import draw_status

    with call.backend() as backend:
        found = backend.workflow(workflow_id)
    call.show(found, lambda: draw_status(found))


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
