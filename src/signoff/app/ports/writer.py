"""What is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from signoff.app.ports.reader import Reader

if TYPE_CHECKING:
    from signoff.app.ports import Answers, Row
    from signoff.audit.entry import Entry
    from signoff.gates.gate import Gate
    from signoff.gates.interaction import Interaction
    from signoff.gates.principal import Delegation, Principal
    from signoff.gates.session import Link, Session
    from signoff.gates.token import Token
    from signoff.plans.run import Run


class Writer(Reader, Protocol):
    """One transaction on one workflow; the only way anything is written.

    The first two read what an answer and an opening are looked at with, and have the place of the entry that follows
    looked up with it: a database that is far away is asked once.
    """

    def gate_to_answer(self, workflow_id: str, gate_key: str, dedupe_key: str) -> tuple[Gate | None, Answers]: ...
    def gate_to_open(self, workflow_id: str, gate_key: str) -> tuple[Run | None, Gate | None]: ...
    def insert_intent(self, row: Row) -> None: ...
    def insert_run(self, run: Run) -> None: ...
    def update_run(self, run: Run) -> None: ...
    def insert_gate(self, gate: Gate) -> None: ...
    def update_gate(self, gate: Gate) -> None: ...
    def insert_interaction(self, interaction: Interaction) -> None: ...
    def insert_step(self, row: Row) -> bool:
        """False, and nothing written, where this step of this attempt is recorded already."""
        ...

    def insert_artifacts(self, rows: Sequence[Row]) -> None: ...
    def insert_outbox(self, *, kind: str, dedupe_key: str, payload: Mapping[str, Any], now: int) -> None: ...
    def insert_principal(self, principal: Principal) -> None: ...
    def update_principal(self, principal: Principal) -> None: ...

    def replace_delegation(self, delegation: Delegation) -> None:
        """In the place of whatever the one has delegated to the other before."""
        ...

    def insert_token(self, token: Token) -> None: ...
    def revoke_token(self, token_id: str, *, now: int) -> None: ...

    def insert_session(self, session: Session) -> None:
        """In the place of those of this principal that nobody could use any longer."""
        ...

    def extend_session(self, session_id: str, *, expires_at: int) -> None: ...
    def end_session(self, session_id: str, *, now: int) -> int: ...

    def end_sessions(self, principal_id: str, *, now: int) -> int:
        """How many there were."""
        ...

    def insert_link(self, link: Link) -> None: ...

    def use_link(self, link_id: str, *, now: int) -> bool:
        """False, and nothing written, where it was used or its time is over."""
        ...

    def retry_delivery(self, delivery_id: str, *, now: int) -> bool:
        """False, and nothing written, where it is not given up."""
        ...

    def insert_resumption(
        self, *, workflow_id: str, gate_key: str, thread_id: str, checkpoint_id: str, now: int
    ) -> None: ...
    def claim_resumptions(self, workflow_id: str, claim: str, *, now: int) -> None: ...

    def hold_resumptions(self, workflow_id: str, claim: str, *, now: int) -> bool:
        """False, and nothing written, where the claim has gone to somebody else; so with the next two."""
        ...

    def pass_resumption(self, workflow_id: str, gate_key: str, claim: str, *, now: int) -> bool: ...

    def settle_resumption(
        self,
        workflow_id: str,
        gate_key: str,
        claim: str,
        *,
        state: str,
        next_at: int,
        error: str | None,
        now: int,
    ) -> bool: ...

    def retry_resumptions(self, workflow_id: str, *, now: int) -> int:
        """How many had failed, and are due again."""
        ...

    def append_entry(
        self, *, at: int, actor: str, event: str, body: Mapping[str, Any], gate_key: str | None = None
    ) -> Entry: ...
