"""Events of other systems that are signed, after the Standard Webhooks specification.

A signature says which service sends; it takes the place of a token. How old a message may be goes by the real time,
since it is another machine's clock that it is compared with.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from starlette.datastructures import Headers

from signoff.errors import InvalidInputError
from signoff.gates.name import check_actor_name

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
BASE64_PREFIX = "whsec_"


@dataclass(frozen=True)
class Ingress:
    """`service` is the name under which whoever holds the secret acts."""

    service: str
    webhook: Webhook = field(repr=False)

    def why_not(self, headers: Headers, body: bytes) -> str | None:
        """What is wrong with the signature of a message; None where nothing is."""
        given = {name: headers.getlist(name) for name in HEADERS}
        missing = [name for name, values in given.items() if len(values) != 1]
        if missing:
            return f"it has to carry the header {missing[0]} once"
        try:
            self.webhook.verify(body, {name: values[0] for name, values in given.items()}, json_parse=False)
        except (WebhookVerificationError, ValueError):
            # The library's own words tell a forger which part to work on.
            return "no signature fits it, or it was signed more than five minutes away from now"
        return None


def make_ingress(secret: str | None, service: str) -> Ingress | None:
    """None where no secret is set, and events are nobody's but the caller's.

    Args:
        secret: `whsec_` and base64, as the specification has it, or any other text.

    Raises:
        InvalidInputError: (`invalid-setting`, `invalid-actor`).
    """
    if secret is None:
        return None
    return Ingress(check_actor_name(service), Webhook(_key(secret)))


def _key(secret: str) -> bytes:
    text = secret.removeprefix(BASE64_PREFIX)
    if text == secret:
        return secret.encode()
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        why = f"ingress.secret begins with {BASE64_PREFIX}, and what follows is not base64."
        raise InvalidInputError(why, code="invalid-setting")
    return key
