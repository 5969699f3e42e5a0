"""`signoff mission list`: how far each mission is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call
from signoff.cli.mission.findings import show_with_unread, unread_lines
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import hint, note, say
from signoff.cli.table import Column, print_table
from signoff.errors import MissionError

if TYPE_CHECKING:
    from signoff.runners.mission.place import MissionPlace

_SHOWN = ("mission_id", "mission_number", "target_branch", "progress", "summary", "last_event_at")

_EPILOG = """\b
Examples:
  signoff mission list
  signoff mission list --json | jq -r '.missions[].mission_slug'
"""


@click.command("list", epilog=_EPILOG)
@takes_mission()
def list_missions(call: Call, mission: MissionChoice) -> None:
    """The missions of this repository, and how far each is."""
    from signoff.runners.mission.place import all_missions

    places = all_missions(mission.checkout, mission.root)
    looked_at = [(_row(place), unread_lines(place)) for place in places]
    rows = [row for row, _ in looked_at]
    unread = [one for _, found in looked_at for one in found]
    document = {"root": str(mission.root), "missions": rows}
    show_with_unread(call, document, unread, lambda: _draw(call, mission.root, rows))


def _row(place: MissionPlace) -> dict[str, object]:
    from signoff.runners.mission.log import heal

    where = {"mission_slug": place.slug, "path": str(place.folder)}
    try:
        found = heal(place, note).overview()
    except MissionError as error:
        return {**where, "problem": error.message}
    return {**where, **{key: found[key] for key in _SHOWN}}


def _draw(call: Call, root: Path, rows: Sequence[dict[str, object]]) -> None:
    if not rows:
        say(f"There is no mission in {root}.")
        hint(f"Begin one with: {call.again('mission', 'init', 'SLUG')}")
        return
    columns = [
        Column("NO", is_number=True),
        Column("MISSION"),
        Column("ACCEPTED", is_number=True),
        Column("LANES", is_elastic=True),
    ]
    print_table(columns, [_cells(row) for row in rows])
    hint(f"See one: {call.again('mission', 'status', 'MISSION')}")


def _cells(row: dict[str, object]) -> list[str]:
    progress, lanes = row.get("progress"), row.get("summary")
    if not isinstance(progress, dict) or not isinstance(lanes, dict):
        return ["-", str(row["mission_slug"]), "-", str(row["problem"])]
    told = ", ".join(f"{count} {lane}" for lane, count in lanes.items() if count) or "no work packages"
    return [
        str(row["mission_number"] or "-"),
        str(row["mission_slug"]),
        f"{progress['accepted']}/{progress['total']}",
        told,
    ]
