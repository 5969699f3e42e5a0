"""What a browser keeps, in a cookie, while its person signs in at the provider.

Nothing is kept here. `state`, `nonce` and `verifier` are hashes of the whole cookie, under a secret that is in no other
place: whoever comes back with the state was sent off from this browser, at that time, for that page.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from signoff.gates.digest import sha256_hex

AWAY_S_MAX = 600
#: Browsers keep 4 KiB of a cookie.
PATH_CHARS_MAX = 2_000
SECRET_BYTES = 32


@dataclass(frozen=True)
class Departure:
    """`next_path` is where to go afterwards, `left_at` epoch milliseconds."""

    secret: str = field(repr=False)
    left_at: int
    next_path: str

    @property
    def cookie(self) -> str:
        return f"{self.secret}.{self.left_at}.{quote(self.next_path, safe='')}"

    @property
    def state(self) -> str:
        """What the provider gives back."""
        return self._hash("state")

    @property
    def nonce(self) -> str:
        """What the ID token has to name."""
        return self._hash("nonce")

    @property
    def verifier(self) -> str:
        """What proves at the end that it is we who began (PKCE, RFC 7636)."""
        return self._hash("verifier")

    def is_of(self, state: str | None) -> bool:
        return hmac.compare_digest(self.state.encode(), (state or "").encode())

    def _hash(self, what: str) -> str:
        return sha256_hex(f"{what}:{self.cookie}".encode())


def depart(next_path: str, now: int) -> Departure:
    kept = next_path if len(quote(next_path, safe="")) <= PATH_CHARS_MAX else "/"
    return Departure(secrets.token_urlsafe(SECRET_BYTES), now, kept)


def read_departure(cookie: str | None, now: int) -> Departure | None:
    """None where there is no such cookie, or it is too old; a cookie that was changed fits no state."""
    secret, left_at, path = [*(cookie or "").split(".", 2), "", "", ""][:3]
    if not (secret and left_at.isascii() and left_at.isdecimal() and len(left_at) <= 15):
        return None
    departure = Departure(secret, int(left_at), unquote(path))
    is_recent = 0 <= now - departure.left_at < AWAY_S_MAX * 1000
    return departure if is_recent and departure.cookie == cookie else None
