"""Sign in at a provider: whom it vouches for is let in under that name; what it cannot prove is refused."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from inbox_world import Browser, Inbox, make_known
from joserfc import jws, jwt
from joserfc.jwk import RSAKey
from ledger_databases import dump
from openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    JWKS,
    LIFE_S,
    METADATA,
    TOKEN,
    USERINFO,
    LocalProvider,
    local_provider,
    new_key,
)
from openid_world import come_in, inbox_beside, leave, refusals
from use_case_worlds import Clock, open_one

from signoff.app.add_principal import add_principal
from signoff.app.disable_principal import disable_principal
from signoff.app.make_link import make_link
from signoff.app.world import World
from signoff.errors import OperationError
from signoff.gates.requirement import Need, Requirement
from signoff.gates.session import SESSION_MS_MAX
from signoff.inbox.attempts import FAILURES_MAX
from signoff.inbox.openid.client import Client
from signoff.inbox.openid.departure import AWAY_S_MAX, PATH_CHARS_MAX, depart
from signoff.inbox.openid.provider import ASKED_AT_ONCE_MAX, Provider
from signoff.ledger.database import Database

PATH = "/gates/wf-1/go-live"
CALLBACK = "http://127.0.0.1:8700/sign-in/openid/callback"


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return new_key("k-1")


@pytest.fixture(scope="module")
def other_key() -> RSAKey:
    return new_key("k-2")


@pytest.fixture
def local(clock: Clock, key: RSAKey) -> Iterator[LocalProvider]:
    with local_provider(clock, key) as local:
        yield local


@pytest.fixture
def token(world: World) -> str:
    """With ada known, the server is open no more."""
    return make_known(world, "ada", "lead")


@pytest.fixture
def inbox(local: LocalProvider, world: World, token: str) -> Iterator[Inbox]:
    with inbox_beside(local, world) as inbox:
        yield inbox


@pytest.fixture
def browser(inbox: Inbox) -> Browser:
    return inbox.browser()


def is_in(browser: Browser) -> bool:
    return browser.get("/stats").status_code == 200


def sessions(database: Database) -> list[dict[str, Any]]:
    return dump(database, "sessions")["sessions"]


def test_whoever_comes_back_is_shown_the_gate_and_decides_in_their_own_roles(
    browser: Browser, local: LocalProvider, world: World, database: Database
) -> None:
    local.said = {"roles": ["cto"], "groups": ["admins"]}
    open_one(world, requirement=Requirement(needs=(Need(("lead",), 1),)))
    asked = browser.get(f"{PATH}?choice=yes").headers["location"]
    back = come_in(browser, local, "/gates/wf-1/go-live?choice=yes")
    assert asked == "/sign-in?next=%2Fgates%2Fwf-1%2Fgo-live%3Fchoice%3Dyes"
    assert back.headers["location"] == f"{PATH}?choice=yes"
    assert 'value="yes" required data-effect="approve" checked' in browser.follow(back).text
    assert "signoff-openid" not in browser.client.cookies, "nothing of the way there is left"
    assert browser.answer(PATH, "yes").status_code == 303
    [said] = dump(database, "human_interactions")["human_interactions"]
    assert (said["actor"], said["role"]) == ("ada", "lead")
    [entry] = [one for one in dump(database, "audit_entries")["audit_entries"] if one["event"] == "gate.decided"]
    assert '"isAuthenticated":true' in entry["body"]


def test_the_session_says_who_vouched_and_ends_like_any_other(
    inbox: Inbox, local: LocalProvider, token: str, world: World, database: Database
) -> None:
    here, there, by_token = inbox.browser(), inbox.browser(), inbox.browser()
    come_in(here, local)
    [session] = sessions(database)
    assert (session["issuer"], session["subject"]) == (local.issuer, "u-1")
    assert session["token_id"] is session["link_id"] is None
    assert session["ends_at"] - session["created_at"] == SESSION_MS_MAX
    [entry] = [one for one in dump(database, "audit_entries")["audit_entries"] if one["event"] == "session.opened"]
    assert f'"issuer":"{local.issuer}"' in entry["body"]
    assert '"subject":"u-1"' in entry["body"]
    come_in(there, local)
    by_token.sign_in(token)
    assert [is_in(one) for one in (here, there, by_token)] == [True] * 3
    here.submit(here.get("/sign-out"), "/sign-out", button="everywhere")
    assert [is_in(one) for one in (here, there, by_token)] == [False] * 3
    come_in(here, local)
    disable_principal(world, name="ada", actor="operator")
    assert not is_in(here)


def test_a_link_that_was_used_still_leads_to_its_gate_after_the_sign_in(
    inbox: Inbox, local: LocalProvider, world: World
) -> None:
    open_one(world)
    link = f"/links/{make_link(world, workflow_id='wf-1', gate_key='go-live', name='ada')[1]}"
    first, browser = inbox.browser(), inbox.browser()
    first.submit(first.get(link), link)
    told = browser.submit(browser.get(link), link)
    assert f'href="/sign-in?next={link}"' in told.text
    back = come_in(browser, local, link)
    assert back.headers["location"] == link
    assert browser.follow(back).headers["location"] == PATH
    assert is_in(browser), "for more than that gate"


def test_a_name_that_only_userinfo_tells_is_taken_from_there_if_it_is_of_the_same_person(
    browser: Browser, local: LocalProvider, database: Database
) -> None:
    local.person = {"sub": "u-1"}
    local.in_userinfo = {"preferred_username": "ada"}
    assert come_in(browser, local).headers["location"] == "/"
    local.in_userinfo = {"preferred_username": "ada", "sub": "u-2"}
    refused = come_in(browser, local)
    assert refused.status_code == 401
    assert "it tells of somebody else" in refused.text
    assert len(sessions(database)) == 1


@pytest.mark.parametrize(("secret", "methods"), [(None, ()), (CLIENT_SECRET, ("client_secret_basic",))])
def test_the_server_proves_who_it_is_as_the_provider_wants_it(
    local: LocalProvider, world: World, token: str, secret: str | None, methods: tuple[str, ...]
) -> None:
    local.secret, local.auth_methods = secret, methods
    with inbox_beside(local, world) as inbox:
        assert come_in(inbox.browser(), local).headers["location"] == "/"


def test_an_address_is_a_name_once_the_provider_has_verified_it(
    local: LocalProvider, world: World, token: str, database: Database
) -> None:
    add_principal(world, name="grace@signoff.example", actor="operator")
    local.person = {"sub": "u-2", "email": "grace@signoff.example"}
    with inbox_beside(local, world, claim="email") as inbox:
        refused = come_in(inbox.browser(), local)
        assert (refused.status_code, sessions(database)) == (401, [])
        local.person["email_verified"] = True
        assert come_in(inbox.browser(), local).status_code == 303


def unsigned(claims: dict[str, Any]) -> str:
    return f"{joined({'alg': 'none'}, claims)}."


def signed_with_what_is_no_secret(key: bytes) -> Callable[[dict[str, Any]], str]:
    """By hand: the libraries that sign refuse to."""

    def sign(claims: dict[str, Any]) -> str:
        text = joined({"alg": "HS256", "kid": "k-1"}, claims)
        return f"{text}.{base64url(hmac.digest(key, text.encode(), 'sha256'))}"

    return sign


def joined(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


Lie = Callable[[LocalProvider, RSAKey, int], None]


def says(**claims: Any) -> Lie:
    return lambda local, _, __: local.said.update(claims)


def signs(make: Callable[[LocalProvider, RSAKey], Callable[[dict[str, Any]], str]]) -> Lie:
    def lie(local: LocalProvider, other: RSAKey, _: int) -> None:
        local.sign = make(local, other)

    return lie


SIGNATURE = "the signature is not the provider&#39;s"
LIES: dict[str, tuple[Lie, str]] = {
    "another nonce": (says(nonce="0" * 64), "it belongs to another sign-in"),
    "no nonce": (says(nonce=None), "it belongs to another sign-in"),
    "another audience": (says(aud="somebody-else"), "it was made for another application"),
    "several audiences": (says(aud=[CLIENT_ID, "somebody-else"]), "it was made for another application"),
    "another party": (says(azp="somebody-else"), "it was made for another application"),
    "no audience": (says(aud=None), "it was made for another application"),
    "another issuer": (says(iss="https://evil.example"), "it is of another issuer"),
    "expired": (lambda local, _, now: local.said.update(exp=now - 61), "it has expired"),
    "expires never": (says(exp=None), "it has expired"),
    "expires some day": (says(exp="tomorrow"), "it has expired"),
    "of the future": (lambda local, _, now: local.said.update(iat=now + 61), "it is of the future"),
    "not good yet": (lambda local, _, now: local.said.update(nbf=now + 61), "it is of the future"),
    "another access token": (says(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), "it belongs to another access token"),
    "no subject": (says(sub=None), "its sub is missing or wrong"),
    "a blank subject": (says(sub=""), "its sub is missing or wrong"),
    "no name": (says(preferred_username=None), "it has no preferred_username"),
    "a list of names": (says(preferred_username=["ada"]), "it has no preferred_username"),
    "an unsayable name": (says(preferred_username="ada\0"), "is nobody&#39;s name"),
    "the name of a rule": (says(preferred_username="policy:low"), "is nobody&#39;s name"),
    "unsigned": (signs(lambda _, __: unsigned), SIGNATURE),
    "another key": (signs(lambda local, other: lambda claims: local.signed(claims, other)), SIGNATURE),
    "another key of the same name": (
        signs(lambda local, other: lambda claims: jwt.encode({"alg": "RS256", "kid": "k-1"}, claims, other)),
        SIGNATURE,
    ),
    "our own secret": (signs(lambda local, _: signed_with_what_is_no_secret(CLIENT_SECRET.encode())), SIGNATURE),
    "a public key": (
        signs(lambda local, _: signed_with_what_is_no_secret(local.key.as_pem(private=False))),
        SIGNATURE,
    ),
    "rubbish": (signs(lambda _, __: lambda ___: "a.b.c"), SIGNATURE),
    "deep rubbish": (signs(lambda _, __: lambda ___: "." * 50_000 + "ü"), SIGNATURE),
    "no claims": (
        signs(lambda local, _: lambda __: jws.serialize_compact({"alg": "RS256", "kid": "k-1"}, b"[]", local.key)),
        SIGNATURE,
    ),
    "no token": (lambda local, _, __: local.answers.update({TOKEN: (200, b"{}")}), "there is no ID token"),
}


def test_a_provider_that_lies_lets_nobody_in(
    browser: Browser,
    local: LocalProvider,
    other_key: RSAKey,
    clock: Clock,
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for count, (lie, (tell, words)) in enumerate(LIES.items(), start=1):
        clock.advance_s(61)  # Failures are counted by the minute.
        local.be_honest()
        tell(local, other_key, clock.now // 1000)
        back = leave(browser, local, PATH)
        refused = browser.get(back)
        assert (refused.status_code, words in refused.text) == (401, True), (lie, refused.text)
        assert "Begin again" in refused.text
        assert f"/sign-in/openid?next={PATH}" in refused.text, "at once, and for the same page"
        assert not is_in(browser)
        assert len(refusals(database)) == count, lie
        assert all('"code":"openid-refused"' in one["body"] for one in refusals(database))
        assert all('"doing":"sign in"' in one["body"] for one in refusals(database))
        code = back.partition("code=")[2].partition("&")[0]
        logged = [one.getMessage() for one in caplog.records if one.name.startswith("signoff")]
        for secret in (CLIENT_SECRET, code, "opaque-access-token", "eyJ"):
            assert secret not in f"{logged}{dump(database)}{refused.text}", lie
    assert sessions(database) == []


def test_clocks_may_differ_by_a_minute(browser: Browser, local: LocalProvider, clock: Clock) -> None:
    now = clock.now // 1000
    local.said = {"exp": now - 59, "iat": now + 59}
    assert come_in(browser, local).status_code == 303


def test_whoever_is_nobody_here_is_told_so_and_that_they_tried_is_recorded(
    browser: Browser, local: LocalProvider, world: World, clock: Clock, database: Database
) -> None:
    add_principal(world, name="ci", is_service=True, actor="operator")
    add_principal(world, name="bob", actor="operator")
    disable_principal(world, name="bob", actor="operator")
    for name, words in (
        ("mallory", "mallory is nobody here."),
        ("Ada", "Ada is nobody here."),
        ("<b>eve</b>", "&lt;b&gt;eve&lt;/b&gt; is nobody here."),
        ("ci", "ci is a service"),
        ("bob", "bob is disabled"),
    ):
        local.person["preferred_username"] = name
        refused = come_in(browser, local)
        assert refused.status_code == 401
        assert words in refused.text
        clock.advance_s(2)
    assert sessions(database) == []
    assert {one["actor"] for one in refusals(database)} == {"mallory", "Ada", "<b>eve</b>", "ci", "bob"}


class TestComingBack:
    """The address to which the provider sends people back, asked for by somebody else."""

    def test_what_was_begun_in_another_browser_is_not_taken_and_nothing_is_written(
        self, inbox: Inbox, local: LocalProvider, database: Database
    ) -> None:
        attacker, victim, stranger = inbox.browser(), inbox.browser(), inbox.browser()
        back = leave(attacker, local)
        leave(victim, local)
        before = dump(database)
        for browser in (victim, stranger):
            refused = browser.get(back)
            assert refused.status_code == 401
            assert "not begun in this browser" in refused.text
        assert dump(database) == before
        assert TOKEN not in local.asked, "the provider is not even asked"
        assert attacker.get(back).status_code == 303

    def test_nobody_who_was_sent_off_elsewhere_is_kept_out_by_it(self, inbox: Inbox, local: LocalProvider) -> None:
        """Any page can make a browser ask for this address, many times."""
        browser = inbox.browser()
        back = leave(browser, local)
        for _ in range(FAILURES_MAX * 2):
            assert browser.get("/sign-in/openid/callback?state=x&code=y").status_code == 401
        assert browser.get(back).status_code == 303

    def test_it_is_taken_once_and_for_ten_minutes(
        self, inbox: Inbox, local: LocalProvider, clock: Clock, database: Database
    ) -> None:
        browser = inbox.browser()
        back = leave(browser, local)
        kept = browser.client.cookies["signoff-openid"]
        assert browser.get(back).status_code == 303
        assert "not begun" in browser.get(back).text
        browser.client.cookies.set("signoff-openid", kept)
        again = browser.get(back)
        assert again.status_code == 401
        assert "it was used before" in again.text
        assert len(sessions(database)) == 1
        late = leave(browser, local)
        clock.advance_s(AWAY_S_MAX)
        assert "not begun" in browser.get(late).text

    def test_a_cookie_that_was_changed_leads_nowhere(self, inbox: Inbox, local: LocalProvider, clock: Clock) -> None:
        browser = inbox.browser()
        back = leave(browser, local, PATH)
        secret, left_at, path = browser.client.cookies["signoff-openid"].split(".")
        for changed in (
            f"{secret}.{left_at}.%2Faudit",
            f"{secret}.{clock.now + 1}.{path}",
            f"{secret}.{left_at}.{path}%",
            f"{secret}.{left_at}0000.{path}",
            secret,
            "",
        ):
            browser.client.cookies.delete("signoff-openid")
            browser.client.cookies.set("signoff-openid", changed)
            assert "not begun" in browser.get(back).text, changed

    def test_it_leads_to_a_path_of_ours_and_nowhere_else(self, inbox: Inbox, local: LocalProvider) -> None:
        for wanted in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
            browser = inbox.browser()
            away = browser.get("/sign-in/openid", params={"next": wanted})
            assert browser.get(local.let_in(away.headers["location"])).headers["location"] == "/", wanted

    def test_what_the_provider_answers_instead_is_told_in_our_words(
        self, inbox: Inbox, local: LocalProvider, database: Database
    ) -> None:
        browser = inbox.browser()
        for error, words in (("access_denied", "did not let you in"), ("<script>", "The provider refused")):
            state = leave(browser, local).partition("state=")[2].partition("&")[0]
            query = {"state": state, "error": error, "error_description": "Call 555-0100 at once"}
            refused = browser.get("/sign-in/openid/callback", params=query)
            assert refused.status_code == 401
            assert words in refused.text
            assert "Call 555-0100" not in refused.text + str(dump(database)), "anybody could have written it"

    def test_an_answer_that_is_none_of_this_provider_is_not_taken(
        self, inbox: Inbox, local: LocalProvider, database: Database
    ) -> None:
        browser = inbox.browser()
        for change in ("iss=https%3A%2F%2Fevil.example", "iss=", "code=", "code=%0d%0a", "code=ü"):
            back = leave(browser, local)
            name = change.partition("=")[0]
            query = [change if part.startswith(f"{name}=") else part for part in back.partition("?")[2].split("&")]
            assert browser.get(f"/sign-in/openid/callback?{'&'.join(query)}").status_code == 401, change
        assert sessions(database) == []
        assert TOKEN not in local.asked

    def test_after_some_failures_an_address_has_to_wait(
        self, inbox: Inbox, local: LocalProvider, clock: Clock, token: str
    ) -> None:
        browser = inbox.browser()
        local.person["preferred_username"] = "mallory"
        for _ in range(FAILURES_MAX):
            assert come_in(browser, local).status_code == 401
        local.person["preferred_username"] = "ada"
        asked = len(local.asked)
        for path in ("/sign-in/openid", "/sign-in/openid/callback"):
            refused = browser.get(path)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) <= 60
        assert len(local.asked) == asked
        assert browser.submit(browser.get("/sign-in"), "/sign-in", token=token).status_code == 429, "one count for both"
        clock.advance_s(60)
        assert come_in(browser, local).status_code == 303


DEFECTS: dict[str, Callable[[LocalProvider], Any]] = {
    "not JSON": lambda local: local.answers.update({METADATA: (200, b"<html>")}),
    "no object": lambda local: local.answers.update({METADATA: (200, b"[]")}),
    "too deep": lambda local: local.answers.update({METADATA: (200, b"[" * 100_000)}),
    "too long": lambda local: local.answers.update({METADATA: (200, b" " * 300_000)}),
    "failing": lambda local: local.answers.update({METADATA: (500, b"{}")}),
    "sending elsewhere": lambda local: local.answers.update({METADATA: (302, b"https://evil.example")}),
    "another issuer": lambda local: local.metadata.update(issuer=f"{local.issuer}/"),
    "no endpoint": lambda local: local.metadata.update(token_endpoint=None),
    "endpoint in the open": lambda local: local.metadata.update(token_endpoint="http://evil.example/token"),
    "endpoint of no kind": lambda local: local.metadata.update(authorization_endpoint="javascript:alert(1)"),
    "header in an endpoint": lambda local: local.metadata.update(authorization_endpoint="https://a\r\nx: y"),
}


def test_a_provider_that_answers_rubbish_is_said_not_to_work_until_it_does(
    browser: Browser, local: LocalProvider, token: str, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    before = dump(database)
    for defect, happen in DEFECTS.items():
        local.be_honest()
        happen(local)
        caplog.clear()
        told = browser.get("/sign-in/openid", params={"next": PATH})
        assert told.status_code == 503, defect
        assert int(told.headers["retry-after"]) > 0
        assert "does not answer as it should. Try again in a minute, or sign in with a token" in told.text
        assert f'name="next" value="{PATH}"' in told.text
        assert local.issuer in caplog.text, "whoever runs the server is told where to look"
        assert dump(database) == before
    local.be_honest()
    assert come_in(browser, local).status_code == 303
    browser.sign_in(token)


HALF_WAY = [
    (TOKEN, (500, b"{}")),
    (TOKEN, (200, b"<html>")),
    (TOKEN, (401, b'{"error": "invalid_client"}')),
    (TOKEN, (400, b'{"error": ["invalid_grant"]}')),
    (JWKS, (404, b"{}")),
    (JWKS, (200, b"keys")),
    (USERINFO, (403, b"{}")),
]


def test_a_provider_that_breaks_off_half_way_lets_nobody_in(
    browser: Browser, local: LocalProvider, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    local.person = {"sub": "u-1"}
    local.in_userinfo = {"preferred_username": "ada"}
    before = dump(database)
    for path, answer in HALF_WAY:
        local.be_honest()
        local.answers[path] = answer
        caplog.clear()
        assert come_in(browser, local, PATH).status_code == 503, path
        assert f"{local.issuer}{path}: status {answer[0]}" in caplog.text
        assert CLIENT_SECRET not in caplog.text
        assert dump(database) == before
    local.be_honest()
    assert come_in(browser, local, PATH).headers["location"] == PATH


def test_keys_that_are_none_verify_nothing(browser: Browser, local: LocalProvider) -> None:
    for document in (b"{}", b'{"keys": 7}', b'{"keys": [7, {"kty": "RSA", "kid": "k-1"}, {"kty": "oct"}]}'):
        local.answers[JWKS] = (200, document)
        refused = come_in(browser, local)
        assert (refused.status_code, SIGNATURE in refused.text) == (401, True), document


def test_the_provider_may_change_its_keys_and_takes_the_old_ones_out(
    inbox: Inbox, local: LocalProvider, key: RSAKey, other_key: RSAKey
) -> None:
    assert come_in(inbox.browser(), local).status_code == 303
    assert come_in(inbox.browser(), local).status_code == 303
    assert (local.asked.count(METADATA), local.asked.count(JWKS)) == (1, 1), "what is known is not asked for again"
    local.key = other_key
    assert come_in(inbox.browser(), local).status_code == 303
    local.sign = lambda claims: local.signed(claims, key)
    assert SIGNATURE in come_in(inbox.browser(), local).text
    same_name = new_key("k-2")
    local.key, local.sign = same_name, None
    assert come_in(inbox.browser(), local).status_code == 303, "a new key under an old name is found too"


def test_what_the_provider_says_of_itself_is_asked_for_again_after_an_hour(
    browser: Browser, local: LocalProvider, clock: Clock
) -> None:
    come_in(browser, local)
    clock.advance_s(3_600)
    come_in(browser, local)
    assert local.asked.count(METADATA) == 2


def test_a_provider_that_is_slow_or_gone_is_waited_for_in_bounds(
    local: LocalProvider, world: World, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    local.held = {METADATA}
    with inbox_beside(local, world, timeout_s=0.2) as inbox:
        browser = inbox.browser()
        assert browser.get("/sign-in/openid").status_code == 503
        assert "no answer within 0.2 s" in caplog.text
        browser.sign_in(token)
    nobody = Provider(Client("http://127.0.0.1:1", CLIENT_ID, None, "sub"), local.clock)
    with pytest.raises(OperationError, match=r"127\.0\.0\.1:1"):
        nobody.metadata()


def test_a_slow_provider_holds_few_of_the_servers_threads(local: LocalProvider) -> None:
    local.held = {METADATA}
    provider = Provider(Client(local.issuer, CLIENT_ID, CLIENT_SECRET, "sub"), local.clock, timeout_s=60)
    urls: list[str] = []

    def leave_for_good() -> None:
        urls.append(provider.sign_in_url(depart("/", local.clock()), CALLBACK))

    waiting = [threading.Thread(target=leave_for_good) for _ in range(ASKED_AT_ONCE_MAX)]
    for thread in waiting:
        thread.start()
    for _ in waiting:
        assert local.has_asked.acquire(timeout=60)
    with pytest.raises(OperationError, match="are being asked about"):
        leave_for_good()
    local.go_on.set()
    for thread in waiting:
        thread.join()
    assert len(urls) == ASKED_AT_ONCE_MAX
    leave_for_good()


def test_the_provider_sends_people_back_to_the_public_address_alone(
    local: LocalProvider, world: World, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with inbox_beside(local, world, public_url="https://signoff.example/") as inbox:
        away = inbox.browser("http://signoff.example").get("/sign-in/openid")
        assert "redirect_uri=https%3A%2F%2Fsignoff.example%2Fsign-in%2Fopenid%2Fcallback" in away.headers["location"]
        [cookie] = [one for one in away.headers.get_list("set-cookie") if "openid" in one]
        assert cookie.startswith("__Host-signoff-openid=")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/", f"Max-Age={AWAY_S_MAX}"} <= set(cookie.split("; "))
    with inbox_beside(local, world) as inbox:
        assert inbox.browser("http://evil.example").get("/sign-in/openid").status_code == 503
        assert "public_url is not set" in caplog.text


def test_a_path_that_no_cookie_can_hold_is_forgotten(clock: Clock) -> None:
    assert depart("/" + "x" * (PATH_CHARS_MAX - 3), clock.now).next_path != "/"
    assert depart("/" + "x" * PATH_CHARS_MAX, clock.now).next_path == "/"


def test_to_leave_writes_nothing_and_tells_the_provider_nothing_of_the_page(
    browser: Browser, local: LocalProvider, database: Database
) -> None:
    before = dump(database)
    away = browser.get("/sign-in/openid", params={"next": PATH})
    assert "go-live" not in away.headers["location"]
    assert away.headers["referrer-policy"] == "same-origin"
    assert dump(database) == before
    assert LIFE_S < AWAY_S_MAX
