"""The schema is the sum of the migrations, as it was agreed on, and alike on both databases."""

from __future__ import annotations

from pathlib import Path

from ledger_databases import TABLES, migrated_database
from ledger_schema import schema_columns, schema_lines

from signoff.ledger.database import Database

HERE = Path(__file__).parent

CONTRACT = {
    "intents": "id, goal, inputs, constraints, created_at",
    "runs": "id, workflow_id, intent_id, door, recipe, plan, plan_digest, status, node, last_step, next_action, error, "
    "retry_count, queue_partition_key, requested_by, created_at, updated_at, finished_at, subject",
    "run_steps": "run_id, step_id, attempt, phase, output, started_at, finished_at",
    "artifacts": "run_id, step_id, task_key, attempt, idx, kind, uri, inline, sha256, created_at",
    "human_gates": "workflow_id, gate_key, run_id, topic, state, prompt, prompt_digest, requirement, risk_level, "
    "opened_at, deadline_at, escalation_level, decision, decided_by, decided_at, on_decision",
    "human_interactions": "id, workflow_id, run_id, gate_key, topic, dedupe_key, payload, payload_hash, origin, actor, "
    "role, choice, created_at",
    "audit_entries": "seq, workflow_id, n, gate_key, at, actor, event, body, prev_hash, hash",
    "audit_heads": "tree_size, root, signed_at, key_id, signature",
    "outbox": "id, kind, dedupe_key, payload, created_at, claimed_at, claimed_by, done_at, attempts, last_error",
    "deliveries": "id, outbox_id, event, workflow_id, gate_key, channel, target, state, attempts, next_at, claimed_at, "
    "claimed_by, last_error, remote_ref, created_at, sent_at",
    "principals": "id, name, kind, roles, disabled_at",
    "tokens": "id, principal_id, hash, created_at, expires_at, revoked_at",
    "delegations": "id, from_principal, to_principal, until_at, created_at, revoked_at",
    "sessions": "id, hash, principal_id, token_id, link_id, created_at, expires_at, ends_at, ended_at, issuer, subject",
    "links": "id, hash, principal_id, workflow_id, gate_key, created_at, expires_at, used_at",
    "workers": "id, started_at, beat_at",
    "resumptions": "workflow_id, gate_key, thread_id, checkpoint_id, state, attempts, next_at, claimed_at, claimed_by, "
    "passed_at, last_error, created_at, done_at",
}
"""Tables and columns that operators and their queries rely on."""


def test_the_schema_is_the_one_that_is_checked_in(database: Database) -> None:
    expected = (HERE / f"schema.{database.dialect}.txt").read_text(encoding="utf-8").splitlines()
    assert schema_lines(database) == expected


def test_every_promised_table_and_column_is_there(database: Database) -> None:
    found = schema_columns(database)
    assert set(found) == set(TABLES) | {"schema_migrations"}
    missing = {table: set(columns.split(", ")) - set(found[table]) for table, columns in CONTRACT.items()}
    assert not any(missing.values()), missing


def test_both_databases_have_the_same_tables_and_columns(tmp_path: Path, postgres_url: str) -> None:
    with migrated_database(tmp_path, None) as sqlite, migrated_database(tmp_path, postgres_url) as postgres:
        on_sqlite, on_postgres = schema_columns(sqlite), schema_columns(postgres)
    assert on_sqlite == on_postgres
    assert {table: list(columns) for table, columns in on_sqlite.items()} == {
        table: list(columns) for table, columns in on_postgres.items()
    }
