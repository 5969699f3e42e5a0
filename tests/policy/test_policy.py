"""Every law finds what breaks it, in the line where it stands; a tree that keeps them all passes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .__main__ import LAWS, findings_in, main
from .finding import Finding, NothingToCheckError
from .scratch import ROOT, Scratch
from .source import PACKAGE, Tree

KEYS, DISPATCH, WORKFLOWS = "gates/keys.py", "engine/dispatch.py", "engine/workflows.py"
RECORD, QUERIES, MIGRATION = "app/record_answer.py", "ledger/sql/queries.sql", "ledger/migrations/{}/0001_initial.sql"
NEW = "cli/new.py"


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)


def places(scratch: Scratch, law: str) -> list[tuple[int, str]]:
    """What one law finds: lines and files, these seen from the package."""
    return [(found.line, str(found.path.relative_to(PACKAGE))) for found in LAWS[law](Tree(scratch.path))]


def only(scratch: Scratch, law: str) -> Finding:
    findings = LAWS[law](Tree(scratch.path))
    assert len(findings) == 1, findings
    return findings[0]


def test_this_project_keeps_its_laws() -> None:
    assert findings_in(ROOT) == []


def test_a_small_tree_of_the_same_files_keeps_them_too(scratch: Scratch) -> None:
    assert findings_in(scratch.path) == []


def test_every_law_says_that_it_has_seen_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    assert [one.law for one in findings_in(tmp_path) if "nothing to check" in one.message] == list(LAWS)


@pytest.mark.parametrize(
    ("place", "laws"),
    [
        (KEYS, ["frozen-abi", "queue-law"]),
        ("engine", ["engine-imports", "queue-law"]),
        ("ledger", ["engine-tables", "origin-law"]),
        ("gates/reply.py", ["origin-law"]),
    ],
)
def test_a_law_whose_matter_has_moved_away_fails(scratch: Scratch, place: str, laws: list[str]) -> None:
    scratch.remove(place)
    assert [one.law for one in findings_in(scratch.path) if "nothing to check" in one.message] == laws


# Frozen names


def test_every_frozen_name_that_is_built_differently_is_found(scratch: Scratch) -> None:
    changes = {
        "prompt_event": ('return f"ui:{gate_key}"', 'return f"prompt:{gate_key}"'),
        "result_event": ('return f"ui:{gate_key}:result"', 'return f"ui:{gate_key}:outcome"'),
        "audit_event": ('return f"ui:{gate_key}:audit"', 'return f"audit:{gate_key}"'),
        "decision_event": ('return f"decision:{gate_key}"', 'return f"decided:{gate_key}"'),
        "topic_of": ('return f"human:{gate_key}"', 'return f"people:{gate_key}"'),
        "leg_id": ('f"{workflow_id}:{gate_key}"', 'f"{workflow_id}/{gate_key}"'),
        "retry_leg_id": ('return f"{workflow_id}:retry:{attempt}"', 'return f"{workflow_id}:again:{attempt}"'),
        "sandbox_id": ('return f"{workflow_id}:sbx:{task_key}"', 'return f"{workflow_id}:task:{task_key}"'),
        "escalation_id": ('f":{level}"', 'f":level-{level}"'),
        "gate_key_of": ("encode())[:16]", "encode())[:12]"),
        "TOPIC_PATTERN": ("(?:human|sys):", "(?:human|sys|bot):"),
        "SANDBOX_QUEUE": ('"sbxQ"', '"sandboxQ"'),
    }
    for old, new in changes.values():
        scratch.change(KEYS, old, new)
    found = LAWS["frozen-abi"](Tree(scratch.path))
    lines = (scratch.path / PACKAGE / KEYS).read_text("utf-8").splitlines()
    assert {re.split(r"[( ]", one.message)[0] for one in found} == set(changes)
    assert all(re.split(r"[( ]", one.message)[0] in lines[one.line - 1] for one in found)


def test_a_new_name_has_to_be_listed(scratch: Scratch) -> None:
    line = scratch.add(KEYS, "\n\ndef note_event(gate_key: str) -> str:\n    return 'n:' + gate_key\n")
    assert (only(scratch, "frozen-abi").line, only(scratch, "frozen-abi").message) == (
        line + 2,
        "note_event is in no frozen list",
    )


def test_keys_that_cannot_be_run_are_not_taken_for_unchanged(scratch: Scratch) -> None:
    scratch.add(KEYS, "\n\nraise RuntimeError('broken')\n")
    with pytest.raises(NothingToCheckError) as unseen:
        places(scratch, "frozen-abi")
    assert "cannot be run: RuntimeError: broken" in str(unseen.value)


def test_a_frozen_name_that_is_spelled_elsewhere_is_found_however_it_is_put_together(scratch: Scratch) -> None:
    scratch.add(NEW, "KEY = 'ui:' + 'plan'\nTOPIC = 'human:plan'\n\n\ndef f(run: str, gate: str) -> list[str]:\n")
    scratch.add(NEW, '    """Prose may say ui:plan."""\n    return [\n        f"decision:{gate}",\n')
    scratch.add(NEW, "        run + ':sbx:' + gate,\n        f'esc:{run}',\n        'ui: as in prose',\n    ]\n")
    assert places(scratch, "frozen-abi") == [(line, NEW) for line in (1, 2, 8, 9, 10)]


def test_an_event_and_a_stored_workflow_of_other_names_are_found(scratch: Scratch) -> None:
    renamed = scratch.change(WORKFLOWS, 'name="signoff.leg"', 'name="signoff.walk"') + 1
    event = scratch.change(WORKFLOWS, 'DBOS.set_event(audit_event(order["gate"]), ', "DBOS.set_event('progress', ")
    assert sorted(places(scratch, "frozen-abi")) == sorted((n, WORKFLOWS) for n in (renamed, event))


# The engine's tables


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE dbos.extra (id TEXT)",
        "create unique index concurrently i on dbos.workflow_status (name)",
        "ALTER TABLE IF EXISTS dbos.workflow_status ADD COLUMN tenant TEXT",
        'DROP TABLE "dbos"."workflow_events"',
        "DROP SCHEMA IF EXISTS dbos CASCADE",
        "TRUNCATE TABLE app.runs, dbos.workflow_status",
        "CREATE TRIGGER t AFTER INSERT ON dbos.workflow_status BEGIN SELECT 1; END",
        "CREATE TABLE app.mine (id TEXT REFERENCES dbos.workflow_status (workflow_uuid))",
        "INSERT INTO dbos.notifications VALUES (1)",
        "INSERT OR REPLACE INTO dbos.workflow_events VALUES (1)",
        "UPDATE dbos.workflow_status SET status = 'ERROR'",
        "DELETE FROM dbos . workflow_status",
        "DELETE FROM workflow_status",
        "WITH gone AS (DELETE FROM ONLY dbos.workflow_status RETURNING 1) SELECT * FROM gone",
        "GRANT ALL ON dbos.workflow_status TO app",
    ],
)
def test_what_changes_the_engines_tables_is_found_in_sql_and_in_code(scratch: Scratch, statement: str) -> None:
    migration = "ledger/migrations/postgres/9999_new.sql"
    scratch.add(migration, f"-- name: new\n/* one\n   more */\n{statement};\n")
    scratch.add(NEW, f"NAME = 'x'\nSQL = (\n    '''{statement} '''\n)\n")
    assert sorted(places(scratch, "engine-tables")) == [
        (3, NEW),
        (4, migration),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "ENGINE = 'dbos'\n\ndef drop(db):\n    db.execute(f'DROP TABLE {ENGINE}.streams')\n",
        "def drop(db, name):\n    # In parts.\n\n    db.execute('DELETE FROM ' 'dbos.' + name)\n",
        "def drop(db, schema):\n    # Whichever it is.\n\n    db.execute(f'TRUNCATE {schema}.streams')\n",
    ],
    ids=["under a name", "in parts", "under any name"],
)
def test_statements_that_code_puts_together_are_found(scratch: Scratch, code: str) -> None:
    scratch.add(NEW, code)
    assert places(scratch, "engine-tables") == [(4, NEW)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT status FROM dbos.workflow_status",
        "-- DROP TABLE dbos.workflow_status\nSELECT 1",
        "CREATE VIEW app.legs AS SELECT workflow_uuid FROM dbos.workflow_status",
        "DELETE FROM app.outbox WHERE id IN (SELECT workflow_uuid FROM dbos.workflow_status)",
        "CREATE TABLE app.dbos_notes (id TEXT)",
    ],
)
def test_reading_the_engines_tables_is_allowed(scratch: Scratch, statement: str) -> None:
    scratch.add(QUERIES, f"\n-- name: new\n{statement};\n")
    assert places(scratch, "engine-tables") == []


# Who knows DBOS


@pytest.mark.parametrize(
    "code",
    [
        "import dbos",
        "import dbos.cli as cli",
        "from dbos import DBOS",
        "def late() -> None:\n    from dbos._sys_db import SystemDatabase",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from dbos import WorkflowStatus",
        "from importlib import import_module\nengine = import_module('dbos.' + 'cli')",
        "import importlib\nNAME = 'dbos'\nengine = importlib.import_module(NAME)",
        "engine = __import__('dbos')",
        "PROGRAM = 'import sys; print()'\nOTHER = '''\nfrom dbos import DBOS\n'''",
    ],
)
def test_dbos_is_known_to_the_engine_alone_however_it_is_imported(scratch: Scratch, code: str) -> None:
    scratch.add(NEW, code + "\n")
    expected = 2 if "OTHER" in code else code.count("\n") + 1
    assert places(scratch, "engine-imports") == [(expected, NEW)]


def test_the_name_of_the_engine_in_other_imports_and_words_is_no_import(scratch: Scratch) -> None:
    scratch.add(NEW, "from signoff.engine import dbos_url\nfrom .dbos import x\nWORD = 'dbos is the engine'\n")
    assert places(scratch, "engine-imports") == []


# Queues


def test_other_names_of_queues_are_found_where_they_are_used(scratch: Scratch) -> None:
    literal = scratch.change(DISPATCH, "DBOS.enqueue_workflow(PARENT_QUEUE,", 'DBOS.enqueue_workflow("intentQ",')
    scratch.change(DISPATCH, "(PARENT_QUEUE, 10)", '("fastQ", 10)')
    made = scratch.line_of(DISPATCH, "DBOS.register_queue(name")
    # A name that is spelled out, and a leg on what is not known to be its queue.
    assert sorted(places(scratch, "queue-law")) == [(literal, DISPATCH), (literal, DISPATCH), (made, DISPATCH)]


def test_queues_that_were_renamed_are_found(scratch: Scratch) -> None:
    line = scratch.change(KEYS, 'SANDBOX_QUEUE = "sbxQ"', 'SANDBOX_QUEUE = "sandboxQ"')
    assert only(scratch, "queue-law").line == line
    assert only(scratch, "queue-law").message == "SANDBOX_QUEUE is 'sandboxQ', not 'sbxQ'"


@pytest.mark.parametrize(
    ("place", "old", "new"),
    [
        (DISPATCH, "DBOS.enqueue_workflow(PARENT_QUEUE, ", "DBOS.enqueue_workflow(SANDBOX_QUEUE, "),
        (WORKFLOWS, "(SANDBOX_QUEUE, run_task,", "(SANDBOX_QUEUE, run_leg,"),
        (WORKFLOWS, "(SANDBOX_QUEUE, run_task,", "(order.queue, run_task,"),
        (DISPATCH, "workflows.run_leg, leg", "workflows.escalate, leg"),
        (DISPATCH, "DBOS.start_workflow(workflows.escalate", "DBOS.start_workflow(workflows.run_leg"),
        (DISPATCH, "queue_name=queue_name", 'queue_name="other"'),
    ],
)
def test_what_runs_on_another_queue_than_its_own_is_found(scratch: Scratch, place: str, old: str, new: str) -> None:
    line = scratch.change(place, old, new)
    assert places(scratch, "queue-law") == [(line, place)]


@pytest.mark.parametrize(
    "forgotten",
    ['SetWorkflowID(leg["id"]), ', ', SetEnqueueOptions(queue_partition_key=leg["key"])'],
    ids=["id", "partition"],
)
def test_what_is_enqueued_without_its_id_or_partition_is_found(scratch: Scratch, forgotten: str) -> None:
    line = scratch.change(DISPATCH, forgotten, "")
    assert places(scratch, "queue-law") == [(line + 1, DISPATCH)]


@pytest.mark.parametrize("call", ["queue.enqueue(work)", "DBOS.start_workflow(work)", "DBOS.register_queue(name)"])
def test_nothing_is_started_outside_of_the_engine(scratch: Scratch, call: str) -> None:
    line = scratch.add(RECORD, f"{call}\n")
    assert places(scratch, "queue-law") == [(line, RECORD)]


def test_a_durable_function_that_no_queue_is_named_for_is_found(scratch: Scratch) -> None:
    line = scratch.add(WORKFLOWS, '\n\n@DBOS.workflow(name="signoff.new")\ndef new() -> None: ...\n') + 3
    assert (line, WORKFLOWS) in places(scratch, "queue-law")


# Origins


def test_an_origin_that_is_listed_in_one_place_alone_is_found(scratch: Scratch) -> None:
    start = scratch.change("gates/reply.py", '    "unknown",\n)', '    "unknown",\n    "fax",\n)')
    assert only(scratch, "origin-law").message == "the origin 'fax' is listed here alone"
    assert only(scratch, "origin-law").line < start


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_an_origin_that_the_database_does_not_take_is_found(scratch: Scratch, dialect: str) -> None:
    place = MIGRATION.format(dialect)
    line = scratch.change(place, "'langgraph', 'compat',", "'langgraph',")
    assert places(scratch, "origin-law") == [(line, place)]
    assert only(scratch, "origin-law").message == "the origin 'compat' is missing here"


def test_a_table_that_takes_any_origin_is_found(scratch: Scratch) -> None:
    text = (scratch.path / PACKAGE / MIGRATION.format("sqlite")).read_text("utf-8")
    check = text[text.index(" CHECK (origin IN") : text.index("'unknown'))") + len("'unknown'))")]
    scratch.change(MIGRATION.format("sqlite"), check, "")
    assert only(scratch, "origin-law").message == "the table checks no origin"


def test_an_interaction_that_is_written_without_an_origin_is_found(scratch: Scratch) -> None:
    in_sql = (
        scratch.add(QUERIES, "\n-- name: other\nINSERT INTO app.human_interactions (id, actor) VALUES (1, 2);\n") + 2
    )
    in_code = scratch.add(NEW, "SQL = 'INSERT INTO app.human_interactions (id, origin) VALUES (1, 2)'\n")
    made = scratch.change(RECORD, "            origin=origin,\n", "") - 2  # where the call begins
    assert places(scratch, "origin-law") == [
        (in_sql, QUERIES),
        (made, RECORD),
        (in_code, NEW),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "reply(origin='fax')",
        "body = {'origin': 'console' if ready else 'fax'}",
        "origin = body.get('origin', 'fax')",
        "def say(*, origin: str = 'fax') -> None: ...",
        "def say(origin: str = 'fax') -> None: ...",
        "FAX_ORIGIN = 'fax'",
        "class Body:\n    origin: str = 'fax'",
    ],
)
def test_a_word_that_is_no_origin_is_found_wherever_one_is_named(scratch: Scratch, code: str) -> None:
    scratch.add(NEW, code + "\n")
    found = set(places(scratch, "origin-law"))
    assert found == {(code.count("\n") + 1, NEW)}


# The command


def test_the_command_prints_findings_with_their_place_and_exits_1(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(scratch.path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"kept    {law}" for law in LAWS]
    scratch.add(NEW, "import dbos\n")
    assert main([str(scratch.path)]) == 1
    assert "src/signoff/cli/new.py:1: engine-imports: import dbos outside of engine/" in capsys.readouterr().out
    assert main([str(scratch.path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["laws"]) == (False, list(LAWS))
    assert [(one["path"], one["line"]) for one in document["findings"]] == [(f"src/signoff/{NEW}", 1)]


def test_a_file_that_is_no_python_is_a_finding_and_no_traceback(scratch: Scratch) -> None:
    scratch.add(NEW, "def broken(:\n")
    assert {one.message.split(":")[0] for one in findings_in(scratch.path)} == {"no Python"}
