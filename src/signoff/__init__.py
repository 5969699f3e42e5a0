"""signoff: the durable human sign-off layer for automated work.

    import signoff

    with signoff.connect() as client:
        gate = client.open_gate("deploy-42", "go-live", "Deploy 1.4 to production?")
        if gate.wait().is_approved:
            ...

`signoff.aio` has the same verbs for asyncio. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module

# As in `typing`, which takes so long to be imported that Ctrl-C would meet it, before the command line can answer.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from signoff import aio
    from signoff.errors import (
        ConflictError,
        GateCancelledError,
        GateDecidedError,
        GateFinalError,
        GateTimedOutError,
        InvalidInputError,
        LedgerUnavailableError,
        NotEntitledError,
        NotFoundError,
        NotSignedInError,
        SignoffError,
    )
    from signoff.sdk.client import Client, connect
    from signoff.sdk.gate import Gate
    from signoff.sdk.receipt import Receipt

    __version__: str

__all__ = [
    "Client",
    "ConflictError",
    "Gate",
    "GateCancelledError",
    "GateDecidedError",
    "GateFinalError",
    "GateTimedOutError",
    "InvalidInputError",
    "LedgerUnavailableError",
    "NotEntitledError",
    "NotFoundError",
    "NotSignedInError",
    "Receipt",
    "SignoffError",
    "__version__",
    "aio",
    "connect",
]

_WHERE = {
    "Client": "signoff.sdk.client",
    "Gate": "signoff.sdk.gate",
    "Receipt": "signoff.sdk.receipt",
    "connect": "signoff.sdk.client",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'signoff' has no attribute {name!r}")
    if name == "aio":
        return import_module("signoff.aio")
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("signoff")
    else:
        value = getattr(import_module(_WHERE.get(name, "signoff.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
