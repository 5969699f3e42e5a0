"""From the list to a decision in a real browser: with and without scripts, by keys alone, in a race, and live."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser_world import Site
from ledger_databases import dump
from playwright.sync_api import Page, expect
from processes import Place
from use_case_worlds import open_one, say, waiting_run

from signoff.app.cancel_run import cancel_run
from signoff.app.find import find_gate
from signoff.gates import requirement as requirements
from signoff.ledger.database import Database

PATH = "/gates/wf-1/go-live"
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def fill_in(page: Page, name: str, choice: str, rationale: str) -> None:
    """Up to what is shown before it is signed."""
    page.get_by_role("textbox", name="Your name").fill(name)
    page.get_by_role("radio", name=choice).check()
    page.get_by_label("Rationale").fill(rationale)
    page.get_by_role("button", name="Look once more").click()
    expect(page.get_by_role("heading", name="You are about to sign")).to_be_visible()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without scripts"])
def test_somebody_gets_from_the_list_to_a_receipt(site: Site, database: Database, has_scripts: bool) -> None:
    checklist = [{"category": "Before", "items": [{"id": "a", "text": "The canary is green", "checked": False}]}]
    fields = [{"k": "when", "t": "enum", "vs": ["now", "tonight"], "title": "When"}]
    gate = open_one(
        site.world,
        title="Deploy 4.2?",
        requirement=requirements.from_wire({"allItems": True}),
        prompt={"checklist": checklist, "formSchema": {"v": 1, "title": "F", "fields": fields}},
        payload={"version": "4.2"},
    )
    page = site.person(java_script_enabled=has_scripts)
    page.goto("/")
    page.get_by_role("link", name="Deploy 4.2?").click()
    page.get_by_role("checkbox", name="The canary is green").check()
    page.get_by_label("When").select_option("tonight")
    fill_in(page, "ada", "Approve", "it is time")
    expect(page.get_by_text(gate.prompt.digest)).to_be_visible()
    expect(page.get_by_text("it is time")).to_be_visible()
    page.get_by_role("button", name="Sign: Approve").click()
    expect(page.get_by_role("group", name="Receipt")).to_contain_text("Approve by ada")
    expect(page.get_by_role("button", name="Look once more")).to_have_count(0)
    [row] = dump(database, "human_interactions")["human_interactions"]
    assert (row["actor"], row["origin"], row["choice"]) == ("ada", "inbox", "yes")
    reply = find_gate(site.world, "wf-1", "go-live").reply
    assert reply == {"choice": "yes", "rationale": "it is time", "when": "tonight", "checklist": {"a": True}}
    page.get_by_role("link", name="Inbox").first.click()
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()


def test_of_two_on_two_pages_one_decides_and_the_other_is_told_who(site: Site, database: Database) -> None:
    open_one(site.world)
    ada, bob = site.person(), site.person()
    for page, name, choice in ((ada, "ada", "Approve"), (bob, "bob", "Reject")):
        page.goto(PATH)
        fill_in(page, name, choice, f"says {name}")
    sends = "document.querySelector('form.buttons .primary').click()"
    # Both are on their way before either is answered.
    ada.evaluate(f"setTimeout(() => {sends}, 0)")
    bob.evaluate(f"setTimeout(() => {sends}, 0)")
    for page in (ada, bob):
        expect(page.get_by_role("group", name="Receipt")).to_be_visible()
    [row] = dump(database, "human_interactions")["human_interactions"]
    first, second = (ada, bob) if row["actor"] == "ada" else (bob, ada)
    expect(first.get_by_role("heading", name="Somebody was faster")).to_have_count(0)
    expect(second.get_by_role("heading", name="Somebody was faster")).to_be_visible()
    said = {"ada": "Approve by ada", "bob": "Reject by bob"}[row["actor"]]
    for page in (first, second):
        expect(page.get_by_role("group", name="Receipt")).to_contain_text(said)
    expect(second.get_by_text("says bob" if second is bob else "says ada")).to_be_visible()


def test_open_pages_follow_what_a_command_decides(site: Site, signoff_dir: Path) -> None:
    open_one(site.world, ttl_s=3_600, title="Deploy 4.2?")
    listed, opened = site.person(), site.person()
    for page, path in ((listed, "/"), (opened, PATH)):
        with page.expect_request("**/live?*"):
            page.goto(path)
        page.evaluate("window.isTheSame = true")
    opened.get_by_label("Rationale").fill("half a thought")
    done = Place(signoff_dir).command("gate", "approve", "go-live", "--as", "maria")
    assert done.code == 0, done
    expect(opened.get_by_role("group", name="Receipt")).to_contain_text("Approve by maria")
    expect(opened.locator("#decide")).to_be_hidden()
    expect(opened.locator("#written pre")).to_have_text("half a thought")
    expect(opened.locator("#announce")).to_have_text("This gate is decided: Approve by maria.")
    expect(listed.get_by_text("Nothing waits for you.")).to_be_visible()
    expect(listed.locator("#announce")).to_have_text("No gate is open.")
    expect(opened.locator("#history")).to_contain_text("Approve by maria")
    for page in (listed, opened):
        assert page.evaluate("window.isTheSame"), "it was not loaded again"


def test_what_is_open_and_half_written_on_the_page_of_a_run_stays_while_the_run_goes_on(
    site: Site, database: Database
) -> None:
    run, gate = waiting_run(site.world, database)
    page = site.person()
    with page.expect_request("**/live?*"):
        page.goto(f"/runs/{run.workflow_id}")
    page.get_by_text("Cancel this run").click()
    page.get_by_label("Reason").fill("wrong br")
    say(site.world, workflow_id=run.workflow_id, gate_key=gate.gate_key)
    expect(page.locator("#run .state.received")).to_have_count(1)
    expect(page.get_by_label("Reason")).to_have_value("wrong br")
    expect(page.get_by_label("Reason")).to_be_focused()
    cancel_run(site.world, workflow_id=run.workflow_id, actor="ada", reason=None)
    expect(page.get_by_text("Cancel this run")).to_have_count(0)


def test_pages_that_nobody_sees_hold_no_connection_and_catch_up_when_they_are_seen(site: Site) -> None:
    open_one(site.world)
    first = site.person()
    pages = [first, *(first.context.new_page() for _ in range(7))]
    for page in pages:
        # The seventh would wait for the first six for ever: that many connections are all that there are.
        page.goto("/", wait_until="load")
        page.evaluate(HIDE, True)
    say(site.world)
    expect(first.get_by_role("link", name="Go?")).to_be_visible()
    first.evaluate(HIDE, False)
    expect(first.get_by_text("Nothing waits for you.")).to_be_visible()


def test_time_left_counts_down_by_the_clock_of_the_server(site: Site) -> None:
    open_one(site.world, ttl_s=62)
    page = site.person()
    an_hour_slow = site.clock.now / 1000 - 3_600
    page.clock.install(time=an_hour_slow)
    page.clock.pause_at(an_hour_slow + 1)
    page.goto("/")
    left = page.locator("time.left")
    expect(left).to_have_text("1 min 2 s left")
    page.clock.run_for(3_000)
    expect(left).to_have_text("59 s left")
    expect(left).to_have_class(re.compile("warning"))
    page.clock.run_for(65_000)
    expect(left).to_have_text("6 s overdue")
    expect(left).to_have_class(re.compile("critical"))


def test_everything_can_be_done_with_keys_alone(site: Site) -> None:
    for n in range(3):
        open_one(site.world, f"g-{n}", ttl_s=100 + n, title=f"Gate {n}")
    page = site.person()
    page.goto("/")
    keys = page.keyboard
    keys.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    walked = []
    for key in ("j", "j", "j", "j", "k"):
        keys.press(key)
        walked.append(focused(page))
    assert walked == ["Gate 0", "Gate 1", "Gate 2", "Gate 2", "Gate 1"]
    open_one(site.world, "g-new", ttl_s=90, title="A new one")
    expect(page.get_by_role("link", name="A new one")).to_be_visible()
    assert focused(page) == "Gate 1", "who reads stays where they were when the list changes"
    keys.press("d")
    expect(page.get_by_role("status")).to_have_text("This gate has no choice that defers.")
    expect(page.get_by_role("status")).to_be_in_viewport()
    say(site.world, gate_key="g-1")
    expect(page.get_by_role("link", name="Gate 1")).to_have_count(0)
    assert focused(page) == "Gate 2", "who goes on goes on with what has taken its place"
    keys.press("k")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Gate 0", level=1)).to_be_visible()
    keys.press("d")
    expect(page.get_by_role("status")).to_have_text("This gate has no choice that defers.")
    page.go_back()
    keys.press("/")
    keys.type("gate 2")
    keys.press("Enter")
    expect(page.locator("li.gate")).to_have_count(1)
    keys.press("j")
    keys.press("r")
    page.wait_for_url("**/gates/wf-1/g-2?choice=no**")
    expect(page.get_by_role("radio", name="Reject")).to_be_checked()
    keys.press("a")
    expect(page.get_by_role("radio", name="Approve")).to_be_checked()
    page.get_by_role("textbox", name="Your name").focus()
    keys.type("ada")
    keys.press("Enter")
    button = page.get_by_role("button", name="Sign: Approve")
    expect(button).to_be_visible()
    button.focus()
    keys.press("Enter")
    expect(page.get_by_role("group", name="Receipt")).to_contain_text("Approve by ada")
