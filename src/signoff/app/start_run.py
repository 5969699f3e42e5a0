"""Start the run of an intent, under the plan that its recipe compiles to. Starting it again is a replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from signoff.app.legs import order_leg
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import InvalidInputError, NotFoundError, QueuePolicyError
from signoff.gates.digest import check_storable
from signoff.gates.keys import PARENT_QUEUE
from signoff.plans import plan as plans
from signoff.plans.plan import Plan, plan_digest
from signoff.plans.recipe import RECIPE, compile_default
from signoff.plans.run import Run

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer

PARTITION_KEY_CHARS_MAX = 200
WORKLOAD_BOUNDS = {"concurrency": 100, "steps": 1_000, "sandboxMinutes": 1_440}


@use_case
def start_run(
    world: World,
    *,
    intent_id: str,
    actor: str,
    queue_partition_key: str | None,
    queue_name: str = PARENT_QUEUE,
    recipe: str = RECIPE,
    workload: Mapping[str, int] | None = None,
) -> tuple[Run, bool]:
    """The run, and whether it had been started before.

    `workload` is `{concurrency, steps, sandboxMinutes}`: how many tasks run at once, how many are expected, and how
    many minutes each may take.

    Raises:
        QueuePolicyError, InvalidInputError: nothing is written. NotFoundError: (`intent-not-found`).
    """
    check_storable(intent_id)
    check_queue(world, queue_name, queue_partition_key)
    if recipe != RECIPE:
        raise InvalidInputError(f"There is no recipe {recipe!r}; there is {RECIPE!r}.", code="unknown-recipe")
    limits = check_workload(workload or {})
    with world.ledger.write(intent_id, "start_run") as tx:
        intent = tx.intent(intent_id)
        if intent is None:
            raise NotFoundError(f"There is no intent {intent_id}.", code="intent-not-found")
        started = tx.run(intent_id)
        if started is not None:
            return started, True
        plan = compile_default(
            intent["goal"], intent["constraints"], approval_ttl_s=world.approval_ttl_s, workload=limits
        )
        run = new_run(
            plan,
            workflow_id=intent_id,
            intent_id=intent_id,
            door="intent",
            now=world.clock(),
            queue_partition_key=queue_partition_key,
            requested_by=actor,
        )
        record_start(tx, run)
    return run, False


def record_start(tx: Writer, run: Run, **more: Any) -> None:
    """The run, its first entry (with `more` in it) and the order for its first leg."""
    tx.insert_run(run)
    body = {"recipe": run.recipe, "planDigest": run.plan_digest, "status": run.status.value, **more}
    tx.append_entry(at=run.created_at, actor=str(run.requested_by), event="run.started", body=body)
    order_leg(tx, run, node=str(run.node), now=run.created_at)


def new_run(
    plan: Plan,
    *,
    workflow_id: str,
    intent_id: str | None,
    door: str,
    now: int,
    queue_partition_key: str | None,
    requested_by: str,
    subject: str | None = None,
) -> Run:
    return Run(
        id=workflow_id,
        workflow_id=workflow_id,
        intent_id=intent_id,
        door=door,
        recipe=plan.recipe,
        plan=plans.to_wire(plan),
        plan_digest=plan_digest(plan),
        node=plan.start,
        queue_partition_key=queue_partition_key,
        requested_by=requested_by,
        subject=subject,
        created_at=now,
        updated_at=now,
    )


def check_queue(world: World, queue_name: str, partition_key: str | None) -> None:
    """Parents run on one queue only, and while partitioning is on every run names its partition."""
    if queue_name != PARENT_QUEUE:
        raise QueuePolicyError(
            f"A run starts on the queue {PARENT_QUEUE!r}, not on {queue_name!r}.", details={"queueName": queue_name}
        )
    if world.is_partitioned and not (partition_key or "").strip():
        raise QueuePolicyError("Partitioning is on: name a queuePartitionKey that is not blank.")
    if partition_key is not None:
        check_storable(partition_key)
        if len(partition_key) > PARTITION_KEY_CHARS_MAX:
            raise QueuePolicyError(f"A queuePartitionKey has at most {PARTITION_KEY_CHARS_MAX} characters.")


def check_workload(workload: Mapping[str, int]) -> dict[str, int]:
    unknown = sorted(set(workload) - set(WORKLOAD_BOUNDS))
    if unknown:
        raise InvalidInputError(f"workload.{unknown[0]} is not known.", code="invalid-workload")
    limits = {name: workload.get(name, 1) for name in WORKLOAD_BOUNDS}
    for name, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= WORKLOAD_BOUNDS[name]:
            raise InvalidInputError(
                f"workload.{name} must be an integer from 1 to {WORKLOAD_BOUNDS[name]}.", code="invalid-workload"
            )
    return limits
