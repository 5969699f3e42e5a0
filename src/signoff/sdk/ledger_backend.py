"""The verbs on a ledger at hand: each one use case.

Use cases are imported when they are called: a command that lists gates should not wait for those that write.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from signoff.app import find
from signoff.app.views import gate_view, inbox_view, interaction_view, page_view, row_view, run_view
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates import requirement as requirements
from signoff.gates.gate import Gate
from signoff.gates.keys import PARENT_QUEUE, check_gate_key, check_workflow_id
from signoff.gates.name import check_actor_name
from signoff.gates.requirement import Actor
from signoff.sdk.backend import Wire

if TYPE_CHECKING:
    from signoff.app.open_gate import OnDecision

#: Not every decision rings the ledger's bell on Postgres, so that a waiting reader also looks by itself.
LOOK_S = 1.0

_GATE_MEMBERS = {"payload", "requirement", "requestedBy", "riskLevel", "onDecision"}
_RUN_MEMBERS = {"queueName", "queuePartitionKey", "recipeName", "workload"}


class LedgerBackend:
    def __init__(self, world: World, *, actor: str) -> None:
        self._world = world
        self._name = actor

    @property
    def world(self) -> World:
        return self._world

    @property
    def _actor(self) -> Actor:
        """Whoever acts, in the roles that they have at this moment."""
        from signoff.app.sign_in import act_as

        return act_as(self._world, self._name)

    def _acting_as(self, name: str | None) -> Actor:
        """Whom a body names, else whoever acts."""
        from signoff.app.sign_in import act_as

        return self._actor if name is None else act_as(self._world, check_actor_name(name))

    def now(self) -> int:
        return self._world.clock()

    def gates(self, state: str | None, role: str | None, risk: str | None, limit: int, cursor: str | None) -> Wire:
        page = find.find_gates(self._world, state=state, role=role, risk=risk, limit=limit, cursor=cursor)
        now = self._world.clock()
        return page_view([inbox_view(gate, now) for gate in page.items], page.next_cursor)

    def newest_gates(self, limit: int, cursor: str | None) -> Wire:
        page = find.find_newest_gates(self._world, limit=limit, cursor=cursor)
        return page_view([gate_view(gate) for gate in page.items], page.next_cursor)

    def gate(self, workflow_id: str, gate_key: str, timeout_s: float | None = None) -> Wire:
        check_gate_key(gate_key)
        check_workflow_id(workflow_id)
        if timeout_s is None:
            return gate_view(find.find_gate(self._world, workflow_id, gate_key))
        gate = self._look(workflow_id, gate_key)
        if not gate.is_final and timeout_s > 0:
            gate = self._wait(workflow_id, gate_key, time.monotonic() + timeout_s)
        return gate_view(gate)

    def gate_by_key(self, gate_key: str) -> Wire:
        return gate_view(find.find_gate_by_key(self._world, gate_key))

    def gates_of(self, workflow_id: str) -> list[Wire]:
        return [gate_view(gate) for gate in find.find_gates_of(self._world, check_workflow_id(workflow_id))]

    def open_gate(self, body: Mapping[str, Any]) -> Wire:
        from signoff.app.open_gate import open_gate

        _check_members(body, {"workflowId", "gateKey", "prompt", "ttlS"}, _GATE_MEMBERS)
        gate, is_replay = open_gate(
            self._world,
            workflow_id=body["workflowId"],
            gate_key=body["gateKey"],
            prompt=body["prompt"],
            ttl_s=body["ttlS"],
            actor=self._actor.name,
            payload=body.get("payload"),
            requirement=requirements.from_wire(body.get("requirement") or {}),
            requested_by=body.get("requestedBy"),
            risk_level=body.get("riskLevel"),
            on_decision=_on_decision(body.get("onDecision")),
        )
        return {**gate_view(gate), "isReplay": is_replay}

    def reply(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        from signoff.app.reply import reply

        _check_members(body, {"payload", "dedupeKey"}, {"origin", "promptDigest"})
        answered = reply(
            self._world,
            workflow_id=check_workflow_id(workflow_id),
            gate_key=gate_key,
            payload=body["payload"],
            dedupe_key=body["dedupeKey"],
            actor=self._actor,
            origin=body.get("origin", "manual"),
            prompt_digest=body.get("promptDigest"),
        )
        return {"ok": True, "isReplay": answered.is_replay, "receipt": answered.receipt.to_wire()}

    def close_gate(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        from signoff.app.close_gate import close_gate

        _check_members(body, {"reason"}, {"interactionId"})
        gate = close_gate(
            self._world,
            workflow_id=check_workflow_id(workflow_id),
            gate_key=gate_key,
            actor=self._actor.name,
            reason=body["reason"],
            interaction_id=body.get("interactionId"),
        )
        return gate_view(gate)

    def override(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        from signoff.app.override_gate import override_gate

        _check_members(body, {"reason"}, {"fields", "promptDigest"})
        receipt = override_gate(
            self._world,
            workflow_id=check_workflow_id(workflow_id),
            gate_key=gate_key,
            actor=self._actor,
            reason=body["reason"],
            fields=body.get("fields"),
            prompt_digest=body.get("promptDigest"),
        )
        return {"ok": True, "receipt": receipt.to_wire()}

    def assess(self, task: Any) -> Wire:
        from signoff.app.assess import assess
        from signoff.policy.risk import to_wire

        return to_wire(assess(self._world, task))

    def gate_stats(self) -> Wire:
        from signoff.app.gate_stats import gate_stats

        return gate_stats(self._world)

    def request_workflow(self, body: Mapping[str, Any]) -> Wire:
        from signoff.app.find_workflows import requested_view
        from signoff.app.request_workflow import request_workflow

        _check_members(body, {"task", "requested_by"}, {"callback_url"})
        requested = request_workflow(
            self._world,
            task=body["task"],
            requested_by=body["requested_by"],
            actor=self._actor.name,
            callback_url=body.get("callback_url"),
        )
        return requested_view(requested)

    def pending_workflows(self, role: str | None, limit: int) -> Wire:
        from signoff.app.find_workflows import find_pending_workflows

        return find_pending_workflows(self._world, role=role, limit=limit)

    def approve_workflow(self, workflow_id: str, body: Mapping[str, Any]) -> Wire:
        from signoff.app.answer_workflow import approve_workflow, approved_view

        _check_members(body, set(), {"approved_by", "justification"})
        actor, why = self._acting_as(body.get("approved_by")), body.get("justification")
        return approved_view(approve_workflow(self._world, workflow_id=workflow_id, actor=actor, justification=why))

    def reject_workflow(self, workflow_id: str, body: Mapping[str, Any]) -> Wire:
        from signoff.app.answer_workflow import reject_workflow, rejected_view

        _check_members(body, {"reason"}, {"rejected_by"})
        actor = self._acting_as(body.get("rejected_by"))
        return rejected_view(reject_workflow(self._world, workflow_id=workflow_id, actor=actor, reason=body["reason"]))

    def workflow(self, workflow_id: str) -> Wire:
        from signoff.app.find_workflows import find_workflow

        return find_workflow(self._world, workflow_id)

    def create_intent(self, goal: str, inputs: Mapping[str, Any], constraints: Mapping[str, Any]) -> str:
        from signoff.app.create_intent import create_intent

        return create_intent(self._world, goal=goal, inputs=inputs, constraints=constraints, actor=self._actor.name)

    def start_run(self, body: Mapping[str, Any]) -> Wire:
        from signoff.app.start_run import start_run
        from signoff.plans.recipe import RECIPE

        _check_members(body, {"intentId"}, _RUN_MEMBERS)
        run, is_replay = start_run(
            self._world,
            intent_id=body["intentId"],
            actor=self._actor.name,
            queue_partition_key=body.get("queuePartitionKey"),
            queue_name=body.get("queueName", PARENT_QUEUE),
            recipe=body.get("recipeName", RECIPE),
            workload=body.get("workload"),
        )
        return {**run_view(run), "isReplay": is_replay}

    def run(self, workflow_id: str) -> Wire:
        return run_view(find.find_run(self._world, check_workflow_id(workflow_id)))

    def runs(
        self, status: str | None, limit: int, cursor: str | None, *, door: str | None = None, subject: str | None = None
    ) -> Wire:
        page = find.find_runs(self._world, status=status, door=door, subject=subject, limit=limit, cursor=cursor)
        return page_view([run_view(run) for run in page.items], page.next_cursor)

    def cancel_run(self, workflow_id: str, reason: str | None = None) -> Wire:
        from signoff.app.cancel_run import cancel_run

        workflow_id = check_workflow_id(workflow_id)
        return run_view(cancel_run(self._world, workflow_id=workflow_id, actor=self._actor.name, reason=reason))

    def retry_run(self, workflow_id: str) -> Wire:
        from signoff.app.retry_run import retry_run

        return run_view(retry_run(self._world, workflow_id=check_workflow_id(workflow_id), actor=self._actor.name))

    def steps(self, workflow_id: str) -> list[Wire]:
        return [row_view(row) for row in find.find_steps(self._world, check_workflow_id(workflow_id))]

    def artifacts(self, workflow_id: str) -> list[Wire]:
        return [row_view(row) for row in find.find_artifacts(self._world, check_workflow_id(workflow_id))]

    def interactions(self, workflow_id: str, limit: int, cursor: str | None) -> Wire:
        page = find.find_interactions(self._world, check_workflow_id(workflow_id), limit=limit, cursor=cursor)
        return page_view([interaction_view(one) for one in page.items], page.next_cursor)

    def entries(self, workflow_id: str | None, after: int, limit: int) -> Wire:
        from signoff.audit import entry as entries

        page = find.find_entries(self._world, workflow_id=workflow_id, after=after, limit=limit)
        return page_view([entries.to_wire(entry) for entry in page.items], page.next_cursor)

    def head(self) -> Wire:
        from signoff.audit import head as heads

        return heads.to_wire(find.find_newest_head(self._world))

    def _wait(self, workflow_id: str, gate_key: str, ends_at: float) -> Gate:
        with self._world.ledger.watch() as watch:
            while True:
                gate = self._look(workflow_id, gate_key)
                left_s = ends_at - time.monotonic()
                if gate.is_final or left_s <= 0:
                    return gate
                until_deadline_s = max(0.0, (gate.deadline_at - self._world.clock()) / 1000)
                watch.wait(min(left_s, until_deadline_s, LOOK_S))

    def _look(self, workflow_id: str, gate_key: str) -> Gate:
        """Whoever waits ends a gate whose time is over: no worker may be alive to do it."""
        from signoff.app.expire import expire_if_due

        expire_if_due(self._world, workflow_id, gate_key)
        return find.find_gate(self._world, workflow_id, gate_key)


def _on_decision(wire: Any) -> OnDecision | None:
    from signoff.app.open_gate import OnDecision

    if wire is None:
        return None
    _check_members(wire, {"kind"}, {"url", "topic", "threadId", "checkpointId"})
    return OnDecision(wire["kind"], wire.get("url"), wire.get("topic"), wire.get("threadId"), wire.get("checkpointId"))


def _check_members(body: Any, required: set[str], optional: set[str]) -> None:
    """The members that the HTTP API takes, and no others: a misspelled one would be an instruction not kept."""
    if not isinstance(body, Mapping):
        raise InvalidInputError("This request cannot be taken: an object is missing in it.", code="invalid-body")
    wrong = sorted(required - body.keys()) or sorted(body.keys() - required - optional)
    if wrong:
        why = "is missing" if wrong[0] in required else "is not known"
        raise InvalidInputError(f"This request cannot be taken: {wrong[0]} {why}.", code="invalid-body")
