from __future__ import annotations

from dataclasses import replace

import pytest

from signoff.missions.prompt import KEYS, ReviewContext, compare, write_prompt

REQUEST = ReviewContext(
    invocation_id="01KQKV85G0STH8VF1RB66TW8DJ",
    repo_root="/srv/repo",
    mission_id="01KQKV85G0STH8VF1RB66TW8DK",
    mission_slug="mission-impossible",
    work_package_id="WP01",
    lane_worktree="/srv/repo/.worktrees/lane-a",
    mission_branch="mission/mission-impossible",
    lane_branch="mission/mission-impossible-lane-a",
    base_ref="main",
    prompt_path="/state/review-prompts/repo-0123456789ab/x/WP01/1.md",
    created_at="2026-05-02T09:50:15.123456+00:00",
)


def test_a_prompt_names_everything_that_the_contract_lists() -> None:
    assert set(KEYS) == {
        *("invocation_id", "repo_root", "mission_id", "mission_slug", "work_package_id", "lane_worktree"),
        *("mission_branch", "lane_branch", "base_ref", "prompt_path", "created_at"),
    }


def test_a_prompt_for_what_was_asked_is_taken() -> None:
    assert compare(REQUEST, write_prompt(REQUEST, "# Review\n---\nof this\n")) is None


@pytest.mark.parametrize("key", KEYS)
def test_any_difference_stops_the_review(key: str) -> None:
    found = compare(REQUEST, write_prompt(replace(REQUEST, **{key: "another"}), "# Review\n"))
    assert found is not None
    assert (found.diagnostic_code, found.is_error) == ("REVIEW_PROMPT_METADATA_MISMATCH", True)
    assert key in found.message
    assert found.details["requested_context"] == REQUEST.to_wire()
    assert found.details["prompt_context"] == {**REQUEST.to_wire(), key: "another"}
    assert found.details["prompt_path"] == REQUEST.prompt_path


@pytest.mark.parametrize(
    "prompt", [None, "", "# Review WP01\n", "---\n- a\n---\n", write_prompt(replace(REQUEST, base_ref=""), "")]
)
def test_a_prompt_that_does_not_say_what_it_is_for_stops_the_review(prompt: str | None) -> None:
    found = compare(REQUEST, prompt)
    assert found is not None
    assert found.diagnostic_code == "REVIEW_PROMPT_METADATA_MISSING"
    assert set(found.details) == {"requested_context", "prompt_context", "prompt_path"}


def test_values_that_only_look_alike_are_different() -> None:
    text = write_prompt(replace(REQUEST, mission_id="7"), "")
    assert compare(replace(REQUEST, mission_id="7"), text) is None
    assert compare(replace(REQUEST, mission_id="7"), text.replace('mission_id: "7"', "mission_id: 7")) is not None
