"""What a commit is to hold, as it was shown; and what became of the commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.errors import InvalidInputError

NEW, MODIFIED, DELETED, UNCHANGED, MISSING = "new", "modified", "deleted", "unchanged", "missing"

MESSAGE_CHARS_MAX = 50_000
PATH_CHARS_MAX = 1_000

PLAIN, EXECUTABLE, LINK = "100644", "100755", "120000"
_MODES = {PLAIN: "now not executable", EXECUTABLE: "now executable", LINK: "now a link"}

_LINE_END = re.compile(r"\r\n?|\n")
#: No file is called so. Names that are no more than hard to show are an obstacle to the commit, with the others.
_NO_NAME = re.compile(r"[\0\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class FileChange:
    """A file against the commit that is checked out. `sha256` is over its bytes (a link's: over where it leads) and
    `mode` git's (`100644`, `100755`, `120000`); both are None where there is no such file. `was` is the mode that the
    commit has, where it is another one."""

    path: str
    status: str
    sha256: str | None = None
    mode: str | None = None
    was: str | None = None

    @property
    def words(self) -> str:
        """The status as people are shown it."""
        if self.was is None or self.mode is None:
            return self.status
        return f"{self.status}, {'now a file' if self.was == LINK else _MODES[self.mode]}"

    def to_wire(self) -> dict[str, Any]:
        was = {} if self.was is None else {"was": self.was}
        return {"path": self.path, "status": self.status, "sha256": self.sha256, "mode": self.mode, **was}


@dataclass(frozen=True)
class Changes:
    """`branch` is None where none is checked out, `head` before the first commit. `obstacles` say, each in a sentence,
    why these changes cannot be committed as they are."""

    branch: str | None
    head: str | None
    files: tuple[FileChange, ...]
    obstacles: tuple[str, ...] = ()

    @property
    def are_none(self) -> bool:
        """Whether there is nothing in them that could be committed."""
        return all(file.status in (UNCHANGED, MISSING) for file in self.files)

    def to_wire(self) -> dict[str, Any]:
        return {
            "branch": self.branch,
            "head": self.head,
            "files": [file.to_wire() for file in self.files],
            "obstacles": list(self.obstacles),
        }


def changes_from_wire(wire: Mapping[str, Any]) -> Changes:
    files = tuple(
        FileChange(one["path"], one["status"], one["sha256"], one["mode"], one.get("was")) for one in wire["files"]
    )
    return Changes(wire["branch"], wire["head"], files, tuple(wire["obstacles"]))


@dataclass(frozen=True)
class Committed:
    """`remark` says what a hook has made of the message, where it is not the approved one."""

    commit: str
    remark: str | None = None


@dataclass(frozen=True)
class Changed:
    """Nothing was committed: what was approved is not what is there. `files` are those that the sentence is about."""

    why: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class HookFailed:
    """Nothing was committed: git, or a hook of the repository, refused. `output` is what it wrote."""

    output: str

    @property
    def why(self) -> str:
        return "Git refused the commit, or a hook did."


CommitOutcome = Committed | Changed | HookFailed


def clean_message(text: str) -> str:
    """A commit message as it is shown, approved and committed: without blanks at the ends of lines and of the whole.

    Raises:
        InvalidInputError: (`invalid-commit-message`) empty, too long, or no text.
    """
    lines = [
        line.rstrip() for line in text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    message = "\n".join(lines).strip("\n")
    if not message or len(message) > MESSAGE_CHARS_MAX or "\0" in message:
        raise InvalidInputError(
            f"A commit message is text of 1 to {MESSAGE_CHARS_MAX} characters.", code="invalid-commit-message"
        )
    return message


def clean_path(path: str) -> str:
    """A path in the repository, without the steps that lead nowhere."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def path_problem(path: object) -> str | None:
    """Why this names no file of a repository; None where it may."""
    if not isinstance(path, str) or _NO_NAME.search(path) or not 1 <= len(path) <= PATH_CHARS_MAX:
        return f"is no path of 1 to {PATH_CHARS_MAX} characters"
    parts = clean_path(path).split("/")
    if path.startswith("/") or "\\" in path or _DRIVE.match(path):
        return f"must begin in the repository and have / between folders, not {path[:80]!r}"
    if ".." in parts:
        return f"leads out of the repository: {path[:80]!r}"
    if any(part.lower() == ".git" for part in parts):
        return f"is git's own: {path[:80]!r}"
    return None if parts != [""] else "is the repository itself"
