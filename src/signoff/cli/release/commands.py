"""`signoff release`: what was recorded of a commit, gathered into a decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import counted, duration, note, say
from signoff.cli.table import Column, print_table

if TYPE_CHECKING:
    from signoff.cli.release.decide import Decision
    from signoff.cli.release.judge import Judgement

REPORTS = Path("reports")
OUT = Path("release-decision.json")


@click.group()
def release() -> None:
    """Decide whether a commit may be released."""


_DECIDE_EPILOG = """\b
Examples:
  poe full && signoff release decide
  signoff release decide --reports reports --out release-decision.json
  signoff release decide --json | jq -r '.reasons[]'

Exit codes: 0 GO, 1 NO-GO, 2 bad input.
"""


@release.command(epilog=_DECIDE_EPILOG)
@click.option(
    "--reports",
    type=click.Path(file_okay=False, path_type=Path),
    default=REPORTS,
    show_default=True,
    help="The folder in which `poe check` and `poe full` leave records and reports.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=OUT,
    show_default=True,
    help="Where the decision is written.",
)
@takes_settings()
def decide(call: Call, reports: Path, out: Path) -> int:
    """GO only if every check, all tests and every measurement ran at this commit, with nothing uncommitted, and passed.

    What is missing, stale, unreadable or at odds with itself is NO-GO. The decision names the digest of each report.
    """
    from signoff.cli.files import write_file
    from signoff.cli.release.decide import make_decision
    from signoff.clock import now_ms

    decision = make_decision(Path.cwd(), reports, out, now=now_ms())
    write_file(out, decision.to_json())
    call.show(decision.to_wire(), lambda: _draw(decision))
    if not call.is_json:
        note(f"The decision is in {out}.")
    return DONE if decision.is_go else FAILED


def _draw(decision: Decision) -> None:
    columns = [Column("PART"), Column("OUTCOME"), Column("TOOK", is_number=True), Column("COMMAND", is_elastic=True)]
    print_table(columns, [_row(one) for one in decision.judgements])
    say()
    say(f"{decision.word} for {decision.commit}", bold=True, fg="green" if decision.is_go else "red")
    for reason in decision.reasons:
        say(f"  {reason}")
    if skipped := sum(one.skipped for one in decision.judgements):
        say(f"{counted(skipped, 'test was', 'tests were')} skipped.", dim=True)


def _row(one: Judgement) -> tuple[str, str, str, str]:
    if one.record is None:
        return one.part.name, one.outcome.value, "-", "-"
    took = duration(max(0, one.record.ended_at - one.record.started_at))
    return one.part.name, one.outcome.value, took, " ".join(one.record.command)
