"""The guard among other hooks: nothing of anybody's is lost, and where git does not run it that is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mission_places import PERSON, git
from mission_repository import MissionRepository, new_mission

from signoff.runners.mission.hook import HOOK, kept_name

PROCESS_S_MAX = 60


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> MissionRepository:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**PERSON, "LOGNAME": "Ada"}.items():
            patch.setenv(name, value)
        return new_mission(tmp_path_factory.mktemp("planned"))


@pytest.fixture
def repo(planned: MissionRepository, tmp_path: Path) -> MissionRepository:
    """A copy of its own: hooks are the repository's."""
    git(tmp_path, "clone", "--quiet", str(planned.root), "repo")
    return MissionRepository(tmp_path / "repo", planned.slug)


def put_hook(repo: MissionRepository, text: str, *, name: str = HOOK) -> Path:
    path = repo.root / ".git" / "hooks" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def run_hook(repo: MissionRepository) -> str:
    """What it says when git runs it before a commit; in vain, where hooks run each other for ever."""
    words = ["git", "hook", "run", HOOK]
    env = {**PERSON, "PATH": f"{Path(sys.executable).parent}:{PERSON['PATH']}"}
    done = subprocess.run(
        words, cwd=repo.root, env=env, capture_output=True, text=True, check=False, timeout=PROCESS_S_MAX
    )
    assert done.returncode == 0, done
    return done.stderr


def install(repo: MissionRepository, *, code: int = 0) -> Any:
    return repo.json("mission", "guard", "--install", code=code)


def troubles(repo: MissionRepository) -> list[tuple[str, str]]:
    """What the doctor finds of the repository's hooks: its code, and the work tree's name."""
    found = repo.json("mission", "doctor").get("findings", [])
    return [(one["diagnostic_code"], Path(one["worktree"]).name) for one in found]


def test_every_hook_that_stood_in_the_place_is_kept_and_runs_and_no_two_of_one_text(repo: MissionRepository) -> None:
    put_hook(repo, "echo the first >&2")
    link = repo.root / ".git" / "hooks" / "pre-merge-commit"
    link.symlink_to("not there yet")
    install(repo)
    assert link.with_name(kept_name(link.name)).is_symlink()
    put_hook(repo, "echo the second >&2")
    kept = install(repo)["hooks"][0]["all_kept"]
    assert [Path(one).name for one in kept] == [kept_name(HOOK), f"{kept_name(HOOK)}-2"]
    put_hook(repo, "echo the first >&2")
    assert install(repo)["hooks"][0]["all_kept"] == kept
    assert run_hook(repo).split("\n")[:2] == ["the first", "the second"]


def test_hooks_that_keep_each_other_do_not_run_for_ever(repo: MissionRepository) -> None:
    put_hook(repo, "echo the persons >&2")
    ours = Path(install(repo)["path"])
    # As tools do that find a hook there: they run it from theirs.
    ours.rename(ours.with_name("pre-commit.legacy"))
    put_hook(repo, 'echo the tools >&2; "$(dirname "$0")/pre-commit.legacy" "$@"')
    install(repo)
    said = run_hook(repo)
    assert said.count("the tools") == 1
    assert "the persons" in said


def test_a_hook_of_the_guard_that_somebody_added_to_is_not_written_over(repo: MissionRepository) -> None:
    hook = Path(install(repo)["path"])
    changed = hook.read_text().replace("here=", "make check || exit 1\nhere=", 1)
    hook.write_text(changed)
    refused = repo.json("mission", "guard", "--install", code=1)
    assert refused["code"] == "hook-not-written"
    assert kept_name(HOOK) in refused["error"]
    assert hook.read_text() == changed


def test_where_git_does_not_run_the_guard_that_is_said_when_it_is_installed_and_by_the_doctor(
    repo: MissionRepository, tmp_path: Path
) -> None:
    assert troubles(repo) == []
    git(repo.root, "worktree", "add", "--quiet", str(tmp_path / "beside"))
    install(repo)
    assert troubles(repo) == []
    git(repo.root, "config", "core.hooksPath", "elsewhere")
    assert troubles(repo) == [("GUARD_NOT_RUN", "repo"), ("GUARD_NOT_RUN", "beside")]
    assert "GUARD_NOT_RUN" in repo("mission", "doctor").out
    assert install(repo)["findings"] == []
    assert troubles(repo) == []
    # For one work tree alone it can be set too, and no other setting does anything about that.
    git(repo.root, "config", "extensions.worktreeConfig", "true")
    git(tmp_path / "beside", "config", "--worktree", "core.hooksPath", "elsewhere")
    (found,) = install(repo, code=1)["findings"]
    assert (found["diagnostic_code"], Path(found["worktree"]).name) == ("GUARD_NOT_RUN", "beside")
    assert "git runs the guard" not in repo("mission", "guard", "--install").out
    assert troubles(repo) == [("GUARD_NOT_RUN", "beside")]
    (repo.root / "signoff.yaml").write_text("mission_guard: off\n")
    assert troubles(repo) == []


def test_a_board_tells_of_the_lines_of_the_log_that_it_could_not_read(repo: MissionRepository) -> None:
    log = repo.folder / "status.events.jsonl"
    before = repo("mission", "status").err
    log.write_text(log.read_text() + "<<<<<<< HEAD\n")
    line = log.read_text().count("\n")
    for command in ("status", "list"):
        (found,) = repo.json("mission", command)["diagnostics"]
        assert (found["diagnostic_code"], found["severity"]) == ("EVENT_LINE_MALFORMED", "warning")
        assert (found["line"], found["mission_slug"]) == (line, repo.slug)
        answer = repo("mission", command)
        assert "warning: EVENT_LINE_MALFORMED" in answer.err
        assert (answer.code, "doctor --repair" in answer.err) == (0, True)
    assert "EVENT_LINE_MALFORMED" not in before
