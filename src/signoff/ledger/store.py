"""The ledger: what the use cases and the engine may ask of it, on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from signoff.app.moments import reach
from signoff.app.spans import span
from signoff.ledger import rows
from signoff.ledger.database import Database, Session, transaction
from signoff.ledger.reader import SqlReader
from signoff.ledger.writer import SqlWriter

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.app.ports.ledger import Watch
    from signoff.audit.head import Head


class SqlLedger:
    """Implements the ports `Ledger`, `Outbox` and `Deliveries`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def read(self) -> Iterator[SqlReader]:
        with transaction(self.database, self.database.begin_read) as session:
            yield SqlReader(session, self.database.dialect)

    def knows_nobody(self) -> bool:
        # A single query is a transaction of its own.
        with self.database.connect() as connection:
            row = Session(connection, self.database).one("has_principals")
        return row is None or not row["found"]

    @contextmanager
    def write(self, workflow_id: str, verb: str) -> Iterator[SqlWriter]:
        with self._transaction(verb) as session:
            session.put("lock_workflow", workflow_id=workflow_id)
            yield SqlWriter(session, self.database.dialect, workflow_id)

    def append_head(self, after_seq: int, make: Callable[[Iterator[tuple[int, str]]], Head | None]) -> Head | None:
        with self._transaction("sign_head") as session:
            session.one("lock_entries")
            settled = session.stream("entry_hashes", after=after_seq)
            head = make((row["seq"], row["hash"]) for row in settled)
            if head is not None:
                session.put("insert_head", **vars(head))
            return head

    def claim_outbox(self, *, now: int, worker: str, lapse_ms: int, limit: int) -> list[Row]:
        with self._transaction("claim_outbox") as session:
            claimed = session.all("claim_outbox", now=now, worker=worker, lapsed=now - lapse_ms, limit=limit)
        return sorted((rows.with_json(row, "payload") for row in claimed), key=lambda row: row["id"])

    def finish_outbox(self, outbox_ids: Sequence[int], *, now: int) -> None:
        with self._transaction("finish_outbox") as session:
            for outbox_id in outbox_ids:
                session.put("finish_outbox", id=outbox_id, now=now)

    def postpone_outbox(self, outbox_id: int, *, retry_at: int, lapse_ms: int, error: str) -> None:
        with self._transaction("postpone_outbox") as session:
            session.put("postpone_outbox", id=outbox_id, claimed_at=retry_at - lapse_ms, error=error)

    def release_outbox(self, worker: str) -> None:
        with self._transaction("release_outbox") as session:
            session.put("release_outbox", worker=worker)
            session.put("release_deliveries", worker=worker)

    def expand_notices(self, notices: Mapping[int, Sequence[Row]], *, now: int) -> None:
        with self._transaction("expand_notices") as session:
            for outbox_id, deliveries in notices.items():
                for row in deliveries:
                    session.put("insert_delivery", **row, outbox_id=outbox_id, now=now)
                session.put("finish_outbox", id=outbox_id, now=now)

    def due_targets(self, *, now: int, lapse_ms: int) -> list[tuple[str, str]]:
        with transaction(self.database, self.database.begin_read) as session:
            found = session.all("due_targets", now=now, lapsed=now - lapse_ms)
        return [(row["channel"], row["target"]) for row in found]

    def claim_deliveries(
        self, targets: Sequence[tuple[str, str]], *, now: int, worker: str, lapse_ms: int
    ) -> list[Row]:
        with self._transaction("claim_deliveries") as session:
            given = {"now": now, "worker": worker, "lapsed": now - lapse_ms}
            found = [session.one("claim_delivery", channel=one, target=other, **given) for one, other in targets]
        return [row for row in found if row is not None]

    def finish_delivery(self, delivery_id: str, *, remote_ref: str | None, now: int) -> None:
        with self._transaction("finish_delivery") as session:
            session.put("finish_delivery", id=delivery_id, remote_ref=remote_ref, now=now)

    def fail_delivery(self, delivery_id: str, *, error: str, next_at: int | None) -> None:
        with self._transaction("fail_delivery") as session:
            session.put("fail_delivery", id=delivery_id, error=error, next_at=next_at)

    def beat(self, worker: str, *, now: int) -> None:
        with self._transaction("beat") as session:
            session.put("beat", id=worker, now=now)

    def workers(self) -> list[Row]:
        with transaction(self.database, self.database.begin_read) as session:
            return list(session.all("workers"))

    def remove_worker(self, worker: str) -> None:
        with self._transaction("remove_worker") as session:
            session.put("remove_worker", id=worker)

    def watch(self) -> AbstractContextManager[Watch]:
        return self.database.watch()

    def connections(self) -> Mapping[str, int]:
        return self.database.connections()

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def _transaction(self, verb: str) -> Iterator[Session]:
        with span("write", verb=verb), transaction(self.database, self.database.begin_write) as session:
            yield session
            reach(f"{verb}: before commit")
        reach(f"{verb}: after commit")
