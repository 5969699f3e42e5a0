"""A spec's prompts go to a program, to recordings or to a person."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from spec_repositories import context, make_repository, write

from signoff.errors import InvalidInputError, StepFailedError
from signoff.runners.nobody import NoAgent, PersonStepAgent
from signoff.runners.spec.agents import CommandStepAgent
from signoff.runners.spec.replay import ReplayStepAgent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", {"src/a.txt": "one\n"})


def program(code: str, timeout_s: float = 60, output_bytes_max: int = 100_000) -> CommandStepAgent:
    return CommandStepAgent([sys.executable, "-I", "-S", "-c", code], timeout_s, output_bytes_max)


def carry_out(agent: Any, root: Path, **params: Any) -> tuple[dict[str, Any], dict[str, str], str]:
    """Its output, what it left behind by kind, and what was shown meanwhile."""
    shown = bytearray()
    result = agent.carry_out(context(root, "step-001:prompt", params), root, shown.extend)
    return dict(result.output), {one.kind: one.inline or "" for one in result.artifacts}, shown.decode()


# A program


def test_the_program_reads_the_prompt_on_its_stdin_and_works_in_the_repository(root: Path) -> None:
    code = "import sys; open('made.txt', 'w').write(sys.stdin.read()); print('done'); print('hm', file=sys.stderr)"
    output, kept, shown = carry_out(program(code), root, prompt="Write\n`it`.", outputs=["made.txt", "b.txt"])
    assert output == {"agent": "command", "exitCode": 0}
    assert kept == {"said": "done\n", "stderr": "hm\n"}
    assert sorted(shown.splitlines()) == ["done", "hm"]
    prompt = (root / "made.txt").read_text()
    for part in ("# Ship it\n", "## Step 1: Build\n", "\n\nWrite\n`it`.\n\n", "- `made.txt`\n- `b.txt`\n"):
        assert part in prompt


def test_the_goal_is_told_where_the_plan_has_one(root: Path) -> None:
    step = context(root, "step-001:prompt", {})
    asked = [step, context(root, "step-001:prompt", {}, goal="Be done")]
    prompts = []
    for one in asked:
        result = program("import sys; print(sys.stdin.read())").carry_out(one, root, lambda _: None)
        prompts.append(result.artifacts[0].inline or "")
    assert ["Goal: Be done" in prompt for prompt in prompts] == [False, True]


def test_the_program_is_found_from_where_the_worker_is(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agent").write_text("#!/bin/sh\npwd\n")
    (tmp_path / "agent").chmod(0o755)
    _, kept, _ = carry_out(CommandStepAgent(["./agent"], 60, 1_000), root)
    assert kept["said"] == f"{root}\n"


def test_the_agent_is_not_handed_the_means_to_approve_its_own_work(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNOFF_TOKEN", "secret")
    monkeypatch.setenv("MODEL_KEY", "needed")
    _, kept, _ = carry_out(program("import os; print(*os.environ)"), root)
    assert "MODEL_KEY" in kept["said"]
    assert "SIGNOFF_" not in kept["said"]


def test_a_failing_agent_is_told_and_what_it_wrote_is_kept_whole(root: Path) -> None:
    with pytest.raises(StepFailedError, match=r"exit code 3:\nno quota$") as caught:
        carry_out(program("import sys; print('x' * 5_000); print('no quota', file=sys.stderr); sys.exit(3)"), root)
    kept = {one.kind: one.inline for one in caught.value.artifacts}
    assert kept == {"said": "x" * 5_000 + "\n", "stderr": "no quota\n"}


def test_time_and_output_of_the_program_are_limited(root: Path) -> None:
    with pytest.raises(StepFailedError, match=r"still running after 0\.5 s") as caught:
        carry_out(program("print('begun', flush=True); import time; time.sleep(600)", timeout_s=0.5), root)
    assert [one.inline for one in caught.value.artifacts] == ["begun\n"]
    with pytest.raises(StepFailedError, match="wrote more than 1000 bytes"):
        carry_out(program("while True: print('x' * 100)", output_bytes_max=1_000), root)


def test_a_cancelled_run_stops_the_program(root: Path) -> None:
    step = context(root, "step-001:prompt", {}, is_cancelled=lambda: True)
    with pytest.raises(StepFailedError, match="cancelled"):
        program("import time; time.sleep(600)").carry_out(step, root, lambda _: None)


# A person


def test_a_person_is_shown_the_prompt_and_waited_for_where_there_is_somebody_to_ask(root: Path) -> None:
    asked: list[tuple[str, str]] = []
    agent = PersonStepAgent(lambda title, text: asked.append((title, text)))
    assert carry_out(agent, root) == ({"agent": "none", "waited": True}, {}, "Build it.\n")
    assert asked == [("Step 1: Build", "Build it.")]


def test_where_nobody_can_be_asked_the_prompt_is_shown_and_the_step_goes_on(root: Path) -> None:
    assert carry_out(PersonStepAgent(), root) == ({"agent": "none", "waited": False}, {}, "Build it.\n")


def test_an_intent_needs_an_agent(root: Path) -> None:
    with pytest.raises(StepFailedError, match="An intent needs an agent"):
        NoAgent().plan(context(root, "CompileST", {}))


# Recordings


def recordings(folder: Path, *answers: Any) -> Path:
    folder.mkdir()
    for n, answer in enumerate(answers):
        (folder / f"{n}.json").write_text(answer if isinstance(answer, str) else json.dumps(answer))
    return folder


def replay(root: Path, files: dict[str, str], says: str = "") -> ReplayStepAgent:
    answer = {"prompt": "Build it.", "says": says, "files": files}
    return ReplayStepAgent(recordings(root.parent / "recordings", answer), root / ".signoff")


def test_a_recording_is_said_and_its_files_are_written(root: Path) -> None:
    files = {"docs/new/b.md": "# Grüße\n", "src/a.txt": "two\n"}
    output, kept, shown = carry_out(replay(root, files, "I did it."), root)
    assert output == {"agent": "replay", "recorded": True, "files": ["docs/new/b.md", "src/a.txt"]}
    assert (kept, shown) == ({"said": "I did it."}, "I did it.")
    assert {path: (root / path).read_text() for path in files} == files
    assert [path.name for path in (root / "docs/new").iterdir()] == ["b.md"]


@pytest.mark.parametrize("prompt", ["Build it", "Build it.\n", "build it.", ""])
def test_without_a_recording_of_this_very_prompt_nothing_is_written(root: Path, prompt: str) -> None:
    before = sorted(root.iterdir())
    output, kept, shown = carry_out(replay(root, {"new.txt": "x"}, "I did it."), root, prompt=prompt)
    assert (output, kept, shown) == ({"agent": "replay", "recorded": False}, {}, "")
    assert sorted(root.iterdir()) == before


def test_without_a_folder_there_are_no_recordings(root: Path) -> None:
    output, _, _ = carry_out(ReplayStepAgent(None, root / ".signoff"), root)
    assert output == {"agent": "replay", "recorded": False}


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/x", "a/../../x", "~/x", ".", "", "out/x", "dangling", "loop", ".git/hooks/pre-commit", "SRC/.GIT/x",
     ".signoff/signing-key", "keys/x", "a\\x"],
)  # fmt: skip
def test_a_recording_writes_nothing_outside_nor_what_is_gits_or_signoffs(root: Path, path: str) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (root / ".signoff").mkdir()
    links = {"out": outside, "dangling": outside / "x", "loop": root / "loop", "keys": root / ".signoff"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    with pytest.raises(StepFailedError) as caught:
        carry_out(replay(root, {"before.txt": "x", path: "x", "zz.txt": "x"}), root)
    assert caught.value.code == "output-escapes"
    assert not (root / "before.txt").exists()
    assert list(outside.iterdir()) == list((root / ".signoff").iterdir()) == []


def test_a_link_that_stays_inside_is_followed(root: Path) -> None:
    (root / "link").symlink_to("src")
    carry_out(replay(root, {"link/b.txt": "x"}), root)
    assert (root / "src/b.txt").read_text() == "x"


def test_a_file_in_the_way_fails_the_step_with_its_path(root: Path) -> None:
    with pytest.raises(StepFailedError, match=r"'src/a\.txt/b'"):
        carry_out(replay(root, {"src/a.txt/b": "x"}), root)


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"prompt":"p","says":"s"}', '{"prompt":"p","says":"s","files":{},"more":1}',
     '{"prompt":"p","says":"s","files":[]}', '{"prompt":"p","says":"s","files":{"a":1}}',
     '{"prompt":1,"says":"s","files":{}}'],
)  # fmt: skip
def test_what_is_no_recording_is_refused_by_its_name_before_any_run(content: str, tmp_path: Path) -> None:
    folder = recordings(tmp_path / "recordings", content)
    write(folder, {"notes.txt": "no recording"})
    with pytest.raises(InvalidInputError, match=r"0\.json") as caught:
        ReplayStepAgent(folder, tmp_path / ".signoff")
    assert caught.value.code == "invalid-recording"


def test_a_folder_of_recordings_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no such folder"):
        ReplayStepAgent(tmp_path / "gone", tmp_path / ".signoff")
