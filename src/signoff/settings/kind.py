"""What a setting's value may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_MIB = 1024 * 1024
_ON = frozenset({"true", "1", "yes", "on"})
_OFF = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True)
class Kind:
    """What a value may be. `read` turns the text of a flag or variable into what YAML would have held; `check` turns
    that into the setting's value. Both raise ValueError, which then becomes a sentence made of `accepts`.
    """

    accepts: str
    check: Callable[[Any], Any]
    read: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    is_switch: bool = False


def _integer(low: int, high: int) -> Kind:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"an integer from {low} to {high}", check, _to_int)


def _to_int(text: str) -> int:
    if re.fullmatch(r"-?[0-9]{1,18}", text) is None:
        raise ValueError
    return int(text)


def one_of(*choices: str) -> Kind:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError
        return value

    return Kind(" or ".join(choices), check, choices=choices)


def _to_bool(text: str) -> bool:
    if text.lower() not in _ON | _OFF:
        raise ValueError
    return text.lower() in _ON


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError
    return value


def _token(value: Any) -> str:
    # Blanks around it come from copying; within it no token has one, and an HTTP header takes no other characters.
    token = value.strip() if isinstance(value, str) else ""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError
    return token


def _folder(value: Any) -> Path:
    return Path(_text(str(value) if isinstance(value, Path) else value))


def _command(value: Any) -> tuple[str, ...]:
    import shlex  # only needed where there is such a setting

    words = tuple(shlex.split(_text(value)))
    if not words[0]:
        raise ValueError
    return words


def _postgres_url(value: Any) -> str:
    if " " in _text(value) or not value.startswith(("postgresql://", "postgres://")):
        raise ValueError
    return str(value)


def _http_url(value: Any) -> str:
    parts = urlsplit(_text(value))
    if " " in value or parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    return str(value)


def _url_prefix(value: Any) -> str:
    parts = urlsplit(_http_url(value))
    if "?" in value or "#" in value or "@" in parts.netloc:
        raise ValueError
    # Closed with a slash, or `https://ci.example` would also let `https://ci.example.net` and `ci.example@...` through.
    return str(value) if parts.path else f"{value}/"


def _public_url(value: Any) -> str:
    url = _url_prefix(value)
    if urlsplit(url).path != "/":
        raise ValueError
    return url


def _issuer(value: Any) -> str:
    parts = urlsplit(_http_url(value))
    if not is_kept_private(value) or "?" in value or "#" in value or "@" in parts.netloc:
        raise ValueError
    return str(value)


def is_kept_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: by TLS, or since it does not leave this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Of a name or an address, without brackets."""
    from ipaddress import ip_address  # only needed where such a URL is set

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _url_prefixes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError
    return tuple(_url_prefix(prefix) for prefix in value)


TEXT = Kind("one line of text", _text)
TOKEN = Kind("a token, as it was shown: ASCII characters without a blank", _token)
SWITCH = Kind("true or false", _bool, _to_bool, is_switch=True)
FOLDER = Kind("a path", _folder)
#: What is kept with the file that names it: in the file, a relative path starts there.
FOLDER_OF_FILE = Kind("a path", _folder)
COMMAND = Kind("a command line, quoted as in a shell", _command)
PORT = _integer(0, 65_535)
SECONDS = _integer(1, 2_592_000)
BYTES = _integer(1, 1024 * _MIB)
LEGS = _integer(1, 1_000)
HTTP_URL = Kind("a URL that begins with http:// or https://", _http_url)
POSTGRES_URL = Kind(
    "a URL that begins with postgresql:// or postgres:// (leave it out for the embedded SQLite)", _postgres_url
)
ISSUER = Kind("a URL that begins with https:// (or http:// on this machine), without user, query and fragment", _issuer)
PUBLIC_URL = Kind(
    "a URL that begins with http:// or https:// and ends with its host or port: the inbox lives at the root of a host",
    _public_url,
)
URL_PREFIXES = Kind(
    "a list of beginnings of http:// or https:// URLs, without user, query and fragment",
    _url_prefixes,
    lambda text: [prefix.strip() for prefix in text.split(",")],
)
