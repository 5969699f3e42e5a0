"""What those who watch over the ledger ask of it: how much there is of what, never what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.ledger.database import Session

if TYPE_CHECKING:
    from signoff.app.ports import Row


class SqlFigures:
    """Implements the port `FiguresReader`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open_gates(self) -> list[Row]:
        return list(self._session.all("open_gate_figures"))

    def overdue_gates(self, *, now: int, limit: int) -> int:
        return int((self._session.one("overdue_gates", now=now, limit=limit) or {})["count"])

    def outbox(self, *, limit: int) -> list[Row]:
        return list(self._session.all("outbox_figures", limit=limit))

    def deliveries(self, *, limit: int) -> list[Row]:
        return list(self._session.all("delivery_figures", limit=limit))

    def workers(self) -> list[Row]:
        return list(self._session.all("workers"))

    def newest_entry(self) -> Row | None:
        return self._session.one("newest_entry")

    def settled_seq(self, *, after: int, at: int, limit: int) -> int:
        return int((self._session.one("settled_seq", after=after, settled=at, limit=limit) or {})["seq"])

    def entries(self, *, after: int, until: int) -> list[Row]:
        return list(self._session.all("entry_figures", after=after, until=until))

    def answers(self, *, after: int, until: int) -> list[Row]:
        return list(self._session.all("answer_figures", after=after, until=until))

    def decision_times(self, *, after: int, until: int) -> list[Row]:
        return list(self._session.all("decision_times", after=after, until=until))
