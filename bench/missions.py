"""How long missions take to validate: `python bench/missions.py [EVENTS]`, 25,000 without it.

Makes a tree of missions in a folder that is thrown away, and validates it as `signoff mission validate` does. The logs
are timed alone as well. Exits with 1 where the logs take longer than the limit that is promised for 25,000 lines.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from signoff.missions.event import TransitionEvent, read_log, to_line
from signoff.missions.files import MissionFiles
from signoff.missions.lane import Lane
from signoff.missions.meta import MissionMeta, write_meta
from signoff.missions.reduce import snapshot
from signoff.missions.validate import validate
from signoff.runners.mission.files import find_missions, read_mission

EVENTS = 25_000
LIMIT_S = 3.0
PACKAGES = 10
EVENTS_PER_MISSION = 500

_WAY = (Lane.CLAIMED, Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.IN_PROGRESS)
_REVIEW = {"review": {"reviewer": "rita", "verdict": "rejected", "reference": "review-cycle-1.md"}}


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else EVENTS
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as folder:
        root = Path(folder) / "missions"
        for number in range(max(1, count // EVENTS_PER_MISSION)):
            make_mission(root / f"mission-{number:03}", min(count, EVENTS_PER_MISSION))
        missions = [read_mission(one) for one in find_missions([root])]
        logs_s = report(f"{count} event lines read and judged", lambda: [validate(logs_of(one)) for one in missions])
        report(f"{len(missions)} missions with packages and reviews", lambda: [validate(one) for one in missions])
        command = [sys.executable, "-m", "signoff", "mission", "validate", str(root), "--json"]
        report("the same by the command, start and reading included", lambda: run(command))
    print(f"limit for the event lines: {LIMIT_S:.2f} s: {'kept' if logs_s < LIMIT_S else 'NOT KEPT'}")  # noqa: T201
    return 0 if logs_s < LIMIT_S else 1


def report(what: str, work: Callable[[], object]) -> float:
    """Seconds, also printed."""
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    print(f"{took:8.2f} s  {what}")  # noqa: T201
    return took


def run(command: list[str]) -> None:
    """What was made is sound, so that nothing but work is timed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["summary"]
    assert (done.returncode, found) == (0, {}), found  # noqa: S101


def logs_of(files: MissionFiles) -> MissionFiles:
    return MissionFiles(files.name, meta=files.meta, events=files.events, snapshot=files.snapshot)


def make_mission(folder: Path, count: int) -> None:
    meta = MissionMeta(folder.name, "01KQKV85G0STH8VF1RB66TW8DJ", 1, "software-dev", "main")
    (folder / "tasks").mkdir(parents=True)
    log = "".join(f"{to_line(event)}\n" for event in events(meta, count)).encode()
    (folder / "status.events.jsonl").write_bytes(log)
    (folder / "status.json").write_text(snapshot(read_log(log).events, meta).to_text(), "utf-8")
    (folder / "meta.json").write_text(write_meta(meta), "utf-8")
    for number in range(1, PACKAGES + 1):
        make_package(folder / "tasks", f"WP{number:02}", folder.name)


def make_package(tasks: Path, wp_id: str, slug: str) -> None:
    globs = "".join(f"- src/area_{number}/**\n" for number in range(12))
    front = f"work_package_id: {wp_id}\ntitle: A package\nsubtasks:\n- T001\n- T002\nowned_files:\n{globs}"
    (tasks / f"{wp_id}-name.md").write_text(f"---\n{front}---\n# What to do\n", "utf-8")
    (tasks / f"{wp_id}-name").mkdir()
    review = (
        f"cycle_number: 1\nmission_slug: {slug}\nwp_id: {wp_id}\nverdict: rejected\nreviewer_agent: rita\n"
        "reviewed_at: '2026-05-02T09:50:15+00:00'\nreproduction_command: null\naffected_files: []\n"
    )
    (tasks / f"{wp_id}-name" / "review-cycle-1.md").write_text(f"---\n{review}---\nOnce more.\n", "utf-8")


def events(meta: MissionMeta, count: int) -> Iterator[TransitionEvent]:
    """Packages that go to their review and back, again and again."""
    lanes = dict.fromkeys((f"WP{number:02}" for number in range(1, PACKAGES + 1)), Lane.PLANNED)
    for number in range(count):
        wp_id = f"WP{number % PACKAGES + 1:02}"
        before = lanes[wp_id]
        after = _WAY[_WAY.index(before) + 1] if before in _WAY else _WAY[0]
        lanes[wp_id] = after
        yield TransitionEvent(
            event_id=f"01KQKV85G0{number:016d}",
            at=f"2026-05-02T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.123456+00:00",
            actor="agent:model:implementer",
            mission_id=meta.mission_id,
            mission_slug=meta.mission_slug,
            wp_id=wp_id,
            from_lane=before,
            to_lane=after,
            reason="Moved on in the course of the work, as the plan has it",
            evidence=evidence_of(before),
        )


def evidence_of(before: Lane) -> dict[str, Any] | None:
    return _REVIEW if before is Lane.IN_REVIEW else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
