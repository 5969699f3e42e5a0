"""From the list to a decision with plain forms, as somebody does it whose browser runs no script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from inbox_world import Browser, Inbox, form_of, make_known, page_of
from ledger_databases import dump
from use_case_worlds import Clock, open_one, say

from signoff.app.find import find_gate
from signoff.app.world import World
from signoff.gates import requirement as requirements
from signoff.gates.requirement import Actor
from signoff.ledger.database import Database

PATH = "/gates/wf-1/go-live"


def written(database: Database) -> list[dict[str, Any]]:
    return dump(database, "human_interactions")["human_interactions"]


def test_a_gate_is_found_looked_at_confirmed_and_decided(browser: Browser, world: World, database: Database) -> None:
    gate = open_one(world, title="Deploy 4.2?")
    listed = browser.get("/")
    assert f'href="{PATH}"' in listed.text
    assert "Deploy 4.2?" in listed.text
    confirmation = browser.submit(
        browser.get(PATH),
        "/confirm",
        actor="ada",
        choice="yes",
        rationale="canary\r\nis green",
        condition=["", "watch"],
    )
    assert confirmation.status_code == 200
    for said in ("Approve", "canary\nis green", "watch", gate.prompt.digest, "ada"):
        assert said in confirmation.text
    assert written(database) == [], "to look once more writes nothing"
    decided = browser.follow(browser.submit(confirmation, "/reply"))
    assert "by <b>ada</b>" in decided.text
    assert "/confirm" not in decided.text, "what is decided is not asked again"
    [row] = written(database)
    assert (row["origin"], row["actor"], row["choice"]) == ("inbox", "ada", "yes")
    assert find_gate(world, "wf-1", "go-live").reply == {
        "choice": "yes",
        "rationale": "canary\nis green",
        "conditions": ["watch"],
    }
    assert 'href="/gates/wf-1/go-live"' not in browser.get("/").text


def test_fields_of_the_form_are_sent_as_what_they_are(browser: Browser, world: World) -> None:
    fields = [
        {"k": "when", "t": "enum", "vs": ["now", "tonight"]},
        {"k": "count", "t": "int"},
        {"k": "share", "t": "num"},
        {"k": "loud", "t": "bool"},
        {"k": "csrf", "t": "str"},
        {"k": "left", "t": "text", "opt": True},
    ]
    checklist = [{"category": "Before", "items": [{"id": "a", "text": "Look", "checked": False}]}]
    open_one(world, prompt={"formSchema": {"v": 1, "title": "F", "fields": fields}, "checklist": checklist})
    filled: dict[str, Any] = {
        "when": "tonight",
        "count": "-3",
        "share": "0.5",
        "loud": "false",
        "field:csrf": "x",
        "item": ["a"],
    }
    confirmation = browser.submit(browser.get(PATH), "/confirm", choice="yes", actor="ada", **filled)
    assert '<dt>loud</dt><dd class="keep">no</dd>' in confirmation.text
    assert browser.submit(confirmation, "/reply").status_code == 303
    said = {"when": "tonight", "count": -3, "share": 0.5, "loud": False, "csrf": "x", "checklist": {"a": True}}
    assert find_gate(world, "wf-1", "go-live").reply == {"choice": "yes", **said}


@pytest.mark.parametrize(
    ("filled", "why"),
    [
        ({"count": "many", "rationale": "so"}, {"field-1": "this takes a whole number", "items": "every item ticked"}),
        ({"count": "1"}, {"rationale": "this gate asks for one", "items": "every item ticked"}),
        ({"count": "", "rationale": "so"}, {"field-1": "an approval needs this", "items": "every item ticked"}),
    ],
)
def test_a_form_that_lacks_something_comes_back_as_it_was_filled_in(
    browser: Browser, world: World, database: Database, filled: dict[str, str], why: dict[str, str]
) -> None:
    open_one(
        world,
        requirement=requirements.from_wire({"justification": True, "allItems": True}),
        prompt={
            "formSchema": {"v": 1, "title": "F", "fields": [{"k": "count", "t": "int", "title": "How many"}]},
            "checklist": [{"category": "Before", "items": [{"id": "a", "text": "Look", "checked": False}]}],
        },
    )
    page = browser.submit(browser.get(PATH), "/confirm", actor="ada", choice="yes", condition=["one", "two"], **filled)
    assert page.status_code == 400
    tags = page_of(page).tags
    [alert] = [given for _, given in tags if given.get("role") == "alert"]
    assert "autofocus" in alert, "who reads on a phone sees it, and who hears hears it"
    assert {given["id"] for _, given in tags if given.get("aria-invalid")} == set(why)
    assert {str(given["href"])[1:] for _, given in tags if str(given.get("href")) in {f"#{one}" for one in why}} == set(
        why
    )
    for control, text in why.items():
        assert re.search(rf'id="{control}-why">[^<]*{text}', page.text), control
    assert "How many" in page.text
    form = form_of(page, "/confirm")
    values = [(name, value) for name, value in form.values if name not in ("csrf", "promptDigest")]
    assert [value for name, value in values if name == "condition"][:2] == ["one", "two"]
    assert dict(values) | filled == dict(values)
    assert form.value("choice") == "yes"
    assert written(database) == []


def test_the_confirmation_leads_back_to_the_form_as_it_was(browser: Browser, world: World) -> None:
    open_one(world)
    confirmation = browser.submit(browser.get(PATH), "/confirm", actor="ada", choice="no", rationale="too early")
    page = browser.submit(confirmation, "/reply", button="edit")
    assert page.status_code == 200
    assert form_of(page, "/confirm").value("rationale") == "too early"
    assert form_of(page, "/confirm").value("choice") == "no"


def test_of_two_who_confirm_one_decides_and_the_other_reads_who(
    inbox: Inbox, world: World, database: Database, clock: Clock
) -> None:
    open_one(world)
    ada, bob = inbox.browser(), inbox.browser()
    of_ada = ada.submit(ada.get(PATH), "/confirm", actor="ada", choice="yes")
    of_bob = bob.submit(bob.get(PATH), "/confirm", actor="bob", choice="no", rationale="not in the freeze")
    assert ada.submit(of_ada, "/reply").status_code == 303
    clock.advance_s(5)
    told = bob.submit(of_bob, "/reply")
    assert told.status_code == 409
    assert "Somebody was faster" in told.text
    assert "<b>Approve</b> by <b>ada</b>" in told.text
    assert "not in the freeze" in told.text, "what was written is not lost"
    assert len(written(database)) == 1
    late = bob.post(f"{PATH}/confirm", {"csrf": form_of(of_bob, "/reply").value("csrf"), "actor": "bob"})
    assert late.status_code == 409, "who comes later still is told at the confirmation"


def test_who_was_faster_in_another_tab_is_told_that_it_was_them(browser: Browser, world: World) -> None:
    open_one(world)
    first, second = (
        browser.submit(browser.get(PATH), "/confirm", actor="ada", choice=choice, rationale="mine", condition="soon")
        for choice in ("yes", "no")
    )
    assert browser.submit(first, "/reply").status_code == 303
    told = browser.submit(second, "/reply")
    assert told.status_code == 409
    assert "You have decided this already" in told.text
    assert "Somebody was faster" not in told.text
    assert "condition: soon" in told.text, "nothing that was written is lost"


def test_without_a_choice_the_form_says_so_with_everything_else(browser: Browser, world: World) -> None:
    fields = [
        {"k": "share", "t": "num"},
        {"k": "loud", "t": "bool"},
        {"k": "when", "t": "enum", "vs": ["now", "tonight"]},
        {"k": "line", "t": "str", "opt": True},
    ]
    open_one(world, prompt={"formSchema": {"v": 1, "title": "F", "fields": fields}})
    filled = {"share": "half", "loud": "perhaps", "when": "never", "line": "a\nb"}
    page = browser.submit(browser.get(PATH), "/confirm", actor="ada", **filled)
    assert page.status_code == 400
    for why in (
        "choose an answer",
        "takes a number",
        "takes yes or no",
        "takes one of now, tonight",
        "takes one line of at most 2,000 characters",
    ):
        assert why in page.text, why


def test_a_name_that_nobody_can_have_keeps_the_form(browser: Browser, world: World, database: Database) -> None:
    open_one(world)
    browser.answer("/gates/wf-1/go-live", "yes", actor="ada")
    open_one(world, "second")
    page = browser.get("/gates/wf-1/second")
    told = browser.submit(page, "/confirm", actor="policy:low", choice="yes", rationale="a long thought")
    assert told.status_code == 400
    form = form_of(told, "/confirm")
    assert (form.value("actor"), form.value("rationale"), form.value("choice")) == (
        "policy:low",
        "a long thought",
        "yes",
    )
    assert 'id="name-why"' in told.text
    assert len(written(database)) == 1


def test_the_same_form_sent_twice_is_one_answer(browser: Browser, world: World, database: Database) -> None:
    open_one(world, requirement=requirements.from_wire({"needs": [{"any_of": ["*"], "count": 2}]}))
    confirmation = browser.submit(browser.get(PATH), "/confirm", actor="ada", choice="yes")
    assert [browser.submit(confirmation, "/reply").status_code for _ in range(2)] == [303, 303]
    assert len(written(database)) == 1
    assert "still needed" in browser.get(f"{PATH}?answered=1").text
    other = browser.submit(confirmation, "/reply", choice="no")
    assert other.status_code == 409
    assert len(written(database)) == 1


def test_what_was_cancelled_or_timed_out_meanwhile_is_told_too(browser: Browser, world: World, clock: Clock) -> None:
    open_one(world)
    confirmation = browser.submit(browser.get(PATH), "/confirm", actor="ada", choice="yes")
    clock.advance_s(61)
    told = browser.submit(confirmation, "/reply")
    assert told.status_code == 409
    assert "Timed out" in told.text


def test_an_answer_to_a_prompt_that_is_another_now_is_not_taken(
    browser: Browser, world: World, database: Database
) -> None:
    open_one(world)
    form = form_of(browser.get(PATH), "/confirm")
    sent = {"csrf": form.value("csrf"), "actor": "ada", "choice": "yes", "dedupeKey": "k", "promptDigest": "ab" * 32}
    for action in ("confirm", "reply"):
        told = browser.post(f"{PATH}/{action}", sent)
        assert told.status_code == 409
        assert "look at it again" in told.text
    without = browser.post(f"{PATH}/reply", {name: text for name, text in sent.items() if name != "promptDigest"})
    assert without.status_code == 400, "the digest is always named"
    assert written(database) == []


def test_who_may_not_answer_sees_why_and_no_form(inbox: Inbox, world: World, database: Database) -> None:
    make_known(world, "boss", "lead")
    token = make_known(world, "ada", "ops")
    needs = {"needs": [{"any_of": ["lead"], "count": 1}]}
    open_one(world, requirement=requirements.from_wire(needs), prompt={"choices": None})
    ada = inbox.browser()
    ada.sign_in(token)
    page = ada.get(PATH)
    assert "holds none of the roles" in page.text
    assert "/confirm" not in page.text
    listed = ada.get("/").text
    assert listed.index("Nothing waits for you") < listed.index("Waits for others") < listed.index(PATH)
    csrf = form_of(ada.get("/sign-out"), "/sign-out").value("csrf")
    digest = find_gate(world, "wf-1", "go-live").prompt.digest
    told = ada.post(f"{PATH}/reply", {"csrf": csrf, "choice": "yes", "promptDigest": digest, "dedupeKey": "k"})
    assert told.status_code == 403
    assert written(database) == []


def test_what_somebody_approved_waits_for_others_from_then_on(inbox: Inbox, world: World) -> None:
    tokens = {name: make_known(world, name, "lead") for name in ("ada", "bob")}
    open_one(world, requirement=requirements.from_wire({"needs": [{"any_of": ["lead"], "count": 2}]}))
    say(world, actor=Actor("ada", frozenset({"lead"}), is_authenticated=True))
    seen = {}
    for name, token in tokens.items():
        browser = inbox.browser()
        browser.sign_in(token)
        seen[name] = browser.get("/?who=me").text
    assert PATH not in seen["ada"]
    assert PATH in seen["bob"]
