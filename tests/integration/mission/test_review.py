"""`mission review`: the prompt, the gate, and what a decision writes."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mission_places import commit_file, git, move
from mission_repository import SLUG, MissionRepository, add_mission, new_mission

from signoff.app.find import find_gate, find_run
from signoff.bootstrap.world import open_world
from signoff.clock import now_us
from signoff.errors import DiagnosticError, MoveRefusedError
from signoff.missions.lane import Lane
from signoff.missions.prompt import KEYS, read_context, write_prompt
from signoff.plans import plan as plans
from signoff.runners.mission.prompts import check_prompt, prompt_path, review_subject, write_review_prompt
from signoff.runners.mission.record import Recorded, record_review
from signoff.settings import load


def recorded(repo: MissionRepository, gate: Any) -> Recorded:
    """What a worker's step does with a decided gate."""
    with open_world(load({}, {}, cwd=repo.root)) as world:
        about = plans.from_wire(find_run(world, gate["workflowID"]).plan).about
        decided = find_gate(world, gate["workflowID"], gate["gateKey"])
    return record_review(repo.place, decided, about, now_us=now_us())


def test_a_rejection_sends_the_package_back_with_feedback_and_an_approval_lets_it_through(
    repo: MissionRepository,
) -> None:
    worktree = repo.start("WP01")
    asked = repo.ask("WP01")
    assert (repo.lane_of("WP01"), asked["gate"]["state"]) == ("in_review", "PENDING")
    repo.answer("approve", asked["gate"], who="Ada", code=1)
    repo.answer("reject", asked["gate"], why="Nothing is tested.")
    repo.json("mission", "status")
    assert repo.lane_of("WP01") == "in_progress"
    assert "verdict: rejected" in repo.cycle("WP01", 1)
    assert "Nothing is tested." in repo.cycle("WP01", 1)

    commit_file(worktree, "src/parser/test_a.py")
    again = repo.ask("WP01")
    assert again["gate"]["workflowID"] != asked["gate"]["workflowID"]
    repo.answer("approve", again["gate"], why="Now it is.")
    repo.json("mission", "status")
    assert repo.lane_of("WP01") == "approved"
    event = repo.state.reduced.work_packages["WP01"].event
    reference = f"{again['gate']['workflowID']}/{again['gate']['gateKey']}#"
    assert event.review_ref is not None
    assert event.review_ref.startswith(reference)
    assert event.evidence is not None
    assert event.evidence["review"] == {"reviewer": "Grace", "verdict": "approved", "reference": event.review_ref}
    assert event.review_ref in repo.cycle("WP01", 2)
    assert repo.json("mission", "validate", str(repo.folder))["summary"] == {}


def test_the_prompt_says_what_it_is_for_with_branches_of_the_canonical_state(repo: MissionRepository) -> None:
    worktree = repo.start("WP01")
    asked = repo.ask("WP01")
    path = Path(asked["prompt_path"])
    context = read_context(path.read_text())
    assert context is not None
    assert set(KEYS) <= set(context)
    lanes = json.loads((repo.folder / "lanes.json").read_text())
    assert context["mission_branch"] == lanes["mission_branch"]
    assert context["lane_branch"] == lanes["lanes"][0]["branch"] == git(worktree, "branch", "--show-current")
    assert (context["lane_worktree"], context["mission_slug"]) == (str(worktree), SLUG)
    diff = git(repo.root, "diff", asked["base_commit"], asked["lane_commit"], "--name-only")
    assert diff == "src/parser/a.py"
    assert f"diff {asked['base_commit']} {asked['lane_commit']}" in path.read_text()


def test_a_review_shows_the_packages_own_work_and_not_what_was_approved_before_in_its_lane_or_in_others(
    repo: MissionRepository,
) -> None:
    repo.approve("WP01")
    repo.start("WP02")
    of_other_lane = repo.ask("WP02")
    repo.start("WP04")
    of_same_lane = repo.ask("WP04")
    for asked, file in ((of_other_lane, "src/report/r.py"), (of_same_lane, "src/more/m.py")):
        assert git(repo.root, "diff", "--name-only", asked["base_commit"], asked["lane_commit"]) == file


def test_prompts_of_one_package_in_two_repositories_and_two_missions_never_meet(tmp_path: Path) -> None:
    first, second = new_mission(tmp_path / "one"), new_mission(tmp_path / "two")
    beta = MissionRepository(first.root, "mission-beta")
    add_mission(beta)
    for made in (first, beta, second):
        wp = ("--mission", made.slug)
        made.json("mission", "claim", "WP01", *wp)
        worktree = Path(made.json("mission", "start", "WP01", *wp)["workspace"])
        commit_file(worktree, "src/parser/a.py")
        made.json("mission", "submit", "WP01", "--all-done", *wp)
    with ThreadPoolExecutor(3) as pool:
        words = ("mission", "review", "WP01", "--json", "--mission")
        asked = [
            answer.document for answer in pool.map(lambda made: made.process(*words, made.slug), (first, beta, second))
        ]
    paths = [Path(one["prompt_path"]) for one in asked]
    assert len(set(paths)) == 3
    contexts = [read_context(path.read_text()) for path in paths]
    assert len({str(context) for context in contexts}) == 3
    for made, path in zip((first, beta, second), paths, strict=True):
        for foreign in paths:
            if foreign != path:
                _check_refused(made, foreign, path)


def _check_refused(made: MissionRepository, foreign: Path, path: Path) -> None:
    """Whatever of another review comes to stand in the place of this one's prompt, nobody is asked with it."""
    kept = path.read_text()
    path.write_text(foreign.read_text())
    refused = made("mission", "review", "WP01", "--json", "--mission", made.slug)
    path.write_text(kept)
    assert (refused.code, refused.document["diagnostic_code"]) == (1, "REVIEW_PROMPT_METADATA_MISMATCH")
    assert refused.document["requested_context"]["prompt_path"] == str(path)
    assert refused.document["prompt_context"]["prompt_path"] == str(foreign)
    assert refused.document["prompt_path"] == str(path)


@pytest.mark.parametrize("damage", ["gone", "no front matter", "a link"])
def test_a_review_without_its_prompt_fails_closed(repo: MissionRepository, damage: str) -> None:
    repo.start("WP01")
    path = Path(repo.ask("WP01")["prompt_path"])
    kept = path.with_name("kept.md")
    shutil.move(path, kept)
    if damage == "no front matter":
        path.write_text("Approve it.\n")
    elif damage == "a link":
        path.symlink_to(kept)
    refused = repo.json("mission", "review", "WP01", code=1)
    assert refused["diagnostic_code"] == "REVIEW_PROMPT_METADATA_MISSING"
    assert refused["prompt_context"] == {}
    assert refused["requested_context"]["work_package_id"] == "WP01"
    assert (refused["violated_invariant"], refused["requested_lane"]) == ("STA-003", "in_review")
    assert refused["status_events_path"] == str(repo.folder / "status.events.jsonl")
    # What it says to do leads out of it.
    assert "signoff mission review WP01 --anew" in refused["remediation"]
    anew = repo.json("mission", "review", "WP01", "--anew", code=3)
    assert anew["prompt_path"] != str(path)
    (pending,) = repo.json("gate", "list")["items"]
    repo.answer("approve", pending)
    repo.json("mission", "status")
    assert repo.lane_of("WP01") == "approved"


def test_a_prompt_that_differs_in_any_one_member_is_refused(repo: MissionRepository, tmp_path: Path) -> None:
    repo.start("WP01")
    subject = review_subject(repo.state, "WP01")
    path = prompt_path(tmp_path / "state", subject, "01KAJ2V3Q4R5S6T7V8W9X0Y1Z2")
    request = subject.context(invocation_id=path.stem, prompt_path=path, created_at="2026-05-02T09:50:15.123456+00:00")
    write_review_prompt(request, "Look.\n")
    for key in KEYS:
        path.write_text(write_prompt(replace(request, **{key: "another"}), "Look.\n"))
        with pytest.raises(DiagnosticError, match=key) as refused:
            check_prompt(request)
        assert refused.value.diagnostic_code == "REVIEW_PROMPT_METADATA_MISMATCH"
        assert refused.value.details["prompt_context"][key] == "another"


def test_asked_again_it_is_the_same_review_until_the_lane_has_moved_on(repo: MissionRepository) -> None:
    worktree = repo.start("WP01")
    first = repo.ask("WP01")
    assert repo.json("mission", "review", "WP01", code=3)["gate"] == first["gate"]
    git(worktree, "commit", "--quiet", "--allow-empty", "-m", "more")
    second = repo.json("mission", "review", "WP01", code=3)
    assert second["gate"]["workflowID"] != first["gate"]["workflowID"]
    repo.answer("approve", first["gate"], code=4)
    pending = repo.json("gate", "list")["items"]
    assert [gate["workflowID"] for gate in pending] == [second["gate"]["workflowID"]]
    events = [event.to_lane.value for event in repo.state.reduced.events if event.wp_id == "WP01"]
    assert events.count("in_review") == 1


def test_a_review_that_was_given_up_is_asked_anew(repo: MissionRepository) -> None:
    repo.start("WP01")
    first = repo.ask("WP01")["gate"]
    repo.json("run", "cancel", first["workflowID"])
    second = repo.json("mission", "review", "WP01", code=3)["gate"]
    assert second["workflowID"] == f"{first['workflowID']}-2"
    repo.answer("approve", second)
    repo.json("mission", "status")
    assert (repo.lane_of("WP01"), repo.cycles("WP01")) == ("approved", ["review-cycle-1.md"])


def test_however_many_record_a_decision_it_is_written_once(repo: MissionRepository) -> None:
    repo.start("WP01")
    gate = repo.ask("WP01")["gate"]
    repo.answer("approve", gate)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: recorded(repo, gate), range(6)))
    assert [one.is_new for one in done].count(True) == 1
    assert len({(one.cycle, one.event.event_id) for one in done}) == 1
    assert repo.cycles("WP01") == ["review-cycle-1.md"]
    lines = (repo.folder / "status.events.jsonl").read_text().splitlines()
    assert len([line for line in lines if done[0].event.event_id in line]) == 1


def test_a_gap_in_numbering_is_never_filled_and_nothing_overwritten(repo: MissionRepository) -> None:
    repo.start("WP01")
    gate = repo.ask("WP01")["gate"]
    folder = repo.folder / "tasks" / "WP01-the-parser"
    folder.mkdir()
    old = (
        "---\ncycle_number: 5\nmission_slug: m\nwp_id: WP01\nverdict: rejected\nreviewer_agent: x\n"
        "reviewed_at: 2026-01-01T00:00:00+00:00\n---\nNo.\n"
    )
    (folder / "review-cycle-5.md").write_text(old)
    repo.answer("approve", gate)
    repo.json("mission", "status")
    assert repo.cycles("WP01") == ["review-cycle-5.md", "review-cycle-6.md"]
    assert (folder / "review-cycle-5.md").read_text() == old
    assert repo.findings()["REVIEW_CYCLE_NUMBERING_GAP"] == "warning"


def test_a_decision_that_cannot_be_recorded_is_claimed_nowhere_and_recorded_once_it_can(
    repo: MissionRepository,
) -> None:
    repo.start("WP01")
    gate = repo.ask("WP01")["gate"]
    repo.answer("approve", gate)
    in_the_way = repo.folder / "tasks" / "WP01-the-parser"
    in_the_way.write_text("a file where the folder has to be")
    told = repo("mission", "status")
    assert "cannot be recorded" in told.err
    assert (repo.lane_of("WP01"), repo.cycles("WP01")) == ("in_review", [])
    in_the_way.unlink()
    repo.json("mission", "status")
    assert (repo.lane_of("WP01"), repo.cycles("WP01")) == ("approved", ["review-cycle-1.md"])


def test_a_package_that_was_moved_meanwhile_gets_neither_file_nor_event(repo: MissionRepository) -> None:
    repo.start("WP01")
    gate = repo.ask("WP01")["gate"]
    repo.answer("approve", gate)
    for to_lane in (Lane.BLOCKED, Lane.IN_REVIEW):
        # Also where it is before a reviewer again: this was of what was handed in before.
        move(repo.place, "WP01", to_lane, force=True, reason="by a tool that knows of no ledger")
        with pytest.raises(MoveRefusedError):
            recorded(repo, gate)
        repo.json("mission", "status")
        assert (repo.lane_of("WP01"), repo.cycles("WP01")) == (to_lane.value, [])


def test_what_was_not_handed_in_is_not_reviewed_and_leaves_no_prompt(repo: MissionRepository) -> None:
    repo.start("WP01")
    refused = repo.json("mission", "review", "WP01", code=1)
    assert refused["diagnostic_code"] == "TRANSITION_EDGE_ILLEGAL"
    assert not list(repo.root.glob(".signoff/review-prompts/**/*.md"))
    assert repo.json("mission", "review", "WP77", code=2)["code"] == "work-package-not-found"
    assert repo("mission", "review", "WP01", "--wait", "--no-wait").code == 2


def test_waiting_for_a_review_ends_with_the_answer_and_everything_is_written(repo: MissionRepository) -> None:
    repo.start("WP01")
    gate = repo.ask("WP01")["gate"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(repo.process, "mission", "review", "WP01", "--wait", "--json")
        repo.answer("reject", gate, why="not yet")
        ended = waiting.result()
    assert ended.code == 1, ended
    repo.json("mission", "status")
    assert (repo.lane_of("WP01"), repo.cycles("WP01")) == ("in_progress", ["review-cycle-1.md"])
