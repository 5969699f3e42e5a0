"""Who is signed in at a page, and the one-time links that sign somebody in for a single gate.

A session is good until `expires_at`, which moves on while it is used, but never beyond `ends_at`. What it was opened
with goes on to count: a session is worth no more than its token is at that moment. Like a token, a session and a link
are 256 random bits of which the ledger has the SHA-256 alone.

A provider of OpenID Connect vouches for a name. What the name may do is known here alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from signoff.gates.token import EXPIRED, VALID

SESSION_PREFIX, LINK_PREFIX = "ss_", "sl_"

IDLE_MS = 60 * 60_000
SESSION_MS_MAX = 12 * 60 * 60_000
#: Somebody who follows a link wants to answer one gate.
LINK_SESSION_MS_MAX = 30 * 60_000
LINK_MS_MAX = 24 * 60 * 60_000
#: A session in use is written once in this time, not at every look.
EXTEND_MS = 5 * 60_000

ENDED, USED = "ended", "used"


@dataclass(frozen=True)
class Vouched:
    """Whom a provider vouches for: by the name of a principal, and by what the provider itself knows them as."""

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True)
class Session:
    """As the ledger has it. One of `token_id`, `link_id`, and `issuer` with its `subject`, says what it was opened
    with."""

    id: str
    hash: str = field(repr=False)
    principal_id: str
    token_id: str | None
    link_id: str | None
    created_at: int
    expires_at: int
    ends_at: int
    ended_at: int | None = None
    issuer: str | None = None
    subject: str | None = None

    def state(self, now: int) -> str:
        if self.ended_at is not None:
            return ENDED
        return EXPIRED if now >= self.expires_at else VALID

    def extended(self, now: int) -> int | None:
        """Until when it is good if it is used now; None while that is not worth writing down."""
        until = min(now + IDLE_MS, self.ends_at)
        return until if until - self.expires_at >= min(EXTEND_MS, self.ends_at - self.expires_at) > 0 else None


@dataclass(frozen=True)
class Link:
    """As the ledger has it: opens one session, for one gate."""

    id: str
    hash: str = field(repr=False)
    principal_id: str
    workflow_id: str
    gate_key: str
    created_at: int
    expires_at: int
    used_at: int | None = None

    def state(self, now: int) -> str:
        if self.used_at is not None:
            return USED
        return EXPIRED if now >= self.expires_at else VALID


def ends_of_session(now: int, *, is_by_link: bool, token_expires_at: int | None = None) -> tuple[int, int]:
    """`(expires_at, ends_at)` of a session that is opened now."""
    ends_at = now + (LINK_SESSION_MS_MAX if is_by_link else SESSION_MS_MAX)
    if token_expires_at is not None:
        ends_at = min(ends_at, token_expires_at)
    return min(now + IDLE_MS, ends_at), ends_at
