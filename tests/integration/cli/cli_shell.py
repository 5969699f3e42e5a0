"""A ledger in a directory, and the command line as real processes on it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forked import Forked
from measured import MEASURED

from signoff.app.open_gate import open_gate
from signoff.app.world import World
from signoff.bootstrap.world import open_world
from signoff.gates.gate import Gate
from signoff.settings import load

PLAIN = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LOGNAME": "ada"}
COMMAND = (sys.executable, "-m", "signoff")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs `signoff` in a directory, with nothing of the tests' own environment but what a process needs."""

    directory: Path
    database_url: str | None = None

    @property
    def environ(self) -> dict[str, str]:
        url = {} if self.database_url is None else {"SIGNOFF_DATABASE_URL": self.database_url}
        return {**MEASURED, **PLAIN, **url}

    def __call__(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Answer:
        with Forked(*arguments, cwd=self.directory, env={**self.environ, **(environ or {})}) as process:
            out, err = process.communicate(timeout=60)
        return Answer(process.wait(), out, err)

    @contextmanager
    def start(self, *arguments: str) -> Iterator[Forked]:
        """A process to talk to; it does not outlive the block."""
        with Forked(*arguments, cwd=self.directory, env=self.environ) as process:
            try:
                yield process
            finally:
                process.kill()

    def json(self, *arguments: str) -> Any:
        answer = self(*arguments, "--json")
        assert answer.code == 0, answer
        return answer.document

    @contextmanager
    def world(self) -> Iterator[World]:
        settings = load({}, self.environ, cwd=self.directory)
        with open_world(settings, migrates=True) as world:
            yield world

    def open_gate(self, workflow_id: str = "deploy-42", gate_key: str = "ship", **more: Any) -> Gate:
        prompt = {"title": "Ship it?", **more.pop("prompt", {})}
        values = {"ttl_s": 3600, "actor": "robot", **more}
        with self.world() as world:
            gate, _ = open_gate(world, workflow_id=workflow_id, gate_key=gate_key, prompt=prompt, **values)
        return gate


def choices(*triples: Sequence[str]) -> list[dict[str, str]]:
    return [{"key": key, "label": label, "effect": effect} for key, label, effect in triples]
