"""`signoff doctor`: is everything in place, and if not, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import Column, print_table, say
from signoff.cli.settings_flags import ALL

if TYPE_CHECKING:
    from signoff.cli.diagnosis import Finding

_EPILOG = """\b
Examples:
  signoff doctor
  signoff doctor --database-url postgresql://signoff@db/signoff
  signoff doctor --json | jq '.checks[] | select(.status == "fail")'
"""

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(epilog=_EPILOG)
@takes_settings(*ALL)
def doctor(call: Call) -> int:
    """Show settings, and check what a start needs.

    Every setting is shown with its value and where it came from. Exit 1 if a check fails.
    """
    from signoff.cli.diagnosis import diagnose

    settings = call.settings
    findings = diagnose(call)
    document = {
        "settings": [{"name": one.name, "value": one.value, "origin": one.origin} for one in settings.sources],
        "checks": [
            {"check": one.check, "status": one.status, "message": one.message, "action": one.action} for one in findings
        ],
    }
    call.show(document, lambda: _draw(call, findings))
    return FAILED if any(one.status == "fail" for one in findings) else DONE


def _draw(call: Call, findings: list[Finding]) -> None:
    columns = [Column("SETTING"), Column("VALUE", is_elastic=True), Column("ORIGIN")]
    print_table(columns, [(one.name, one.value, one.origin) for one in call.settings.sources])
    say()
    for one in findings:
        say(f"{one.status:<5}{one.check}: {one.message}", fg=_COLOURS[one.status])
        if one.action:
            say(f"     {one.action}")
