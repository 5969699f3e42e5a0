"""The report on gates: which are in it, and how it is drawn for people, for pages and for programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.app.report_gates import report_gates
from signoff.cli.call import Call
from signoff.cli.gate.text import remaining_words
from signoff.cli.gate.where import gates_about, newest_run, subject_of_spec
from signoff.cli.output import counted, duration, hint, moment, say
from signoff.cli.table import Column, print_table
from signoff.cli.terminal import one_line
from signoff.gates.requirement import ANYONE

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

Row = Mapping[str, Any]

_GATES_AT_ONCE = 200
_ANSWERS_AT_ONCE = 500
#: What Markdown, or what GitHub makes of it, would take for more than a letter.
_MARKS = re.compile(r"([\\`*_{}\[\]<>|~&$#!@])")


def make_report(call: Call, *, spec: Path | None, run: str | None, limit: int) -> dict[str, Any]:
    """`{items, totals, isWhole}`: of a spec's runs or of one run, else of the ledger, newest first."""
    if spec is not None and run is not None:
        raise click.UsageError("Say --spec or --run, not both.")
    with call.backend() as backend:
        views = list(islice(_views(backend, spec, run), limit + 1))
        gates, now = list(_with_answers(backend, views[:limit])), backend.now()
    return {**report_gates(gates, now=now), "isWhole": len(views) <= limit}


def draw_report(report: Mapping[str, Any], style: str) -> None:
    items = report["items"]
    if style == "md":
        _draw_page(items)
    elif items:
        kept = [one for one in _COLUMNS if any(one.text(item) != "-" for item in items)]
        columns = [Column(one.title.upper(), is_elastic=one.is_elastic) for one in kept]
        print_table(columns, [[one.text(item) for one in kept] for item in items])
    say(_totals(report["totals"]))
    if not report["isWhole"]:
        hint(f"There are more gates; these are the first {len(items)}. Ask for more with --limit.")


def _views(backend: Backend, spec: Path | None, run: str | None) -> Iterator[dict[str, Any]]:
    from signoff.sdk.backend import items_of

    if run is not None:
        return iter(backend.gates_of(run))
    if spec is not None:
        subject = subject_of_spec(spec)
        newest_run(backend, subject)
        return gates_about(backend, subject)
    return items_of(lambda cursor: backend.newest_gates(_GATES_AT_ONCE, cursor))


def _with_answers(backend: Backend, views: Sequence[Row]) -> Iterator[tuple[Row, list[Row]]]:
    """After the gates, so that what decided a gate is among its answers."""
    said: dict[tuple[str, str], list[Row]] = {}
    for workflow_id in dict.fromkeys(str(view["workflowID"]) for view in views):
        for one in _answers(backend, workflow_id):
            said.setdefault((workflow_id, one["gateKey"]), []).append(one)
    for view in views:
        yield view, said.get((view["workflowID"], view["gateKey"]), [])


def _answers(backend: Backend, workflow_id: str) -> Iterator[Row]:
    from signoff.sdk.backend import items_of

    return items_of(lambda cursor: backend.interactions(workflow_id, _ANSWERS_AT_ONCE, cursor))


@dataclass(frozen=True)
class _Cell:
    """A column: its title, and what it says of a gate, `-` for nothing."""

    title: str
    text: Callable[[Row], str]
    is_elastic: bool = False


def _gate(item: Row) -> str:
    if item["code"] is None:
        return f"{item['gateKey']}: {item['title']}"
    return " ".join(filter(None, (item["code"], item["name"])))


def _decision(item: Row) -> str:
    if item["state"] != "PENDING":
        return str(item["decision"])
    return f"{item['decision']}: needs {remaining_words(item['waitsFor'])}" if item["waitsFor"] else item["decision"]


def _by(item: Row) -> str:
    return ", ".join(_person(one) for one in item["by"]) or "-"


def _person(one: Row) -> str:
    return one["actor"] if one["role"] in (None, ANYONE) else f"{one['actor']} ({one['role'].replace(',', ', ')})"


def _when(item: Row) -> str:
    return "-" if item["decidedAt"] is None else moment(item["decidedAt"])


def _ticked(item: Row) -> str:
    return f"{item['itemsTicked']}/{item['items']}" if item["items"] else "-"


_COLUMNS = (
    _Cell("Gate", _gate, is_elastic=True),
    _Cell("Step", lambda item: item["step"] or "-"),
    _Cell("State", lambda item: item["state"]),
    _Cell("Decision", _decision),
    _Cell("By", _by),
    _Cell("When", _when),
    _Cell("Waited", lambda item: duration(item["waitedMs"])),
    _Cell("Items", _ticked),
    _Cell("Conditions", lambda item: "; ".join(item["conditions"]) or "-", is_elastic=True),
    _Cell("Rationale", lambda item: item["rationale"] or "-", is_elastic=True),
    _Cell("Origin", lambda item: item["origin"] or "-"),
    _Cell("Run", lambda item: item["workflowID"]),
)


def _draw_page(items: Sequence[Row]) -> None:
    """A table of GitHub's Markdown. What people wrote is text in it and nothing else."""
    say(_page_line([cell.title for cell in _COLUMNS]))
    say(_page_line(["---"] * len(_COLUMNS)))
    for item in items:
        say(_page_line([_escaped(cell.text(item)) for cell in _COLUMNS]))
    say()


def _page_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", one_line(text))


def _totals(totals: Mapping[str, Any]) -> str:
    decisions = [f"{count} {decision}" for decision, count in totals["decisions"].items() if count]
    kinds = f"{totals['automatic']} automatic, {totals['overridden']} overridden"
    return f"{counted(totals['gates'], 'gate')}: {', '.join(decisions)}; {kinds}" if decisions else "No gates."
