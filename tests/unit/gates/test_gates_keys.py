from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pytest

from signoff.errors import InvalidInputError
from signoff.gates import keys


def test_our_own_gate_keys_have_the_promised_form() -> None:
    tail = hashlib.sha256(b"it_01ARZ:approve-plan:approve-plan:1").hexdigest()[:16]
    assert keys.gate_key_of("it_01ARZ", "approve-plan", "approve-plan", 1) == f"approve-plan-{tail}"
    assert re.fullmatch(r"approve-plan-[0-9a-f]{16}", f"approve-plan-{tail}")


def test_every_part_of_a_gate_key_tells() -> None:
    apart = {
        keys.gate_key_of("r", "s", "p", 1),
        keys.gate_key_of("q", "s", "p", 1),
        keys.gate_key_of("r", "t", "p", 1),
        keys.gate_key_of("r", "s", "o", 1),
        keys.gate_key_of("r", "s", "p", 2),
    }
    assert len(apart) == 5
    assert all(keys.check_gate_key(key) == key for key in apart)


def test_names_of_events_legs_and_children_are_frozen() -> None:
    assert keys.topic_of("g") == "human:g"
    assert keys.prompt_event("g") == "ui:g"
    assert keys.result_event("g") == "ui:g:result"
    assert keys.audit_event("g") == "ui:g:audit"
    assert keys.decision_event("g") == "decision:g"
    assert keys.leg_id("it_1") == "it_1"
    assert keys.leg_id("it_1", "g") == "it_1:g"
    assert keys.sandbox_id("it_1", "t", 1) == "it_1:sbx:t"
    assert keys.escalation_id("it_1", "g") == "esc:it_1:g"
    assert keys.escalation_id("it_1", "g", 2) == "esc:it_1:g:2"
    assert (keys.PARENT_QUEUE, keys.SANDBOX_QUEUE) == ("intentQ", "sbxQ")


def test_a_second_attempt_has_names_of_its_own() -> None:
    assert keys.sandbox_id("it_1", "t", 2) != keys.sandbox_id("it_1", "t", 1)
    assert keys.retry_leg_id("it_1", 2) not in {keys.leg_id("it_1"), keys.retry_leg_id("it_1", 3)}


GOOD_KEYS = ["a", "0", "approve-plan-3fa9c1d2e4b50617", "a:b_c-d", "a" * 128]
BAD_KEYS = ["", "A", "-a", ":a", "_a", "a b", "a.b", "a/b", "é", "a\n", "\na", "a" * 129]


@pytest.mark.parametrize("key", GOOD_KEYS)
def test_a_well_formed_key_is_a_gate_key_and_a_topic_behind_its_kind(key: str) -> None:
    assert keys.check_gate_key(key) == key
    assert keys.check_topic(f"human:{key}") == f"human:{key}"
    assert keys.check_topic(f"sys:{key}") == f"sys:{key}"
    assert re.match(keys.GATE_KEY_PATTERN, key)
    assert re.match(keys.TOPIC_PATTERN, f"sys:{key}")


@pytest.mark.parametrize("key", BAD_KEYS)
def test_any_other_key_is_refused_and_so_is_its_topic(key: str) -> None:
    refuse(keys.check_gate_key, key, "bad-gate-key")
    refuse(keys.check_topic, f"human:{key}", "bad-topic")


@pytest.mark.parametrize("topic", ["a", "human", "robot:a", "Human:a", " human:a"])
def test_a_topic_names_its_kind(topic: str) -> None:
    refuse(keys.check_topic, topic, "bad-topic")


@pytest.mark.parametrize("workflow_id", ["it_01ARZ", "A", "build-42.1:x@host+1", "a" * 200])
def test_workflow_ids_of_other_programs_are_taken(workflow_id: str) -> None:
    assert keys.check_workflow_id(workflow_id) == workflow_id
    assert re.match(keys.WORKFLOW_ID_PATTERN, workflow_id)


@pytest.mark.parametrize("workflow_id", ["", "-a", "a b", "a/b", "a\n", "a" * 201, "é"])
def test_workflow_ids_that_cannot_stand_in_an_address_are_refused(workflow_id: str) -> None:
    refuse(keys.check_workflow_id, workflow_id, "bad-workflow-id")


def test_a_refusal_does_not_repeat_a_key_at_length() -> None:
    with pytest.raises(InvalidInputError) as caught:
        keys.check_gate_key("A" * 100_000)
    assert len(caught.value.message) < 300
    assert len(caught.value.details["value"]) <= 200


def refuse(check: Callable[[str], str], text: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check(text)
    assert caught.value.code == code
    assert caught.value.details["pattern"] in caught.value.message
