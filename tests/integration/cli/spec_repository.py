"""A scratch repository with a spec in it, and `signoff spec run` at it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_shell import Answer, Shell

FRONT = "---\ntier: {tier}\ntitle: Release 1.0\nowner: olga\ngoal: Users get it\n---\n\n## Plan\n"
REVIEW = """
<!-- GATE_REVIEW_START -->
#### Gate Review Checklist

##### Work
- [ ] It is done
- [x] It is good
<!-- GATE_REVIEW_END -->
"""


def step(number: int, *, gate: str = "", commands: str = "", output: str = "", review: bool = True) -> str:
    heading = f"\n### Step {number}: Part {number}{f' [{gate}]' if gate else ''}\n"
    script = f"\n**Commands:**\n\n```bash\n{commands}\n```\n" if commands else ""
    outputs = f"\n**Outputs:**\n\n- `{output}`\n" if output else ""
    return heading + script + outputs + (REVIEW if gate and review else "")


TWO_GATES = (
    step(1, gate="G0: Plan Approval", commands="echo one >> log.txt", output="log.txt")
    + step(2, gate="G1: Code Readiness", commands="echo two >> log.txt", output="log.txt")
    + step(3, commands="echo three >> log.txt")
)


@dataclass(frozen=True)
class Repository:
    shell: Shell

    @property
    def folder(self) -> Path:
        return self.shell.directory

    @property
    def log(self) -> list[str]:
        return self.read("log.txt").split()

    def read(self, name: str) -> str:
        """Empty where there is no such file."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def write(self, text: str, *, tier: str = "B", name: str = "plan.md") -> None:
        (self.folder / name).write_text(FRONT.format(tier=tier) + text, "utf-8")

    def run(self, *flags: str, name: str = "plan.md", environ: Mapping[str, str] | None = None) -> Answer:
        return self.shell("spec", "run", name, *flags, environ=environ)

    def git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True).stdout

    @property
    def runs(self) -> list[Any]:
        items: list[Any] = self.shell.json("run", "list")["items"]
        return items

    def gates(self, workflow_id: str | None = None) -> list[Any]:
        """Those of the newest run, in the order in which they were opened."""
        gates: list[Any] = self.shell.json("run", "show", workflow_id or self.runs[0]["workflowID"])["gates"]
        return gates

    def events(self) -> list[Any]:
        items: list[Any] = self.shell.json("audit", "log")["items"]
        return items

    def check(self) -> None:
        """All that must be zero is zero, and the trail proves itself."""
        counts = self.shell.json("db", "check")
        assert set(counts.values()) == {0}, counts
        assert self.shell("audit", "verify").code == 0


def make_repository(folder: Path, database_url: str | None = None) -> Repository:
    repository = Repository(Shell(folder, database_url))
    repository.git("init", "--quiet")
    repository.git("config", "user.name", "ada")
    repository.git("config", "user.email", "ada@example.org")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "begin")
    return repository
