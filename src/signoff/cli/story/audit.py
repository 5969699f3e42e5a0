"""`signoff story audit`: what a pipeline's state file cannot show of its stories."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import counted, say
from signoff.cli.terminal import one_line

_EPILOG = """\b
Examples:
  signoff story audit .bmad-core/state/pipeline-state.json
  signoff story audit pipeline-state.json --root ~/project --json

Exit codes: 0 the file shows it all, 1 it does not, 2 it cannot be read.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    *("--root", "root"),
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the files are that it names; the repository that it is in without it.",
)
@takes_settings()
def audit(call: Call, file: Path, root: Path | None) -> int:
    """List what FILE, a pipeline's state, cannot show: stories that were completed without an approval at each
    checkpoint, phases that were skipped, times out of order, words and files that are not known, events after the end.

    Who approved what is in the file's words alone. `signoff audit verify` proves what went through signoff.
    """
    from signoff.runners.story.state_file import StateFile
    from signoff.stories.record import gaps_in

    state = StateFile(file).read()
    folder = root or _root_of(file)
    gaps = gaps_in(state, exists=lambda path: _is_there(folder, path))
    document = {"path": str(file), "root": str(folder), "findings": [asdict(gap) for gap in gaps]}

    def draw() -> None:
        for gap in gaps:
            say(f"{gap.code}: {one_line(gap.message)}", fg="red")
        stories = counted(len(state.stories), "story", "stories")
        say(f"{file}: {stories}, {counted(len(state.history), 'event')}, {counted(len(gaps), 'finding')}.")

    call.show(document, draw)
    return FAILED if gaps else DONE


def _root_of(file: Path) -> Path:
    folder = file.resolve().parent
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)


def _is_there(folder: Path, path: str) -> bool:
    try:
        return (folder / path).exists()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return False
