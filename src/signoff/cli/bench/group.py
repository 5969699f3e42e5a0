"""`signoff bench`: the commands that measure."""

from __future__ import annotations

import click

from signoff.cli.lazy_group import LazyGroup
from signoff.cli.places import BENCH_COMMANDS

_EPILOG = """\b
Examples:
  signoff bench load --gates 1000 --report load.json      open a thousand runs to their gates
  signoff bench race --gates 40 --answers 4 --postgres    who wins, and are the others told?
  signoff bench burst --workers 2 --postgres --must       fails where the documented limits are not kept
  signoff bench wake --waiting 100000 --postgres          how long from a decision to the next leg

Exit codes: 0 measured, 1 something was lost or doubled, or a limit is not kept (--must), 2 bad input, 130 interrupted.
"""


@click.group(cls=LazyGroup, places=BENCH_COMMANDS, epilog=_EPILOG)
def bench() -> None:
    """Measure: load, bursts, races, waking, waiting. On a ledger of its own that is thrown away, unless --base names a
    server. What must never be is looked for in every run."""
