from __future__ import annotations

import pytest
from mission_samples import WP01, cycle, files

from signoff.missions.event import read_log
from signoff.missions.files import MissionFiles
from signoff.missions.finding import Finding
from signoff.missions.preflight import SyncState, TargetSync, judge_target, sync_state
from signoff.missions.reduce import reduce
from signoff.missions.reviews import judge_reviews, newest_review


def reviewed(found: MissionFiles) -> list[Finding]:
    """What is said against the reviews of these files."""
    return list(judge_reviews(found, reduce(read_log(found.events or b"").events)))


@pytest.mark.parametrize(
    ("ahead", "behind", "state"), [(0, 0, "in_sync"), (2, 0, "ahead"), (0, 3, "behind"), (2, 3, "diverged")]
)
def test_two_branches_are_compared_by_what_each_has_alone(ahead: int, behind: int, state: str) -> None:
    assert sync_state(ahead, behind).value == state


@pytest.mark.parametrize("state", [SyncState.IN_SYNC, SyncState.AHEAD, SyncState.NO_TRACKING_BRANCH])
def test_a_target_that_lacks_nothing_stops_nobody(state: SyncState) -> None:
    assert list(judge_target(TargetSync("main", state, ahead_count=2), "ledger")) == []


@pytest.mark.parametrize("state", [SyncState.BEHIND, SyncState.DIVERGED, SyncState.MISSING_LOCAL_BRANCH])
def test_a_target_that_is_not_synchronized_stops_the_merge_with_its_counts(state: SyncState) -> None:
    (found,) = judge_target(TargetSync("main", state, "origin/main", 2, 3), "ledger")
    wire = found.to_wire()
    assert (wire["diagnostic_code"], wire["severity"]) == ("TARGET_BRANCH_NOT_SYNCHRONIZED", "error")
    assert (wire["ahead_count"], wire["behind_count"], wire["sync_state"]) == (2, 3, state.value)
    assert wire["focused_branch"] == "signoff/pr/ledger-to-main"
    assert wire["remediation"]
    assert wire["branch_or_work_package"] == "main"


def test_a_diverged_target_is_told_of_the_focused_branch() -> None:
    (found,) = judge_target(TargetSync("main", SyncState.DIVERGED, "origin/main", 1, 1), "ledger")
    assert "--focused" in found.details["remediation"]
    assert "signoff/pr/ledger-to-main" in found.details["remediation"]


def test_an_accepted_package_whose_newest_review_rejects_it_stops_the_merge() -> None:
    reviews = {WP01: {"review-cycle-1.md": cycle(1), "review-cycle-4.md": cycle(4, "rejected")}}
    conflict, gap = reviewed(files(review_cycles=reviews))
    assert conflict.to_wire() == {
        "diagnostic_code": "REJECTED_REVIEW_ARTIFACT_CONFLICT",
        "severity": "error",
        "work_package_id": "WP01",
        "message": conflict.message,
        "branch_or_work_package": "WP01",
        "violated_invariant": "terminal_wp_latest_review_artifact_must_not_be_rejected",
        "lane": "approved",
        "latest_review_cycle_path": "tasks/WP01-ledger/review-cycle-4.md",
        "latest_review_cycle_verdict": "rejected",
        "review_cycle_number": 4,
        "remediation": conflict.details["remediation"],
    }
    assert (gap.diagnostic_code, gap.severity, gap.details["missing_numbers"]) == (
        "REVIEW_CYCLE_NUMBERING_GAP",
        "warning",
        [2, 3],
    )


def test_a_complete_override_lets_it_through_and_half_of_one_does_not() -> None:
    actor, reason = "review_artifact_override_actor: ada\n", "review_artifact_override_reason: seen\n"
    for more, count in ((actor + reason, 0), (actor, 1), (reason, 1)):
        reviews = {WP01: {"review-cycle-1.md": cycle(1, "rejected", more=more)}}
        assert len(reviewed(files(review_cycles=reviews))) == count


def test_the_newest_review_is_told_by_its_file_name_and_not_by_what_it_says() -> None:
    reviews = {WP01: {"review-cycle-9.md": cycle(9, "rejected"), "review-cycle-10.md": cycle(2)}}
    codes = [found.diagnostic_code for found in reviewed(files(review_cycles=reviews))]
    assert codes == ["REVIEW_CYCLE_NUMBERING_GAP"]


def test_a_rejected_package_that_is_not_accepted_stops_nobody() -> None:
    reviews = {"WP02-console": {"review-cycle-1.md": cycle(1, "rejected", "WP02")}}
    assert reviewed(files(review_cycles=reviews)) == []


def test_a_review_without_valid_front_matter_stops_the_merge_with_its_path() -> None:
    reviews = {WP01: {"review-cycle-1.md": "# Approved!\n"}}
    (found,) = reviewed(files(review_cycles=reviews))
    assert (found.diagnostic_code, found.severity) == ("REVIEW_ARTIFACT_SCHEMA_INVALID", "error")
    assert (found.details["path"], found.details["line"]) == ("tasks/WP01-ledger/review-cycle-1.md", 1)


def test_a_review_of_another_package_is_none_of_this_one() -> None:
    reviews = {WP01: {"review-cycle-1.md": cycle(1, wp_id="WP02")}}
    assert [one.diagnostic_code for one in reviewed(files(review_cycles=reviews))] == ["REVIEW_ARTIFACT_SCHEMA_INVALID"]


def test_two_reviews_in_a_row_that_say_the_same_are_a_warning() -> None:
    reviews = {WP01: {"review-cycle-1.md": cycle(1, body="The same."), "review-cycle-2.md": cycle(2, body="The same.")}}
    (found,) = reviewed(files(review_cycles=reviews))
    assert (found.diagnostic_code, found.severity) == ("REVIEW_CYCLE_BODY_REPEATED", "warning")
    assert found.details["repeats"] == "tasks/WP01-ledger/review-cycle-1.md"


def test_of_many_missing_reviews_the_first_are_told() -> None:
    (found,) = reviewed(files(review_cycles={WP01: {"review-cycle-900000.md": cycle(900_000)}}))
    assert found.details["missing_numbers"] == list(range(1, 101))
    assert found.message.endswith("19, 20 and more.")


def test_the_newest_review_of_a_package_is_found_with_its_path() -> None:
    found = files(review_cycles={WP01: {"review-cycle-2.md": cycle(2), "review-cycle-10.md": cycle(10, "rejected")}})
    newest = newest_review(found, "WP01")
    assert newest is not None
    assert (newest[0], newest[1].verdict) == ("tasks/WP01-ledger/review-cycle-10.md", "rejected")
    assert newest_review(found, "WP02") is None
