"""The `git` command on a folder that holds its own `.git`, started so that nothing there starts another program.

What a repository's configuration can start (hooks, a file system monitor, external diffs and filters, remotes) is for
the people who work in it. The repository may have been changed by an agent a moment ago, and a worker only looks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from signoff.errors import MissingProgramError
from signoff.runners.process import Limits, Outcome, run_program

GIT_LIMITS = Limits(timeout_s=60, output_bytes_max=16_777_216)

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.fsmonitor": "false",
}


def check_git() -> None:
    """Find git.

    Raises:
        MissingProgramError: it is not installed.
    """
    import shutil

    if shutil.which("git") is None:
        raise MissingProgramError("The program 'git' is not installed.", details={"program": "git"})


def run_git(
    folder: Path,
    *words: str,
    stdin: bytes = b"",
    settings: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    limits: Limits = GIT_LIMITS,
) -> Outcome:
    """Run git with `folder` as its work tree; `settings` and `env` are added to what is always set.

    Raises:
        MissingProgramError: it is not installed.
        StepFailedError: it cannot be started.
    """
    given = [word for name, value in {**_SETTINGS, **(settings or {})}.items() for word in ("-c", f"{name}={value}")]
    # Named, not looked for: neither `core.worktree` nor a `.git` further up leads to other files.
    place = [f"--git-dir={folder / '.git'}", f"--work-tree={folder}"]
    return run_program(
        ["git", *given, *place, *words], limits, stdin=stdin, cwd=folder, env={**_environment(), **(env or {})}
    )


def _environment() -> dict[str, str]:
    # Made from nothing, so that no GIT_DIR, GIT_INDEX_FILE or user's configuration reaches it.
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        # A partial clone would fetch what it lacks, through whatever program its remote names.
        "GIT_ALLOW_PROTOCOL": "none",
    }
