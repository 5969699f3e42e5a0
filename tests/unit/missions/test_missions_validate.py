from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from mission_samples import EVENTS, META, WP01, cycle, event, files, lanes_json, line, log_of, package

from signoff.missions.event import read_log
from signoff.missions.finding import CODES, SEVERITIES, Finding
from signoff.missions.meta import write_meta
from signoff.missions.reduce import snapshot
from signoff.missions.validate import slug_of, validate


def told(**changes: Any) -> list[Finding]:
    found = validate(files(**changes))
    assert all(SEVERITIES[one.diagnostic_code] == one.severity and one.diagnostic_code in CODES for one in found)
    return found


def one(**changes: Any) -> Finding:
    (found,) = told(**changes)
    return found


def test_nothing_is_said_against_a_sound_mission() -> None:
    assert told() == []


def test_a_malformed_line_is_an_error_with_file_and_line() -> None:
    found = one(events=log_of(*EVENTS) + b'{"event_id": \n')
    assert (found.diagnostic_code, found.severity) == ("EVENT_LINE_MALFORMED", "error")
    assert (found.details, found.work_package_id) == ({"path": "status.events.jsonl", "line": 10}, None)
    assert found.message.startswith("status.events.jsonl:10: ")


def test_a_log_that_was_read_already_is_not_read_again() -> None:
    broken = files(events=log_of(*EVENTS) + b'{"event_id": \n')
    assert validate(broken, read_log(broken.events or b"")) == validate(broken)
    assert validate(broken, read_log(log_of(*EVENTS))) == []


def test_an_unforced_illegal_edge_is_a_warning_and_a_forced_one_is_nothing() -> None:
    planned = event(1, "genesis", "planned")
    leap = event(2, "planned", "done", reason="trust me")
    found = one(events=log_of(planned, leap), review_cycles={})
    assert (found.diagnostic_code, found.severity, found.work_package_id) == (
        "ILLEGAL_UNFORCED_EDGE",
        "warning",
        "WP01",
    )
    assert (found.details["line"], found.details["event_id"]) == (2, leap.event_id)
    assert (found.details["from_lane"], found.details["to_lane"]) == ("planned", "done")
    assert told(events=log_of(planned, replace(leap, force=True)), review_cycles={}) == []


def test_a_jump_between_lanes_is_a_warning() -> None:
    events = [event(1, "genesis", "planned"), event(2, "planned", "claimed"), event(3, "planned", "claimed")]
    found = one(events=log_of(*events), review_cycles={})
    assert (found.diagnostic_code, found.severity) == ("FROM_LANE_DISCONTINUITY", "warning")
    assert (found.details["line"], found.details["expected_lane"], found.details["from_lane"]) == (
        3,
        "claimed",
        "planned",
    )


@pytest.mark.parametrize(("first", "count"), [("genesis", 0), ("planned", 0), ("claimed", 1)])
def test_an_old_log_may_begin_with_a_package_that_is_planned(first: str, count: int) -> None:
    to_lane = {"genesis": "planned", "planned": "claimed", "claimed": "in_progress"}[first]
    assert len(told(events=log_of(event(1, first, to_lane)), review_cycles={})) == count


def test_events_are_judged_in_the_order_in_which_they_happened() -> None:
    assert told(events=log_of(*reversed(EVENTS))) == []


def test_one_id_on_two_events_is_a_warning_and_a_repeated_line_is_nothing() -> None:
    other = replace(EVENTS[0], reason="another")
    found = one(events=log_of(*EVENTS, other))
    assert (found.diagnostic_code, found.severity, found.details["line"]) == ("EVENT_ID_REUSED", "warning", 10)
    assert told(events=log_of(*EVENTS, EVENTS[3])) == []


def drifted(**changes: Any) -> str:
    wire = snapshot(EVENTS, META).to_wire()
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = wire
        for name in parents:
            target = target[name]
        target[last] = value
    return json.dumps(wire)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"event_count": 8}, "event_count"),
        ({"last_event_id": None}, "last_event_id"),
        ({"materialized_at": "2026-06-01T00:00:00+00:00"}, "materialized_at"),
        ({"mission_number": "8"}, "mission_number"),
        ({"mission_slug": "other"}, "mission_slug"),
        ({"mission_type": "research"}, "mission_type"),
        ({"summary__planned": 1}, "summary.planned"),
        ({"summary": []}, "summary"),
        ({"work_packages__WP01__lane": "done"}, "work_packages.WP01.lane"),
        ({"work_packages__WP01__force_count": 1}, "work_packages.WP01.force_count"),
        ({"work_packages__WP01": None}, "work_packages.WP01"),
        ({"work_packages__WP09": {"lane": "done"}}, "work_packages.WP09"),
    ],
)
def test_a_snapshot_that_says_something_else_than_the_events_has_drifted(
    changes: dict[str, Any], difference: str
) -> None:
    found = one(snapshot=drifted(**changes))
    assert (found.diagnostic_code, found.severity) == ("STATUS_SNAPSHOT_DRIFT", "error")
    assert found.details == {"path": "status.json", "differences": [difference]}


@pytest.mark.parametrize("snapshot", [None, "", "[]", "{"])
def test_a_snapshot_that_is_missing_or_unreadable_has_drifted(snapshot: str | None) -> None:
    found = one(snapshot=snapshot)
    assert (found.diagnostic_code, found.severity) == ("STATUS_SNAPSHOT_DRIFT", "error")


def test_a_snapshot_with_no_packages_at_all_lacks_each() -> None:
    assert one(snapshot=drifted(work_packages=[])).details["differences"] == [
        "work_packages.WP01",
        "work_packages.WP02",
    ]
    many = [event(number, "genesis", "planned", f"WP{number:02d}") for number in range(1, 40)]
    found = one(events=log_of(*many), snapshot=drifted(), review_cycles={})
    assert found.message.endswith(" and more.")


def test_what_other_tools_have_added_to_a_snapshot_is_no_drift() -> None:
    added = {"work_packages__WP01__agent": "x", "retrospective": {}, "work_packages__WP09": {"lane": "uninitialized"}}
    assert told(snapshot=drifted(**added)) == []
    numberless = write_meta(replace(META, mission_number=None))
    assert told(snapshot=drifted(mission_number="", mission_slug=""), meta=numberless) == []


def test_a_mission_in_which_nothing_happened_needs_no_snapshot() -> None:
    assert told(events=None, snapshot=None, review_cycles={}) == []


@pytest.mark.parametrize("meta", [None, "", '{"mission_id": "x"}'])
def test_meta_that_is_missing_or_wrong_is_an_error(meta: str | None) -> None:
    found = one(meta=meta)
    assert (found.diagnostic_code, found.severity, found.details["path"]) == (
        "MISSION_METADATA_INVALID",
        "error",
        "meta.json",
    )


@pytest.mark.parametrize(
    "lanes",
    [
        "[]",
        lanes_json(lanes=[{"lane_id": "a", "depends_on_lanes": ["b"]}, {"lane_id": "b", "depends_on_lanes": ["a"]}]),
    ],
)
def test_lanes_that_cannot_be_taken_or_merged_are_an_error(lanes: str) -> None:
    assert (one(lanes=lanes).diagnostic_code, one(lanes=lanes).severity) == ("LANES_FILE_INVALID", "error")
    assert told(lanes=None) == []


def test_a_work_package_that_cannot_be_taken_is_an_error_with_everything_that_is_wrong() -> None:
    wrong = package(more="execution_mode: magic\nhistory: today\n")
    found = one(work_packages={f"{WP01}.md": wrong, "WP02.md": package("WP02")})
    assert (found.diagnostic_code, found.severity) == ("WORK_PACKAGE_METADATA_INVALID", "error")
    assert (found.work_package_id, found.details["path"], found.details["line"]) == ("WP01", f"tasks/{WP01}.md", 11)
    assert [problem["line"] for problem in found.details["problems"]] == [11, 12]


def test_unknown_keys_of_a_work_package_are_told_and_those_of_older_tools_are_not() -> None:
    found = one(work_packages={f"{WP01}.md": package(more="owned_file: x\nshell_pid: '7'\ntags: []\n")})
    assert (found.diagnostic_code, found.severity) == ("WORK_PACKAGE_KEYS_UNKNOWN", "warning")
    assert found.details["keys"] == ["owned_file"]


def test_a_package_file_that_is_in_no_lane_and_of_which_nothing_was_said_is_told() -> None:
    untracked = {**files().work_packages, "WP09-nine.md": package("WP09")}
    (found,) = validate(files(work_packages=untracked))
    assert (found.diagnostic_code, found.severity, found.work_package_id) == (
        "WORK_PACKAGE_UNTRACKED",
        "warning",
        "WP09",
    )
    assert found.details["path"] == "tasks/WP09-nine.md"
    (also,) = validate(files(work_packages=untracked, lanes=None))
    assert also == found


def test_a_package_file_is_tracked_by_a_lane_or_by_an_event_and_unknown_where_the_lanes_cannot_be_read() -> None:
    untracked = {**files().work_packages, "WP09-nine.md": package("WP09")}
    lane = {"lane_id": "lane-a", "wp_ids": ["WP01", "WP02", "WP09"]}
    assert validate(files(work_packages=untracked, lanes=lanes_json(lanes=[lane]))) == []
    planned = log_of(*EVENTS, event(10, "genesis", "planned", "WP09"))
    assert validate(files(work_packages=untracked, events=planned)) == []
    unread: list[dict[str, Any]] = [
        {"unreadable": {name: "it is too large"}} for name in ("lanes.json", "status.events.jsonl")
    ]
    for changes in ({"lanes": "[]"}, *unread):
        codes = [one.diagnostic_code for one in validate(files(work_packages=untracked, **changes))]
        assert "WORK_PACKAGE_UNTRACKED" not in codes
        assert codes


def test_a_file_that_could_not_be_read_is_an_error_with_its_path_and_nothing_more_is_made_of_it() -> None:
    unreadable = {"meta.json": "more than 5 bytes", f"tasks/{WP01}.md": "a link that leads out of the mission"}
    first, second = told(meta=None, work_packages={}, unreadable=unreadable)
    assert (first.diagnostic_code, first.severity, first.work_package_id) == ("MISSION_FILE_UNREADABLE", "error", None)
    assert first.details == {"path": "meta.json"}
    assert second.work_package_id == "WP01"


@pytest.mark.parametrize("name", ["status.events.jsonl", "status.json"])
def test_a_snapshot_is_not_compared_with_what_could_not_be_read(name: str) -> None:
    without: dict[str, Any] = {"events": None} if name == "status.events.jsonl" else {"snapshot": None}
    whole = {"snapshot": drifted(), "review_cycles": {}, **without}
    assert [found.diagnostic_code for found in told(**whole, unreadable={name: "x"})] == ["MISSION_FILE_UNREADABLE"]


def test_reviews_are_judged_with_the_rest() -> None:
    reviews = {WP01: {"review-cycle-2.md": cycle(2, "rejected")}}
    assert [found.diagnostic_code for found in told(review_cycles=reviews)] == [
        "REJECTED_REVIEW_ARTIFACT_CONFLICT",
        "REVIEW_CYCLE_NUMBERING_GAP",
    ]


def test_the_warnings_are_exactly_those_that_let_a_mission_pass() -> None:
    everything = files(
        events=log_of(*EVENTS[:2]) + line(EVENTS[4]).encode() + log_of(event(20, "claimed", "done")) + b"junk\n",
        snapshot="{}",
        meta="{}",
        work_packages={"WP01.md": "x"},
        review_cycles={
            WP01: {"review-cycle-2.md": cycle(2, body="Same."), "review-cycle-3.md": cycle(3, body="Same.")}
        },
    )
    warnings = {found.diagnostic_code for found in validate(everything) if found.severity == "warning"}
    assert warnings == {
        *("REVIEW_CYCLE_NUMBERING_GAP", "REVIEW_CYCLE_BODY_REPEATED"),
        *("ILLEGAL_UNFORCED_EDGE", "FROM_LANE_DISCONTINUITY"),
    }
    assert {found.diagnostic_code for found in validate(everything)} <= set(CODES)


def test_a_mission_is_called_what_its_meta_says_or_else_as_its_folder() -> None:
    assert slug_of(files(name="012-old")) == "ledger"
    assert slug_of(files(name="012-old", meta=None)) == "012-old"
    assert slug_of(files(name="012-old", meta=None, unreadable={"meta.json": "x"})) == "012-old"
