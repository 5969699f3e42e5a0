"""Runs of the built-in recipe, opened to their gates through the API, as anybody opens them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from signoff.cli.bench.crowd import check_time, do_all
from signoff.cli.bench.options import Bench
from signoff.cli.bench.place import Site
from signoff.cli.bench.sight import Sight, sight_of
from signoff.cli.bench.told import Told
from signoff.clock import new_ulid
from signoff.errors import OperationError
from signoff.gates.keys import PARENT_QUEUE

CADENCE_MS = 250
PARTITION = "bench"
#: Of the built-in recipe: a plan, its patch, and the tasks that are done after the approval.
RECIPE_WORDS = "runs of the built-in recipe (agent replay, sandbox mock: a patch applied by git, three tasks)"


@dataclass(frozen=True)
class Opened:
    """Runs that wait at their gates: how long it took to start all, and until the last of them waited."""

    workflows: Sequence[str]
    statuses: Counter[str]
    gates: int
    iterations: int
    started_s: float
    waited_s: float


def open_runs(bench: Bench, site: Site, count: int, told: Told) -> Opened:
    """
    Raises:
        OperationError: (`run-failed`) one ended before its gate; (`bench-timeout`).
    """
    began_at = time.monotonic()
    workflows = start_runs(bench, site, count, told)
    started_s = time.monotonic() - began_at
    sight = sight_of(site, workflows)
    told.begin("waiting for their gates", count)
    iterations, ends_at = 1, began_at + bench.timeout_s
    while (statuses := sight.statuses())["WAITING_INPUT"] < count:
        told.at(statuses["WAITING_INPUT"])
        _check_alive(statuses, count)
        check_time(ends_at, f"{count} gates; {statuses['WAITING_INPUT']} runs wait at theirs")
        time.sleep(CADENCE_MS / 1000)
        iterations += 1
    waited_s = time.monotonic() - began_at
    return Opened(workflows, statuses, sight.gates_that_wait(), iterations, started_s, waited_s)


def start_runs(bench: Bench, site: Site, count: int, told: Told) -> list[str]:
    told.begin("starting runs", count)

    return do_all(range(count), lambda number: start_run(site, number), clients=bench.clients,
                  timeout_s=bench.timeout_s, what=f"{count} runs to start", on_done=told.on)  # fmt: skip


def start_run(site: Site, number: int) -> str:
    """The workflow's id."""
    goal = f"Measured change {number} {new_ulid()}"
    intent = site.wire.post("/api/intents", {"goal": goal, "inputs": {}, "constraints": {}})
    body = {
        "intentId": intent["intentId"],
        "queueName": PARENT_QUEUE,
        "queuePartitionKey": PARTITION,
        "recipeName": "compile-default",
        "workload": {"concurrency": 3, "steps": 1, "sandboxMinutes": 1},
    }
    return str(site.wire.post("/api/runs", body)["workflowID"])


def open_gate_of(site: Site, workflow_id: str) -> dict[str, Any]:
    """The one that waits."""
    views = site.wire.get(f"/api/runs/{workflow_id}/gates")
    return next(dict(view) for view in views if view["state"] == "PENDING")


def leave_nothing(bench: Bench, site: Site, workflows: Sequence[str]) -> None:
    """On a server elsewhere nothing is left waiting."""
    if site.settings is not None:
        return

    def cancel(workflow_id: str) -> None:
        site.wire.try_post(f"/api/runs/{workflow_id}/cancel", {"reason": "the measurement is over"})

    do_all(workflows, cancel, clients=bench.clients, timeout_s=bench.timeout_s, what="runs to be cancelled")


def wait_for_ends(sight: Sight, count: int, *, told: Told, timeout_s: float) -> Counter[str]:
    """The statuses once so many runs have ended."""
    told.begin("waiting for every run's end", count)
    ends_at = time.monotonic() + timeout_s
    while (ended := _ended(statuses := sight.statuses())) < count:
        told.at(ended)
        check_time(ends_at, f"the end of {count} runs; {ended} have ended")
        time.sleep(CADENCE_MS / 5000)
    return statuses


def _ended(statuses: Counter[str]) -> int:
    return statuses["SUCCESS"] + statuses["ERROR"] + statuses["CANCELLED"]


def _check_alive(statuses: Counter[str], count: int) -> None:
    if ended := _ended(statuses):
        raise OperationError(f"{ended} of {count} runs ended before their gates; signoff run list says why.",
                             code="run-failed")  # fmt: skip
