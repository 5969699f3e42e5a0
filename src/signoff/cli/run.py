"""`signoff run`: start, follow and end runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.output import hint, moment, say
from signoff.cli.settings_flags import LEDGER
from signoff.cli.table import Column, print_table
from signoff.cli.terminal import one_line
from signoff.errors import InvalidInputError
from signoff.gates.digest import parse_json
from signoff.gates.keys import PARENT_QUEUE
from signoff.plans.recipe import RECIPE

_STATUSES = ("ENQUEUED", "PENDING", "WAITING_INPUT", "SUCCESS", "ERROR", "CANCELLED")


@click.group()
def run() -> None:
    """Start, list, follow, cancel and retry runs."""


_START_EPILOG = """\b
Examples:
  signoff run start "Add a health check to the API"
  signoff run start "Rotate the keys" --input '{"service": "billing"}' --constraint planApprovalTimeoutS=600
  signoff run start "Clean up" --partition team-a --concurrency 4 --json
"""


@run.command(epilog=_START_EPILOG)
@click.argument("goal")
@click.option("--input", "inputs", metavar="JSON", help="What the run is given: a JSON object.")
@click.option("--constraint", "pairs", multiple=True, metavar="NAME=VALUE", help="A constraint (repeatable).")
@click.option("--constraints", metavar="JSON", help="All constraints, as a JSON object.")
@click.option("--partition", default="default", show_default=True, metavar="KEY", help="The queue partition.")
@click.option("--concurrency", type=click.IntRange(1, 100), help="How many tasks run at once.")
@click.option("--steps", type=click.IntRange(1, 1000), help="How many tasks are expected.")
@click.option("--sandbox-minutes", type=click.IntRange(1, 1440), help="How long a task may take.")
@acts
@takes_settings(*LEDGER, "partitioning", "plan_approval_timeout_s")
def start(
    call: Call,
    goal: str,
    inputs: str | None,
    pairs: tuple[str, ...],
    constraints: str | None,
    partition: str,
    **workload: int | None,
) -> None:
    """Start a run that works towards GOAL and stops at a gate before it changes anything."""
    wanted = {"inputs": _object("--input", inputs), "constraints": _constraints(constraints, pairs)}
    limits = {_WORKLOAD[name]: value for name, value in workload.items() if value is not None}
    with call.backend(creates=True) as backend:
        intent_id = backend.create_intent(goal, **wanted)
        body = {
            "intentId": intent_id,
            "queueName": PARENT_QUEUE,
            "queuePartitionKey": partition,
            "recipeName": RECIPE,
            "workload": limits,
        }
        started = backend.start_run(body)
    call.show(started, lambda: _draw_started(call, started))


_WORKLOAD = {"concurrency": "concurrency", "steps": "steps", "sandbox_minutes": "sandboxMinutes"}

_LIST_EPILOG = """\b
Examples:
  signoff run list
  signoff run list --status WAITING_INPUT --limit 20
"""


@run.command("list", epilog=_LIST_EPILOG)
@click.option("--status", type=click.Choice(_STATUSES))
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", help="Where the page before ended.")
@takes_settings(*LEDGER)
def list_runs(call: Call, status: str | None, limit: int, cursor: str | None) -> None:
    """Runs, newest first."""
    with call.backend() as backend:
        page = backend.runs(status, limit, cursor)
    call.show(page, lambda: _draw_list(page))


_SHOW_EPILOG = """\b
Examples:
  signoff run show it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q
  signoff run show it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q --json | jq .status
"""


@run.command(epilog=_SHOW_EPILOG)
@click.argument("workflow_id", metavar="WID")
@takes_settings(*LEDGER)
def show(call: Call, workflow_id: str) -> None:
    """Where a run stands: its status, steps, gates and artifacts."""
    with call.backend() as backend:
        view = backend.run(workflow_id)
        rows = {
            "steps": backend.steps(workflow_id),
            "gates": backend.gates_of(workflow_id),
            "artifacts": backend.artifacts(workflow_id),
        }
    call.show({**view, **rows}, lambda: _draw_run(view, **rows))


_WATCH_EPILOG = """\b
Examples:
  signoff run watch it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q
  signoff run watch it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q --until gate || echo "it waits for somebody"
"""


@run.command(epilog=_WATCH_EPILOG)
@click.argument("workflow_id", metavar="WID")
@click.option("--until", type=click.Choice(["end", "gate"]), default="end", show_default=True, help="When to stop.")
@takes_settings(*LEDGER)
def watch(call: Call, workflow_id: str, until: str) -> int:
    """Follow a run to its end: exit 0 when it succeeded, 1 when it did not; with --until gate, 3 when it waits.

    Ctrl-C stops the watching; the run goes on.
    """
    from signoff.cli.watch import watch_run

    return watch_run(call, workflow_id, stops_at_gate=until == "gate")


_CANCEL_EPILOG = """\b
Examples:
  signoff run cancel it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q --reason "no longer wanted"
"""


@run.command(epilog=_CANCEL_EPILOG)
@click.argument("workflow_id", metavar="WID")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the audit trail.")
@acts
@takes_settings(*LEDGER)
def cancel(call: Call, workflow_id: str, reason: str | None) -> None:
    """End a run and its open gates."""
    with call.backend() as backend:
        view = backend.cancel_run(workflow_id, reason)
    call.show(view, lambda: say(f"{workflow_id} is cancelled"))


_RETRY_EPILOG = """\b
Examples:
  signoff run retry it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q
"""


@run.command(epilog=_RETRY_EPILOG)
@click.argument("workflow_id", metavar="WID")
@acts
@takes_settings(*LEDGER)
def retry(call: Call, workflow_id: str) -> None:
    """Try a failed run again, from the step that failed; one that was refused from its start."""
    with call.backend() as backend:
        view = backend.retry_run(workflow_id)
    call.show(view, lambda: say(f"{workflow_id} is enqueued again"))


def _object(flag: str, text: str | None) -> dict[str, Any]:
    value = {} if text is None else parse_json(text)
    if not isinstance(value, dict):
        raise InvalidInputError(f"{flag} must be a JSON object.", code="invalid-input")
    return value


def _constraints(text: str | None, pairs: Sequence[str]) -> dict[str, Any]:
    constraints = _object("--constraints", text)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidInputError(f"--constraint {pair[:80]!r} is not of the form NAME=VALUE.", code="invalid-input")
        constraints[name] = _json_or_text(value)
    return constraints


def _json_or_text(text: str) -> Any:
    """`600` is a number and `true` a boolean; what is no JSON is text."""
    try:
        return parse_json(text)
    except InvalidInputError:
        return text


def _draw_started(call: Call, view: Mapping[str, Any]) -> None:
    say(view["workflowID"])
    hint(f"Follow it: {call.again('run', 'watch', view['workflowID'])}")
    if call.settings.url is None:
        hint("A worker carries it out: signoff up, or signoff worker.")


def _draw_list(page: Mapping[str, Any]) -> None:
    if not page["items"]:
        say("There are no runs.")
        return
    headers = ("WORKFLOW", "STATUS", "LAST STEP", "NEXT", "STARTED")
    columns = [*map(Column, headers), Column("ERROR", is_elastic=True)]
    print_table(columns, [_row(view) for view in page["items"]])
    if page["nextCursor"] is not None:
        hint(f"There are more: --cursor {page['nextCursor']}")


def _row(view: Mapping[str, Any]) -> list[str]:
    steps = (view["lastStep"] or "-", view["nextAction"])
    return [view["workflowID"], view["status"], *steps, moment(view["createdAt"]), view["error"] or ""]


def _draw_run(
    view: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    gates: Sequence[Mapping[str, Any]],
    artifacts: Sequence[Mapping[str, Any]],
) -> None:
    say(view["workflowID"], bold=True)
    facts = {
        "Status": view["status"],
        "Next": view["nextAction"],
        "Last step": view["lastStep"] or "-",
        "Recipe": view["recipeName"],
        "Started": moment(view["createdAt"]),
        "Changed": moment(view["updatedAt"]),
        **({"Error": view["error"]} if view["error"] else {}),
    }
    for name, value in facts.items():
        say(f"  {name:<12}{one_line(str(value))}")
    _rows(("STEP", "ATTEMPT", "PHASE", "DONE"), [_step(row) for row in steps])
    _rows(("GATE", "STATE", "DECISION", "BY"), [_gate(row) for row in gates])
    _rows(("ARTIFACT OF", "TASK", "KIND", "SHA256"), [_artifact(row) for row in artifacts])


def _rows(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        say()
        print_table([Column(header) for header in headers], rows)


def _step(row: Mapping[str, Any]) -> list[str]:
    return [row["stepId"], str(row["attempt"]), row["phase"], moment(row["finishedAt"])]


def _gate(view: Mapping[str, Any]) -> list[str]:
    receipt = view.get("receipt") or {}
    return [view["gateKey"], view["state"], receipt.get("decision") or "-", receipt.get("actor") or "-"]


def _artifact(row: Mapping[str, Any]) -> list[str]:
    return [row["stepId"], row["taskKey"] or "-", row["kind"], row["sha256"]]
