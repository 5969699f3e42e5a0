"""What is read of the ledger, the parts of it first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from signoff.app.ports import Bearer, Place, Row
    from signoff.audit.entry import Entry
    from signoff.audit.head import Head
    from signoff.gates.gate import Gate
    from signoff.gates.interaction import Interaction
    from signoff.gates.principal import Delegation, Principal
    from signoff.gates.session import Link, Session
    from signoff.gates.token import Token
    from signoff.plans.run import Run


class AuditReader(Protocol):
    """Entries in the order of `seq` where nothing else is said, and the signed heads over them."""

    def entries(self, *, workflow_id: str | None, after: int, limit: int) -> list[Entry]: ...

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
        """Newest first."""
        ...

    def entry(self, seq: int) -> Entry | None: ...
    def entry_before(self, entry: Entry) -> Entry | None: ...

    def place_of_entry(self, seq: int) -> int:
        """Among all entries, from 0."""
        ...

    def oldest_head_over(self, place: int) -> Head | None: ...
    def hashes_in_tree(self, tree_size: int) -> list[str]: ...
    def newest_seq(self) -> int: ...
    def all_entries(self) -> Iterator[Entry]: ...
    def heads(self) -> list[Head]: ...
    def newest_head(self) -> Head | None: ...

    def newest_of_event(self, workflow_id: str, event: str, actor: str | None = None) -> int | None:
        """When this workflow's chain last told of such an event."""
        ...


class PeopleReader(Protocol):
    """Principals and what they lend one another; tokens, sessions and links, which are found by their hashes."""

    def has_principals(self) -> bool: ...

    def has_tokens(self) -> bool:
        """Whether one was ever issued."""
        ...

    def principal(self, name: str) -> Principal | None: ...
    def principals(self) -> list[Principal]: ...

    def lenders(self, principal_id: str, *, now: int) -> list[Principal]:
        """Whose roles this principal may act in now."""
        ...

    def delegations(self, *, now: int) -> list[Delegation]:
        """Those that hold now."""
        ...

    def token(self, token_id: str) -> Token | None: ...
    def tokens(self) -> list[Token]: ...
    def token_with_hash(self, hash_: str) -> Token | None: ...
    def bearer(self, token_hash: str, *, now: int) -> Bearer | None: ...
    def holder(self, proof: Token | Session | Link) -> Principal: ...
    def session_with_hash(self, hash_: str) -> Session | None: ...
    def link(self, link_id: str) -> Link | None: ...
    def link_with_hash(self, hash_: str) -> Link | None: ...


class InboxReader(Protocol):
    """Gates in short, for lists and stats. `filters` is `{risk, role, door, text}`, None for any; rows have `title`,
    `choices`, `requirement` (both read), `tier` and `door` beside columns of the gate."""

    def open_gates(
        self, filters: Row, *, who: str, actor: str, roles: frozenset[str] | None, after: Place, limit: int
    ) -> list[Row]:
        """Soonest deadline first: those that wait for this actor (`who` me), for `others`, or `all`."""
        ...

    def open_counts(self, filters: Row, *, actor: str, roles: frozenset[str] | None) -> Row:
        """`{open, found, mine}`: all that are open, those that fit, and those of them that wait for this actor."""
        ...

    def ended_gates(self, filters: Row, *, state: str | None, before: Place, limit: int) -> list[Row]:
        """Final ones, last opened first."""
        ...

    def ended_counts(self, filters: Row, *, state: str | None) -> Row:
        """`{open, found}`: all that are open, and the final ones that fit."""
        ...

    def newest_waits(self, *, limit: int) -> list[Row]:
        """`{gate_key, role, actor, ms}` of gates that were answered, last opened first."""
        ...

    def counts_by_day(self, *, since: int) -> list[Row]:
        """`{day, status, count}`: days since the epoch, in the words of `app.approval_requests`."""
        ...


class FiguresReader(Protocol):
    """How much of what there is, for whoever watches over the ledger. A `limit` bounds what is counted; a stretch of
    the audit trail is what comes after one `seq`, up to and with another."""

    def open_gates(self) -> list[Row]:
        """`{door, risk_level, count, oldest_at}`."""
        ...

    def overdue_gates(self, *, now: int, limit: int) -> int: ...

    def outbox(self, *, limit: int) -> list[Row]:
        """Orders that are not carried out: `{kind, count, oldest_at, attempts, failed}`, with the most attempts that
        one of them has had, and how many have failed and are tried again."""
        ...

    def deliveries(self, *, limit: int) -> list[Row]:
        """Notices that are not sent: `{channel, count, oldest_at, failed}`."""
        ...

    def workers(self) -> list[Row]: ...

    def newest_entry(self) -> Row | None:
        """Its `{seq, at}`."""
        ...

    def settled_seq(self, *, after: int, at: int, limit: int) -> int:
        """The last of the next `limit` entries that was written at this instant or before; `after` without any."""
        ...

    def entries(self, *, after: int, until: int) -> list[Row]:
        """`{event, count}` of a stretch."""
        ...

    def answers(self, *, after: int, until: int) -> list[Row]:
        """`{event, effect, origin, count}` of a stretch."""
        ...

    def decision_times(self, *, after: int, until: int) -> list[Row]:
        """`{ms, count}`: from opening to decision, of those that people have decided in a stretch."""
        ...


@dataclass(frozen=True)
class GateCounts:
    """`open` is `{open, overdue}`, `times` `{count, average_ms, median_ms}` of what people approved, `by_level` rows
    `{risk_level, status, count}` in the words of `app.approval_requests`, `by_actor` `{actor, approved, rejected}`."""

    open: Row
    times: Row
    by_level: Sequence[Row]
    by_actor: Sequence[Row]


class Reader(Protocol):
    """Reads of the ledger; inside a `Writer` they see the transaction's own writes."""

    @property
    def audit(self) -> AuditReader: ...

    @property
    def people(self) -> PeopleReader: ...

    @property
    def inbox(self) -> InboxReader: ...

    @property
    def figures(self) -> FiguresReader: ...

    def intent(self, intent_id: str) -> Row | None: ...
    def run(self, workflow_id: str) -> Run | None: ...
    def runs(
        self,
        *,
        status: str | None,
        before: tuple[int, str] | None,
        limit: int,
        door: str | None = None,
        subject: str | None = None,
    ) -> list[Run]: ...
    def gate(self, workflow_id: str, gate_key: str) -> Gate | None: ...
    def gates_of(self, workflow_id: str) -> list[Gate]: ...
    def gates_named(self, gate_key: str) -> list[Gate]: ...
    def gates(
        self, *, state: str | None, role: str | None, risk: str | None, after: tuple[int, str, str] | None, limit: int
    ) -> list[Gate]: ...
    def newest_gates(self, *, before: tuple[int, str, str] | None, limit: int) -> list[Gate]: ...
    def due_gates(self, *, now: int, limit: int) -> list[Gate]: ...

    def approval_request(self, workflow_id: str, gate_key: str) -> Row | None:
        """A gate as the view `app.approval_requests` tells it."""
        ...

    def pending_requests(self, gate_key: str, *, role: str | None, limit: int) -> list[Row]:
        """Those of gates of this key that no run of signoff's own has opened: critical first, then oldest."""
        ...

    def gate_counts(self, *, now: int, actors: int) -> GateCounts:
        """Over every gate; of those who answered the `actors` who did most often."""
        ...

    def interaction(self, interaction_id: str) -> Interaction | None: ...
    def interactions_at(self, workflow_id: str, gate_key: str) -> list[Interaction]: ...
    def interactions(self, workflow_id: str, *, after: tuple[int, str] | None, limit: int) -> list[Interaction]: ...
    def steps(self, run_id: str) -> list[Row]: ...
    def artifacts(self, run_id: str) -> list[Row]: ...

    def order_trace(self, dedupe_key: str) -> str | None:
        """The trace in which an order of the outbox was given, where somebody traced that."""
        ...

    def notice_trace(self, outbox_id: int) -> str | None: ...
    def delivery(self, delivery_id: str) -> Row | None: ...

    def deliveries(self, *, state: str | None, before: tuple[int, str] | None, limit: int) -> list[Row]:
        """Newest first."""
        ...

    def open_notices(self, *, before: int) -> list[Row]:
        """Outbox rows of notices that are not routed yet, of those before this one, in their order."""
        ...

    def remote_refs(self, delivery: Row) -> list[str]:
        """What names the messages that this delivery's target was sent before about the same gate, in their order."""
        ...

    def due_threads(self, *, now: int, lapsed: int, limit: int) -> list[str]:
        """Workflows whose threads a decision waits for, and nobody has claimed since `lapsed`; longest due first."""
        ...

    def held_threads(self) -> list[tuple[str, str]]:
        """Each workflow whose thread is claimed, and by what claim."""
        ...

    def due_resumptions(self, workflow_id: str) -> list[Row]: ...
    def resumption(self, workflow_id: str, gate_key: str) -> Row | None: ...
