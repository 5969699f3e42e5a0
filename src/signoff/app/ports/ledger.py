"""The ledger: its transactions, and the engine's side of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.app.ports.reader import Reader
    from signoff.app.ports.writer import Writer
    from signoff.audit.head import Head


class Ledger(Protocol):
    """The ledger, whichever database it lives on."""

    def read(self) -> AbstractContextManager[Reader]: ...

    def knows_nobody(self) -> bool:
        """Whether no principal was ever added, so that no token was ever issued."""
        ...

    def write(self, workflow_id: str, verb: str) -> AbstractContextManager[Writer]:
        """A transaction in which this workflow has no other writer; `verb` names the use case (crash points)."""
        ...

    def append_head(self, after_seq: int, make: Callable[[Iterator[tuple[int, str]]], Head | None]) -> Head | None:
        """Store the head that `make` returns, if it returns one, while no entry is being written.

        `make` gets (seq, hash) of all entries after `after_seq`, in the order of seq: no other can come between them.
        """
        ...

    def watch(self) -> AbstractContextManager[Watch]:
        """Something to wait on until another transaction may have written."""
        ...

    def connections(self) -> Mapping[str, int]:
        """`{idle, busy, waiting}` of this process's pool, `waiting` those who want one; empty where there is none."""
        ...

    def close(self) -> None: ...


class Watch(Protocol):
    def wait(self, timeout_s: float) -> bool:
        """True as soon as something was written; False when the time is over."""
        ...


class Outbox(Protocol):
    """The engine's side of the ledger: what was decided and has yet to take effect, and who is alive to do it."""

    def claim_outbox(self, *, now: int, worker: str, lapse_ms: int, limit: int) -> list[Row]: ...
    def finish_outbox(self, outbox_ids: Sequence[int], *, now: int) -> None: ...
    def postpone_outbox(self, outbox_id: int, *, retry_at: int, lapse_ms: int, error: str) -> None: ...

    def release_outbox(self, worker: str) -> None:
        """Deliveries that this worker has claimed too."""
        ...

    def expand_notices(self, notices: Mapping[int, Sequence[Row]], *, now: int) -> None:
        """The deliveries of each outbox row (`id, event, workflow_id, gate_key, channel, target`); it is done then."""
        ...

    def beat(self, worker: str, *, now: int) -> None: ...
    def workers(self) -> list[Row]: ...
    def remove_worker(self, worker: str) -> None: ...


class Deliveries(Protocol):
    """Notices on their way: who takes which, and what became of it."""

    def due_targets(self, *, now: int, lapse_ms: int) -> list[tuple[str, str]]:
        """Each (channel, target) to which something is to be sent now, longest due first."""
        ...

    def claim_deliveries(
        self, targets: Sequence[tuple[str, str]], *, now: int, worker: str, lapse_ms: int
    ) -> list[Row]:
        """One for each of these targets at most. What a target is told of one gate is handed out in its order."""
        ...

    def finish_delivery(self, delivery_id: str, *, remote_ref: str | None, now: int) -> None: ...

    def fail_delivery(self, delivery_id: str, *, error: str, next_at: int | None) -> None:
        """To be tried again at that instant; given up where there is none."""
        ...

    def release_outbox(self, worker: str) -> None: ...
