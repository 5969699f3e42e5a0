"""`signoff gate list`, which is typed more often than anything else.

What people read of a ledger at hand takes one line of each gate, and imports nothing that makes more of one. Whole
gates, for programs, of servers and of specs, are those of `pages`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.output import hint, say, time_left
from signoff.cli.settings_flags import LEDGER
from signoff.gates.name import check_actor_name, plain_name

_STATES = ("PENDING", "RECEIVED", "TIMED_OUT", "CANCELLED")
_RISKS = ("low", "medium", "high", "critical")
_NOT_MINE = "*"

OF_SPEC = click.option(
    "--spec",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The gates of this spec's runs: its Markdown or its compiled file.",
)

_EPILOG = """\b
Examples:
  signoff gate list
  signoff gate list --role security --risk high
  signoff gate list --spec plan.md --all
  signoff gate list --state RECEIVED --limit 200
  signoff gate list --json | jq '.items[].gateKey'
"""


@click.command("list", epilog=_EPILOG)
@click.option("--state", type=click.Choice(_STATES), default="PENDING", show_default=True)
@click.option("--all", "is_all", is_flag=True, help="Gates in every state.")
@click.option("--role", help="Only gates that this role may answer.")
@click.option("--risk", type=click.Choice(_RISKS), help="Only gates of this risk level.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", help="Where the page before ended.")
@OF_SPEC
@acts
@takes_settings(*LEDGER)
def list_gates(call: Call, state: str, is_all: bool, spec: Path | None, **which: Any) -> None:
    """What waits for a person, soonest deadline first; what you may not approve yourself comes last."""
    which["state"] = None if is_all else state
    if call.is_json or spec is not None or call.settings.url is not None:
        _show_whole(call, spec, which)
    else:
        _show_short(call, which)


def _show_whole(call: Call, spec: Path | None, which: Mapping[str, Any]) -> None:
    from signoff.cli.gate.pages import in_short, read_page

    me = _me(call)
    page, now = read_page(call, lambda view: _is_not_mine(in_short(view), me), spec=spec, **which)
    call.show(page, lambda: _draw(call, [in_short(view) for view in page["items"]], page["nextCursor"], now))


def _show_short(call: Call, which: Mapping[str, Any]) -> None:
    from signoff.app.list_gates import list_gates
    from signoff.bootstrap.world import open_lists

    me = check_actor_name(call.actor)
    with open_lists(call.settings) as (lists, clock):
        page, now = list_gates(lists, **which), clock()
    _draw(call, sorted(page.items, key=lambda row: _is_not_mine(row, me)), page.next_cursor, now)


def _draw(call: Call, rows: Sequence[Mapping[str, Any]], next_cursor: str | None, now: int) -> None:
    if not rows:
        say("No gate waits for a person.")
        return
    from signoff.cli.table import Column, print_table

    me = _me(call)
    columns = [Column("LEFT"), Column("GATE"), Column("WORKFLOW"), Column("RISK"), Column("TITLE", is_elastic=True)]
    print_table(columns, [_line(row, now, me) for row in rows])
    if any(_is_not_mine(row, me) for row in rows):
        hint(f"{_NOT_MINE} asked for by {me}: somebody else has to approve it.")
    if next_cursor is not None:
        hint(f"There are more: --cursor {next_cursor}")
    if any(row["state"] == "PENDING" for row in rows):
        hint(f"Read one and how to answer it: {call.again('gate', 'show', 'GATE')}")


def _me(call: Call) -> str | None:
    """Who asks; None where a token says so to the server alone."""
    is_signed_in = call.settings.url is not None and call.settings.token is not None
    return call.as_name if is_signed_in else call.actor


def _is_not_mine(row: Mapping[str, Any], me: str | None) -> bool:
    """Whether it waits, and for anybody but me, since I asked for it or had a part in it."""
    return row["state"] == "PENDING" and me is not None and plain_name(me) in row["kept_from"]


def _line(row: Mapping[str, Any], now: int, me: str | None) -> list[str]:
    left = time_left(row["deadline_at"] - now) if row["state"] == "PENDING" else row["state"]
    marked = f"{left} {_NOT_MINE}" if _is_not_mine(row, me) else left
    return [marked, row["gate_key"], row["workflow_id"], row["risk_level"] or "-", row["title"]]
