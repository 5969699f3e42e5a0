"""Finding: pages without a gap, bounds that are kept, cursors that were not handed out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from spec_run_samples import a_spec_gate, a_spec_run
from use_case_worlds import Clock, open_one, say, start_one, waiting_run

from signoff.app.find import (
    find_artifacts,
    find_entries,
    find_gate,
    find_gate_by_key,
    find_gates,
    find_gates_of,
    find_interactions,
    find_newest_gates,
    find_newest_head,
    find_run,
    find_runs,
    find_steps,
)
from signoff.app.page import Page
from signoff.app.sign_head import HeadSigner
from signoff.app.world import World
from signoff.errors import InvalidInputError, NotFoundError
from signoff.gates.requirement import Actor, Need, Requirement
from signoff.ledger.database import Database

MANY = Requirement(needs=(Need(("*",), 9),))


def walk(find: Callable[[str | None], Page]) -> list[Any]:
    items: list[Any] = []
    cursor: str | None = None
    while True:
        page = find(cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items
        assert page.items


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 200])
def test_every_page_size_shows_everything_once_and_in_order(world: World, clock: Clock, limit: int) -> None:
    runs = []
    for n in range(6):
        runs.append(start_one(world).workflow_id)
        open_one(world, f"gate-{n}", workflow_id="wf-x", ttl_s=60 - n // 2, requirement=MANY)
        say(world, gate_key="gate-0", workflow_id="wf-x", dedupe_key=f"k-{n}", actor=Actor(f"p-{n}"))
        clock.advance_s(n % 2)
    found = walk(lambda cursor: find_runs(world, limit=limit, cursor=cursor))
    assert [run.workflow_id for run in found] == runs[::-1]
    gates = walk(lambda cursor: find_gates(world, limit=limit, cursor=cursor))
    assert len(gates) == len({gate.gate_key for gate in gates}) == 6
    assert [gate.deadline_at for gate in gates] == sorted(gate.deadline_at for gate in gates)
    opened = walk(lambda cursor: find_newest_gates(world, limit=limit, cursor=cursor))
    assert [gate.opened_at for gate in opened] == sorted((gate.opened_at for gate in gates), reverse=True)
    assert {gate.gate_key for gate in opened} == {gate.gate_key for gate in gates}
    assert len(opened) == 6
    said = walk(lambda cursor: find_interactions(world, "wf-x", limit=limit, cursor=cursor))
    assert [one.dedupe_key for one in said] == [f"k-{n}" for n in range(6)]
    entries = walk(lambda cursor: find_entries(world, after=int(cursor or 0), limit=limit))
    with world.ledger.read() as tx:
        assert entries == list(tx.audit.all_entries())


def bad_cursors() -> list[str]:
    values: list[Any] = [
        [],
        {},
        None,
        7,
        "x",
        [1],
        [1, 2],
        ["a", "b"],
        [True, "a"],
        [1.0, "a"],
        [-1, "a"],
        [2**63, "a"],
    ]
    values += [[1, "a\x00"], [1, "\ud800"], [1, "a", "b", "c"], [1, None], [[1], "a"], [1, "a\n"]]
    encoded = [base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=") for value in values]
    plain = [base64.urlsafe_b64encode(raw).decode() for raw in (b"\xff\xfe", b"[1", b"[" * 100_000, b"9" * 5_000)]
    return [*encoded, *plain, "", "a", "!!", "ü", "\x00", "AAAA"]


@pytest.mark.parametrize("cursor", bad_cursors(), ids=lambda cursor: repr(cursor)[:30])
def test_a_cursor_that_was_not_handed_out_is_refused(world: World, cursor: str) -> None:
    finds: list[Callable[[], Page]] = [
        lambda: find_runs(world, cursor=cursor),
        lambda: find_gates(world, cursor=cursor),
        lambda: find_newest_gates(world, cursor=cursor),
        lambda: find_interactions(world, "wf-1", cursor=cursor),
    ]
    for find in finds:
        with pytest.raises(InvalidInputError) as refusal:
            find()
        assert refusal.value.code == "invalid-cursor"


def test_a_limit_is_kept_and_never_guessed(world: World) -> None:
    start_one(world)
    finds: list[tuple[int, Callable[[int], Page]]] = [
        (200, lambda limit: find_runs(world, limit=limit)),
        (200, lambda limit: find_gates(world, limit=limit)),
        (200, lambda limit: find_newest_gates(world, limit=limit)),
        (500, lambda limit: find_interactions(world, "wf-1", limit=limit)),
        (500, lambda limit: find_entries(world, limit=limit)),
    ]
    for limit_max, find in finds:
        for bad in (0, -1, limit_max + 1):
            with pytest.raises(InvalidInputError) as refusal:
                find(bad)
            assert refusal.value.code == "invalid-query"
    assert find_runs(world, limit=200).next_cursor is None


@pytest.mark.parametrize("after", [-1, 2**63])
def test_a_seq_out_of_bounds_is_refused(world: World, after: int) -> None:
    with pytest.raises(InvalidInputError):
        find_entries(world, after=after)


def test_a_word_that_is_not_of_the_vocabulary_is_refused(world: World) -> None:
    finds: list[Callable[[], Page]] = [
        lambda: find_runs(world, status="RUNNING"),
        lambda: find_runs(world, door="window"),
        lambda: find_runs(world, subject=""),
        lambda: find_runs(world, subject="a\x00b"),
        lambda: find_runs(world, subject="x" * 4_097),
        lambda: find_gates(world, state="pending"),
        lambda: find_gates(world, risk="mild"),
    ]
    for find in finds:
        with pytest.raises(InvalidInputError) as refusal:
            find()
        assert refusal.value.code == "invalid-query"


def test_filters_narrow_what_is_found(world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)
    open_one(world, risk_level="high", requirement=Requirement(needs=(Need(("lead",), 1),)))
    assert [one.gate_key for one in find_gates(world, risk="high").items] == ["go-live"]
    assert len(find_gates(world, role="lead").items) == 2
    assert [one.gate_key for one in find_gates(world, role="guest").items] == [gate.gate_key]
    assert find_gates(world, state="RECEIVED").items == []
    assert [one.id for one in find_runs(world, status="WAITING_INPUT").items] == [run.id]
    assert find_runs(world, status="SUCCESS").items == []


def test_runs_are_found_by_what_they_are_about_page_by_page(world: World, clock: Clock) -> None:
    intent = start_one(world)
    for n in range(5):
        clock.advance_s(1)
        a_spec_run(world, f"sp_{n}", spec="docs/a plan ü.md" if n % 2 else "other.md")
    found = walk(lambda cursor: find_runs(world, door="spec", subject="docs/a plan ü.md", limit=1, cursor=cursor))
    assert [run.id for run in found] == ["sp_3", "sp_1"]
    assert [run.id for run in find_runs(world, door="intent").items] == [intent.id]
    assert len(find_runs(world, subject="other.md").items) == 3
    assert find_runs(world, door="story", subject="other.md").items == []


def test_the_newest_gates_are_of_every_state(world: World, clock: Clock) -> None:
    a_spec_run(world, "sp_1")
    a_spec_gate(world, "sp_1")
    clock.advance_s(1)
    open_one(world)
    say(world)
    assert [gate.gate_key for gate in find_newest_gates(world).items] == ["go-live", "g0-of-sp_1"]


def test_a_gate_is_found_by_its_key_alone_where_that_is_unique(world: World) -> None:
    gate = open_one(world)
    assert find_gate_by_key(world, "go-live") == gate
    with pytest.raises(NotFoundError) as missing:
        find_gate_by_key(world, "absent")
    assert missing.value.code == "gate-not-found"
    open_one(world, workflow_id="wf-2")
    with pytest.raises(InvalidInputError, match="wf-1, wf-2") as ambiguous:
        find_gate_by_key(world, "go-live")
    assert ambiguous.value.code == "ambiguous-gate-key"


@pytest.mark.parametrize(
    "workflow_id", ["nowhere", "", "'; DROP TABLE app.runs; --", "%s", "\x00", "\ud800", "x" * 9_999]
)
def test_what_is_not_there_is_said_to_be_missing(world: World, workflow_id: str) -> None:
    finds: list[Callable[[], Any]] = [
        lambda: find_run(world, workflow_id),
        lambda: find_gate(world, workflow_id, "go-live"),
        lambda: find_gates_of(world, workflow_id),
        lambda: find_steps(world, workflow_id),
        lambda: find_artifacts(world, workflow_id),
        lambda: find_interactions(world, workflow_id),
    ]
    for find in finds:
        with pytest.raises((NotFoundError, InvalidInputError)):
            find()


def test_a_workflow_with_gates_needs_no_run(world: World) -> None:
    gate = open_one(world)
    assert find_gates_of(world, "wf-1") == [gate]
    assert find_interactions(world, "wf-1").items == []
    with pytest.raises(NotFoundError) as missing:
        find_gate(world, "wf-1", "absent")
    assert missing.value.code == "gate-not-found"


def test_the_newest_head_is_found_once_one_is_signed(world: World) -> None:
    with pytest.raises(NotFoundError) as missing:
        find_newest_head(world)
    assert missing.value.code == "head-not-found"
    open_one(world)
    head = HeadSigner(world, bytes(32)).sign()
    assert find_newest_head(world) == head
