"""How long the ordinary commands of a mission take, on one of 50 work packages and 5,000 events.

uv run python bench/mission_commands.py

Each has its best time of some tries on the clock, and the processor time that it took with the git that it started: on
a machine that is busy with other things that one still tells. Both stand beside what no command can do without, a
Python that imports click. From the first review on status and doctor ask the ledger too.

Those that are typed all day have a limit. A review and what is looked at before a merge are asked for once, and stand
beside them: the one writes a prompt and opens a gate, the other goes through every branch and file of the mission.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from signoff.app.mission_log import instant_of
from signoff.clock import new_ulid
from signoff.missions.event import TransitionEvent, to_line
from signoff.missions.lane import Lane

PACKAGES, EVENTS, TRIES = 50, 5_000, 5
LIMIT_S = 0.3
SLUG = "release"
FLOOR = [sys.executable, "-c", "import click"]
#: Each with the status that it exits with; a number goes with each try.
ORDINARY = (
    ("status --json", 0),
    ("status", 0),
    ("list --json", 0),
    ("doctor --json", 0),
    ("claim WP1{number}", 0),
    ("start WP1{number}", 0),
    ("guard", 0),
    ("submit WP1{number} --all-done --verified bench", 0),
    ("move WP2{number} --to blocked --reason bench", 0),
)
REVIEW = ("review WP1{number} --no-wait", 3)
WITH_REVIEWS = (("status --json", 0), ("doctor --json", 0))
PREFLIGHT = ("preflight", 1)


@dataclass(frozen=True)
class Took:
    """In seconds."""

    wall: float
    cpu: float


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as folder:
        root = Path(folder)
        make_mission(root)
        tell("python -c 'import click'", best([run(root, FLOOR) for _ in range(TRIES)]))
        took = [measure(root, *command) for command in ORDINARY]
        measure(root, *REVIEW)
        took += [measure(root, *command) for command in WITH_REVIEWS]
        measure(root, *PREFLIGHT)
    slowest = max(took)
    sys.stdout.write(f"slowest but for review and preflight: {slowest:.3f} s; the limit is {LIMIT_S:g} s\n")
    return 0 if slowest < LIMIT_S else 1


def measure(root: Path, words: str, exits: int) -> float:
    took = best([signoff(root, *words.format(number=number).split(), exits=exits) for number in range(TRIES)])
    tell(words.format(number="n"), took)
    return took.wall


def tell(what: str, took: Took) -> None:
    sys.stdout.write(f"{what:50} {took.wall:.3f} s, {took.cpu:.3f} s of processor\n")


def best(tries: list[Took]) -> Took:
    """What else the machine does is not the command's time."""
    return Took(min(one.wall for one in tries), min(one.cpu for one in tries))


def make_mission(root: Path) -> None:
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@signoff.example")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "Begin")
    signoff(root, "init", SLUG)
    folder = root / "missions" / SLUG
    packages = [
        f"\n### WP{number:02}: Package {number}\n- Owns: src/p{number}/**\n" for number in range(1, PACKAGES + 1)
    ]
    (folder / "plan.md").write_text("## Work packages\n" + "".join(packages))
    signoff(root, "tasks")
    with (folder / "status.events.jsonl").open("a") as log:
        log.writelines(f"{to_line(event)}\n" for event in older_events())


def older_events() -> list[TransitionEvent]:
    """What went on before the packages were planned anew: they are all in planned in the end."""
    lanes = (Lane.PLANNED, Lane.CLAIMED, Lane.IN_PROGRESS)
    return [
        TransitionEvent(
            event_id=new_ulid(),
            at=instant_of(1_700_000_000_000_000 + number * 1_000_000),
            actor="ada",
            mission_id=None,
            mission_slug=SLUG,
            wp_id=f"WP{number % PACKAGES + 1:02}",
            from_lane=lanes[number // PACKAGES % 3],
            to_lane=lanes[(number // PACKAGES + 1) % 3],
            force=True,
            reason="bench",
        )
        for number in range(EVENTS - PACKAGES)
    ]


def signoff(root: Path, *words: str, exits: int = 0) -> Took:
    return run(root, [sys.executable, "-m", "signoff", "mission", *words], exits=exits)


def run(root: Path, argv: list[str], *, exits: int = 0) -> Took:
    before, began = processor_s(), time.perf_counter()
    done = subprocess.run(argv, cwd=root, check=False, capture_output=True, text=True)
    took = Took(time.perf_counter() - began, processor_s() - before)
    if done.returncode != exits:
        raise SystemExit(f"{argv} exits with {done.returncode}: {done.stderr}")
    return took


def processor_s() -> float:
    """Of all programs that have ended so far, with those that they started."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True)


if __name__ == "__main__":
    sys.exit(main())
