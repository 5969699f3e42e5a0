"""Sessions last while they are used and what they were opened with is worth something; links open one gate, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal
from inbox_world import Browser, Inbox, form_of, make_known
from ledger_databases import dump
from use_case_worlds import Clock, open_one, refusing

from signoff.api.server import create_app
from signoff.app.create_token import create_token
from signoff.app.disable_principal import disable_principal
from signoff.app.find_principals import find_tokens
from signoff.app.make_link import make_link
from signoff.app.revoke_token import revoke_token
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates.session import IDLE_MS, LINK_MS_MAX, LINK_SESSION_MS_MAX, SESSION_MS_MAX
from signoff.inbox.attempts import FAILURES_MAX
from signoff.inbox.site import add_inbox
from signoff.ledger.database import Database

PATH = "/gates/wf-1/go-live"
TO_SIGN_IN = 303


@pytest.fixture
def token(world: World) -> str:
    return make_known(world, "ada", "lead")


@pytest.fixture
def ada(inbox: Inbox, token: str) -> Browser:
    browser = inbox.browser()
    browser.sign_in(token)
    return browser


def is_in(browser: Browser) -> bool:
    return browser.get("/stats").status_code == 200


def test_a_token_opens_a_session_and_its_cookie_says_nothing(ada: Browser, token: str, database: Database) -> None:
    assert is_in(ada)
    [session] = dump(database, "sessions")["sessions"]
    secret = ada.client.cookies["signoff-session"]
    assert secret not in str(dump(database)), "the ledger has its hash alone"
    assert token not in str(dump(database))
    assert session["ends_at"] - session["created_at"] == SESSION_MS_MAX
    answer = ada.submit(ada.get("/sign-in"), "/sign-in", token=token)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("signoff-session="))
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie


def test_the_sign_in_leads_to_the_page_that_was_wanted(inbox: Inbox, world: World, token: str) -> None:
    open_one(world)
    browser = inbox.browser()
    asked = browser.get(f"{PATH}?choice=yes")
    assert asked.headers["location"] == "/sign-in?next=%2Fgates%2Fwf-1%2Fgo-live%3Fchoice%3Dyes"
    answer = browser.submit(browser.follow(asked), "/sign-in", token=token)
    assert answer.headers["location"] == f"{PATH}?choice=yes"
    assert 'value="yes" required data-effect="approve" checked' in browser.follow(answer).text


def test_an_answer_is_that_of_the_token_whatever_name_is_sent(ada: Browser, world: World, database: Database) -> None:
    open_one(world)
    assert ada.answer(PATH, "yes", actor="grace").status_code == 303
    [row] = dump(database, "human_interactions")["human_interactions"]
    assert row["actor"] == "ada"
    [entry] = [one for one in dump(database, "audit_entries")["audit_entries"] if one["event"] == "gate.decided"]
    assert '"isAuthenticated":true' in entry["body"]


def test_a_session_slides_while_it_is_used_and_ends_at_its_bound(ada: Browser, clock: Clock) -> None:
    for _ in range(SESSION_MS_MAX // IDLE_MS):
        clock.now += IDLE_MS - 60_000
        assert is_in(ada)
    clock.now += IDLE_MS - 60_000
    assert not is_in(ada), "however much it is used"


def test_a_session_that_nobody_uses_ends(ada: Browser, clock: Clock) -> None:
    clock.now += IDLE_MS
    assert not is_in(ada)


def test_a_page_that_looks_by_itself_keeps_no_session_alive(ada: Browser, clock: Clock) -> None:
    clock.now += IDLE_MS - 1
    assert ada.get("/", headers={"HX-Request": "true"}).status_code == 200
    clock.now += 1
    assert not is_in(ada)
    answer = ada.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (401, "true")


def test_a_session_ends_with_its_token_or_its_principal(inbox: Inbox, world: World, ada: Browser, token: str) -> None:
    other = make_known(world, "bob")
    bob = inbox.browser()
    bob.sign_in(other)
    assert is_in(ada)
    assert is_in(bob)
    [(found, _)] = [(one, who) for one, who in find_tokens(world) if who.name == "ada"]
    revoke_token(world, token_id=found.id, actor="operator")
    assert not is_in(ada)
    disable_principal(world, name="bob", actor="operator")
    assert not is_in(bob)


def test_a_session_is_never_longer_than_its_token(inbox: Inbox, world: World, clock: Clock, database: Database) -> None:
    make_known(world, "ada")
    _, short = create_token(world, name="ada", actor="operator", expires_s=90)
    browser = inbox.browser()
    browser.sign_in(short)
    [session] = dump(database, "sessions")["sessions"]
    assert session["expires_at"] == session["ends_at"] == clock.now + 90_000
    clock.advance_s(90)
    assert not is_in(browser)


def test_signing_out_ends_one_session_or_all(inbox: Inbox, token: str) -> None:
    here, there, elsewhere = inbox.browser(), inbox.browser(), inbox.browser()
    for browser in (here, there, elsewhere):
        browser.sign_in(token)
    stolen = here.client.cookies["signoff-session"]
    here.submit(here.get("/sign-out"), "/sign-out")
    assert [is_in(one) for one in (here, there, elsewhere)] == [False, True, True]
    here.client.cookies.set("signoff-session", stolen)
    assert not is_in(here), "the ledger forgets it, not the browser alone"
    there.submit(there.get("/sign-out"), "/sign-out", button="everywhere")
    assert [is_in(one) for one in (here, there, elsewhere)] == [False, False, False]


def test_a_form_of_the_session_before_is_not_taken(ada: Browser, world: World, token: str, database: Database) -> None:
    open_one(world)
    page = ada.get(PATH)
    ada.submit(ada.get("/sign-out"), "/sign-out")
    ada.sign_in(token)
    refused = ada.submit(page, "/confirm", choice="yes")
    assert refused.status_code == 403
    assert "Load the page again" in refused.text
    assert f'href="{PATH}"' in refused.text


def test_what_was_written_outlives_the_session(ada: Browser, world: World, clock: Clock, database: Database) -> None:
    open_one(world, ttl_s=86_400)
    page = ada.get(PATH)
    clock.now += IDLE_MS
    live = ada.get(PATH, headers={"HX-Request": "true", "HX-Target": "standing"})
    assert live.status_code == 401
    assert "hx-refresh" not in live.headers, "a page that somebody writes on is not loaded again"
    assert 'id="standing"' in live.text
    assert "/sign-in?next=/gates/wf-1/go-live" in live.text
    told = ada.submit(page, "/confirm", choice="no", rationale="a long <thought>", condition=["after the freeze"])
    assert told.status_code == 401
    assert "a long &lt;thought&gt;" in told.text
    assert "after the freeze" in told.text
    assert 'href="/sign-in?next=/gates/wf-1/go-live"' in told.text
    sent = {"rationale": "of a stranger"}
    foreign = ada.post(f"{PATH}/confirm", sent, headers={"Sec-Fetch-Site": "cross-site"})
    assert "of a stranger" not in foreign.text, "nobody else puts words on our pages"
    assert dump(database, "human_interactions")["human_interactions"] == []


def test_after_some_failures_an_address_has_to_wait(inbox: Inbox, token: str, clock: Clock) -> None:
    browser = inbox.browser()
    for _ in range(FAILURES_MAX):
        assert browser.submit(browser.get("/sign-in"), "/sign-in", token="so_wrong").status_code == 401
    refused = browser.submit(browser.get(f"/sign-in?next={PATH}"), "/sign-in", token=token)
    assert refused.status_code == 429
    assert form_of(refused, "/sign-in").value("next") == PATH
    assert int(refused.headers["retry-after"]) <= 60
    clock.advance_s(60)
    browser.sign_in(token)


def test_what_was_refused_is_in_the_trail_and_no_secret_is(inbox: Inbox, token: str, database: Database) -> None:
    browser = inbox.browser()
    wrong = "so_" + "A" * 43
    answer = browser.submit(browser.get("/sign-in"), "/sign-in", token=wrong)
    assert "not issued here" in answer.text
    assert wrong not in answer.text
    [refusal] = [one for one in dump(database, "audit_entries")["audit_entries"] if one["event"] == "access.refused"]
    assert '"doing":"sign in"' in refusal["body"]
    assert wrong not in str(dump(database))


class TestLinks:
    @pytest.fixture
    def link(self, world: World, token: str) -> str:
        open_one(world, ttl_s=7_200)
        open_one(world, "other-gate")
        return f"/links/{make_link(world, workflow_id='wf-1', gate_key='go-live', name='ada')[1]}"

    def test_a_link_opens_its_gate_and_nothing_else(self, inbox: Inbox, link: str, database: Database) -> None:
        browser = inbox.browser()
        page = browser.get(link)
        assert "Open the gate" in page.text
        assert "go-live" not in page.text, "who has not pressed the button is shown nothing"
        answer = browser.submit(page, link)
        assert answer.headers["location"] == PATH
        assert browser.follow(answer).status_code == 200
        for path in ("/", "/gates/wf-1/other-gate", "/runs/wf-1", "/audit", "/stats", "/audit/export"):
            assert browser.get(path).status_code == 403, path
        assert browser.get("/live").status_code == 204
        assert browser.answer(PATH, "yes").status_code == 303
        [row] = dump(database, "human_interactions")["human_interactions"]
        assert row["actor"] == "ada"

    def test_to_look_at_a_link_uses_nothing_up_and_it_works_once(
        self, inbox: Inbox, link: str, database: Database
    ) -> None:
        before = dump(database)
        scanner = inbox.browser()
        pages = [scanner.get(link) for _ in range(3)]
        assert dump(database) == before
        assert scanner.submit(pages[0], link).status_code == 303
        again = inbox.browser()
        told = again.submit(again.get(link), link)
        assert told.status_code == 401
        assert "has been used" in told.text
        assert len(dump(database, "sessions")["sessions"]) == 1

    def test_whom_a_link_has_signed_in_is_led_to_the_gate_by_it_again(
        self, inbox: Inbox, link: str, world: World, database: Database
    ) -> None:
        browser = inbox.browser()
        page = browser.get(link)
        assert browser.submit(page, link).status_code == 303
        assert browser.get(link).headers["location"] == PATH
        csrf = form_of(browser.get(PATH), "/confirm").value("csrf")
        assert browser.post(link, {"csrf": csrf}).headers["location"] == PATH
        assert len(dump(database, "sessions")["sessions"]) == 1
        other = f"/links/{make_link(world, workflow_id='wf-1', gate_key='other-gate', name='ada')[1]}"
        assert "Open the gate" in browser.get(other).text, "another link is another matter"

    def test_a_link_is_pressed_on_our_own_page_alone(self, inbox: Inbox, link: str, database: Database) -> None:
        browser = inbox.browser()
        csrf = form_of(browser.get(link), link).value("csrf")
        before = dump(database)
        assert browser.post(link, {}).status_code == 403
        assert browser.post(link, {"csrf": csrf}, headers={"Origin": "https://evil.example"}).status_code == 403
        assert dump(database) == before

    def test_a_link_ends_with_its_time_its_gate_and_its_principal(
        self, inbox: Inbox, link: str, world: World, clock: Clock
    ) -> None:
        browser = inbox.browser()
        page = browser.get(link)
        clock.advance_s(7_200)
        assert "no longer good" in browser.submit(page, link).text
        open_one(world, "late", ttl_s=LINK_MS_MAX // 1000 * 2)
        late = f"/links/{make_link(world, workflow_id='wf-1', gate_key='late', name='ada')[1]}"
        clock.now += LINK_MS_MAX
        assert browser.submit(browser.get(late), late).status_code == 401
        open_one(world, "last", ttl_s=600)
        last = f"/links/{make_link(world, workflow_id='wf-1', gate_key='last', name='ada')[1]}"
        disable_principal(world, name="ada", actor="operator")
        assert "is disabled" in browser.submit(browser.get(last), last).text

    def test_the_session_of_a_link_is_short(self, inbox: Inbox, link: str, clock: Clock) -> None:
        browser = inbox.browser()
        browser.submit(browser.get(link), link)
        clock.now += LINK_SESSION_MS_MAX - 1
        assert browser.get(PATH).status_code == 200
        clock.now += 1
        assert browser.get(PATH).status_code == TO_SIGN_IN

    def test_no_link_is_made_for_whom_or_what_it_is_worth_nothing(
        self, world: World, link: str, database: Database, clock: Clock
    ) -> None:
        make_known(world, "grace")
        disable_principal(world, name="grace", actor="operator")
        with refusing(database, InvalidInputError, "invalid-link"):
            make_link(world, workflow_id="wf-1", gate_key="go-live", name="grace")
        clock.advance_s(7_200)
        with refusing(database, InvalidInputError, "invalid-link"):
            make_link(world, workflow_id="wf-1", gate_key="go-live", name="ada")


class TestBehindTls:
    @pytest.fixture
    def public(self, world: World) -> Iterator[Browser]:
        app = create_app(world, version="0", database="sqlite", host="127.0.0.1", public_url="https://signoff.example/")
        add_inbox(app, public_url="https://signoff.example/")
        with start_blocking_portal("asyncio") as portal:
            # As a proxy hands it on: plain, under the public name.
            yield Inbox(app, portal).browser("http://signoff.example")

    def test_cookies_are_for_tls_alone_and_the_public_origin_is_ours(
        self, public: Browser, world: World, token: str
    ) -> None:
        page = public.get("/sign-in")
        [visit] = page.headers.get_list("set-cookie")
        assert visit.startswith("__Host-signoff-visit=")
        assert "Secure" in visit
        name, _, value = visit.partition(";")[0].partition("=")
        sent = {"csrf": form_of(page, "/sign-in").value("csrf"), "token": token}
        headers = {"Cookie": f"{name}={value}", "Origin": "https://signoff.example"}
        answer = public.post("/sign-in", sent, headers=headers)
        assert answer.status_code == 303
        session = answer.headers.get_list("set-cookie")[-1]
        assert session.startswith("__Host-signoff-session=ss_")
        assert "Secure" in session
        foreign = public.post("/sign-in", sent, headers={**headers, "Origin": "https://signoff.example.evil.example"})
        assert foreign.status_code == 403
