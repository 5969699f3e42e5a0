"""The door of the command line: of the command `signoff`, and of `python -m signoff`.

What the commands are made of is imported behind it, so that whoever presses Ctrl-C meanwhile is answered as ever.
"""

from __future__ import annotations

import sys

# As in `typing`, which is not imported either.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: As `failure.INTERRUPTED`, which may not be there yet.
_INTERRUPTED = 130


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Without `args` those of the process, which is about to end."""
    try:
        from signoff.cli.root import run_command

        if args is not None:
            return run_command(list(args))
        from signoff.cli.ending import end_with

        return end_with(run_command(sys.argv[1:]))
    except KeyboardInterrupt:
        return _INTERRUPTED
