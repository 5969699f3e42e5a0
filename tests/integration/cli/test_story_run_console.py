"""A story's whole run at a real terminal."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from cli_shell import Shell
from console_terminal import command

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "story"
STATE = ".bmad-core/state/pipeline-state.json"


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


def test_a_person_takes_a_story_from_a_subfolder_through_its_checkpoints_to_the_commit(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(EXAMPLE, root)
    for words in (("init", "--quiet"), ("config", "user.name", "ada"), ("config", "user.email", "a@example.org")):
        git(root, *words)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "begin")
    hook, editor = root / ".git" / "hooks" / "pre-commit", tmp_path / "editor.sh"
    hook.write_text("#!/bin/sh\ntest -e .git/allowed || { echo not yet; exit 1; }\n")
    hook.chmod(0o755)
    editor.write_text('grep -q "track coverage" "$1" && echo "feat: by hand" > "$1"\n')
    start = ("story", "start", "--as", "ada", "--replay-dir", "../recordings")
    with command(Shell(root / "src"), *start, environ={"EDITOR": f"sh {editor}"}, rows=400) as at:
        at.see("HITL CHECKPOINT #1: PO Validation Complete")
        at.choose("APPROVE & Continue to Development")
        at.type("Rationale (optional)", "read it")
        at.see("HITL CHECKPOINT #2: QA Review Complete")
        at.choose("FIX ISSUES First")
        at.type("Rationale (optional)", "the empty case")
        at.until(lambda: at.text.count("HITL CHECKPOINT #2") == 2, "the review again")
        at.choose("APPROVE & Proceed to Commit")
        at.type("Rationale (optional)", "")
        at.see("HITL CHECKPOINT #3: Ready to Commit")
        at.choose("EDIT Commit Message")
        at.see("EDITED COMMIT MESSAGE")
        at.until(lambda: at.text.count("? Your decision") == 5, "the question again")
        at.choose("COMMIT Changes")
        at.type("Rationale (optional)", "")
        at.see("not committed: git, or a hook of the repository, refused: not yet")
        at.until(lambda: at.text.count("HITL CHECKPOINT #3") == 3, "the screen again")
        (root / ".git" / "allowed").touch()
        at.choose("COMMIT Changes")
        at.type("Rationale (optional)", "")
        at.see("Done: every step, every gate")
        assert at.end() == 0
    assert git(root, "log", "-1", "--format=%B").strip() == "feat: by hand"
    state = json.loads((root / STATE).read_text("utf-8"))
    assert (state["pipeline"]["status"], state["stories"]["4.5"]["state"]) == ("completed", "complete")
    said = [entry["event"] for entry in state["history"] if entry["event"].startswith(("user", "error"))]
    assert said == ["user_approved", "user_rejected", "user_approved", "user_approved", "error", "user_approved"]
    assert [path.name for path in root.glob("**/.signoff")] == [".signoff"]
    assert (root / ".signoff").is_dir()
