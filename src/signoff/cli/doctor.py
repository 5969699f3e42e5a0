"""`signoff doctor`: is everything in place, and if not, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.instant import read_span
from signoff.cli.output import note, say
from signoff.cli.settings_flags import ALL
from signoff.cli.table import Column, print_table
from signoff.errors import InvalidInputError

if TYPE_CHECKING:
    from signoff.cli.diagnosis import Finding

_EPILOG = """\b
Examples:
  signoff doctor
  signoff doctor --database-url postgresql://signoff@db/signoff
  signoff doctor --live --agent command --agent-command "python agent.py" --sandbox local
  signoff doctor --json | jq '.checks[] | select(.status == "fail")'
"""

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(epilog=_EPILOG)
@click.option(
    "--live",
    "is_live",
    is_flag=True,
    help="Also run one real agent command and one real sandboxed task, on a ledger that is thrown away.",
)
@click.option("--within", metavar="SPAN", default="5m", show_default=True, help="How long --live may take.")
@takes_settings(*ALL)
def doctor(call: Call, is_live: bool, within: str) -> int:
    """Show settings, and check what a start needs.

    Every setting is shown with its value and where it came from. Exit 1 if a check fails.

    With --live the agent that is configured is really asked for a plan. Nothing that it plans is done: what runs in the
    sandbox is a harmless task of signoff's own. Nothing is left behind, and nobody is notified.
    """
    from signoff.cli.diagnosis import diagnose

    settings = call.settings
    within_s = _seconds(within)
    findings = [*diagnose(call), *(_live(call, within_s) if is_live else ())]
    document = {
        "settings": [{"name": one.name, "value": one.value, "origin": one.origin} for one in settings.sources],
        "checks": [
            {"check": one.check, "status": one.status, "message": one.message, "action": one.action} for one in findings
        ],
    }
    call.show(document, lambda: _draw(call, findings))
    return FAILED if any(one.status == "fail" for one in findings) else DONE


def _seconds(within: str) -> int:
    seconds = read_span("--within", within)
    if seconds == 0:
        raise InvalidInputError("--within cannot be taken: nothing can be tried in no time.", code="invalid-instant")
    return seconds


def _live(call: Call, within_s: int) -> Iterator[Finding]:
    from signoff.cli.follow.beside import ended_by_signals
    from signoff.cli.rehearsal import rehearse

    with ended_by_signals():
        yield from rehearse(call.settings, within_s=within_s, tell=lambda text: None if call.is_json else note(text))


def _draw(call: Call, findings: list[Finding]) -> None:
    columns = [Column("SETTING"), Column("VALUE", is_elastic=True), Column("ORIGIN")]
    print_table(columns, [(one.name, one.value, one.origin) for one in call.settings.sources])
    say()
    for one in findings:
        say(f"{one.status:<5}{one.check}: {one.message}", fg=_COLOURS[one.status])
        if one.action:
            say(f"     {one.action}")
