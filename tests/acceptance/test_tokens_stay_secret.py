"""A token is shown once, to whoever made it. Nothing that signoff writes or answers afterwards has it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import PLAIN, Place, Server, until

TOKEN = re.compile(r"so_[A-Za-z0-9_-]{43}")
TRIES = 40
TITLE = "Ship the ninth?"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("secret") / ".signoff")
    for name in ("ada", "bob"):
        assert place.command("principal", "add", name, "--role", "lead").code == 0
    return place


@pytest.fixture(scope="module")
def tokens(place: Place) -> list[str]:
    """One that counts, one that was revoked."""
    made = [place.command("token", "create", name, "--json").document for name in ("ada", "bob")]
    assert place.command("token", "revoke", made[1]["id"]).code == 0
    return [one["token"] for one in made]


@pytest.fixture(scope="module")
def server(place: Place, tokens: list[str]) -> Iterator[Server]:
    with place.start("up", "--log-format", "text") as server:
        yield server


PLACES: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "as a token": lambda token: {"headers": {"Authorization": f"Bearer {token}"}},
    "without its scheme": lambda token: {"headers": {"Authorization": token}},
    "as another scheme": lambda token: {"headers": {"Authorization": f"Basic {token}"}},
    "damaged": lambda token: {"headers": {"Authorization": f"Bearer {token}="}},
    "in the query": lambda token: {"params": {"access_token": token, "limit": token}},
    "as a cookie": lambda token: {"headers": {"Cookie": f"token={token}"}},
}
WHAT = {
    "list": ("GET", "/api/gates", None),
    "read": ("GET", "/api/runs/deploy-1/gates/go-live", None),
    "answer": ("POST", "/api/runs/deploy-1/gates/go-live/reply", {"payload": {"choice": "maybe"}, "dedupeKey": "k"}),
    "begin": ("POST", "/api/intents", {"goal": ""}),
    "break": ("POST", "/api/intents", None),
}


@settings(
    max_examples=TRIES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(how=st.sampled_from(sorted(PLACES)), what=st.sampled_from(sorted(WHAT)), which=st.sampled_from([0, 1]))
def test_whatever_is_asked_with_a_token_no_answer_and_no_log_repeats_it(
    server: Server, tokens: list[str], how: str, what: str, which: int
) -> None:
    method, path, body = WHAT[what]
    answer = server.client.request(method, path, json=body, **PLACES[how](tokens[which]))
    assert answer.status_code < 500
    seen = answer.text + repr(answer.headers) + server.log.read_text()
    assert not [token for token in tokens if token in seen or token.removeprefix("so_") in seen]


def test_neither_the_ledger_nor_the_record_nor_a_process_list_has_a_token(
    place: Place, server: Server, tokens: list[str]
) -> None:
    ada = {"Authorization": f"Bearer {tokens[0]}"}
    assert server.client.post("/api/intents", json={"goal": "x"}, headers=ada).status_code == 201
    with _listing(place, server, tokens[0]) as commands:
        shown = "\n".join(" ".join(words) for words in commands)
    for path in [*place.directory.glob("app.db*"), *place.directory.glob("dbos.db*")]:
        shown += path.read_bytes().decode("latin-1")
    shown += place.command("audit", "export").out + json.dumps(place.rows("SELECT * FROM app.tokens"))
    assert TOKEN.findall(shown) == []
    assert [token for token in tokens if token.removeprefix("so_") in shown] == []


@contextmanager
def _listing(place: Place, server: Server, token: str) -> Iterator[list[list[str]]]:
    """The command lines of this machine while somebody waits at the server with a token."""
    environ = {**PLAIN, "SIGNOFF_URL": str(server.url), "SIGNOFF_TOKEN": token}
    asking = [sys.executable, "-m", "signoff", "ask", TITLE, "--workflow", "deploy-9", "--key", "ship"]
    # Executed, not forked: a fork has no command line of its own.
    with subprocess.Popen(asking, cwd=place.directory.parent, env=environ, stderr=subprocess.DEVNULL) as waiting:
        try:
            yield until(_commands, "the process to be listed")
        finally:
            waiting.kill()


def _commands() -> list[list[str]]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        found.append(words)
    return found if any(TITLE in words for words in found) else []
