"""What a program writes while it runs, line by line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CHUNK_BYTES = 65_536


class Tail:
    """Reads a file that grows, and may not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._unfinished = ""

    def skip(self) -> None:
        """Pass over what is there already."""
        with suppress(FileNotFoundError):
            self._at = self._path.stat().st_size

    def lines(self) -> Iterator[str]:
        """The lines that have been ended since the last look."""
        for text in self._read():
            *ended, self._unfinished = (self._unfinished + text).split("\n")
            yield from ended

    def rest(self) -> Iterator[str]:
        """All that is left, when nothing more will come."""
        yield from self.lines()
        if self._unfinished:
            yield self._unfinished
            self._unfinished = ""

    def _read(self) -> Iterator[str]:
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self._at)
            while chunk := file.read(CHUNK_BYTES):
                self._at += len(chunk)
                yield self._decoder.decode(chunk)
