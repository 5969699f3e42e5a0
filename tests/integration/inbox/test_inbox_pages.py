"""Every page: what it shows, and what it never does, whatever strangers have written into it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from inbox_world import Browser, Inbox, form_of, make_known, page_of
from use_case_worlds import Clock, PlanSteps, open_one, say, start_one, waiting_run, work

from signoff.app.find import find_run
from signoff.app.sign_head import HeadSigner
from signoff.app.steps import Artifact, StepContext, StepResult
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.gates import requirement as requirements
from signoff.gates.deadline import Rung
from signoff.gates.digest import sha256_hex
from signoff.gates.requirement import Actor
from signoff.inbox.visit import CONTENT_SECURITY_POLICY
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger

PATH = "/gates/wf-1/go-live"
EVIL = """<script>alert(1)</script> \x1b[2J\x1b]0;t\x07 \u202eevil <img src=x onerror=alert(1)> <svg onload=alert(1)>
![pixel](https://tracker.example/p.png) [click](javascript:alert(1)) [data](data:text/html,x) <https://ok.example>
[ok](https://ok.example "title") <iframe src=//x></iframe> &#x202e; [rel](/audit)"""
DIFF = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n same\n-<b>old</b>\n+--- new\n"


def test_no_page_loads_or_runs_anything_of_another_host(browser: Browser, world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)
    open_one(world, title=f"Go {EVIL.splitlines()[0]}", prompt={"body": EVIL}, payload={EVIL: [EVIL, {"a": DIFF}]})
    say(world, payload={"choice": "no", "rationale": EVIL})
    pages = ["/", "/?state=ENDED", PATH, f"/runs/{run.workflow_id}", "/runs/wf-1", "/audit", "/audit/1", "/stats"]
    for path in [
        *pages,
        f"/gates/{run.workflow_id}/{gate.gate_key}",
        "/?text=nothing",
        "/gates/wf-1/none",
        "/sign-out",
    ]:
        answer = browser.get(path)
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.content) < 100_000
        assert "\x1b" not in answer.text
        assert "\u202e" not in answer.text
        for tag, given in page_of(answer).tags:
            assert not {name for name in given if name.startswith("on") or name == "style"}, (path, tag, given)
            assert tag not in ("style", "iframe", "img", "object", "embed", "base"), path
            source = str(given.get("src") or (given.get("href") if tag == "link" else "") or "/static/")
            assert source.startswith("/static/"), (path, source)
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_markdown_of_strangers_becomes_harmless(browser: Browser, world: World) -> None:
    open_one(world, prompt={"body": EVIL})
    page = page_of(browser.get(PATH))
    links = [given for tag, given in page.tags if tag == "a" and "rel" in given]
    assert {given["href"] for given in links} == {"https://tracker.example/p.png", "https://ok.example"}
    assert {given["rel"] for given in links} == {"noopener noreferrer nofollow"}


def test_a_payload_of_a_megabyte_is_folded_and_all_of_it_can_be_read(browser: Browser, world: World) -> None:
    payload = {"rows": [f"row {n} " + "x" * 90 for n in range(9_000)], "text": "y" * 100_000}
    open_one(world, payload=payload, prompt={"body": "line of prose\n" * 10_000})
    answer = browser.get(PATH)
    assert len(answer.content) < 100_000
    assert "Read all of it" in answer.text
    whole = browser.get(f"{PATH}/payload")
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in whole.headers["content-security-policy"]
    assert "row 8999" in whole.text
    assert len(browser.get(f"{PATH}/body").text) == 140_000


class TestEvidence:
    CONTENT = DIFF + "\\ No newline at end of file\n"

    @pytest.fixture
    def gate_path(self, world: World, database: Database) -> str:
        """Of a run that has kept a change, which its prompt names as evidence beside other things."""
        content = self.CONTENT

        class Keeping(PlanSteps):
            def perform(self, action: str, context: StepContext) -> StepResult:
                evidence = [
                    {"title": "the.diff", "uri": "changes/the.diff", "sha256": sha256_hex(content.encode())},
                    {"title": "elsewhere", "uri": "https://ci.example/1", "sha256": "ab" * 32},
                    {"title": "gone.txt", "uri": "gone.txt"},
                    {"title": "trap", "uri": "javascript:alert(1)", "sha256": "cd" * 32},
                    {"title": "passwords", "uri": "file:///etc/passwd", "sha256": "ef" * 32},
                ]
                prompt = {"title": "Look", "evidence": evidence}
                kept = [Artifact(kind="diff", sha256=sha256_hex(content.encode()), inline=content)]
                forged = [Artifact(kind="note", sha256="ab" * 32, inline="not what has this hash")]
                return StepResult({"prompt": prompt, "tasks": []}, (*kept, *forged) if action == "compile" else ())

        run = start_one(world)
        work(world, SqlLedger(database), Keeping())
        with world.ledger.read() as tx:
            [gate] = tx.gates_of(run.workflow_id)
        return f"/gates/{run.workflow_id}/{gate.gate_key}"

    def test_what_the_run_has_kept_is_shown_where_it_has_the_hash(self, browser: Browser, gate_path: str) -> None:
        answer = browser.get(gate_path)
        assert '<tr class="removed"><td class="n">2</td><td class="n"></td>' in answer.text
        assert "&lt;b&gt;old&lt;/b&gt;" in answer.text
        assert "+--- new" in answer.text
        assert "not what has this hash" not in answer.text
        assert answer.text.count(">missing<") == 1
        hrefs = {given.get("href") for tag, given in page_of(answer).tags if tag == "a"}
        assert "https://ci.example/1" in hrefs
        assert not {href for href in hrefs if href and href.startswith(("javascript:", "file:"))}
        whole = browser.get(f"{gate_path}/evidence/1")
        assert whole.text == self.CONTENT
        assert browser.get(f"{gate_path}/evidence/2").status_code == 404
        assert browser.get(f"{gate_path}/evidence/5").status_code == 404, "no file is opened for a page"


def test_a_gate_says_what_it_needs_who_has_approved_and_what_comes_at_its_deadline(
    browser: Browser, world: World
) -> None:
    open_one(
        world,
        requirement=requirements.from_wire(
            {"needs": [{"any_of": ["lead"], "count": 1}, {"any_of": ["ops"], "count": 2}], "notRequester": True}
        ),
        ladder=(Rung(600, ("boss",)), Rung(60, ())),
        requested_by="bot",
        risk_level="high",
    )
    say(world, actor=Actor("ada", frozenset({"lead"})))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.get(PATH).text))
    for said in (
        "high risk",
        "asked by bot",
        "1 approval by lead ✓ given",
        "2 approvals by ops 2 still needed",
        "not by whoever asked for it",
        "Approve: ada as lead",
        "at the deadline also boss, for 10 min",
        "then asked again, for 1 min",
        "gate.approved by ada",
    ):
        assert said in text, said


def test_the_list_is_filtered_sorted_and_paged(browser: Browser, world: World) -> None:
    for n in range(70):
        risk = "critical" if n % 35 == 0 else None
        open_one(world, f"g-{n:02}", title=f"Batch {n:02}", ttl_s=9_000 - n, risk_level=risk)
    first = browser.get("/")
    titles = re.findall(r"Batch \d\d", first.text)
    assert titles == [f"Batch {n:02}" for n in range(69, 19, -1)], "soonest deadline first"
    [more] = [g["href"] for tag, g in page_of(first).tags if tag == "a" and g.get("class") == "more"]
    assert re.findall(r"Batch \d\d", browser.get(str(more)).text) == [f"Batch {n:02}" for n in range(19, -1, -1)]
    assert re.findall(r"Batch \d\d", browser.get("/?risk=critical&state=PENDING").text) == ["Batch 35", "Batch 00"]
    assert re.findall(r"Batch \d\d", browser.get("/?text=ATCH+07").text) == ["Batch 07"]
    assert "No gate fits" in browser.get("/?door=spec").text
    say(world, gate_key="g-07")
    assert re.findall(r"Batch \d\d", browser.get("/?state=ENDED").text) == ["Batch 07"]


def test_keys_of_the_list_lead_to_the_choices_that_the_gate_has(browser: Browser, world: World) -> None:
    choices = [
        {"key": "go", "label": "Go", "effect": "approve"},
        {"key": "again", "label": "Again", "effect": "fix"},
        {"key": "later", "label": "Later", "effect": "hold"},
    ]
    open_one(world, prompt={"choices": choices})
    [item] = [given for tag, given in page_of(browser.get("/")).tags if tag == "li" and "gate" in str(given["class"])]
    assert item["data-a"] == f"{PATH}?choice=go#decide"
    assert item["data-d"] == f"{PATH}?choice=later#decide"
    assert "data-r" not in item


class TestRuns:
    def test_a_run_is_shown_cancelled_and_tried_again(
        self, browser: Browser, world: World, database: Database, clock: Clock
    ) -> None:
        run, gate = waiting_run(world, database)
        clock.advance_s(90)
        path = f"/runs/{run.workflow_id}"
        page = browser.get(path)
        assert "waits for 1 min 30 s" in page.text
        live = page.text.partition('<div id="run"')[2]
        assert live.index("Cancel this run") < live.index("</form></details>\n</div>"), "what changes with the run"
        assert "Retry this run" not in page.text
        answer = browser.submit(page, "/cancel", reason="wrong branch")
        assert answer.headers["location"] == path
        assert find_run(world, run.workflow_id).error == "wrong branch"
        assert "cancelled" in browser.follow(answer).text
        again = browser.submit(page, "/cancel")
        assert again.status_code == 303
        failed, gate = waiting_run(world, database)
        say(world, "no", workflow_id=failed.workflow_id, gate_key=gate.gate_key)
        work(world, SqlLedger(database))
        page = browser.get(f"/runs/{failed.workflow_id}")
        assert "Cancel this run" not in page.text
        browser.submit(page, "/retry")
        assert find_run(world, failed.workflow_id).attempt == 2
        refused = browser.submit(page, "/retry")
        assert refused.status_code == 409
        assert "run-not-retryable" in refused.text


class TestAudit:
    def test_it_is_searched_and_one_entry_is_proved(self, browser: Browser, world: World) -> None:
        open_one(world)
        open_one(world, "second", workflow_id="wf-2")
        say(world, actor=Actor("grace"))
        found = browser.get("/audit?actor=grace&event=gate.decided").text
        assert re.findall(r'href="/audit/(\d+)"', found) == ["3"]
        assert re.findall(r'href="/audit/(\d+)"', browser.get("/audit?workflowID=wf-1").text) == ["3", "1"]
        proof = browser.get("/audit/3").text
        assert "✓ It fits its own hash" in proof
        assert "✓ It follows on the entry before it" in proof
        assert "No signed head covers it yet" in proof

    def test_an_entry_that_a_head_covers_is_in_its_tree(self, browser: Browser, world: World) -> None:
        for n in range(5):
            open_one(world, f"g-{n}")
        HeadSigner(world, b"k" * 32).sign()
        assert "✓ It is in the tree of 5 entries" in browser.get("/audit/4").text

    def test_it_is_verified_in_the_page_and_carried_away(self, browser: Browser, world: World) -> None:
        open_one(world)
        report = browser.submit(browser.get("/audit"), "/audit/verify")
        assert "The trail is whole" in report.text
        export = browser.get("/audit/export")
        assert export.headers["content-disposition"] == 'attachment; filename="signoff-audit.jsonl"'
        assert export.text.splitlines()[0] == '{"kind":"signoff-audit","version":1}'
        assert len(export.text.splitlines()) == 1 + verify_audit(world).entries


def test_stats_draw_what_was_decided_and_how_long_it_took(browser: Browser, world: World, clock: Clock) -> None:
    open_one(world, "review-0123456789abcdef", ttl_s=600)
    open_one(world, "review-fedcba9876543210", ttl_s=600)
    clock.advance_s(120)
    say(world, gate_key="review-0123456789abcdef")
    say(world, "no", gate_key="review-fedcba9876543210", actor=Actor("bob", frozenset({"lead"})))
    text = browser.get("/stats").text
    assert "<title>review: median 2 min, longest 2 min</title>" in text
    assert re.findall(r"<title>(\d\d \w+: \d \w+)</title>", text) == ["01 Jan: 1 approved", "01 Jan: 1 rejected"]


def test_files_of_the_pages_are_kept_by_browsers_and_found_by_their_content(browser: Browser) -> None:
    for tag, given in page_of(browser.get("/")).tags:
        url: Any = given.get("src") if tag == "script" else given.get("href") if tag == "link" else None
        if url:
            answer = browser.get(url)
            assert answer.status_code == 200, url
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_description_of_the_api_stays_that_of_the_api(browser: Browser) -> None:
    paths = browser.get("/openapi.json").json()["paths"]
    assert not [path for path in paths if not path.startswith(("/api", "/workflows", "/healthz", "/metrics"))]


def test_open_mode_says_so_and_keeps_the_name_that_was_typed(browser: Browser, world: World) -> None:
    open_one(world)
    page = browser.get("/")
    assert "Open mode" in page.text
    answer = browser.submit(page, "/name", actor="Zoë & co")
    assert answer.headers["location"] == "/"
    assert form_of(browser.get(PATH), "/confirm").value("actor") == "Zoë & co"


def test_who_is_signed_in_reads_no_banner(inbox: Inbox, world: World) -> None:
    token = make_known(world, "ada")
    browser = inbox.browser()
    browser.sign_in(token)
    assert "Open mode" not in browser.get("/").text
