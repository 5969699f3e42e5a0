"""How far a gate is from its end, and what somebody's own approval does about that: said before they sign."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from inbox_world import Browser, Inbox, make_known, page_of
from use_case_worlds import Clock, open_one, say

from signoff.app.find import find_gate
from signoff.app.world import World
from signoff.gates import requirement as requirements
from signoff.gates.requirement import Actor

PATH = "/gates/wf-1/go-live"
LEAD, SECURITY = {"any_of": ["team_lead"], "count": 1}, {"any_of": ["security"], "count": 1}
FINAL = "lets it go on. It cannot be taken back."


def words_of(page: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def needing(*needs: dict[str, Any]) -> requirements.Requirement:
    return requirements.from_wire({"needs": list(needs)})


def confirmed(browser: Browser, choice: str = "yes", **filled: Any) -> str:
    page = browser.submit(browser.get(PATH), "/confirm", choice=choice, **filled)
    assert page.status_code == 200, page.text
    return words_of(page)


@pytest.fixture
def known(inbox: Inbox, world: World) -> dict[str, Browser]:
    """ada and bob lead, sam keeps secrets."""
    roles = {"ada": "team_lead", "bob": "team_lead", "sam": "security"}
    people = {name: inbox.browser() for name in roles}
    tokens = {name: make_known(world, name, role) for name, role in roles.items()}
    for name, browser in people.items():
        browser.sign_in(tokens[name])
    return people


def test_what_an_approval_does_is_what_it_will_have_done(known: dict[str, Browser], world: World) -> None:
    open_one(world, requirement=needing(LEAD, SECURITY))
    assert "is one of the approvals that it needs; still needed after it: 1 approval by security" in confirmed(
        known["ada"]
    )
    assert "lets it go on" not in words_of(known["ada"].get(PATH)), "the form says the same as the confirmation"
    known["ada"].answer(PATH, "yes")
    assert "fills none of the places still open; still needed after it: 1 approval by security" in confirmed(
        known["bob"]
    )
    assert "you have approved already; still needed after it: 1 approval by security" in confirmed(known["ada"])
    assert FINAL in confirmed(known["sam"])
    assert "lets it go on" in words_of(known["sam"].get(PATH))
    known["bob"].answer(PATH, "yes")
    assert not find_gate(world, "wf-1", "go-live").is_final
    known["sam"].answer(PATH, "yes")
    assert find_gate(world, "wf-1", "go-live").is_final


def test_the_same_person_twice_is_one_approval(browser: Browser, world: World) -> None:
    open_one(world, requirement=needing({"any_of": ["*"], "count": 2}))
    browser.answer(PATH, "yes", actor="ada")
    assert "1 approval by anyone" in confirmed(browser, actor="ada")
    assert FINAL not in confirmed(browser, actor="ada")
    assert FINAL in confirmed(browser, actor="bob")


def test_each_approving_choice_is_counted_by_itself(browser: Browser, world: World) -> None:
    choices = [
        {"key": "now", "label": "Now", "effect": "approve"},
        {"key": "tonight", "label": "Tonight", "effect": "approve"},
        {"key": "no", "label": "Reject", "effect": "reject"},
    ]
    open_one(world, requirement=needing({"any_of": ["*"], "count": 2}), prompt={"choices": choices})
    browser.answer(PATH, "now", actor="ada")
    page = words_of(browser.get(PATH))
    assert "for Now: 1 approval by anyone still needed" in page
    assert "for Tonight: 2 approvals by anyone still needed" in page
    assert FINAL in confirmed(browser, "now", actor="bob")
    assert FINAL not in confirmed(browser, "tonight", actor="bob")
    assert "ends it. It cannot be taken back." in confirmed(browser, "no", actor="bob")


def test_the_form_knows_what_its_reader_has_said_and_says_it_once(
    known: dict[str, Browser], world: World, clock: Clock
) -> None:
    open_one(world, ttl_s=3_600, requirement=needing(LEAD, SECURITY), prompt={"choices": None})
    lead = Actor("ada", frozenset({"team_lead"}), is_authenticated=True)
    for rationale in ("first thought", "second thought"):
        clock.advance_s(60)
        say(world, actor=lead, payload={"choice": "yes", "rationale": rationale}, dedupe_key=rationale)
    mine = known["ada"].get(PATH)
    assert words_of(mine).count("You chose Approve") == 1
    assert "Answer again only to change it" in mine.text
    assert "You chose" not in known["bob"].get(PATH).text
    head, _, history = mine.text.partition('id="history"')
    assert head.count("Approve: ada") == 1
    assert "first thought" in history
    assert history.count("answered anew since") == 1


def test_what_defers_counts_until_the_same_person_says_something_else(browser: Browser, world: World) -> None:
    choices = [
        {"key": "yes", "label": "Approve", "effect": "approve"},
        {"key": "later", "label": "Later", "effect": "hold"},
    ]
    open_one(world, requirement=needing({"any_of": ["*"], "count": 2}), prompt={"choices": choices})
    browser.answer(PATH, "later", actor="Ada")
    assert "Later: Ada" in browser.get(PATH).text
    browser.answer(PATH, "yes", actor="ada")
    head = browser.get(PATH).text.partition('id="history"')[0]
    assert "Later: Ada" not in head
    assert "Approve: ada" in head
    browser.answer(PATH, "later", actor="ada")
    assert "Approve: ada" in browser.get(PATH).text.partition('id="history"')[0], "to put it off takes nothing back"


def test_the_parts_that_change_are_asked_for_together(known: dict[str, Browser], world: World) -> None:
    open_one(world, requirement=needing(LEAD, SECURITY))
    page = page_of(known["ada"].get(PATH))
    [beside] = [given["hx-select-oob"] for _, given in page.tags if "hx-select-oob" in given]
    ids = {given.get("id") for _, given in page.tags}
    assert {part.removeprefix("#") for part in str(beside).split(",")} <= ids
    assert {"#history", "#mine", "#effect-1", "#csrf"} <= set(str(beside).split(","))
