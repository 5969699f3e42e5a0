"""The kinds of channels, and what `notify.yaml` may say of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TEXT_CHARS_MAX = 2_000
WEBHOOK = "webhook"

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9:](?:[A-Za-z0-9.:-]{0,252})")
_ROOM = re.compile(r"#?[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Value:
    """`takes` says in words what `is_fit` tests. Without a default it has to be there, unless it `is_optional`. What
    `is_secret` stands in the file by the name of a variable alone."""

    takes: str
    is_fit: Callable[[str], bool]
    default: str = ""
    is_optional: bool = False
    is_secret: bool = False


@dataclass(frozen=True)
class Kind:
    target: Value
    values: Mapping[str, Value] = field(default_factory=dict)
    #: What the values are together: what is found wrong, and what is expected in its place.
    problem: Callable[[Mapping[str, str]], tuple[str, str] | None] = lambda _: None


def one_of(*words: str, default: str = "") -> Value:
    return Value(f"one of {', '.join(words)}", lambda text: text in words, default)


def is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and _is_line(text)
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _is_line(text: str) -> bool:
    return text.isprintable() and " " not in text and 0 < len(text) <= TEXT_CHARS_MAX


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) <= 65_535


def _password_problem(values: Mapping[str, str]) -> tuple[str, str] | None:
    if bool(values["username"]) != bool(values["password"]):
        return "a user name without a password, or the other way round", "both username and password, or neither"
    if values["password"] and values["tls"] == "none" and not is_loopback(values["host"]):
        return "a password over a connection that anybody can read", "tls: starttls or tls: implicit"
    return None


_SECRET = Value("the name of a variable that holds one line, like ${SECRET}", str.isprintable, is_secret=True)
_ADDRESS_VALUE = Value("a mail address", lambda text: _ADDRESS.fullmatch(text) is not None)


def _api(url: str) -> Value:
    return Value("an http or https URL", is_http_url, url)


KINDS: Mapping[str, Kind] = {
    "console": Kind(one_of("info", "warning")),
    "email": Kind(
        _ADDRESS_VALUE,
        {
            "host": Value("the name of a host", lambda text: _HOST.fullmatch(text) is not None),
            "port": Value("a port from 1 to 65535", _is_port, "587"),
            "tls": one_of("starttls", "implicit", "none", default="starttls"),
            "username": Value("a text without spaces", _is_line, is_optional=True),
            "password": Value(_SECRET.takes, str.isprintable, is_optional=True, is_secret=True),
            "from": _ADDRESS_VALUE,
        },
        _password_problem,
    ),
    "slack": Kind(
        Value("a channel, like #approvals or C0123456789", lambda text: _ROOM.fullmatch(text) is not None),
        {"token": _SECRET, "api_url": _api("https://slack.com/api")},
    ),
    "linear": Kind(
        Value("the id of a team, a UUID in lower case", lambda text: _UUID.fullmatch(text) is not None),
        {"token": _SECRET, "api_url": _api("https://api.linear.app/graphql")},
    ),
    WEBHOOK: Kind(Value("an http or https URL", is_http_url), {"secret": _SECRET}),
    "apprise": Kind(Value("the name of a variable that holds an Apprise URL, like ${PAGER_URL}", bool, is_secret=True)),
}
