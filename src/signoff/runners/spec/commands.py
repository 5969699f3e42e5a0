"""Where the commands of a spec run: nowhere (mock), or in the repository on this machine (local)."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from signoff.app.steps import Show, StepContext, StepResult
from signoff.errors import StepFailedError
from signoff.plans.spec.plan import LANGUAGES
from signoff.runners.excerpt import one_line
from signoff.runners.failure import artifacts_of, check_success
from signoff.runners.isolation import TMP_INSIDE, Isolation, find_isolation
from signoff.runners.process import Limits, inherited_environment, run_program

# One argument of a program holds 128 KiB on Linux.
SCRIPT_BYTES_MAX = 131_071

_PROGRAMS = {
    "bash": ("bash", "-e", "-o", "pipefail", "-c"),
    "sh": ("sh", "-e", "-c"),
    "python3": ("python3", "-c"),
}

# What programs that are installed under a home directory look up there, by the variable that says so where HOME does
# not: Python's own packages, tool chains, and the name that git commits under.
_KEPT_OF_HOME = {
    "PYTHONUSERBASE": ".local",
    "PYENV_ROOT": ".pyenv",
    "RUSTUP_HOME": ".rustup",
    "GIT_CONFIG_GLOBAL": ".gitconfig",
}
# They name folders that programs write to, and that a command cannot write to.
_NOT_WRITABLE = ("TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")

_log = logging.getLogger("signoff.sandbox")


class MockRepositorySandbox:
    """Runs nothing, and says so."""

    def run_commands(self, context: StepContext, root: Path, show: Show) -> StepResult:
        """See `RepositorySandbox.run_commands`; the output is `{lang, ran: false}`."""
        return StepResult({"lang": context.params["lang"], "ran": False})


class LocalRepositorySandbox:
    """Runs a block of commands to its end, for at most `timeout_s` seconds and `output_bytes_max` bytes a stream.

    `directory` is the signoff directory, which commands do not see under bubblewrap: they must not answer the gates
    that they lead to. The network stays, as builds need it.
    """

    def __init__(
        self, timeout_s: float, output_bytes_max: int, directory: Path, *, isolation: Isolation | None = None
    ) -> None:
        self._limits = Limits(timeout_s, output_bytes_max)
        self._directory = directory.resolve()
        self._scratch = self._directory / "sandbox"
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.isolation = find_isolation(self._scratch) if isolation is None else isolation
        _log_isolation(self.isolation)

    def run_commands(self, context: StepContext, root: Path, show: Show) -> StepResult:
        """See `RepositorySandbox.run_commands`; the output is `{lang, exitCode}`, with stdout and stderr kept."""
        lang = context.params["lang"]
        argv = _argv(lang, context.params["script"])
        if self._directory == root:
            raise StepFailedError("The signoff directory is the repository itself, so commands cannot be kept from it.")
        with tempfile.TemporaryDirectory(prefix="commands-", dir=self._scratch, ignore_cleanup_errors=True) as folder:
            tmp = Path(folder)
            outcome = run_program(
                self.isolation.wrap_in_repository(
                    argv, root, tmp=tmp, hidden=self._directory, timeout_s=self._limits.timeout_s
                ),
                self._limits,
                cwd=root,
                env=self._environment(tmp),
                is_cancelled=context.is_cancelled,
                on_output=show,
            )
        artifacts = artifacts_of(outcome)
        who = f"Block {context.params['command']} of the commands of step {context.params['number']}"
        check_success(who, outcome, self._limits, artifacts, details={"lang": lang})
        return StepResult({"lang": lang, "exitCode": outcome.exit_code}, artifacts)

    def _environment(self, tmp: Path) -> dict[str, str]:
        """The worker's own, since what people call `pytest` or `ruff` is what their PATH and virtualenv say. Under
        bubblewrap programs keep what they write at home in a HOME of their own, gone afterwards."""
        inherited = inherited_environment()
        if self.isolation.bwrap is None:
            return inherited
        (tmp / "home").mkdir()
        kept = {name: str(Path.home() / place) for name, place in _KEPT_OF_HOME.items()}
        there = {name: place for name, place in kept.items() if Path(place).exists()}
        writable = {name: value for name, value in inherited.items() if name not in _NOT_WRITABLE}
        return {**there, **writable, "HOME": f"{TMP_INSIDE}/home"}


def _argv(lang: str, script: str) -> list[str]:
    if lang not in LANGUAGES:
        raise StepFailedError(f"Commands in {one_line(lang, 80)!r} cannot be run; known are {', '.join(LANGUAGES)}.")
    if len(script.encode()) > SCRIPT_BYTES_MAX:
        raise StepFailedError(f"A block of commands has at most {SCRIPT_BYTES_MAX} bytes; put the rest into a file.")
    return [*_PROGRAMS[LANGUAGES[lang]], script]


def _log_isolation(isolation: Isolation) -> None:
    if isolation.bwrap is not None:
        _log.info(
            "Commands of specs run under bubblewrap: only the repository can be written, the signoff directory cannot "
            "be seen, and the network stays."
        )
    else:
        _log.warning(
            "Commands of specs run with resource limits alone (%s): they can do what this user can, answer gates too.",
            isolation.why,
        )
