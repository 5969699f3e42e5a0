"""The guard as a git hook: what is about to be committed, and putting the hook where git looks.

Hooks that are there already are kept and run first. Where git looks for hooks is asked of git: a repository and all of
its worktrees share them. Where `core.hooksPath` leads elsewhere (a folder of the work tree, or one for all of the
person's repositories) nothing is written there: this repository gets a folder of its own, whose hooks run those.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import OperationError
from signoff.runners.git import run_git
from signoff.runners.mission.acting_git import act_git, try_git
from signoff.runners.mission.branches import is_well, said
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
_MERGED_IN_ENVIRONMENT = re.compile(r"GITHEAD_([0-9a-f]{40,64})")


@dataclass(frozen=True)
class Installed:
    """One hook: `path` is where it stands; `kept` what runs before it, None for nothing; `is_new` False where it was
    there already."""

    path: Path
    kept: str | None
    is_new: bool


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
            return [_install_in(checkout.git_dir / "hooks", name, program) for name in GUARDED]
        return _install_beside(checkout, elsewhere, program)
    except OSError as error:
        raise OperationError(
            f"The hook cannot be put in place: {error.filename or checkout.git_dir}: {error.strerror}.",
            code="hook-not-written",
        ) from None


def kept_name(hook: str) -> str:
    """What stood in the hook's place before is called so."""
    return f"{hook}.kept-by-signoff"


def _hooks_elsewhere(checkout: Checkout) -> str | None:
    """What `core.hooksPath` says, as it says it; None where it is not set."""
    told = try_git(checkout.here, "config", "--type=path", "--get", "core.hooksPath")
    return said(told) or None


def _install_in(folder: Path, name: str, program: str) -> Installed:
    folder.mkdir(parents=True, exist_ok=True)
    hook, kept = folder / name, folder / kept_name(name)
    is_new = not _is_ours(hook)
    if is_new and hook.exists():
        hook.replace(kept)
    _write(hook, _guard_script(program, f'"$(dirname "$0")"/{kept.name}'))
    return Installed(hook, str(kept) if kept.exists() else None, is_new)


def _install_beside(checkout: Checkout, elsewhere: str, program: str) -> list[Installed]:
    """Hooks of ours that run those elsewhere, which may be other ones in each worktree."""
    folder = checkout.git_dir / _FOLDER
    noted = folder / _ELSEWHERE
    is_new = Path(elsewhere) != folder
    folder.mkdir(exist_ok=True)
    if is_new:
        noted.write_text(elsewhere, "utf-8", errors="surrogateescape")
    theirs = noted.read_text("utf-8", errors="surrogateescape") if noted.exists() else ""
    for name in _HOOKS if theirs else ():
        kept = f"{shlex.quote(theirs)}/{name}"
        _write(folder / name, _guard_script(program, kept) if name in GUARDED else _passing_on(kept))
    if is_new:
        act_git(checkout.root, "config", "--local", "core.hooksPath", str(folder))
    return [Installed(folder / name, f"{theirs}/{name}" if theirs else None, is_new) for name in GUARDED]


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
