"""`tables.md`: the ledger's tables, as the migrations make them on both databases."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping

from signoff.ledger.migrate import Migration, migrations

from .markdown import code, described, page, table

_TABLES = {
    "artifacts": "What steps and tasks left behind: excerpts of output, patches, notes of what was taken back.",
    "audit_entries": "The audit trail, chained by hash for each workflow. Append-only. See "
    "[audit events](audit-events.md).",
    "audit_heads": "Signed heads over the first `tree_size` entries.",
    "delegations": "Who may act in whose roles, and until when. At most one row of a pair is not revoked.",
    "deliveries": "Notices on their way to people: one row for each event of a gate and each target that is told of "
    "it. Rows stay. `signoff notify list` shows them.",
    "human_gates": "Gates. One row each, from its opening on; a final one never changes. `title`, `roles`, "
    "`kept_from` and `door` repeat, for lists and counts, what the documents beside them and the run say: the title of "
    "the prompt, every role that may answer, who may not approve, and what opened it (`outside`: somebody else's "
    "workflow).",
    "human_interactions": "Answers as they were given, whether they decided or not. Append-only.",
    "intents": "What somebody wants done. Its one run has the same id.",
    "links": "One-time links that sign somebody in for one gate, by the SHA-256 of their secret. Rows stay.",
    "outbox": "What a transaction has set going: `continue` a leg, a `message`, a `callback`, an escalation; what "
    "people may be told of (`notify`). `traceparent` is the trace in which that was ordered, where somebody traced it. "
    "Rows stay.",
    "principals": "People and services that signoff knows by name.",
    "resumptions": "Decisions on their way into the threads of graphs: one row for each gate that was asked in a node, "
    "from its end on. `passed_at` is when the gate last let its node go on. Rows stay. See "
    "[use with LangGraph](../how-to/use-with-langgraph.md).",
    "run_steps": "The recorded output of each step. A leg that is run again skips what is here.",
    "runs": "Runs, each with the plan under which it was started.",
    "sessions": "Who is signed in at the inbox, by the SHA-256 of the cookie. What it was opened with "
    "says `token_id`, `link_id`, or `issuer` with its `subject` (OpenID Connect); `expires_at` moves on while it is "
    "used, up to `ends_at`. A new session takes the place of its principal's that are over.",
    "tokens": "Tokens, by the SHA-256 of their text. Rows stay: once there is one, every caller of a server needs one.",
    "workers": "Workers and their last beat. A beat that lapsed sends another worker after its legs.",
}
_VIEWS = {
    "approval_requests": "Gates as requests for an approval, one row each, for reports: a view over `human_gates`.",
}
_COLUMNS = {
    "workflow_id": "The workflow, or the run, whose gate it is.",
    "task_id": "The `task_id` or `id` of the task, else the workflow's id.",
    "risk_level": "low, medium, high or critical; null where nobody has assessed it.",
    "operation_type": "The `operation` of the task.",
    "description": "The `description` of the task, else the title of the prompt.",
    "status": "pending, approved, rejected, timeout or cancelled.",
    "requested_by": "Who asked.",
    "requested_at": "When.",
    "approvers": "The roles that may answer now, as JSON; `*` is anyone.",
    "required_approvals": "How many approvals it takes.",
    "received_approvals": "How many have come: of different people, where it takes those.",
    "timeout_at": "When it ends if nobody answers and it climbs its ladder on time.",
    "escalated": "Whether it has climbed: 0 or 1 on SQLite, a boolean on Postgres.",
    "escalation_count": "How often.",
    "resolved_by": "Who decided; `deadline` where nobody has, `policy:...` where a policy did.",
    "resolved_at": "When.",
    "resolution_note": "The rationale of the answer that decided.",
    "gate_key": "The gate: `approval` for what `POST /workflows` has asked.",
}
_REFERENCES = re.compile(r"CREATE TABLE app\.(\w+) \((.*?)\n\)", re.DOTALL)
_ADDED = re.compile(r"ALTER TABLE app\.(\w+) ADD COLUMN (\w+) (\w+)")
_ONE_OF = r"\b{}\s+\w+[^,]*?CHECK \({} IN \(([^)]*)\)\)"


def tables_page() -> str:
    ledger = _migrated(migrations("sqlite"))
    types = dict(_postgres_types(migrations("postgres")))
    return page(
        "Tables",
        "The ledger is the schema `app`: on Postgres a schema of the database, on SQLite the file `app.db` attached "
        "under that name, so that one query runs on both. Read it with `signoff db sql`; only signoff writes to it. "
        "The schema `dbos` beside it is the engine's own.",
        "Names that end in `_at` are instants in epoch milliseconds. JSON is `JSONB` on Postgres, checked text on "
        "SQLite. Which migrations were applied stands in `app.schema_migrations`.",
        "Migrations: " + ", ".join(code(one.name) for one in migrations("sqlite")) + ".",
        *(_section(ledger, name, types) for name in table_names(ledger) if name not in view_names(ledger)),
        *(_view_section(ledger, name) for name in view_names(ledger)),
    )


def table_names(ledger: sqlite3.Connection) -> list[str]:
    rows = ledger.execute("SELECT name FROM app.sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
    return [name for (name,) in rows]


def view_names(ledger: sqlite3.Connection) -> list[str]:
    rows = ledger.execute("SELECT name FROM app.sqlite_master WHERE type = 'view' ORDER BY name")
    return [name for (name,) in rows]


def _view_section(ledger: sqlite3.Connection, name: str) -> str:
    columns = [row[1] for row in ledger.execute(f"PRAGMA app.table_info({name})")]
    rows = ((code(column), described(_COLUMNS, column, what="column")) for column in columns)
    return "\n\n".join([f"## {name}", described(_VIEWS, name, what="view"), table(("column", "what it is"), rows)])


def _migrated(steps: list[Migration]) -> sqlite3.Connection:
    ledger = sqlite3.connect(":memory:")
    ledger.execute("ATTACH ':memory:' AS app")
    for step in steps:
        ledger.executescript(step.sql)
    return ledger


def _section(ledger: sqlite3.Connection, name: str, types: Mapping[tuple[str, str], str]) -> str:
    columns = table(("column", "SQLite", "Postgres", "null", "key"), _column_rows(ledger, name, types))
    notes = [*_uniques(ledger, name), *_vocabularies(ledger, name), *_triggers(ledger, name)]
    return "\n\n".join(
        [
            f"## {name}",
            described(_TABLES, name, what="table"),
            columns,
            *(["\n".join(f"- {note}" for note in notes)] * bool(notes)),
        ]
    )


def _column_rows(
    ledger: sqlite3.Connection, name: str, types: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, ...]]:
    keys = {row[3]: f"{row[2]}({row[4]})" for row in ledger.execute(f"PRAGMA app.foreign_key_list({name})")}
    for _, column, kind, is_filled, _, place in ledger.execute(f"PRAGMA app.table_info({name})"):
        key = "primary" if place else keys.get(column, "")
        yield code(column), kind, types[name, column], "" if is_filled or place else "yes", key


def _uniques(ledger: sqlite3.Connection, name: str) -> Iterator[str]:
    for _, index, is_unique, origin, _ in sorted(ledger.execute(f"PRAGMA app.index_list({name})")):
        columns = [row[2] for row in ledger.execute(f"PRAGMA app.index_info({index})")]
        if is_unique and origin != "pk":
            yield f"unique: {', '.join(map(code, columns))}"


def _vocabularies(ledger: sqlite3.Connection, name: str) -> Iterator[str]:
    (sql,) = ledger.execute("SELECT sql FROM app.sqlite_master WHERE name = ?", (name,)).fetchone()
    for _, column, *_ in ledger.execute(f"PRAGMA app.table_info({name})"):
        if found := re.search(_ONE_OF.format(column, column), sql):
            yield f"{code(column)} is one of " + ", ".join(map(code, re.findall(r"'([^']*)'", found[1])))


def _triggers(ledger: sqlite3.Connection, name: str) -> Iterator[str]:
    query = "SELECT sql FROM app.sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    if any("append-only" in sql for (sql,) in ledger.execute(query, (name,))):
        yield "append-only, by trigger"


def _postgres_types(steps: list[Migration]) -> Iterator[tuple[tuple[str, str], str]]:
    for step in steps:
        for name, body in _REFERENCES.findall(step.sql):
            for column, kind in re.findall(
                r"^    (\w+) (TEXT|BIGINT|INTEGER|JSONB|BOOLEAN|BYTEA)\b", body, re.MULTILINE
            ):
                yield (name, column), kind
        for name, column, kind in _ADDED.findall(step.sql):
            yield (name, column), kind
