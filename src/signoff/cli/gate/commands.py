"""`signoff gate`: one gate shown, the answers, and what became of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.failure import UNJUSTIFIED, advising, receipt_line
from signoff.cli.gate.answer import Said, choice_with, dedupe_key_of, payload_of, read_fields
from signoff.cli.gate.listing import OF_SPEC
from signoff.cli.gate.where import find_gate, read_where
from signoff.cli.output import print_json, say, time_left
from signoff.cli.settings_flags import LEDGER
from signoff.cli.terminal import is_attended
from signoff.errors import InvalidInputError
from signoff.gates.digest import parse_json
from signoff.gates.prompt import APPROVE, HOLD, REJECT

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

_ROWS_AT_ONCE = 500
_WHERE = "[WID] GATE_KEY"


_SHOW_EPILOG = """\b
Examples:
  signoff gate show approve-plan-3fa9c1d2e4b50617
  signoff gate show deploy-42 ship            the workflow's id first where the key alone is not unique
  signoff gate show ship --json
  signoff gate show --spec plan.md            the gate that the spec's run waits at
  signoff gate show G1 --spec plan.md         that gate of its newest run
"""


@click.command(epilog=_SHOW_EPILOG)
@click.argument("where", nargs=-1, metavar=_WHERE)
@OF_SPEC
@takes_settings(*LEDGER)
def show(call: Call, where: tuple[str, ...], spec: Path | None) -> None:
    """What a gate asks, what was said at it, and the commands that answer it."""
    named = read_where(where, spec)
    with call.backend() as backend:
        view = find_gate(backend, named)
        history, now = list(_interactions_at(backend, view)), backend.now()
    from signoff.cli.gate.answering import answering_commands
    from signoff.cli.gate.text import draw_gate

    words = where if spec is None else (view["workflowID"], view["gateKey"])
    answers = list(answering_commands(call, words, view)) if view["state"] == "PENDING" else []
    call.show({**view, "interactions": history}, lambda: draw_gate(view, history, answers, now))


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
        OF_SPEC,
        click.argument("where", nargs=-1, metavar=_WHERE),
    ):
        function = option(function)
    return acts(function)


_APPROVE_EPILOG = """\b
Examples:
  signoff gate approve approve-plan-3fa9c1d2e4b50617
  signoff gate approve deploy-42 ship --rationale "checked the diff" --condition "only on staging"
  signoff gate approve ship --item tests-green --item docs --as ada
  signoff gate approve ship --all-items --field window=tonight
  signoff gate approve --spec plan.md --all-items --rationale "it does what the plan says"
"""


@click.command(epilog=_APPROVE_EPILOG)
@_answering
@takes_settings(*LEDGER)
def approve(call: Call, **options: Any) -> None:
    """Approve: with the gate's choice that lets it through."""
    _answer(call, APPROVE, **options)


_REJECT_EPILOG = """\b
Examples:
  signoff gate reject approve-plan-3fa9c1d2e4b50617 --rationale "touches billing"
  signoff gate reject deploy-42 ship --as ada --json
  signoff gate reject G2 --spec plan.md --rationale "two tests fail"
"""


@click.command(epilog=_REJECT_EPILOG)
@_answering
@takes_settings(*LEDGER)
def reject(call: Call, **options: Any) -> None:
    """Reject: with the gate's choice that ends it here."""
    _answer(call, REJECT, **options)


_DEFER_EPILOG = """\b
Examples:
  signoff gate defer ship --rationale "after the holidays"
"""


@click.command(epilog=_DEFER_EPILOG)
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


@click.command(epilog=_REPLY_EPILOG)
@click.argument("where", nargs=-1, required=True, metavar=_WHERE)
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
    named = read_where(where)
    with call.backend() as backend:
        view = find_gate(backend, named)
        _send(call, backend, view, {"choice": choice, **more}, dedupe_key)


_OVERRIDE_EPILOG = """\b
Examples:
  signoff gate override deploy-42 ship --reason "The pager is on fire, and nobody is awake"
  signoff gate override --spec plan.md --reason "Signed on paper"
"""


@click.command(epilog=_OVERRIDE_EPILOG)
@click.argument("where", nargs=-1, metavar=_WHERE)
@OF_SPEC
@click.option("--reason", required=True, metavar="TEXT", help="Why; everybody is told.")
@click.option("--field", "pairs", multiple=True, metavar="NAME=VALUE", help="Fill in a field (repeatable).")
@acts
@takes_settings(*LEDGER)
def override(call: Call, where: tuple[str, ...], spec: Path | None, reason: str, pairs: tuple[str, ...]) -> None:
    """Go past a gate, whatever it requires: for those who hold the role `override`.

    It counts as an approval, and is recorded as what it is. Without any principal everybody holds every role.
    """
    named = read_where(where, spec)
    with advising(UNJUSTIFIED, "Say why with --reason TEXT."), call.backend() as backend:
        view = find_gate(backend, named)
        fields = read_fields(pairs, view["prompt"])
        body = {"reason": reason, "fields": fields, "promptDigest": view["prompt"]["digest"]}
        answer, now = backend.override(view["workflowID"], view["gateKey"], body), backend.now()
    call.show(answer, lambda: _draw_receipt({**answer, "isReplay": False}, view, now))


_REPORT_EPILOG = """\b
Examples:
  signoff gate report --spec plan.md
  signoff gate report --run it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q --format md > report.md
  signoff gate report --limit 1000 --json | jq .totals
"""


@click.command("report", epilog=_REPORT_EPILOG)
@OF_SPEC
@click.option("--run", metavar="WID", help="The gates of this run or workflow.")
@click.option("--format", "style", type=click.Choice(("table", "json", "md")), default="table", show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="At most so many gates.")
@takes_settings(*LEDGER)
def report_on_gates(call: Call, style: str, **which: Any) -> None:
    """What was decided at gates: by whom, when, after how long, under which conditions and why.

    Without --spec or --run it is about all gates, the newest first.
    """
    from signoff.cli.gate.report import draw_report, make_report

    report = make_report(call, **which)
    if style == "json":
        print_json(report)
    else:
        call.show(report, lambda: draw_report(report, style))


_STATS_EPILOG = """\b
Examples:
  signoff gate stats
  signoff gate stats --json | jq .approvalTime.medianMs
"""


@click.command(epilog=_STATS_EPILOG)
@takes_settings(*LEDGER)
def stats(call: Call) -> None:
    """How many gates there are, what became of them, by whom, and how long people took to approve."""
    from signoff.cli.gate.stats import draw_stats

    with call.backend() as backend:
        found = backend.gate_stats()
    call.show(found, lambda: draw_stats(found))


def _answer(
    call: Call,
    effect: str,
    *,
    where: tuple[str, ...],
    spec: Path | None,
    choice: str | None,
    dedupe_key: str | None,
    **said: Any,
) -> None:
    named = read_where(where, spec)
    with call.backend() as backend:
        view = find_gate(backend, named)
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
    now = backend.now()
    call.show(answer, lambda: _draw_receipt(answer, view, now))


def _interactions_at(backend: Backend, view: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    from signoff.sdk.backend import items_of

    said = items_of(lambda cursor: backend.interactions(view["workflowID"], _ROWS_AT_ONCE, cursor))
    return (one for one in said if one["gateKey"] == view["gateKey"])


def _draw_receipt(answer: Mapping[str, Any], view: Mapping[str, Any], now: int) -> None:
    from signoff.cli.gate.text import remaining_words

    receipt = answer["receipt"]
    say(f"{'Recorded before' if answer['isReplay'] else 'Recorded'}: {receipt_line(receipt)}", fg="green")
    say(f"  {receipt['workflowID']} {receipt['gateKey']} is {receipt['state']}")
    say(f"  prompt {receipt['promptDigest']}")
    if receipt.get("remaining"):
        say(f"  still needed: {remaining_words(receipt['remaining'])}")
    elif receipt["state"] == "PENDING":
        say(f"  it stays open; {time_left(view['deadlineAt'] - now)} left")
