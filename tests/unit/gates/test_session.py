"""How long sessions and links are worth something."""

from __future__ import annotations

from dataclasses import replace

from signoff.gates.session import (
    EXTEND_MS,
    IDLE_MS,
    LINK_PREFIX,
    LINK_SESSION_MS_MAX,
    SESSION_MS_MAX,
    SESSION_PREFIX,
    Link,
    Session,
    ends_of_session,
)
from signoff.gates.token import is_token, token_text

HASH = "ab" * 32


def session(created_at: int = 0, *, is_by_link: bool = False, token_expires_at: int | None = None) -> Session:
    ends = ends_of_session(created_at, is_by_link=is_by_link, token_expires_at=token_expires_at)
    return Session("ss_1", HASH, "pr_1", None, None, created_at, *ends)


def test_a_session_ends_when_nobody_uses_it_when_it_is_ended_and_at_its_bound() -> None:
    one = session()
    assert [one.state(now) for now in (0, IDLE_MS - 1, IDLE_MS)] == ["valid", "valid", "expired"]
    assert replace(one, ended_at=1).state(2) == "ended"
    assert (one.expires_at, one.ends_at) == (IDLE_MS, SESSION_MS_MAX)


def test_a_session_of_a_link_is_short_and_none_outlasts_its_token() -> None:
    assert session(is_by_link=True).ends_at == LINK_SESSION_MS_MAX
    short = session(token_expires_at=1_000)
    assert (short.expires_at, short.ends_at) == (1_000, 1_000)
    assert session(token_expires_at=SESSION_MS_MAX * 2).ends_at == SESSION_MS_MAX


def test_use_moves_the_end_on_seldom_and_never_beyond_the_bound() -> None:
    one = session()
    assert one.extended(EXTEND_MS - 1) is None
    assert one.extended(EXTEND_MS) == EXTEND_MS + IDLE_MS
    late = replace(one, expires_at=SESSION_MS_MAX - 1_000)
    assert late.extended(SESSION_MS_MAX - 2_000) == SESSION_MS_MAX, "what is left is worth writing down"
    assert replace(one, expires_at=SESSION_MS_MAX).extended(SESSION_MS_MAX - 1) is None


def test_a_link_is_good_once_and_for_its_time() -> None:
    link = Link("sl_1", HASH, "pr_1", "wf-1", "go-live", created_at=0, expires_at=10)
    assert [link.state(now) for now in (0, 9, 10)] == ["valid", "valid", "expired"]
    assert replace(link, used_at=3).state(4) == "used"


def test_a_secret_says_what_it_is_of_and_none_is_taken_for_another() -> None:
    text = token_text(b"x" * 32, SESSION_PREFIX)
    assert is_token(text, SESSION_PREFIX)
    assert not is_token(text)
    assert not is_token(text, LINK_PREFIX)
    assert text not in repr(replace(session(), hash=HASH))
    assert HASH not in repr(session())
