"""What the agents of a story may say: read strictly, as what is not understood is never taken for work done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from signoff.errors import InvalidInputError, StepFailedError
from signoff.gates.digest import parse_json
from signoff.plans.spec.output_path import refusal, stays
from signoff.runners.excerpt import one_line

SM, PO, DEV, QA = "sm", "po", "dev", "qa"
ROLES: Mapping[str, str] = {SM: "scrum master", PO: "product owner", DEV: "developer", QA: "test architect"}
TEXT_CHARS_MAX = 20_000
LIST_MAX = 1_000
GO, NO_GO = "GO", "NO-GO"

_CHANGED = '  "changedFiles": ["the path of every file that you made, changed or deleted, from the repository"]'
_SUMMARY = '  "summary": "optional: what you did, for the person who decides",'

#: The form of each agent's answer, as it is told to the agent.
FORMS: Mapping[str, str] = {
    SM: f"""{{
  "storyFile": "the path of the story's file in the repository",
  "title": "optional: the story's title",
{_SUMMARY}
{_CHANGED}
}}""",
    PO: f"""{{
  "validationStatus": "{GO} or {NO_GO}",
  "validationScore": "a whole number from 1 to 10",
  "amendments": [{{"section": "of the story", "change": "what you changed there", "reason": "optional: why"}}],
  "criticalIssues": ["optional: what must be put right first; with {NO_GO} it ends the run"],
{_SUMMARY}
{_CHANGED}
}}""",
    DEV: f"""{{
  "commitMessage": "the commit message that you propose",
{_SUMMARY}
{_CHANGED}
}}""",
    QA: f"""{{
  "qaGateFile": "the path of the QA gate file that you wrote, YAML",
  "testsPass": "true or false",
  "testsPassing": "optional: how many tests pass",
  "testsFailing": "optional: how many fail",
  "coveragePercent": "optional: a number from 0 to 100",
  "coverageTarget": "optional: a number from 0 to 100",
  "lint": "optional: what the linter says, one line",
{_SUMMARY}
{_CHANGED}
}}""",
}


def read_answer(role: str, answer: str | bytes) -> dict[str, Any]:
    """The answer of the agent in this role, as in `FORMS`; lists that were left out are there, and empty.

    Raises:
        StepFailedError: (`bad-answer`) it is no such answer; says what is wrong and where.
    """
    try:
        said = parse_json(answer)
    except InvalidInputError as error:
        raise _refused(role, "answer", error.message.removesuffix(".")) from None
    return check_answer(role, said)


def check_answer(role: str, said: Any) -> dict[str, Any]:
    """The same for JSON that has been read already."""
    if not isinstance(said, dict):
        raise _refused(role, "answer", "it must be a JSON object")
    members = _MEMBERS[role]
    for name in said:
        if name not in members:
            raise _refused(role, "answer", f"the member {one_line(name, 80)!r} is not known here")
    given = {name: value for name, value in said.items() if value is not None}
    for name, (is_required, check) in members.items():
        if is_required and name not in given:
            raise _refused(role, "answer", f"the member {name!r} is missing")
        why = None if name not in given else check(given[name])
        if why is not None:
            raise _refused(role, name, why)
    return {**{name: [] for name in members if name in _LISTS}, **given}


def _text(value: Any) -> str | None:
    if isinstance(value, str) and value.strip() and len(value) <= TEXT_CHARS_MAX:
        return None
    return f"it must be a text of 1 to {TEXT_CHARS_MAX} characters"


def _texts(value: Any) -> str | None:
    return _each(value, _text)


def _path(value: Any) -> str | None:
    if not isinstance(value, str):
        return "it must be a path"
    why = refusal(value, stays)
    return None if why is None else f"it is {why}"


def _paths(value: Any) -> str | None:
    return _each(value, _path)


def _amendments(value: Any) -> str | None:
    return _each(value, _amendment)


def _amendment(value: Any) -> str | None:
    if not isinstance(value, dict) or not {"section", "change"} <= value.keys() <= {"section", "change", "reason"}:
        return "each is an object {section, change, reason?}"
    return next((why for text in value.values() if (why := _text(text)) is not None), None)


def _each(value: Any, check: Callable[[Any], str | None]) -> str | None:
    if not isinstance(value, list) or len(value) > LIST_MAX:
        return f"it must be a list of at most {LIST_MAX}"
    return next((f"[{at}] {why}" for at, one in enumerate(value) if (why := check(one)) is not None), None)


def _truth(value: Any) -> str | None:
    return None if isinstance(value, bool) else "it must be true or false"


def _whole(least: int, most: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        is_one = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return None if is_one else f"it must be a whole number from {least} to {most}"

    return check


def _percent(value: Any) -> str | None:
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100
    return None if is_one else "it must be a number from 0 to 100"


def _status(value: Any) -> str | None:
    return None if value in (GO, NO_GO) else f"it must be {GO} or {NO_GO}"


_Check = Callable[[Any], str | None]
_COUNT = _whole(0, 10_000_000)
_LISTS = ("changedFiles", "amendments", "criticalIssues")
_EACH: dict[str, tuple[bool, _Check]] = {"summary": (False, _text), "changedFiles": (False, _paths)}
_MEMBERS: Mapping[str, Mapping[str, tuple[bool, _Check]]] = {
    SM: {"storyFile": (True, _path), "title": (False, _text), **_EACH},
    PO: {
        "validationStatus": (True, _status),
        "validationScore": (True, _whole(1, 10)),
        "amendments": (False, _amendments),
        "criticalIssues": (False, _texts),
        **_EACH,
    },
    DEV: {"commitMessage": (True, _text), **_EACH},
    QA: {
        "qaGateFile": (True, _path),
        "testsPass": (True, _truth),
        "testsPassing": (False, _COUNT),
        "testsFailing": (False, _COUNT),
        "coveragePercent": (False, _percent),
        "coverageTarget": (False, _percent),
        "lint": (False, _text),
        **_EACH,
    },
}


def _refused(role: str, where: str, why: str) -> StepFailedError:
    return StepFailedError(
        f"What the agent {role} says cannot be taken: {where}: {why}.",
        code="bad-answer",
        details={"agent": role, "where": where, "why": why},
    )
