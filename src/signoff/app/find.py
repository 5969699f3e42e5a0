"""Find what is in the ledger: the reads that every surface shares, with their bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from signoff.app.page import PAGE_DEFAULT, PAGE_MAX, ROWS_MAX, Page, check_limit, page_of, read_cursor
from signoff.errors import InvalidInputError, NotFoundError
from signoff.gates.gate import RISK_LEVELS, State
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.plans.run import Status

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.app.ports.reader import Reader
    from signoff.app.world import World
    from signoff.audit.entry import Entry
    from signoff.audit.head import Head
    from signoff.gates.gate import Gate
    from signoff.gates.interaction import Interaction
    from signoff.plans.run import Run

SUBJECT_CHARS_MAX = 4_096
DOORS = ("intent", "spec", "story", "mission")
DELIVERY_STATES = ("pending", "sent", "given-up")


def find_run(world: World, workflow_id: str) -> Run:
    check_workflow_id(workflow_id)
    with world.ledger.read() as tx:
        return the_run(tx, workflow_id)


def the_run(tx: Reader, workflow_id: str) -> Run:
    run = tx.run(workflow_id)
    if run is None:
        raise NotFoundError(f"There is no run {workflow_id[:200]}.", code="run-not-found")
    return run


def find_runs(
    world: World,
    *,
    status: str | None = None,
    door: str | None = None,
    subject: str | None = None,
    limit: int = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page:
    """Newest first. `subject` is what a run is about under its door: a spec's path, a story's id."""
    check_word("status", status, [one.value for one in Status])
    check_word("door", door, DOORS)
    _check_subject(subject)
    check_limit(limit, PAGE_MAX)
    before = read_cursor(cursor, int, str)
    with world.ledger.read() as tx:
        found = tx.runs(status=status, door=door, subject=subject, before=before, limit=limit + 1)
    return page_of(found, limit, lambda run: (run.created_at, run.id))


def find_gate(world: World, workflow_id: str, gate_key: str) -> Gate:
    check_workflow_id(workflow_id)
    check_gate_key(gate_key)
    with world.ledger.read() as tx:
        return the_gate(tx, workflow_id, gate_key)


def the_gate(tx: Reader, workflow_id: str, gate_key: str) -> Gate:
    """
    Raises:
        NotFoundError: `run-not-found` where nothing is known of the workflow, else `gate-not-found`.
    """
    gate = tx.gate(workflow_id, gate_key)
    if gate is not None:
        return gate
    if tx.run(workflow_id) is None and not tx.gates_of(workflow_id):
        raise NotFoundError(f"There is no run {workflow_id[:200]}.", code="run-not-found")
    raise NotFoundError(f"{workflow_id} has no gate {gate_key}.", code="gate-not-found")


def find_gate_by_key(world: World, gate_key: str) -> Gate:
    """A gate by its key alone, where that is unique."""
    check_gate_key(gate_key)
    with world.ledger.read() as tx:
        found = tx.gates_named(gate_key)
    if not found:
        raise NotFoundError(f"There is no gate {gate_key}.", code="gate-not-found")
    if len(found) > 1:
        names = ", ".join(gate.workflow_id for gate in found[:5])
        raise InvalidInputError(
            f"{len(found)} workflows have a gate {gate_key}; name one of them: {names}.", code="ambiguous-gate-key"
        )
    return found[0]


def find_gates_of(world: World, workflow_id: str) -> list[Gate]:
    """The gates of one run or workflow, in opening order."""
    check_workflow_id(workflow_id)
    with world.ledger.read() as tx:
        gates = tx.gates_of(workflow_id)
        if not gates:
            the_run(tx, workflow_id)
    return gates


def find_gates(
    world: World,
    *,
    state: str | None = State.PENDING.value,
    role: str | None = None,
    risk: str | None = None,
    limit: int = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page:
    """The inbox: soonest deadline first; without a state, every gate."""
    check_word("state", state, [one.value for one in State])
    check_word("risk", risk, RISK_LEVELS)
    check_limit(limit, PAGE_MAX)
    after = read_cursor(cursor, int, str, str)
    with world.ledger.read() as tx:
        found = tx.gates(state=state, role=role, risk=risk, after=after, limit=limit + 1)
    return page_of(found, limit, lambda gate: (gate.deadline_at, gate.workflow_id, gate.gate_key))


def find_newest_gates(world: World, *, limit: int = PAGE_DEFAULT, cursor: str | None = None) -> Page:
    """Gates in every state, last opened first."""
    check_limit(limit, PAGE_MAX)
    before = read_cursor(cursor, int, str, str)
    with world.ledger.read() as tx:
        found = tx.newest_gates(before=before, limit=limit + 1)
    return page_of(found, limit, lambda gate: (gate.opened_at, gate.workflow_id, gate.gate_key))


def find_steps(world: World, workflow_id: str) -> list[Row]:
    check_workflow_id(workflow_id)
    with world.ledger.read() as tx:
        return tx.steps(the_run(tx, workflow_id).id)


def find_artifacts(world: World, workflow_id: str) -> list[Row]:
    check_workflow_id(workflow_id)
    with world.ledger.read() as tx:
        return tx.artifacts(the_run(tx, workflow_id).id)


def find_interactions(world: World, workflow_id: str, *, limit: int = PAGE_DEFAULT, cursor: str | None = None) -> Page:
    check_workflow_id(workflow_id)
    check_limit(limit, ROWS_MAX)
    after = read_cursor(cursor, int, str)
    with world.ledger.read() as tx:
        found = tx.interactions(workflow_id, after=after, limit=limit + 1)
        if not found and not tx.gates_of(workflow_id):
            the_run(tx, workflow_id)
    key: Callable[[Interaction], tuple[Any, ...]] = lambda one: (one.created_at, one.id)  # noqa: E731
    return page_of(found, limit, key)


def find_entries(world: World, *, workflow_id: str | None = None, after: int = 0, limit: int = PAGE_DEFAULT) -> Page:
    """Audit entries in the order of their seq; the cursor is the last seq of the page."""
    if workflow_id is not None:
        check_workflow_id(workflow_id)
    check_limit(limit, ROWS_MAX)
    if not 0 <= after < 2**63:
        raise InvalidInputError("after is the seq of an entry, from 0.", code="invalid-cursor")
    with world.ledger.read() as tx:
        found: list[Entry] = tx.audit.entries(workflow_id=workflow_id, after=after, limit=limit + 1)
    items = found[:limit]
    return Page(items, str(items[-1].seq) if len(found) > limit else None)


def find_deliveries(
    world: World, *, state: str | None = None, limit: int = PAGE_DEFAULT, cursor: str | None = None
) -> Page:
    """Notices and whom they went to, as rows of `app.deliveries`, newest first."""
    check_word("state", state, DELIVERY_STATES)
    check_limit(limit, ROWS_MAX)
    before = read_cursor(cursor, int, str)
    with world.ledger.read() as tx:
        found = tx.deliveries(state=state, before=before, limit=limit + 1)
    return page_of(found, limit, lambda row: (row["created_at"], row["id"]))


def find_newest_seq(world: World) -> int:
    """Where the audit trail ends; 0 before its first entry."""
    with world.ledger.read() as tx:
        return tx.audit.newest_seq()


def find_newest_head(world: World) -> Head:
    with world.ledger.read() as tx:
        head = tx.audit.newest_head()
    if head is None:
        why = "No head has been signed yet; a worker signs one soon after entries arrive."
        raise NotFoundError(why, code="head-not-found")
    return head


def check_word(name: str, value: str | None, words: Sequence[str]) -> None:
    if value is not None and value not in words:
        raise InvalidInputError(f"{name} is one of {', '.join(words)}, not {value[:80]!r}.", code="invalid-query")


def _check_subject(subject: str | None) -> None:
    if subject is None or (len(subject) <= SUBJECT_CHARS_MAX and subject.isprintable() and subject.strip()):
        return
    raise InvalidInputError(f"subject is 1 to {SUBJECT_CHARS_MAX} printable characters.", code="invalid-query")


def outputs_of(steps: Sequence[Row], attempt: int) -> dict[str, Mapping[str, Any]]:
    """The newest recorded output of each step, up to an attempt."""
    newest = sorted((row for row in steps if row["attempt"] <= attempt), key=lambda row: int(row["attempt"]))
    return {row["step_id"]: row["output"] for row in newest}
