"""What git knows of the repository that a spec is run in, without changing anything there.

A folder without git has no branch, no commit and no changes, and that is no error. Nothing of the repository's own
configuration is started, see `git`; the index that changes are looked up with is a copy.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.runners.git import GIT_LIMITS, run_git
from signoff.runners.process import End, Limits, Outcome

#: Of changes that are kept with a run, and of those that are only shown.
DIFF_BYTES_MAX, SHOWN_BYTES_MAX = 1_048_576, 16_777_216
LIST_BYTES_MAX = 1_048_576
#: Of changes that are too large as a whole: so many files are tried one by one.
FILES_MAX = 200

_STEADY = {
    # Neither a cache of what is untracked nor a careless look at file times may leave something out.
    "core.untrackedCache": "false",
    "core.splitIndex": "false",
    "core.trustctime": "true",
    "core.checkStat": "default",
    "core.quotePath": "false",
}
_PLAIN_DIFF = (
    # With whole ids, so that whoever has seen the diff of a binary file has its content by its hash.
    *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty", "--full-index"),
    *("--src-prefix=a/", "--dst-prefix=b/", f"-O{os.devnull}"),
)


@dataclass(frozen=True)
class Head:
    """`branch` is None where a commit is checked out by itself, `commit` before the first one; both are without git."""

    branch: str | None = None
    commit: str | None = None


@dataclass(frozen=True)
class Changes:
    """A unified diff; `left_out` says why `text` is not all of it: it then begins with the files that are left out,
    each with its hash, and how to see them, or is nothing but that reason."""

    text: str
    left_out: str | None = None


def head_of(root: Path) -> Head:
    if not _has_git(root):
        return Head()
    branch = _said(run_git(root, "symbolic-ref", "--quiet", "--short", "HEAD"))
    return Head(branch or None, _commit_of(root))


def changes_since(root: Path, commit: str | None, *, without: Path) -> Changes | None:
    """What the work tree has that `commit` (None: the empty tree) has not, files that git does not know yet included;
    None for nothing. What is ignored is left out, and so is the folder `without`."""
    return _changes_at(root, commit, ("--", ".", *_excluded(root, without)), DIFF_BYTES_MAX, ignores=True)


def changes_of(root: Path, commit: str | None, paths: Sequence[str]) -> Changes | None:
    """The same of these files alone, ignored or not, to be shown; None for nothing, or for no files."""
    named = [_literally(path) for path in paths]
    return _changes_at(root, commit, ("--", *named), SHOWN_BYTES_MAX, ignores=False) if named else None


def _changes_at(
    root: Path, commit: str | None, paths: tuple[str, ...], bytes_max: int, *, ignores: bool
) -> Changes | None:
    if not _has_git(root):
        return None
    with tempfile.TemporaryDirectory(prefix="signoff-index-") as folder:
        look = _Look.at(root, Path(folder))
        if look is None:
            return _nothing_but("git cannot read the repository")
        since = commit or _said(look.run("hash-object", "-t", "tree", "--stdin"))
        if not look.refresh(paths, ignores=ignores):
            return _nothing_but("git cannot list the new files")
        return _changes(look, since, paths, bytes_max)


@dataclass(frozen=True)
class _Look:
    """Git with an index of its own, in which new files can be named and old flags forgotten."""

    root: Path
    settings: Mapping[str, str]
    env: Mapping[str, str]

    @classmethod
    def at(cls, root: Path, folder: Path) -> _Look | None:
        filters = _filters_off(root)
        index, objects = (_said(run_git(root, "rev-parse", "--git-path", name)) for name in ("index", "objects"))
        if filters is None or not index or not objects:
            return None
        if (root / index).exists():
            # With its time: files no older than the index are looked at again, and a newer index would hide them.
            shutil.copy2(root / index, folder / "index")
        (folder / "objects").mkdir()
        env = {
            "GIT_INDEX_FILE": str(folder / "index"),
            "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(str(root / objects)),
        }
        return cls(root, {**_STEADY, **filters}, env)

    def run(self, *words: str, stdin: bytes = b"", limits: Limits = GIT_LIMITS) -> Outcome:
        return run_git(self.root, *words, stdin=stdin, settings=self.settings, env=self.env, limits=limits)

    def refresh(self, paths: tuple[str, ...], *, ignores: bool) -> bool:
        """Look at every file again, also at those that git was told to take as unchanged, and name the new ones; False
        where that cannot be done."""
        self.run("update-index", "-q", "--really-refresh")
        ignoring = ("--exclude-standard",) if ignores else ()
        listed = self.run("ls-files", "--others", *ignoring, "-z", *paths)
        # A folder in this list is a repository of its own, and none of this one's business.
        new = [path for path in listed.stdout.split(b"\0") if path and not path.endswith(b"/")]
        if not _is_well(listed) or not new:
            return _is_well(listed)
        add = (
            "--literal-pathspecs",
            "add",
            "--force",
            "--intent-to-add",
            "--pathspec-from-file=-",
            "--pathspec-file-nul",
        )
        return _is_well(self.run(*add, stdin=b"\0".join(new)))


def _changes(look: _Look, since: str, paths: tuple[str, ...], bytes_max: int) -> Changes | None:
    diff = look.run(*_PLAIN_DIFF, since, *paths, limits=Limits(GIT_LIMITS.timeout_s, bytes_max))
    if _is_well(diff):
        return Changes(_text(diff)) if diff.stdout else None
    if diff.end is End.WROTE_TOO_MUCH:
        return _as_much_as_fits(look, since, paths, bytes_max)
    took_long = f"git took more than {GIT_LIMITS.timeout_s:g} s"
    return _nothing_but(took_long if diff.end is End.TIMED_OUT else "git cannot compare with where the step began")


def _as_much_as_fits(look: _Look, since: str, paths: tuple[str, ...], bytes_max: int) -> Changes:
    """File by file, in their order, and what does not fit is named at the top."""
    why = f"the changes are more than {bytes_max} bytes"
    limits = Limits(GIT_LIMITS.timeout_s, LIST_BYTES_MAX)
    listed = look.run(*_PLAIN_DIFF, "--name-status", "--no-renames", "-z", since, *paths, limits=limits)
    if not _is_well(listed):
        return _nothing_but(why)
    fields = [os.fsdecode(field) for field in listed.stdout.split(b"\0")]
    changed = dict(zip(fields[1::2], fields[::2], strict=False))
    shown: dict[str, str] = {}
    for path in list(changed)[:FILES_MAX]:
        one = look.run(*_PLAIN_DIFF, since, "--", _literally(path), limits=Limits(GIT_LIMITS.timeout_s, bytes_max))
        if _is_well(one) and len(one.stdout) <= bytes_max:
            shown[path] = _text(one)
            bytes_max -= len(one.stdout)
    left_out = {path: status for path, status in changed.items() if path not in shown}
    top = _left_out(look, since, left_out)
    return Changes(f"{top}\n{''.join(shown.values())}", f"{why}; {len(left_out)} of {len(changed)} files are not shown")


def _left_out(look: _Look, since: str, files: Mapping[str, str]) -> str:
    hashes = _hashes(look, list(files))
    lines = (f"{status}\t{path}\t{hashes.get(path, '')}".rstrip() for path, status in files.items())
    return "\n".join(
        (
            "Not shown, since they do not fit: these files, each with git's hash of what it holds now.",
            f"To see one: git diff {since} -- FILE (a new one, A: git diff --no-index {os.devnull} FILE)",
            "",
            *(line.encode("utf-8", errors="replace").decode() for line in lines),
            "",
        )
    )


def _hashes(look: _Look, paths: Sequence[str]) -> dict[str, str]:
    """Of those that are files; none where git cannot say."""
    files = [path for path in paths if "\n" not in path and _is_plain(look.root / path)]
    hashed = look.run(
        "hash-object", "--no-filters", "--stdin-paths", stdin=os.fsencode("".join(f"{one}\n" for one in files))
    )
    return dict(zip(files, _said(hashed).split(), strict=False))


def _filters_off(root: Path) -> dict[str, str] | None:
    """The settings that keep the repository's filters from being started; None where that cannot be done."""
    found = run_git(root, "config", "--null", "--name-only", "--get-regexp", r"^filter\.")
    if found.end is not End.EXITED or found.exit_code > 1:
        return None
    drivers = {name.rpartition(".")[0] for name in found.stdout.decode(errors="surrogateescape").split("\0") if name}
    # `-c` ends the name of a setting at the first '='.
    if any("=" in driver for driver in drivers):
        return None
    off = {"clean": "", "smudge": "", "process": "", "required": "false"}
    return {f"{driver}.{member}": value for driver in drivers for member, value in off.items()}


def _has_git(root: Path) -> bool:
    return (root / ".git").exists()


def _commit_of(root: Path) -> str | None:
    return _said(run_git(root, "rev-parse", "--quiet", "--verify", "HEAD^{commit}")) or None


def _excluded(root: Path, without: Path) -> tuple[str, ...]:
    return (f":(exclude,literal){without.relative_to(root)}",) if without.is_relative_to(root) else ()


def _quoted(path: str) -> str:
    # The variable holds a list with ':' between; in quotes a path may hold one.
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _nothing_but(why: str) -> Changes:
    return Changes(f"Left out: {why}.", why)


def _literally(path: str) -> str:
    return f":(top,literal){path}"


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _text(outcome: Outcome) -> str:
    return outcome.stdout.decode("utf-8", errors="replace")


def _is_well(outcome: Outcome) -> bool:
    return outcome.end is End.EXITED and outcome.exit_code == 0


def _said(outcome: Outcome) -> str:
    return outcome.stdout.decode("utf-8", errors="replace").strip() if _is_well(outcome) else ""
