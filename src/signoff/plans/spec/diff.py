"""What a compiled file lacks of its Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MISSING, CHANGED, GONE = "missing", "changed", "gone"

#: What names a member of a list, so that one step more does not make all that follow another.
_NAMES = ("step_id", "text", "label")


@dataclass(frozen=True)
class Difference:
    """`kind`: missing in the compiled file, changed, or gone from the Markdown; `path` as `plan[step-003].outputs`."""

    kind: str
    path: str
    in_markdown: Any = None
    in_compiled: Any = None


def differences(fresh: Mapping[str, Any], compiled: Mapping[str, Any]) -> list[Difference]:
    """`fresh` is the Markdown compiled now, `compiled` the file."""
    return list(_between(dict(fresh), dict(compiled), ""))


def _between(fresh: Any, compiled: Any, path: str) -> Iterator[Difference]:
    if fresh == compiled:
        return
    ours, theirs = _members(fresh, compiled)
    if ours is None or theirs is None:
        yield Difference(CHANGED, path, fresh, compiled)
        return
    found = [one for key in sorted({*ours, *theirs}) for one in _member(ours, theirs, key, f"{path}{key}".lstrip("."))]
    yield from found or [Difference(CHANGED, f"{path} (order)", fresh, compiled)]


def _member(ours: Mapping[str, Any], theirs: Mapping[str, Any], key: str, path: str) -> Iterator[Difference]:
    if key not in theirs:
        yield Difference(MISSING, path, in_markdown=ours[key])
    elif key not in ours:
        yield Difference(GONE, path, in_compiled=theirs[key])
    else:
        yield from _between(ours[key], theirs[key], path)


_Members = dict[str, Any] | None


def _members(fresh: Any, compiled: Any) -> tuple[_Members, _Members]:
    """The members of two mappings or two lists, by what they add to a path; None for what has none."""
    if isinstance(fresh, Mapping) and isinstance(compiled, Mapping):
        return _keyed(fresh), _keyed(compiled)
    if not (isinstance(fresh, list) and isinstance(compiled, list)):
        return None, None
    ours, theirs = _named(fresh), _named(compiled)
    if len(ours) == len(fresh) and len(theirs) == len(compiled):
        return ours, theirs
    return _placed(fresh), _placed(compiled)


def _keyed(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {f".{key}": value for key, value in mapping.items()}


def _named(members: list[Any]) -> dict[str, Any]:
    return {f"[{_name(one, at)}]": one for at, one in enumerate(members)}


def _placed(members: list[Any]) -> dict[str, Any]:
    return {f"[{at}]": one for at, one in enumerate(members)}


def _name(member: Any, at: int) -> str:
    if not isinstance(member, Mapping):
        return str(member) if isinstance(member, str) else str(at)
    return next((str(member[key]) for key in _NAMES if key in member), str(at))
