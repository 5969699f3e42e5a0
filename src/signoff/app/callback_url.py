"""Which URLs a decision may call: those the operator allowed, and loopback while the system is open.

Whoever can open a gate could otherwise make the worker call anything that it can reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from signoff.errors import InvalidInputError

URL_CHARS_MAX = 2_000


def is_callback_allowed(url: str, *, allow: Sequence[str], is_open: bool) -> bool:
    parts = _split(url) if len(url) <= URL_CHARS_MAX else None
    return parts is not None and _is_allowed(parts, allow, is_open)


def check_callback_url(url: str | None, *, allow: Sequence[str], is_open: bool) -> str:
    """
    Raises:
        InvalidInputError: (`callback-not-allowed`).
    """
    parts = _split(url or "")
    if parts is None or url is None or len(url) > URL_CHARS_MAX:
        raise InvalidInputError(
            "A callback needs an http or https URL without a user name in it.", code="callback-not-allowed"
        )
    if _is_allowed(parts, allow, is_open):
        return url
    raise InvalidInputError(
        f"Calling {parts.scheme}://{parts.netloc} is not allowed; the setting callbacks.allow names what is.",
        code="callback-not-allowed",
    )


def _is_allowed(parts: SplitResult, allow: Sequence[str], is_open: bool) -> bool:
    return (is_open and _is_loopback(parts.hostname or "")) or any(_is_within(parts, _split(one)) for one in allow)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and parts.hostname and _is_plain(parts) and parts.port != 0
    except ValueError:
        return None
    return parts if is_usable and url.isprintable() and " " not in url and "\\" not in url else None


def _is_plain(parts: SplitResult) -> bool:
    """Nothing stands beside host and port: no user name, nothing behind the brackets of an IPv6 address."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts.netloc.lower() in (host, f"{host}:{parts.port}")


def _is_within(parts: SplitResult, allowed: SplitResult | None) -> bool:
    """Same scheme, host and port, and a path below the allowed one."""
    if allowed is None or (parts.scheme, parts.hostname, parts.port) != (
        allowed.scheme,
        allowed.hostname,
        allowed.port,
    ):
        return False
    path = allowed.path.rstrip("/")
    is_below = parts.path == path or parts.path.startswith(path + "/")
    return is_below and not _climbs(parts.path)


def _climbs(path: str) -> bool:
    """Whether any server could read a way up in it: encoded once or more, behind a backslash, or with a parameter."""
    while (plain := unquote(path)) != path:
        path = plain
    return any(part.partition(";")[0] == ".." for part in path.replace("\\", "/").split("/"))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
