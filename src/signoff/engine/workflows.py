"""The durable functions: a leg, a task of a fan-out, an escalation.

A leg is one DBOS step, its walk, and one more behind each fan-out. Which steps there are depends only on what earlier
ones returned, so that DBOS can replay them; what a walk has done before the crash it finds in the ledger. A step for
each node would cost two transactions of the engine each and keep nothing that the ledger does not have. A ledger that
cannot be reached is waited for: it is not the run's failure. Anything unforeseen ends the run as ERROR rather than
leaving it between two states.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from signoff.app import advance_run
from signoff.app.advance_run import Stop
from signoff.app.legs import CONTINUE, Leg, LegInterrupted, leg_from_wire
from signoff.app.spans import is_traced, span
from signoff.engine.context import current
from signoff.errors import LedgerUnavailableError
from signoff.gates.decision import audit_to_wire
from signoff.gates.keys import SANDBOX_QUEUE, audit_event, sandbox_id

LEDGER_RETRY_S = 1.0
TASK_POLL_S = 0.1
#: Under which the engine knows what is ours among all that it runs.
LEG, TASK, ESCALATION = "signoff.leg", "signoff.task", "signoff.escalation"
NAMES = (LEG, TASK, ESCALATION)

Wire = Mapping[str, Any]
T = TypeVar("T")

_log = logging.getLogger("signoff.engine")


@DBOS.workflow(name=LEG, max_recovery_attempts=None)
def run_leg(order: Wire) -> str | None:
    """Walk from a node to the next gate or the end; the id of the last node that was done."""
    with span("leg", parent=_trace_of(order)):
        return _legwork(order)


def _legwork(order: Wire) -> str | None:
    stop = _walk(order)
    while "tasks" in stop:
        stop = _walk_on(order, stop, _run_tasks(order, stop))
    last: str | None = stop["last"]
    return last


@DBOS.workflow(name=TASK, max_recovery_attempts=None)
def run_task(order: Wire, node_id: str, task: Wire) -> Wire:
    """Not a step within its workflow: both would be done again after the same deaths."""
    with span("task", parent=_trace_of(order)):
        return _do_task(order, node_id, task)


@DBOS.workflow(name=ESCALATION, max_recovery_attempts=None)
def escalate(order: Wire) -> Wire:
    """Publish that a gate climbed its ladder or timed out, under this escalation's own id."""
    event = audit_to_wire(order["event"], order["at"], actor="deadline")
    DBOS.set_event(audit_event(order["gateKey"]), event)
    _log.warning("%s: gate %s of %s", order["event"], order["gateKey"], order["workflowId"])
    return event


@DBOS.step(name="walk")
def _walk(order: Wire) -> Stop:
    return _guarded(order, lambda leg: advance_run.walk(current().world, current().steps, leg, DBOS.set_event))


@DBOS.step(name="walk_on")
def _walk_on(order: Wire, stop: Stop, results: Sequence[Wire]) -> Stop:
    return _guarded(
        order, lambda leg: advance_run.walk_on(current().world, current().steps, leg, DBOS.set_event, stop, results)
    )


def _do_task(order: Wire, node_id: str, task: Wire) -> Wire:
    broke = {
        "key": task["key"],
        "status": "failed",
        "error": "it broke in an unforeseen way; the worker's log says how",
    }
    return _waiting_for_ledger(
        lambda: advance_run.do_task(current().world, current().steps, leg_from_wire(order), node_id, task),
        otherwise=lambda _: broke,
    )


def _run_tasks(order: Wire, stop: Stop) -> list[Wire]:
    """As children, as many at once as the workload says; their results in the order of the tasks."""
    results: list[Wire] = []
    for some in _in_batches(stop["tasks"], stop["concurrency"]):
        handles = []
        for task in some:
            child = sandbox_id(order["workflow_id"], task["key"], order["attempt"])
            key = current().partition_key(order["partition_key"])
            with SetWorkflowID(child), SetEnqueueOptions(queue_partition_key=key):
                handles.append(DBOS.enqueue_workflow(SANDBOX_QUEUE, run_task, order, stop["last"], task))
        results.extend(handle.get_result(polling_interval_sec=TASK_POLL_S) for handle in handles)
    return results


def _trace_of(order: Wire) -> str | None:
    """The trace in which this leg was ordered: that of the decision which let it through."""
    if not is_traced():
        return None
    try:
        with current().world.ledger.read() as tx:
            return tx.order_trace(f"{CONTINUE}:{order['id']}")
    except LedgerUnavailableError:
        # The leg waits for it; its trace is not worth that.
        return None


def _in_batches(tasks: Sequence[Wire], size: int) -> list[Sequence[Wire]]:
    return [tasks[start : start + size] for start in range(0, len(tasks), size)]


def _guarded(order: Wire, walked: Callable[[Leg], Stop]) -> Stop:
    leg = leg_from_wire(order)

    def give_up(error: Exception) -> Stop:
        advance_run.fail_leg(current().world, leg, f"{type(error).__name__}: {error}")
        return {"last": None}

    return _waiting_for_ledger(lambda: walked(leg), otherwise=give_up)


def _waiting_for_ledger(do: Callable[[], T], *, otherwise: Callable[[Exception], T]) -> T:
    """`do` as often as the ledger needs to come back; `otherwise` for what nobody foresaw."""
    while True:
        try:
            return do()
        except LedgerUnavailableError as error:
            _log.warning("waiting for the ledger: %s", error.message)
        except Exception as error:  # noqa: BLE001
            # The one wide catch: whatever a step throws, its run must not stay between two states.
            _log.exception("a step broke")
            return otherwise(error)
        if current().stopping.wait(LEDGER_RETRY_S):
            raise LegInterrupted
