"""Records and reports of parts that ran and passed, to be spoiled one at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from signoff.cli.release.part import PARTS, TESTS, Part
from signoff.cli.release.record import Record
from signoff.gates.digest import sha256_hex

COMMIT = "a" * 40
NOW = 1_800_000_000_000
JUNIT = (
    '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" '
    'failures="0" skipped="1" tests="2" time="0.1"><testcase classname="a" name="one"/><testcase classname="a" '
    'name="two"><skipped message="not here"/></testcase></testsuite></testsuites>'
)
BENCH: Mapping[str, dict[str, Any]] = {
    "hitl-load-1k": {
        "targetWaits": 1000,
        "waiting": {"readyCount": 1000, "pendingCount": 0, "enqueuedCount": 0, "erroredCount": 0, "gateCount": 1000},
    },
    "hitl-burst-reply": {
        "final": {"succeeded": 1000, "active": 0, "errors": 0},
        "interactions": {"totalRows": 1000, "distinctDedupeKeys": 1000, "expectedDistinct": 1000},
        "decisions": {"duplicateDecisionKeys": 0},
        "timeline": {"duplicateStepAttempts": 0},
    },
    "hitl-race": {
        "gates": 40,
        "answersPerGate": 4,
        "accepted": 40,
        "conflicts": 120,
        "effects": 40,
        "untoldLosers": 0,
    },
    "hitl-soak": {
        "minutes": 2.0,
        "answers": {"accepted": 120, "refused": 0},
        "interactions": {"totalRows": 120, "distinctDedupeKeys": 120},
        "final": {"errors": 0},
    },
}


def part(name: str) -> Part:
    return next(one for one in PARTS if one.name == name)


def report_of(one: Part, **changes: Any) -> bytes | None:
    """Of a measurement with these members changed, under their dotted names with `__` for the dots."""
    if one.report is None:
        return None
    if one.report == TESTS:
        return JUNIT.encode()
    document = json.loads(json.dumps({"kind": one.report, **BENCH[one.report], "violations": [], "limits": []}))
    for name, value in changes.items():
        *outer, last = name.split("__")
        holder = document
        for member in outer:
            holder = holder[member]
        holder[last] = value
    return json.dumps(document).encode()


def record_of(one: Part, report: bytes | None = None, **changes: Any) -> Record:
    made = Record(
        part=one.name,
        command=("poe", one.name),
        commit=COMMIT,
        is_clean=True,
        started_at=NOW - 60_000,
        ended_at=NOW - 1_000,
        exit_code=0,
        report_sha256=None if report is None else sha256_hex(report),
    )
    return replace(made, **changes)


def to_bytes(record: Record, **changes: Any) -> bytes:
    return json.dumps({**record.to_wire(), **changes}).encode()


def leave_all(folder: Path, **changes: Any) -> None:
    """The evidence of a whole `poe full`."""
    folder.mkdir(exist_ok=True)
    for one in PARTS:
        report = report_of(one)
        (folder / one.record_file).write_bytes(to_bytes(record_of(one, report, **changes)))
        if report is not None and one.report_file is not None:
            (folder / one.report_file).write_bytes(report)
