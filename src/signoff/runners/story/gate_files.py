"""QA gate files where they are: folders are walked, and what cannot be read is said while the rest is looked at."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from signoff.stories.qa_gate import Checked, Finding, check_qa_gate

SUFFIXES = (".yml", ".yaml")
FILE_BYTES_MAX = 1_048_576
_SAVE = "Save it as UTF-8, in your editor or with such as:"


def look_at_gate_files(paths: Iterable[Path]) -> Iterator[tuple[Path, Checked]]:
    """Each file once, in the order in which they were named; those of a folder, and of the folders in it, by name."""
    seen: set[Path] = set()
    for path in paths:
        for file in _files_in(path):
            if file not in seen:
                seen.add(file)
                yield file, look_at_gate_file(file)


def look_at_gate_file(path: Path) -> Checked:
    text = _read(path)
    return Checked(None, (text,)) if isinstance(text, Finding) else check_qa_gate(text, path=str(path))


def _files_in(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    # Links to folders are not followed: they may lead in a circle.
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if name.lower().endswith(SUFFIXES))


def _read(path: Path) -> str | Finding:
    try:
        # Not blocking: a pipe in its place would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Finding("unreadable-file", "It is no file.")
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return Finding("unreadable-file", f"It cannot be read: {error.strerror}.")
    if len(data) > FILE_BYTES_MAX:
        return Finding("unreadable-file", f"It has more than {FILE_BYTES_MAX} bytes.")
    if b"\0" in data[:2] or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Finding("unreadable-file", f"It is UTF-16, not UTF-8. {_SAVE} iconv -f UTF-16 -t UTF-8", 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        why = f"It is not UTF-8 at byte {error.start + 1}. {_SAVE} iconv -f WINDOWS-1252 -t UTF-8"
        return Finding("unreadable-file", why, line)
