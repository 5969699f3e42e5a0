"""What is made of an older tool's packages, and what is said of changes that are committed already."""

from __future__ import annotations

import pytest

from signoff.errors import InvalidInputError, MissionError
from signoff.missions.adopt import begin_lanes, lanes_of_packages, one_lane
from signoff.missions.meta import MissionMeta
from signoff.missions.ownership import judge_changes
from signoff.missions.review_cycle import ReviewCycle, read_review_cycle, with_override, write_review_cycle
from signoff.missions.work_package import WorkPackage

META = MissionMeta("012-ledger", "01KQKV85G0STH8VF1RB66TW8DJ")
ONE = WorkPackage("WP01", owned_files=("src/one/**",))
SAME = WorkPackage("WP02", owned_files=("src/one/deep/**",))
LATER = WorkPackage("WP03", dependencies=("WP01", "WP99"), owned_files=("src/three/**",))
CYCLE = ReviewCycle(3, "012-ledger", "WP01", "rejected", "Grace", "2026-05-02T09:50:15+00:00", extra={"house": "kept"})


def test_packages_that_share_files_share_a_lane_and_what_has_no_file_is_not_waited_for() -> None:
    lanes = lanes_of_packages([ONE, SAME, LATER], begin_lanes(META, "main"))
    assert [(lane.wp_ids, lane.depends_on_lanes) for lane in lanes.lanes] == [
        (("WP01", "WP02"), ()),
        (("WP03",), ("lane-a",)),
    ]
    assert (lanes.mission_branch, lanes.target_branch) == ("mission/012-ledger", "main")
    assert lanes_of_packages([ONE, SAME, LATER], lanes) == lanes


def test_lanes_that_would_wait_for_each_other_are_told() -> None:
    needs = WorkPackage("WP02", dependencies=("WP03",), owned_files=("src/one/b",))
    with pytest.raises(MissionError, match="wait for each other"):
        lanes_of_packages([ONE, needs, LATER], begin_lanes(META, "main"))
    (lane,) = one_lane([ONE, needs, LATER], begin_lanes(META, "main"), "012").lanes
    assert (lane.branch, lane.wp_ids) == ("012", ("WP01", "WP02", "WP03"))
    assert lane.write_scope == ("src/one/**", "src/one/b", "src/three/**")


def test_a_change_is_anybodys_of_the_lane_where_nobody_knows_whose_it_was() -> None:
    assert judge_changes([ONE, LATER], ["src/one/a", "src/three/b"], lane_id="lane-a", commit="c" * 40) == []
    (found,) = judge_changes([ONE, LATER], ["src/one/a", "other"], lane_id="lane-a", commit="c" * 40)
    assert (found.work_package_id, found.details["files"]) == (None, ["other"])
    assert found.details["branch_or_work_package"] == "lane-a"
    (found,) = judge_changes([ONE], ["src/three/b"], lane_id="lane-a", commit="c" * 40)
    assert (found.work_package_id, found.details["owned_files"]) == ("WP01", ["src/one/**"])


def test_an_override_adds_who_why_and_when_and_nothing_else() -> None:
    text = write_review_cycle(CYCLE)
    said = with_override(text, path="x", actor=" Olga ", reason="two\nlines", at="2026-05-03T00:00:00+00:00")
    found = read_review_cycle(said, path="x")
    assert (found.override_actor, found.override_reason, found.is_overridden) == ("Olga", "two\nlines", True)
    assert found.override_at == "2026-05-03T00:00:00+00:00"
    assert (found.extra, found.verdict, found.feedback) == (CYCLE.extra, "rejected", CYCLE.feedback)
    assert set(text.splitlines()) < set(said.splitlines())


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("Olga", " "), (" ", "")])
def test_an_override_without_who_or_why_is_none(actor: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        with_override(write_review_cycle(CYCLE), path="x", actor=actor, reason=reason, at="2026-05-03T00:00:00+00:00")
    assert refused.value.code == "justification-required"
    with pytest.raises(MissionError):
        with_override("no front matter", path="x", actor="Olga", reason="why", at="2026-05-03T00:00:00+00:00")
