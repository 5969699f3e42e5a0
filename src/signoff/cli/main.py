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
        if args is None:
            return _be_the_process()
        from signoff.cli.root import run_command

        return run_command(list(args))
    except KeyboardInterrupt:
        return _INTERRUPTED


def _be_the_process() -> int:
    from signoff.cli.garbage import leave_it, look_rarely

    look_rarely()
    from signoff.cli.ending import end_with
    from signoff.cli.root import run_command

    code = end_with(run_command(sys.argv[1:]))
    leave_it()
    return code
