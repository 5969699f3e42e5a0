"""What is read of the ledger: runs and gates, what was said at them, and what is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.ledger import rows
from signoff.ledger.audit import SqlAudit
from signoff.ledger.database import Session
from signoff.ledger.figures import SqlFigures
from signoff.ledger.inbox import SqlInbox
from signoff.ledger.people import SqlPeople

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.app.ports.reader import GateCounts
    from signoff.gates.gate import Gate
    from signoff.gates.interaction import Interaction
    from signoff.plans.run import Run


class SqlReader:
    """Implements the port `Reader`."""

    def __init__(self, session: Session, dialect: str) -> None:
        self._session = session
        self.audit = SqlAudit(session, dialect)
        self.people = SqlPeople(session)
        self.inbox = SqlInbox(session)
        self.figures = SqlFigures(session)

    def intent(self, intent_id: str) -> Row | None:
        row = self._session.one("intent", id=intent_id)
        return None if row is None else rows.with_json(row, "inputs", "constraints")

    def run(self, workflow_id: str) -> Run | None:
        row = self._session.one("run", workflow_id=workflow_id)
        return None if row is None else rows.run_from_row(row)

    def runs(
        self,
        *,
        status: str | None,
        before: tuple[int, str] | None,
        limit: int,
        door: str | None = None,
        subject: str | None = None,
    ) -> list[Run]:
        before_at, before_id = before or (None, None)
        found = self._session.all(
            "runs" if door is None or subject is None else "runs_about",
            status=status,
            door=door,
            subject=subject,
            before_at=before_at,
            before_id=before_id,
            limit=limit,
        )
        return [rows.run_from_row(row) for row in found]

    def gate(self, workflow_id: str, gate_key: str) -> Gate | None:
        row = self._session.one("gate", workflow_id=workflow_id, gate_key=gate_key)
        return None if row is None else rows.gate_from_row(row)

    def gates_of(self, workflow_id: str) -> list[Gate]:
        return [rows.gate_from_row(row) for row in self._session.all("gates_of", workflow_id=workflow_id)]

    def gates_named(self, gate_key: str) -> list[Gate]:
        return [rows.gate_from_row(row) for row in self._session.all("gates_named", gate_key=gate_key)]

    def gates(
        self, *, state: str | None, role: str | None, risk: str | None, after: tuple[int, str, str] | None, limit: int
    ) -> list[Gate]:
        after_at, after_workflow, after_key = after or (None, None, None)
        found = self._session.all(
            "gates",
            state=state,
            role=role,
            risk=risk,
            after_at=after_at,
            after_workflow=after_workflow,
            after_key=after_key,
            limit=limit,
        )
        return [rows.gate_from_row(row) for row in found]

    def newest_gates(self, *, before: tuple[int, str, str] | None, limit: int) -> list[Gate]:
        at, workflow, key = before or (None, None, None)
        found = self._session.all("newest_gates", before_at=at, before_workflow=workflow, before_key=key, limit=limit)
        return [rows.gate_from_row(row) for row in found]

    def due_gates(self, *, now: int, limit: int) -> list[Gate]:
        return [rows.gate_from_row(row) for row in self._session.all("due_gates", now=now, limit=limit)]

    def approval_request(self, workflow_id: str, gate_key: str) -> Row | None:
        row = self._session.one("approval_request", workflow_id=workflow_id, gate_key=gate_key)
        return None if row is None else rows.request_from_row(row)

    def pending_requests(self, gate_key: str, *, role: str | None, limit: int) -> list[Row]:
        found = self._session.all("pending_requests", gate_key=gate_key, role=role, limit=limit)
        return [rows.request_from_row(row) for row in found]

    def gate_counts(self, *, now: int, actors: int) -> GateCounts:
        from signoff.app.ports.reader import GateCounts  # with protocols, which take longer to load

        return GateCounts(
            open=self._session.one("open_gates", now=now) or {},
            times=self._session.one("times_to_approval") or {},
            by_level=self._session.all("counts_by_level"),
            by_actor=self._session.all("counts_by_actor", limit=actors),
        )

    def interaction(self, interaction_id: str) -> Interaction | None:
        row = self._session.one("interaction", id=interaction_id)
        return None if row is None else rows.interaction_from_row(row)

    def interactions_at(self, workflow_id: str, gate_key: str) -> list[Interaction]:
        found = self._session.all("interactions_at", workflow_id=workflow_id, gate_key=gate_key)
        return [rows.interaction_from_row(row) for row in found]

    def interactions(self, workflow_id: str, *, after: tuple[int, str] | None, limit: int) -> list[Interaction]:
        after_at, after_id = after or (None, None)
        found = self._session.all(
            "interactions", workflow_id=workflow_id, after_at=after_at, after_id=after_id, limit=limit
        )
        return [rows.interaction_from_row(row) for row in found]

    def steps(self, run_id: str) -> list[Row]:
        return [rows.with_json(row, "output") for row in self._session.all("steps", run_id=run_id)]

    def artifacts(self, run_id: str) -> list[Row]:
        return list(self._session.all("artifacts", run_id=run_id))

    def delivery(self, delivery_id: str) -> Row | None:
        return self._session.one("delivery", id=delivery_id)

    def deliveries(self, *, state: str | None, before: tuple[int, str] | None, limit: int) -> list[Row]:
        at, id_ = before or (None, None)
        return list(self._session.all("deliveries", state=state, before_at=at, before_id=id_, limit=limit))

    def open_notices(self, *, before: int) -> list[Row]:
        return [rows.with_json(row, "payload") for row in self._session.all("open_notices", before=before)]

    def remote_refs(self, delivery: Row) -> list[str]:
        place = ("workflow_id", "gate_key", "channel", "target", "outbox_id")
        found = self._session.all("remote_refs", **{name: delivery[name] for name in place})
        return [row["remote_ref"] for row in found]

    def due_threads(self, *, now: int, lapsed: int, limit: int) -> list[str]:
        return [row["workflow_id"] for row in self._session.all("due_threads", now=now, lapsed=lapsed, limit=limit)]

    def held_threads(self) -> list[tuple[str, str]]:
        return [(row["workflow_id"], row["claimed_by"]) for row in self._session.all("held_threads")]

    def due_resumptions(self, workflow_id: str) -> list[Row]:
        return list(self._session.all("due_resumptions", workflow_id=workflow_id))

    def resumption(self, workflow_id: str, gate_key: str) -> Row | None:
        return self._session.one("resumption", workflow_id=workflow_id, gate_key=gate_key)

    def order_trace(self, dedupe_key: str) -> str | None:
        return (self._session.one("order_trace", dedupe_key=dedupe_key) or {}).get("traceparent")

    def notice_trace(self, outbox_id: int) -> str | None:
        return (self._session.one("notice_trace", id=outbox_id) or {}).get("traceparent")
