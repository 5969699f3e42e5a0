"""Which notices the events of a gate cause, and what becomes of them on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from ledger_databases import T0, dump, query_sql, run_sql
from use_case_worlds import ADA, BOB, Clock, notices, open_one, say, waiting_run

from signoff.app.add_principal import add_principal
from signoff.app.cancel_run import cancel_run
from signoff.app.create_token import create_token
from signoff.app.deliver_notice import Notice, Notices, deliver_notice, record_failure
from signoff.app.find import find_deliveries
from signoff.app.open_gate import make_gate, record_gate
from signoff.app.ports import Row
from signoff.app.record_answer import OVERRIDDEN, given, record_answer
from signoff.app.retry_delivery import retry_deliveries, retry_delivery
from signoff.app.route_notice import Route, Target, route_notices
from signoff.app.sweep_deadlines import sweep_deadlines
from signoff.app.world import World
from signoff.errors import ConflictError, DeliveryError, InvalidInputError, NotFoundError
from signoff.gates.deadline import Rung
from signoff.gates.gate import override
from signoff.gates.prompt import build_prompt
from signoff.gates.reply import read_reply
from signoff.gates.requirement import OVERRIDE_ROLE, Actor, Need, Requirement
from signoff.gates.token import token_hash
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger
from signoff.notify.facts import facts_of

MAIL, CHAT = Target("mail", "ada@example.org"), Target("chat", "#ops")


@dataclass
class Post:
    """A channel that keeps what it is given, and fails as often as it is told to."""

    failures: int = 0
    retry_after_s: int | None = None
    told: list[tuple[Notice, str, Sequence[str]]] = field(default_factory=list)

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        if self.failures:
            self.failures -= 1
            raise DeliveryError("nobody is there", retry_after_s=self.retry_after_s)
        self.told.append((notice, target, list(earlier)))
        return f"ref-{len(self.told)}"


def make_notices(post: Post, *routes: Route, attempts_max: int = 3) -> Notices:
    return Notices(routes or (Route((MAIL,)),), {"mail": post, "chat": post}, attempts_max, lambda: 0.0)


def relay(world: World, database: Database, *routes: Route) -> None:
    """What the relay does with the notices that there are."""
    ledger = SqlLedger(database)
    rows = ledger.claim_outbox(now=world.clock(), worker="w-1", lapse_ms=1_000, limit=50)
    told = [row for row in rows if row["kind"] == "notify"]
    route_notices(world, ledger, told, routes, now=world.clock())


def deliver(world: World, database: Database, notices: Notices) -> list[Row]:
    """What the courier does once with each target: the rows that it took."""
    ledger = SqlLedger(database)
    now = world.clock()
    rows = ledger.claim_deliveries(ledger.due_targets(now=now, lapse_ms=9_000), now=now, worker="w-1", lapse_ms=9_000)
    for row in rows:
        try:
            deliver_notice(world, ledger, notices, row)
        except DeliveryError as error:
            record_failure(world, ledger, notices, row, error)
    return rows


def the_delivery(database: Database) -> Row:
    [row] = dump(database, "deliveries")["deliveries"]
    return row


# Which notices there are


def test_a_gate_that_is_opened_and_decided_causes_a_notice_each(world: World, database: Database) -> None:
    open_one(world)
    assert notices(database) == ["gate.opened"]
    say(world)
    assert notices(database) == ["gate.opened", "gate.decided"]
    say(world)
    assert notices(database) == ["gate.opened", "gate.decided"]


def test_what_leaves_a_gate_as_it_is_causes_none(world: World, database: Database) -> None:
    open_one(world, requirement=Requirement(needs=(Need(("*",), 2),)))
    open_one(world, requirement=Requirement(needs=(Need(("*",), 2),)))
    say(world, actor=ADA)
    assert notices(database) == ["gate.opened"]
    say(world, actor=BOB, dedupe_key="k-2")
    assert notices(database) == ["gate.opened", "gate.decided"]


def test_every_rung_of_a_ladder_and_its_end_causes_a_notice(world: World, database: Database, clock: Clock) -> None:
    requirement = Requirement(needs=(Need(("lead",), 1),))
    gate = make_gate(
        workflow_id="wf-1",
        gate_key="go-live",
        run_id=None,
        prompt=build_prompt({"title": "Go?"}, requirement=requirement, ttl_s=60, now=T0),
        requirement=requirement,
        requested_by=None,
        ladder=(Rung(60, ("cto",)), Rung(60, ("board",))),
        on_decision={"kind": "none"},
    )
    with world.ledger.write("wf-1", "test") as tx:
        record_gate(tx, gate, actor="opener")
    for _ in range(4):
        clock.advance_s(60)
        sweep_deadlines(world)
    assert notices(database) == ["gate.opened", "gate.escalated", "gate.escalated", "gate.timed-out"]


def test_a_gate_that_nobody_could_let_through_causes_a_notice(world: World, database: Database) -> None:
    add_principal(world, name="ada", roles=["nurse"], actor="root")
    open_one(world, requirement=Requirement(needs=(Need(("lead",), 1),)))
    assert notices(database) == ["gate.opened", "gate.unsatisfiable"]


def test_a_gate_that_its_run_takes_along_causes_a_notice(world: World, database: Database) -> None:
    run, _ = waiting_run(world, database)
    cancel_run(world, workflow_id=run.workflow_id, actor="ada")
    assert notices(database) == ["gate.opened", "gate.cancelled"]


def test_that_somebody_went_past_a_gate_causes_a_notice_to_everybody(world: World, database: Database) -> None:
    gate = open_one(world)
    boss = Actor("boss", frozenset({OVERRIDE_ROLE}))
    came = given({"approved": True, "rationale": "it burns"}, dedupe_key="k", actor=boss, origin="console")
    with world.ledger.write("wf-1", "test") as tx:
        said = read_reply(came.payload, gate.prompt)
        answer = override(gate, said, boss, now=T0)
        record_answer(world, tx, gate, came, said, answer, now=T0, event=OVERRIDDEN)
    assert notices(database) == ["gate.opened", "gate.overridden"]
    relay(world, database, Route((CHAT,), events=("gate.decided",), risk_levels=("low",)))
    assert [row["event"] for row in dump(database, "deliveries")["deliveries"]] == ["gate.overridden"]


# What becomes of them


def test_a_notice_becomes_a_delivery_for_each_target_once(world: World, database: Database, clock: Clock) -> None:
    open_one(world)
    relay(world, database, Route((MAIL, CHAT)), Route((MAIL,)))
    before = dump(database, "deliveries")["deliveries"]
    assert sorted((row["channel"], row["target"], row["event"]) for row in before) == [
        ("chat", "#ops", "gate.opened"),
        ("mail", "ada@example.org", "gate.opened"),
    ]
    [(outbox_id,)] = [tuple(row.values()) for row in query_sql(database, "SELECT id FROM app.outbox")]
    # A worker that had claimed the row before its claim lapsed comes late.
    row = {"id": outbox_id, "dedupe_key": "notify:gate.opened:wf-1:go-live"}
    late = {**row, "payload": {"event": "gate.opened", "workflowId": "wf-1", "gateKey": "go-live"}}
    clock.advance_s(5)
    route_notices(world, SqlLedger(database), [late], [Route((MAIL, CHAT))], now=world.clock())
    assert dump(database, "deliveries")["deliveries"] == before


def test_what_somebody_has_claimed_and_not_routed_is_told_before_what_came_later_at_its_gate(
    world: World, database: Database
) -> None:
    open_one(world)
    ledger = SqlLedger(database)
    claimed = ledger.claim_outbox(now=world.clock(), worker="w-2", lapse_ms=1_000, limit=50)
    open_one(world, "other")
    say(world)
    relay(world, database, Route((MAIL,)))
    told = Notices((Route((MAIL,)),), {"mail": Post()}, 3, lambda: 0.0)
    events = [deliver(world, database, told)[0] for _ in range(3)]
    assert [row["event"] for row in events if row["gate_key"] == "go-live"] == ["gate.opened", "gate.decided"]
    # The one that had claimed it was only slow.
    route_notices(world, ledger, claimed, [Route((MAIL,))], now=world.clock())
    assert deliver(world, database, told) == []


@pytest.mark.parametrize("routes", [(), (Route((MAIL,), events=("gate.decided",)),)])
def test_where_nobody_is_to_be_told_a_notice_is_done(
    world: World, database: Database, routes: tuple[Route, ...]
) -> None:
    open_one(world)
    relay(world, database, *routes)
    assert dump(database, "deliveries")["deliveries"] == []
    assert query_sql(database, "SELECT COUNT(*) AS n FROM app.outbox WHERE done_at IS NULL") == [{"n": 0}]


def test_gates_of_runs_are_routed_by_their_door_and_others_as_from_outside(world: World, database: Database) -> None:
    waiting_run(world, database)
    open_one(world)
    routes = (Route((MAIL,), doors=("intent",)), Route((CHAT,), doors=("outside",)))
    forget_that_they_are_done(database)
    relay(world, database, *routes)
    found = {(row["channel"], row["workflow_id"][:3]) for row in dump(database, "deliveries")["deliveries"]}
    assert found == {("mail", "it_"), ("chat", "wf-")}


def forget_that_they_are_done(database: Database) -> None:
    """The run's first leg was walked with everything that was ordered until then marked as done."""
    run_sql(database, "UPDATE app.outbox SET done_at = NULL, claimed_at = NULL WHERE kind = 'notify'")


def test_a_channel_is_given_the_gate_as_it_is_and_what_it_said_before(world: World, database: Database) -> None:
    post = Post()
    open_one(world)
    relay(world, database, Route((MAIL,)))
    deliver(world, database, make_notices(post))
    say(world)
    relay(world, database, Route((MAIL,)))
    deliver(world, database, make_notices(post))
    (asked, target, nothing), (told, _, earlier) = post.told
    assert (asked.event, asked.gate.state.value, target, nothing) == ("gate.opened", "PENDING", "ada@example.org", [])
    assert (told.event, told.gate.decision, earlier) == ("gate.decided", "yes", ["ref-1"])
    assert asked.delivery_id != told.delivery_id
    assert [row["state"] for row in find_deliveries(world).items] == ["sent", "sent"]


def test_what_fails_is_tried_again_later_under_the_same_id(world: World, database: Database, clock: Clock) -> None:
    post = Post(failures=2)
    open_one(world)
    relay(world, database, Route((MAIL,)))
    [first] = deliver(world, database, make_notices(post))
    assert deliver(world, database, make_notices(post)) == []
    assert the_delivery(database)["last_error"] == "nobody is there"
    clock.advance_s(0.5)
    [second] = deliver(world, database, make_notices(post))
    clock.advance_s(0.999)
    assert deliver(world, database, make_notices(post)) == []
    clock.advance_s(0.001)
    [third] = deliver(world, database, make_notices(post))
    assert (first["id"], first["attempts"], third["attempts"]) == (third["id"], 1, 3)
    assert second["id"] == post.told[0][0].delivery_id
    row = the_delivery(database)
    assert (row["state"], row["sent_at"], row["last_error"], row["remote_ref"]) == ("sent", clock(), None, "ref-1")


def test_a_receiver_that_asks_to_be_left_alone_is(world: World, database: Database, clock: Clock) -> None:
    post = Post(failures=1, retry_after_s=30)
    open_one(world)
    relay(world, database, Route((MAIL,)))
    deliver(world, database, make_notices(post))
    assert the_delivery(database)["next_at"] == clock() + 30_000


def test_what_fails_too_often_is_given_up_and_can_be_retried(world: World, database: Database, clock: Clock) -> None:
    post = Post(failures=3)
    open_one(world)
    relay(world, database, Route((MAIL,)))
    for _ in range(5):
        deliver(world, database, make_notices(post))
        clock.advance_s(60)
    row = the_delivery(database)
    assert (row["state"], row["attempts"], row["last_error"]) == ("given-up", 3, "nobody is there")
    assert [one["id"] for one in find_deliveries(world, state="given-up").items] == [row["id"]]
    retry_delivery(world, row["id"])
    deliver(world, database, make_notices(post))
    assert the_delivery(database)["state"] == "sent"
    assert post.told[0][0].delivery_id == row["id"]
    with pytest.raises(ConflictError) as refusal:
        retry_delivery(world, row["id"])
    assert refusal.value.code == "delivery-not-failed"


def test_a_channel_that_the_file_has_no_more_is_said(world: World, database: Database) -> None:
    open_one(world)
    relay(world, database, Route((Target("fax", "1"),)))
    deliver(world, database, make_notices(Post()))
    assert the_delivery(database)["last_error"] == "The notify file has no channel fax."


def test_of_what_nobody_foresaw_the_kind_alone_is_kept(world: World, database: Database) -> None:
    open_one(world)
    relay(world, database, Route((MAIL,)))
    ledger = SqlLedger(database)
    [row] = ledger.claim_deliveries([("mail", MAIL.name)], now=world.clock(), worker="w-1", lapse_ms=9_000)
    record_failure(world, ledger, make_notices(Post()), row, ValueError("the password is hunter2"))
    assert the_delivery(database)["last_error"] == "it broke (ValueError); see the log"


def test_all_that_was_given_up_is_retried_at_once(world: World, database: Database, clock: Clock) -> None:
    post = Post(failures=9)
    for n in range(3):
        open_one(world, workflow_id=f"wf-{n}")
    relay(world, database, Route((MAIL,)))
    for _ in range(3):
        deliver(world, database, make_notices(post, attempts_max=1))
    assert len(retry_deliveries(world)) == 3
    assert retry_deliveries(world) == []
    assert {row["state"] for row in dump(database, "deliveries")["deliveries"]} == {"pending"}


def test_what_is_not_there_cannot_be_retried_and_what_is_no_state_not_be_found(world: World) -> None:
    with pytest.raises(NotFoundError) as refusal:
        retry_delivery(world, "nd_1")
    assert refusal.value.code == "delivery-not-found"
    with pytest.raises(InvalidInputError):
        find_deliveries(world, state="lost")


# Links that sign somebody in


def test_who_is_asked_by_name_gets_a_link_of_their_own_and_nobody_else_does(world: World, database: Database) -> None:
    add_principal(world, name="ada", actor="operator")
    create_token(world, name="ada", actor="operator")
    post = Post()
    notices = replace(make_notices(post, Route((MAIL, CHAT))), people={MAIL: "ada"})
    open_one(world)
    relay(world, database, *notices.routes)
    deliver(world, database, notices)
    secrets = {target: notice.link_secret for notice, target, _ in post.told}
    assert secrets[CHAT.name] is None
    [row] = dump(database, "links")["links"]
    assert row["hash"] == token_hash(str(secrets[MAIL.name]))
    assert str(secrets[MAIL.name]) not in str(dump(database))
    [told] = [notice for notice, target, _ in post.told if target == MAIL.name]
    assert facts_of(told, public_url="https://s.example/")["link"] == f"https://s.example/links/{told.link_secret}"
    assert str(told.link_secret) not in repr(told)
    say(world)
    relay(world, database, *notices.routes)
    deliver(world, database, notices)
    assert [notice.link_secret for notice, _, _ in post.told[2:]] == [None, None], "nobody is asked any more"


def test_a_message_does_without_a_link_that_would_be_worth_nothing(
    world: World, database: Database, clock: Clock
) -> None:
    post = Post()
    notices = replace(make_notices(post), people={MAIL: "nobody"})
    open_one(world, "while-open")
    relay(world, database, Route((MAIL,)))
    deliver(world, database, notices)
    add_principal(world, name="ada", actor="operator")
    create_token(world, name="ada", actor="operator")
    open_one(world, "unknown")
    relay(world, database, Route((MAIL,)))
    deliver(world, database, notices)
    open_one(world, "too-late", ttl_s=60)
    relay(world, database, Route((MAIL,)))
    clock.advance_s(60)
    deliver(world, database, replace(notices, people={MAIL: "ada"}))
    assert [notice.link_secret for notice, _, _ in post.told] == [None, None, None]
    assert dump(database, "links")["links"] == []
