from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

import pytest

from signoff.gates.token import EXPIRED, REVOKED, VALID, Token, is_token, token_hash, token_text

TEXT = token_text(bytes(range(32)))


def a_token(**changes: int | None) -> Token:
    return Token(
        id="tk_1",
        principal_id="pr_1",
        hash=token_hash(TEXT),
        created_at=10,
        expires_at=changes.get("expires_at"),
        revoked_at=changes.get("revoked_at"),
    )


def test_a_token_is_so_and_thirty_two_bytes_in_letters_that_need_no_quoting() -> None:
    assert TEXT == "so_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert re.fullmatch(r"so_[A-Za-z0-9_-]{43}", token_text(b"\xff" * 32))
    assert is_token(TEXT)


@pytest.mark.parametrize(
    "text", ["", "so_", TEXT[:-1], TEXT + "A", TEXT + "\n", "SO_" + TEXT[3:], TEXT[3:], TEXT[:-1] + "ä"]
)
def test_what_is_not_of_that_form_is_no_token(text: str) -> None:
    assert not is_token(text)


def test_what_is_stored_is_the_sha_256_of_the_whole_text() -> None:
    assert token_hash(TEXT) == hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.mark.parametrize(
    ("expires_at", "revoked_at", "state"),
    [
        (None, None, VALID),
        (101, None, VALID),
        (100, None, EXPIRED),
        (99, None, EXPIRED),
        (None, 20, REVOKED),
        (50, 20, REVOKED),
    ],
)
def test_a_token_counts_until_it_is_revoked_or_its_time_has_come(
    expires_at: int | None, revoked_at: int | None, state: str
) -> None:
    assert a_token(expires_at=expires_at, revoked_at=revoked_at).state(100) == state


def test_hashes_are_compared_in_a_time_that_says_nothing_about_them(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []
    compare: Callable[[str, str], bool] = hmac.compare_digest

    def noted(one: str, other: str) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    assert a_token().is_of(TEXT)
    assert not a_token().is_of(token_text(bytes(32)))
    assert compared == [(token_hash(TEXT), token_hash(TEXT)), (token_hash(TEXT), token_hash(token_text(bytes(32))))]


def test_a_token_does_not_show_its_hash() -> None:
    assert token_hash(TEXT) not in repr(a_token())
