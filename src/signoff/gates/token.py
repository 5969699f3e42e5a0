"""Tokens: `so_` and 32 random bytes as base64url.

What is stored is the SHA-256 of the whole text. A slow hash with a salt protects what people think up, which can be
guessed; of 256 random bits nothing can be guessed, and every call pays for the hash.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from signoff.gates.digest import sha256_hex

SECRET_BYTES = 32

VALID, REVOKED, EXPIRED = "valid", "revoked", "expired"

TOKEN_PREFIX = "so_"  # noqa: S105 - the part that is not secret
_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Token:
    """A token as the ledger has it. Nobody can make the text from it."""

    id: str
    principal_id: str
    hash: str = field(repr=False)
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None

    def state(self, now: int) -> str:
        if self.revoked_at is not None:
            return REVOKED
        return EXPIRED if self.expires_at is not None and now >= self.expires_at else VALID

    def is_of(self, text: str) -> bool:
        """Whether this is the token that the text spells, in a time that does not tell how much of it fits."""
        return hmac.compare_digest(self.hash, token_hash(text))


def token_text(secret: bytes, prefix: str = TOKEN_PREFIX) -> str:
    """What is shown once; `secret` is SECRET_BYTES random bytes."""
    return prefix + urlsafe_b64encode(secret).decode().rstrip("=")


def is_token(text: str, prefix: str = TOKEN_PREFIX) -> bool:
    return text.startswith(prefix) and _FORM.fullmatch(text.removeprefix(prefix)) is not None


def token_hash(text: str) -> str:
    return sha256_hex(text.encode())
