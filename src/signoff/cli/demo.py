"""`signoff demo`: the main job in one command. A real server is started beside it, and spoken to as anybody would."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import counted, say
from signoff.cli.server_process import ServerProcess
from signoff.cli.terminal import is_attended
from signoff.clock import new_ulid
from signoff.errors import InvalidInputError, OperationError
from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

GOAL = "Deploy release 1.4 to production"
LOG_FILE = "demo.log"
LOOK_S = 0.1


@click.command()
@click.option("--answer", type=click.Choice(["yes", "no"]), help="Answer the gate; needed without a terminal.")
@click.option("--kill", "is_kill", is_flag=True, help="Kill the server with SIGKILL while the gate waits.")
@click.option("--goal", default=GOAL, show_default=True, help="What is to be done.")
@takes_settings("dir", "port")
def demo(call: Call, answer: str | None, is_kill: bool, goal: str) -> int:
    """Start everything, run an intent to its gate, let you answer it, and prove the record.

    \b
    Examples:
      signoff demo                     asks you, here or in a second terminal
      signoff demo --answer yes        for scripts: nobody is asked
      signoff demo --kill              and nothing is lost when the server dies meanwhile
    """
    if answer is None and not is_attended():
        raise InvalidInputError(
            "There is no terminal to ask at. Say how the gate is to be answered: "
            "signoff demo --answer yes (or --answer no).",
            code="no-terminal",
        )
    told = _Teller(is_silent=call.is_json)
    # On the embedded default, whatever the shell is set up for.
    settings = replace(call.settings, database_url=None, url=None)
    server = _Server(settings, told)
    with server.running():
        outcome = _play(call, server, told, goal=goal, answer=answer, is_kill=is_kill)
    report = _verify(settings)
    told.audit(report, call)
    call.show({**outcome, "audit": report, "dir": str(call.settings.dir)}, lambda: None)
    return DONE if outcome["run"]["status"] == "SUCCESS" and not report["findings"] else FAILED


def _play(
    call: Call, server: _Server, told: _Teller, *, goal: str, answer: str | None, is_kill: bool
) -> dict[str, Any]:
    with _backend(call, server) as backend:
        run = _start_run(backend, goal)
        gate = _wait_for_gate(backend, run["workflowID"])
        told.gate(gate)
        told.ways(gate, server.url, call)
        if is_kill:
            _kill(call, server, told, gate)
    with _backend(call, server) as backend:
        receipt = _answered(backend, gate, answer)
        told.receipt(receipt)
        ended = _wait_for_end(backend, run["workflowID"])
        told.end(ended, backend.steps(run["workflowID"]))
    return {"run": ended, "receipt": receipt}


def _start_run(backend: Backend, goal: str) -> Mapping[str, Any]:
    intent_id = backend.create_intent(goal, {}, {})
    return backend.start_run({"intentId": intent_id, "queuePartitionKey": "demo"})


def _wait_for_gate(backend: Backend, workflow_id: str) -> Mapping[str, Any]:
    while True:
        if gates := backend.gates_of(workflow_id):
            return gates[0]
        run = backend.run(workflow_id)
        if run["status"] == "ERROR":
            raise OperationError(f"The run ended before its gate: {run['error']}", code="run-failed")
        time.sleep(LOOK_S)


def _wait_for_end(backend: Backend, workflow_id: str) -> Mapping[str, Any]:
    while (run := backend.run(workflow_id))["status"] not in ("SUCCESS", "ERROR", "CANCELLED"):
        time.sleep(LOOK_S)
    return run


def _answered(backend: Backend, gate: Mapping[str, Any], answer: str | None) -> Mapping[str, Any]:
    """The receipt of whoever answered: this command, the person at it, or somebody elsewhere meanwhile."""
    if answer is None:
        from signoff.cli.console.asking import ask_at_console

        return ask_at_console(backend, gate)
    body = {
        "payload": {"choice": answer, "rationale": "answered by --answer"},
        "dedupeKey": f"demo-{new_ulid()}",
        "promptDigest": gate["prompt"]["digest"],
        "origin": "console",
    }
    receipt: Mapping[str, Any] = backend.reply(gate["workflowID"], gate["gateKey"], body)["receipt"]
    return receipt


def _kill(call: Call, server: _Server, told: _Teller, gate: Mapping[str, Any]) -> None:
    told.killed(server.kill())
    from signoff.sdk.backend import open_backend

    with open_backend(replace(call.settings, database_url=None, url=None)) as ledger:
        found = ledger.gate(gate["workflowID"], gate["gateKey"])
    told.still_there(found)
    server.start()
    with _backend(call, server) as backend:
        gates = backend.gates_of(gate["workflowID"])
    told.restarted(gates, is_same=[one["prompt"] for one in gates] == [gate["prompt"]])


def _verify(settings: Settings) -> dict[str, Any]:
    from signoff.app.verify_audit import verify_audit
    from signoff.bootstrap.world import open_world

    with open_world(settings) as world:
        report = verify_audit(world)
    return {
        "entries": report.entries,
        "workflows": report.workflows,
        "heads": report.heads,
        "uncovered": report.uncovered,
        "findings": [finding.message for finding in report.findings],
    }


@contextmanager
def _backend(call: Call, server: _Server) -> Iterator[Backend]:
    from signoff.sdk.backend import open_backend

    with open_backend(replace(call.settings, url=server.url), actor=call.actor) as backend:
        yield backend


class _Server:
    """`signoff up` as a process of its own, in the demo's directory."""

    def __init__(self, settings: Settings, told: _Teller) -> None:
        # On the port that was asked for, else on any that is free: a demo must not fail for somebody else's server.
        is_default = next(source.origin for source in settings.sources if source.name == "port") == "default"
        self._port = 0 if is_default else settings.port
        self._dir = settings.dir
        self._told = told
        self._process: ServerProcess | None = None
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[None]:
        try:
            self.start()
            yield
        finally:
            if self._process is not None:
                self._process.stop()

    def start(self) -> None:
        self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._process = ServerProcess(
            *("up", "--dir", str(self._dir), "--port", str(self._port)),
            log=self._dir / LOG_FILE,
            environ=_server_environment(),
        )
        with self._told.waiting("starting the server"):
            document = self._process.start()
        self.url = document["ready"]
        # A server that is started again should be found where its first users know it.
        self._port = int(self.url.rpartition(":")[2])

    def kill(self) -> int:
        assert self._process is not None  # noqa: S101 - it was started
        return self._process.kill()


class _Teller:
    """What the demo says, and nothing when a program asked for one JSON document."""

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent = is_silent

    def line(self, text: str = "", **style: bool | str) -> None:
        if not self._is_silent:
            say(text, **style)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        if self._is_silent or not sys.stdout.isatty():
            yield
            return
        from rich.console import Console

        with Console().status(f"{what} ..."):
            yield

    def gate(self, gate: Mapping[str, Any]) -> None:
        self.line("The run has stopped at its gate:", bold=True)
        self.line()
        if not self._is_silent:
            from signoff.cli.gate.text import draw_body

            draw_body(gate)
        self.line(f"digest {gate['prompt']['digest']}", dim=True)

    def ways(self, gate: Mapping[str, Any], url: str, call: Call) -> None:
        key, wid = gate["gateKey"], gate["workflowID"]
        body = json.dumps({"payload": {"choice": "yes"}, "dedupeKey": "curl-1"})
        self.line()
        self.line("It can be answered here, from a second terminal:")
        self.line(f"  {call.again('gate', 'approve', key)}")
        self.line("or by curl:")
        self.line(f"  curl -X POST {url}/api/runs/{wid}/gates/{key}/reply \\")
        self.line(f"    -H 'content-type: application/json' -d '{body}'")
        self.line()

    def killed(self, pid: int) -> None:
        self.line(f"The server (process {pid}) was killed with SIGKILL.", bold=True)

    def still_there(self, gate: Mapping[str, Any]) -> None:
        self.line(f"The ledger has the gate: {gate['gateKey']} is {gate['state']}.")

    def restarted(self, gates: Sequence[Mapping[str, Any]], *, is_same: bool) -> None:
        same = "the same prompt, byte for byte" if is_same else "NOT the prompt that was shown"
        self.line(f"A new server is up: {len(gates)} gate, {same}. Nothing was lost.")
        self.line()

    def receipt(self, receipt: Mapping[str, Any]) -> None:
        self.line("Receipt", bold=True)
        for name, value in receipt.items():
            self.line(f"  {name:13} {value}")
        self.line()

    def end(self, run: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> None:
        done = " -> ".join(step["stepId"] for step in steps)
        self.line(f"The run ended: {run['status']}" + (f" ({run['error']})" if run["error"] else ""), bold=True)
        self.line(f"  {done}")
        self.line()

    def audit(self, report: Mapping[str, Any], call: Call) -> None:
        if report["findings"]:
            for finding in report["findings"]:
                self.line(finding)
        else:
            self.line(
                f"audit verify: ok, {counted(report['entries'], 'entry', 'entries')} of "
                f"{counted(report['workflows'], 'workflow')}, {counted(report['heads'], 'signed head')}"
            )
        self.line()
        self.line(f"Everything is in {call.settings.dir}. Look around:")
        for words in (("run", "list"), ("audit", "log"), ("audit", "verify")):
            self.line(f"  {call.again(*words)}")


def _server_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("SIGNOFF_DATABASE_URL", "SIGNOFF_URL")}
