"""What pages look like: to somebody on a phone, in the dark, with a screen reader; and to strangers who write evil."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_world import Site
from playwright.sync_api import Page, expect
from use_case_worlds import Clock, PlanSteps, open_one, say, start_one, work

from signoff.app.expire import expire
from signoff.app.sign_head import HeadSigner
from signoff.app.steps import Artifact, StepContext, StepResult
from signoff.gates import requirement as requirements
from signoff.gates.deadline import Rung
from signoff.gates.digest import sha256_hex
from signoff.gates.requirement import Actor
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger

PICTURES = Path(__file__).parents[2] / "docs" / "images"
PAGE_BYTES_MAX = 100_000
LAPTOP, PHONE = {"width": 1120, "height": 760}, {"width": 360, "height": 740}
EVIL = """<script>document.title = "evil"</script> \x1b[2J\x1b]0;t\x07 \u202eevil
<img src=https://tracker.example/p.png onerror="document.title = 'evil'"> <svg onload="document.title = 'evil'">
![pixel](https://tracker.example/p.png) [click](javascript:document.title='evil') [data](data:text/html,<script>1)
<style>body { display: none }</style> <iframe src=//tracker.example></iframe>
<meta http-equiv=refresh content="0;/evil">
"""
DIFF = """--- a/migrations/0042_orders.sql
+++ b/migrations/0042_orders.sql
@@ -1,4 +1,5 @@
 -- Orders know their region.
-ALTER TABLE orders ADD COLUMN region TEXT;
+ALTER TABLE orders ADD COLUMN region TEXT NOT NULL DEFAULT 'eu';
+CREATE INDEX CONCURRENTLY orders_by_region ON orders (region);
 ANALYZE orders;
 -- Nothing else is touched.
"""
BODY = """**Three migrations**, all reversible; the canary has been green for two hours.

- orders get a region, *eu* where none is known
- no table is locked for longer than a second

| check | result |
|---|---|
| integration tests | 1,204 passed |
| error rate of the canary | 0.02 % |
"""


class Compiling(PlanSteps):
    """Takes its time, and ends at a gate with evidence that was kept and a checklist."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def perform(self, action: str, context: StepContext) -> StepResult:
        self.clock.advance_s(140 if action == "compile" else 35)
        if action != "compile":
            return super().perform(action, context)
        prompt = {
            "title": "Deploy 4.2 to production?",
            "body": BODY,
            "evidence": [
                {"title": "0042_orders.diff", "uri": "changes/0042_orders.diff", "sha256": sha256_hex(DIFF.encode())},
                {"title": "Build 1873", "uri": "https://ci.example/builds/1873", "sha256": "ab" * 32},
            ],
            "checklist": [
                {
                    "category": "Before you approve",
                    "items": [
                        {"id": "canary", "text": "The canary is green", "checked": False},
                        {"id": "back", "text": "There is a way back", "checked": False},
                    ],
                }
            ],
        }
        kept = Artifact(kind="diff", sha256=sha256_hex(DIFF.encode()), inline=DIFF)
        return StepResult({"prompt": prompt, "tasks": []}, (kept,))


@pytest.fixture
def furnished(site: Site, database: Database) -> dict[str, str]:
    """A house that people live in; the path of each kind of page."""
    world, clock = site.world, site.clock
    maria = Actor("maria", frozenset({"lead"}))
    lead = requirements.from_wire({"needs": [{"any_of": ["lead"], "count": 1}]})
    clock.advance_s(-9 * 86_400)
    for n in range(24):
        key, shop = ("release", "publish", "rotate-keys")[n % 3], f"shop-{n}"
        title = f"Release 4.1.{n}?"
        open_one(world, key, workflow_id=shop, title=title, ttl_s=3_600, requirement=lead, risk_level="high")
        clock.advance_s(600 + 97 * n)
        if n % 7 == 6:
            clock.advance_s(3_600)
            expire(world, shop, key)
        else:
            say(world, "no" if n % 5 == 3 else "yes", actor=maria, workflow_id=shop, gate_key=key)
        clock.advance_s(28_800)
    HeadSigner(world, b"k" * 32).sign()
    run = start_one(world, goal="Deploy 4.2 to production")
    work(world, SqlLedger(database), Compiling(clock))
    both = [{"any_of": ["lead"], "count": 1}, {"any_of": ["security"], "count": 1}]
    needs = {"needs": both, "justification": True, "notRequester": True}
    fields = [
        {"k": "window", "t": "enum", "vs": ["tonight", "tomorrow"], "title": "Window"},
        {"k": "share", "t": "num", "title": "Share of the traffic", "opt": True},
    ]
    open_one(
        world,
        "rotate-keys",
        workflow_id="payments",
        title="Rotate the signing keys of the payment service?",
        requirement=requirements.from_wire(needs),
        requested_by="deploy-bot",
        risk_level="critical",
        ttl_s=5_400,
        ladder=(Rung(ttl_s=3_600, add_roles=("director",)),),
        payload={"service": "payments", "keys": ["ed25519:7c1f", "ed25519:09aa"], "dryRun": False},
        prompt={"body": BODY, "formSchema": {"v": 1, "title": "F", "fields": fields}},
    )
    approval = {"choice": "yes", "rationale": "The old ones are two years old.", "window": "tonight"}
    say(world, gate_key="rotate-keys", workflow_id="payments", actor=maria, payload=approval)
    newsletter = "Send the newsletter to 12,000 people?"
    open_one(world, "send", workflow_id="newsletter", title=newsletter, requirement=lead, risk_level="low", ttl_s=470)
    board = requirements.from_wire({"needs": [{"any_of": ["board"], "count": 1}]})
    open_one(world, "budget", workflow_id="q1", title="Is the budget final?", requirement=board, ttl_s=90_000)
    open_one(world, "adr-7", workflow_id="docs", title="Is the decision record good as it is?", ttl_s=180_000)
    with world.ledger.read() as tx:
        [gate] = tx.gates_of(run.workflow_id)
    return {
        "list": "/",
        "list of ended gates": "/?state=ENDED&risk=high",
        "empty list": "/?text=zebra",
        "gate": f"/gates/{run.workflow_id}/{gate.gate_key}",
        "gate of several people": "/gates/payments/rotate-keys",
        "receipt": "/gates/shop-1/publish",
        "timed out gate": "/gates/shop-6/release",
        "run": f"/runs/{run.workflow_id}",
        "audit": "/audit",
        "entry": "/audit/3",
        "stats": "/stats",
        "refusal": "/gates/nothing/here",
    }


def pages_of(page: Page, furnished: dict[str, str]) -> Iterator[str]:
    """Goes to every page, those that a form leads to as well, and says which it is."""
    for name, path in furnished.items():
        page.goto(path)
        yield name
    page.goto(furnished["gate"])
    page.get_by_role("button", name="Look once more").evaluate("button => button.form.noValidate = true")
    page.get_by_role("button", name="Look once more").click()
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(page.get_by_role("alert")).to_be_focused()
    yield "gate with an error"
    page.get_by_role("link", name="Choice").click()
    expect(page.get_by_role("radio").first).to_be_in_viewport()
    page.get_by_role("radio").first.check()
    page.get_by_role("textbox", name="Your name").fill("ada")
    page.get_by_role("button", name="Look once more").click()
    page.get_by_role("heading", name="You are about to sign").wait_for()
    yield "confirmation"
    page.goto("/audit")
    page.get_by_role("button", name="Verify all of it").click()
    page.get_by_role("heading", name="The trail is whole").wait_for()
    yield "report"


@pytest.mark.parametrize(("scheme", "viewport"), [("light", LAPTOP), ("dark", PHONE)], ids=["laptop", "phone"])
def test_every_page_can_be_used_by_everybody(
    site: Site, furnished: dict[str, str], scheme: str, viewport: dict[str, int]
) -> None:
    page = site.person(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    axe = Axe()
    for name in pages_of(page, furnished):
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not serious, (name, [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious])
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], f"{name} is {width} px wide"
        small = page.evaluate(SMALL_TARGETS)
        assert not small, f"{name} has what a finger misses: {small}"
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto", "nothing moves"
    assert max(sizes) < PAGE_BYTES_MAX


SMALL_TARGETS = """() => [...document.querySelectorAll("button, input, select, summary")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 18 && !one.closest("label"))
  .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, PHONE], ids=["laptop", "phone"])
def test_nothing_lies_over_what_somebody_fills_in(
    site: Site, furnished: dict[str, str], viewport: dict[str, int]
) -> None:
    page = site.known("ada", "lead", viewport=viewport, reduced_motion="reduce")
    page.goto(furnished["gate of several people"])
    page.locator("a.jump").evaluate("link => link.click()")
    first = page.locator("form.answer :is(input:not([type=hidden]), select, textarea)").first
    expect(first).to_be_in_viewport()
    assert first.get_attribute("name") == "choice", "the answer comes before what belongs to it"
    assert page.evaluate(COVERED) == []


COVERED = """() => [...document.querySelectorAll(".decide :is(input:not([type=hidden]), select, textarea, button)")]
  .filter((one) => one.checkVisibility())
  .filter((one) => {
    one.focus();
    const { left, top, width, height } = one.getBoundingClientRect();
    return !one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  })
  .map((one) => one.outerHTML.slice(0, 120))"""


def test_what_strangers_have_written_is_text(site: Site) -> None:
    prompt = {
        "body": EVIL,
        "checklist": [{"category": EVIL[:80], "items": [{"id": "a", "text": EVIL[:200], "checked": True}]}],
    }
    open_one(site.world, title=EVIL.splitlines()[0], prompt=prompt, payload={EVIL: [EVIL, {"svg": "<svg onload=1>"}]})
    open_one(site.world, "ended", title="Ended")
    say(site.world, gate_key="ended", payload={"choice": "no", "rationale": EVIL})
    page = site.person()
    for path in ("/", "/gates/wf-1/go-live", "/gates/wf-1/ended", "/runs/wf-1", "/audit", "/audit/1"):
        page.goto(path)
        expect(page).not_to_have_title("evil")
        page.locator("h1").first.wait_for()
        shown = page.locator("main").inner_text()
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert page.locator("main :is(script, style, iframe, img, meta, object)").count() == 0
    page.goto("/gates/wf-1/go-live")
    expect(page.get_by_text("<script>").first).to_be_visible()
    hrefs = page.locator("main a").evaluate_all("links => links.map((link) => link.protocol)")
    assert set(hrefs) == {"http:", "https:"}
    page.goto("/gates/wf-1/go-live/payload")
    assert page.locator("script, img, svg").count() == 0


def test_a_payload_of_a_megabyte_keeps_nobody_waiting(site: Site) -> None:
    rows = [{"id": n, "note": f"row {n} <b>of</b> many"} for n in range(16_000)]
    open_one(site.world, payload={"rows": rows, "text": "x" * 200_000})
    page = site.person(viewport=PHONE)
    answer = page.goto("/gates/wf-1/go-live")
    assert answer is not None
    assert len(answer.body()) < PAGE_BYTES_MAX, "what is folded is not sent"
    assert page.locator("*").count() < 2_000, "a browser has little to lay out"
    page.get_by_role("radio", name="Approve").check()
    page.get_by_role("link", name="Read all of it").click()
    page.wait_for_url("**/payload")
    assert "row 15999" in page.locator("body").inner_text()


def test_the_pictures_of_the_docs_are_of_these_pages(
    site: Site, furnished: dict[str, str], updates_screenshots: bool
) -> None:
    """Each page that has a picture is there as the picture shows it; `--update-screenshots` takes them anew."""
    site.clock.advance_s(420)
    laptop = site.known("ada", "lead", viewport=LAPTOP, color_scheme="light")
    phone = site.known("grace", "security", viewport=PHONE, color_scheme="dark")
    shots = (
        (laptop, "list", "inbox"),
        (laptop, "gate", "inbox-gate"),
        (laptop, "run", "inbox-run"),
        (laptop, "stats", "inbox-stats"),
        (phone, "gate of several people", "inbox-phone"),
    )
    for page, name, picture in shots:
        page.goto(furnished[name])
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if updates_screenshots:
            page.screenshot(path=PICTURES / f"{picture}.png")
        assert (PICTURES / f"{picture}.png").stat().st_size < 150_000
