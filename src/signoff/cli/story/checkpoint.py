"""`signoff story checkpoint`: one checkpoint of a pipeline, put before a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.settings_flags import LEDGER
from signoff.stories.state import Kind

_EPILOG = """\b
Examples:
  signoff story checkpoint                                  shows it, and asks whoever sits here
  signoff story checkpoint --state build/pipeline-state.json --checkpoint qa_approval
  signoff story checkpoint --choice 1 --as ada --rationale "read the amendments"
  signoff story checkpoint --choice fix --format json
  signoff story checkpoint --choice commit --message-file message.txt
  signoff story checkpoint --choice review                  prints the diff; decides nothing
  signoff story checkpoint --choice commit --no-commit      whoever runs the pipeline commits

The decision goes to standard output, what is drawn to standard error. Exit codes: 0 decided, whatever it is;
1 refused, 2 bad input, 3 it waits for a person, 4 somebody else decided, or changed the state file.
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The pipeline's state file; without it .bmad-core/state/pipeline-state.json, or else pipeline-state.json, in "
    "the nearest folder of the repository that has one.",
)
@click.option(
    "--checkpoint",
    "expected",
    type=click.Choice([kind.value for kind in Kind]),
    help="Refuse if the pipeline is at another one.",
)
@click.option("--choice", metavar="N|KEY", help="Decide, without being asked: by number (1) or key (approve).")
@click.option("--rationale", metavar="TEXT", help="Why; it is recorded.")
@click.option(
    "--message-file", type=click.Path(path_type=Path), metavar="FILE", help="Another commit message than the proposed."
)
@click.option("--no-commit", is_flag=True, help="Decide only; the commit is left to whoever runs the pipeline.")
@click.option("--format", "style", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@acts
@takes_settings(*LEDGER)
def checkpoint(call: Call, state: Path | None, expected: str | None, style: str, **options: Any) -> int:
    """Show the checkpoint that a pipeline has come to, take the decision, and write it to ledger and state file.

    What was decided before the state file could be written, or elsewhere, is found, and the file brought up to date.
    """
    from signoff.cli.story.answering import Said, message_of
    from signoff.cli.story.desk import Desk, print_decision
    from signoff.cli.story.project import repository_around, state_file_here

    message_file = options.pop("message_file")
    said = Said(message=None if message_file is None else message_of(message_file), **options)
    path = state or state_file_here()
    # One repository has one ledger, from wherever in it somebody answers.
    call = call.at(repository_around(path) or Path.cwd())
    with call.backend(creates=True) as backend:
        code, decision = Desk(call, backend, path, None if expected is None else Kind(expected), said).decide()
    if decision is not None:
        print_decision(decision, is_json=call.is_json or style == "json")
    return code
