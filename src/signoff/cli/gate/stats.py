"""Stats on gates, drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.cli.output import duration, say
from signoff.cli.table import Column, print_table

Wire = Mapping[str, Any]


def draw_stats(stats: Wire) -> None:
    times = stats["approvalTime"]
    say(f"{stats['gates']} gates; {stats['open']} open, {stats['overdue']} of them overdue", bold=True)
    if times["count"]:
        average, median = duration(times["averageMs"]), duration(times["medianMs"])
        say(f"People took {average} to approve on average, {median} in the middle, over {times['count']}.")
    say()
    statuses = list(stats["byDecision"])
    levels = {**stats["byLevel"], "all": stats["byDecision"]}
    columns = [Column("RISK"), *(Column(status.upper(), is_number=True) for status in statuses)]
    print_table(columns, [[level, *(str(counts[status]) for status in statuses)] for level, counts in levels.items()])
    if stats["byApprover"]:
        say()
        who = [[one["actor"], str(one["approved"]), str(one["rejected"])] for one in stats["byApprover"]]
        print_table([Column("WHO"), Column("APPROVED", is_number=True), Column("REJECTED", is_number=True)], who)
