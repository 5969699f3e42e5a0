"""`signoff dev`: what helps to try things out, on a ledger in development mode."""

from __future__ import annotations

from pathlib import Path

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.instant import read_span
from signoff.cli.output import duration, moment, say
from signoff.cli.settings_flags import DATABASE
from signoff.errors import InvalidInputError

DAY_MS = 86_400_000
AHEAD_MS_MAX = 365 * DAY_MS


@click.group()
def dev() -> None:
    """Try things out, on a ledger in development mode."""


@dev.group()
def clock() -> None:
    """The clock of a development server, which goes on as it is told: to see deadlines pass and ladders climbed."""


_ADVANCE_EPILOG = """\b
Examples:
  signoff up --dev
  signoff dev clock advance 30m
"""


@clock.command(epilog=_ADVANCE_EPILOG)
@click.argument("span", metavar="SPAN")
@takes_settings(*DATABASE)
def advance(call: Call, span: str) -> None:
    """Move the clock on by 90s, 30m, 2h or 3d, for every process of the ledger. It never goes back.

    It goes at most 365 days ahead in all.
    """
    from signoff.clock import move_clock, moved_ms

    path, span_ms = _dev_clock(call), read_span("SPAN", span) * 1000
    _check_room(moved_ms(path), span_ms)
    _show(call, move_clock(path, span_ms))


@clock.command()
@takes_settings(*DATABASE)
def show(call: Call) -> None:
    """What the clock shows, and how far it was moved on."""
    from signoff.clock import moved_ms

    _show(call, moved_ms(_dev_clock(call)))


def _check_room(moved: int, span_ms: int) -> None:
    """There is no way back from a slip: a ledger that is centuries ahead would be good for nothing."""
    if moved + span_ms > AHEAD_MS_MAX:
        raise InvalidInputError(
            f"The clock goes at most {AHEAD_MS_MAX // DAY_MS} days ahead in all, since it never goes back; it is "
            f"{duration(moved)} ahead now.",
            code="invalid-instant",
            details={"movedMs": moved, "movedMsMax": AHEAD_MS_MAX},
        )


def _dev_clock(call: Call) -> Path:
    """
    Raises:
        InvalidInputError: (`not-development`).
    """
    from signoff.bootstrap.world import DEV_CLOCK_FILE

    path = call.settings.dir / DEV_CLOCK_FILE
    if not path.exists():
        raise InvalidInputError(
            f"The ledger in {call.settings.dir} is not in development mode. Start its server with: signoff up --dev",
            code="not-development",
        )
    return path


def _show(call: Call, moved: int) -> None:
    from signoff.clock import now_ms

    now = now_ms() + moved
    call.show({"now": now, "movedMs": moved}, lambda: say(f"{moment(now)}, {duration(moved)} ahead"))
