"""What a migrated database says of itself, as lines that can be compared and checked in.

    column   human_gates.decided_at BIGINT
    key      run_steps PRIMARY KEY (run_id, step_id, attempt)
    index    ...
    trigger  ...

`python ledger_schema.py sqlite DIRECTORY` and `python ledger_schema.py postgres URL` migrate an empty database and
print its lines: what schema.sqlite.txt and schema.postgres.txt hold.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ledger_databases import migrated_database, query_sql

from signoff.ledger.database import Database

Columns = dict[str, dict[str, bool]]
"""By table, its columns in their order, and whether each may be NULL."""

_POSTGRES_LINES = """
SELECT 'column   ' || table_name || '.' || column_name || ' ' || upper(data_type)
    || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
    || COALESCE(' DEFAULT ' || column_default, '')
    || CASE is_identity WHEN 'YES' THEN ' IDENTITY' ELSE '' END AS line
FROM information_schema.columns WHERE table_schema = 'app'
UNION ALL
SELECT 'key      ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'app'::regnamespace AND contype IN ('p', 'u', 'f', 'c')
UNION ALL
SELECT 'index    ' || indexdef FROM pg_indexes WHERE schemaname = 'app'
UNION ALL
SELECT 'trigger  ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND c.relnamespace = 'app'::regnamespace
UNION ALL
SELECT 'function ' || proname || ' ' || md5(prosrc) FROM pg_proc WHERE pronamespace = 'app'::regnamespace
UNION ALL
SELECT 'sequence ' || sequencename FROM pg_sequences WHERE schemaname = 'app'
"""
_POSTGRES_COLUMNS = """
SELECT c.table_name, c.column_name, c.is_nullable = 'YES' AS may_be_null FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE table_schema = 'app' AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position
"""


def schema_lines(database: Database) -> list[str]:
    if database.dialect == "postgres":
        return sorted(" ".join(row["line"].split()) for row in query_sql(database, _POSTGRES_LINES))
    objects = query_sql(database, "SELECT type, name, sql FROM app.sqlite_master WHERE sql IS NOT NULL")
    lines = [
        f"{one['type']} {one['name']}: {' '.join(one['sql'].split())}" for one in objects if one["type"] != "table"
    ]
    for table in (one["name"] for one in objects if one["type"] == "table"):
        lines += [f"column {table}.{_column(row)}" for row in _columns(database, table)]
        lines += _keys(database, table)
        lines += [f"check {table}: {check}" for check in _checks(objects, table)]
    return sorted(lines)


def schema_columns(database: Database) -> Columns:
    columns: Columns = {}
    if database.dialect == "postgres":
        for row in query_sql(database, _POSTGRES_COLUMNS):
            columns.setdefault(row["table_name"], {})[row["column_name"]] = row["may_be_null"]
        return columns
    for row in query_sql(database, "SELECT name FROM app.sqlite_master WHERE type = 'table' ORDER BY name"):
        found = _columns(database, row["name"])
        columns[row["name"]] = {one["name"]: not one["notnull"] and not one["pk"] for one in found}
    return columns


def _columns(database: Database, table: str) -> list[dict[str, Any]]:
    return query_sql(database, f"SELECT * FROM pragma_table_xinfo('{table}', 'app') ORDER BY cid")


def _column(row: dict[str, Any]) -> str:
    default = "" if row["dflt_value"] is None else f" DEFAULT {row['dflt_value']}"
    return f"{row['name']} {row['type']}{' NOT NULL' if row['notnull'] else ''}{default}"


def _keys(database: Database, table: str) -> list[str]:
    keys = [(row["pk"], row["name"]) for row in _columns(database, table) if row["pk"]]
    lines = [f"key {table} PRIMARY KEY ({', '.join(name for _, name in sorted(keys))})"]
    for row in query_sql(database, f"SELECT * FROM pragma_index_list('{table}', 'app') WHERE origin = 'u'"):
        names = query_sql(database, f"SELECT name FROM pragma_index_info('{row['name']}', 'app') ORDER BY seqno")
        lines.append(f"key {table} UNIQUE ({', '.join(one['name'] for one in names)})")
    for row in query_sql(database, f"SELECT * FROM pragma_foreign_key_list('{table}', 'app')"):
        lines.append(f"key {table} FOREIGN KEY ({row['from']}) REFERENCES {row['table']}({row['to']})")
    return lines


def _checks(objects: list[dict[str, Any]], table: str) -> list[str]:
    """SQLite keeps checks in the text of the table only."""
    text = " ".join(next(one["sql"] for one in objects if one["type"] == "table" and one["name"] == table).split())
    return [_balanced(part) for part in text.split("CHECK ")[1:]]


def _balanced(text: str) -> str:
    depth = 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[: at + 1]
    return text


if __name__ == "__main__":
    _, dialect, place = sys.argv
    with migrated_database(Path(place), place if dialect == "postgres" else None) as database:
        sys.stdout.write("\n".join(schema_lines(database)) + "\n")
