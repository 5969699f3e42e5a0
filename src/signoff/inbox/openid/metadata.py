"""What a provider says of itself: where it is asked for what. Believed only where it says it of the issuer that is
configured, and of addresses on whose way nobody reads along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.errors import OperationError
from signoff.settings.kind import is_kept_private

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Metadata:
    """`userinfo_endpoint` is None where the provider has none. `takes_posted_secret`: in the body, where nothing has
    to be encoded twice."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    takes_posted_secret: bool
    names_issuer: bool


def metadata_url(issuer: str) -> str:
    return issuer.rstrip("/") + WELL_KNOWN


def read_metadata(document: Mapping[str, Any], issuer: str) -> Metadata:
    """
    Raises:
        OperationError: (`openid-unavailable`) it is that of another issuer, or lacks what a sign-in needs.
    """
    if document.get("issuer") != issuer:
        raise _unfit(issuer, f"it calls itself {str(document.get('issuer'))[:200]!r}, and oidc.issuer is {issuer!r}")
    methods = document.get("token_endpoint_auth_methods_supported")
    has_userinfo = document.get("userinfo_endpoint") is not None
    return Metadata(
        authorization_endpoint=_address(document, "authorization_endpoint", issuer),
        token_endpoint=_address(document, "token_endpoint", issuer),
        jwks_uri=_address(document, "jwks_uri", issuer),
        userinfo_endpoint=_address(document, "userinfo_endpoint", issuer) if has_userinfo else None,
        takes_posted_secret=isinstance(methods, list) and "client_secret_post" in methods,
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(document: Mapping[str, Any], name: str, issuer: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        raise _unfit(issuer, f"its {name} is no address")
    if not is_kept_private(url):
        raise _unfit(issuer, f"its {name} does not begin with https://")
    return url


def _unfit(issuer: str, why: str) -> OperationError:
    return OperationError(f"{metadata_url(issuer)}: {why}", code="openid-unavailable", details={"url": issuer})
