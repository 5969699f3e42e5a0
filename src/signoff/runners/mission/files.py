"""The files of missions, as they lie in a folder: only looked at, and only so far.

A file is taken when it is a plain one, in the mission's folder also behind its links, and not too large; otherwise why
it was not is told with its path. Nothing is opened for writing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from signoff.errors import InvalidInputError, NotFoundError
from signoff.missions.files import (
    EVENTS_FILE,
    LANES_FILE,
    SNAPSHOT_FILE,
    TASKS_FILE,
    TASKS_FOLDER,
    MissionFiles,
    work_package_in,
)
from signoff.missions.meta import META_FILE
from signoff.missions.review_cycle import number_in
from signoff.runners.mission.place import ROOTS

LOG_BYTES_MAX = 64 * 1_048_576
TEXT_BYTES_MAX = 4 * 1_048_576
ENTRIES_MAX = 10_000

_MARKS = (META_FILE, EVENTS_FILE)


def read_mission(folder: Path) -> MissionFiles:
    """What is in the folder of one mission."""
    if folder.is_symlink() and not folder.resolve().is_relative_to(folder.parent.resolve()):
        return MissionFiles(folder.name, unreadable={".": "a link that leads out of the folder of missions"})
    reader = _Reader(folder)
    tasks = reader.entries(TASKS_FOLDER)
    if (folder / TASKS_FOLDER).exists() and not (folder / TASKS_FOLDER).is_dir():
        reader.unreadable[TASKS_FOLDER] = "no folder"
    return MissionFiles(
        name=folder.resolve().name,
        meta=reader.text(META_FILE),
        lanes=reader.text(LANES_FILE),
        events=reader.data(EVENTS_FILE, LOG_BYTES_MAX),
        snapshot=reader.text(SNAPSHOT_FILE),
        tasks_md=reader.text(TASKS_FILE),
        work_packages=dict(reader.texts(TASKS_FOLDER, (name for name in tasks if _is_work_package(name)))),
        review_cycles={name: cycles for name in tasks if work_package_in(name) and (cycles := reader.cycles(name))},
        unreadable=reader.unreadable,
    )


def find_missions(paths: Iterable[Path]) -> list[Path]:
    """The folders of the missions at these paths: a mission, a folder of missions, or a repository with one.

    Raises:
        NotFoundError: (`mission-not-found`) at one of the paths there is no mission.
    """
    found: dict[Path, None] = {}
    for path in paths:
        here = list(_missions_at(path))
        if not here:
            message = f"{path} is no mission, and has none in it: a mission has {' or '.join(_MARKS)}."
            raise NotFoundError(message, code="mission-not-found", details={"path": str(path)})
        found.update(dict.fromkeys(here))
    return list(found)


def is_mission(folder: Path) -> bool:
    return any(os.path.lexists(folder / name) for name in _MARKS)


def _missions_at(path: Path) -> Iterator[Path]:
    if is_mission(path):
        yield path
        return
    roots = [path, *(path / name for name in ROOTS)]
    yield from (folder for root in roots for folder in _missions_in(root))


def _missions_in(root: Path) -> Iterator[Path]:
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        message = f"{root} cannot be looked into: {error.strerror}."
        raise InvalidInputError(message, code="unreadable-file") from None
    yield from (root / name for name in names if is_mission(root / name))


def _is_work_package(name: str) -> bool:
    return name.endswith(".md") and work_package_in(name) is not None


class _Reader:
    """`unreadable` grows while files are read."""

    def __init__(self, folder: Path) -> None:
        self.unreadable: dict[str, str] = {}
        self._folder = folder
        self._root = folder.resolve()
        #: Where folders of the mission really are, by their names.
        self._folders: dict[str, Path] = {}

    def data(self, name: str, most: int) -> bytes | None:
        """None where there is no such file, or it cannot be taken, which is noted."""
        try:
            real = self._inside(name)
            return None if real is None else _read_plain(real, most)
        except _UntakenError as error:
            self.unreadable[name] = str(error)
        except OSError as error:
            self.unreadable[name] = error.strerror or "it cannot be read"
        return None

    def text(self, name: str) -> str | None:
        data = self.data(name, TEXT_BYTES_MAX)
        try:
            return None if data is None else data.decode()
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self.unreadable[name] = f"line {line} is not UTF-8"
            return None

    def texts(self, folder: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Those that can be read, by their names."""
        for name in names:
            text = self.text(f"{folder}/{name}")
            if text is not None:
                yield name, text

    def cycles(self, package: str) -> dict[str, str]:
        folder = f"{TASKS_FOLDER}/{package}"
        return dict(self.texts(folder, (name for name in self.entries(folder) if number_in(name) is not None)))

    def entries(self, folder: str) -> list[str]:
        """The names in a folder; none where it is none."""
        try:
            real = self._inside(folder)
            if real is None or not real.is_dir():
                return []
            with os.scandir(real) as entries:
                names = sorted(entry.name for entry in islice(entries, ENTRIES_MAX + 1))
        except _UntakenError as error:
            self.unreadable[folder] = str(error)
            return []
        except OSError as error:
            self.unreadable[folder] = error.strerror or "it cannot be read"
            return []
        if len(names) > ENTRIES_MAX:
            self.unreadable[folder] = f"more than {ENTRIES_MAX} files"
        return names[:ENTRIES_MAX]

    def _inside(self, name: str) -> Path | None:
        """Where it really is; None where nothing of this name is."""
        folder, _, leaf = name.rpartition("/")
        if folder not in self._folders:
            real = self._resolved(folder)
            if real is None:
                return None
            self._folders[folder] = real
        path = self._folders[folder] / leaf
        try:
            is_link = stat.S_ISLNK(path.lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return self._resolved(name) if is_link else path

    def _resolved(self, name: str) -> Path | None:
        """The same, looked up link by link."""
        path = self._folder / name
        try:
            real = path.resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError):
            if path.is_symlink():
                raise _UntakenError("a link that leads nowhere") from None
            return None
        except RuntimeError:  # a circle of links
            raise _UntakenError("a link that leads nowhere") from None
        if not real.is_relative_to(self._root):
            raise _UntakenError("a link that leads out of the mission")
        return real


class _UntakenError(Exception):
    """Why a file is not read."""


def _read_plain(path: Path, most: int) -> bytes:
    # Without waiting: a pipe of this name would never be opened, and its reader wait.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _UntakenError("no plain file")
        data = file.read(most + 1)
    if len(data) > most:
        raise _UntakenError(f"more than {most} bytes")
    return data
