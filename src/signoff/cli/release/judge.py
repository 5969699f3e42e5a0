"""What a part's record and report prove. Whatever is not there, not of this commit, not to be read or at odds with
itself proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from signoff.cli.release.figures import doubts_of
from signoff.cli.release.junit import read_counts
from signoff.cli.release.part import TESTS, Part
from signoff.cli.release.record import Record, read_object, read_record
from signoff.errors import DocumentError
from signoff.gates.digest import sha256_hex

GO, NO_GO = "GO", "NO-GO"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"
    STALE = "stale"
    UNREADABLE = "unreadable"
    CONTRADICTORY = "contradictory"


@dataclass(frozen=True)
class Evidence:
    """The bytes of a part's files, None where there is none; `unreadable` says why they cannot be read."""

    record: bytes | None
    report: bytes | None = None
    unreadable: str | None = None


@dataclass(frozen=True)
class Judgement:
    """`reasons` say why it did not pass; `skipped` counts tests that were left out."""

    part: Part
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    record: Record | None = None
    digests: tuple[tuple[str, str], ...] = ()
    skipped: int = 0

    def to_wire(self) -> dict[str, Any]:
        made = {} if self.record is None else self.record.to_wire()
        return {
            "part": self.part.name,
            "lane": self.part.lane,
            "outcome": self.outcome.value,
            "reasons": list(self.reasons),
            **{name: made.get(name) for name in ("command", "commit", "startedAt", "endedAt", "exitCode")},
            "skipped": self.skipped,
            "reports": [{"file": file, "sha256": digest} for file, digest in self.digests],
        }


def judge(part: Part, evidence: Evidence, *, commit: str, now: int) -> Judgement:
    """`commit` is the one that is to be released, `now` in epoch milliseconds."""
    digests = _digests(part, evidence)
    if evidence.unreadable is not None:
        return Judgement(part, Outcome.UNREADABLE, (evidence.unreadable,))
    if evidence.record is None:
        reason = f"it has not run to its end; run: uv run poe {part.lane}"
        return Judgement(part, Outcome.MISSING, (reason,), digests=digests)
    try:
        record = read_record(evidence.record, part.record_file)
    except DocumentError as error:
        return Judgement(part, Outcome.UNREADABLE, (error.message,), digests=digests)
    outcome, reasons, skipped = _outcome(part, record, evidence.report, commit=commit, now=now)
    return Judgement(part, outcome, tuple(reasons), record, digests, skipped)


def _outcome(
    part: Part, record: Record, report: bytes | None, *, commit: str, now: int
) -> tuple[Outcome, Sequence[str], int]:
    if odd := _oddities(part, record, report, now=now):
        return Outcome.CONTRADICTORY, odd, 0
    if old := _staleness(record, commit):
        return Outcome.STALE, old, 0
    if part.report is not None and report is None:
        return Outcome.MISSING, [f"{part.report_file} is not there"], 0
    try:
        doubts, skipped = ([], 0) if report is None else _doubts(part, report)
    except DocumentError as error:
        return Outcome.UNREADABLE, [error.message], 0
    if record.exit_code:
        return Outcome.FAILED, [f"it ended with exit code {record.exit_code}", *doubts], skipped
    if doubts:
        return Outcome.CONTRADICTORY, [f"it ended with exit code 0, and {doubt}" for doubt in doubts], skipped
    return Outcome.PASSED, [], skipped


def _oddities(part: Part, record: Record, report: bytes | None, *, now: int) -> list[str]:
    odd = []
    if record.part != part.name:
        odd.append(f"it is the record of {record.part}")
    if not 0 < record.started_at <= record.ended_at:
        odd.append("it ended before it began")
    if record.ended_at > now:
        odd.append("it ended in the future")
    if report is not None and record.report_sha256 != sha256_hex(report):
        odd.append(f"{part.report_file} is not the report that it left")
    return odd


def _staleness(record: Record, commit: str) -> list[str]:
    if record.commit != commit:
        return [f"it ran at {record.commit[:12]}, and HEAD is {commit[:12]}"]
    return [] if record.is_clean else ["it ran with changes that are in no commit"]


def _doubts(part: Part, report: bytes) -> tuple[list[str], int]:
    """Why what its report says is not passed, and how many tests were skipped."""
    path = str(part.report_file)
    if part.report == TESTS:
        counts = read_counts(report, path)
        return list(counts.doubts()), counts.skipped
    document = read_object(report, path)
    if document.get("kind") != part.report:
        return [f"its report is of kind {document.get('kind')!r}, not {part.report!r}"], 0
    return doubts_of(document, path), 0


def _digests(part: Part, evidence: Evidence) -> tuple[tuple[str, str], ...]:
    files = ((part.record_file, evidence.record), (part.report_file, evidence.report))
    return tuple((file, sha256_hex(data)) for file, data in files if file is not None and data is not None)
