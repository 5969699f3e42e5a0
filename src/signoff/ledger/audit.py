"""The audit trail, as the ledger has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from signoff.ledger import rows
from signoff.ledger.database import Session

if TYPE_CHECKING:
    from signoff.audit.entry import Entry
    from signoff.audit.head import Head


class SqlAudit:
    """Implements the port `AuditReader`."""

    def __init__(self, session: Session, dialect: str) -> None:
        self._session = session
        self._dialect = dialect

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
