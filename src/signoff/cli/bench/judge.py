"""What must never be, said in words where it is. Reports list it, and the command then ends with exit code 1."""

from __future__ import annotations

from collections.abc import Iterator

from signoff.cli.bench.sight import Record


def broken_laws(record: Record) -> Iterator[str]:
    """Of any measurement."""
    if record.decided_twice:
        yield f"{record.decided_twice} gates were decided more than once"
    if record.steps_twice:
        yield f"{record.steps_twice} steps of runs were done more than once"
    if record.rows != record.keys:
        yield f"{record.rows} interactions were written under {record.keys} dedupe keys"
    for name, count in (record.check or {}).items():
        if count:
            yield f"db check: {name} is {count}, and must be 0"


def lost_answers(record: Record, *, accepted: int) -> Iterator[str]:
    """Of a measurement in which each answer decides its gate."""
    if record.rows != accepted:
        off = f"{accepted - record.rows} were lost" if record.rows < accepted else "that is too many"
        yield f"{accepted} answers were accepted and {record.rows} are in the record: {off}"
    if record.ends != record.rows:
        yield f"{record.rows} answers are in the record, and gates were decided {record.ends} times"
