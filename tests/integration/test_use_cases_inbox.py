"""What the inbox asks of the ledger, on both databases: whom a gate waits for, pages without a gap, by the index."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from use_case_worlds import Clock, open_one, say, start_one, waiting_run

from signoff.app.expire import expire
from signoff.app.find_inbox import ALL, ENDED, ME, OTHERS, Filters, count_inbox, find_inbox
from signoff.app.search_audit import Wanted, prove_entry, search_audit
from signoff.app.show_gate import show_gate
from signoff.app.show_run import show_run
from signoff.app.sign_head import HeadSigner
from signoff.app.wait_stats import DAY_MS, wait_stats
from signoff.app.world import World
from signoff.errors import InvalidInputError, NotFoundError
from signoff.gates.deadline import Rung
from signoff.gates.requirement import Actor, Need, Requirement
from signoff.ledger.database import Database

ADA = Actor("ada", frozenset({"lead", "ops"}))
EVE = Actor("eve", frozenset())
ROLELESS = Actor("anonymous")


def keys(world: World, actor: Actor = ADA, filters: Filters | None = None, **options: Any) -> list[str]:
    """Of every page."""
    found: list[str] = []
    cursor = None
    while True:
        page = find_inbox(world, actor, filters or Filters(), cursor=cursor, **options)
        found += [row["gate_key"] for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def of_roles(*roles: str, count: int = 1, not_requester: bool = False) -> Requirement:
    return Requirement((Need(roles, count),), not_requester=not_requester)


def test_a_gate_waits_for_whoever_may_still_do_something_about_it(world: World) -> None:
    open_one(world, "anyone")
    open_one(world, "leads", requirement=of_roles("boss", "lead"))
    open_one(world, "bosses", requirement=of_roles("boss"))
    open_one(world, "own", requirement=of_roles("lead", not_requester=True), requested_by="ada")
    open_one(world, "made", requirement=replace(of_roles("lead"), not_by=("zoe", "Ada ")))
    open_one(world, "approved", requirement=of_roles("lead", count=2))
    open_one(world, "deferred", requirement=of_roles("lead"), prompt={"choices": _with_hold()})
    say(world, gate_key="approved", actor=ADA)
    say(world, "later", gate_key="deferred", actor=ADA)
    mine, others = keys(world, who=ME), keys(world, who=OTHERS)
    assert sorted(mine) == ["anyone", "deferred", "leads"]
    assert sorted(others) == ["approved", "bosses", "made", "own"]
    assert sorted(keys(world, who=ALL)) == sorted([*mine, *others])
    assert keys(world, EVE, who=ME) == ["anyone"]
    assert len(keys(world, ROLELESS, who=ME)) == 7, "while nobody has roles everybody has every one"
    counts = count_inbox(world, ADA, Filters())
    assert (counts.open, counts.lists) == (7, {ME: 3, OTHERS: 4, ALL: 7})


def test_filters_are_conditions_all_of_which_hold(world: World, database: Database) -> None:
    open_one(world, "a", title="Deploy 100% of it", risk_level="high")
    open_one(world, "b", title="deploy later", risk_level="low", requirement=of_roles("lead"))
    run, gate = waiting_run(world, database)
    assert keys(world, filters=Filters(risk="high")) == ["a"]
    assert keys(world, filters=Filters(text="DEPLOY")) == ["a", "b"]
    assert keys(world, filters=Filters(text="0%")) == ["a"], "what is typed is no pattern"
    assert keys(world, filters=Filters(text=run.workflow_id[5:].lower())) == [gate.gate_key]
    assert keys(world, filters=Filters(door="intent")) == [gate.gate_key]
    assert keys(world, filters=Filters(door="outside", role="lead", text="later")) == ["b"]
    assert keys(world, filters=Filters(role="ops")) == ["a", gate.gate_key]
    counts = count_inbox(world, EVE, Filters(text="deploy"))
    assert (counts.open, counts.lists) == (3, {ME: 1, OTHERS: 1, ALL: 2})


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_pages_show_everything_once_in_the_order_of_the_deadlines(world: World, clock: Clock, limit: int) -> None:
    for n in range(7):
        open_one(world, f"g-{n}", ttl_s=100 - n // 2, workflow_id=f"wf-{n % 3}")
    expected = [f"g-{n}" for n in (6, 4, 5, 3, 2, 0, 1)]
    assert sorted(keys(world, who=ALL, limit=limit)) == sorted(expected)
    assert keys(world, who=ME, limit=limit)[0] == "g-6"
    assert keys(world, who=ALL, limit=limit) == keys(world, who=ME, limit=limit) == keys(world, who=ALL)
    for n in range(4):
        say(world, gate_key=f"g-{n}", workflow_id=f"wf-{n % 3}")
        clock.advance_s(1)
    ended = keys(world, filters=Filters(state=ENDED), limit=limit)
    assert sorted(ended) == [f"g-{n}" for n in range(4)]
    assert keys(world, filters=Filters(state="RECEIVED")) == ended
    assert keys(world, filters=Filters(state="CANCELLED")) == []


def test_a_role_is_found_by_its_whole_name_whatever_it_is_called(world: World) -> None:
    names = ('lead "the" \\', "lead", "ü-lead", "any_of", "le_d")
    for n, name in enumerate(names):
        open_one(world, f"g-{n}", requirement=of_roles(name))
    for n, name in enumerate(names):
        assert keys(world, Actor("ada", frozenset({name})), who=ME) == [f"g-{n}"]
        assert keys(world, filters=Filters(role=name)) == [f"g-{n}"]


def test_who_may_answer_from_a_step_of_the_ladder_on_is_shown_the_gate_then(world: World, clock: Clock) -> None:
    open_one(world, requirement=of_roles("lead"), ttl_s=10, ladder=(Rung(ttl_s=60, add_roles=("boss",)),))
    boss = Actor("carl", frozenset({"boss"}))
    assert keys(world, boss, who=ME) == []
    clock.advance_s(11)
    expire(world, "wf-1", "go-live")
    assert keys(world, boss, who=ME) == keys(world, filters=Filters(role="boss")) == ["go-live"]


def test_ended_gates_are_counted_as_they_are_found(world: World) -> None:
    for n in range(3):
        open_one(world, f"g-{n}", risk_level="high" if n else None)
        say(world, gate_key=f"g-{n}")
    assert count_inbox(world, ADA, Filters(state=ENDED, risk="high")).lists == {ALL: 2}
    assert count_inbox(world, ADA, Filters(state="TIMED_OUT")).lists == {ALL: 0}


def test_what_is_out_of_bounds_is_refused(world: World) -> None:
    wrong = (
        Filters(state="OPEN"),
        Filters(risk="none"),
        Filters(door="window"),
        Filters(text="x" * 201),
        Filters(role="a\nb"),
    )
    for filters in wrong:
        with pytest.raises(InvalidInputError):
            find_inbox(world, ADA, filters)
    for cursor in ("e30", "WzEsMiwzXQ", "."):
        with pytest.raises(InvalidInputError):
            find_inbox(world, ADA, Filters(), cursor=cursor)
    with pytest.raises(InvalidInputError):
        find_inbox(world, ADA, Filters(), limit=201)


def test_a_page_is_found_by_the_index_and_nothing_is_sorted(world: World, database: Database) -> None:
    """Or the first page of a hundred thousand gates would wait for all of them."""
    filters = dict.fromkeys(("risk", "role", "door", "text", "state"))
    mine = {"who": "me", "actor": "ada", "plain_actor": "ada", "roles": '["lead"]', "limit": 51}
    first = {"after_at": 0, "after_workflow": "", "after_key": ""}
    last = {"before_at": 2**63 - 1, "before_workflow": "", "before_key": ""}
    names: dict[str, tuple[str, dict[str, Any]]] = {
        "inbox_gates": ("human_gates_open", {**filters, **mine, **first}),
        "ended_gates": ("human_gates_ended", {**filters, **last, "limit": 51}),
    }
    for name, (index, given) in names.items():
        plan = _plan(database, name, given)
        assert index in plan, plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE FOR ORDER BY" not in plan, plan


def test_a_gate_is_shown_with_what_the_rules_say_to_the_actor(world: World, database: Database) -> None:
    needs = Requirement((Need(("lead",), 1), Need(("ops",), 1)), not_requester=True)
    open_one(world, requirement=needs, requested_by="bob")
    say(world, actor=Actor("ada", frozenset({"lead"})))
    shown = show_gate(world, "wf-1", "go-live", Actor("bob", frozenset({"ops"})))
    assert shown.places_left == {"ops": 1}
    assert shown.why_not_answer is None
    assert shown.why_not_approve is not None
    assert [entry.event for entry in shown.entries] == ["gate.opened", "gate.approved"]
    assert [one.actor for one in shown.answers] == ["ada"]
    assert show_gate(world, "wf-1", "go-live", EVE).why_not_answer is not None
    run, gate = waiting_run(world, database)
    assert show_gate(world, run.workflow_id, gate.gate_key, ADA).run is not None


def test_a_run_is_shown_with_what_it_did_and_a_workflow_with_its_gates(world: World, database: Database) -> None:
    run, _ = waiting_run(world, database)
    shown = show_run(world, run.workflow_id)
    assert ({row["step_id"] for row in shown.steps}, len(shown.gates)) == ({"CompileST", "ApplyPatchST"}, 1)
    open_one(world, workflow_id="theirs")
    theirs = show_run(world, "theirs")
    assert (theirs.run, len(theirs.gates)) == (None, 1)
    assert show_run(world, start_one(world).workflow_id).gates == []
    with pytest.raises(NotFoundError):
        show_run(world, "nothing")


def test_the_trail_is_searched_newest_first(world: World) -> None:
    for n in range(4):
        open_one(world, f"g-{n}", workflow_id=f"wf-{n % 2}")
    say(world, gate_key="g-3", workflow_id="wf-1", actor=Actor("grace"))
    first = search_audit(world, Wanted(), limit=3)
    second = search_audit(world, Wanted(), before=int(first.next_cursor or 0), limit=3)
    assert [entry.seq for entry in [*first.items, *second.items]] == [5, 4, 3, 2, 1]
    assert second.next_cursor is None
    assert [entry.seq for entry in search_audit(world, Wanted(workflow_id="wf-1", event="gate.opened")).items] == [4, 2]
    assert [entry.seq for entry in search_audit(world, Wanted(actor="grace", gate_key="g-3")).items] == [5]
    for wanted in (Wanted(workflow_id="a b"), Wanted(gate_key="A"), Wanted(actor="\n"), Wanted(event="x" * 65)):
        with pytest.raises(InvalidInputError):
            search_audit(world, wanted)


def test_an_entry_is_proved_by_its_hash_its_chain_and_the_oldest_head_over_it(world: World) -> None:
    signer = HeadSigner(world, b"k" * 32)
    for n in range(3):
        open_one(world, f"g-{n}")
    signer.sign()
    open_one(world, "g-3")
    newer = prove_entry(world, 4)
    assert (newer.is_sound, newer.is_linked, newer.head, newer.is_covered) == (True, True, None, None)
    signer.sign()
    older = prove_entry(world, 2)
    assert older.head is not None
    assert (older.head.tree_size, older.place, older.is_covered) == (3, 1, True)
    assert prove_entry(world, 4).is_covered
    for seq in (0, 5, 2**70):
        with pytest.raises(NotFoundError):
            prove_entry(world, seq)


def test_waits_are_of_people_and_days_without_a_decision_are_there_too(world: World, clock: Clock) -> None:
    assert wait_stats(world).by_gate == ()
    for n, wait_s in enumerate((10, 20, 60)):
        open_one(world, f"review-{n:016x}", ttl_s=600)
        clock.advance_s(wait_s)
        say(world, gate_key=f"review-{n:016x}", actor=Actor("ada", frozenset({"lead"})))
    open_one(world, "by-policy", automatic="policy:low")
    clock.now += DAY_MS
    open_one(world, "late", ttl_s=1)
    clock.now += 3_000
    expire(world, "wf-1", "late")
    stats = wait_stats(world)
    [gates] = stats.by_gate
    assert (gates.name, gates.count, gates.median_ms, gates.longest_ms) == ("review", 3, 20_000, 60_000)
    assert [one.name for one in stats.by_role] == ["anyone"]
    assert len(stats.by_day) == 30
    days = dict(stats.by_day)
    today = clock.now // DAY_MS
    assert (days[today - 1]["approved"], days[today]["timeout"], days[today - 2]["approved"]) == (4, 1, 0)


def _with_hold() -> list[dict[str, str]]:
    return [
        {"key": "yes", "label": "Yes", "effect": "approve"},
        {"key": "later", "label": "Later", "effect": "hold"},
    ]


def _plan(database: Database, name: str, given: dict[str, Any]) -> str:
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    with database.connect() as connection:
        if database.dialect == "postgres":
            # Of so few rows it would read them all, whatever indexes there are.
            for way in ("seqscan", "bitmapscan", "sort"):
                connection.execute(f"SET enable_{way} = off")
        rows = connection.execute(explain + database.queries[name], given).fetchall()
    return "\n".join(str(dict(row)) for row in rows)
