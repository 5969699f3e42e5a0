"""What of an ID token is believed: OpenID Connect Core 1.0, section 3.1.3.7.

1. It is signed with one of the provider's keys, in an algorithm in which only the provider can sign. `none`, and those
   in which our own secret is the key, are not among them.
2. It is from the issuer that is configured, and for us.
3. It has not expired, and was not issued in the future; clocks may differ by a minute.
4. It names the nonce of this very departure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # it carries no types
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import Key, KeySet, import_key
from joserfc.jws import JWSRegistry

from signoff.errors import NotSignedInError
from signoff.inbox.openid.client import Client

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"),
    *("EdDSA", "Ed25519"),
)
KEY_TYPES = ("RSA", "EC", "OKP")
CLOCKS_DIFFER_S_MAX = 60

_WRONG = {
    "iss": "it is of another issuer",
    "aud": "it was made for another application",
    "azp": "it was made for another application",
    "exp": "it has expired; clocks may differ",
    "iat": "it is of the future; clocks may differ",
    "nbf": "it is of the future; clocks may differ",
    "nonce": "it belongs to another sign-in",
    "at_hash": "it belongs to another access token",
}

#: What the libraries raise over what a stranger has written, besides their own errors.
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def read_keys(document: Mapping[str, Any]) -> KeySet:
    """Those that can be used; what is not understood is left out, as RFC 7517 has it."""
    found = document.get("keys")
    return KeySet([key for one in (found if isinstance(found, list) else []) if (key := _key(one)) is not None])


def signed_token(text: str, keys: KeySet) -> jwt.Token | None:
    """None where none of these keys has signed it."""
    try:
        return jwt.decode(text, keys, registry=JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False))
    except _UNREADABLE:
        return None


def check_claims(
    token: jwt.Token, client: Client, *, nonce: str, access_token: str | None, now: int
) -> Mapping[str, Any]:
    """The claims; `now` is in epoch milliseconds.

    Raises:
        NotSignedInError: (`openid-refused`) the first that is not as it has to be.
    """
    wanted = {
        "iss": {"essential": True, "value": client.issuer},
        "aud": {"essential": True, "value": client.client_id},
    }
    known = {"nonce": nonce, "client_id": client.client_id, "access_token": access_token}
    claims = CodeIDToken(token.claims, token.header, wanted, known)
    try:
        claims.validate(now=now // 1000, leeway=CLOCKS_DIFFER_S_MAX)
    except ClaimError as error:
        raise unbelieved(_WRONG.get(error.claim, f"its {error.claim[:40]} is missing or wrong")) from None
    except _UNREADABLE:
        raise unbelieved("it cannot be read") from None
    return dict(claims)


def unbelieved(why: str) -> NotSignedInError:
    return NotSignedInError(
        f"What the provider says of you is not to be believed: {why}. Begin again; if it stays so, tell whoever runs "
        "this server.",
        code="openid-refused",
        details={"reason": why},
    )


def _key(data: Any) -> Key | None:
    if not isinstance(data, dict) or data.get("kty") not in KEY_TYPES or data.get("use", "sig") != "sig":
        return None
    try:
        return import_key(data)
    except _UNREADABLE:
        return None
