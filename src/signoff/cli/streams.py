"""The standard streams, so that whatever becomes of those who read them no command is left half done."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}


def make_streams_sturdy() -> None:
    """Every character can be printed, a closed stream leads nowhere, and standard error may lose its reader."""
    for name, mode in _MODES.items():
        if getattr(sys, name) is None:
            from pathlib import Path  # not for every start

            # Left closed, the next file that is opened, the ledger's, would be taken for the stream.
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open as long as we run
    stderr = sys.stderr
    if isinstance(stderr, io.TextIOWrapper) and stderr is sys.__stderr__:
        unheard = _Unheard(stderr.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(unheard, encoding=stderr.encoding, write_through=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Unheard(io.FileIO):
    """Standard error. What is told about the work never keeps it from being done, nor its result from being printed."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            return memoryview(data).nbytes
