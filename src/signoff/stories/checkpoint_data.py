"""What the data of a checkpoint says, for each of the three.

Agents write it, each in its own manner: where another name or another shape plainly means the same it is read. What is
not plain is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signoff.errors import InvalidInputError
from signoff.stories.changes import clean_message, clean_path, path_problem
from signoff.stories.state import Kind

ROWS_MAX = 2_000
DEPTH_MAX = 5

_OF_10 = re.compile(r"(\d+(?:\.\d+)?)(?:\s*/\s*10)?")

_ISSUES = ("issues", "findings", "top_issues")
_SECTION, _CHANGE, _REASON = ("section", "area"), ("change", "description", "amendment"), ("reason", "rationale")
_ID, _SEVERITY = ("id", "ref"), ("severity", "level")
_FINDING = ("finding", "description", "message", "title", "issue")
_ACTION = ("action", "suggestedAction", "suggested_action", "actionRequired", "recommendation", "fix")
_PATH = ("path", "file", "filePath", "filename")


@dataclass(frozen=True)
class Amendment:
    section: str
    change: str
    reason: str


@dataclass(frozen=True)
class PoData:
    """`score` is as it is shown: `8/10`, or what the file has where that is no number of 10."""

    amendments: tuple[Amendment, ...]
    score: str | None
    status: str | None


@dataclass(frozen=True)
class Finding:
    id: str
    severity: str
    finding: str
    action: str


@dataclass(frozen=True)
class QaData:
    gate: str | None
    findings: tuple[Finding, ...]
    tests: str | None
    coverage: str | None
    lint: str | None
    gate_file: str | None


@dataclass(frozen=True)
class CommitData:
    paths: tuple[str, ...]
    message: str


About = PoData | QaData | CommitData


def about_of(kind: Kind, raw: Mapping[str, Any]) -> About:
    """
    Raises:
        InvalidInputError: (`invalid-checkpoint-state`) it is not what is shown at such a checkpoint.
    """
    if kind is Kind.PO:
        return _po(raw)
    return _qa(raw) if kind is Kind.QA else _commit(raw)


def said(raw: Mapping[str, Any], *names: str) -> str | None:
    """The first of these members that says something, as text; None where none does.

    Raises:
        InvalidInputError: (`invalid-checkpoint-state`) it is no text and no number.
    """
    for name in names:
        found = raw.get(name)
        text = None if found is None else _scalar(found, name).strip()
        if text:
            return text
    return None


def prose(raw: Mapping[str, Any], *names: str) -> str | None:
    """The same of what people read only, which may be a list or an object as well.

    Raises:
        InvalidInputError: (`invalid-checkpoint-state`) it is none of them.
    """
    found = {name: raw[name] for name in names if name in raw}
    return said(
        {name: _flat(one, name) if one and isinstance(one, list | dict) else one for name, one in found.items()}, *names
    )


def invalid_state(why: str) -> InvalidInputError:
    return InvalidInputError(f"Invalid checkpoint state: {why}.", code="invalid-checkpoint-state")


def _po(raw: Mapping[str, Any]) -> PoData:
    amendments = tuple(_amendment(one, at) for at, one in enumerate(_list(raw, "amendments")))
    score = said(raw, "validationScore")
    number = None if score is None else _OF_10.fullmatch(score)
    return PoData(amendments, score if number is None else f"{number[1]}/10", said(raw, "validationStatus"))


def _amendment(raw: object, at: int) -> Amendment:
    if isinstance(raw, str):
        return Amendment("", raw, "")
    if not isinstance(raw, dict):
        raise invalid_state(f"`amendments[{at}]` must be an object")
    return Amendment(said(raw, *_SECTION) or "", prose(raw, *_CHANGE) or "", prose(raw, *_REASON) or "")


def _qa(raw: Mapping[str, Any]) -> QaData:
    found = raw.get("qaFindings")
    if isinstance(found, list):
        found = {"gate": raw.get("gate"), "issues": found}
    if not isinstance(found, dict):
        raise invalid_state("`qaFindings` must be an object")
    findings = tuple(_finding(one, at) for at, one in enumerate(_list(found, *_ISSUES)))
    gate_file = said(raw, "qaGateFile")
    return QaData(said(found, "gate"), findings, _tests(found), _coverage(found), _lint(found.get("lint")), gate_file)


def _finding(raw: object, at: int) -> Finding:
    if isinstance(raw, str):
        return Finding("", "", raw, "")
    if not isinstance(raw, dict):
        raise invalid_state(f"`qaFindings.issues[{at}]` must be an object")
    texts = (said(raw, *_ID), said(raw, *_SEVERITY), prose(raw, *_FINDING), prose(raw, *_ACTION))
    return Finding(*(text or "" for text in texts))


def _tests(found: Mapping[str, Any]) -> str | None:
    """`12 passing, 0 failing`, or as much of it as is known; a failure is said first."""
    counts = [f"{count} {name}" for name, member in (("passing", "testsPassing"), ("failing", "testsFailing"))
              if (count := said(found, member)) is not None]  # fmt: skip
    is_well = found.get("testsPass")
    if is_well is False:
        return ", ".join(["FAILING", *counts])
    return ", ".join(counts) or ("passing" if is_well is True else prose(found, "testsPass", "tests"))


def _coverage(found: Mapping[str, Any]) -> str | None:
    percent, target = (prose(found, *names) for names in (("coveragePercent", "coverage"), ("coverageTarget",)))
    if percent is None:
        return None
    return _percent(percent) if target is None else f"{_percent(percent)} (target: {_percent(target)})"


def _percent(text: str) -> str:
    """With the sign behind a number, once."""
    return f"{text}%" if text[-1].isdigit() and text.replace(".", "", 1).isdigit() else text


def _lint(found: object) -> str | None:
    if found is None:
        return None
    if isinstance(found, bool) or found == []:
        return "ISSUES" if found is False else "No issues"
    return prose({"lint": found}, "lint")


def paths_with_status(listed: object) -> list[tuple[object, str]]:
    """What `changesForCommit` lists, with the status that it gives or ""; nothing where it is no list."""
    return [(path, status if isinstance(status, str) else "") for path, status in _listed(listed)]


def _commit(raw: Mapping[str, Any]) -> CommitData:
    named = raw.get("changesForCommit")
    listed = list(_listed(named))
    if len(listed) > ROWS_MAX or not isinstance(named, list | dict | None):
        raise _too_long("changesForCommit")
    paths = []
    for at, (path, _) in enumerate(listed):
        if (why := path_problem(path)) is not None:
            raise invalid_state(f"`changesForCommit[{at}]` {why}")
        paths.append(clean_path(str(path)))
    if not paths:
        raise invalid_state("`changesForCommit` lists no file")
    return CommitData(tuple(dict.fromkeys(paths)), _message(raw.get("commitMessage")))


def _listed(found: object) -> Iterator[tuple[object, object]]:
    """Each path and its status, of a list, or of an object: the status of each path, or the paths of each status."""
    if isinstance(found, dict):
        for name, value in found.items():
            for path in value if isinstance(value, list) else ():
                yield _path_of(path), name
            if not isinstance(value, list):
                yield name, value
    for one in found if isinstance(found, list) else ():
        yield _path_of(one), one.get("status") if isinstance(one, dict) else None


def _path_of(one: object) -> object:
    return next((one[name] for name in _PATH if name in one), None) if isinstance(one, dict) else one


def _message(raw: object) -> str:
    """A text, or its lines."""
    lines = raw if isinstance(raw, list) and all(isinstance(one, str) for one in raw) else None
    text = raw if lines is None else "\n".join(lines)
    try:
        return clean_message(text if isinstance(text, str) else "")
    except InvalidInputError:
        raise invalid_state("`commitMessage` is missing, or no text that a commit can have") from None


def _list(raw: Mapping[str, Any], *names: str) -> list[Any]:
    name = next((name for name in names if raw.get(name) is not None), None)
    if name is None:
        return []
    found = raw[name]
    if not isinstance(found, list) or len(found) > ROWS_MAX:
        raise _too_long(name)
    return found


def _flat(value: object, name: str, depth: int = 0) -> str:
    """A list or an object of texts as one text, with what is in them."""
    if depth > DEPTH_MAX:
        raise invalid_state(f"`{name}` is nested more than {DEPTH_MAX} levels deep")
    if isinstance(value, list):
        return "; ".join(_flat(one, name, depth + 1) for one in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_flat(one, name, depth + 1)}" for key, one in value.items()) or "none"
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: "-"}[value]
    return _scalar(value, name)


def _scalar(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if isinstance(value, float) else str(value)
    raise invalid_state(f"`{name}` must be a text or a number")


def _too_long(name: str) -> InvalidInputError:
    return invalid_state(f"`{name}` must be a list of at most {ROWS_MAX}")
