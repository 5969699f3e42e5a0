"""What is written to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from signoff.app.ports import Answers
from signoff.app.spans import trace_context
from signoff.audit.entry import GENESIS, Entry, seal
from signoff.gates.keys import topic_of
from signoff.ledger import rows
from signoff.ledger.reader import SqlReader

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.gates.gate import Gate
    from signoff.gates.interaction import Interaction
    from signoff.gates.principal import Delegation, Principal
    from signoff.gates.session import Link, Session
    from signoff.gates.token import Token
    from signoff.ledger.database import Session as DatabaseSession
    from signoff.plans.run import Run

T = TypeVar("T")


class SqlWriter(SqlReader):
    """Implements the port `Writer`: writes of one workflow, inside one transaction."""

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


def _first(found: Sequence[Row], read: Callable[[Row], T]) -> T | None:
    return read(found[0]) if found else None
