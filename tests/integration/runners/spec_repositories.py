"""Repositories for specs: real git, made in a test's own folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signoff.app.steps import StepContext

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(root: Path, *words: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *WHO, *words], cwd=root, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_repository(root: Path, files: Mapping[str, str] | None = None) -> Path:
    """A repository with one commit on the branch `main`."""
    root.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    write(root, {"README.md": "# Read me\n", **(files or {})})
    commit(root, "Begin")
    return root


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def commit(root: Path, message: str) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


def context(root: Path, step_id: str, params: Mapping[str, Any], **changes: Any) -> StepContext:
    about = {"door": "spec", "spec": "plan.md", "specSha256": "0" * 64, "tier": "B", "title": "Ship it", "owner": "ada"}
    facts: dict[str, Any] = {"goal": "", "inputs": {}, "constraints": {}, "attempt": 1, **changes}
    numbered = {"number": 1, "title": "Build", "prompt": "Build it.", **params}
    return StepContext("run_1", step_id, params=numbered, about={**about, "root": str(root)}, **facts)
