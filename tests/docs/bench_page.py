"""`bench.md`: the members of the reports of `signoff bench`."""

from __future__ import annotations

from collections.abc import Mapping

from signoff.cli.bench.members import MEMBERS, SHARED

from .markdown import code, page, table

#: The command that writes each kind of report.
COMMANDS = {
    "hitl-load-1k": "load",
    "hitl-burst-reply": "burst",
    "hitl-race": "race",
    "hitl-soak": "soak",
    "hitl-wake": "wake",
    "hitl-park": "park",
    "cli": "cli",
}


def bench_page() -> str:
    return page(
        "Reports of measurements",
        "`signoff bench` commands put their report on stdout with `--json`, and into a file with `--report FILE`. "
        "How to use them is in [measure](../how-to/measure.md). Members of lists are named with `[]`; times are "
        "milliseconds where a name ends in `Ms`.",
        "## Every report\n\n" + _members(SHARED),
        *(f"## {COMMANDS[kind]}\n\n`kind` is `{kind}`.\n\n{_members(said)}" for kind, said in MEMBERS.items()),
    )


def _members(said: Mapping[str, str]) -> str:
    return table(("member", "what it says"), ((code(name), text) for name, text in said.items()))
