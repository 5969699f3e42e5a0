"""The forms of the inbox with generated values: whatever is sent, nothing breaks, and nothing is decided but by a form
that names what was seen.

The forms are described here, since they are no part of the API's description.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from inbox_world import Browser, form_of
from ledger_databases import dump
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from use_case_worlds import open_one

from signoff.app.world import World
from signoff.inbox.form import MEDIA_TYPE
from signoff.inbox.site import PAGES
from signoff.ledger.database import Database

EXAMPLES_OF_EACH = 15
PATH = "/gates/wf-1/go-live"
#: What pages and refusals answer with; what is answered to nobody is a defect.
STATUSES = {200, 303, 400, 401, 403, 404, 409, 413, 415, 429}
TEXT = {"type": "string"}
FIELDS = {
    "/name": {"actor": TEXT, "next": TEXT},
    "/sign-in": {"token": TEXT, "next": TEXT},
    "/sign-out": {"everywhere": TEXT},
    "/links/{secret}": {},
    "/audit/verify": {},
    "/runs/{workflowID}/cancel": {"reason": TEXT},
    "/runs/{workflowID}/retry": {},
}
ANSWER = {
    "choice": {"enum": ["yes", "no", "maybe"]},
    "promptDigest": TEXT,
    "rationale": TEXT,
    "condition": TEXT,
    "item": TEXT,
    "actor": TEXT,
    "dedupeKey": TEXT,
    "edit": TEXT,
}


def described(csrf: str) -> dict[str, Any]:
    """Every form, good for the page of somebody who really looks: what comes behind that check is what is tried."""
    paths = {
        page.path: {"post": {"parameters": _ids(page.path), "requestBody": _form(page.path, csrf), "responses": {}}}
        for page in PAGES
        if page.method == "POST"
    }
    return {"openapi": "3.1.0", "info": {"title": "The inbox", "version": "0"}, "paths": paths}


def _ids(path: str) -> list[dict[str, Any]]:
    known = {"workflowID": ["wf-1", "missing"], "gateKey": ["go-live", "missing"], "secret": ["sl_" + "A" * 43, "x"]}
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "enum": values}}
        for name, values in known.items()
        if f"{{{name}}}" in path
    ]


def _form(path: str, csrf: str) -> dict[str, Any]:
    fields = {"csrf": {"const": csrf}, **(ANSWER if path.startswith("/gates/") else FIELDS[path])}
    schema = {"type": "object", "properties": fields, "required": ["csrf"], "additionalProperties": False}
    return {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}}


def test_no_form_breaks_a_page_or_decides_what_nobody_has_seen(
    browser: Browser, world: World, database: Database, subtests: pytest.Subtests
) -> None:
    open_one(world)
    schema = schemathesis.openapi.from_dict(described(form_of(browser.get(PATH), "/confirm").value("csrf")))
    before = _without_refusals(database)
    statuses: set[int] = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        for mode in GenerationMode:
            with subtests.test(operation=operation.label, mode=mode.value):

                @settings(
                    max_examples=EXAMPLES_OF_EACH,
                    deadline=None,
                    database=None,
                    derandomize=True,
                    suppress_health_check=list(HealthCheck),
                )
                @given(case=operation.as_strategy(generation_mode=mode))
                def is_answered(case: Case[Any]) -> None:
                    statuses.add(_send(browser, case))

                is_answered()
    assert {200, 303, 400, 403, 404} <= statuses
    assert _without_refusals(database) == before


def _without_refusals(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row, but for the record of what was refused."""
    tables = dump(database)
    tables["audit_entries"] = [one for one in tables["audit_entries"] if one["event"] != "access.refused"]
    return tables


def _send(browser: Browser, case: Case[Any]) -> int:
    body = case.body if isinstance(case.body, dict) else {}
    answer = browser.post(case.formatted_path, {name: str(text) for name, text in body.items()})
    assert answer.status_code in STATUSES, answer.text
    assert "internal-error" not in answer.text
    return int(answer.status_code)
