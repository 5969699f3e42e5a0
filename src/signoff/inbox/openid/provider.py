"""A provider: where people are sent to, and what it says of who comes back.

What it says of itself is kept for an hour, its keys until one is missing. It may be slow or gone: few are asked about
at once, since each holds one of the server's threads, and those who come then are told to come again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]  # it carries no types
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import KeySet

from signoff.errors import InvalidInputError, NotSignedInError, OperationError
from signoff.gates.digest import check_storable
from signoff.gates.principal import check_principal_name
from signoff.gates.session import Vouched
from signoff.inbox.openid.client import Client
from signoff.inbox.openid.departure import Departure
from signoff.inbox.openid.id_token import check_claims, read_keys, signed_token, unbelieved
from signoff.inbox.openid.json_http import ask, unavailable
from signoff.inbox.openid.metadata import Metadata, metadata_url, read_metadata

TIMEOUT_S = 10.0
KEPT_MS = 60 * 60_000
ASKED_AT_ONCE_MAX = 4
SCOPE = "openid profile email"
SUBJECT_CHARS_MAX = 255
CODE_CHARS_MAX = 4_096

_FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class _Known:
    metadata: Metadata
    until_at: int


@dataclass(frozen=True)
class _Tokens:
    id_token: str
    access_token: str | None


class Provider:
    """`clock` is a real one, whatever the ledger's shows: it is compared with the provider's."""

    def __init__(self, client: Client, clock: Callable[[], int], *, timeout_s: float = TIMEOUT_S) -> None:
        self._client = client
        self._clock = clock
        self._timeout_s = timeout_s
        self._known: _Known | None = None
        self._keys: KeySet | None = None
        self._asked = threading.BoundedSemaphore(ASKED_AT_ONCE_MAX)

    @property
    def host(self) -> str:
        """What people know it by."""
        return urlsplit(self._client.issuer).netloc

    def metadata(self) -> Metadata:
        """
        Raises:
            OperationError: (`openid-unavailable`) it does not answer, or not as a provider.
        """
        now, known = self._clock(), self._known
        if known is None or now >= known.until_at:
            url = metadata_url(self._client.issuer)
            document = self._ask("GET", url)
            known = self._known = _Known(read_metadata(document, self._client.issuer), now + KEPT_MS)
        return known.metadata

    def sign_in_url(self, departure: Departure, redirect_uri: str) -> str:
        """Where to send whoever wants to sign in.

        Raises:
            OperationError: (`openid-unavailable`).
        """
        with self._one_of_few():
            endpoint = self.metadata().authorization_endpoint
        url: str = prepare_grant_uri(
            endpoint,
            self._client.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=SCOPE,
            state=departure.state,
            nonce=departure.nonce,
            code_challenge=create_s256_code_challenge(departure.verifier),
            code_challenge_method="S256",
        )
        return url

    def vouch(self, departure: Departure, *, code: str, issuer: str | None, redirect_uri: str) -> Vouched:
        """Whom it vouches for, to whoever has come back with a code. `issuer` is the one named beside it (RFC 9207).

        Raises:
            NotSignedInError: (`openid-refused`) what it says is not to be believed, or not enough.
            OperationError: (`openid-unavailable`).
        """
        with self._one_of_few():
            metadata = self.metadata()
            if issuer != self._client.issuer and (issuer is not None or metadata.names_issuer):
                raise unbelieved("it is of another issuer")
            tokens = self._redeem(metadata, departure, code, redirect_uri)
            claims = check_claims(
                self._verified(metadata, tokens.id_token),
                self._client,
                nonce=departure.nonce,
                access_token=tokens.access_token,
                now=self._clock(),
            )
            if self._client.claim not in claims:
                claims = {**self._told_elsewhere(metadata, tokens, claims["sub"]), **claims}
        return self._vouched(claims)

    def _redeem(self, metadata: Metadata, departure: Departure, code: str, redirect_uri: str) -> _Tokens:
        body = prepare_token_request(
            "authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=departure.verifier
        )
        url, headers, content = self._auth(metadata).prepare("POST", metadata.token_endpoint, dict(_FORM), body)
        answer = ask("POST", url, timeout_s=self._timeout_s, headers=headers, content=content)
        error = answer.document.get("error")
        if error == "invalid_grant":
            raise NotSignedInError(
                "The provider takes this sign-in no more: it was used before, or took too long. Begin again.",
                code="openid-refused",
                details={"reason": "code"},
            )
        if answer.status != 200 or error is not None:
            raise unavailable(url, f"status {answer.status}, error {str(error)[:60]!r}; look at oidc.client_id")
        id_token, access_token = answer.document.get("id_token"), answer.document.get("access_token")
        if not isinstance(id_token, str):
            raise unbelieved("there is no ID token")
        return _Tokens(id_token, access_token if isinstance(access_token, str) else None)

    def _auth(self, metadata: Metadata) -> ClientAuth:
        client = self._client
        if client.client_secret is None:
            return ClientAuth(client.client_id, None, "none")
        if metadata.takes_posted_secret:
            return ClientAuth(client.client_id, client.client_secret, "client_secret_post")
        # RFC 6749, section 2.3.1: encoded as in a form before they are joined.
        return ClientAuth(quote(client.client_id, safe=""), quote(client.client_secret, safe=""), "client_secret_basic")

    def _verified(self, metadata: Metadata, text: str) -> jwt.Token:
        """With keys as they are known, and else as they are now: providers change them."""
        token = None if self._keys is None else signed_token(text, self._keys)
        if token is None:
            self._keys = read_keys(self._ask("GET", metadata.jwks_uri))
            token = signed_token(text, self._keys)
        if token is None:
            raise unbelieved("the signature is not the provider's")
        return token

    def _told_elsewhere(self, metadata: Metadata, tokens: _Tokens, subject: str) -> Mapping[str, Any]:
        """Some providers put into the ID token whose it is and no more, and tell the rest at another address."""
        access_token = tokens.access_token or ""
        if metadata.userinfo_endpoint is None or not access_token.isascii() or not access_token.isprintable():
            return {}
        told = self._ask("GET", metadata.userinfo_endpoint, {"authorization": f"Bearer {access_token}"})
        if told.get("sub") != subject:
            raise unbelieved("it tells of somebody else")
        return told

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        claim, subject = self._client.claim, str(claims["sub"])
        name = claims.get(claim)
        if not isinstance(name, str):
            raise unbelieved(f"it has no {claim}, by which people are known here")
        if claim == "email" and claims.get("email_verified") not in (True, "true"):
            raise unbelieved("your address was never verified")
        try:
            check_storable([name, subject])
            check_principal_name(name)
        except InvalidInputError:
            raise unbelieved(f"its {claim} is nobody's name") from None
        if not 0 < len(subject) <= SUBJECT_CHARS_MAX:
            raise unbelieved("its sub is missing or wrong")
        return Vouched(self._client.issuer, subject, name)

    def _ask(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        answer = ask(method, url, timeout_s=self._timeout_s, headers=headers)
        if answer.status != 200:
            raise unavailable(url, f"status {answer.status}")
        return answer.document

    @contextmanager
    def _one_of_few(self) -> Iterator[None]:
        if not self._asked.acquire(blocking=False):
            raise OperationError(f"{self.host}: {ASKED_AT_ONCE_MAX} are being asked about", code="openid-unavailable")
        try:
            yield
        finally:
            self._asked.release()
