"""List gates in short: as many as anybody likes to see at once, and of each what one line says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from signoff.app.page import PAGE_DEFAULT, PAGE_MAX, Page, check_limit, page_of, read_cursor


class GateList(Protocol):
    """What listing needs of a ledger, which is little: lists are asked for often, by processes that do nothing else."""

    def gates(
        self, *, state: str | None, role: str | None, risk: str | None, after: tuple[int, str, str] | None, limit: int
    ) -> list[Mapping[str, Any]]:
        """Soonest deadline first, after a place (deadline_at, workflow_id, gate_key). What is None is no condition.

        Rows: `{workflow_id, gate_key, state, risk_level, title, deadline_at, kept_from}`; the last are the plain names
        (`gates.name`) of those who may not approve."""
        ...


def list_gates(
    gates: GateList,
    *,
    state: str | None,
    role: str | None = None,
    risk: str | None = None,
    limit: int = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page:
    """Rows as in `GateList`; with the cursors of `find_gates`.

    Raises:
        InvalidInputError: `invalid-query`, `invalid-cursor`.
    """
    check_limit(limit, PAGE_MAX)
    after = read_cursor(cursor, int, str, str)
    found = gates.gates(state=state, role=role, risk=risk, after=after, limit=limit + 1)
    return page_of(found, limit, lambda row: (row["deadline_at"], row["workflow_id"], row["gate_key"]))
