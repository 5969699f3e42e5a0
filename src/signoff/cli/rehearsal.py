"""`signoff doctor --live`: one run from its agent over its gate to its sandbox, on a ledger that is thrown away.

Of the settings only those of agent and sandbox count; all else is as in a new ledger, so that nobody is notified and
nothing configured is written to. What the agent wants done is not done: the one task is our own.
"""

from __future__ import annotations

import logging
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.cli.diagnosis import Finding
from signoff.cli.output import duration
from signoff.errors import MissingProgramError, SignoffError
from signoff.settings import Settings, load

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.sdk.backend import Backend

AGENT, SANDBOX, RUN = "live agent", "live sandbox", "live run"
ACTOR = "doctor"
LOOK_S = 0.1
_ENDED = ("SUCCESS", "ERROR", "CANCELLED")

Wire = Mapping[str, Any]
#: Hears what is being done.
Tell = Callable[[str], None]


def rehearse(settings: Settings, *, within_s: int, tell: Tell) -> Iterator[Finding]:
    """What is missing for a real run; and, with whatever of agent and sandbox is real, how one went, in `within_s`
    seconds at most."""
    missing = [*_missing(settings)]
    yield from missing
    if len(missing) < 2:
        with tempfile.TemporaryDirectory(prefix="signoff-live-", ignore_cleanup_errors=True) as folder:
            yield from _run(_settings(settings, Path(folder), within_s), within_s, tell)


def _missing(settings: Settings) -> Iterator[Finding]:
    if settings.agent != "command":
        action = "Set agent to command, and agent_command to your agent: --agent command --agent-command PROGRAM"
        yield Finding(AGENT, "fail", f"no agent command is configured: agent is {settings.agent}", action)
    if settings.sandbox == "mock":
        yield Finding(SANDBOX, "fail", "tasks run nowhere: sandbox is mock", "Set sandbox to local: --sandbox local")


def _settings(settings: Settings, folder: Path, within_s: int) -> Settings:
    """Those of agent and sandbox, in a folder of their own."""
    flags = {
        "agent": "command" if settings.agent == "command" else "replay",
        "agent_command": shlex.join(settings.agent_command or ()) or None,
        "agent_timeout_s": str(min(settings.agent_timeout_s, within_s)),
        "agent_output_bytes_max": str(settings.agent_output_bytes_max),
        "sandbox": settings.sandbox,
        "sandbox_output_bytes_max": str(settings.sandbox_output_bytes_max),
    }
    return load(flags, {}, cwd=folder)


def _run(settings: Settings, within_s: int, tell: Tell) -> Iterator[Finding]:
    try:
        with _stage(settings) as (world, backend):
            played = _play(backend, within_s, tell)
            yield from _agent(settings, played)
            yield from _sandbox(settings, played)
            yield from _whole(settings, world, played, within_s)
    except MissingProgramError as error:
        yield Finding(RUN, "fail", error.message, "Install it, or set another one.")
    except SignoffError as error:
        yield Finding(RUN, "fail", error.message)


@contextmanager
def _stage(settings: Settings) -> Iterator[tuple[World, Backend]]:
    """A ledger of its own, with a worker in this process."""
    from signoff.bootstrap.steps import make_rehearsed_steps
    from signoff.bootstrap.worker import make_worker
    from signoff.bootstrap.world import open_world
    from signoff.sdk.ledger_backend import LedgerBackend

    with open_world(settings) as world, _logging_to(settings.dir / "live.log"):
        worker = make_worker(settings, world, steps=make_rehearsed_steps(settings))
        worker.start()
        try:
            yield world, LedgerBackend(world, actor=ACTOR)
        finally:
            worker.stop()


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """What the worker logs is told by the findings."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


@dataclass(frozen=True)
class _Played:
    """How far a run came: `is_late` if its time was over before it ended."""

    run: Wire
    steps: Mapping[str, Wire]
    artifacts: tuple[Wire, ...]
    is_late: bool
    took_s: float


def _play(backend: Backend, within_s: int, tell: Tell) -> _Played:
    """Start it, let it through its gate, and wait for its end, until the time is over."""
    from signoff.runners.rehearsal import GOAL

    began_at = time.monotonic()
    workflow_id = backend.create_intent(GOAL, {}, {})
    backend.start_run({"intentId": workflow_id, "queuePartitionKey": ACTOR})
    tell("The agent is asked for a plan ...")
    answered = False
    while (run := backend.run(workflow_id))["status"] not in _ENDED and time.monotonic() < began_at + within_s:
        if run["status"] == "WAITING_INPUT" and not answered:
            _approve(backend, workflow_id)
            answered = True
            tell("Its gate is passed; a task runs in the sandbox ...")
        time.sleep(LOOK_S)
    return _Played(
        run=run,
        steps={step["stepId"]: step for step in backend.steps(workflow_id)},
        artifacts=tuple(backend.artifacts(workflow_id)),
        is_late=run["status"] not in _ENDED,
        took_s=time.monotonic() - began_at,
    )


def _approve(backend: Backend, workflow_id: str) -> None:
    """What is let through is the task of this rehearsal, and nothing else (`runners.rehearsal`)."""
    gate = backend.gates_of(workflow_id)[0]
    body = {
        "payload": {"choice": "yes", "rationale": "a rehearsal"},
        "dedupeKey": ACTOR,
        "promptDigest": gate["prompt"]["digest"],
    }
    backend.reply(workflow_id, gate["gateKey"], body)


def _agent(settings: Settings, played: _Played) -> Iterator[Finding]:
    if settings.agent != "command":
        return
    program = (settings.agent_command or ("",))[0]
    step = played.steps.get("CompileST")
    if step is None:
        action = (
            "Call it by hand: the prompt comes on stdin, the plan goes to stdout; see docs/how-to/write-an-agent.md."
        )
        yield Finding(AGENT, "fail", _why(played, f"{program} gave no plan in time"), action)
        return
    took = duration(step["finishedAt"] - step["startedAt"])
    yield Finding(AGENT, "ok", f"{program} answered with a plan in {took}: {step['output']['summary']}")


def _sandbox(settings: Settings, played: _Played) -> Iterator[Finding]:
    from signoff.runners.isolation import find_isolation
    from signoff.runners.rehearsal import TASK, WORD

    if settings.sandbox == "mock" or played.steps.get("CompileST") is None:
        return
    printed = [one["inline"] for one in played.artifacts if one["taskKey"] == TASK["key"] and one["kind"] == "stdout"]
    if printed != [f"{WORD}\n"]:
        yield Finding(SANDBOX, "fail", _why(played, "the task did not run"), "Look at the settings of the sandbox.")
        return
    isolation = find_isolation(settings.dir)
    if isolation.bwrap is None:
        message = f"a task ran with resource limits alone: {isolation.why}"
        yield Finding(SANDBOX, "warn", message, "Install bubblewrap to confine tasks.")
    else:
        yield Finding(SANDBOX, "ok", "a task ran under bubblewrap")


def _whole(settings: Settings, world: World, played: _Played, within_s: int) -> Iterator[Finding]:
    from signoff.app.verify_audit import verify_audit

    if played.is_late:
        action = "Give it longer with --within, or look at what takes its time."
        yield Finding(RUN, "fail", f"it had not ended after {duration(within_s * 1000)}", action)
    elif played.run["status"] != "SUCCESS":
        yield Finding(RUN, "fail", f"it ended with {played.run['status']}")
    elif findings := verify_audit(world).findings:
        yield Finding(RUN, "fail", f"its record cannot be proved: {findings[0].message}")
    else:
        parts = [
            *(["agent"] if settings.agent == "command" else []),
            "gate",
            *(["sandbox"] if settings.sandbox == "local" else []),
            "record",
        ]
        yield Finding(RUN, "ok", f"{', '.join(parts)}: from end to end in {duration(round(played.took_s * 1000))}")


def _why(played: _Played, otherwise: str) -> str:
    return " ".join(str(played.run["error"] or otherwise).split())
