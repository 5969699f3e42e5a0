"""A report: what was measured, on what, beside which floor, and what of it must not be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.cli.bench.machine import machine, versions
from signoff.cli.bench.members import MEMBERS
from signoff.cli.bench.options import Bench
from signoff.cli.failure import DONE, FAILED
from signoff.cli.files import write_file
from signoff.cli.output import note, say
from signoff.cli.table import Column, print_table


@dataclass(frozen=True)
class Limit:
    """A documented bound of a figure: `most`, or `least` where more is better. None where there was no figure."""

    name: str
    figure: float | None
    most: float | None = None
    least: float | None = None

    @property
    def is_kept(self) -> bool | None:
        if self.figure is None:
            return None
        return (self.most is None or self.figure <= self.most) and (self.least is None or self.figure >= self.least)

    def to_wire(self) -> dict[str, Any]:
        bound = {"most": self.most} if self.least is None else {"least": self.least}
        return {"name": self.name, "figure": self.figure, **bound, "isKept": self.is_kept}

    def to_text(self) -> str:
        bound = f"at most {self.most:g}" if self.least is None else f"at least {self.least:g}"
        return f"{self.name}: {self.figure:g}, {bound}" if self.figure is not None else f"{self.name}: not measured"


def finish(
    bench: Bench,
    kind: str,
    figures: Mapping[str, Any],
    *,
    measured: str,
    database: str,
    floor: Mapping[str, Any] | None,
    violations: Sequence[str],
    limits: Sequence[Limit] = (),
) -> int:
    """Write and show the report; the exit code. `violations` are what must never be, in words."""
    report = {
        "kind": kind,
        **figures,
        "measured": measured,
        "database": database,
        "command": bench.command,
        "machine": machine(),
        "versions": versions(),
        "floor": floor,
        "limits": [limit.to_wire() for limit in limits],
        "violations": list(violations),
    }
    if bench.report is not None:
        write_file(bench.report, json.dumps(report, indent=2) + "\n")
    bench.call.show(report, lambda: _draw(bench, kind, figures, report, limits))
    is_slow = bench.is_must and any(limit.is_kept is False for limit in limits)
    return FAILED if violations or is_slow else DONE


def leaves(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every figure of a report under its dotted name; members of lists under the list's, with `[]`."""
    for name, value in document.items():
        where = f"{path}{name}"
        if isinstance(value, Mapping):
            yield from leaves(value, f"{where}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for one in value:
                yield from leaves(one, f"{where}[].")
        else:
            yield where, value


def _draw(
    bench: Bench, kind: str, figures: Mapping[str, Any], report: Mapping[str, Any], limits: Sequence[Limit]
) -> None:
    floor = {} if report["floor"] is None else {"floor": {**report["floor"]}}
    floor.get("floor", {}).pop("what", None)
    said = MEMBERS[kind]
    rows = [(shown, _text(value), said[name]) for name, shown, value in _rows({**figures, **floor})]
    say(report["measured"], bold=True)
    on = report["machine"]
    say(f"on {report['database']}; {on['cores']} cores, {on['processor']}, load {on['load1']} when it ended")
    say()
    print_table([Column("FIGURE"), Column("VALUE", is_number=True), Column("WHAT", is_elastic=True)], rows)
    say()
    for limit in limits:
        word = {True: "kept", False: "NOT KEPT", None: "unknown"}[limit.is_kept]
        say(f"limit {word}: {limit.to_text()}", **({"fg": "red"} if limit.is_kept is False else {}))
    for violation in report["violations"]:
        say(f"VIOLATED: {violation}", fg="red", bold=True)
    if not report["violations"]:
        say("Nothing was lost or doubled.", fg="green")
    if bench.report is not None:
        note(f"The report is in {bench.report}.")


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Each figure: its documented name, the one that people are shown (items of lists go by theirs), and its value."""
    for name, value in document.items():
        if isinstance(value, list):
            for one in value:
                for where, figure in leaves({key: said for key, said in one.items() if key != "name"}):
                    yield f"{name}[].{where}", f"{one['name']}: {where}", figure
        else:
            yield from ((where, where, figure) for where, figure in leaves({name: value}))


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
