"""Sessions in a real browser: in, out, out everywhere, over, and what other sites cannot do with them."""

from __future__ import annotations

from browser_world import Site, serving, sign_in
from inbox_world import make_known
from ledger_databases import dump
from playwright.sync_api import expect
from use_case_worlds import open_one, say

from signoff.app.make_link import make_link
from signoff.gates.requirement import Actor
from signoff.gates.session import IDLE_MS
from signoff.ledger.database import Database

PATH = "/gates/wf-1/go-live"
SEND = """(action) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action });
  document.body.append(form);
  form.submit();
}"""


def test_somebody_signs_in_where_they_wanted_to_go_and_out_everywhere(site: Site) -> None:
    open_one(site.world)
    token = make_known(site.world, "ada")
    here, there = site.person(), site.person()
    here.goto(f"{PATH}?choice=yes")
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()
    here.get_by_label("Token").fill("so_wrong")
    here.keyboard.press("Enter")
    expect(here.get_by_role("alert")).to_be_visible()
    here.get_by_label("Token").fill(token)
    here.keyboard.press("Enter")
    here.wait_for_url(f"**{PATH}?choice=yes")
    assert here.evaluate("document.cookie") == "", "no script reads who is signed in"
    sign_in(there, token)
    with there.expect_request("**/live?*"):
        there.goto("/")
    here.get_by_role("link", name="Sign out").click()
    here.get_by_role("button", name="Sign out everywhere").click()
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()
    open_one(site.world, "another")
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_that_nobody_uses_ends_and_an_answer_is_not_taken_any_more(site: Site, database: Database) -> None:
    open_one(site.world, ttl_s=86_400)
    page = site.known("ada")
    page.goto(PATH)
    page.get_by_role("radio", name="Approve").check()
    site.clock.now += IDLE_MS + 1
    page.get_by_role("button", name="Look once more").click()
    expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()
    assert dump(database, "human_interactions")["human_interactions"] == []


def test_what_is_being_written_outlives_the_session_on_an_open_page(site: Site, database: Database) -> None:
    choices = [
        {"key": "yes", "label": "Approve", "effect": "approve"},
        {"key": "no", "label": "Reject", "effect": "reject"},
        {"key": "later", "label": "Later", "effect": "hold"},
    ]
    open_one(site.world, ttl_s=86_400, prompt={"choices": choices})
    token = make_known(site.world, "ada")
    page = site.person()
    sign_in(page, token)
    with page.expect_request("**/live?*"):
        page.goto(PATH)
    page.get_by_role("radio", name="Reject").check()
    page.get_by_label("Rationale").fill("a long thought")
    other = page.context.new_page()
    other.goto("/sign-out")
    other.get_by_role("button", name="Sign out here").click()
    say(site.world, payload={"choice": "later"}, actor=Actor("grace"))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="sign in in another tab").click()
    tab = opened.value
    tab.get_by_label("Token").fill(token)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Go?")).to_be_visible()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#standing")).to_contain_text("Time left")
    expect(page.get_by_label("Rationale")).to_have_value("a long thought")
    page.get_by_role("button", name="Look once more").click()
    page.get_by_role("button", name="Sign: Reject").click()
    expect(page.get_by_role("group", name="Receipt")).to_contain_text("Reject by ada")


def test_a_page_of_another_site_decides_nothing(site: Site, database: Database) -> None:
    open_one(site.world)
    page = site.known("ada")
    cookies = page.context.cookies()
    assert {(one["httpOnly"], one["sameSite"]) for one in cookies} == {(True, "Lax")}
    forged = page.evaluate(
        """async (path) => (await fetch(path, {method: "POST", body: new URLSearchParams({choice: "yes"})})).status""",
        f"{PATH}/reply",
    )
    assert forged == 403, "a form that carries no token of a page of ours"
    with serving(site.world) as elsewhere:
        # The same machine under another port: the browser sends the cookie, and says where the form comes from.
        page.goto(f"{elsewhere}/sign-in")
        with page.expect_console_message(lambda message: "form-action" in message.text):
            page.evaluate(SEND, f"{site.url}{PATH}/reply")
        site.requests[:] = [url for url in site.requests if not url.startswith(elsewhere)]
    [complaint] = site.complaints
    assert "form-action" in complaint, "our own policy sends no form to anybody else"
    site.complaints.clear()
    assert dump(database, "human_interactions")["human_interactions"] == []


def test_a_link_opens_its_gate_by_a_button_and_nothing_else(site: Site) -> None:
    open_one(site.world)
    open_one(site.world, "other")
    make_known(site.world, "ada")
    _, secret = make_link(site.world, workflow_id="wf-1", gate_key="go-live", name="ada")
    page = site.person()
    page.goto(f"/links/{secret}")
    page.get_by_role("button", name="Open the gate").click()
    expect(page.get_by_role("heading", name="Go?")).to_be_visible()
    page.goto("/gates/wf-1/other")
    expect(page.get_by_role("heading", name="Not yours to do")).to_be_visible()
