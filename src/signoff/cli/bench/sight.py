"""What became of everything, read from the record itself: of one's own ledger by SQL, of a server elsewhere by asking
it for each workflow. What was answered to clients is never taken for what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from signoff.cli.bench.place import Site
from signoff.cli.bench.wire import Wire
from signoff.errors import NotFoundError
from signoff.ledger.check import count_violations
from signoff.ledger.inspect import inspect_ledger
from signoff.ledger.queries import read_queries
from signoff.settings import Settings

ACTIVE = ("ENQUEUED", "PENDING", "WAITING_INPUT")
PAGE = 500
_DECIDING = ("gate.decided", "gate.counted", "gate.overridden")


@dataclass(frozen=True)
class Record:
    """`rows` of interactions under so many `keys`; `ends`: how often the trail says that a gate was decided; `check`:
    what must always be zero, None where the ledger is not at hand."""

    rows: int
    keys: int
    ends: int
    decided_twice: int
    steps_twice: int
    check: Mapping[str, int] | None


class Sight(Protocol):
    def statuses(self) -> Counter[str]:
        """How many runs are in which status."""
        ...

    def gates_that_wait(self) -> int: ...
    def outbox_left(self) -> int:
        """What the relay has not done yet; 0 where that cannot be seen."""
        ...

    def record(self) -> Record: ...


def sight_of(site: Site, workflows: Sequence[str]) -> Sight:
    """Of these workflows; one's own ledger has no others."""
    return ServerSight(site.wire, workflows) if site.settings is None else LedgerSight(site.settings)


class LedgerSight:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._queries = read_queries("bench.sql")

    def statuses(self) -> Counter[str]:
        return Counter(dict(self._rows("runs_by_status")))

    def gates_that_wait(self) -> int:
        return self._count("gates_that_wait")

    def outbox_left(self) -> int:
        return self._count("outbox_left")

    def legs_begun_at(self) -> dict[str, int]:
        """By run: when the first line of the leg behind its gate was begun, in epoch milliseconds."""
        return dict(self._rows("legs_begun"))

    def first_steps_at(self) -> dict[str, int]:
        """By run: when the first step behind its gate began."""
        return dict(self._rows("first_steps"))

    def record(self) -> Record:
        total, keys = self._rows("answers")[0]
        with inspect_ledger(self._settings.dir, self._settings.database_url) as inspection:
            check = count_violations(inspection)
        return Record(
            rows=total,
            keys=keys,
            ends=self._count("ends_of_gates"),
            decided_twice=self._count("gates_decided_twice"),
            steps_twice=self._count("duplicate_step_attempts"),
            check=check,
        )

    def _count(self, name: str) -> int:
        return int(self._rows(name)[0][0])

    def _rows(self, name: str) -> list[Any]:
        with inspect_ledger(self._settings.dir, self._settings.database_url) as inspection:
            return inspection.query(self._queries[name]).rows


class ServerSight:
    def __init__(self, wire: Wire, workflows: Sequence[str]) -> None:
        self._wire = wire
        self._workflows = workflows
        self._ended: dict[str, str] = {}

    def statuses(self) -> Counter[str]:
        found = dict(self._ended)
        for workflow_id in self._workflows:
            if workflow_id not in found:
                found[workflow_id] = str(self._wire.get(f"/api/runs/{workflow_id}")["status"])
        self._ended = {workflow_id: status for workflow_id, status in found.items() if status not in ACTIVE}
        return Counter(found.values())

    def gates_that_wait(self) -> int:
        views = (gate for workflow_id in self._workflows for gate in self._wire.get(f"/api/runs/{workflow_id}/gates"))
        return sum(view["state"] == "PENDING" for view in views)

    def outbox_left(self) -> int:
        return 0

    def record(self) -> Record:
        keys: list[str] = []
        ends: Counter[tuple[str, str]] = Counter()
        steps: Counter[tuple[str, str, int]] = Counter()
        for workflow_id in self._workflows:
            keys += [one["dedupeKey"] for one in self._items(f"/api/runs/{workflow_id}/interactions?")]
            entries = self._items(f"/api/audit?workflowId={workflow_id}&")
            ends.update((workflow_id, one["gateKey"]) for one in entries if one["event"] in _DECIDING)
            steps.update((workflow_id, one["stepId"], one["attempt"]) for one in self._steps(workflow_id))
        return Record(
            rows=len(keys),
            keys=len(set(keys)),
            ends=ends.total(),
            decided_twice=sum(count > 1 for count in ends.values()),
            steps_twice=sum(count > 1 for count in steps.values()),
            check=None,
        )

    def _items(self, path: str) -> list[dict[str, Any]]:
        """One page: no gate of a measurement has more."""
        return list(self._wire.get(f"{path}limit={PAGE}")["items"])

    def _steps(self, workflow_id: str) -> list[dict[str, Any]]:
        try:
            return list(self._wire.get(f"/api/runs/{workflow_id}/steps"))
        except NotFoundError:
            # A workflow of somebody else's, of which the server knows but gates.
            return []
