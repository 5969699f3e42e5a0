"""`signoff gate`: what waits for a person, and the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.answer import Said, choice_with, dedupe_key_of, payload_of
from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.output import Column, hint, print_table, say, time_left
from signoff.cli.settings_flags import LEDGER
from signoff.cli.terminal import is_attended
from signoff.clock import now_ms
from signoff.errors import InvalidInputError
from signoff.gates.digest import parse_json
from signoff.gates.prompt import APPROVE, FIX, HOLD, REJECT, SHARED_FIELDS

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

_STATES = ("PENDING", "RECEIVED", "TIMED_OUT", "CANCELLED")
_RISKS = ("low", "medium", "high", "critical")
_COMMANDS = {APPROVE: "approve", REJECT: "reject", HOLD: "defer"}
_ROWS_AT_ONCE = 500


@click.group()
def gate() -> None:
    """List, show and answer gates."""


_LIST_EPILOG = """\b
Examples:
  signoff gate list
  signoff gate list --role security --risk high
  signoff gate list --state RECEIVED --limit 200
  signoff gate list --json | jq '.items[].gateKey'
"""


@gate.command("list", epilog=_LIST_EPILOG)
@click.option("--state", type=click.Choice(_STATES), default="PENDING", show_default=True)
@click.option("--all", "is_all", is_flag=True, help="Gates in every state.")
@click.option("--role", help="Only gates that this role may answer.")
@click.option("--risk", type=click.Choice(_RISKS), help="Only gates of this risk level.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", help="Where the page before ended.")
@takes_settings(*LEDGER)
def list_gates(
    call: Call, state: str, is_all: bool, role: str | None, risk: str | None, limit: int, cursor: str | None
) -> None:
    """What waits for a person, soonest deadline first."""
    with call.backend() as backend:
        page = backend.gates(None if is_all else state, role, risk, limit, cursor)
    call.show(page, lambda: _draw_list(call, page))


_SHOW_EPILOG = """\b
Examples:
  signoff gate show approve-plan-3fa9c1d2e4b50617
  signoff gate show deploy-42 ship            the workflow's id first where the key alone is not unique
  signoff gate show ship --json
"""


@gate.command(epilog=_SHOW_EPILOG)
@click.argument("where", nargs=-1, required=True, metavar="[WID] GATE_KEY")
@takes_settings(*LEDGER)
def show(call: Call, where: tuple[str, ...]) -> None:
    """What a gate asks, what was said at it, and the commands that answer it."""
    with call.backend() as backend:
        view = _find(backend, where)
        history = list(_interactions_at(backend, view))
    from signoff.cli.gate_text import draw_gate

    answers = list(_answers(call, where, view)) if view["state"] == "PENDING" else []
    call.show({**view, "interactions": history}, lambda: draw_gate(view, history, answers, now_ms()))


def _answering(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that the three answers share; they arrive as `said`."""
    for option in (
        click.option("--dedupe-key", help="Names this answer; the same again gets the same receipt."),
        click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="Fill in a field (repeatable)."),
        click.option("--all-items", is_flag=True, help="Tick every item of the checklist."),
        click.option("--item", "items", multiple=True, metavar="ID", help="Tick an item (repeatable)."),
        click.option("--condition", "conditions", multiple=True, metavar="TEXT", help="A condition (repeatable)."),
        click.option("--rationale", metavar="TEXT", help="Why."),
        click.option("--choice", metavar="KEY", help="Which choice, where several have this effect."),
        click.argument("where", nargs=-1, required=True, metavar="[WID] GATE_KEY"),
    ):
        function = option(function)
    return acts(function)


_APPROVE_EPILOG = """\b
Examples:
  signoff gate approve approve-plan-3fa9c1d2e4b50617
  signoff gate approve deploy-42 ship --rationale "checked the diff" --condition "only on staging"
  signoff gate approve ship --item tests-green --item docs --as ada
  signoff gate approve ship --all-items --field window=tonight
"""


@gate.command(epilog=_APPROVE_EPILOG)
@_answering
@takes_settings(*LEDGER)
def approve(call: Call, **options: Any) -> None:
    """Approve: with the gate's choice that lets it through."""
    _answer(call, APPROVE, **options)


_REJECT_EPILOG = """\b
Examples:
  signoff gate reject approve-plan-3fa9c1d2e4b50617 --rationale "touches billing"
  signoff gate reject deploy-42 ship --as ada --json
"""


@gate.command(epilog=_REJECT_EPILOG)
@_answering
@takes_settings(*LEDGER)
def reject(call: Call, **options: Any) -> None:
    """Reject: with the gate's choice that ends it here."""
    _answer(call, REJECT, **options)


_DEFER_EPILOG = """\b
Examples:
  signoff gate defer ship --rationale "after the holidays"
"""


@gate.command(epilog=_DEFER_EPILOG)
@_answering
@takes_settings(*LEDGER)
def defer(call: Call, **options: Any) -> None:
    """Defer: say that you have seen it, and leave it open. Its deadline stays."""
    _answer(call, HOLD, **options)


_REPLY_EPILOG = """\b
Examples:
  signoff gate reply deploy-42 ship --choice yes
  signoff gate reply deploy-42 ship --choice later --data '{"rationale": "freeze", "window": "monday"}'
"""


@gate.command(epilog=_REPLY_EPILOG)
@click.argument("where", nargs=-1, required=True, metavar="[WID] GATE_KEY")
@click.option("--choice", required=True, metavar="KEY", help="One of the gate's choices.")
@click.option("--data", metavar="JSON", help="The rest of the payload, as an object.")
@click.option("--dedupe-key", help="Names this answer; the same again gets the same receipt.")
@acts
@takes_settings(*LEDGER)
def reply(call: Call, where: tuple[str, ...], choice: str, data: str | None, dedupe_key: str | None) -> None:
    """Answer with any choice and any payload."""
    more = {} if data is None else parse_json(data)
    if not isinstance(more, dict) or "choice" in more:
        raise InvalidInputError("--data must be a JSON object without `choice`.", code="invalid-reply")
    with call.backend() as backend:
        view = _find(backend, where)
        _send(call, backend, view, {"choice": choice, **more}, dedupe_key)


def _answer(
    call: Call, effect: str, *, where: tuple[str, ...], choice: str | None, dedupe_key: str | None, **said: Any
) -> None:
    with call.backend() as backend:
        view = _find(backend, where)
        payload = payload_of(choice_with(effect, view["prompt"], choice), Said(**said), view["prompt"])
        _send(call, backend, view, payload, dedupe_key)


def _send(
    call: Call, backend: Backend, view: Mapping[str, Any], payload: dict[str, Any], dedupe_key: str | None
) -> None:
    """The answer names the digest of the prompt that was read just before: of what it is an answer to."""
    body = {
        "payload": payload,
        "dedupeKey": dedupe_key or dedupe_key_of(call.actor, call.settings.token, view, payload),
        "origin": "console" if is_attended() else "manual",
        "promptDigest": view["prompt"]["digest"],
    }
    answer = backend.reply(view["workflowID"], view["gateKey"], body)
    call.show(answer, lambda: _draw_receipt(answer, view))


def _find(backend: Backend, where: tuple[str, ...]) -> dict[str, Any]:
    if len(where) > 2:
        raise click.UsageError("Name a gate by its key, or by its workflow's id and its key.")
    return backend.gate_by_key(where[0]) if len(where) == 1 else backend.gate(where[0], where[1])


def _interactions_at(backend: Backend, view: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = backend.interactions(view["workflowID"], _ROWS_AT_ONCE, cursor)
        yield from (one for one in page["items"] if one["gateKey"] == view["gateKey"])
        cursor = page["nextCursor"]
        if cursor is None:
            return


def _answers(call: Call, where: tuple[str, ...], view: Mapping[str, Any]) -> Iterator[str]:
    """The exact command for every choice."""
    prompt, requirement = view["prompt"], view["requirement"]
    effects = [choice["effect"] for choice in prompt["choices"]]
    for choice in prompt["choices"]:
        key, effect = choice["key"], choice["effect"]
        named = ["--choice", key] if effect == FIX or effects.count(effect) > 1 else []
        words = ["gate", _COMMANDS.get(effect, "reply"), *where, *named]
        if requirement["justification"] and effect in (APPROVE, REJECT):
            words += ["--rationale", "TEXT"]
        if effect == APPROVE:
            words += _asked_of_approvals(prompt, requirement)
        yield call.again(*words)


def _asked_of_approvals(prompt: Mapping[str, Any], requirement: Mapping[str, Any]) -> list[str]:
    words = ["--all-items"] if requirement["allItems"] and prompt.get("checklist") else []
    for field in prompt["formSchema"]["fields"]:
        if not field.get("opt") and field["k"] not in SHARED_FIELDS:
            words += ["--field", f"{field['k']}=VALUE"]
    return words


def _draw_list(call: Call, page: Mapping[str, Any]) -> None:
    items, now = page["items"], now_ms()
    if not items:
        say("No gate waits for a person.")
        return
    columns = [Column("LEFT"), Column("GATE"), Column("WORKFLOW"), Column("RISK"), Column("TITLE", is_elastic=True)]
    print_table(columns, [_row(view, now) for view in items])
    if page["nextCursor"] is not None:
        hint(f"There are more: --cursor {page['nextCursor']}")
    if any(view["state"] == "PENDING" for view in items):
        hint(f"Read one and how to answer it: {call.again('gate', 'show', 'GATE')}")


def _row(view: Mapping[str, Any], now: int) -> list[str]:
    left = time_left(view["deadlineAt"] - now) if view["state"] == "PENDING" else view["state"]
    return [left, view["gateKey"], view["workflowID"], view.get("riskLevel") or "-", view["prompt"]["title"]]


def _draw_receipt(answer: Mapping[str, Any], view: Mapping[str, Any]) -> None:
    from signoff.cli.failure import receipt_line
    from signoff.cli.gate_text import remaining_words

    receipt = answer["receipt"]
    say(f"{'Recorded before' if answer['isReplay'] else 'Recorded'}: {receipt_line(receipt)}", fg="green")
    say(f"  {receipt['workflowID']} {receipt['gateKey']} is {receipt['state']}")
    say(f"  prompt {receipt['promptDigest']}")
    if receipt.get("remaining"):
        say(f"  still needed: {remaining_words(receipt['remaining'])}")
    elif receipt["state"] == "PENDING":
        say(f"  it stays open; {time_left(view['deadlineAt'] - now_ms())} left")
