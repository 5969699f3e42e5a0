"""One set of verbs over a ledger at hand or a server far away. What goes in and out are wire forms (`app.views`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from signoff.gates.name import check_actor_name
from signoff.gates.principal import ANONYMOUS
from signoff.settings import Settings

Wire = dict[str, Any]


class Backend(Protocol):
    """Pages are `{items, nextCursor}`. Durations are seconds. Refusals are raised as `signoff.errors` has them, the
    same on both sides; a conflict that somebody else has won carries the receipt."""

    def now(self) -> int:
        """What the ledger's clock shows, by which its deadlines pass: of a server, as its last answer said."""
        ...

    def gates(self, state: str | None, role: str | None, risk: str | None, limit: int, cursor: str | None) -> Wire:
        """The inbox, soonest deadline first; without a state every gate, on a server one state after the other."""
        ...

    def newest_gates(self, limit: int, cursor: str | None) -> Wire:
        """Gates in every state, last opened first."""
        ...

    def gate(self, workflow_id: str, gate_key: str, timeout_s: float | None = None) -> Wire:
        """A gate's view. With `timeout_s` as soon as the gate is final, or when the time is over."""
        ...

    def gate_by_key(self, gate_key: str) -> Wire: ...
    def gates_of(self, workflow_id: str) -> list[Wire]: ...

    def open_gate(self, body: Mapping[str, Any]) -> Wire:
        """The gate's view and `isReplay`. The body is that of `POST /api/gates`."""
        ...

    def reply(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        """`{ok, isReplay, receipt}`. The body is `{payload, dedupeKey, origin?, promptDigest?}`."""
        ...

    def assess(self, task: Any) -> Wire:
        """As `POST /api/policy/assess` answers."""
        ...

    def gate_stats(self) -> Wire:
        """As `app.gate_stats` has it."""
        ...

    def request_workflow(self, body: Mapping[str, Any]) -> Wire:
        """`{workflow_id, status, ...}`. The body is that of `POST /workflows`, as those below are of their routes."""
        ...

    def pending_workflows(self, role: str | None, limit: int) -> Wire: ...
    def approve_workflow(self, workflow_id: str, body: Mapping[str, Any]) -> Wire: ...
    def reject_workflow(self, workflow_id: str, body: Mapping[str, Any]) -> Wire: ...
    def workflow(self, workflow_id: str) -> Wire: ...

    def close_gate(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        """The gate's view, withdrawn or taken up. The body is `{reason, interactionId?}`."""
        ...

    def override(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        """`{ok, receipt}`. The body is `{reason, fields?, promptDigest?}`."""
        ...

    def create_intent(self, goal: str, inputs: Mapping[str, Any], constraints: Mapping[str, Any]) -> str: ...

    def start_run(self, body: Mapping[str, Any]) -> Wire:
        """The run's view and `isReplay`. The body is that of `POST /api/runs`."""
        ...

    def run(self, workflow_id: str) -> Wire: ...

    def runs(
        self, status: str | None, limit: int, cursor: str | None, *, door: str | None = None, subject: str | None = None
    ) -> Wire:
        """Newest first. `subject` is what a run is about under its door: a spec's path in its repository."""
        ...

    def cancel_run(self, workflow_id: str, reason: str | None = None) -> Wire: ...
    def retry_run(self, workflow_id: str) -> Wire: ...
    def steps(self, workflow_id: str) -> list[Wire]: ...
    def artifacts(self, workflow_id: str) -> list[Wire]: ...
    def interactions(self, workflow_id: str, limit: int, cursor: str | None) -> Wire: ...
    def entries(self, workflow_id: str | None, after: int, limit: int) -> Wire: ...
    def head(self) -> Wire: ...


def items_of(page_at: Callable[[str | None], Wire]) -> Iterator[Wire]:
    """The items of all pages; `page_at` gets the cursor of each, None for the first."""
    cursor = None
    while True:
        page = page_at(cursor)
        yield from page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            return


@contextmanager
def open_backend(settings: Settings, *, creates: bool = False, actor: str | None = None) -> Iterator[Backend]:
    """The server that `settings.url` names, else the ledger; closed at the end.

    `creates` lets an embedded ledger be made where there is none. `actor` is who acts; at a server that is whoever the
    token is of, and `actor` may then be left out.

    Raises:
        InvalidInputError: (`invalid-actor`). LedgerUnavailableError, SchemaVersionError, NotFoundError: (`no-ledger`).
    """
    name = None if actor is None else check_actor_name(actor)
    if settings.url is not None:
        from signoff.sdk.http_backend import open_http_backend

        with open_http_backend(settings.url, token=settings.token, actor=name) as server:
            yield server
        return
    from signoff.bootstrap.database import with_private_postgres
    from signoff.bootstrap.world import open_world
    from signoff.sdk.ledger_backend import LedgerBackend

    with open_world(with_private_postgres(settings), creates=creates) as world:
        yield LedgerBackend(world, actor=name or ANONYMOUS)
