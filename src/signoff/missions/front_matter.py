"""Markdown with YAML between two `---` lines before it: read with the line of each key, and written in the order of
its keys. Reading ends in a value whatever the text is; what is wrong with it is among its problems."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import Problem, shown
from signoff.documents.yaml_text import YamlText, read_yaml
from signoff.missions.plain_yaml import read_plain

FRONT_MATTER_CHARS_MAX = 64_000

_FRONT = re.compile(r"---[ \t]*\n(?:(.*?)\n)??---[ \t]*(?:\n|\Z)", re.DOTALL)
_INDENT = "  "
#: What every reader takes for this text, and no other value.
_BARE = r"[A-Za-z][A-Za-z0-9_./()-]*(?: [A-Za-z0-9_./()-]+)*"
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNSAFE = "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"


@dataclass(frozen=True)
class FrontMatter:
    """`members` in the order of the file, `body` everything after the second fence."""

    members: Mapping[str, Any]
    body: str
    yaml: YamlText = field(default_factory=lambda: YamlText(None))
    problems: Sequence[Problem] = ()

    def line(self, key: str) -> int:
        return self.yaml.line((key,))


def read_front_matter(text: str) -> FrontMatter:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    match = _FRONT.match(text)
    if match is None:
        begins = shown(text[:200].split("\n", 1)[0])
        missing = Problem(1, "missing-front-matter", begins, "front matter between two lines ---")
        return FrontMatter({}, text, problems=[missing])
    body, front = text[match.end() :], match[1] or ""
    if len(front) > FRONT_MATTER_CHARS_MAX:
        found = f"{len(front)} characters of front matter"
        too_long = Problem(1, "too-large", found, f"at most {FRONT_MATTER_CHARS_MAX}")
        return FrontMatter({}, body, problems=[too_long])
    problems: list[Problem] = []
    yaml = read_plain(front, first_line=2) or read_yaml(front, problems, first_line=2)
    if not isinstance(yaml.value, dict) and not problems:
        problems.append(Problem(2, "invalid-front-matter", shown(front), "keys with values"))
    members = yaml.value if isinstance(yaml.value, dict) else {}
    return FrontMatter(members, body, yaml, problems)


def write_front_matter(members: Mapping[str, Any], body: str) -> str:
    """The file's text. Values are those of JSON; reading it again gives the same."""
    lines = [line for key, value in members.items() for line in _member(f"{_scalar(key)}:", value, "")]
    return "".join(f"{line}\n" for line in ("---", *lines, "---")) + body


def _member(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{indent}{head}"
        for key, inner in value.items():
            yield from _member(f"{_scalar(key)}:", inner, indent + _INDENT)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        yield f"{indent}{head}"
        for one in value:
            yield from _item(one, indent)
    else:
        yield f"{indent}{head} {_flow(value)}"


def _item(value: Any, indent: str) -> Iterator[str]:
    """A mapping begins on the line of its dash."""
    if not (isinstance(value, Mapping) and value):
        # The items of a list in a list stand deeper than its dash, those of a key's list do not.
        head, *inner = _member("-", value, indent)
        yield from (head, *(f"{_INDENT}{line}" for line in inner))
        return
    first, *rest = (line for key, one in value.items() for line in _member(f"{_scalar(key)}:", one, indent + _INDENT))
    yield f"{indent}- {first[len(indent) + len(_INDENT) :]}"
    yield from rest


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if re.fullmatch(_BARE, value) and value.lower() not in _RESERVED else _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    """What JSON quotes, YAML reads, but for a few characters."""
    return re.sub(_UNSAFE, lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))
