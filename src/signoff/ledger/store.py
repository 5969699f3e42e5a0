"""The ledger: what the use cases and the engine may ask of it, on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from signoff.app.moments import reach
from signoff.audit.entry import GENESIS, Entry, seal
from signoff.audit.head import Head
from signoff.gates.gate import Gate
from signoff.gates.interaction import Interaction
from signoff.ledger import rows
from signoff.ledger.database import Database, Session, transaction
from signoff.plans.run import Run

if TYPE_CHECKING:
    from signoff.app.ports import Row, Watch


class SqlReader:
    def __init__(self, session: Session, dialect: str) -> None:
        self._session = session
        self._dialect = dialect

    def intent(self, intent_id: str) -> Row | None:
        row = self._session.one("intent", id=intent_id)
        return None if row is None else rows.with_json(row, "inputs", "constraints")

    def run(self, workflow_id: str) -> Run | None:
        row = self._session.one("run", workflow_id=workflow_id)
        return None if row is None else rows.run_from_row(row)

    def runs(self, *, status: str | None, before: tuple[int, str] | None, limit: int) -> list[Run]:
        before_at, before_id = before or (None, None)
        found = self._session.all("runs", status=status, before_at=before_at, before_id=before_id, limit=limit)
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

    def due_gates(self, *, now: int, limit: int) -> list[Gate]:
        return [rows.gate_from_row(row) for row in self._session.all("due_gates", now=now, limit=limit)]

    def interaction(self, interaction_id: str) -> Interaction | None:
        return _interaction(self._session.one("interaction", id=interaction_id))

    def same_reply(self, workflow_id: str, gate_key: str, topic: str, dedupe_key: str) -> Interaction | None:
        return _interaction(
            self._session.one(
                "same_reply", workflow_id=workflow_id, gate_key=gate_key, topic=topic, dedupe_key=dedupe_key
            )
        )

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

    def entries(self, *, workflow_id: str | None, after: int, limit: int) -> list[Entry]:
        found = self._session.all("entries", workflow_id=workflow_id, after=after, limit=limit)
        return [rows.entry_from_row(row, self._dialect) for row in found]

    def newest_seq(self) -> int:
        row = self._session.one("newest_seq")
        return 0 if row is None else int(row["seq"])

    def all_entries(self) -> Iterator[Entry]:
        return (rows.entry_from_row(row, self._dialect) for row in self._session.stream("all_entries"))

    def heads(self) -> list[Head]:
        return [rows.head_from_row(row) for row in self._session.all("heads")]

    def newest_head(self) -> Head | None:
        row = self._session.one("newest_head")
        return None if row is None else rows.head_from_row(row)


class SqlWriter(SqlReader):
    """Writes of one workflow, inside one transaction."""

    def __init__(self, session: Session, dialect: str, workflow_id: str) -> None:
        super().__init__(session, dialect)
        self._workflow_id = workflow_id

    def insert_intent(self, row: Row) -> None:
        values = {**row, "inputs": rows.to_json(row["inputs"]), "constraints": rows.to_json(row["constraints"])}
        self._session.run("insert_intent", **values)

    def insert_run(self, run: Run) -> None:
        self._session.run("insert_run", **rows.run_to_row(run))

    def update_run(self, run: Run) -> None:
        self._session.run("update_run", **rows.run_to_row(run))

    def insert_gate(self, gate: Gate) -> None:
        self._session.run("insert_gate", **rows.gate_to_row(gate))

    def update_gate(self, gate: Gate) -> None:
        self._session.run("update_gate", **rows.gate_to_row(gate))

    def insert_interaction(self, interaction: Interaction) -> None:
        self._session.run("insert_interaction", **rows.interaction_to_row(interaction))

    def insert_step(self, row: Row) -> bool:
        return self._session.run("insert_step", **{**row, "output": rows.to_json(row["output"])}) == 1

    def insert_artifacts(self, artifacts: Sequence[Row]) -> None:
        for row in artifacts:
            self._session.run("insert_artifact", **row)

    def insert_outbox(self, *, kind: str, dedupe_key: str, payload: Mapping[str, Any], now: int) -> None:
        self._session.run(
            "insert_outbox", kind=kind, dedupe_key=dedupe_key, payload=rows.to_json(payload), created_at=now
        )

    def append_entry(
        self, *, at: int, actor: str, event: str, body: Mapping[str, Any], gate_key: str | None = None
    ) -> Entry:
        end = self._session.one("next_entry", workflow_id=self._workflow_id) or {}
        entry = seal(
            seq=end["seq"],
            workflow_id=self._workflow_id,
            n=(end["n"] or 0) + 1,
            gate_key=gate_key,
            at=at,
            actor=actor,
            event=event,
            body=body,
            prev_hash=end["hash"] or GENESIS,
        )
        self._session.run("insert_entry", **vars(entry))
        return entry


class SqlLedger:
    """Implements the ports `Ledger` and `Outbox`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def read(self) -> Iterator[SqlReader]:
        with transaction(self.database, self.database.begin_read) as session:
            yield SqlReader(session, self.database.dialect)

    @contextmanager
    def write(self, workflow_id: str, verb: str) -> Iterator[SqlWriter]:
        with self._transaction(verb) as session:
            session.one("lock_workflow", workflow_id=workflow_id)
            yield SqlWriter(session, self.database.dialect, workflow_id)

    def append_head(self, after_seq: int, make: Callable[[Iterator[tuple[int, str]]], Head | None]) -> Head | None:
        with self._transaction("sign_head") as session:
            session.one("lock_entries")
            settled = session.stream("entry_hashes", after=after_seq)
            head = make((row["seq"], row["hash"]) for row in settled)
            if head is not None:
                session.run("insert_head", **vars(head))
            return head

    def claim_outbox(self, *, now: int, worker: str, lapse_ms: int, limit: int) -> list[Row]:
        with self._transaction("claim_outbox") as session:
            claimed = session.all("claim_outbox", now=now, worker=worker, lapsed=now - lapse_ms, limit=limit)
        return sorted((rows.with_json(row, "payload") for row in claimed), key=lambda row: row["id"])

    def finish_outbox(self, outbox_id: int, *, now: int) -> None:
        with self._transaction("finish_outbox") as session:
            session.run("finish_outbox", id=outbox_id, now=now)

    def postpone_outbox(self, outbox_id: int, *, retry_at: int, lapse_ms: int, error: str) -> None:
        with self._transaction("postpone_outbox") as session:
            session.run("postpone_outbox", id=outbox_id, claimed_at=retry_at - lapse_ms, error=error)

    def release_outbox(self, worker: str) -> None:
        with self._transaction("release_outbox") as session:
            session.run("release_outbox", worker=worker)

    def beat(self, worker: str, *, now: int) -> None:
        with self._transaction("beat") as session:
            session.run("beat", id=worker, now=now)

    def workers(self) -> list[Row]:
        with transaction(self.database, self.database.begin_read) as session:
            return list(session.all("workers"))

    def remove_worker(self, worker: str) -> None:
        with self._transaction("remove_worker") as session:
            session.run("remove_worker", id=worker)

    def watch(self) -> AbstractContextManager[Watch]:
        return self.database.watch()

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def _transaction(self, verb: str) -> Iterator[Session]:
        with transaction(self.database, self.database.begin_write) as session:
            yield session
            reach(f"{verb}: before commit")
        reach(f"{verb}: after commit")


def _interaction(row: Row | None) -> Interaction | None:
    return None if row is None else rows.interaction_from_row(row)
