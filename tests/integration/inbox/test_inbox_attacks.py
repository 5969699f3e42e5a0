"""What a stranger's page, or a stranger, may try: refused with the right status, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from inbox_world import BASE_URL, Browser, Inbox, form_of, make_known
from ledger_databases import dump
from use_case_worlds import open_one

from signoff.app.world import World
from signoff.inbox.visit import CONTENT_SECURITY_POLICY
from signoff.ledger.database import Database

PATH = "/gates/wf-1/go-live"


@pytest.fixture
def asked(browser: Browser, world: World, database: Database) -> Iterator[Browser]:
    """Somebody who looks at a gate; at the end not one row is another."""
    open_one(world)
    browser.get(PATH)
    before = dump(database)
    yield browser
    assert dump(database) == before


def answer_of(browser: Browser) -> dict[str, str]:
    """What the last form would send."""
    form = form_of(browser.get(PATH), "/confirm")
    return {**dict(form.values), "actor": "ada", "choice": "yes", "dedupeKey": "k-1"}


FOREIGN: list[tuple[dict[str, str | None], int]] = [
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": BASE_URL.replace("8700", "8701")}, 403),
    ({"Origin": None, "Sec-Fetch-Site": "cross-site"}, 403),
    ({"Origin": None, "Sec-Fetch-Site": "same-site"}, 403),
    ({"Content-Type": "text/plain"}, 415),
    ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
    ({"Content-Type": "application/json"}, 415),
    ({"Host": "evil.example"}, 400),
]


def test_what_another_site_sends_is_refused(asked: Browser) -> None:
    answer = answer_of(asked)
    for headers, code in FOREIGN:
        assert asked.post(f"{PATH}/reply", answer, headers=headers).status_code == code, headers


def test_without_the_token_of_its_own_page_no_form_is_taken(asked: Browser) -> None:
    values = {name: text for name, text in answer_of(asked).items() if name != "csrf"}
    for csrf in (None, "", "0" * 64, "ünlike"):
        sent = values if csrf is None else {**values, "csrf": csrf}
        for action in (f"{PATH}/reply", f"{PATH}/confirm", "/runs/wf-1/cancel", "/audit/verify", "/name"):
            refused = asked.post(action, sent)
            assert refused.status_code == 403, (csrf, action)
            assert "csrf-refused" in refused.text


def test_the_token_of_somebody_elses_page_is_worth_nothing(asked: Browser, inbox: Inbox) -> None:
    thief = inbox.browser()
    csrf = form_of(thief.get(PATH), "/confirm").value("csrf")
    assert asked.post(f"{PATH}/reply", {**answer_of(asked), "csrf": csrf}).status_code == 403


MALFORMED = [
    b"choice",
    b"choice=yes&choice",
    b"%ff=1",
    b"choice=%ed%a0%80",
    "choice=ü".encode(),
    b"choice=%00",
    b"&".join(b"a=1" for _ in range(1_600)),
    b"\x00\x01\x02",
]


def test_a_malformed_body_is_refused(asked: Browser) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": BASE_URL}
    for body in MALFORMED:
        assert asked.send("POST", f"{PATH}/reply", content=body, headers=headers).status_code == 400, body[:40]


def test_an_oversized_body_is_refused_whether_or_not_it_says_so(asked: Browser) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": BASE_URL}
    body = b"rationale=" + b"x" * (1024 * 1024)
    assert asked.send("POST", f"{PATH}/reply", content=body, headers=headers).status_code == 413


UNSAYABLE = [
    {"choice": "maybe"},
    {"choice": ""},
    {"approved": "true"},
    {"origin": "console"},
    {"item": "nothing-of-the-kind"},
    {"rationale": "x" * 10_001},
    {"actor": "policy:low"},
    {"actor": "a" * 201},
    {"actor": "ada\nbob"},
    {"dedupeKey": ""},
    {"dedupeKey": "k" * 257},
    {"promptDigest": "ABC"},
]


def test_what_the_form_cannot_say_is_refused(asked: Browser) -> None:
    answer = answer_of(asked)
    for more in UNSAYABLE:
        assert asked.post(f"{PATH}/reply", {**answer, **more}).status_code == 400, more


def test_a_name_that_is_sent_twice_is_refused(asked: Browser) -> None:
    pairs = [*answer_of(asked).items(), ("choice", "no")]
    assert asked.post(f"{PATH}/reply", pairs).status_code == 400
    assert asked.get("/?state=PENDING&state=ENDED").status_code == 400


LEADING_NOWHERE: list[tuple[str, set[int]]] = [
    ("/static/../settings.py", {404}),
    ("/static/..%2f..%2fsettings.py", {404}),
    ("/static/style.css", {404}),
    ("/static//etc/passwd", {404}),
    ("/gates/..%2f..%2fetc/passwd", {400, 404}),
    ("/gates/wf-1/%00", {400}),
    ("/gates/wf-1/GO-LIVE", {400}),
    ("/gates/wf%0d%0aSet-Cookie:x=1/go-live", {400}),
    ("/gates/wf-2/go-live", {404}),
    ("/gates/wf-1/go-live/evidence/0", {404}),
    ("/gates/wf-1/go-live/evidence/99999999999999999999", {404}),
    ("/gates/wf-1/go-live/evidence/-1", {404}),
    ("/runs/" + "x" * 300, {400}),
    ("/audit/99999999999999999999", {404}),
    ("/audit?before=abc", {400}),
    ("/audit?before=0", {400}),
    ("/audit?workflowID=%3Cscript%3E", {400}),
    ("/?cursor=e30&who=me", {400}),
    ("/?who=everybody", {400}),
    ("/?state=OPEN", {400}),
    ("/?text=" + "x" * 201, {400}),
    ("/?nonsense=1", {400}),
    ("/live?workflowID=%00", {400}),
    ("/links/so_nothing", {401}),
    ("/nowhere", {404}),
]


def test_paths_and_queries_that_lead_nowhere_are_refused(asked: Browser) -> None:
    for path, codes in LEADING_NOWHERE:
        answer = asked.get(path)
        assert answer.status_code in codes, (path, answer.status_code)
        assert "<script>" not in answer.text
        assert "x=1" not in str(answer.headers.get("set-cookie"))


def test_who_looks_with_a_browser_is_refused_on_a_page_and_a_program_by_a_problem(asked: Browser) -> None:
    html = {"Accept": "text/html,application/xhtml+xml"}
    refused = [
        (asked.get("/nowhere<b>", headers=html), 404, "Not found"),
        (asked.get(f"{PATH}/reply", headers=html), 405, "Not found"),
        (asked.post("/name", {}, headers={**html, "Origin": "https://evil.example"}), 403, "Not yours to do"),
        (asked.post("/name", {}, headers={**html, "Content-Type": "text/plain"}), 415, "Not understood"),
    ]
    for answer, code, title in refused:
        assert answer.status_code == code
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert f"<h1>{title}</h1>" in answer.text
        assert 'href="/"' in answer.text
    for path in ("/nowhere", "/api/nowhere"):
        answer = asked.get(path, headers={"Accept": "*/*"} if path == "/nowhere" else html)
        assert answer.json()["code"] == "no-such-route", path


def test_nothing_is_done_by_looking(asked: Browser) -> None:
    for path in (f"{PATH}/reply", f"{PATH}/confirm", "/runs/wf-1/cancel", "/audit/verify", "/name"):
        for method in ("GET", "HEAD"):
            assert asked.send(method, f"{path}?choice=yes&actor=ada").status_code in (404, 405), path


ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/\tevil",
    "javascript:alert(1)",
    "evil.example",
    "/ü",
    "/%0d%0aSet-Cookie:x=1\r\nSet-Cookie: x=1",
]


def test_the_sign_in_leads_nowhere_else(inbox: Inbox, world: World) -> None:
    token = make_known(world, "ada")
    for wanted in ELSEWHERE:
        browser = inbox.browser()
        page = browser.get("/sign-in", params={"next": wanted})
        assert page.status_code == 200
        answer = browser.submit(page, "/sign-in", token=token, next=wanted)
        assert answer.headers["location"] == "/", wanted
        assert "x" not in browser.client.cookies


PAGES = ["/", PATH, f"{PATH}/payload", "/runs/wf-1", "/audit", "/audit/1", "/audit/export", "/stats"]


def test_who_is_not_signed_in_sees_nothing_once_there_is_a_token(inbox: Inbox, world: World) -> None:
    open_one(world, title="The secret plan", payload={"a": 1})
    make_known(world, "ada")
    for path in PAGES:
        answer = inbox.browser().get(path)
        assert "secret plan" not in answer.text
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), path
    assert inbox.browser().get("/live").status_code == 204
