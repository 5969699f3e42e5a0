"""A pipeline in a repository of its own, and `signoff story checkpoint` at it, in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Answer, Shell
from processes import until
from spec_repository import Repository, make_repository
from story_checkpoints import write_state

from signoff.cli.main import main
from signoff.sdk.backend import Backend, open_backend
from signoff.settings import load

STATE = "pipeline-state.json"


@dataclass
class Pipeline:
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    @property
    def shell(self) -> Shell:
        return Shell(self.folder)

    @property
    def state(self) -> Any:
        return json.loads((self.folder / STATE).read_text("utf-8"))

    def write(self, state: dict[str, Any]) -> None:
        write_state(self.folder / STATE, state)

    def run(self, *words: str) -> Answer:
        # A command says once how it would end if it broke; this process has to go on.
        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "excepthook", sys.excepthook)
            self.capsys.readouterr()
            code = main(list(words))
        shown = self.capsys.readouterr()
        return Answer(code, shown.out, shown.err)

    def checkpoint(self, *flags: str, actor: str = "ada") -> Answer:
        return self.run("story", "checkpoint", "--as", actor, *flags)

    @contextmanager
    def backend(self, actor: str = "ada") -> Iterator[Backend]:
        with open_backend(load({}, {}, cwd=self.folder), creates=True, actor=actor) as backend:
            yield backend

    def gates(self) -> list[Any]:
        """Newest first."""
        with self.backend() as backend:
            items: list[Any] = backend.newest_gates(50, None)["items"]
        return items

    def entries(self, event: str) -> list[Any]:
        with self.backend() as backend:
            items = backend.entries(None, 0, 200)["items"]
        return [one for one in items if one["event"] == event]

    def put(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)

    def git(self, *words: str) -> str:
        return Repository(self.shell).git(*words).strip()

    def await_file(self, name: str) -> None:
        until((self.folder / name).exists, name)

    def hook(self, script: str) -> None:
        self.put(".git/hooks/pre-commit", f"#!/bin/sh\n{script}\n")
        (self.folder / ".git/hooks/pre-commit").chmod(0o755)


def make_pipeline(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pipeline:
    """With a new and a changed file, which `story_checkpoints.COMMIT` lists."""
    make_repository(folder)
    pipeline = Pipeline(folder, monkeypatch, capsys)
    pipeline.put("README.md", "# Before\n")
    pipeline.put(".gitignore", ".signoff/\n")
    pipeline.git("add", ".")
    pipeline.git("commit", "--quiet", "--message", "files")
    pipeline.put("README.md", "# After\n")
    pipeline.put("src/new.py", "print('new')\n")
    monkeypatch.chdir(folder)
    for name in ("SIGNOFF_URL", "SIGNOFF_TOKEN", "SIGNOFF_DATABASE_URL", "SIGNOFF_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return pipeline
