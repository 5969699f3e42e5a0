"""The guard as a git hook: what is about to be committed, and putting the hook where git looks.

Hooks that are there already are kept and run first. Where git looks for hooks is asked of git: a repository and all of
its worktrees share them. Where `core.hooksPath` leads elsewhere (a folder of the work tree, or one for all of the
person's repositories) nothing is written there: this repository gets a folder of its own, whose hooks run those.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import OperationError
from signoff.runners.git import run_git
from signoff.runners.mission.acting_git import act_git, try_git
from signoff.runners.mission.branches import is_well, said
from signoff.runners.mission.place import Checkout

HOOK = "pre-commit"
#: What stood in the hook's place before.
KEPT = f"{HOOK}.kept-by-signoff"
MARK = "# Put here by `signoff mission guard --install`."

#: In the repository's own folder, for where `core.hooksPath` is set.
_FOLDER = "signoff-hooks"
#: Those that git runs for people; the others are a server's, or change what git does by being there.
_HOOKS = (
    *("applypatch-msg", "commit-msg", "post-applypatch", "post-checkout", "post-commit", "post-merge", "post-rewrite"),
    *("pre-applypatch", HOOK, "pre-merge-commit", "pre-push", "pre-rebase", "prepare-commit-msg"),
)


@dataclass(frozen=True)
class Installed:
    """`path` is the hook; `kept` what runs before it, None for nothing; `is_new` False where it was there already."""

    path: Path
    kept: str | None
    is_new: bool


def staged_files(checkout: Checkout, environ: Mapping[str, str]) -> list[str]:
    """The paths that the commit changes, from the top of the work tree; of a file that is moved both.

    A commit of some files only has an index of its own, which git names to its hooks.

    Raises:
        OperationError: (`git-failed`) git cannot say.
    """
    index = environ.get("GIT_INDEX_FILE")
    env = {} if index is None else {"GIT_INDEX_FILE": str(checkout.here / index)}
    words = ("diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z")
    told = run_git(checkout.here, *words, env=env)
    if not is_well(told):
        raise OperationError("git cannot say what is about to be committed.", code="git-failed")
    return [name for name in told.stdout.decode("utf-8", errors="surrogateescape").split("\0") if name]


def install_guard(checkout: Checkout, program: str) -> Installed:
    """Have git run the guard before each commit in this repository.

    Args:
        program: how signoff is started here, where no `signoff` is on the PATH.

    Raises:
        OperationError: (`hook-not-written`) it cannot be put there.
    """
    elsewhere = _hooks_elsewhere(checkout)
    try:
        if elsewhere is None:
            return _install_in(checkout.git_dir / "hooks", program)
        return _install_beside(checkout, elsewhere, program)
    except OSError as error:
        raise OperationError(
            f"The hook cannot be put in place: {error.filename or checkout.git_dir}: {error.strerror}.",
            code="hook-not-written",
        ) from None


def _hooks_elsewhere(checkout: Checkout) -> str | None:
    """What `core.hooksPath` says, as it says it; None where it is not set, or already leads to our own folder."""
    told = try_git(checkout.here, "config", "--type=path", "--get", "core.hooksPath")
    return said(told) or None


def _install_in(folder: Path, program: str) -> Installed:
    folder.mkdir(parents=True, exist_ok=True)
    hook, kept = folder / HOOK, folder / KEPT
    is_new = not _is_ours(hook)
    if is_new and hook.exists():
        hook.replace(kept)
    _write(hook, _guard_script(program, '"$(dirname "$0")"/' + KEPT))
    return Installed(hook, str(kept) if kept.exists() else None, is_new)


def _install_beside(checkout: Checkout, elsewhere: str, program: str) -> Installed:
    """Hooks of ours that run those elsewhere, which may be other ones in each worktree."""
    folder = checkout.git_dir / _FOLDER
    if Path(elsewhere) == folder:
        return Installed(folder / HOOK, None, is_new=False)
    folder.mkdir(exist_ok=True)
    for name in _HOOKS:
        theirs = f"{shlex.quote(elsewhere)}/{name}"
        _write(folder / name, _guard_script(program, theirs) if name == HOOK else _passing_on(theirs))
    act_git(checkout.root, "config", "--local", "core.hooksPath", str(folder))
    return Installed(folder / HOOK, f"{elsewhere}/{HOOK}", is_new=True)


def _guard_script(program: str, kept: str) -> str:
    return f"""#!/bin/sh
{MARK}
kept={kept}
if [ -x "$kept" ]; then "$kept" "$@" || exit $?; fi
if command -v signoff >/dev/null 2>&1; then exec signoff mission guard; fi
exec {program} mission guard
"""


def _passing_on(kept: str) -> str:
    return f"""#!/bin/sh
{MARK}
kept={kept}
if [ -x "$kept" ]; then exec "$kept" "$@"; fi
"""


def _is_ours(hook: Path) -> bool:
    return hook.is_file() and MARK in hook.read_text("utf-8", errors="replace")


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8")
    draft.chmod(0o755)
    draft.replace(path)
