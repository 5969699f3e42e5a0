"""The ledger: what the use cases and the engine may ask of it, on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from signoff.app.moments import reach
from signoff.app.ports import Answers, Bearer, GateCounts
from signoff.app.spans import span, trace_context
from signoff.audit.entry import GENESIS, Entry, seal
from signoff.audit.head import Head
from signoff.gates.gate import Gate
from signoff.gates.interaction import Interaction
from signoff.gates.keys import topic_of
from signoff.gates.principal import Delegation, Principal
from signoff.gates.session import Link, Session
from signoff.gates.token import Token
from signoff.ledger import rows
from signoff.ledger.database import Database, transaction
from signoff.ledger.database import Session as DatabaseSession
from signoff.ledger.figures import SqlFigures
from signoff.ledger.inbox import SqlInbox
from signoff.plans.run import Run

if TYPE_CHECKING:
    from signoff.app.ports import Row, Watch


T = TypeVar("T")


class SqlReader:
    def __init__(self, session: DatabaseSession, dialect: str) -> None:
        self._session = session
        self._dialect = dialect
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
        return GateCounts(
            open=self._session.one("open_gates", now=now) or {},
            times=self._session.one("times_to_approval") or {},
            by_level=self._session.all("counts_by_level"),
            by_actor=self._session.all("counts_by_actor", limit=actors),
        )

    def interaction(self, interaction_id: str) -> Interaction | None:
        return _interaction(self._session.one("interaction", id=interaction_id))

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

    def search_entries(
        self,
        *,
        workflow_id: str | None,
        gate_key: str | None,
        actor: str | None,
        event: str | None,
        before: int,
        limit: int,
    ) -> list[Entry]:
        filters = {"workflow_id": workflow_id, "gate_key": gate_key, "actor": actor, "event": event}
        found = self._session.all("search_entries", **filters, before=before, limit=limit)
        return [rows.entry_from_row(row, self._dialect) for row in found]

    def entry(self, seq: int) -> Entry | None:
        row = self._session.one("entry", seq=seq)
        return None if row is None else rows.entry_from_row(row, self._dialect)

    def entry_before(self, entry: Entry) -> Entry | None:
        row = self._session.one("entry_before", workflow_id=entry.workflow_id, n=entry.n)
        return None if row is None else rows.entry_from_row(row, self._dialect)

    def place_of_entry(self, seq: int) -> int:
        row = self._session.one("place_of_entry", seq=seq) or {}
        return int(row["place"])

    def oldest_head_over(self, place: int) -> Head | None:
        row = self._session.one("oldest_head_over", place=place)
        return None if row is None else rows.head_from_row(row)

    def hashes_in_tree(self, tree_size: int) -> list[str]:
        return [row["hash"] for row in self._session.all("hashes_in_tree", tree_size=tree_size)]

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

    def newest_of_event(self, workflow_id: str, event: str, actor: str | None = None) -> int | None:
        row = self._session.one("newest_of_event", workflow_id=workflow_id, event=event, actor=actor)
        return None if row is None else int(row["at"])

    def has_principals(self) -> bool:
        row = self._session.one("has_principals")
        return row is not None and bool(row["found"])

    def has_tokens(self) -> bool:
        row = self._session.one("has_tokens")
        return row is not None and bool(row["found"])

    def principal(self, name: str) -> Principal | None:
        row = self._session.one("principal", name=name)
        return None if row is None else rows.principal_from_row(row)

    def principals(self) -> list[Principal]:
        return [rows.principal_from_row(row) for row in self._session.all("principals")]

    def lenders(self, principal_id: str, *, now: int) -> list[Principal]:
        return [rows.principal_from_row(row) for row in self._session.all("lenders", id=principal_id, now=now)]

    def delegations(self, *, now: int) -> list[Delegation]:
        return [Delegation(**row) for row in self._session.all("delegations", now=now)]

    def token(self, token_id: str) -> Token | None:
        row = self._session.one("token", id=token_id)
        return None if row is None else Token(**row)

    def tokens(self) -> list[Token]:
        return [Token(**row) for row in self._session.all("tokens")]

    def token_with_hash(self, hash_: str) -> Token | None:
        row = self._session.one("token_with_hash", hash=hash_)
        return None if row is None else Token(**row)

    def bearer(self, token_hash: str, *, now: int) -> Bearer | None:
        tokens, holders, lenders = self._session.each(
            ("token_with_hash", {"hash": token_hash}),
            ("holder_of_hash", {"hash": token_hash}),
            ("lenders_of_hash", {"hash": token_hash, "now": now}),
        )
        if not tokens:
            return None
        holder, *lending = [rows.principal_from_row(row) for row in (*holders, *lenders)]
        return Bearer(Token(**tokens[0]), holder, lending)

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

    def session_with_hash(self, hash_: str) -> Session | None:
        row = self._session.one("session_with_hash", hash=hash_)
        return None if row is None else Session(**row)

    def link(self, link_id: str) -> Link | None:
        row = self._session.one("link", id=link_id)
        return None if row is None else Link(**row)

    def link_with_hash(self, hash_: str) -> Link | None:
        row = self._session.one("link_with_hash", hash=hash_)
        return None if row is None else Link(**row)

    def order_trace(self, dedupe_key: str) -> str | None:
        return (self._session.one("order_trace", dedupe_key=dedupe_key) or {}).get("traceparent")

    def notice_trace(self, outbox_id: int) -> str | None:
        return (self._session.one("notice_trace", id=outbox_id) or {}).get("traceparent")

    def holder(self, proof: Token | Session | Link) -> Principal:
        row = self._session.one("holder", id=proof.principal_id)
        assert row is not None  # noqa: S101 - a foreign key
        return rows.principal_from_row(row)


class SqlWriter(SqlReader):
    """Writes of one workflow, inside one transaction."""

    def __init__(self, session: DatabaseSession, dialect: str, workflow_id: str) -> None:
        super().__init__(session, dialect)
        self._workflow_id = workflow_id
        self._next_entry: Row | None = None

    def gate_to_answer(self, workflow_id: str, gate_key: str, dedupe_key: str) -> tuple[Gate | None, Answers]:
        place = {"workflow_id": workflow_id, "gate_key": gate_key}
        gates, same, said, [self._next_entry] = self._session.each(
            ("gate", place),
            ("same_reply", {**place, "topic": topic_of(gate_key), "dedupe_key": dedupe_key}),
            ("interactions_at", place),
            ("next_entry", {"workflow_id": self._workflow_id}),
        )
        answers = [rows.interaction_from_row(row) for row in said]
        return _first(gates, rows.gate_from_row), Answers(answers, _first(same, rows.interaction_from_row))

    def gate_to_open(self, workflow_id: str, gate_key: str) -> tuple[Run | None, Gate | None]:
        runs, gates, [self._next_entry] = self._session.each(
            ("run", {"workflow_id": workflow_id}),
            ("gate", {"workflow_id": workflow_id, "gate_key": gate_key}),
            ("next_entry", {"workflow_id": self._workflow_id}),
        )
        return _first(runs, rows.run_from_row), _first(gates, rows.gate_from_row)

    def insert_intent(self, row: Row) -> None:
        values = {**row, "inputs": rows.to_json(row["inputs"]), "constraints": rows.to_json(row["constraints"])}
        self._session.put("insert_intent", **values)

    def insert_run(self, run: Run) -> None:
        self._session.put("insert_run", **rows.run_to_row(run))

    def update_run(self, run: Run) -> None:
        self._session.put("update_run", **rows.run_changes(run))

    def insert_gate(self, gate: Gate) -> None:
        self._session.put("insert_gate", **rows.gate_to_row(gate))

    def update_gate(self, gate: Gate) -> None:
        self._session.put("update_gate", **rows.gate_changes(gate))

    def insert_interaction(self, interaction: Interaction) -> None:
        self._session.put("insert_interaction", **rows.interaction_to_row(interaction))

    def insert_step(self, row: Row) -> bool:
        return self._session.run("insert_step", **{**row, "output": rows.to_json(row["output"])}) == 1

    def insert_artifacts(self, artifacts: Sequence[Row]) -> None:
        for row in artifacts:
            self._session.put("insert_artifact", **row)

    def insert_outbox(self, *, kind: str, dedupe_key: str, payload: Mapping[str, Any], now: int) -> None:
        self._session.put(
            "insert_outbox",
            kind=kind,
            dedupe_key=dedupe_key,
            payload=rows.to_json(payload),
            created_at=now,
            traceparent=trace_context(),
        )

    def insert_principal(self, principal: Principal) -> None:
        self._session.put("insert_principal", **rows.principal_to_row(principal))

    def update_principal(self, principal: Principal) -> None:
        row = rows.principal_to_row(principal)
        self._session.put("update_principal", **{name: row[name] for name in ("id", "roles", "disabled_at")})

    def replace_delegation(self, delegation: Delegation) -> None:
        given = vars(delegation)
        pair = {name: given[name] for name in ("from_principal", "to_principal")}
        self._session.put("revoke_delegations", **pair, now=delegation.created_at)
        self._session.put("insert_delegation", **given)

    def insert_token(self, token: Token) -> None:
        self._session.put("insert_token", **vars(token))

    def revoke_token(self, token_id: str, *, now: int) -> None:
        self._session.put("revoke_token", id=token_id, now=now)

    def insert_session(self, session: Session) -> None:
        self._session.put("remove_spent_sessions", principal_id=session.principal_id, now=session.created_at)
        self._session.put("insert_session", **vars(session))

    def extend_session(self, session_id: str, *, expires_at: int) -> None:
        self._session.put("extend_session", id=session_id, expires_at=expires_at)

    def end_session(self, session_id: str, *, now: int) -> int:
        return self._session.run("end_session", id=session_id, now=now)

    def end_sessions(self, principal_id: str, *, now: int) -> int:
        return self._session.run("end_sessions", principal_id=principal_id, now=now)

    def insert_link(self, link: Link) -> None:
        self._session.put("insert_link", **vars(link))

    def use_link(self, link_id: str, *, now: int) -> bool:
        return self._session.run("use_link", id=link_id, now=now) == 1

    def retry_delivery(self, delivery_id: str, *, now: int) -> bool:
        return self._session.run("retry_delivery", id=delivery_id, now=now) == 1

    def insert_resumption(
        self, *, workflow_id: str, gate_key: str, thread_id: str, checkpoint_id: str, now: int
    ) -> None:
        self._session.put(
            "insert_resumption",
            workflow_id=workflow_id,
            gate_key=gate_key,
            thread_id=thread_id,
            checkpoint_id=checkpoint_id,
            now=now,
        )

    def claim_resumptions(self, workflow_id: str, claim: str, *, now: int) -> None:
        self._session.put("claim_resumptions", workflow_id=workflow_id, claim=claim, now=now)

    def hold_resumptions(self, workflow_id: str, claim: str, *, now: int) -> bool:
        return self._session.run("hold_resumptions", workflow_id=workflow_id, claim=claim, now=now) > 0

    def pass_resumption(self, workflow_id: str, gate_key: str, claim: str, *, now: int) -> bool:
        given = {"workflow_id": workflow_id, "gate_key": gate_key, "claim": claim, "now": now}
        return self._session.run("pass_resumption", **given) == 1

    def settle_resumption(
        self, workflow_id: str, gate_key: str, claim: str, *, state: str, next_at: int, error: str | None, now: int
    ) -> bool:
        given = {"workflow_id": workflow_id, "gate_key": gate_key, "claim": claim, "now": now}
        return self._session.run("settle_resumption", **given, state=state, next_at=next_at, error=error) == 1

    def retry_resumptions(self, workflow_id: str, *, now: int) -> int:
        return self._session.run("retry_resumptions", workflow_id=workflow_id, now=now)

    def append_entry(
        self, *, at: int, actor: str, event: str, body: Mapping[str, Any], gate_key: str | None = None
    ) -> Entry:
        end = self._next_entry or self._session.one("next_entry", workflow_id=self._workflow_id) or {}
        self._next_entry = None
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
        self._session.put("insert_entry", **vars(entry))
        return entry


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
            row = DatabaseSession(connection, self.database).one("has_principals")
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
    def _transaction(self, verb: str) -> Iterator[DatabaseSession]:
        with span("write", verb=verb), transaction(self.database, self.database.begin_write) as session:
            yield session
            reach(f"{verb}: before commit")
        reach(f"{verb}: after commit")


def _interaction(row: Row | None) -> Interaction | None:
    return None if row is None else rows.interaction_from_row(row)


def _first(found: Sequence[Row], read: Callable[[Row], T]) -> T | None:
    return read(found[0]) if found else None
