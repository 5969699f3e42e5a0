"""`signoff db`: the ledger's database itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import say
from signoff.cli.settings_flags import DATABASE
from signoff.cli.terminal import cells, one_line, pad
from signoff.cli.upkeep import backup, prune

if TYPE_CHECKING:
    from signoff.ledger.inspect import Found


@click.group()
def db() -> None:
    """Upgrade, query, check, back up and prune the database.

    It is that of --dir or --database-url, never a server's.
    """


db.add_command(backup)
db.add_command(prune)


_UPGRADE_EPILOG = """\b
Examples:
  signoff db upgrade
  signoff db upgrade --database-url postgresql://signoff@db/signoff
"""


@db.command("upgrade", epilog=_UPGRADE_EPILOG)
@takes_settings(*DATABASE)
def upgrade_schema(call: Call) -> None:
    """Bring the schema up to this program's version; an embedded ledger is made where there is none."""
    from signoff.bootstrap.database import open_database
    from signoff.clock import now_ms
    from signoff.ledger.migrate import check_schema, schema_version, upgrade

    database = open_database(call.settings)
    try:
        applied = upgrade(database, now=now_ms())
        check_schema(database)
        version = schema_version(database)
    finally:
        database.close()
    call.show({"applied": applied, "version": version}, lambda: _draw_upgrade(applied, version))


_SQL_EPILOG = """\b
Examples:
  signoff db sql "SELECT status, COUNT(*) FROM app.runs GROUP BY status"
  signoff db sql -t -A "SELECT COUNT(*) FROM app.human_gates WHERE state = 'PENDING'"
  signoff db sql "SELECT workflow_uuid, status FROM dbos.workflow_status"
  signoff db sql "SELECT id FROM app.human_interactions WHERE payload_hash !~ '^[a-f0-9]{64}$'"
"""


@db.command("sql", epilog=_SQL_EPILOG)
@click.argument("query")
@click.option("-t", "--tuples-only", is_flag=True, help="Rows alone, without headers and count.")
@click.option("-A", "--no-align", is_flag=True, help="Columns separated by |, not aligned.")
@takes_settings(*DATABASE)
def run_sql(call: Call, query: str, tuples_only: bool, no_align: bool) -> None:
    """Run one query that reads. The ledger is in `app.`, the engine in `dbos.`, on either database.

    On SQLite the operators ~ and !~ are understood too.
    """
    from signoff.ledger.inspect import inspect_ledger

    with inspect_ledger(call.settings.dir, call.settings.database_url) as inspection:
        found = inspection.query(query)
    document = {"columns": list(found.columns), "rows": [[_plain(value) for value in row] for row in found.rows]}
    call.show(document, lambda: _draw_rows(found, tuples_only=tuples_only, no_align=no_align))


_CHECK_EPILOG = """\b
Examples:
  signoff db check
  signoff db check --json
"""


@db.command(epilog=_CHECK_EPILOG)
@takes_settings(*DATABASE)
def check(call: Call) -> int:
    """Count what must never be. All counts are zero in a sound ledger; the exit code is 1 if one is not."""
    from signoff.ledger.check import count_violations
    from signoff.ledger.inspect import inspect_ledger

    with inspect_ledger(call.settings.dir, call.settings.database_url) as inspection:
        counts = count_violations(inspection)
    call.show(counts, lambda: _draw_counts(counts))
    return FAILED if any(counts.values()) else DONE


def _draw_upgrade(applied: Sequence[str], version: int) -> None:
    for name in applied:
        say(f"applied {name}")
    say(f"The schema is at version {version}.")


def _draw_counts(counts: dict[str, int]) -> None:
    room = max(len(name) for name in counts)
    for name, count in counts.items():
        say(f"{pad(name, room)}  {count}", **({"fg": "red"} if count else {}))


def _draw_rows(found: Found, *, tuples_only: bool, no_align: bool) -> None:
    rows = [[_text(value) for value in row] for row in found.rows]
    if no_align:
        lines = rows if tuples_only else [list(found.columns), *rows]
        for line in lines:
            say("|".join(line))
    else:
        _draw_aligned(found, rows, tuples_only=tuples_only)
    if not tuples_only:
        say(f"({len(rows)} row{'' if len(rows) == 1 else 's'})")


def _draw_aligned(found: Found, rows: Sequence[Sequence[str]], *, tuples_only: bool) -> None:
    """As psql draws them: headers in the middle, numbers to the right."""
    shown = [[one_line(cell) for cell in row] for row in rows]
    widths = [max([cells(name), *(cells(row[at]) for row in shown)]) for at, name in enumerate(found.columns)]
    if not tuples_only:
        say("|".join(f" {name:^{room}} " for name, room in zip(found.columns, widths, strict=True)).rstrip())
        say("+".join("-" * (room + 2) for room in widths))
    for values, row in zip(found.rows, shown, strict=True):
        aligned = [_align(cell, value, room) for cell, value, room in zip(row, values, widths, strict=True)]
        say("|".join(f" {cell} " for cell in aligned).rstrip())


def _align(cell: str, value: Any, room: int) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return " " * (room - cells(cell)) + cell if is_number else pad(cell, room)


def _text(value: Any) -> str:
    """A value as psql writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "t" if value else "f"
    return "\\x" + value.hex() if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    return _text(value) if isinstance(value, bytes) else value
