"""Output as the docs show it, against output as it is.

`...` on a line of its own stands for any lines, inside a line for any text. Digests, times and lengths of time differ
at each try and are compared by their form. Ids do too, but the docs use them again: what an id of the docs stands for
is remembered, and put into the commands that follow.
"""

from __future__ import annotations

import re

_ID = re.compile(r"(?:it|sp|wf)_[0-9A-HJKMNP-TV-Z]{26}|(?<=-)[0-9a-f]{16}(?![0-9a-f])")
_TOKENS = re.compile(
    rf"(?P<id>{_ID.pattern})"
    r"|(?P<digest>[0-9a-f]{64})"
    r"|(?P<instant>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC)"
    r"|(?P<seconds>\d+\.\d+ s\b)"
    r"|(?P<span>\d+ (?:d|h|min|s)\b)"
    r"|(?P<room> {2,})"
    r"|(?P<any>\.\.\.)"
)
_FORMS = {
    "digest": r"[0-9a-f]{64}",
    "instant": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
    "seconds": r"\d+\.\d+ s",
    "span": r"\d+ (?:d|h|min|s)",
    "room": " {2,}",
    "any": ".*?",
}


class Ids:
    """What the ids of the docs stand for in this try."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def put_into(self, command: str) -> str:
        return _ID.sub(lambda found: self._known.get(found[0], found[0]), command)

    def match(self, shown: str, output: str, *, is_whole: bool) -> int | None:
        """How many characters of the output the shown lines take, None where they do not fit."""
        names: dict[str, str] = {}
        pattern = "".join(self._line(line, names) for line in shown.splitlines())
        found = re.fullmatch(pattern, output) if is_whole else re.match(pattern, output)
        if found is None:
            return None
        self._known.update({shown_id: found[name] for shown_id, name in names.items()})
        return found.end()

    def _line(self, line: str, names: dict[str, str]) -> str:
        if line.strip() == "...":
            return r"(?:.*\n)*?"
        parts, at = [], 0
        for token in _TOKENS.finditer(line):
            parts += [re.escape(line[at : token.start()]), self._token(token, names)]
            at = token.end()
        return "".join([*parts, re.escape(line[at:].rstrip()), r" *\n"])

    def _token(self, token: re.Match[str], names: dict[str, str]) -> str:
        if token.lastgroup != "id":
            return _FORMS[str(token.lastgroup)]
        shown_id = token[0]
        if shown_id in self._known:
            return re.escape(self._known[shown_id])
        if shown_id in names:
            return f"(?P={names[shown_id]})"
        names[shown_id] = f"id{len(names)}"
        return f"(?P<{names[shown_id]}>{_ID.pattern})"
