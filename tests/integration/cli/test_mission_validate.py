"""`signoff mission validate`: over missions, folders of missions and repositories, looking at them only."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Shell

from signoff.missions.files import MissionFiles
from signoff.missions.validate import validate
from signoff.runners.mission.files import TEXT_BYTES_MAX, find_missions, read_mission

AT = "2026-05-02T09:50:{:02d}.000000+00:00"


def line(number: int, from_lane: str, to_lane: str, **more: Any) -> str:
    wire = {"event_id": f"01KQKV85G0{number:016d}", "at": AT.format(number), "actor": "ada", "wp_id": "WP01"}
    return json.dumps({**wire, "from_lane": from_lane, "to_lane": to_lane, **more}, sort_keys=True)


#: Written by hand, as the contract has it: a package that was born and claimed.
EVENTS = [line(1, "genesis", "planned", mission_slug="ledger"), line(2, "planned", "claimed", feature_slug="ledger")]
STATUS = {
    "event_count": 2,
    "last_event_id": "01KQKV85G00000000000000002",
    "materialized_at": AT.format(2),
    "mission_number": None,
    "mission_slug": "ledger",
    "mission_type": "software-dev",
    "summary": {"claimed": 1},
    "work_packages": {
        "WP01": {
            "lane": "claimed",
            "actor": "ada",
            "last_transition_at": AT.format(2),
            "last_event_id": "01KQKV85G00000000000000002",
            "force_count": 0,
        }
    },
}
CYCLE = (
    "---\ncycle_number: {0}\nmission_slug: ledger\nwp_id: WP01\nverdict: rejected\nreviewer_agent: rita\n"
    "reviewed_at: '2026-05-02T09:50:15Z'\nreproduction_command: null\naffected_files: []\n---\nNo.\n"
)


def make_mission(root: Path, slug: str = "ledger") -> Path:
    folder = root / slug
    (folder / "tasks" / "WP01-ledger").mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"mission_slug": "ledger", "mission_type": "software-dev"}))
    (folder / "status.events.jsonl").write_text("".join(f"{one}\n" for one in EVENTS))
    (folder / "status.json").write_text(json.dumps(STATUS))
    (folder / "tasks" / "WP01-ledger.md").write_text("---\nwork_package_id: WP01\nowned_files: [src/**]\n---\n# Do\n")
    (folder / "tasks" / "README.md").write_text("Nothing of ours.\n")
    return folder


def portrait(root: Path) -> dict[str, tuple[int, int, bytes | None]]:
    """Everything below, with times and contents."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(root.rglob("*"))
    }


def codes(files: MissionFiles) -> list[tuple[str, object]]:
    return [(found.diagnostic_code, found.details.get("path")) for found in validate(files)]


def test_missions_are_found_below_folders_and_repositories_and_only_looked_at(shell: Shell) -> None:
    one = make_mission(shell.directory / "kitty-specs", "012-ledger")
    make_mission(shell.directory / "missions")
    (one / "status.events.jsonl").write_text("".join(f"{text}\n" for text in [*EVENTS, EVENTS[0], "{torn"]))
    cycles = one / "tasks" / "WP01-ledger"
    (cycles / "review-cycle-1.md").write_text(CYCLE.format(1))
    (cycles / "review-cycle-3.md").write_text(CYCLE.format(3))
    before = portrait(shell.directory)

    answer = shell("mission", "validate", ".", "missions/ledger", "--json")

    assert answer.code == 1
    assert set(answer.document) == {"missions", "summary"}
    sound, old = sorted(answer.document["missions"], key=lambda found: found["path"], reverse=True)
    assert sound == {"mission_slug": "ledger", "path": "missions/ledger", "findings": []}
    assert (old["mission_slug"], old["path"]) == ("ledger", "kitty-specs/012-ledger")
    told = {found["diagnostic_code"]: found for found in old["findings"]}
    assert {name: found["severity"] for name, found in told.items()} == {
        "EVENT_LINE_MALFORMED": "error",
        "REVIEW_CYCLE_NUMBERING_GAP": "warning",
        "REVIEW_CYCLE_BODY_REPEATED": "warning",
    }
    assert told["EVENT_LINE_MALFORMED"]["line"] == 4
    assert told["REVIEW_CYCLE_NUMBERING_GAP"]["work_package_id"] == "WP01"
    assert answer.document["summary"] == dict.fromkeys(sorted(told), 1)
    assert portrait(shell.directory) == before
    assert not (shell.directory / ".signoff").exists()


def test_warnings_alone_let_a_mission_pass_and_are_told_in_words(shell: Shell) -> None:
    folder = make_mission(shell.directory)
    cycles = folder / "tasks" / "WP01-ledger"
    (cycles / "review-cycle-2.md").write_text(CYCLE.format(2))

    answer = shell("mission", "validate", "ledger")

    assert answer.code == 0
    assert "warning  REVIEW_CYCLE_NUMBERING_GAP  WP01 has 1 review cycles up to 2; missing: 1." in answer.out
    assert "1 mission: 0 errors, 1 warning." in answer.out


@pytest.mark.parametrize("arguments", [["nowhere"], ["empty"], []])
def test_a_path_without_a_mission_is_bad_input_and_never_silently_fine(shell: Shell, arguments: list[str]) -> None:
    (shell.directory / "empty").mkdir()
    answer = shell("mission", "validate", *arguments, "--json")
    assert answer.code == 2
    assert answer.document["code"] == ("mission-not-found" if arguments else "usage")


def test_a_mission_is_found_once_however_often_it_is_named(tmp_path: Path) -> None:
    folder = make_mission(tmp_path / "missions")
    (tmp_path / "missions" / "notes").mkdir()
    assert find_missions([tmp_path, tmp_path / "missions", folder]) == [folder]


def test_links_that_lead_out_are_named_and_not_followed(tmp_path: Path) -> None:
    folder = make_mission(tmp_path / "missions")
    secret = tmp_path / "secret.md"
    secret.write_text("---\nwork_package_id: WP02\npassword: x\n---\n")
    (folder / "tasks" / "WP02-out.md").symlink_to(secret)
    (folder / "tasks" / "WP03-gone.md").symlink_to(tmp_path / "nowhere")
    (folder / "tasks" / "WP04-round.md").symlink_to("WP04-round.md")
    (folder / "tasks" / "WP05-inside.md").symlink_to("WP01-ledger.md")
    (folder / "tasks" / "WP06-folder").symlink_to(tmp_path)
    files = read_mission(folder)
    assert files.unreadable == {
        "tasks/WP02-out.md": "a link that leads out of the mission",
        "tasks/WP03-gone.md": "a link that leads nowhere",
        "tasks/WP04-round.md": "a link that leads nowhere",
        "tasks/WP06-folder": "a link that leads out of the mission",
    }
    assert set(files.work_packages) == {"WP01-ledger.md", "WP05-inside.md"}
    assert ("MISSION_FILE_UNREADABLE", "tasks/WP02-out.md") in codes(files)


def test_a_mission_that_is_itself_a_link_out_of_its_folder_is_named(tmp_path: Path) -> None:
    elsewhere = make_mission(tmp_path / "elsewhere")
    (tmp_path / "missions").mkdir()
    (tmp_path / "missions" / "ledger").symlink_to(elsewhere)
    (found,) = find_missions([tmp_path / "missions"])
    assert read_mission(found).unreadable == {".": "a link that leads out of the folder of missions"}
    assert [code for code, _ in codes(read_mission(found))] == ["MISSION_FILE_UNREADABLE"]


def test_files_that_are_no_texts_are_named_and_nothing_waits_for_them(tmp_path: Path) -> None:
    folder = make_mission(tmp_path)
    os.mkfifo(folder / "lanes.json")
    (folder / "status.json").unlink()
    (folder / "status.json").mkdir()
    (folder / "meta.json").write_bytes(b"{}\n\xff\xfe")
    with (folder / "tasks" / "WP07-huge.md").open("wb") as huge:
        huge.truncate(TEXT_BYTES_MAX + 1)
    files = read_mission(folder)
    assert files.unreadable == {
        "lanes.json": "no plain file",
        "status.json": "Is a directory",
        "meta.json": "line 2 is not UTF-8",
        "tasks/WP07-huge.md": f"more than {TEXT_BYTES_MAX} bytes",
    }
    assert {path for _, path in codes(files)} == set(files.unreadable)


def test_a_hostile_tree_ends_in_findings_with_file_and_line(tmp_path: Path) -> None:
    folder = make_mission(tmp_path)
    (folder / "status.events.jsonl").write_bytes(os.urandom(4_000) + b"\n" + b"[" * 200_000 + b"\n" + b"{}" * 9)
    (folder / "tasks" / "WP01-ledger.md").write_text("---\nwork_package_id: WP01\nx: " + "[" * 5_000 + "\n---\n")
    (folder / "lanes.json").write_text("[" * 200_000)
    found = codes(read_mission(folder))
    assert {("WORK_PACKAGE_METADATA_INVALID", "tasks/WP01-ledger.md"), ("LANES_FILE_INVALID", "lanes.json")} <= set(
        found
    )
    assert ("EVENT_LINE_MALFORMED", "status.events.jsonl") in found
    assert all(
        finding.details.get("line")
        for finding in validate(read_mission(folder))
        if "MALFORMED" in finding.diagnostic_code
    )
