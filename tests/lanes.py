"""Run the parts of a lane, one after another, and record of each how it ended: `python -m tests.lanes check|full`.

What `signoff release decide` believes is written here, and only after a part has ended: a part that was killed, or that
never began, has no record. The records of a lane are removed before it starts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signoff.cli.release.commands import REPORTS
from signoff.cli.release.commit import Tree, read_tree
from signoff.cli.release.part import CHECK, FULL, PARTS, Part
from signoff.cli.release.record import Record
from signoff.clock import now_ms
from signoff.gates.digest import sha256_hex

ROOT = Path(__file__).parents[1]
POE = (sys.executable, "-m", "poethepoet")
BENCH = (sys.executable, "-m", "signoff", "bench")
#: Stands in a command for the file that it leaves its report in.
REPORT = "REPORT"
ENOUGH_SEEDS = "1..2000"


@dataclass(frozen=True)
class Run:
    """How a part is run; `environ` is added to this process's."""

    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)


#: For tests. In CI nothing is skipped for want of a database; and where they may not write it down, each of some
#: thousand processes would compile anew all that it imports.
_IN_CI: Mapping[str, str] = {"CI": "true", "PYTHONDONTWRITEBYTECODE": ""}

#: By the part's name. What has no entry is the task of the same name.
RUNS: Mapping[str, Run] = {
    "test": Run(
        (*POE, "test", f"--junit-xml={REPORT}"), {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), **_IN_CI}
    ),
    "browser": Run((*POE, "browser", f"--junit-xml={REPORT}"), _IN_CI),
    "simulation": Run((sys.executable, "-m", "tests.simulation", "--seeds", ENOUGH_SEEDS)),
    "bench-load": Run((*BENCH, "load", "--gates", "1000", "--must", "--report", REPORT)),
    "bench-burst": Run(
        (*BENCH, "burst", "--gates", "1000", "--postgres", "--workers", "2", "--must", "--report", REPORT)
    ),
    "bench-race": Run((*BENCH, "race", "--gates", "40", "--answers", "4", "--postgres", "--must", "--report", REPORT)),
    "bench-soak": Run((*BENCH, "soak", "--gates", "120", "--minutes", "2", "--must", "--report", REPORT)),
}


def parts_of(lane: str) -> list[Part]:
    """`full` is `check` and more."""
    return [part for part in PARTS if part.lane == CHECK or part.lane == lane]


def run_lane(lane: str, reports: Path) -> int:
    """Every part, also after one that failed; 1 if one did."""
    reports.mkdir(parents=True, exist_ok=True)
    parts = parts_of(lane)
    for part in parts:
        forget(part, reports)
    codes = {part.name: run_part(part, reports) for part in parts}
    _say("\n" + "\n".join(f"{'failed' if code else 'passed':8}{name}" for name, code in codes.items()))
    return 1 if any(codes.values()) else 0


def forget(part: Part, reports: Path) -> None:
    for file in filter(None, (part.record_file, part.report_file)):
        (reports / file).unlink(missing_ok=True)


def run_part(part: Part, reports: Path, run: Run | None = None, *, root: Path = ROOT) -> int:
    """The exit code of its command, after its record was written."""
    forget(part, reports)
    if part.name == "test":
        _forget_coverage(root)
    run = run or RUNS.get(part.name, Run((*POE, part.name)))
    report = None if part.report_file is None else reports.resolve() / part.report_file
    command = [word.replace(REPORT, str(report)) for word in run.command]
    _say(f"\n== {part.name}: {' '.join(command)}")
    before, started_at = read_tree(root, besides=[reports]), now_ms()
    code = subprocess.run(command, cwd=root, env={**os.environ, **run.environ}, check=False).returncode
    record = Record(
        part=part.name,
        command=tuple(command),
        commit=before.commit,
        is_clean=_is_same(before, read_tree(root, besides=[reports])),
        started_at=started_at,
        ended_at=now_ms(),
        exit_code=code,
        report_sha256=sha256_hex(report.read_bytes()) if report is not None and report.exists() else None,
    )
    (reports / part.record_file).write_text(json.dumps(record.to_wire(), indent=2) + "\n", "utf-8")
    return code


def _is_same(before: Tree, after: Tree) -> bool:
    """One commit all the time, with nothing beside it."""
    return before == after and after.is_clean


def _forget_coverage(root: Path) -> None:
    """What was measured of another state of the source would be counted."""
    for measured in (root / ".coverage", *root.glob(".coverage.*")):
        measured.unlink(missing_ok=True)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lanes", description=__doc__)
    parser.add_argument("lane", choices=(CHECK, FULL))
    parser.add_argument("--reports", type=Path, default=ROOT / REPORTS, help="Where records and reports are left.")
    given = parser.parse_args(arguments)
    return run_lane(given.lane, given.reports)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
