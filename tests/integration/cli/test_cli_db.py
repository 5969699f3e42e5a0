"""`signoff db`: what can be read, what cannot be written, and what must be zero."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from cli_shell import Shell

from signoff.app.create_intent import create_intent
from signoff.app.start_run import start_run
from signoff.ledger.inspect import with_regexp


def test_a_query_is_answered_as_psql_would(any_shell: Shell) -> None:
    any_shell.open_gate()
    answer = any_shell("db", "sql", "SELECT gate_key, escalation_level AS level FROM app.human_gates")
    assert answer.out == " gate_key | level \n----------+-------\n ship     |     0\n(1 row)\n".replace(
        "level \n", "level\n"
    )
    bare = any_shell("db", "sql", "-t", "-A", "SELECT gate_key, NULL, 3 FROM app.human_gates")
    assert bare.out == "ship||3\n"
    assert any_shell.json("db", "sql", "SELECT 1 AS n, 'x' AS s WHERE 1 = 1") == {
        "columns": ["n", "s"],
        "rows": [[1, "x"]],
    }
    assert any_shell("db", "sql", "SELECT gate_key FROM app.human_gates WHERE 1 = 0").out.endswith("(0 rows)\n")


def test_the_operators_of_postgres_are_understood_on_both(any_shell: Shell) -> None:
    any_shell.open_gate()
    any_shell("gate", "approve", "ship")
    bad = "SELECT COUNT(*) AS bad_hash FROM app.human_interactions WHERE payload_hash !~ '^[a-f0-9]{64}$'"
    good = "SELECT gate_key FROM app.human_gates WHERE gate_key ~ '^sh' AND '~' = '~' -- a ~ in a comment"
    assert any_shell("db", "sql", "-tA", bad).out == "0\n"
    assert any_shell("db", "sql", "-tA", good).out == "ship\n"


@pytest.mark.parametrize(
    ("sql", "rewritten"),
    [
        ("a ~ 'x~y'", "a  REGEXP  'x~y'"),
        ("a!~'it''s ~'", "a NOT REGEXP 'it''s ~'"),
        ('"odd ~ name" ~ b -- ~', '"odd ~ name"  REGEXP  b -- ~'),
        ("/* ~ */ [~] ~ `~`", "/* ~ */ [~]  REGEXP  `~`"),
    ],
)
def test_only_operators_are_rewritten(sql: str, rewritten: str) -> None:
    assert with_regexp(sql) == rewritten


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM app.human_gates",
        "UPDATE app.human_gates SET gate_key = 'x'",
        "CREATE TABLE app.more (a INTEGER)",
        "SELECT 1; DELETE FROM app.human_gates",
        "COMMIT; DELETE FROM app.human_gates",
        "WITH gone AS (DELETE FROM app.human_gates RETURNING 1) SELECT * FROM gone",
        "SELECT * FROM app.no_such_table",
        "SELEC 1",
    ],
)
def test_a_query_that_writes_or_makes_no_sense_is_bad_input(any_shell: Shell, sql: str) -> None:
    any_shell.open_gate()
    answer = any_shell("db", "sql", sql, "--json")
    assert (answer.code, answer.document["code"]) == (2, "bad-sql")
    assert any_shell("db", "sql", "-tA", "SELECT gate_key FROM app.human_gates").out == "ship\n"


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH DATABASE '{file}' AS other",
        "VACUUM app INTO '{file}'",
        "PRAGMA query_only = OFF",
        "PRAGMA app.journal_mode = DELETE",
        "PRAGMA app.wal_checkpoint",
        "SELECT load_extension('{file}')",
        "BEGIN IMMEDIATE",
    ],
)
def test_sqlite_lets_nothing_out_of_reading(shell: Shell, tmp_path: Path, sql: str) -> None:
    shell.open_gate()
    target = tmp_path / "elsewhere.db"
    answer = shell("db", "sql", sql.format(file=target), "--json")
    assert (answer.code, answer.document["code"]) == (2, "bad-sql")
    assert not target.exists()
    assert shell("db", "sql", "PRAGMA app.table_info(runs)").code == 0


def test_upgrade_makes_a_ledger_and_then_has_nothing_to_do(bare_shell: Shell) -> None:
    first, second = bare_shell.json("db", "upgrade"), bare_shell.json("db", "upgrade")
    assert first["applied"]
    assert second == {"applied": [], "version": first["version"]}


def test_a_sound_ledger_has_nothing_that_must_not_be(any_shell: Shell) -> None:
    any_shell.open_gate("w-1", on_decision=None)
    any_shell.open_gate("w-2")
    any_shell("gate", "reject", "w-2", "ship")
    counts = any_shell.json("db", "check")
    assert len(counts) == 12
    assert set(counts.values()) == {0}
    assert any_shell("db", "check").out.count(" 0\n") == 12


# The view stands on the tables that are made loose.
_LOOSE = (
    "DROP VIEW IF EXISTS approval_requests;"
    "CREATE TABLE loose AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE loose RENAME TO {table};"
)
_TWICE = _LOOSE + "INSERT INTO {table} SELECT * FROM {table} LIMIT 1;"
_STEP = "INSERT INTO run_steps VALUES ((SELECT id FROM runs), 'CompileST', 1, 'done', '{}', 1, 2);"
_ARTIFACT = f"INSERT INTO artifacts VALUES ((SELECT id FROM runs), 's', '', 1, 0, 'log', NULL, 'x', '{'a' * 64}', 1);"
_EVENTS = (
    "CREATE TABLE workflow_events (workflow_uuid, key); INSERT INTO workflow_events VALUES ('w', 'KEY'), ('w', 'KEY');"
)
_STATUS = "CREATE TABLE workflow_status (workflow_uuid); INSERT INTO workflow_status VALUES ('esc:w:g'), ('esc:w:g');"

_DAMAGE = {
    "duplicate_step_attempts": ("app.db", _STEP + _TWICE.format(table="run_steps")),
    "duplicate_artifacts": ("app.db", _ARTIFACT + _TWICE.format(table="artifacts")),
    "duplicate_interactions": ("app.db", _TWICE.format(table="human_interactions")),
    "duplicate_decision_events": ("dbos.db", _EVENTS.replace("KEY", "decision:g")),
    "duplicate_prompt_events": ("dbos.db", _EVENTS.replace("KEY", "ui:g")),
    "malformed_payload_hashes": (
        "app.db",
        _LOOSE.format(table="human_interactions") + "UPDATE human_interactions SET payload_hash = '" + "A" * 64 + "';",
    ),
    "final_gates_without_one_end": ("app.db", _LOOSE.format(table="audit_entries") + "DELETE FROM audit_entries;"),
    "open_gates_with_an_end": (
        "app.db",
        "UPDATE human_gates SET state = 'PENDING', decision = NULL, decided_at = NULL, interaction_id = NULL;",
    ),
    "ended_gates_without_wake_up": ("app.db", "DELETE FROM outbox WHERE kind = 'message';"),
    "decided_threads_without_resumption": ("app.db", 'UPDATE human_gates SET on_decision = \'{"kind":"resume"}\';'),
    "waiting_runs_without_open_gate": ("app.db", "UPDATE runs SET status = 'WAITING_INPUT';"),
    "duplicate_escalations": ("dbos.db", _STATUS),
}


@pytest.mark.parametrize("name", _DAMAGE)
def test_every_damage_is_counted_under_its_name(shell: Shell, name: str) -> None:
    _make_history(shell)
    assert set(shell.json("db", "check").values()) == {0}
    file, damage = _DAMAGE[name]
    with sqlite3.connect(shell.directory / ".signoff" / file) as connection:
        connection.executescript(damage)
    connection.close()
    answer = shell("db", "check", "--json")
    assert answer.code == 1
    assert {each for each, count in answer.document.items() if count} >= {name}


def _make_history(shell: Shell) -> None:
    """A run that has been started, and a gate that was decided and has somebody to wake."""
    from signoff.app.open_gate import OnDecision

    shell.open_gate(on_decision=OnDecision("message"))
    shell("gate", "approve", "ship")
    with shell.world() as world:
        intent_id = create_intent(world, goal="Tidy up", inputs={}, constraints={}, actor="ada")
        start_run(world, intent_id=intent_id, actor="ada", queue_partition_key="default")
