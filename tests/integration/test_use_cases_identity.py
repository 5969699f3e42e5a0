"""Principals, tokens, delegation and signing in, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from ledger_databases import dump
from use_case_worlds import Clock, make_world, open_one, refusing, say

from signoff.app.add_principal import add_principal
from signoff.app.change_principal import change_principal
from signoff.app.create_token import EXPIRES_S_MAX, create_token
from signoff.app.delegate import delegate
from signoff.app.disable_principal import disable_principal
from signoff.app.find_principals import find_principals, find_tokens
from signoff.app.revoke_token import revoke_token
from signoff.app.sign_in import act_as, is_open, sign_in
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.audit.entry import Entry, to_wire
from signoff.errors import ConflictError, InvalidInputError, NotEntitledError, NotFoundError, NotSignedInError
from signoff.gates.principal import IDENTITY
from signoff.gates.requirement import Actor, Need, Requirement
from signoff.gates.token import token_hash
from signoff.ledger.database import Database

LEAD = Requirement((Need(("lead",), 1),))
TWO_LEADS = Requirement((Need(("lead",), 2),))


def add(world: World, name: str, *roles: str) -> None:
    add_principal(world, name=name, roles=roles, actor="root")


def token_of(world: World, name: str, expires_s: int | None = None) -> str:
    return create_token(world, name=name, actor="root", expires_s=expires_s)[1]


def lend(world: World, giver: str, taker: str, clock: Clock, seconds: int = 60) -> None:
    delegate(world, from_name=giver, to_name=taker, until_at=clock.now + seconds * 1000, actor="root")


def entries(world: World, workflow_id: str = IDENTITY) -> list[Entry]:
    with world.ledger.read() as tx:
        return tx.audit.entries(workflow_id=workflow_id, after=0, limit=500)


def told(world: World, workflow_id: str = IDENTITY) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [(entry.event, entry.actor, to_wire(entry)["body"]) for entry in entries(world, workflow_id)]


def events(world: World, workflow_id: str) -> list[str]:
    return [entry.event for entry in entries(world, workflow_id)]


def why_refused(call: Callable[[], object]) -> str:
    with pytest.raises(NotSignedInError) as refused:
        call()
    assert refused.value.code == "not-signed-in"
    return str(refused.value.details["reason"])


# Principals


def test_a_principal_is_known_by_name_and_the_record_says_who_added_them(world: World) -> None:
    added = add_principal(world, name="ada", roles=["lead", "lead", "ops"], actor="root")
    service = add_principal(world, name="ci", is_service=True, actor="root")
    assert find_principals(world) == ([added, service], [])
    assert (sorted(added.roles), added.kind, service.kind) == (["lead", "ops"], "person", "service")
    body = {"principalId": added.id, "name": "ada", "kind": "person", "roles": ["lead", "ops"]}
    assert told(world)[0] == ("principal.added", "root", body)
    assert verify_audit(world).is_clean


def test_a_name_is_given_once(world: World, database: Database) -> None:
    add(world, "ada", "lead")
    with refusing(database, ConflictError, "principal-exists"):
        add(world, "ada", "cto")


@pytest.mark.parametrize("name", ["Ada Byron", "ADA  BYRON", "\uff41da byron", "ada\u00a0byron"])
def test_a_name_that_people_would_take_for_anothers_is_refused(world: World, database: Database, name: str) -> None:
    add(world, "ada byron", "lead")
    disable_principal(world, name="ada byron", actor="root")
    code = "invalid-actor" if "\u00a0" in name else "principal-exists"
    with refusing(database, InvalidInputError if code == "invalid-actor" else ConflictError, code):
        add(world, name, "cto")
    add(world, "ada.byron", "cto")


@pytest.mark.parametrize(
    ("name", "roles", "code"),
    [
        ("deadline", [], "invalid-actor"),
        ("", [], "invalid-actor"),
        ("a\0", [], "invalid-actor"),
        ("*", [], "invalid-actor"),
        ("ad\u0430", [], "invalid-actor"),
        ("ada", ["*"], "invalid-role"),
    ],
)
def test_a_principal_that_would_mislead_is_refused(
    world: World, database: Database, name: str, roles: list[str], code: str
) -> None:
    with refusing(database, InvalidInputError, code):
        add_principal(world, name=name, roles=roles, actor="root")


def test_whoever_is_disabled_is_shut_out_at_once_under_name_and_token(world: World, database: Database) -> None:
    add(world, "ada", "lead")
    assert act_as(world, "ada").roles == frozenset({"lead"})
    token = token_of(world, "ada")
    disabled = disable_principal(world, name="ada", actor="root")
    assert why_refused(lambda: act_as(world, "ada")) == "disabled"
    assert why_refused(lambda: sign_in(world, token=token)) == "disabled"
    before = dump(database)
    assert disable_principal(world, name="ada", actor="root") == disabled, "again changes nothing"
    assert dump(database) == before
    with refusing(database, InvalidInputError, "invalid-token-request"):
        token_of(world, "ada")
    with refusing(database, NotFoundError, "principal-not-found"):
        disable_principal(world, name="eve", actor="root")


def test_whose_roles_are_changed_holds_those_and_no_others_with_the_next_call(world: World, database: Database) -> None:
    add(world, "ada", "lead")
    token = token_of(world, "ada")
    change_principal(world, name="ada", roles=["cto", "developer"], actor="root")
    assert sign_in(world, token=token).roles == act_as(world, "ada").roles == frozenset({"cto", "developer"})
    disable_principal(world, name="ada", actor="root")
    again = change_principal(world, name="ada", enables=True, actor="root")
    assert (again.disabled_at, sign_in(world, token=token).name) == (None, "ada")
    before = dump(database)
    assert change_principal(world, name="ada", roles=["developer", "cto"], enables=True, actor="root") == again
    assert dump(database) == before, "what is so already is not written again"
    assert change_principal(world, name="ada", roles=[], actor="root").roles == frozenset()
    with refusing(database, InvalidInputError, "invalid-role"):
        change_principal(world, name="ada", roles=["*"], actor="root")
    with refusing(database, NotFoundError, "principal-not-found"):
        change_principal(world, name="eve", enables=True, actor="root")


def test_where_nobody_is_known_every_name_holds_every_role_and_afterwards_none(world: World) -> None:
    assert act_as(world, "eve").roles is None
    add(world, "ada", "lead")
    assert act_as(world, "eve") == Actor("eve", frozenset())
    open_one(world, requirement=LEAD)
    with pytest.raises(NotEntitledError):
        say(world, actor=act_as(world, "eve"))
    assert say(world, actor=act_as(world, "ada")).receipt.role == "lead"


# Tokens


def test_a_token_signs_in_whoever_it_was_issued_to(world: World) -> None:
    add(world, "ada", "lead")
    assert is_open(world)
    token = token_of(world, "ada")
    assert not is_open(world)
    assert sign_in(world, token=token) == Actor("ada", frozenset({"lead"}), is_authenticated=True)
    assert sign_in(world, token=token, name="ada").name == "ada"
    assert why_refused(lambda: sign_in(world, token=None, name="ada")) == "missing"
    for wrong in ("", "so_", token[:-1], token + "A", token.swapcase(), "so_" + "A" * 43):
        assert why_refused(partial(sign_in, world, token=wrong)) == "unknown"


def test_a_token_is_nowhere_in_the_ledger_but_as_its_hash(world: World, database: Database) -> None:
    add(world, "ada")
    token = token_of(world, "ada")
    kept = repr(dump(database))
    assert token not in kept
    assert token.removeprefix("so_") not in kept
    assert kept.count(token_hash(token)) == 1, "and the hash is not in the record either"
    assert [event for event, _, _ in told(world)] == ["principal.added", "token.created"]


def test_a_token_that_expires_does_so_to_the_millisecond(world: World, clock: Clock) -> None:
    add(world, "ada")
    token = token_of(world, "ada", expires_s=10)
    clock.now += 9_999
    assert sign_in(world, token=token).name == "ada"
    clock.now += 1
    assert why_refused(lambda: sign_in(world, token=token)) == "expired"


def test_a_revoked_token_counts_no_longer_and_its_neighbour_does(world: World, database: Database) -> None:
    add(world, "ada")
    token, other = token_of(world, "ada"), token_of(world, "ada")
    [(first, _), _] = find_tokens(world)
    revoked = revoke_token(world, token_id=first.id, actor="root")
    assert why_refused(lambda: sign_in(world, token=token)) == "revoked"
    assert sign_in(world, token=other).name == "ada"
    assert told(world)[-1] == ("token.revoked", "root", {"tokenId": first.id, "name": "ada"})
    before = dump(database)
    assert revoke_token(world, token_id=first.id, actor="root") == revoked, "again changes nothing"
    assert dump(database) == before
    with refusing(database, NotFoundError, "token-not-found"):
        revoke_token(world, token_id="tk_none", actor="root")


def test_a_ledger_whose_tokens_have_all_ended_is_not_open_again(world: World) -> None:
    add(world, "ada")
    token_of(world, "ada")
    [(token, _)] = find_tokens(world)
    revoke_token(world, token_id=token.id, actor="root")
    assert not is_open(world)


@pytest.mark.parametrize("expires_s", [0, -1, EXPIRES_S_MAX + 1])
def test_a_token_ends_in_the_future(world: World, database: Database, expires_s: int) -> None:
    add(world, "ada")
    with refusing(database, InvalidInputError, "invalid-token-request"):
        token_of(world, "ada", expires_s=expires_s)


def test_nobody_acts_unasked_once_the_first_token_is_out_whoever_races_for_it(world: World) -> None:
    add(world, "ada")
    start = threading.Barrier(6)
    seen: list[tuple[bool, str]] = []

    def issue() -> None:
        start.wait()
        token_of(world, "ada")

    def call() -> None:
        start.wait()
        for _ in range(20):
            was_open = is_open(world)
            try:
                seen.append((was_open, sign_in(world, token=None, name="eve").name))
            except NotSignedInError:
                seen.append((was_open, "refused"))

    threads = [threading.Thread(target=issue) for _ in range(3)] + [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(find_tokens(world)) == 3
    assert [name for was_open, name in seen if not was_open] == ["refused"] * sum(not was_open for was_open, _ in seen)
    assert why_refused(lambda: sign_in(world, token=None, name="eve")) == "missing"
    assert verify_audit(world).is_clean


# Who is asking


def test_while_it_is_open_whoever_calls_is_who_they_say(world: World) -> None:
    assert sign_in(world, token="so_whatever", name="ada") == Actor("ada")
    assert sign_in(world, token=None).name == "anonymous"
    add(world, "ada", "lead")
    assert sign_in(world, token=None, name="ada") == Actor("ada", frozenset({"lead"}))
    disable_principal(world, name="ada", actor="root")
    assert why_refused(lambda: sign_in(world, token=None, name="ada")) == "disabled"


def test_a_signed_in_principal_is_nobody_else(world: World) -> None:
    add(world, "ada", "lead")
    add(world, "bob")
    token = token_of(world, "bob")
    with pytest.raises(NotEntitledError) as refused:
        sign_in(world, token=token, name="ada", doing="POST /api/gates")
    assert refused.value.code == "not-you"
    event, actor, body = told(world)[-1]
    assert (event, actor, body["code"], body["isAuthenticated"]) == ("access.refused", "bob", "not-you", True)


# Refusals on record


def test_of_those_who_prove_nothing_a_chain_has_one_refusal_a_second(world: World, clock: Clock) -> None:
    add(world, "ada")
    token_of(world, "ada")

    def knock() -> None:
        with pytest.raises(NotSignedInError):
            sign_in(world, token=None, doing="POST /api/gates")

    def flood() -> int:
        threads = [threading.Thread(target=knock) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return events(world, IDENTITY).count("access.refused")

    assert flood() == 1
    clock.now += 999
    assert flood() == 1
    clock.now += 1
    assert flood() == 2
    body = {
        "code": "not-signed-in",
        "reason": "This call needs a token.",
        "doing": "POST /api/gates",
        "gateKey": None,
        "isAuthenticated": False,
    }
    assert told(world)[-1] == ("access.refused", "anonymous", body)


def test_reads_that_are_refused_write_nothing(world: World, database: Database) -> None:
    add(world, "ada")
    token_of(world, "ada")
    with refusing(database, NotSignedInError, "not-signed-in"):
        sign_in(world, token=None)


def test_an_answer_that_one_is_not_entitled_to_is_in_the_gates_own_chain(world: World) -> None:
    add(world, "ada", "lead")
    add(world, "bob")
    gate = open_one(world, requirement=LEAD)
    bob = sign_in(world, token=token_of(world, "bob"))
    for _ in range(2):
        with pytest.raises(NotEntitledError):
            say(world, actor=bob)
    refused = [(who, body) for event, who, body in told(world, "wf-1") if event == "access.refused"]
    assert [who for who, _ in refused] == ["bob", "bob"], "whoever is known is recorded each time"
    assert {(body["code"], body["gateKey"], body["isAuthenticated"]) for _, body in refused} == {
        ("not-entitled", "go-live", True)
    }
    with world.ledger.read() as tx:
        assert tx.gate("wf-1", "go-live") == gate
    assert verify_audit(world).is_clean


# Delegation


def test_a_deputy_acts_in_the_others_roles_until_the_time_is_over(world: World, clock: Clock) -> None:
    add(world, "ada", "lead")
    add(world, "bob", "dev")
    lend(world, "ada", "bob", clock, 60)
    assert act_as(world, "bob").roles == frozenset({"dev", "lead"})
    assert act_as(world, "bob").delegated_from(LEAD) == ("ada",)
    assert told(world)[-1][::2] == ("principal.delegated", {"from": "ada", "to": "bob", "untilAt": clock.now + 60_000})
    clock.now += 60_000
    assert act_as(world, "bob").roles == frozenset({"dev"})


def test_a_deputy_counts_once(world: World, clock: Clock) -> None:
    add(world, "ada", "lead")
    add(world, "bob", "lead")
    add(world, "cy", "lead")
    lend(world, "ada", "bob", clock)
    open_one(world, requirement=TWO_LEADS)
    first = say(world, actor=act_as(world, "bob"), dedupe_key="1")
    again = say(world, actor=act_as(world, "bob"), dedupe_key="2")
    assert first.receipt.remaining == again.receipt.remaining == {"lead": 1}
    assert say(world, actor=act_as(world, "cy"), dedupe_key="3").receipt.state == "RECEIVED"


def test_what_was_delegated_is_not_passed_on_and_ends_with_its_giver(world: World, clock: Clock) -> None:
    add(world, "ada", "lead")
    add(world, "bob")
    add(world, "cy")
    lend(world, "ada", "bob", clock)
    lend(world, "bob", "cy", clock)
    assert act_as(world, "cy").roles == frozenset()
    disable_principal(world, name="ada", actor="root")
    assert act_as(world, "bob").roles == frozenset()


def test_a_delegation_takes_the_place_of_the_one_before_it(world: World, clock: Clock) -> None:
    add(world, "ada", "lead")
    add(world, "bob")
    lend(world, "ada", "bob", clock, 3600)
    lend(world, "ada", "bob", clock, 1)
    _, [now_in_force] = find_principals(world)
    assert now_in_force.until_at == clock.now + 1_000
    clock.now += 1_000
    assert act_as(world, "bob").roles == frozenset()
    lend(world, "ada", "bob", clock, 5)
    assert act_as(world, "bob").roles == frozenset({"lead"})


def test_a_delegation_that_means_nothing_is_refused(world: World, database: Database, clock: Clock) -> None:
    add(world, "ada", "lead")
    add(world, "bob")
    add(world, "gone")
    disable_principal(world, name="gone", actor="root")
    for giver, taker, seconds in [("ada", "ada", 1), ("ada", "gone", 1), ("gone", "bob", 1), ("ada", "bob", 0)]:
        with refusing(database, InvalidInputError, "invalid-delegation"):
            lend(world, giver, taker, clock, seconds)
    with refusing(database, NotFoundError, "principal-not-found"):
        lend(world, "ada", "eve", clock)


# Gates that nobody could let through


def test_a_gate_that_nobody_could_let_through_is_open_and_the_record_says_why(world: World) -> None:
    add(world, "ada", "lead")
    gate = open_one(world, requirement=TWO_LEADS)
    assert gate.state == "PENDING"
    assert events(world, "wf-1") == ["gate.opened", "gate.unsatisfiable"]
    assert told(world, "wf-1")[-1][2]["requirement"]["needs"] == [{"any_of": ["lead"], "count": 2}]


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_a_gate_for_anybody_can_be_met_by_strangers_until_they_have_to_sign_in(
    database: Database, clock: Clock, is_signed_in: bool
) -> None:
    world = make_world(database, clock)
    add(world, "ada", "lead")
    if is_signed_in:
        token_of(world, "ada")
    open_one(world, requirement=Requirement((Need(("lead",), 1), Need(("*",), 1))))
    assert events(world, "wf-1")[1:] == (["gate.unsatisfiable"] if is_signed_in else [])


def test_a_gate_that_only_its_requester_could_approve_is_told_of(world: World, clock: Clock) -> None:
    add(world, "ada", "lead")
    add(world, "bob")
    lend(world, "ada", "bob", clock)
    own = Requirement((Need(("lead",), 1),), not_requester=True)
    open_one(world, requirement=own, requested_by="ada")
    open_one(world, requirement=own, requested_by="zoe", workflow_id="wf-2")
    assert events(world, "wf-1") == ["gate.opened", "gate.unsatisfiable"]
    assert events(world, "wf-2") == ["gate.opened"]


def test_no_gate_is_opened_in_the_chain_of_principals_and_tokens(world: World, database: Database) -> None:
    with refusing(database, InvalidInputError, "reserved-workflow-id"):
        open_one(world, workflow_id=IDENTITY)
