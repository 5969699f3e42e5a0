"""What must always be zero, counted: the oracles in `sql/oracles.sql`."""

from __future__ import annotations

import re

from signoff.ledger.inspect import Inspection
from signoff.ledger.queries import read_queries

_ENGINE_TABLE = re.compile(r"\bdbos\.\w+")


def count_violations(inspection: Inspection) -> dict[str, int]:
    """The oracles by name, each with the number of rows that break it.

    Those over tables that the engine has not made yet count 0: nothing has run that could break them.
    """
    return {name: _count(inspection, sql) for name, sql in read_queries("oracles.sql").items()}


def _count(inspection: Inspection, sql: str) -> int:
    if not all(inspection.has_table(table) for table in _ENGINE_TABLE.findall(sql)):
        return 0
    return int(inspection.query(sql).rows[0][0])
