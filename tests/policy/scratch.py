"""A small tree that keeps every law, in which a test breaks one: the product's names and tables, and an engine that is
as plain as one can be."""

from __future__ import annotations

import shutil
from pathlib import Path

from .source import PACKAGE

ROOT = Path(__file__).parents[2]
#: Of the product itself: what its names are built by, and the table that its answers are kept in.
PARTS = (
    "errors.py",
    "gates/__init__.py",
    "gates/digest.py",
    "gates/keys.py",
    "gates/reply.py",
    "ledger/migrations/postgres/0001_initial.sql",
    "ledger/migrations/sqlite/0001_initial.sql",
)
WORKFLOWS = '''
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from signoff.gates.keys import SANDBOX_QUEUE, audit_event, sandbox_id

NAMES = (TASK, ESCALATION) = ("signoff.task", "signoff.escalation")


@DBOS.workflow(name="signoff.leg", max_recovery_attempts=None)
def run_leg(order):
    """Publishes ui:plan, as prose may say."""
    for task in order["tasks"]:
        with SetWorkflowID(sandbox_id(order["id"], task, 1)), SetEnqueueOptions(queue_partition_key=order["key"]):
            DBOS.enqueue_workflow(SANDBOX_QUEUE, run_task, task)


@DBOS.workflow(name=TASK)
def run_task(task): ...


@DBOS.workflow(name=ESCALATION)
def escalate(order):
    DBOS.set_event(audit_event(order["gate"]), "escalated")
'''
DISPATCH = """
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from signoff.engine import workflows
from signoff.gates.keys import PARENT_QUEUE, SANDBOX_QUEUE


def start(leg):
    with SetWorkflowID(leg["id"]), SetEnqueueOptions(queue_partition_key=leg["key"]):
        DBOS.enqueue_workflow(PARENT_QUEUE, workflows.run_leg, leg)


def escalate(order):
    DBOS.start_workflow(workflows.escalate, order)


def make_queues():
    for name, at_once in (
        (PARENT_QUEUE, 10),
        (SANDBOX_QUEUE, 5),
    ):
        DBOS.register_queue(name, worker_concurrency=at_once)


def resume(ids, queue_name):
    DBOS.resume_workflows(ids, queue_name=queue_name)
"""
RECORD = """
from signoff.gates.interaction import Interaction

AUTOMATIC_ORIGIN = "engine-dbos"


def record(tx, said, *, origin="manual"):
    tx.insert_interaction(
        Interaction(
            id=said.id,
            origin=origin,
        )
    )


def read(row):
    return Interaction(**row)
"""
QUERIES = """
-- name: insert_interaction
INSERT INTO app.human_interactions (id, origin)
VALUES (:id, :origin);
"""


class Scratch:
    """`path` is the tree's root; places are seen from its package."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for part in PARTS:
            target = path / PACKAGE / part
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / PACKAGE / part, target)
        self.add("__init__.py", "")
        self.add("engine/workflows.py", WORKFLOWS)
        self.add("engine/dispatch.py", DISPATCH)
        self.add("app/record_answer.py", RECORD)
        self.add("ledger/sql/queries.sql", QUERIES)

    def add(self, place: str, text: str) -> int:
        """Text at the end of a file, which is made where there is none; the line on which it begins."""
        target = self.path / PACKAGE / place
        target.parent.mkdir(parents=True, exist_ok=True)
        before = target.read_text("utf-8") if target.exists() else ""
        target.write_text(before + text, "utf-8")
        return before.count("\n") + 1

    def change(self, place: str, old: str, new: str) -> int:
        """One text for another; the line on which it stood."""
        target = self.path / PACKAGE / place
        before = target.read_text("utf-8")
        assert before.count(old) == 1, f"{old!r} stands in {place} {before.count(old)} times"
        target.write_text(before.replace(old, new), "utf-8")
        return _line(before, old)

    def line_of(self, place: str, text: str) -> int:
        return _line((self.path / PACKAGE / place).read_text("utf-8"), text)

    def remove(self, place: str) -> None:
        target = self.path / PACKAGE / place
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()


def _line(whole: str, text: str) -> int:
    return whole[: whole.index(text)].count("\n") + 1
