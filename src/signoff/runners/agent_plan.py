"""What an agent may say: its plan, read strictly. An answer that is not understood is never taken for a plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from signoff.errors import InvalidInputError, StepFailedError
from signoff.gates.deadline import TTL_S_MAX, TTL_S_MIN
from signoff.gates.digest import check_storable, parse_json
from signoff.runners.excerpt import one_line

SUMMARY_CHARS_MAX = 20_000
PATCH_BYTES_MAX = 1_048_576
TASKS_MAX = 100
TITLE_CHARS_MAX = 500
COMMAND_WORDS_MAX = 200
# One argument of a program holds 128 KiB on Linux, and a character takes up to four bytes.
SCRIPT_CHARS_MAX = 30_000
TASK_TIMEOUT_S_MAX = 86_400

_TASK_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PLAN_KEYS = {"summary": True, "patch": False, "tasks": True, "approvalTimeoutS": False}
_TASK_KEYS = {"key": True, "title": True, "command": False, "script": False, "timeoutS": False}

PLAN_CONTRACT = f"""\
Answer with one JSON object on standard output, and nothing else:

{{
  "summary": "what will be done and why, as Markdown, 1 to {SUMMARY_CHARS_MAX} characters; a person decides on it",
  "patch": "optional: a unified git diff of text files, up to {PATCH_BYTES_MAX} bytes; it is applied to an empty tree",
  "tasks": [
    {{
      "key": "lower-case letters, digits and '-', 1 to 64 characters, unique",
      "title": "one line for people, 1 to {TITLE_CHARS_MAX} characters",
      "command": ["optional:", "a", "program", "and", "its", "arguments"],
      "script": "optional, instead of a command: a shell script, up to {SCRIPT_CHARS_MAX} characters",
      "timeoutS": "optional: a whole number of seconds, 1 to {TASK_TIMEOUT_S_MAX}"
    }}
  ],
  "approvalTimeoutS": "optional: how long people have to decide, a whole number of seconds, {TTL_S_MIN} to {TTL_S_MAX}"
}}

At most {TASKS_MAX} tasks; they may run side by side. No other members. Messages for the operator go to standard error.
"""


def read_plan(answer: str | bytes) -> dict[str, Any]:
    """The plan in an agent's answer, `{summary, patch?, tasks, approvalTimeoutS?}` as in `PLAN_CONTRACT`.

    Raises:
        StepFailedError: the answer is no such plan; says what is wrong and where.
    """
    try:
        plan = parse_json(answer)
    except InvalidInputError as error:
        raise _refused("answer", error.message.removesuffix(".")) from None
    return check_plan(plan)


def check_plan(plan: Any) -> dict[str, Any]:
    """The same for JSON that has been read already.

    Raises:
        StepFailedError: see `read_plan`.
    """
    try:
        check_storable(plan)
    except InvalidInputError as error:
        raise _refused("answer", error.message.removesuffix(".")) from None
    checked = _object("answer", plan, _PLAN_KEYS)
    _text("summary", checked["summary"], SUMMARY_CHARS_MAX)
    if "patch" in checked:
        _patch(checked["patch"])
    if "approvalTimeoutS" in checked:
        _whole_number("approvalTimeoutS", checked["approvalTimeoutS"], TTL_S_MIN, TTL_S_MAX)
    _tasks(checked["tasks"])
    return checked


def _tasks(tasks: Any) -> None:
    if not isinstance(tasks, list) or len(tasks) > TASKS_MAX:
        raise _refused("tasks", f"it must be a list of at most {TASKS_MAX} tasks")
    seen: dict[str, int] = {}
    for place, task in enumerate(tasks):
        where = f"tasks[{place}]"
        key = _task(where, task)
        if key in seen:
            raise _refused(f"{where}.key", f"{key!r} is the key of tasks[{seen[key]}] already")
        seen[key] = place


def _task(where: str, task: Any) -> str:
    checked = _object(where, task, _TASK_KEYS)
    key = checked["key"]
    if not isinstance(key, str) or _TASK_KEY.fullmatch(key) is None:
        raise _refused(f"{where}.key", f"it must match ^{_TASK_KEY.pattern}$")
    _text(f"{where}.title", checked["title"], TITLE_CHARS_MAX)
    if "command" in checked and "script" in checked:
        raise _refused(where, "a task has a command or a script, not both")
    if "command" in checked:
        _command(f"{where}.command", checked["command"])
    if "script" in checked:
        _text(f"{where}.script", checked["script"], SCRIPT_CHARS_MAX)
    if "timeoutS" in checked:
        _whole_number(f"{where}.timeoutS", checked["timeoutS"], 1, TASK_TIMEOUT_S_MAX)
    return key


def _command(where: str, command: Any) -> None:
    if not isinstance(command, list) or not 1 <= len(command) <= COMMAND_WORDS_MAX:
        raise _refused(where, f"it must be a list of 1 to {COMMAND_WORDS_MAX} texts")
    if not all(isinstance(word, str) and len(word) <= SCRIPT_CHARS_MAX for word in command) or not command[0].strip():
        raise _refused(where, f"each word must be a text of at most {SCRIPT_CHARS_MAX} characters, the first not blank")


def _patch(patch: Any) -> None:
    if not isinstance(patch, str) or len(patch.encode()) > PATCH_BYTES_MAX:
        raise _refused("patch", f"it must be a text of at most {PATCH_BYTES_MAX} bytes")


def _object(where: str, value: Any, keys: Mapping[str, bool]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refused(where, "it must be a JSON object")
    for key in value:
        if key not in keys:
            raise _refused(where, f"the member {one_line(key, 80)!r} is not known here")
    for key, is_required in keys.items():
        if is_required and key not in value:
            raise _refused(where, f"the member {key!r} is missing")
    return dict(value)


def _text(where: str, value: Any, chars_max: int) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > chars_max:
        raise _refused(where, f"it must be a text of 1 to {chars_max} characters, not blank")


def _whole_number(where: str, value: Any, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _refused(where, f"it must be a whole number from {least} to {most}")


def _refused(where: str, why: str) -> StepFailedError:
    return StepFailedError(f"The agent's plan cannot be taken: {where}: {why}.", details={"where": where, "why": why})
