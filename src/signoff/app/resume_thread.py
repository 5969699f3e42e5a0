"""Resume a graph's thread after a decision: who may do it, and what became of it.

A gate that was asked in a node of a graph has, from its end on, a row in `resumptions`. Whoever resumes the thread
claims all of its due rows at once, under a name that no claim had before; every later write names the claim, so that
whoever has lost it writes nothing. A thread goes on behind a gate under the claim alone, and each time is an entry of
the audit trail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.world import World

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.app.ports.writer import Writer

DUE, DONE, OVERTAKEN, FAILED = "due", "done", "overtaken", "failed"
THREADS_MAX = 50
ERROR_CHARS_MAX = 2_000
BACKOFF_MS, BACKOFF_MS_MAX = 250, 60_000

#: Whether whoever made a claim is alive; None where that cannot be known from here, and the claim has to lapse.
IsAlive = Callable[[str], bool | None]


@dataclass(frozen=True)
class Resumption:
    """A decision on its way into a thread. `checkpoint_id` is where the thread stopped for it; `is_passed` says that
    the gate has let its node go on before, whatever became of that."""

    gate_key: str
    checkpoint_id: str
    attempts: int
    is_passed: bool


@dataclass(frozen=True)
class Claim:
    """The right to resume one thread, and all that is decided and due in it. `id` names this claim and no other."""

    id: str
    workflow_id: str
    thread_id: str
    resumptions: tuple[Resumption, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a resumption: `state` is due (again, at `next_at`), done, overtaken (the thread has gone another
    way and will not come back for it) or failed (the graph raised after the gate; only `retry_thread` goes on)."""

    state: str
    error: str | None = None
    next_at: int = 0


def claim_thread(world: World, claim_id: str, *, lapse_ms: int, is_alive: IsAlive) -> Claim | None:
    """The right to resume a thread that nobody is at work on; None where there is none.

    Args:
        claim_id: a name that no claim had before. It is what `is_alive` is asked about.
        lapse_ms: after this time without `hold_thread` a claim is void, unless its holder is known to be alive.
    """
    lapsed = world.clock() - lapse_ms
    with world.ledger.read() as tx:
        found = tx.due_threads(now=world.clock(), lapsed=lapsed, limit=THREADS_MAX)
        left = [workflow_id for workflow_id, claim in tx.held_threads() if is_alive(claim) is False]
    claims = (_claim(world, one, claim_id, lapsed, is_alive) for one in [*found, *left])
    return next((claim for claim in claims if claim is not None), None)


def hold_thread(world: World, claim: Claim) -> bool:
    """Keep the claim for another while; False where it has gone to somebody else."""
    with world.ledger.write(claim.workflow_id, "hold_thread") as tx:
        return tx.hold_resumptions(claim.workflow_id, claim.id, now=world.clock())


def let_through(world: World, claim: Claim, gate_key: str, *, actor: str) -> bool:
    """Let the node behind a decided gate go on; False where the claim is not, or no longer, one to it."""
    with world.ledger.write(claim.workflow_id, "let_through") as tx:
        now = world.clock()
        row = tx.resumption(claim.workflow_id, gate_key)
        if row is None or not _admits(tx, row, claim, now):
            return False
        body = {
            "threadId": claim.thread_id,
            "checkpointId": row["checkpoint_id"],
            "claim": claim.id,
            "isRepeat": row["passed_at"] is not None,
        }
        tx.append_entry(at=now, actor=actor, event="gate.passed", body=body, gate_key=gate_key)
    return True


def settle_thread(world: World, claim: Claim, outcomes: Mapping[str, Outcome]) -> None:
    """Give the claim up, and say of each gate what became of it. Without the claim nothing is written."""
    with world.ledger.write(claim.workflow_id, "settle_thread") as tx:
        now = world.clock()
        for gate_key, outcome in outcomes.items():
            tx.settle_resumption(
                claim.workflow_id,
                gate_key,
                claim.id,
                state=outcome.state,
                next_at=outcome.next_at or now,
                error=None if outcome.error is None else outcome.error[:ERROR_CHARS_MAX],
                now=now,
            )


def retry_thread(world: World, workflow_id: str) -> int:
    """How many resumptions of this thread had failed, and are due again."""
    with world.ledger.write(workflow_id, "retry_thread") as tx:
        return tx.retry_resumptions(workflow_id, now=world.clock())


def later(now: int, attempts: int, error: str | None = None) -> Outcome:
    """To be looked at again: soon at first, then less and less often."""
    return Outcome(DUE, error, now + min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** min(attempts - 1, 20)))


def _claim(world: World, workflow_id: str, claim_id: str, lapsed: int, is_alive: IsAlive) -> Claim | None:
    """What was found may have been taken since: it is looked at again where the thread has no other writer."""
    with world.ledger.write(workflow_id, "claim_thread") as tx:
        rows, now = tx.due_resumptions(workflow_id), world.clock()
        is_due = any(row["next_at"] <= now for row in rows)
        if not is_due or any(_is_held(row, lapsed, is_alive) for row in rows):
            return None
        tx.claim_resumptions(workflow_id, claim_id, now=now)
    return Claim(claim_id, workflow_id, rows[0]["thread_id"], tuple(_resumptions(rows)))


def _admits(tx: Writer, row: Row, claim: Claim, now: int) -> bool:
    """A gate that is done lets its node go on again where that is run once more for another gate in it."""
    if row["state"] == DONE:
        return row["passed_at"] is not None and tx.hold_resumptions(claim.workflow_id, claim.id, now=now)
    return tx.pass_resumption(claim.workflow_id, row["gate_key"], claim.id, now=now)


def _is_held(row: Row, lapsed: int, is_alive: IsAlive) -> bool:
    if row["claimed_by"] is None:
        return False
    alive = is_alive(row["claimed_by"])
    return bool(row["claimed_at"] > lapsed) if alive is None else alive


def _resumptions(rows: list[Row]) -> Iterator[Resumption]:
    for row in rows:
        yield Resumption(row["gate_key"], row["checkpoint_id"], row["attempts"] + 1, row["passed_at"] is not None)
