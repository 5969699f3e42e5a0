"""`release.md`: what `signoff release decide` reads and writes. A part, an outcome or a member without a line here
fails the build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from signoff.cli.release.commit import Tree
from signoff.cli.release.decide import Decision
from signoff.cli.release.judge import Judgement, Outcome
from signoff.cli.release.part import PARTS, Part
from signoff.cli.release.record import Record

from .markdown import code, described, page, table

_PARTS = {
    "lint": "style and formatting",
    "types": "types, strictly",
    "arrows": "which package may import which",
    "policy": "frozen names, the engine's tables, who knows the engine, queues, origins",
    "docs": "that generated pages say what the code says",
    "test": "every test but those in a browser",
    "coverage": "how much of the source the tests have run",
    "browser": "the inbox in a real browser",
    "simulation": "the seeds of the simulator",
    "bench-load": "1,000 runs opened to their gates: every one waits, none failed",
    "bench-burst": "1,000 answers at once: every run succeeded, nothing lost or doubled",
    "bench-race": "four answers to each of 40 gates: one is accepted, one effect each, every loser is told",
    "bench-soak": "answers for two minutes: none refused, each in the record once",
}
_OUTCOMES: Mapping[str, str] = {
    Outcome.PASSED: "It ran at this commit, its exit code is 0, and its report says the same.",
    Outcome.FAILED: "It ran, and its exit code is not 0.",
    Outcome.MISSING: "It has no record, since it has not run to its end; or the report is gone that it should leave.",
    Outcome.STALE: "It ran at another commit, or while something was in no commit.",
    Outcome.UNREADABLE: "Its record or report cannot be opened, is not whole, or lacks what it is judged by.",
    Outcome.CONTRADICTORY: "It is at odds with itself: it passed, and its report says otherwise; the report is not the "
    "one that it left; it is another part's; it ended before it began, or in the future.",
}
_DECISION = {
    "schemaVersion": "1",
    "decision": "`GO` or `NO-GO`",
    "commit": "what was decided about: HEAD",
    "isClean": "whether everything was committed",
    "at": "when",
    "tool": "which version of signoff decided",
    "reasons": "why not, in words; empty where it is GO",
    "parts": "one for each part",
    "parts[].part": "its name",
    "parts[].lane": "the task that runs it: `poe check` or `poe full`",
    "parts[].outcome": "see above",
    "parts[].reasons": "why it did not pass",
    "parts[].command": "what ran; null where its record cannot be read, as the next four",
    "parts[].commit": "at which commit",
    "parts[].startedAt": "when it began",
    "parts[].endedAt": "when it ended",
    "parts[].exitCode": "how; negative for a signal",
    "parts[].skipped": "how many of its tests were skipped",
    "parts[].reports": "the files that it left",
    "parts[].reports[].file": "seen from the folder of reports",
    "parts[].reports[].sha256": "the SHA-256 of its bytes",
}
_RECORD = {
    "kind": "`signoff-part`",
    "part": "its name",
    "command": "what ran, as a list",
    "commit": "HEAD when it began",
    "isClean": "whether HEAD was the same at its end, and everything was committed all the time",
    "startedAt": "when it began",
    "endedAt": "when it ended",
    "exitCode": "how; negative for a signal",
    "reportSha256": "the SHA-256 of the report that it left; null where it leaves none",
}


def release_page() -> str:
    return page(
        "Release decisions",
        "`signoff release decide` gathers what the tasks of the repository have left behind into one decision. "
        "[Decide about a release](../how-to/release.md) says how it is used. Instants are epoch milliseconds.",
        "## Parts\n\nIt is GO only if each of these passed, and everything is committed.\n\n"
        + table(["part", "run by", "leaves", "what is looked at"], (_part(one) for one in PARTS)),
        "## Outcomes\n\n"
        + table(["outcome", "meaning"], ((code(one), described(_OUTCOMES, one, what="outcome")) for one in Outcome)),
        "## The decision\n\n" + _members(_decision().to_wire(), _DECISION),
        "## The record of a part\n\nWritten when the part has ended, and only then.\n\n"
        + _members(_RECORDED.to_wire(), _RECORD),
    )


def _part(one: Part) -> list[str]:
    files = [code(file) for file in (one.record_file, one.report_file) if file is not None]
    return [code(one.name), code(f"poe {one.lane}"), ", ".join(files), described(_PARTS, one.name, what="part")]


def _members(document: Mapping[str, Any], descriptions: Mapping[str, str]) -> str:
    names = list(_names(document))
    return table(
        ["member", "what it is"], ([code(name), described(descriptions, name, what="member")] for name in names)
    )


def _names(document: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, value in document.items():
        yield f"{path}{name}"
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield from _names(value[0], f"{path}{name}[].")


_RECORDED = Record("lint", ("poe", "lint"), "a" * 40, True, 1, 2, 0)


def _decision() -> Decision:
    judged = Judgement(PARTS[0], Outcome.PASSED, record=_RECORDED, digests=((PARTS[0].record_file, "b" * 64),))
    return Decision(Tree("a" * 40, ()), (judged,), 3, "signoff")
