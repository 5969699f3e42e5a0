"""Where tasks run: nowhere (mock), or as a subprocess apart from everything else (local)."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signoff.app.steps import StepContext, StepResult
from signoff.gates.digest import digest_of
from signoff.runners.excerpt import one_line
from signoff.runners.failure import artifacts_of, check_success
from signoff.runners.isolation import Isolation, find_isolation
from signoff.runners.process import Limits, run_program

_log = logging.getLogger("signoff.sandbox")


class MockSandbox:
    """Runs nothing; the result follows from the task alone."""

    def run(self, task: Mapping[str, Any], context: StepContext) -> StepResult:
        """See `Sandbox.run`; the output is `{status: "ok", title, digest}`, the digest that of the task."""
        return StepResult({"status": "ok", "title": task["title"], "digest": digest_of(dict(task))})


class LocalSandbox:
    """Runs a task's command or script in a scratch directory under `root`, which is gone afterwards.

    `timeout_s` and `output_bytes_max` (of each stream) bound every task; the workload's `sandboxMinutes` and a
    task's own `timeoutS` can only be shorter.
    """

    def __init__(
        self, timeout_s: float, output_bytes_max: int, root: Path, *, isolation: Isolation | None = None
    ) -> None:
        root = root.absolute()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._timeout_s = timeout_s
        self._output_bytes_max = output_bytes_max
        self._root = root
        self.isolation = find_isolation(root) if isolation is None else isolation
        _log_isolation(self.isolation)

    def run(self, task: Mapping[str, Any], context: StepContext) -> StepResult:
        """See `Sandbox.run`; the output is `{status: "ok", title, exitCode?, note?}`, with stdout and stderr kept."""
        argv = _argv_of(task)
        if argv is None:
            return StepResult({"status": "ok", "title": task["title"], "note": "There was nothing to run."})
        limits = Limits(self._timeout_of(task, context), self._output_bytes_max)
        # A task may leave files behind that cannot be removed; that is no reason to fail what has succeeded.
        with tempfile.TemporaryDirectory(prefix="task-", dir=self._root, ignore_cleanup_errors=True) as folder:
            scratch = Path(folder)
            outcome = run_program(
                self.isolation.wrap(argv, scratch, limits.timeout_s),
                limits,
                cwd=scratch,
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": folder, "LC_ALL": "C.UTF-8"},
                is_cancelled=context.is_cancelled,
            )
        artifacts = artifacts_of(outcome)
        who = f"The task {one_line(task['key'], 80)!r}"
        check_success(who, outcome, limits, artifacts, details={"taskKey": task["key"]})
        output = {"status": "ok", "title": task["title"], "exitCode": outcome.exit_code}
        return StepResult(output, artifacts)

    def _timeout_of(self, task: Mapping[str, Any], context: StepContext) -> float:
        bounds = [self._timeout_s]
        if "timeoutS" in task:
            bounds.append(task["timeoutS"])
        if "sandboxMinutes" in context.workload:
            bounds.append(context.workload["sandboxMinutes"] * 60)
        return min(bounds)


def _argv_of(task: Mapping[str, Any]) -> list[str] | None:
    if task.get("command"):
        return list(task["command"])
    if task.get("script"):
        return ["bash" if shutil.which("bash") else "sh", "-c", task["script"]]
    return None


def _log_isolation(isolation: Isolation) -> None:
    if isolation.bwrap is not None:
        _log.info("Tasks run under bubblewrap: no network, a read-only system, one scratch directory each.")
    else:
        _log.warning(
            "Tasks run with resource limits alone (%s): they can read what this user can read, and reach the network.",
            isolation.why,
        )
