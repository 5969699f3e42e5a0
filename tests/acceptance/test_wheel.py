"""What is installed is whole: the inbox's files are in the wheel, made without Node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from signoff.inbox.assets import assets

ROOT = Path(__file__).parents[2]
SHOW = "from signoff.inbox.assets import assets; print(*sorted(asset.url for asset in assets().values()))"


def test_a_wheel_that_was_built_without_node_has_what_pages_load(tmp_path: Path) -> None:
    traps, asked = tmp_path / "bin", tmp_path / "asked"
    traps.mkdir()
    for name in ("node", "npm", "npx"):
        (traps / name).write_text(f"#!/bin/sh\necho {name} >> {asked}\nexit 1\n")
        (traps / name).chmod(0o755)
    path = f"{traps}{os.pathsep}{os.environ['PATH']}"
    command = ["uv", "build", "--wheel", "--python", sys.executable, "--out-dir", str(tmp_path), str(ROOT)]
    built = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert not asked.exists(), "Node was asked for"
    [wheel] = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    there = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    shown = subprocess.run([sys.executable, "-c", SHOW], env=there, cwd=tmp_path, capture_output=True, text=True)
    assert shown.stdout.split() == sorted(asset.url for asset in assets().values()), shown.stderr
    templates = {path.name for path in (ROOT / "src/signoff/inbox/templates").iterdir()}
    assert {path.name for path in (tmp_path / "installed/signoff/inbox/templates").iterdir()} == templates
