"""What a person types often costs no import that it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ledger_databases import migrated_database

from signoff.app.open_gate import open_gate
from signoff.app.world import World
from signoff.clock import new_ulid, now_ms
from signoff.ledger.store import SqlLedger

#: Of our own, what a ledger takes and a mission without one does not.
LEDGER = ("signoff.app.ports", "signoff.app.world", "signoff.gates.gate", "signoff.ledger.store")
HEAVY = ("dbos", "fastapi", "pydantic", "sqlalchemy", "httpx", "psycopg")
REPORT = """
import sys
{program}
sys.stderr.write("IMPORTED " + " ".join(sorted(name for name in {heavy!r} if name in sys.modules)))
"""
COMMAND = """
from signoff.cli.main import main
code = main({arguments!r})
assert code == 0, code
"""


def imported(program: str, directory: Path, looked_for: tuple[str, ...] = HEAVY) -> set[str]:
    """Which of these a fresh process has imported at the end of this program."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT.format(program=program, heavy=looked_for)],
        cwd=directory,
        env={name: value for name, value in os.environ.items() if not name.startswith("SIGNOFF")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("IMPORTED ")[2].split())


def imported_by(directory: Path, *arguments: str, looked_for: tuple[str, ...] = HEAVY) -> set[str]:
    return imported(COMMAND.format(arguments=list(arguments)), directory, looked_for)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A working directory with a ledger in which one gate waits."""
    fill(tmp_path, None)
    return tmp_path


def fill(directory: Path, url: str | None) -> None:
    with migrated_database(directory / ".signoff", url) as database:
        world = World(ledger=SqlLedger(database), clock=now_ms, new_id=new_ulid)
        open_gate(world, workflow_id="wf-1", gate_key="go-live", prompt={"title": "Go?"}, ttl_s=3600, actor="opener")


def test_the_report_notices_an_import(tmp_path: Path) -> None:
    assert imported("import httpx", tmp_path) == {"httpx"}


def test_the_package_itself_imports_nothing_heavy(tmp_path: Path) -> None:
    assert imported("import signoff", tmp_path) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("gate", "list"),
        ("gate", "list", "--json"),
        ("gate", "report"),
        ("gate", "stats"),
        ("gate", "show", "go-live"),
        ("gate", "approve", "go-live", "--as", "ada"),
        ("gate", "reject", "wf-1", "go-live", "--rationale", "no"),
        ("audit", "log"),
        ("audit", "verify"),
        ("run", "list"),
        ("workflow", "list-pending"),
    ],
    ids=" ".join,
)
def test_reads_and_replies_on_the_embedded_ledger_import_nothing_heavy(
    directory: Path, arguments: tuple[str, ...]
) -> None:
    assert imported_by(directory, *arguments) == set()


def test_a_list_of_gates_for_people_takes_nothing_that_makes_more_of_a_gate(directory: Path) -> None:
    assert imported_by(directory, "gate", "list", looked_for=(*HEAVY, *LEDGER)) == set()
    # The report notices these too: programs are given whole gates.
    assert imported_by(directory, "gate", "list", "--json", looked_for=LEDGER) == set(LEDGER)


def test_missions_are_moved_and_shown_without_anything_heavy_and_without_what_a_ledger_takes(tmp_path: Path) -> None:
    git = ("git", "-c", "user.name=ada", "-c", "user.email=ada@signoff.example")
    for words in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "-m", "Begin"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    ada = ("--actor", "ada")
    for words in (
        ["init", "release", *ada],
        ["plan"],
        ["tasks", *ada],
        ["claim", "WP01", *ada],
        ["start", "WP01", *ada],
        ["status"],
        ["list"],
        ["move", "WP01", "--to", "blocked", *ada],
        ["doctor"],
        ["guard"],
    ):
        assert imported_by(tmp_path, "mission", *words, looked_for=(*HEAVY, *LEDGER)) == set(), words


def test_reads_and_replies_on_postgres_import_its_driver_alone(tmp_path: Path, postgres_url: str) -> None:
    fill(tmp_path, postgres_url)
    where = ("--database-url", postgres_url)
    assert imported_by(tmp_path, "gate", "list", *where, looked_for=(*HEAVY, "psycopg_pool")) == {"psycopg"}
    assert imported_by(tmp_path, "gate", "approve", "go-live", "--as", "ada", *where) == {"psycopg"}
