"""What is kept of a program that ran, and what is said of one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.app.steps import Artifact
from signoff.errors import StepFailedError
from signoff.runners.excerpt import last_lines, to_artifact
from signoff.runners.process import End, Limits, Outcome


def artifacts_of(outcome: Outcome, *, stdout: str = "stdout") -> tuple[Artifact, ...]:
    """Both streams as far as something was written; `stdout` is the kind of the first."""
    streams = {stdout: outcome.stdout, "stderr": outcome.stderr}
    return tuple(to_artifact(kind, written) for kind, written in streams.items() if written)


def check_success(
    who: str,
    outcome: Outcome,
    limits: Limits,
    artifacts: tuple[Artifact, ...],
    *,
    details: Mapping[str, Any] | None = None,
) -> None:
    """That the program ended by itself and well.

    Raises:
        StepFailedError: it did not; with the last lines that it wrote, and `artifacts`.
    """
    if outcome.end is End.EXITED and outcome.exit_code == 0:
        return
    what = {
        End.EXITED: f"failed with exit code {outcome.exit_code}",
        End.TIMED_OUT: f"was still running after {limits.timeout_s:g} s",
        End.WROTE_TOO_MUCH: f"wrote more than {limits.output_bytes_max} bytes",
        End.CANCELLED: "was stopped, because the run was cancelled",
    }[outcome.end]
    said = {"stdout": last_lines(outcome.stdout), "stderr": last_lines(outcome.stderr)}
    last = said["stderr"] or said["stdout"]
    raise StepFailedError(
        f"{who} {what}" + (f":\n{last}" if last else "."),
        details={**(details or {}), "end": outcome.end.value, "exitCode": outcome.exit_code, **said},
        artifacts=artifacts,
    )
