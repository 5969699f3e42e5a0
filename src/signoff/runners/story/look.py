"""Looking at what a story's commit would hold. Nothing of the repository's own is started, and nothing written.

`sha256` is over the bytes of the work tree: they are what people see, whatever git makes of them afterwards.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from signoff.errors import StepFailedError
from signoff.runners.git import check_git, run_git
from signoff.runners.process import End, Outcome
from signoff.runners.repository import head_of
from signoff.stories.changes import (
    DELETED,
    EXECUTABLE,
    LINK,
    MISSING,
    MODIFIED,
    NEW,
    PLAIN,
    UNCHANGED,
    Changes,
    FileChange,
)

FILE_BYTES_MAX = 64 * 1024 * 1024
NAMED_MAX = 10

_FOLDER, _MODULE = "040000", "160000"
_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")

#: Mode and id of what a tree has at a path.
Entry = tuple[str, str]


@dataclass(frozen=True)
class Found:
    """A file of the work tree; `data` and `mode` are None where there is none, `why` says what it is instead."""

    data: bytes | None = None
    mode: str | None = None
    why: str | None = None

    @property
    def sha256(self) -> str | None:
        return None if self.data is None else hashlib.sha256(self.data).hexdigest()


def look(root: Path, paths: Sequence[str]) -> Changes:
    """What a commit of these files of the repository `root` would hold now.

    Raises:
        MissingProgramError: git is not installed.
    """
    check_git()
    if not (root / ".git").exists():
        files = tuple(_change(path, find(root, path), None) for path in paths)
        return Changes(None, None, files, (f"There is no git repository in {root}.",))
    head = head_of(root)
    known = _tree(root, head.commit, sorted({*paths, *(folder for path in paths for folder in _folders(path))}))
    modes = kept_modes(root, {path: known[path][0] if path in known else None for path in paths})
    found = {path: find(root, path, mode=modes.get(path)) for path in paths}
    files = tuple(_change(path, found[path], known.get(path)) for path in paths)
    obstacles = [
        *([] if head.branch else ["No branch is checked out: HEAD is detached."]),
        *_under_way(root),
        *_staged_besides(root, head.commit, paths),
        *(f"{path} {one.why}." for path, one in found.items() if one.why),
        *(why for path in paths if (why := _why_not_here(root, known, path))),
        *(f"{path!r} is a name that cannot be shown as it is: rename it." for path in paths if not path.isprintable()),
        *_what_is_not_there(files),
    ]
    return Changes(head.branch, head.commit, files, tuple(obstacles))


def _change(path: str, found: Found, known: Entry | None) -> FileChange:
    if found.data is None:
        return FileChange(path, MISSING if known is None else DELETED)
    is_same = known is not None and known == (found.mode, _blob_id(found.data, known[1]))
    status = NEW if known is None else UNCHANGED if is_same else MODIFIED
    was = known[0] if known is not None and known[0] in (PLAIN, EXECUTABLE, LINK) else found.mode
    return FileChange(path, status, found.sha256, found.mode, None if was == found.mode else was)


def kept_modes(root: Path, known: Mapping[str, str | None]) -> dict[str, str]:
    """The mode that each regular file keeps, having had this one before, where the permissions of files say nothing
    (`core.fileMode` is false); none where they count."""
    said = run_git(root, "config", "--type=bool", "--get", "core.fileMode")
    if said.stdout.strip() != b"false":
        return {}
    return {path: EXECUTABLE if mode == EXECUTABLE else PLAIN for path, mode in known.items()}


def find(root: Path, path: str, *, mode: str | None = None) -> Found:
    """Nothing is followed out of the repository: not even a folder on the way may be a link. `mode` is that of a
    regular file, where it is not to be asked."""
    *folders, _ = path.split("/")
    at = root
    for folder in folders:
        at = at / folder
        if at.is_symlink():
            return Found(why="is reached through a symbolic link")
    try:
        return _read(root / path, mode)
    except (FileNotFoundError, NotADirectoryError):
        return Found()
    except OSError as error:
        return Found(why=f"cannot be read: {error.strerror}")


def _read(file: Path, mode: str | None) -> Found:
    facts = file.lstat()
    if stat.S_ISLNK(facts.st_mode):
        return Found(os.fsencode(file.readlink()), LINK)
    if not stat.S_ISREG(facts.st_mode):
        return Found(why="is no file")
    if facts.st_size > FILE_BYTES_MAX:
        return Found(why=f"has more than {FILE_BYTES_MAX} bytes")
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as opened:
        return Found(opened.read(FILE_BYTES_MAX + 1), mode or (EXECUTABLE if facts.st_mode & 0o100 else PLAIN))


def _tree(root: Path, commit: str | None, paths: Sequence[str]) -> dict[str, Entry]:
    """What the commit has of these files."""
    if commit is None or not paths:
        return {}
    listed = run_git(root, "--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *paths)
    entries = {}
    for line in checked(listed, "list the commit").split("\0"):
        about, tab, path = line.partition("\t")
        if tab:
            mode, _, id_ = about.split(" ")
            entries[path] = (mode, id_)
    return entries


def _why_not_here(root: Path, known: Mapping[str, Entry], path: str) -> str | None:
    """What git would not commit at this path, or only with what nobody has listed."""
    modes = {place: known[place][0] for place in (*_folders(path), path) if place in known}
    for folder in _folders(path):
        if modes.get(folder) == _MODULE or (root / folder / ".git").exists():
            return f"{path} is in {folder}, a repository of its own (a submodule): commit it there."
        if modes.get(folder, _FOLDER) != _FOLDER:
            return f"{path} is in {folder}, a file in the last commit: first commit with git that it is a folder now."
    if modes.get(path) == _MODULE:
        return f"{path} is a repository of its own (a submodule): commit with git where it is."
    if modes.get(path) == _FOLDER:
        return f"{path} is a folder in the last commit: list the files that were in it too."
    return None


def _folders(path: str) -> list[str]:
    """Those on the way to it, from the top."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _under_way(root: Path) -> Iterator[str]:
    folder = Path(checked(run_git(root, "rev-parse", "--absolute-git-dir"), "find its folder").strip())
    if any((folder / name).exists() for name in _UNDER_WAY):
        yield "A merge, a rebase or the like is under way; end it first."


def lock_problem(root: Path) -> str | None:
    """Why nobody can commit at the moment, though nothing is wrong with what is to be committed."""
    if not (root / ".git").exists():
        return None
    lock = Path(checked(run_git(root, "rev-parse", "--absolute-git-dir"), "find its folder").strip()) / "index.lock"
    try:
        since = datetime.fromtimestamp(lock.stat().st_mtime).astimezone()
    except FileNotFoundError:
        return None
    return (
        f"Another git is at work in {root}, or one was killed there: {lock} is there since {since:%Y-%m-%d %H:%M:%S}. "
        "Wait until it has ended; where no git runs, remove that file. Then answer again."
    )


def _staged_besides(root: Path, head: str | None, paths: Sequence[str]) -> Iterator[str]:
    if head is None:
        listed = run_git(root, "ls-files", "--cached", "-z")
    else:
        listed = run_git(root, "diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z", head)
    staged = {path for path in checked(listed, "list what is staged").split("\0") if path}
    others = sorted(staged - set(paths))
    if others:
        yield f"Staged, but not among these files: {named(others)}. Unstage it, or have it listed."


def _what_is_not_there(files: Sequence[FileChange]) -> Iterator[str]:
    missing = [file.path for file in files if file.status == MISSING]
    if missing:
        yield f"Neither in the work tree nor in the last commit: {named(missing)}."
    if all(file.status == UNCHANGED for file in files):
        yield "None of these files differs from the last commit."


def checked(outcome: Outcome, doing: str) -> str:
    if not is_well(outcome):
        raise StepFailedError(f"git cannot {doing}: {told(outcome)}", code="git-failed")
    return outcome.stdout.decode("utf-8", errors="replace")


def is_well(outcome: Outcome) -> bool:
    return outcome.end is End.EXITED and outcome.exit_code == 0


def told(outcome: Outcome) -> str:
    """What it wrote, and why it was stopped, if it was."""
    written = (outcome.stdout + outcome.stderr).decode("utf-8", errors="replace").strip()
    stopped = {End.TIMED_OUT: "It took too long, and was stopped.", End.WROTE_TOO_MUCH: "It wrote too much."}
    return "\n".join(filter(None, (written, stopped.get(outcome.end)))) or f"exit code {outcome.exit_code}"


def _blob_id(data: bytes, like: str) -> str:
    """The id under which git has these bytes, in whichever kind of repository."""
    kind = "sha1" if len(like) == 40 else "sha256"
    return hashlib.new(kind, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def named(paths: Sequence[str]) -> str:
    more = len(paths) - NAMED_MAX
    return ", ".join(paths[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
