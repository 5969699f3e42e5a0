"""Git as the person who called would use it: their configuration, their hooks, their identity.

The one way in which missions change a repository (worktrees, commits, merges, pushes); for looking there is
`runners.git`, which starts nothing of the repository's own. Where the caller stands in git (GIT_DIR and the like, as a
hook has them) is forgotten: a command acts on the folder that it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from signoff.errors import InvalidInputError, OperationError
from signoff.runners.excerpt import last_lines
from signoff.runners.process import End, Limits, Outcome, inherited_environment, run_program

#: Long enough for hooks that run a test suite.
ACTING_LIMITS = Limits(timeout_s=900, output_bytes_max=16_777_216)

_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_EDITOR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REFLOG_ACTION",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
# Nobody sits at a command that git starts for us: an editor or a prompt would wait until the time limit.
_UNATTENDED = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "LC_ALL": "C"}


def act_git(
    folder: Path,
    *words: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    limits: Limits = ACTING_LIMITS,
) -> str:
    """Run git in `folder`, which has to succeed; what it said on stdout, without the last line end.

    What comes from a file stands behind `--end-of-options`; names of branches are checked first, with
    `check_branch_name`.

    Raises:
        OperationError: (`git-failed`) git refused, failed or took too long; `details` has its words.
        MissingProgramError: it is not installed.
    """
    outcome = try_git(folder, *words, stdin=stdin, env=env, limits=limits)
    if outcome.end is not End.EXITED or outcome.exit_code != 0:
        raise _failed(words, outcome, limits)
    return outcome.stdout.decode("utf-8", errors="surrogateescape").removesuffix("\n")


def try_git(
    folder: Path,
    *words: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    limits: Limits = ACTING_LIMITS,
) -> Outcome:
    """The same where a refusal is an answer: a merge that conflicts, a branch that is not there.

    Raises:
        MissingProgramError: it is not installed.
        StepFailedError: it cannot be started.
    """
    given = {**_environment(), **(env or {})}
    return run_program(["git", *words], limits, stdin=stdin, cwd=folder, env=given)


def check_branch_name(name: str) -> str:
    """The name, if git would take it for a branch and for nothing else. People call their branches what they like;
    those that we make pass `missions.branch.check_branch`.

    Raises:
        InvalidInputError: (`bad-branch-name`) it would not.
    """
    is_well = (
        bool(name)
        and name.isprintable()
        and not any(mark in name for mark in ("..", "//", "@{", "\\", " ", "~", "^", ":", "?", "*", "["))
        and not name.startswith(("-", "/", "refs/"))
        and not name.endswith(("/", "."))
        and name not in ("@", "HEAD")
        and not any(part.startswith(".") or part.endswith(".lock") for part in name.split("/"))
    )
    if not is_well:
        raise InvalidInputError(f"{name[:200]!r} is no name for a branch.", code="bad-branch-name")
    return name


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in inherited_environment().items() if name not in _ELSEWHERE}
    return {**inherited, **_UNATTENDED}


def _failed(words: tuple[str, ...], outcome: Outcome, limits: Limits) -> OperationError:
    what = f"git {next((word for word in words if not word.startswith('-')), '')}"
    said = last_lines(outcome.stderr or outcome.stdout)
    if outcome.end is End.TIMED_OUT:
        message = f"{what} took more than {limits.timeout_s:g} s."
    else:
        message = f"{what} failed ({outcome.exit_code}): {said.strip() or 'it said nothing'}"
    return OperationError(message, code="git-failed", details={"command": list(words[:2]), "stderr": said})
