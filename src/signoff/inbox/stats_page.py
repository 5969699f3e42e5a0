"""How long gates wait, and what is decided."""

from __future__ import annotations

from starlette.responses import Response

from signoff.app.gate_stats import gate_stats
from signoff.app.wait_stats import wait_stats
from signoff.inbox.plots import days_plot, waits_plot
from signoff.inbox.visit import Visit


def show(visit: Visit) -> Response:
    waits = wait_stats(visit.world)
    return visit.page(
        "stats.html",
        totals=gate_stats(visit.world),
        waits=waits,
        by_gate=waits_plot(waits.by_gate),
        by_role=waits_plot(waits.by_role),
        by_day=days_plot(waits.by_day),
    )
