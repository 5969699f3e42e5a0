"""What the inbox and its stats ask of the ledger: gates in short, how many there are, how long they waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.gates.name import plain_name
from signoff.ledger import rows
from signoff.ledger.database import Session

if TYPE_CHECKING:
    from signoff.app.ports import Place, Row


class SqlInbox:
    """Implements the port `InboxReader`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open_gates(
        self, filters: Row, *, who: str, actor: str, roles: frozenset[str] | None, after: Place, limit: int
    ) -> list[Row]:
        given = {**filters, **_at("after_", after), **_of(actor, roles)}
        found = self._session.all("inbox_gates", **given, who=who, limit=limit)
        return [rows.with_json(row, "requirement", "choices") for row in found]

    def open_counts(self, filters: Row, *, actor: str, roles: frozenset[str] | None) -> Row:
        return self._session.one("inbox_counts", **filters, **_of(actor, roles)) or {}

    def ended_gates(self, filters: Row, *, state: str | None, before: Place, limit: int) -> list[Row]:
        found = self._session.all("ended_gates", **filters, **_at("before_", before), state=state, limit=limit)
        return [rows.with_json(row, "requirement", "choices") for row in found]

    def ended_counts(self, filters: Row, *, state: str | None) -> Row:
        return self._session.one("ended_counts", **filters, state=state) or {}

    def newest_waits(self, *, limit: int) -> list[Row]:
        return list(self._session.all("newest_waits", limit=limit))

    def counts_by_day(self, *, since: int) -> list[Row]:
        return list(self._session.all("counts_by_day", since=since))


def _of(actor: str, roles: frozenset[str] | None) -> Row:
    held = None if roles is None else rows.to_json(sorted(roles))
    return {"actor": actor, "plain_actor": plain_name(actor), "roles": held}


def _at(prefix: str, place: Place) -> Row:
    return dict(zip((f"{prefix}at", f"{prefix}workflow", f"{prefix}key"), place, strict=True))
