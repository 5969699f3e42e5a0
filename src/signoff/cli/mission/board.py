"""`signoff mission status`: a mission's board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call
from signoff.cli.mission.findings import show_with_unread, unread_lines
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import counted, duration, hint, note, say
from signoff.cli.settings_flags import DATABASE
from signoff.cli.table import Column, print_table
from signoff.cli.terminal import has_colours, is_terminal, one_line, sanitise, width
from signoff.clock import now_us
from signoff.errors import MissionError
from signoff.missions.board import CONFLICTING, STALE, Board, Card, lay_out
from signoff.missions.instant import parse_instant
from signoff.missions.lane import LANES, Lane

if TYPE_CHECKING:
    from signoff.runners.mission.place import MissionPlace

#: A column that is narrower shows nothing of use; the board is then a list.
_COLUMN_MIN = 16
_BAR_CELLS = 24

_EPILOG = """\b
Examples:
  signoff mission status
  signoff mission status release-3-2 --json | jq .progress
"""


@click.command(epilog=_EPILOG)
@click.argument("slug", metavar="[MISSION]", required=False)
@takes_mission(*DATABASE)
def status(call: Call, mission: MissionChoice, slug: str | None) -> None:
    """A mission's board: its work packages by lane, who holds them, and what their newest reviews said."""
    place = mission.place_of(slug)
    board = _board(call, place)
    show_with_unread(call, board.to_wire(), unread_lines(place), lambda: _draw_board(call, board))


def _board(call: Call, place: MissionPlace) -> Board:
    """Decided reviews are recorded first."""
    from signoff.cli.mission.decided import record_decided
    from signoff.runners.mission.files import read_mission
    from signoff.runners.mission.holder import is_gone
    from signoff.runners.mission.log import heal

    snapshot = heal(place, note)
    if record_decided(call, place, snapshot):
        snapshot = heal(place)
    return lay_out(read_mission(place.folder), snapshot, is_gone, work_lanes=_work_lanes(place))


def _work_lanes(place: MissionPlace) -> dict[str, str]:
    from signoff.missions.lanes_file import read_lanes

    try:
        lanes = read_lanes(place.lanes.read_text("utf-8", errors="replace"))
    except (OSError, MissionError):
        return {}
    return {wp_id: lane.lane_id for lane in lanes.lanes for wp_id in lane.wp_ids}


def _draw_board(call: Call, board: Board) -> None:
    meta = board.snapshot.meta
    say(one_line(meta.mission_slug), bold=True)
    say(_progress(board))
    if not board.cards:
        hint(f"No work packages yet. Make them of the plan: {call.again('mission', 'tasks')}")
        return
    say()
    lanes = [lane for lane in LANES if board.in_lane(lane)]
    room = width()
    if is_terminal() and room is not None and room // len(lanes) >= _COLUMN_MIN:
        _draw_columns(board, lanes, room)
    else:
        _draw_rows(board, lanes)
    if board.untracked:
        files = counted(len(board.untracked), "package has a file", "packages have a file")
        say(f"{files}, and is in no lane: {', '.join(board.untracked)}.", fg="yellow")
    if any(card.holder_gone for card in board.cards):
        hint(f"A claim's process has ended. Take it over: {call.again('mission', 'claim', 'WP', '--take-over')}")


def _progress(board: Board) -> str:
    accepted, total = board.snapshot.accepted, board.snapshot.total
    filled = _BAR_CELLS * accepted // total if total else 0
    bar = "#" * filled + "-" * (_BAR_CELLS - filled)
    return f"[{bar}] {accepted} of {counted(total, 'work package')} approved or done"


def _draw_columns(board: Board, lanes: Sequence[Lane], room: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=False, expand=True, pad_edge=False)
    for lane in lanes:
        table.add_column(f"{lane.value} ({len(board.in_lane(lane))})", ratio=1, overflow="fold")
    columns = [board.in_lane(lane) for lane in lanes]
    for at in range(max(len(cards) for cards in columns)):
        cells = [_cell(cards[at]) if at < len(cards) else [] for cards in columns]
        table.add_row(*(Text.assemble(*((f"{text}\n", style) for text, style in cell)) for cell in cells))
    Console(width=room, no_color=not has_colours(), highlight=False).print(table)


def _cell(card: Card) -> list[tuple[str, str]]:
    """The lines of a card, with their styles."""
    lines = [(card.work_package_id, "bold"), (one_line(card.title), ""), (one_line(card.actor), "dim")]
    lines += [(mark, "yellow" if mark != _CONFLICT else "red") for mark in _marks(card)]
    return [(sanitise(text), style) for text, style in lines if text]


_CONFLICT = "! newest review rejects it"


def _marks(card: Card) -> list[str]:
    """What one has to look at."""
    marks = []
    if card.holder_gone:
        marks.append("! claim is stale")
    if card.verdict_state == CONFLICTING:
        marks.append(_CONFLICT)
    elif card.verdict is not None:
        marks.append(f"{card.verdict}, before this work" if card.verdict_state == STALE else card.verdict)
    if card.is_forced:
        marks.append("forced")
    return marks


def _draw_rows(board: Board, lanes: Sequence[Lane]) -> None:
    columns = [
        Column("LANE"),
        Column("PACKAGE"),
        Column("TITLE", is_elastic=True),
        Column("BY"),
        Column("FOR"),
        Column("MARKS", is_elastic=True),
    ]
    now = now_us()
    print_table(columns, [_board_row(card, now) for lane in lanes for card in board.in_lane(lane)])


def _board_row(card: Card, now: int) -> list[str]:
    since = duration(max(0, now - (parse_instant(card.since) or now)) // 1000)
    marks = "; ".join(_marks(card))
    return [card.lane.value, card.work_package_id, card.title or "-", card.actor, since, marks or "-"]
