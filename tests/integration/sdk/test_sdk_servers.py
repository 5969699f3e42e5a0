"""When a server is away, is a stranger, or must not see more than it has to."""

from __future__ import annotations

import socket
import threading
import traceback
from contextlib import ExitStack
from pathlib import Path

import pytest
from sdk_places import Canned, gate_body, reply_body, serving, settings_of, stranger, world_of

import signoff
from signoff.errors import InvalidInputError, LedgerUnavailableError, NotSignedInError, OperationError
from signoff.sdk.backend import open_backend
from signoff.sdk.wait import wait_until_final

SECRET = "so_verysecrettoken"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_server_that_is_away_is_named_with_what_to_do() -> None:
    url = f"http://127.0.0.1:{_free_port()}"
    with signoff.connect(url, SECRET) as client, pytest.raises(LedgerUnavailableError) as failed:
        client.gate("deploy-42", "ship")
    assert url in failed.value.message
    assert "signoff up" in failed.value.message
    assert SECRET not in "".join(traceback.format_exception(failed.value))


def test_a_password_in_the_url_is_not_repeated() -> None:
    url = f"http://ada:{SECRET}@127.0.0.1:{_free_port()}"
    with signoff.connect(url) as client, pytest.raises(LedgerUnavailableError) as failed:
        client.gate("deploy-42", "ship")
    assert SECRET not in "".join(traceback.format_exception(failed.value))
    assert SECRET not in str(failed.value.details)


def test_token_and_actor_travel_as_headers() -> None:
    canned = Canned(body=b'{"items": [], "nextCursor": null}')
    with stranger(canned) as url, signoff.connect(url, SECRET, actor="ada") as client:
        assert list(client.gates()) == []
    assert canned.seen is not None
    assert canned.seen["authorization"] == f"Bearer {SECRET}"
    assert canned.seen["signoff-actor"] == "ada"
    assert SECRET not in repr(client)
    assert SECRET not in str(vars(client))


@pytest.mark.parametrize("token", ["with space\x00", "nön-ascii", "line\nend"])
def test_a_token_that_cannot_be_one_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        signoff.connect("http://127.0.0.1:1", token)
    assert token not in "".join(traceback.format_exception(refused.value))
    assert repr(token) not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, b"<html>hello</html>", OperationError, "not-a-signoff-server"),
        (302, b"", OperationError, "not-a-signoff-server"),
        (404, b"not here", OperationError, "not-a-signoff-server"),
        (404, b'{"detail": "Not Found"}', OperationError, "not-a-signoff-server"),
        (502, b"bad gateway", LedgerUnavailableError, "ledger-unavailable"),
        (401, b'{"error": "Sign in.", "code": "not-signed-in"}', NotSignedInError, "not-signed-in"),
        (500, b'{"error": "Oh.", "code": "internal-error"}', OperationError, "internal-error"),
        (503, b'{"error": "Later.", "code": "ledger-unavailable"}', LedgerUnavailableError, "ledger-unavailable"),
    ],
)
def test_strange_answers_are_errors_of_their_kind(
    status: int, body: bytes, kind: type[signoff.SignoffError], code: str
) -> None:
    with stranger(Canned(status, body)) as url, signoff.connect(url) as client:
        with pytest.raises(kind) as failed:
            client.gate("deploy-42", "ship")
        assert type(failed.value) is kind
        assert failed.value.code == code


def test_who_waits_at_a_server_outlives_its_restart(signoff_dir: Path) -> None:
    ledger = settings_of(signoff_dir)
    looks, decided = threading.Event(), []
    with world_of(ledger) as world, ExitStack() as stack:
        with serving(world) as url:
            backend = stack.enter_context(open_backend(settings_of(signoff_dir, url=url), actor="ada"))
            view = backend.open_gate(gate_body())

        def wait() -> None:
            final = wait_until_final(backend, view, look_s=1, on_look=lambda _: looks.set())
            decided.append(final["receipt"]["actor"])

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert looks.wait(30)
        with open_backend(ledger, actor="bob") as other:
            other.reply("deploy-42", "ship", reply_body())
        with serving(world, port=int(url.rpartition(":")[2])):
            waiting.join(30)
    assert decided == ["bob"]
