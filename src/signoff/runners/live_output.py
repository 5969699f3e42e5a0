"""What agents and commands write, while they write it: a file for each node and attempt, which others may follow.

    <signoff directory>/output/<run id>/<node id, with '.' for ':'>.<attempt>.log

It is there to be looked at while something runs, and nothing is decided by it: what counts is kept as artifacts. So a
file that cannot be written costs the look, never the step. A node that is done again in the same attempt, after a
crash, goes on in the same file.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from signoff.errors import InvalidInputError
from signoff.gates.keys import check_workflow_id

FOLDER = "output"

_NODE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_-]{0,199}")

_log = logging.getLogger("signoff.output")


def live_output_path(directory: Path, run_id: str, node_id: str, attempt: int) -> Path:
    """Where it is written; `directory` is the signoff directory. The file need not be there yet.

    Raises:
        InvalidInputError: an id that could lead elsewhere.
    """
    if _NODE_ID.fullmatch(node_id) is None:
        raise InvalidInputError(f"{node_id[:80]!r} is not a node of a plan whose output is kept.")
    # A run's id has no slash and starts with a letter or digit, so it cannot lead out of the folder.
    return directory / FOLDER / check_workflow_id(run_id) / f"{node_id.replace(':', '.')}.{attempt}.log"


class LiveOutput:
    """Appends to such a file; readable by its owner only, as is everything in the signoff directory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> LiveOutput:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            for folder in (self._path.parent.parent, self._path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, flags, 0o600)
        except OSError as error:
            self._do_without(error)
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def write(self, piece: bytes) -> None:
        """Not buffered: whoever follows the file sees it at once."""
        unwritten = piece
        while unwritten and self._descriptor is not None:
            try:
                unwritten = unwritten[os.write(self._descriptor, unwritten) :]
            except OSError as error:
                self._do_without(error)

    def _do_without(self, error: OSError) -> None:
        _log.warning("what runs is not shown in %s: %s", self._path, error.strerror)
        self.__exit__()
