"""A mission as its files: WP01 approved after a review, WP02 in progress."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from signoff.missions.event import TransitionEvent, read_log
from signoff.missions.files import MissionFiles
from signoff.missions.lane import Lane
from signoff.missions.meta import MissionMeta, write_meta
from signoff.missions.reduce import snapshot

META = MissionMeta("ledger", "01KQKV85G0STH8VF1RB66TW8DJ", 7, "software-dev", "main")
APPROVAL = {"review": {"reviewer": "rita", "verdict": "approved", "reference": "review-cycle-1.md"}}
WP01, WP02 = "WP01-ledger", "WP02-console"


def event(number: int, from_lane: str, to_lane: str, wp_id: str = "WP01", **members: Any) -> TransitionEvent:
    """The one of the second `number` of a day."""
    made = TransitionEvent(
        event_id=f"01KQKV85G0{number:016d}",
        at=f"2026-05-02T09:50:{number:02d}.000000+00:00",
        actor="ada",
        mission_id=META.mission_id,
        mission_slug=META.mission_slug,
        wp_id=wp_id,
        from_lane=Lane(from_lane),
        to_lane=Lane(to_lane),
    )
    return replace(made, **members)


EVENTS = [
    event(1, "genesis", "planned"),
    event(2, "genesis", "planned", "WP02"),
    event(3, "planned", "claimed"),
    event(4, "claimed", "in_progress"),
    event(5, "in_progress", "for_review"),
    event(6, "for_review", "in_review", actor="rita"),
    event(7, "in_review", "approved", actor="rita", evidence=APPROVAL),
    event(8, "planned", "claimed", "WP02"),
    event(9, "claimed", "in_progress", "WP02"),
]


def line(one: TransitionEvent, **changes: Any) -> str:
    """As a log has it; a member that is changed to `...` is left out."""
    wire = {**one.to_wire(), **changes}
    return json.dumps({key: value for key, value in wire.items() if value is not ...}, sort_keys=True) + "\n"


def log_of(*events: TransitionEvent) -> bytes:
    return "".join(line(one) for one in events).encode()


def package(wp_id: str = "WP01", more: str = "", body: str = "# What to do\n") -> str:
    return (
        f"---\nwork_package_id: {wp_id}\ntitle: The ledger\ndependencies: []\nsubtasks:\n- T001\n- T002\n"
        f"owned_files:\n- src/ledger/**\n- docs/*.md\n{more}---\n{body}"
    )


def cycle(number: int, verdict: str = "approved", wp_id: str = "WP01", more: str = "", body: str = "") -> str:
    return (
        f"---\ncycle_number: {number}\nmission_slug: ledger\nwp_id: {wp_id}\nverdict: {verdict}\n"
        f"reviewer_agent: rita\nreviewed_at: '2026-05-02T09:50:15+00:00'\nreproduction_command: null\n"
        f"affected_files: []\n{more}---\n{body or f'Words of review {number}.'}\n"
    )


def lanes_json(**changes: Any) -> str:
    lane = {"lane_id": "lane-a", "wp_ids": ["WP01", "WP02"], "write_scope": ["src/**"], "depends_on_lanes": []}
    wire = {
        "version": 1,
        "mission_slug": "ledger",
        "mission_id": META.mission_id,
        "mission_branch": "mission/ledger",
        "target_branch": "main",
        "lanes": [lane],
    }
    return json.dumps({**wire, **changes})


def files(**changes: Any) -> MissionFiles:
    """Nothing can be said against them; a `snapshot` that is not given is the one of the events."""
    events = changes.get("events", log_of(*EVENTS))
    whole = MissionFiles(
        name="ledger",
        meta=write_meta(META),
        lanes=lanes_json(),
        events=events,
        snapshot=snapshot(read_log(events or b"").events, META).to_text(),
        tasks_md="# Tasks\n",
        work_packages={f"{WP01}.md": package(), f"{WP02}.md": package("WP02")},
        review_cycles={WP01: {"review-cycle-1.md": cycle(1)}},
    )
    return replace(whole, **changes)
