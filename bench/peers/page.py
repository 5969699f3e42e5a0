"""The page and its plot in docs/, of a report on all programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from outcome import Outcome
from programs import FOLDER, PROGRAMS, ProgramError, draw
from report import Report
from table import (
    FLOOR_HEAD,
    RACE_HEAD,
    RATIO_HEAD,
    SPEED_HEAD,
    figure,
    floor_rows,
    markdown,
    race_rows,
    ratio_rows,
    speed_rows,
)

DOCS = FOLDER.parents[1] / "docs"
PAGE = DOCS / "explanation" / "peers.md"
PLOT = DOCS / "images" / "peers.svg"

_TEXT = """\
# Beside its peers

<!-- Written by bench/peers/run.py. Edit bench/peers/page.py, or measure again. -->

How many gates do signoff and other ways to wait for a person open, answer and let through, on one machine in one run?
And what do they do when several people answer at once? One command measures all of it, and writes this page:

```sh
{command}
```

![Answers a second, workflows that went on a second, and effects for each gate that was raced for](../images/peers.svg)

Measured on {date}: {processor}, {cores} cores, {memory_gb} GB, {system}, Python {python}; Postgres {postgres} with
`fsync` on for all that use one. Load average {load_before} before and {load_after} after, with the measurement's own
work in it.

## The work

A gate has a title and a body, and waits for a *yes* or a *no*. What is behind it does one thing, which is counted: the
**effect**. First one client opens {gates} gates and then answers each; then {clients} clients, threads of one program,
do that for as many others. Then {race_gates} gates get {race_answers} different answers each, all at the same moment.

- **opened**: until all wait, and their prompts can be read.
- **answered**: until every answer was told that it was accepted.
- **gone on**: from the first answer until every effect had happened.

All programs ran {often}, by turns, each in a process and on a database of its own.{medians}

## One client

{one}

## {clients} clients

{many}

## Ratios

More than 1 says that signoff did more.

{ratios}

The floor is what the database does with the same statements, sent as plain SQL from one connection, by turns with ours,
on a ledger that nothing else uses:

{floors}

## {race_answers} answers at once

{races}

One effect for each gate is right. An answer that is told *accepted* and has no effect has been lost without anybody
knowing; an effect more than gates is work that was done twice.

## What is the same, and what is not

{answers}

Read the figures with that in mind:

- **Digits are not facts.** Where others use the machine too, the same program may be half as fast a minute later. A
  ratio near 1 says that there is no difference, and so does one to the floor that is above 1.
- **LangGraph and Burr go on where they are answered.** Their answer includes the work behind the gate, and the one who
  answers has to have the program at hand. That is why *answered* and *gone on* are the same for them. signoff and DBOS
  take the answer and go on elsewhere.
- **signoff's effect is a signed HTTP call of another process.** The others count within their own process, which costs
  nearly nothing. *Gone on* is the dearer for signoff by that call and its receiver.
- **signoff is several processes, a peer one.** On {cores} cores a peer whose clients are threads of one Python leaves
  some of the machine unused; with several processes LangGraph and Burr would take more answers than here.
- **What an answer leaves behind differs.** signoff checks who may answer, and stores answer, decision, a chained audit
  entry and the order to go on in one transaction. The others store the value and their state.
- **LangGraph resumes whatever is resumed.** A program can look first whether a graph still waits. Between the look and
  the resumption another answer may come, so that makes the race rarer and does not end it.
- **DBOS keeps each message.** `recv` takes the first one, so that there is one effect; who sent another is not told.
  Its workflows wait in threads here. Those that wait as coroutines need less memory, which is not measured here.
- **Burr's rows are unique** by application and number, which refuses most of the answers that come second, with an
  error of the database. One that is loaded after the winner's first step goes on from there.
- Nobody was tuned: each is used as its own documentation shows. Burr alone was told to wait longer for a lock of its
  file than the five seconds after which it gives up.

Versions: {versions}.

## Not measured

- **Prefect** (`pause_flow_run`) asks a server of its own, a process beside the program. The one that it starts by
  itself, on SQLite, took minutes for some tens of gates in a first try, and met locks of its database. That says more
  about this way to set it up than about Prefect.
- **Airflow** needs a scheduler, an API server and a database that was set up for it; it was not tried.
- **Temporal, Restate, Inngest, Hatchet** need a server that no Python package brings along.
- Libraries that leave it to their users where a paused run is kept have no answer to measure.

How to measure signoff alone, and its limits: [measure](../how-to/measure.md). Why one of several answers wins:
[one decision](one-decision.md).
"""

_MEDIANS = """ Speeds are medians, with the least
and the most in brackets; what raced is counted over all rounds."""


def write_page(report: Report) -> list[Path]:
    """What was written.

    Raises:
        ProgramError: a program is missing in the report, or the plot could not be drawn; nothing was written.
    """
    if missing := sorted(PROGRAMS.keys() - report.rounds.keys()):
        raise ProgramError(f"the page wants all programs, and the report lacks {', '.join(missing)}")
    svg = draw(json.dumps(_plot(report)))
    PLOT.write_text(svg, "utf-8")
    PAGE.write_text(page_text(report), "utf-8")
    return [PAGE, PLOT]


def page_text(report: Report) -> str:
    sizes, machine = report.sizes, report.machine
    outcomes = [report.outcome(rounds) for rounds in report.rounds.values()]
    return _TEXT.format(
        command=sizes.command,
        date=report.date,
        processor=machine["processor"],
        cores=machine["cores"],
        memory_gb=round(machine["memoryMb"] / 1024),
        system=machine["system"],
        python=report.python,
        postgres=report.postgres,
        load_before=report.loads[0],
        load_after=report.loads[1],
        gates=sizes.gates,
        clients=sizes.clients,
        race_gates=sizes.race_gates,
        race_answers=sizes.race_answers,
        often="once" if sizes.rounds == 1 else f"{sizes.rounds} times",
        medians="" if sizes.rounds == 1 else _MEDIANS,
        one=markdown(SPEED_HEAD, list(speed_rows(report, is_many=False))),
        many=markdown(SPEED_HEAD, list(speed_rows(report, is_many=True))),
        ratios=markdown(RATIO_HEAD, list(ratio_rows(report))),
        floors=markdown(FLOOR_HEAD, list(floor_rows(report))),
        races=markdown(RACE_HEAD, list(race_rows(report))),
        answers=_answers(outcomes),
        versions=_versions(outcomes),
    )


def _answers(outcomes: list[Outcome]) -> str:
    lines = ["| system | an answer is | it is kept |", "| --- | --- | --- |"]
    lines += [f"| {one.system}, {one.database} | {one.answer} | {one.durability} |" for one in outcomes]
    return "\n".join(lines)


def _versions(outcomes: list[Outcome]) -> str:
    found = {name: version for one in outcomes for name, version in one.versions.items()}
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items()))


def _plot(report: Report) -> dict[str, Any]:
    """As `plot.py` reads it."""
    outcomes = {name: report.outcome(rounds) for name, rounds in report.rounds.items()}
    found = list(outcomes.values())
    clients = report.sizes.clients
    return {
        "described": "signoff and its peers: answers, workflows that went on, and effects of racing answers",
        "systems": [{"name": _plain(one), "isOwn": PROGRAMS[name].is_own} for name, one in outcomes.items()],
        "panels": [
            _panel(f"answered a second, {clients} clients", [one.many.answered_per_s for one in found]),
            _panel(f"gone on a second, {clients} clients", [one.many.done_per_s for one in found]),
            _panel(
                f"effects a gate, {report.sizes.race_answers} answers at once",
                [one.race.effects / one.race.gates for one in found],
            ),
        ],
    }


def _plain(outcome: Outcome) -> str:
    """Its name, without the marks of Markdown."""
    return f"{outcome.system}\n{outcome.database}".replace("`", "")


def _panel(title: str, values: list[float]) -> dict[str, Any]:
    return {"title": title, "values": values, "labels": [figure(value) for value in values]}
