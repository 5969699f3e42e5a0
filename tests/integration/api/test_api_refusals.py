"""What is refused before any route does anything, and how every refusal looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from api_world import Api, in_pieces

from signoff.api.codes import CODES
from signoff.api.guard import BODY_BYTES_MAX
from signoff.api.problems import problem_of
from signoff.api.server import create_app
from signoff.app.world import World
from signoff.errors import GateDecidedError, InvalidInputError, NotSignedInError, OperationError, SignoffError

INTENT = b'{"goal": "demo"}'
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{bad", b'{"goal": "a", "goal": "b"}', b'{"goal": NaN}', b'{"goal": "a\\u0000b"}', b'{"goal": "\\ud800"}',
        b'{"goal": "x", "inputs": {"n": 9007199254740992}}', b"\xff\xfe", b'{"goal": "x"} trailing', b"[" * 100_000,
        b'{"goal": "x", "inputs": ' + b'{"a":' * 150 + b"1" + b"}" * 151,
    ],
)  # fmt: skip
def test_what_is_not_strict_json_is_refused(api: Api, body: bytes) -> None:
    answer = api.post("/api/intents", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp",
                                  "application/json; charset=latin-1", "application/vnd.api+json"])  # fmt: skip
def test_a_body_that_does_not_say_that_it_is_json_is_refused(api: Api, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = api.post("/api/intents", content=INTENT, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")
    cancelled = api.post(f"/api/runs/{api.start_run()}/cancel", content=b"{}", headers=headers)
    assert cancelled.status_code == 415


@pytest.mark.parametrize(
    "kind", ["application/json", "APPLICATION/JSON ; Charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_may_name_its_charset(api: Api, kind: str) -> None:
    assert api.post("/api/intents", content=INTENT, headers={"content-type": kind}).status_code == 201


def test_a_body_over_the_limit_is_refused_announced_or_not_and_one_at_the_limit_is_read(api: Api) -> None:
    fits = b'{"goal": "x"' + b" " * (BODY_BYTES_MAX - 13) + b"}"
    assert len(fits) == BODY_BYTES_MAX
    for content in (fits, in_pieces(fits, 65_536)):
        assert api.post("/api/intents", content=content, headers=JSON).status_code == 201
    for content in (fits + b" ", in_pieces(fits + b" ", 65_536)):
        answer = api.post("/api/intents", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost:8700", "LOCALHOST", "[::1]:8700", "[::1]"])
def test_the_server_answers_to_the_names_of_loopback(api: Api, host: str) -> None:
    assert api.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "evil.example:8700", "", "127.0.0.1@evil.example", "10.0.0.1", "::1",
     "127.0.0.1:x", "127.0.0.1/x", "localhost."],
)  # fmt: skip
def test_another_host_name_is_refused_on_every_path(api: Api, host: str) -> None:
    for path in ("/healthz", "/api/gates", "/docs", "/openapi.json", "/nowhere"):
        answer = api.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (400, "host-refused"), path


@pytest.mark.parametrize("host", ["10.0.0.1", "::", "example.com", "signoff.internal"])
def test_an_open_api_is_not_made_for_an_address_that_others_can_reach(world: World, host: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        create_app(world, version="0.1.0", database="sqlite", host=host)
    assert refused.value.code == "host-not-loopback"


def test_a_page_of_another_site_cannot_write_even_without_a_body(api: Api) -> None:
    workflow_id = api.start_run()
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        answer = api.post(f"/api/runs/{workflow_id}/cancel", headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "origin-refused")
    assert api.post(f"/api/runs/{workflow_id}/cancel", headers={"Origin": "http://127.0.0.1:8700"}).status_code == 202


def test_an_unknown_path_and_a_wrong_method_are_problems_too(api: Api) -> None:
    for path in ("/", "/api", "/api/runs/", "/api/gates/x", "/api/runs/a/gates/b/c", "/redoc"):
        answer = api.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-route"), path
    answer = api.send("DELETE", "/api/runs")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"]


def test_every_refusal_has_the_same_members_and_says_its_media_type(api: Api) -> None:
    refusals: list[dict[str, Any]] = []
    for answer in (
        api.get("/nowhere"),
        api.get("/api/runs/x"),
        api.get("/api/runs?limit=0"),
        api.post("/api/intents", json={"goal": "x", "more": 1}),
        api.post("/api/intents", content=b"{", headers=JSON),
        api.get("/healthz", headers={"Host": "evil"}),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status", "error", "code", "details"}
        assert answer.json()["status"] == answer.status_code
        refusals.append(answer.json())
    assert all(refusal["code"] in CODES and refusal["error"].endswith(".") for refusal in refusals)


def test_a_wrong_shape_is_told_where_without_repeating_what_was_sent(api: Api) -> None:
    answer = api.post("/api/intents", json={"goal": {"secret": "s3cr3t"}, "inputs": 1})
    where = answer.json()["details"]["where"]
    assert [(one["in"], one["at"]) for one in where] == [("body", "goal"), ("body", "inputs")]
    assert "s3cr3t" not in answer.text


def test_a_sentence_of_ours_reaches_the_caller_as_it_was_written(api: Api) -> None:
    answer = api.get("/api/runs?limit=1_0")
    assert answer.json()["error"] == "This request cannot be taken: limit: must be an integer in plain decimal digits."


def test_every_answer_carries_the_security_headers_and_nothing_of_the_api_is_stored(api: Api) -> None:
    for path in ("/healthz", "/docs", "/openapi.json", "/api/gates", "/api/runs/x", "/nowhere"):
        answer = api.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert ("no-store" in answer.headers.get("cache-control", "")) == path.startswith("/api"), path


def test_a_ledger_that_cannot_be_read_is_a_503_that_tells_nothing_of_the_machine(
    unwatched_api: Api, tmp_path: Path
) -> None:
    for file in (tmp_path / "ledger").iterdir():
        file.write_bytes(b"this is not a database" * 1000)
    for path in ("/healthz", "/api/runs", "/api/runs/x/gates/g?timeoutS=5", "/api/runs/x/stream/status"):
        answer = unwatched_api.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "ledger-unavailable"), path
        assert str(tmp_path) not in answer.text


def test_a_defect_is_a_500_that_tells_nothing_of_the_inside(api: Api) -> None:
    @api.app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError("inside")

    answer = api.get("/api/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert "inside" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotSignedInError("Sign in."), 401),
        (GateDecidedError("Too late.", receipt={"actor": "ada"}), 409),
        (OperationError("inside"), 500),
        (SignoffError("inside"), 500),
    ],
)
def test_each_class_of_error_has_its_status(error: SignoffError, status: int) -> None:
    answer = problem_of(error)
    assert answer.status_code == status
    assert (b"inside" in answer.body) is False
    assert (b'"receipt":{"actor":"ada"}' in answer.body) is (status == 409)
