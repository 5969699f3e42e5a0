"""From init to a package that waits for its review, as people and programs type it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from mission_places import PERSON, commit_file, git, new_repository
from mission_repository import FILES, MissionRepository

from signoff.missions.files import work_package_in

EMPTY_SLUG = "release-3-2"


@pytest.fixture
def empty(tmp_path: Path) -> MissionRepository:
    """A repository without any mission."""
    return MissionRepository(new_repository(tmp_path / "repo"), EMPTY_SLUG)


def events(repo: MissionRepository) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (repo.folder / "status.events.jsonl").read_text().splitlines()]


# Scaffolding


def test_a_mission_that_nobody_has_filled_in_yet_is_valid_from_init_to_tasks(empty: MissionRepository) -> None:
    made = empty.json("mission", "init", EMPTY_SLUG, "--title", "Release 3.2")
    assert (made["mission_number"], made["target_branch"]) == (1, "main")
    for name in ("specify", "plan"):
        assert empty.json("mission", name)["status"] == "written"
    assert (empty.folder / "spec.md").read_text().startswith("# Release 3.2\n")
    planned = empty.json("mission", "tasks")
    assert planned["planned"] == planned["work_packages"] == ["WP01"]
    assert planned["lanes"] == {"lane-a": ["WP01"]}
    assert [(one["wp_id"], one["from_lane"], one["to_lane"]) for one in events(empty)] == [
        ("WP01", "genesis", "planned")
    ]
    checked = empty.json("mission", "validate", str(empty.root))
    assert [one["findings"] for one in checked["missions"]] == [[]]
    assert "### WP01: Title" in (empty.folder / "plan.md").read_text()


def test_what_is_there_already_is_left_alone(empty: MissionRepository) -> None:
    empty.json("mission", "init", EMPTY_SLUG)
    (empty.folder / "plan.md").write_text("## Work packages\n### WP01: Mine\n- Owns: src/**\n")
    assert empty.json("mission", "plan")["status"] == "unchanged"
    empty.json("mission", "tasks")
    package = empty.folder / "tasks" / "WP01-mine.md"
    package.write_text(package.read_text() + "A note.\n")
    before = {path: path.read_bytes() for path in empty.folder.rglob("*") if path.is_file()}
    again = empty.json("mission", "tasks")
    assert (again["new_files"], again["planned"]) == ([], [])
    assert {path: path.read_bytes() for path in empty.folder.rglob("*") if path.is_file()} == before
    refused = empty("mission", "init", EMPTY_SLUG, "--json")
    assert (refused.code, refused.document["code"]) == (2, "mission-exists")


def test_packages_that_come_later_are_added_and_what_was_named_once_stays_named_so(repo: MissionRepository) -> None:
    before = json.loads((repo.folder / "lanes.json").read_text())["lanes"]
    with (repo.folder / "plan.md").open("a") as plan:
        plan.write("\n### WP05: Pages\n- Owns: src/report/pages/**\n- Depends on: WP02, WP04\n")
    planned = repo.json("mission", "tasks")
    assert planned["planned"] == ["WP05"]
    after = {lane["lane_id"]: lane for lane in json.loads((repo.folder / "lanes.json").read_text())["lanes"]}
    assert after["lane-b"]["wp_ids"] == ["WP02", "WP05"]  # they share files
    for lane in before:
        assert {key: after[lane["lane_id"]][key] for key in ("branch", "worktree")} == {
            key: lane[key] for key in ("branch", "worktree")
        }
    assert {work_package_in(path.name) for path in (repo.folder / "tasks").glob("*.md")} == {*FILES, "WP05"}


@pytest.mark.parametrize("slug", ["../out", "-f", "a b", "", "a/b", "x" * 81])
def test_a_name_that_leads_elsewhere_makes_no_mission(empty: MissionRepository, slug: str) -> None:
    answer = empty("mission", "init", "--json", "--", slug)
    assert (answer.code, answer.document["code"]) == (2, "bad-mission-slug")
    assert not (empty.root / "missions").exists()


def test_missions_are_numbered_and_beside_those_that_are_there(empty: MissionRepository) -> None:
    (empty.root / "kitty-specs").mkdir()
    assert empty.json("mission", "init", "one")["path"] == str(empty.root / "kitty-specs" / "one")
    git(empty.root, "checkout", "--quiet", "--detach")
    refused = empty("mission", "init", "two", "--json")
    assert (refused.code, refused.document["code"]) == (2, "usage")
    assert empty.json("mission", "init", "two", "--target", "main")["mission_number"] == 2
    assert [one["mission_slug"] for one in empty.json("mission", "list")["missions"]] == ["one", "two"]


def test_a_plan_that_cannot_be_taken_names_every_line_and_makes_nothing(empty: MissionRepository) -> None:
    empty.json("mission", "init", EMPTY_SLUG)
    (missing,) = [empty("mission", "tasks", "--json")]
    assert (missing.code, missing.document["code"]) == (2, "plan-not-found")
    (empty.folder / "plan.md").write_text(
        "## Work packages\n### WP01: One\n- Owns: /etc/**\n- Depends on: WP09\n### Two\n"
    )
    answer = empty("mission", "tasks", "--json")
    assert (answer.code, answer.document["code"]) == (2, "invalid-mission")
    assert [one["line"] for one in answer.document["details"]["problems"]] == [3, 5]
    assert not list((empty.folder / "tasks").iterdir())
    assert events(empty) == []


# Moving


def test_a_package_goes_from_planned_to_its_review(repo: MissionRepository) -> None:
    claimed = repo.json("mission", "claim", "wp01")
    assert set(claimed) == {
        "result",
        "event_id",
        "work_package_id",
        "from_lane",
        "to_lane",
        "status_events_path",
    }
    assert (claimed["result"], claimed["from_lane"], claimed["to_lane"]) == ("success", "planned", "claimed")
    assert events(repo)[-1]["event_id"] == claimed["event_id"]
    started = repo.json("mission", "start", "WP01")
    worktree = Path(started["workspace"])
    assert git(worktree, "symbolic-ref", "--short", "HEAD") == started["branch"] == "mission/mission-alpha-lane-a"
    head = commit_file(worktree, FILES["WP01"])
    submitted = repo.json("mission", "submit", "WP01", "--all-done", "--verified", "pytest: 3 passed", here=worktree)
    assert submitted["status_events_path"] == str(repo.folder / "status.events.jsonl")
    evidence = events(repo)[-1]["evidence"]
    assert (evidence["repos"][0]["lane_commit"], evidence["verification"]) == (head, ["pytest: 3 passed"])
    assert "- [x] T001" in next((repo.folder / "tasks").glob("WP01*.md")).read_text()
    assert repo.lane_of("WP01") == "for_review"


def test_from_a_worktree_the_one_log_is_written_and_no_copy_of_it(repo: MissionRepository) -> None:
    worktree = repo.start("WP01")
    copy = worktree / "missions" / repo.slug / "status.events.jsonl"
    before = copy.read_bytes()
    moved = repo.json("mission", "move", "WP02", "--to", "blocked", "--reason", "later", here=worktree)
    named = repo.json("mission", "claim", "WP04", "--missions-dir", "missions", here=worktree)
    assert [one["event_id"] for one in events(repo)[-2:]] == [moved["event_id"], named["event_id"]]
    assert copy.read_bytes() == before


def test_what_is_not_done_or_not_shown_is_not_handed_in(repo: MissionRepository) -> None:
    repo.json("mission", "claim", "WP01")
    worktree = Path(repo.json("mission", "start", "WP01")["workspace"])
    assert refusal(repo, "submit", "WP01")["guard"] == "subtasks"
    assert refusal(repo, "submit", "WP01", "--done", "T001")["guard"] == "evidence"
    unknown = repo("mission", "submit", "WP01", "--done", "T999", "--json")
    assert (unknown.code, unknown.document["code"]) == (2, "no-such-subtask")
    commit_file(worktree, FILES["WP01"])
    (worktree / FILES["WP01"]).write_text("changed\n")
    dirty = repo("mission", "submit", "WP01", "--json")
    assert (dirty.code, dirty.document["code"]) == (2, "uncommitted-changes")
    git(worktree, "checkout", "--", ".")
    assert repo.json("mission", "submit", "WP01")["to_lane"] == "for_review"


def refusal(repo: MissionRepository, command: str, wp_id: str, *more: str) -> dict[str, Any]:
    """What a move is refused with; nothing has moved then."""
    before = events(repo)
    answer = repo("mission", command, wp_id, *more, "--json")
    assert (answer.code, answer.err) == (1, "")
    assert events(repo) == before
    found: dict[str, Any] = answer.document
    assert found["status_events_path"] == str(repo.folder / "status.events.jsonl")
    assert (found["mission_slug"], found["work_package_id"]) == (repo.slug, wp_id)
    return found


def test_a_move_without_an_edge_or_a_reason_is_refused_and_a_forced_one_is_counted(repo: MissionRepository) -> None:
    found = refusal(repo, "move", "WP01", "--to", "done")
    assert (found["diagnostic_code"], found["violated_invariant"]) == ("TRANSITION_EDGE_ILLEGAL", "STA-005")
    assert (found["requested_lane"], found["from_lane"]) == ("done", "planned")
    found = refusal(repo, "move", "WP01", "--to", "done", "--force")
    assert found["diagnostic_code"] == "TRANSITION_FORCE_UNEXPLAINED"
    told = repo("mission", "move", "WP01", "--to", "done")
    assert (told.code, told.out) == (1, "")
    assert "--force --reason TEXT" in told.err
    repo.json("mission", "move", "WP01", "--to", "done", "--force", "--reason", "done elsewhere")
    assert repo.json("mission", "status")["lanes"]["done"][0]["is_forced"] is True
    assert json.loads((repo.folder / "status.json").read_text())["work_packages"]["WP01"]["force_count"] == 1


def test_a_move_brings_the_evidence_that_it_is_given(repo: MissionRepository, tmp_path: Path) -> None:
    repo.start("WP01")
    evidence = tmp_path / "evidence.json"
    evidence.write_text('{"verification": ["make test"]}')
    review = ("--reviewer", "grace", "--verdict", "approved", "--reference", "PR-17")
    repo.json("mission", "move", "WP01", "--to", "approved", "--evidence", str(evidence), *review)
    assert events(repo)[-1]["evidence"] == {
        "verification": ["make test"],
        "review": {"reviewer": "grace", "verdict": "approved", "reference": "PR-17"},
    }
    assert refusal(repo, "move", "WP01", "--to", "in_progress")["guard"] == "review-ref"
    repo.json("mission", "move", "WP01", "--to", "in_progress", "--review-ref", "PR-17#2", "--verified", "looked")
    assert events(repo)[-1]["review_ref"] == "PR-17#2"
    evidence.write_text("[]")
    answer = repo("mission", "move", "WP01", "--to", "blocked", "--evidence", str(evidence), "--json")
    assert (answer.code, answer.document["code"]) == (2, "invalid-evidence")


def test_what_is_not_there_is_bad_input(repo: MissionRepository) -> None:
    for words, code in (
        (("claim", "WP99"), "work-package-not-found"),
        (("claim", "WP01", "--mission", "nothing"), "mission-not-found"),
        (("move", "WP01", "--to", "genesis"), "usage"),
        (("claim", "WP01", "--pid", "4194304"), "no-such-process"),
    ):
        answer = repo("mission", *words, "--json")
        assert (answer.code, answer.document["code"]) == (2, code)


def test_who_acts_is_the_one_that_is_named_or_whom_git_knows(repo: MissionRepository) -> None:
    repo.json("mission", "claim", "WP01", "--actor", "codex")
    repo.json("mission", "claim", "WP02")
    assert [one["actor"] for one in events(repo)[-2:]] == ["codex", "Ada"]
    git(repo.root, "config", "--unset", "user.name")
    answer = repo("mission", "claim", "WP04", "--json")
    assert (answer.code, answer.document["code"]) == (2, "no-git-identity")


def test_packages_of_one_lane_are_worked_on_one_at_a_time(repo: MissionRepository) -> None:
    worktree = repo.start("WP01")
    repo.json("mission", "claim", "WP04")
    for command in (("start",), ("move", "--to", "in_progress", "--workspace", str(worktree))):
        found = refusal(repo, command[0], "WP04", *command[1:])
        assert (found["diagnostic_code"], found["wp_ids"]) == ("ACTIVE_WP_CONTEXT_AMBIGUOUS", ["WP01"])
        assert (found["violated_invariant"], found["requested_lane"]) == ("STA-005", "in_progress")
    again = repo.json("mission", "start", "WP01")
    assert (again["workspace"], again["from_lane"]) == (str(worktree), "in_progress")
    repo.json("mission", "move", "WP01", "--to", "blocked")
    assert repo.json("mission", "start", "WP04")["workspace"] == str(worktree)


def test_a_package_that_changes_no_code_is_worked_on_in_the_primary_checkout(repo: MissionRepository) -> None:
    with (repo.folder / "plan.md").open("a") as plan:
        plan.write("\n### WP06: Notes\n- Owns: docs/**\n- Mode: planning_artifact\n")
    repo.json("mission", "tasks")
    repo.json("mission", "claim", "WP06")
    started = repo.json("mission", "start", "WP06")
    assert (started["workspace"], "branch" in started) == (str(repo.root), False)
    assert events(repo)[-1]["execution_mode"] == "direct_repo"
    assert refusal(repo, "submit", "WP06")["guard"] == "evidence"
    repo.json("mission", "submit", "WP06", "--verified", "read by Grace")


def test_a_claim_says_what_it_depends_on_and_is_not_approved_yet(repo: MissionRepository) -> None:
    assert repo.json("mission", "claim", "WP02")["unfinished_dependencies"] == ["WP01"]


# Claims


def test_a_claim_whose_process_died_is_found_and_can_be_taken_over(repo: MissionRepository) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        repo.json("mission", "claim", "WP01", "--actor", "codex", "--pid", str(process.pid))
        claim = events(repo)[-1]["policy_metadata"]["claim"]
        assert (claim["pid"], set(claim)) == (process.pid, {"host", "pid", "started_at"})
        held = refusal(repo, "claim", "WP01", "--take-over")
        assert (held["diagnostic_code"], held["violated_invariant"]) == ("CLAIM_HELD", "STA-004")
        assert troubles(repo) == []
        process.kill()
    assert troubles(repo) == [("CLAIM_PROCESS_GONE", "warning", "WP01")]
    assert repo.json("mission", "status")["lanes"]["claimed"][0]["holder_gone"] is True
    assert "claim is stale" in repo("mission", "status").out
    repo.json("mission", "claim", "WP01", "--take-over")
    taken = events(repo)[-1]
    assert (taken["actor"], taken["from_lane"], taken["to_lane"], taken["force"]) == ("Ada", "claimed", "claimed", True)
    assert "Taken over from codex" in taken["reason"]
    assert taken["policy_metadata"]["taken_over_from"] == {"actor": "codex", **claim}
    assert troubles(repo) == []
    assert repo.json("mission", "validate", str(repo.root))["summary"] == {}


def test_who_knows_better_takes_a_claim_that_is_held(repo: MissionRepository) -> None:
    repo.start("WP01")
    repo.json("mission", "claim", "WP01", "--take-over", "--force", "--reason", "Codex was stopped", "--actor", "bob")
    taken = events(repo)[-1]
    assert (taken["to_lane"], taken["reason"], taken["actor"]) == ("in_progress", "Codex was stopped", "bob")
    assert repo.json("mission", "claim", "WP02", "--take-over")["to_lane"] == "claimed"  # which nobody held


def troubles(repo: MissionRepository, *words: str) -> list[tuple[str, str, str | None]]:
    document = repo("mission", "doctor", *words, "--json").document
    findings = [one for mission in document["missions"] for one in mission["findings"]]
    assert all(one["remediation"] for one in findings)
    return [(one["diagnostic_code"], one["severity"], one.get("work_package_id")) for one in findings]


# Doctor


def test_the_doctor_finds_what_can_be_put_right_and_does_it_when_told_to(repo: MissionRepository) -> None:
    log, snapshot = repo.folder / "status.events.jsonl", repo.folder / "status.json"
    kept = log.read_bytes(), snapshot.read_bytes()
    assert troubles(repo) == []
    snapshot.unlink()
    assert troubles(repo) == [("STATUS_SNAPSHOT_DRIFT", "warning", None)]
    log.write_bytes(kept[0] + b"garbage\n" + b'{"torn')
    assert troubles(repo) == [("EVENT_LINE_MALFORMED", "error", None), ("STATUS_LOG_TORN", "warning", None)]
    assert (repo("mission", "doctor").code, snapshot.exists()) == (1, False)
    refused = refusal_without_reading(repo)
    assert refused["diagnostic_code"] == "EVENT_LINE_MALFORMED"
    assert troubles(repo, "--repair") == []
    assert (log.read_bytes(), snapshot.read_bytes()) == kept
    assert set((repo.folder / "status.events.jsonl.torn").read_bytes().split()) == {b"garbage", b'{"torn'}
    (repo.folder / "meta.json").write_text("[]")
    assert troubles(repo) == [("MISSION_METADATA_INVALID", "error", None)]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("meta.json", "MISSION_METADATA_INVALID"),
        ("lanes.json", "LANES_FILE_INVALID"),
        ("tasks/WP01-the-parser.md", "WORK_PACKAGE_METADATA_INVALID"),
        ("status.events.jsonl", "EVENT_LINE_MALFORMED"),
    ],
)
def test_a_file_that_cannot_be_taken_stops_every_move_with_its_code_and_where(
    repo: MissionRepository, name: str, code: str
) -> None:
    repo.json("mission", "claim", "WP01")
    path, kept = repo.folder / name, (repo.folder / name).read_text()
    path.write_text(f"{kept}[]\n[]\n" if name.endswith("jsonl") else "[]\n")
    for command in ("start", "submit", "review"):
        answer = repo("mission", command, "WP01", "--json")
        found = answer.document
        assert (answer.code, found["diagnostic_code"]) == (1, code)
        assert (found["mission_slug"], found["work_package_id"]) == (repo.slug, "WP01")
        assert found["violated_invariant"]
        assert found["remediation"]
        assert found["requested_lane"]
        assert found["status_events_path"] == str(repo.folder / "status.events.jsonl")
        assert Path(name).name in found["error"]


def refusal_without_reading(repo: MissionRepository) -> dict[str, Any]:
    answer = repo("mission", "claim", "WP01", "--json")
    assert answer.code == 1
    found: dict[str, Any] = answer.document
    return found


# Boards


def test_the_board_has_every_package_in_its_lane(repo: MissionRepository) -> None:
    repo.start("WP01")
    repo.json("mission", "move", "WP04", "--to", "canceled")
    board = repo.json("mission", "status")
    assert {lane: [card["work_package_id"] for card in cards] for lane, cards in board["lanes"].items() if cards} == {
        "planned": ["WP02"],
        "in_progress": ["WP01"],
        "canceled": ["WP04"],
    }
    card = board["lanes"]["in_progress"][0]
    assert (card["title"], card["actor"], card["work_lane"], card["holder_gone"]) == (
        "The parser",
        "Ada",
        "lane-a",
        False,
    )
    assert board["progress"] == {"accepted": 0, "total": 2}
    text = repo("mission", "status", repo.slug[:9]).out
    assert "0 of 2 work packages approved or done" in text
    nine = next((repo.folder / "tasks").glob("WP01*.md")).read_text().replace("WP01", "WP09")
    (repo.folder / "tasks" / "WP09-nine.md").write_text(nine)
    assert repo.json("mission", "status")["untracked"] == ["WP09"]
    assert "1 package has a file, and is in no lane: WP09." in repo("mission", "status").out
    assert [line.split()[:2] for line in text.splitlines()[4:]] == [
        ["planned", "WP02"],
        ["in_progress", "WP01"],
        ["canceled", "WP04"],
    ]
    assert "\x1b" not in text
    listed = repo("mission", "list").out
    assert "1 planned, 1 in_progress, 1 canceled" in listed


def test_verdicts_are_marked_on_the_board(repo: MissionRepository) -> None:
    def review(number: int, verdict: str, at: str) -> None:
        folder = repo.folder / "tasks" / "WP01"
        folder.mkdir(exist_ok=True)
        (folder / f"review-cycle-{number}.md").write_text(
            f"---\ncycle_number: {number}\nmission_slug: {repo.slug}\nwp_id: WP01\nverdict: {verdict}\n"
            f"reviewer_agent: grace\nreviewed_at: '{at}'\n---\nSeen.\n"
        )

    def verdict() -> tuple[str | None, str | None]:
        (card,) = [card for cards in repo.json("mission", "status")["lanes"].values() for card in cards
                   if card["work_package_id"] == "WP01"]  # fmt: skip
        return card["verdict"], card["verdict_state"]

    assert verdict() == (None, None)
    repo.start("WP01")
    repo.json("mission", "submit", "WP01", "--all-done")
    review(1, "rejected", "2020-01-01T00:00:00+00:00")
    assert verdict() == ("rejected", "stale")
    assert "rejected, before this work" in repo("mission", "status").out
    review(3, "rejected", "2090-01-01T00:00:00+00:00")
    assert verdict() == ("rejected", "current")
    repo.json("mission", "move", "WP01", "--to", "done", "--force", "--reason", "late")
    assert verdict() == ("rejected", "conflicting")
    assert "newest review rejects it" in repo("mission", "status").out


def test_a_repository_without_missions_says_how_to_begin_one(empty: MissionRepository) -> None:
    assert empty.json("mission", "list")["missions"] == []
    assert "There is no mission" in empty("mission", "list").out
    answer = empty("mission", "status", "--json")
    assert (answer.code, answer.document["code"]) == (2, "mission-not-found")


def test_outside_of_a_repository_every_command_says_so(tmp_path: Path) -> None:
    nowhere = MissionRepository(tmp_path)
    for words in (["list"], ["status"], ["claim", "WP01"], ["init", "x"], ["doctor"]):
        answer = nowhere("mission", *words, "--json")
        assert (answer.code, answer.document["code"]) == (2, "not-a-repository")


# Sync


def test_a_target_that_is_down_changes_neither_the_document_nor_the_exit_code(
    repo: MissionRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNOFF_SYNC_URL", "http://127.0.0.1:9/events")
    claimed = repo.json("mission", "claim", "WP01")
    (told,) = claimed["diagnostics"]
    assert (claimed["result"], told["diagnostic_code"], told["fatal"]) == ("success", "SYNC_TARGET_UNREACHABLE", False)
    answer = repo("mission", "claim", "WP02")
    assert (answer.code, answer.err.count("SYNC_TARGET_UNREACHABLE")) == (0, 1)
    assert "WP02: planned -> claimed" in answer.out
    assert [code for code, _, _ in troubles(repo)] == ["SYNC_EVENTS_UNSENT"]
    refused = repo("mission", "move", "WP02", "--to", "done", "--json")
    assert (refused.code, refused.document["diagnostic_code"]) == (1, "TRANSITION_EDGE_ILLEGAL")


def test_a_move_that_died_before_its_snapshot_is_healed_by_the_next_command(repo: MissionRepository) -> None:
    crash = {"SIGNOFF_CRASH_AT": "mission: event in the log, before its snapshot"}
    died = repo.process("mission", "claim", "WP01", environ=crash)
    assert (died.code, died.out) == (-9, "")
    status = repo.folder / "status.json"
    assert (events(repo)[-1]["to_lane"], json.loads(status.read_text())["summary"]["claimed"]) == ("claimed", 0)
    leftovers = [path.name for path in repo.folder.glob(".status.json.*")]
    assert len(leftovers) == 1
    assert repo.json("mission", "status")["summary"]["claimed"] == 1
    assert json.loads(status.read_text())["summary"]["claimed"] == 1
    assert not list(repo.folder.glob(".status.json.*"))
    again = repo("mission", "claim", "WP01", "--json")
    assert (again.code, again.document["diagnostic_code"]) == (1, "TRANSITION_EDGE_ILLEGAL")


def test_at_a_terminal_the_lanes_are_columns_and_where_they_do_not_fit_a_list(repo: MissionRepository) -> None:
    repo.start("WP01")
    repo.json("mission", "move", "WP04", "--to", "canceled")
    wide, narrow = at_terminal(repo, 100), at_terminal(repo, 40)
    (heads,) = [line for line in wide.splitlines() if "planned (1)" in line]
    assert "in_progress (1)" in heads
    assert "canceled (1)" in heads
    assert "\x1b[" in wide
    assert "LANE" in narrow
    assert "planned (1)" not in narrow


def at_terminal(repo: MissionRepository, columns: int) -> str:
    """What the board looks like on a terminal of this width."""
    environ = {**PERSON, "LOGNAME": "ada", "TERM": "xterm-256color"}
    arguments = ["-m", "signoff", "mission", "status"]
    child = pexpect.spawn(
        sys.executable, arguments, cwd=repo.root, env=environ, dimensions=(50, columns), encoding="utf-8", timeout=60
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return str(child.before)
