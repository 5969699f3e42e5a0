"""The guard as a git hook: what is about to be committed, and putting the hook where git looks.

Hooks that are there already are kept and run first, whoever puts one there and how often; one that calls another that
called it is not run twice. Where git looks for hooks is asked of git: a repository and all of
its worktrees share them. Where `core.hooksPath` leads elsewhere (a folder of the work tree, or one for all of the
person's repositories) nothing is written there: this repository gets a folder of its own, whose hooks run those.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from signoff.errors import OperationError
from signoff.runners.git import run_git
from signoff.runners.mission.acting_git import act_git, try_git
from signoff.runners.mission.branches import is_well, said, worktrees_of
from signoff.runners.mission.place import Checkout

HOOK, MERGE_HOOK = GUARDED = ("pre-commit", "pre-merge-commit")
MARK = "# Put here by `signoff mission guard --install`."

#: In the repository's own folder, for where `core.hooksPath` is set.
_FOLDER = "signoff-hooks"
#: In that folder: what `core.hooksPath` said before.
_ELSEWHERE = "hooks-path"
#: Those that git runs for people; the others are a server's, or change what git does by being there.
_HOOKS = (
    *("applypatch-msg", "commit-msg", "post-applypatch", "post-checkout", "post-commit", "post-merge", "post-rewrite"),
    *("pre-applypatch", *GUARDED, "pre-push", "pre-rebase", "prepare-commit-msg"),
)
#: In the environment of hooks: those of ours that are running.
_RUNNING = "SIGNOFF_HOOKS_RUNNING"
#: How the lines of our hooks begin.
_LINES = ("#!/bin/sh", MARK, "here=", "case ", "export SIGNOFF_", "kept=", 'if [ -x "$kept"', "if command -v signoff",
          "exec ")  # fmt: skip
#: So many hooks of one name are kept.
_KEPT_MAX = 20
_MERGED_IN_ENVIRONMENT = re.compile(r"GITHEAD_([0-9a-f]{40,64})")


@dataclass(frozen=True)
class Installed:
    """One hook: `path` is where it stands; `kept` what runs before it, in this order; `is_new` False where it was there
    already."""

    path: Path
    kept: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True)
class Unguarded:
    """A work tree in which git does not run the guard: it looks for hooks in `hooks`."""

    worktree: Path
    hooks: Path


def staged_files(checkout: Checkout, environ: Mapping[str, str]) -> list[str]:
    """The paths that the commit changes, from the top of the work tree; of a file that is moved both.

    A commit of some files only has an index of its own, which git names to its hooks.

    Raises:
        OperationError: (`git-failed`) git cannot say.
    """
    return _staged(checkout, environ)


def staged_unlike(checkout: Checkout, environ: Mapping[str, str], commit: str) -> set[str]:
    """The paths that are staged otherwise than this commit has them.

    Raises:
        OperationError: as `staged_files`.
    """
    return set(_staged(checkout, environ, commit))


def merged_commits(checkout: Checkout, environ: Mapping[str, str]) -> list[str]:
    """Those that come in with the commit, where it is a merge: git names them to the hook of a merge, and notes them
    where one waits to be committed."""
    named = [match[1] for name in environ if (match := _MERGED_IN_ENVIRONMENT.fullmatch(name))]
    where = said(run_git(checkout.here, "rev-parse", "--path-format=absolute", "--git-path", "MERGE_HEAD"))
    noted = Path(where).read_text("utf-8", errors="replace").split() if where and Path(where).is_file() else []
    return list(dict.fromkeys([*named, *noted]))


def _staged(checkout: Checkout, environ: Mapping[str, str], *than: str) -> list[str]:
    index = environ.get("GIT_INDEX_FILE")
    env = {} if index is None else {"GIT_INDEX_FILE": str(checkout.here / index)}
    words = ("diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z", *than)
    told = run_git(checkout.here, *words, env=env)
    if not is_well(told):
        raise OperationError("git cannot say what is about to be committed.", code="git-failed")
    return [name for name in told.stdout.decode("utf-8", errors="surrogateescape").split("\0") if name]


def install_guard(checkout: Checkout, program: str) -> list[Installed]:
    """Have git run the guard before each commit in this repository, those of merges too.

    Args:
        program: how signoff is started here, where no `signoff` is on the PATH.

    Raises:
        OperationError: (`hook-not-written`) it cannot be put there.
    """
    elsewhere = _hooks_elsewhere(checkout)
    try:
        if elsewhere is None:
            return [_put(checkout.git_dir / "hooks", name, program, None) for name in GUARDED]
        return _install_beside(checkout, elsewhere, program)
    except OSError as error:
        raise OperationError(
            f"The hook cannot be put in place: {error.filename or checkout.git_dir}: {error.strerror}.",
            code="hook-not-written",
        ) from None


def kept_name(hook: str) -> str:
    """What stood in the hook's place before is called so; what stood there after that, by the next number."""
    return f"{hook}.kept-by-signoff"


def is_installed(checkout: Checkout) -> bool:
    """Whether somebody has put the guard into this repository's hooks, wherever git looks for them now."""
    folders = (checkout.git_dir / "hooks", checkout.git_dir / _FOLDER)
    return any(_is_ours(folder / name) or _kept_in(folder, name) for folder in folders for name in GUARDED)


def unguarded_worktrees(checkout: Checkout) -> list[Unguarded]:
    """Where git runs something else before a commit: `core.hooksPath` may be set at any time and for one work tree
    only, and a hook be replaced."""
    found = [(worktree, _hooks_of(worktree)) for worktree in worktrees_of(checkout.root)]
    return [Unguarded(worktree, hooks) for worktree, hooks in found if hooks is not None and not _is_guarded(hooks)]


def _hooks_elsewhere(checkout: Checkout) -> str | None:
    """What `core.hooksPath` says, as it says it; None where it is not set."""
    told = try_git(checkout.root, "config", "--type=path", "--get", "core.hooksPath")
    return said(told) or None


def _install_beside(checkout: Checkout, elsewhere: str, program: str) -> list[Installed]:
    """Hooks of ours that run those elsewhere, which may be other ones in each worktree."""
    folder = checkout.git_dir / _FOLDER
    noted = folder / _ELSEWHERE
    is_new = (checkout.root / elsewhere).resolve() != folder.resolve()
    folder.mkdir(exist_ok=True)
    if is_new:
        noted.write_text(elsewhere, "utf-8", errors="surrogateescape")
    theirs = noted.read_text("utf-8", errors="surrogateescape") if noted.exists() else ""
    installed = [_put(folder, name, program, theirs or None) for name in (_HOOKS if theirs else GUARDED)]
    if is_new:
        act_git(checkout.root, "config", "--local", "core.hooksPath", str(folder))
    return [replace(one, is_new=is_new or one.is_new) for one in installed if one.path.name in GUARDED]


def _put(folder: Path, name: str, program: str, elsewhere: str | None) -> Installed:
    """The hook of this name, which runs what was there, and what is called so `elsewhere`."""
    folder.mkdir(parents=True, exist_ok=True)
    hook = folder / name
    is_new = not _is_ours(hook)
    if is_new:
        _keep(hook)
    elif not _is_as_written(hook):
        raise OperationError(
            f"{hook} is the guard's, and somebody has added to it. Put what was added into a hook of its own, "
            f"{hook.with_name(kept_name(name))}, which runs first; delete {hook}; and install the guard again.",
            code="hook-not-written",
        )
    kept = _kept_in(folder, name)
    calls = [*([f"{shlex.quote(elsewhere)}/{name}"] if elsewhere else []),
             *(f'"$(dirname "$0")"/{one.name}' for one in kept)]  # fmt: skip
    _write(hook, _script(calls, program if name in GUARDED else None))
    return Installed(hook, (*((f"{elsewhere}/{name}",) if elsewhere else ()), *map(str, kept)), is_new)


def _keep(hook: Path) -> None:
    """What stands there, if anything, under a name that nothing has yet; the same hook twice is one."""
    if not os.path.lexists(hook):
        return
    text = hook.read_bytes() if hook.is_file() else None
    if any(one.read_bytes() == text for one in _kept_in(hook.parent, hook.name)):
        return
    free = next((path for path in _kept_paths(hook.parent, hook.name) if not os.path.lexists(path)), None)
    if free is None:
        raise OSError(errno.EEXIST, "there are too many hooks that were kept", str(hook))
    hook.rename(free)


def _kept_in(folder: Path, hook: str) -> list[Path]:
    """In the order in which they were kept."""
    return [path for path in _kept_paths(folder, hook) if path.is_file()]


def _kept_paths(folder: Path, hook: str) -> list[Path]:
    name = kept_name(hook)
    return [folder / name, *(folder / f"{name}-{number}" for number in range(2, _KEPT_MAX + 1))]


def _script(kept: Sequence[str], program: str | None) -> str:
    """It runs the kept ones, then the guard, where a program is given. One of them may run what runs this: some tools
    keep the hooks that they find just as we do."""
    lines = [
        "#!/bin/sh",
        MARK,
        'here=$(cd "$(dirname "$0")" && pwd -P)/$(basename "$0")',
        f'case ":${_RUNNING}:" in *":$here:"*) exit 0;; esac',
        f'export {_RUNNING}="${_RUNNING}:$here"',
    ]
    for one in kept:
        lines += [f"kept={one}", 'if [ -x "$kept" ]; then "$kept" "$@" || exit $?; fi']
    if program is not None:
        lines += [
            "if command -v signoff >/dev/null 2>&1; then exec signoff mission guard; fi",
            f"exec {program} mission guard",
        ]
    return "\n".join([*lines, ""])


def _hooks_of(worktree: Path) -> Path | None:
    """Where git looks for hooks there, after everything that is configured for it; None where it does nothing there."""
    told = said(try_git(worktree, "rev-parse", "--path-format=absolute", "--git-path", "hooks"))
    return Path(told) if told else None


def _is_guarded(hooks: Path) -> bool:
    return all(_is_ours(hooks / name) and os.access(hooks / name, os.X_OK) for name in GUARDED)


def _is_ours(hook: Path) -> bool:
    return hook.is_file() and MARK in hook.read_text("utf-8", errors="replace")


def _is_as_written(hook: Path) -> bool:
    """Whether nobody has added to it."""
    lines = hook.read_text("utf-8", errors="replace").splitlines()
    return all(line.startswith(_LINES) for line in lines)


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8")
    draft.chmod(0o755)
    draft.replace(path)
