"""`mission ship`: the sign-off of one commit, and its report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from mission_places import commit_file, git
from mission_repository import FILES, MissionRepository, new_mission

from signoff.app.asked import Asked
from signoff.app.find import find_gate, find_run
from signoff.app.walk_gate_leg import walk_gate_leg
from signoff.bootstrap.steps import make_mission_steps
from signoff.bootstrap.world import DEV_CLOCK_FILE, open_world
from signoff.plans.run import Run, Status
from signoff.settings import load

ONE_PACKAGE = """\
# Plan

## Work packages

### WP01: The parser
- Owns: src/parser/**

- [ ] T001 Write it
"""


@pytest.fixture
def merged(tmp_path: Path) -> MissionRepository:
    made = new_mission(tmp_path, plan=ONE_PACKAGE)
    made.approve("WP01")
    made.json("mission", "merge")
    return made


def walked(repo: MissionRepository, gate: Any) -> Run:
    """The run of a decided gate, after a worker came to it."""
    with open_world(load({}, {}, cwd=repo.root)) as world:
        run = find_run(world, gate["workflowID"])
        decided = find_gate(world, gate["workflowID"], gate["gateKey"])
        walk_gate_leg(world, make_mission_steps(world), Asked(run, decided))
        return find_run(world, gate["workflowID"])


def test_what_was_not_merged_is_not_shipped(tmp_path: Path) -> None:
    made = new_mission(tmp_path, plan=ONE_PACKAGE)
    made.approve("WP01")
    refused = made.json("mission", "ship", code=1)
    assert (refused["diagnostic_code"], len(refused["branches"])) == ("MISSION_NOT_MERGED", 1)


def test_a_refusal_ends_it_a_moved_target_is_asked_about_anew_and_the_same_commit_only_once(
    merged: MissionRepository,
) -> None:
    first = merged.json("mission", "ship", code=3)["gate"]
    assert merged.json("mission", "ship", code=3)["gate"] == first
    merged.answer("approve", first, who="Ada", code=1)
    merged.answer("reject", first, why="not on a Friday")
    second = merged.json("mission", "ship", code=3)["gate"]
    assert second["workflowID"] == f"{first['workflowID']}-2"
    assert not (merged.folder / "release-report.json").exists()

    # Signed off, and then main moves before the report is written: nobody signed that.
    merged.answer("approve", second)
    commit_file(merged.root, "late.txt")
    third = merged.json("mission", "ship", code=3)["gate"]
    assert third["workflowID"] not in (first["workflowID"], second["workflowID"])
    merged.answer("approve", third)
    assert merged.json("mission", "ship", "--push")["pushed_to"] == "origin/main"
    late = walked(merged, second)
    assert (late.status, "has moved from" in str(late.error)) == (Status.ERROR, True)
    again = merged.json("mission", "ship")
    assert again["gate"]["workflowID"] == third["workflowID"]
    assert again["report"] == json.loads((merged.folder / "release-report.json").read_text())


def test_the_risk_policy_says_who_signs(merged: MissionRepository) -> None:
    policies = merged.root / "policies"
    policies.mkdir()
    rules = "rules:\n  - {name: missions, when: {resource_type: mission, target_branch: main}, level: critical}\n"
    (policies / "rules.yaml").write_text(rules)
    gate = merged.json("mission", "ship", "--policy-dir", str(policies), code=3)["gate"]
    shown = merged.json("gate", "show", gate["workflowID"], gate["gateKey"])
    assert shown["riskLevel"] == "critical"
    assert shown["requirement"]["needs"] == [{"any_of": ["tech_lead", "cto"], "count": 1}]
    assert shown["requirement"]["justification"] is True


def test_a_policy_that_asks_nobody_signs_at_once_and_the_report_says_so(merged: MissionRepository) -> None:
    (merged.root / "policies").mkdir()
    rules = "rules:\n  - {name: any, when: {operation: rollback}, level: high}\n"
    (merged.root / "policies" / "rules.yaml").write_text(rules)
    shipped = merged.json("mission", "ship", "--policy-dir", str(merged.root / "policies"))
    assert (shipped["report"]["sign_off"]["by"], shipped["shipped"]) == ("policy:low", True)


def test_a_report_has_every_package_its_verdict_reviewer_event_and_receipt(merged: MissionRepository) -> None:
    gate = merged.json("mission", "ship", code=3)["gate"]
    merged.answer("approve", gate, why="go")
    assert merged("mission", "ship").code == 0
    report = json.loads((merged.folder / "release-report.json").read_text())
    (row,) = report["work_packages"]
    approval = next(event for event in merged.state.reduced.events if event.to_lane.value == "approved")
    assert (row["work_package_id"], row["lane"], row["verdict"], row["reviewer"]) == (
        "WP01",
        "done",
        "approved",
        "Grace",
    )
    assert (row["approval_event_id"], row["receipt"]) == (approval.event_id, approval.review_ref)
    assert (report["sign_off"]["by"], report["sign_off"]["rationale"]) == ("Grace", "go")
    assert report["sign_off"]["receipt"].startswith(f"{gate['workflowID']}/{gate['gateKey']}#")
    text = (merged.folder / "release-report.md").read_text()
    for said in ("WP01", "The parser", "approved", "Grace", approval.event_id, row["receipt"]):
        assert said in text
    assert (merged.root / FILES["WP01"]).exists()
    merged.check()


def test_what_is_pushed_has_the_report_and_a_record_on_top_is_the_same_release(merged: MissionRepository) -> None:
    signed = git(merged.root, "rev-parse", "main")
    gate = merged.json("mission", "ship", code=3)["gate"]
    merged.answer("approve", gate)
    left = merged.json("mission", "ship")
    assert f"missions/{merged.slug}/release-report.md" in left["uncommitted"]
    assert "git add missions/mission-alpha" in merged("mission", "ship").err

    (merged.root / "mine.txt").write_text("half done\n")
    (merged.folder / "spec.md").write_text("half done\n")
    git(merged.root, "add", "mine.txt")
    shipped = merged.json("mission", "ship", "--push")
    assert (shipped["target_commit"], shipped["uncommitted"]) == (signed, [])
    assert git(merged.remote, "rev-parse", "main") == shipped["record_commit"]
    pushed = git(merged.root, "show", "--name-only", "--format=", shipped["record_commit"]).splitlines()
    assert set(pushed) == set(left["uncommitted"])
    assert git(merged.root, "status", "--porcelain") == f"A  mine.txt\n M missions/{merged.slug}/spec.md"
    again = merged.json("mission", "ship", "--push")
    assert (again["record_commit"], again["gate"]) == (None, left["gate"])
    # What anybody else commits on top is another release.
    git(merged.root, "commit", "--quiet", "-m", "More")
    assert merged.json("mission", "ship", code=3)["gate"]["workflowID"] != gate["workflowID"]


def test_a_record_that_cannot_be_committed_here_is_named(merged: MissionRepository) -> None:
    gate = merged.json("mission", "ship", code=3)["gate"]
    merged.answer("approve", gate)
    git(merged.root, "switch", "--quiet", "--create", "aside")
    shipped = merged.json("mission", "ship", "--push")
    assert shipped["record_commit"] is None
    assert f"missions/{merged.slug}/status.events.jsonl" in shipped["uncommitted"]


def test_how_long_a_sign_off_is_open_is_told_by_the_ledgers_clock(merged: MissionRepository) -> None:
    merged.json("mission", "ship", code=3)
    before = merged("mission", "ship").out
    # As `signoff dev clock` moves it.
    (merged.root / ".signoff" / DEV_CLOCK_FILE).write_text("600000\n")
    after = merged("mission", "ship").out
    left = [re.findall("open, ([0-9]+) min left", text) for text in (before, after)]
    assert left == [["29"], ["19"]]


def test_what_strangers_called_things_is_read_as_it_was_written(merged: MissionRepository) -> None:
    file = next(merged.folder.glob("tasks/WP01-*.md"))
    for title, shown in (
        ("'**All** [good](http://x)'", "`WP01` `**All** [good](http://x)`: done"),
        ("''", "`WP01`: done"),
    ):
        file.write_text(re.sub("^title: .*$", f"title: {title}", file.read_text(), flags=re.MULTILINE))
        commit_file(merged.root, "another.txt", title)
        gate = merged.json("mission", "ship", code=3)["gate"]
        body = merged.json("gate", "show", gate["workflowID"], gate["gateKey"])["prompt"]["body"]
        assert f"- {shown}, approved by `Grace`" in body
