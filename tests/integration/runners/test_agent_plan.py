"""An agent's answer is read strictly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from signoff.errors import StepFailedError
from signoff.runners.agent_plan import check_plan, read_plan

TASK = {"key": "a", "title": "A"}
PLAN = {"summary": "s", "tasks": [TASK]}


def test_the_smallest_and_the_fullest_plan_are_taken_as_they_are() -> None:
    full = {
        "summary": "s" * 20_000,
        "patch": "",
        "tasks": [
            {"key": "a" * 64, "title": "A", "command": ["true", ""], "timeoutS": 1},
            {"key": "0-b", "title": "B", "script": "exit 0", "timeoutS": 86_400},
        ],
        "approvalTimeoutS": 2_592_000,
    }
    for plan in ({"summary": "s", "tasks": []}, full):
        assert read_plan(json.dumps(plan)) == plan


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"summary": ""}, "summary"),
        ({"summary": " \n"}, "summary"),
        ({"summary": "s" * 20_001}, "summary"),
        ({"summary": 1}, "summary"),
        ({"patch": None}, "patch"),
        ({"patch": "é" * 600_000}, "patch"),
        ({"approvalTimeoutS": 0}, "approvalTimeoutS"),
        ({"approvalTimeoutS": 2_592_001}, "approvalTimeoutS"),
        ({"approvalTimeoutS": True}, "approvalTimeoutS"),
        ({"approvalTimeoutS": 2.0}, "approvalTimeoutS"),
        ({"tasks": {}}, "tasks"),
        ({"tasks": [{"key": f"k{n}", "title": "t"} for n in range(101)]}, "tasks"),
        ({"tasks": [TASK, "a"]}, "tasks[1]"),
        ({"tasks": [TASK, TASK]}, "tasks[1].key"),
        ({"tasks": [{**TASK, "key": "A"}]}, "tasks[0].key"),
        ({"tasks": [{**TASK, "key": "a\n"}]}, "tasks[0].key"),
        ({"tasks": [{**TASK, "key": "a" * 65}]}, "tasks[0].key"),
        ({"tasks": [{**TASK, "key": ["a"]}]}, "tasks[0].key"),
        ({"tasks": [{"key": "a"}]}, "tasks[0]"),
        ({"tasks": [{**TASK, "title": ""}]}, "tasks[0].title"),
        ({"tasks": [{**TASK, "sudo": True}]}, "tasks[0]"),
        ({"tasks": [{**TASK, "command": "true"}]}, "tasks[0].command"),
        ({"tasks": [{**TASK, "command": []}]}, "tasks[0].command"),
        ({"tasks": [{**TASK, "command": [""]}]}, "tasks[0].command"),
        ({"tasks": [{**TASK, "command": ["true", 1]}]}, "tasks[0].command"),
        ({"tasks": [{**TASK, "command": ["true"], "script": "true"}]}, "tasks[0]"),
        ({"tasks": [{**TASK, "script": "x" * 30_001}]}, "tasks[0].script"),
        ({"tasks": [{**TASK, "timeoutS": 0}]}, "tasks[0].timeoutS"),
        ({"approved": True}, "answer"),
        ({"summary": "a\x00"}, "answer"),
    ],
)
def test_a_plan_out_of_form_is_refused_with_the_place_named(change: dict[str, Any], where: str) -> None:
    with pytest.raises(StepFailedError) as caught:
        check_plan({**PLAN, **change})
    assert caught.value.details["where"] == where
    assert f" {where}: " in caught.value.message


@pytest.mark.parametrize(
    "answer",
    ["", "Here is the plan: {}", "[]", "null", '{"summary":"a","summary":"b","tasks":[]}', b"\xff", '{"tasks":[]}',
     '{"summary":"a\\u0000","tasks":[]}', '{"summary":"\\ud800","tasks":[]}'],
)  # fmt: skip
def test_an_answer_that_is_no_plan_is_refused(answer: str | bytes) -> None:
    with pytest.raises(StepFailedError, match="The agent's plan cannot be taken"):
        read_plan(answer)
    assert read_plan(json.dumps(PLAN)) == PLAN
