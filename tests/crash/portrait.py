"""A run as its ledger and the engine tell it, with nothing in it that two undisturbed runs would not share."""

from __future__ import annotations

import json
from typing import Any

from processes import Place

Portrait = dict[str, list[list[Any]]]

QUERIES = {
    "run": "SELECT status, node, last_step, next_action, error, retry_count FROM app.runs WHERE workflow_id = '{id}'",
    "steps": "SELECT step_id, attempt, phase FROM app.run_steps WHERE run_id = '{id}' ORDER BY attempt, step_id",
    "artifacts": "SELECT step_id, task_key, attempt, idx, kind FROM app.artifacts WHERE run_id = '{id}' "
    "ORDER BY attempt, step_id, task_key, idx",
    "gates": "SELECT gate_key, state, decision, decided_by, escalation_level FROM app.human_gates "
    "WHERE workflow_id = '{id}' ORDER BY opened_at",
    "interactions": "SELECT gate_key, topic, dedupe_key, choice, actor, origin FROM app.human_interactions "
    "WHERE workflow_id = '{id}' ORDER BY created_at",
    "entries": "SELECT n, event, actor, gate_key FROM app.audit_entries WHERE workflow_id = '{id}' ORDER BY n",
    "outbox": "SELECT kind, dedupe_key, CASE WHEN done_at IS NULL THEN 'to do' ELSE 'done' END FROM app.outbox "
    "WHERE dedupe_key LIKE '%{id}%' ORDER BY dedupe_key",
    "workflows": "SELECT workflow_uuid, status, queue_name FROM dbos.workflow_status "
    "WHERE workflow_uuid LIKE '%{id}%' ORDER BY workflow_uuid",
    "events": "SELECT workflow_uuid, key FROM dbos.workflow_events WHERE workflow_uuid LIKE '%{id}%' "
    "ORDER BY workflow_uuid, key",
}
IN_TIME = ("run", "steps", "artifacts", "gates", "interactions", "entries")


def take_portrait(place: Place, workflow_id: str) -> Portrait:
    rows = {name: place.rows(query.format(id=workflow_id)) for name, query in QUERIES.items()}
    text = json.dumps(rows).replace(workflow_id, "RUN")
    for number, gate in enumerate(rows["gates"], start=1):
        text = text.replace(gate[0], f"GATE-{number}")
    anonymous: Portrait = json.loads(text)
    # Ids of gates are hashes of their run's: what is ordered by them is in another order for every run.
    return {name: found if name in IN_TIME else sorted(found) for name, found in anonymous.items()}
