"""The figures as rows, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from outcome import Outcome, Pace
from report import Report

SPEED_HEAD = ("system", "database", "opened/s", "answered/s", "gone on/s", "ms an answer, p50", "p99", "gates")
RACE_HEAD = ("system", "database", "answers", "told: accepted", "told: who was first", "errors", "gates", "effects")
RATIO_HEAD = ("answers a second of", "to those of", "1 client", "many clients", "gone on, 1 client", "gone on, many")
FLOOR_HEAD = ("one after the other", "database", "`app.reply`/s", "plain SQL/s", "ratio")
#: Whom each of ours is set against: those on the same database.
PAIRS = tuple(
    (f"signoff-{door}-{database}", f"{peer}-{database}")
    for database, peers in (("postgres", ("langgraph", "dbos")), ("sqlite", ("langgraph", "burr")))
    for door in ("http", "reply")
    for peer in peers
)

Rows = Sequence[Sequence[str]]


def speed_rows(report: Report, *, is_many: bool) -> Iterator[Sequence[str]]:
    for outcomes in report.rounds.values():
        found = report.outcome(outcomes)
        pace = _pace(found, is_many)
        yield (
            found.system,
            found.database,
            figure(pace.opened_per_s),
            _with_range(pace.answered_per_s, [_pace(one, is_many).answered_per_s for one in outcomes]),
            _with_range(pace.done_per_s, [_pace(one, is_many).done_per_s for one in outcomes]),
            figure(pace.answer_p50_ms),
            figure(pace.answer_p99_ms),
            f"{pace.gates:,.0f}",
        )


def race_rows(report: Report) -> Iterator[Sequence[str]]:
    for outcomes in report.rounds.values():
        found = report.outcome(outcomes)
        race = found.race
        counts = (race.gates * race.answers, race.accepted, race.told, race.refused, race.gates, race.effects)
        yield (found.system, found.database, *(f"{count:,}" for count in counts))


def ratio_rows(report: Report) -> Iterator[Sequence[str]]:
    for our_name, peer_name in PAIRS:
        ours, peer = (report.outcome(report.rounds[name]) for name in (our_name, peer_name))
        paces = ((ours.one, peer.one), (ours.many, peer.many))
        answered = [figure(our.answered_per_s / other.answered_per_s) for our, other in paces]
        done = [figure(our.done_per_s / other.done_per_s) for our, other in paces]
        yield (f"{ours.system}, {ours.database}", peer.system, *answered, *done)


def floor_rows(report: Report) -> Iterator[Sequence[str]]:
    for outcomes in report.rounds.values():
        found = report.outcome(outcomes)
        if floor := found.floor:
            yield (found.system, found.database, figure(floor.ours_per_s), figure(floor.plain_per_s),
                   f"{floor.ratio:.2f}")  # fmt: skip


def aligned(head: Sequence[str], rows: Rows) -> str:
    """For a terminal: the first two columns are words, the others figures."""
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    return "\n".join("  ".join(_padded(at, cell, widths[at]) for at, cell in enumerate(line)) for line in lines)


def markdown(head: Sequence[str], rows: Rows) -> str:
    rule = ["---"] * 2 + ["---:"] * (len(head) - 2)
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *rows])


def figure(value: float) -> str:
    """As many digits as can be believed."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def _pace(outcome: Outcome, is_many: bool) -> Pace:
    return outcome.many if is_many else outcome.one


def _with_range(middle: float, rounds: Sequence[float]) -> str:
    if len(rounds) == 1:
        return figure(middle)
    return f"{figure(middle)} ({figure(min(rounds))} to {figure(max(rounds))})"


def _padded(at: int, cell: str, width: int) -> str:
    return cell.ljust(width) if at < 2 else cell.rjust(width)
