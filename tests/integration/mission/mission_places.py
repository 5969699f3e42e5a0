"""Missions in folders, and repositories that hold some."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from signoff.app.mission_log import Appended
from signoff.app.move_work_package import move_work_package
from signoff.clock import new_ulid, now_us
from signoff.missions.lane import Lane
from signoff.missions.meta import MissionMeta, write_meta
from signoff.missions.move import MoveWish
from signoff.runners.mission.log import MissionLogFile
from signoff.runners.mission.place import Checkout, MissionPlace

SLUG = "release-3-2"
PLAN = """\
# Plan

## Work packages

### WP01: The ledger
- Owns: src/ledger/**
- [ ] T001 Tests
- [ ] T002 Code

### WP02: The pages
- Owns: src/pages/**
- Depends on: WP01
- [ ] T003 Draw
"""


def new_place(root: Path, slug: str = SLUG) -> MissionPlace:
    """A mission without work packages, in a folder that no repository needs to be around."""
    folder = root / "missions" / slug
    folder.mkdir(parents=True)
    place = MissionPlace(Checkout(root, root, None, root / ".git"), folder)
    place.meta.write_text(write_meta(MissionMeta(slug, "01KAJ2V3Q4R5S6T7V8W9X0Y1Z2", 4, "software-dev", "main")))
    place.log.touch()
    return place


def move(place: MissionPlace, wp_id: str, to_lane: Lane, *, lock_wait_s: float = 10.0, **more: object) -> Appended:
    wish = MoveWish(wp_id=wp_id, to_lane=to_lane, actor="ada", **more)  # type: ignore[arg-type]
    log = MissionLogFile(place, lock_wait_s=lock_wait_s)
    return move_work_package(log, wish, now_us=now_us(), new_id=new_ulid)


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, env=PERSON, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


#: Git as a person has it, and nothing of whoever runs the tests.
PERSON = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C",
}


def new_repository(root: Path, *, files: Sequence[str] = ("README.md",)) -> Path:
    """A repository with one commit on main, whose person is Ada."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@signoff.example")
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name}\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Begin")
    return root


def commit_file(folder: Path, name: str, text: str = "text\n") -> str:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    git(folder, "add", name)
    git(folder, "commit", "--quiet", "-m", name)
    return git(folder, "rev-parse", "HEAD")
