"""What this server is at a provider: who it is there, and by which claim people are known here."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from signoff.errors import InvalidInputError, MissingProgramError
from signoff.settings import Settings
from signoff.settings.kind import is_loopback

if TYPE_CHECKING:
    from signoff.inbox.openid.provider import Provider


@dataclass(frozen=True)
class Client:
    """Without a secret a public client, which proves by PKCE alone that it is the one that began."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    claim: str


def make_provider(settings: Settings) -> Provider | None:
    """None where no provider is configured.

    Raises:
        InvalidInputError: (`invalid-setting`) what is set is not enough. MissingProgramError: the extra is missing.
    """
    client = _client(settings)
    if client is None:
        return None
    if find_spec("authlib") is None:
        raise MissingProgramError(
            "To sign in at a provider of OpenID Connect (oidc.issuer) needs what is not installed: "
            "pip install 'signoff[oidc]'"
        )
    from signoff.clock import now_ms
    from signoff.inbox.openid.provider import Provider

    return Provider(client, now_ms)


def check_closed(*, is_open: bool) -> None:
    """A provider lets nobody in, and keeps nobody out, while whoever is on this machine may decide.

    Raises:
        InvalidInputError: (`openid-while-open`).
    """
    if is_open:
        raise InvalidInputError(
            "People are to sign in at a provider (oidc.issuer), but no token was ever issued, and the server would be "
            "open. Issue the first: signoff principal add NAME, then signoff token create NAME.",
            code="openid-while-open",
        )


def _client(settings: Settings) -> Client | None:
    issuer, client_id = settings.oidc_issuer, settings.oidc_client_id
    if issuer is None and client_id is None and settings.oidc_client_secret is None:
        return None
    if issuer is None or client_id is None:
        missing = "oidc.issuer" if issuer is None else "oidc.client_id"
        raise _insufficient(f"{missing} is not set, without which nobody can sign in at the provider", missing)
    if settings.public_url is None and not is_loopback(settings.host.strip("[]")):
        raise _insufficient("public_url is not set, to which the provider sends people back", "public_url")
    return Client(issuer, client_id, settings.oidc_client_secret, settings.oidc_claim)


def _insufficient(why: str, setting: str) -> InvalidInputError:
    return InvalidInputError(
        f"OpenID Connect is set up in part: {why}.", code="invalid-setting", details={"setting": setting}
    )
