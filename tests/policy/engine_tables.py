"""The schema `dbos` is the engine's own: we read it, and neither make, change nor write anything in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .finding import Finding
from .source import Tree, line_at, without_comments

LAW = "engine-tables"

#: By its schema, also where that is known at run time only, or by a name that only tables of the engine have.
_TABLE = (
    r'(?:"?\bdbos\b"?\s*\.|"?\b(?:workflow_status|workflow_events|workflow_inputs|operation_outputs)\b|"?\{\}"?\s*\.)'
)
_WRITE = re.compile(
    r"\b(?P<verb>INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|MERGE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM|COPY)"
    rf"\s+(?:ONLY\s+)?{_TABLE}",
    re.IGNORECASE,
)
_KINDS = "TABLE|VIEW|INDEX|TRIGGER|SEQUENCE|FUNCTION|PROCEDURE|TYPE|SCHEMA|RULE|POLICY|STATISTICS|PUBLICATION|COLUMN"
#: Up to where a query begins that a view is made of, or the body of a trigger: those may read the engine's tables.
_DDL = re.compile(
    rf"\b(?P<verb>(?:CREATE|ALTER|DROP|REINDEX|COMMENT\s+ON)\s+(?:\w+\s+){{0,3}}?(?:{_KINDS})|TRUNCATE|GRANT|REVOKE)\b"
    r"(?P<head>.*?)(?=;|\bAS\s+(?:SELECT|WITH|\$)|\bBEGIN\b|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TARGET = re.compile(rf'{_TABLE}|\bSCHEMA\s+"?dbos\b', re.IGNORECASE)
_SCHEMA = re.compile(r'\s*(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"?dbos\b', re.IGNORECASE)


def check(tree: Tree) -> list[Finding]:
    """Every statement, in files of SQL and in texts of the code, that makes, changes, removes or writes something of
    the engine's. Queries may name its tables.

    Raises:
        NothingToCheckError: there is no SQL, or there are no modules.
    """
    found = []
    for path, sql in tree.sql:
        found += [Finding(path, line, LAW, what, _ACTION) for line, what in _statements(sql, 1)]
    for module in tree.modules:
        for first, text in module.texts:
            sql = without_comments(text)
            found += [Finding(module.path, line, LAW, what, _ACTION) for line, what in _statements(sql, first)]
    return found


_ACTION = "Keep it in the schema app; what the engine has is changed through DBOS alone."


def _statements(sql: str, first: int) -> Iterator[tuple[int, str]]:
    for found in _WRITE.finditer(sql):
        yield line_at(sql, found.start(), first), f"{_one_line(found['verb'])} a table of the engine's"
    for found in _DDL.finditer(sql):
        is_schema = found["verb"].upper().endswith("SCHEMA") and _SCHEMA.match(found["head"])
        if is_schema or _TARGET.search(found["head"]):
            yield line_at(sql, found.start(), first), f"{_one_line(found['verb'])} on what is the engine's"


def _one_line(verb: str) -> str:
    return " ".join(verb.upper().split())
