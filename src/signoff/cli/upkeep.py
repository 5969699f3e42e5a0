"""`signoff db backup` and `signoff db prune`: what keeps a ledger safe, and its engine small."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.instant import read_span
from signoff.cli.output import counted, hint, note, say
from signoff.cli.settings_flags import DATABASE
from signoff.errors import InvalidInputError

if TYPE_CHECKING:
    from signoff.engine.prune import Pruned

#: A leg that has only just ended may be handed over once more, and must be found then.
AGE_S_MIN = 3_600

_BACKUP_EPILOG = """\b
Examples:
  signoff db backup /mnt/backups/signoff-2026-11-21
  signoff audit verify --dir /mnt/backups/signoff-2026-11-21
"""


@click.command(epilog=_BACKUP_EPILOG)
@click.argument("target", metavar="DIRECTORY", type=click.Path(path_type=Path))
@takes_settings(*DATABASE)
def backup(call: Call, target: Path) -> None:
    """Copy the embedded ledger, of one instant, while others write to it.

    The directory must not be there yet. It can take the place of the ledger's own: its keys are copied too, so guard it
    as you guard that. On Postgres use pg_dump.
    """
    from signoff.bootstrap.secret_file import CALLBACK_KEY_FILE, SIGNING_KEY_FILE
    from signoff.ledger.backup import back_up

    settings = call.settings
    if settings.database_url is not None:
        raise InvalidInputError(
            "This ledger is on Postgres, which makes its own backups: "
            "pg_dump --format=custom --schema=app --schema=dbos --file=signoff.dump DATABASE",
            code="backup-on-postgres",
        )
    keys = (SIGNING_KEY_FILE, CALLBACK_KEY_FILE)
    sizes = back_up(settings.dir, target, beside=keys, tell=_progress(call))
    document = {"directory": str(target), "files": [{"name": name, "bytes": sizes[name]} for name in sizes]}
    call.show(document, lambda: _draw_backup(target, sizes))


_PRUNE_EPILOG = """\b
Examples:
  signoff db prune --older-than 90d --dry-run
  signoff db prune --older-than 90d
"""


@click.command(epilog=_PRUNE_EPILOG)
@click.option("--older-than", "age", metavar="SPAN", required=True, help="How long ago it ended: 2h, 90d.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say how much that is.")
@takes_settings(*DATABASE)
def prune(call: Call, age: str, is_dry: bool) -> None:
    """Remove what the engine keeps of legs that ended long ago.

    Those of runs that have not ended stay. The ledger is not touched: gates, answers, runs and the audit trail stay
    whole, and nothing that waits is lost.
    """
    from signoff.bootstrap.worker import prune_engine
    from signoff.bootstrap.world import open_world

    age_s = read_span("--older-than", age)
    if age_s < AGE_S_MIN:
        raise InvalidInputError(f"--older-than is at least {AGE_S_MIN // 3600}h.", code="invalid-instant")
    with open_world(call.settings, creates=False) as world:
        before = world.clock() - age_s * 1000
        pruned = prune_engine(call.settings, world, before=before, is_dry=is_dry, tell=_tell_pruned(call))
    document = {"removed": pruned.removed, "kept": pruned.kept, "before": before, "isDryRun": is_dry}
    call.show(document, lambda: _draw_pruned(call, pruned, is_dry=is_dry))


def _progress(call: Call) -> Callable[[str, int, int], None]:
    """A line for each tenth of a file, to somebody who is at a terminal."""
    told: dict[str, int] = {}

    def tell(name: str, done: int, pages: int) -> None:
        tenth = 10 * done // max(pages, 1)
        if _is_shown(call) and 0 < tenth < 10 and told.get(name) != tenth:
            told[name] = tenth
            note(f"{name}: {tenth}0 %")

    return tell


def _tell_pruned(call: Call) -> Callable[[Pruned], None]:
    return lambda pruned: note(f"{pruned.removed + pruned.kept} looked at") if _is_shown(call) else None


def _is_shown(call: Call) -> bool:
    return not call.is_json and sys.stderr.isatty()


def _draw_backup(target: Path, sizes: dict[str, int]) -> None:
    say(f"Backed up to {target}: {counted(len(sizes), 'file')}, {sum(sizes.values()):,} bytes.")
    hint(f"Verify it with: signoff audit verify --dir {target}")


def _draw_pruned(call: Call, pruned: Pruned, *, is_dry: bool) -> None:
    what = counted(pruned.removed, "ended workflow")
    say(f"{what} of the engine would be removed." if is_dry else f"{what} of the engine removed.")
    if pruned.kept:
        say(f"{pruned.kept} as old stay: their runs have not ended, or not so long ago.")
    if pruned.removed and not is_dry and call.settings.database_url is None:
        hint("The file dbos.db uses the room again, and is as large as it was.")
