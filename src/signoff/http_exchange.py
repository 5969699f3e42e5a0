"""One HTTP exchange with whoever the settings or a file name: bounded in time. Redirects are answers, not instructions.

Its library is loaded by the first, so that whoever makes none is ready sooner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    import httpx


@contextmanager
def exchange(
    method: str, url: str, *, content: bytes, headers: Mapping[str, str], timeout_s: float
) -> Iterator[httpx.Response]:
    """The answer, its body unread: how much of it, and for how long, is for the caller to bound.

    Raises:
        httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError.
    """
    import httpx

    # Without encodings: a small answer could unfold to a large one.
    sent = {"accept-encoding": "identity", **headers}
    with httpx.stream(
        method,
        url,
        content=content,
        headers=sent,
        timeout=timeout_s,
        follow_redirects=False,
        verify=_certificates(),
    ) as answer:
        yield answer


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to believe; read once, since that takes longer than an exchange."""
    import httpx

    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise httpx.ConnectError(f"no certificates can be read: {error}") from error
