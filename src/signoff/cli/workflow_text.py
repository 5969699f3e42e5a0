"""Workflows in words, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signoff.cli.call import Call
from signoff.cli.failure import receipt_line
from signoff.cli.gate.text import remaining_words
from signoff.cli.output import hint, moment, say, time_left
from signoff.cli.table import Column, print_table
from signoff.cli.terminal import one_line

Wire = Mapping[str, Any]


def draw_requested(call: Call, requested: Wire) -> None:
    workflow_id = requested["workflow_id"]
    if requested["status"] == "approved":
        say(f"{workflow_id} is approved: its risk is one at which nobody is asked.", fg="green")
        return
    say(f"{workflow_id} waits for an approval.")
    say(f"  {'risk':<12}{requested['risk_level']}")
    say(f"  {'by':<12}{_roles(requested['approvers'])}")
    say(f"  {'until':<12}{moment(requested['timeout_at'])}")
    hint(f"Approve it with: {call.again('workflow', 'approve', workflow_id)}")


def draw_pending(call: Call, found: Wire, now: int) -> None:
    workflows = found["workflows"]
    if not workflows:
        say("No workflow waits for an approval.")
        return
    columns = [
        Column("LEFT"),
        Column("RISK"),
        Column("WORKFLOW"),
        Column("BY"),
        Column("DESCRIPTION", is_elastic=True),
    ]
    print_table(columns, [_row(one, now) for one in workflows])
    if found.get("has_more"):
        hint(f"There are more; these are the first {len(workflows)}. Ask for more with --limit, or for a --role alone.")
    hint(f"Read one: {call.again('workflow', 'status', 'ID')}")


def draw_approved(answer: Wire) -> None:
    say(f"Recorded: {answer['workflow_id']} {answer['status']}, by {one_line(answer['approved_by'])}", fg="green")
    if answer["remaining"]:
        say(f"  It still needs {remaining_words(answer['remaining'])}.")


def draw_rejected(answer: Wire) -> None:
    say(f"Recorded: {answer['workflow_id']} {answer['status']}, by {one_line(answer['rejected_by'])}", fg="green")


def draw_status(found: Wire) -> None:
    workflow = found["workflow"]
    say(one_line(workflow["description"]), bold=True)
    say(f"  {'status':<12}{workflow['status']}")
    if found.get("receipt"):
        say(f"  {'resolved':<12}{receipt_line(found['receipt'])}")
    if workflow["resolution_note"]:
        say(f"  {'because':<12}{one_line(workflow['resolution_note'])}")
    say(f"  {'workflow':<12}{workflow['workflow_id']}")
    say(f"  {'task':<12}{one_line(workflow['task_id'])}")
    say(f"  {'risk':<12}{workflow['risk_level']}")
    say(f"  {'asked by':<12}{one_line(workflow['requested_by'] or '-')}, {moment(workflow['requested_at'])}")
    if found["waits_for"] is not None:
        say(f"  {'waits for':<12}{remaining_words(found['waits_for'])}, until {moment(workflow['timeout_at'])}")
    _draw_history(found["history"])


def _draw_history(history: Sequence[Wire]) -> None:
    say()
    for event in history:
        why = "" if event["reason"] is None else f": {one_line(event['reason'])}"
        say(f"  {moment(event['at'])}  {event['event']} by {one_line(event['actor'])}{why}")


def _row(one: Wire, now: int) -> list[str]:
    left = time_left(one["timeout_at"] - now)
    return [left, one["risk_level"] or "-", one["workflow_id"], _roles(one["approvers"]), one["description"]]


def _roles(roles: Sequence[str]) -> str:
    return "anyone" if "*" in roles else ", ".join(roles)
