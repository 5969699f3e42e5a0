"""The steps of a spec: what each leaves for the next, and what reviewers are given at the gate."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from spec_repositories import commit, context, git, make_repository, write

from signoff.app.steps import StepContext, StepResult
from signoff.bootstrap.steps import make_steps
from signoff.errors import StepFailedError
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE
from signoff.runners.isolation import Isolation
from signoff.runners.live_output import live_output_path
from signoff.runners.nobody import PersonStepAgent
from signoff.runners.spec.commands import LocalRepositorySandbox, MockRepositorySandbox
from signoff.runners.spec.steps import SpecSteps
from signoff.settings import load

GATE: dict[str, Any] = {"ref": "G1: Code Readiness", "review": None, "then": []}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", {"a.txt": "one\n", ".gitignore": ".signoff/\n"})


@pytest.fixture
def directory(root: Path) -> Path:
    (root / ".signoff").mkdir()
    return root / ".signoff"


@pytest.fixture
def steps(directory: Path) -> SpecSteps:
    sandbox = LocalRepositorySandbox(60, 100_000, directory, isolation=Isolation(None, "the test wants it so"))
    return SpecSteps(PersonStepAgent(), sandbox, directory)


def command(root: Path, script: str, n: int = 1, **changes: Any) -> StepContext:
    params = {"lang": "bash", "script": script, "command": n}
    return context(root, f"step-001:command-{n}", params, **changes)


def looking(root: Path, paths: list[str], gate: Mapping[str, Any] | None = GATE, **changes: Any) -> StepContext:
    params = {"commands": [], "outputs": paths, "since": [], "must_exist": gate is None, "gate": gate}
    return context(root, "step-001", params, **changes)


def run(steps: SpecSteps, root: Path, *scripts: str) -> dict[str, Mapping[str, Any]]:
    """The outputs of the step's commands, by node."""
    outputs: dict[str, Mapping[str, Any]] = {}
    for n, script in enumerate(scripts, start=1):
        step = command(root, script, n, outputs=outputs)
        outputs[step.step_id] = steps.perform("spec-command", step).output
    return outputs


def kept(result: StepResult, kind: str) -> dict[str | None, str | None]:
    return {one.uri: one.inline for one in result.artifacts if one.kind == kind}


def test_a_command_leaves_its_digests_and_the_commit_it_began_at(steps: SpecSteps, root: Path) -> None:
    began_at = git(root, "rev-parse", "HEAD")
    script = "echo hi; git -c user.name=a -c user.email=a@b commit -qm x --allow-empty"
    output = steps.perform("spec-command", command(root, script)).output
    digest = hashlib.sha256(b"hi\n").hexdigest()
    assert output["commit"] == began_at != git(root, "rev-parse", "HEAD")
    assert output["artifacts"] == [{"kind": "stdout", "sha256": digest}]


def test_what_runs_can_be_followed_while_it_runs(steps: SpecSteps, directory: Path, root: Path) -> None:
    step = command(root, "echo begun; until test -e go; do sleep 0.01; done; echo done >&2", attempt=2)
    path = live_output_path(directory, "run_1", "step-001:command-1", 2)
    seen: list[bytes] = []

    def follow() -> None:
        while not (path.exists() and path.read_bytes()):
            threading.Event().wait(0.01)
        seen.append(path.read_bytes())
        (root / "go").touch()

    thread = threading.Thread(target=follow)
    thread.start()
    steps.perform("spec-command", step)
    thread.join()
    assert (seen, path.read_bytes()) == ([b"begun\n"], b"begun\ndone\n")


def test_a_failing_command_leaves_what_it_wrote_and_may_be_done_again(
    steps: SpecSteps, directory: Path, root: Path
) -> None:
    script = "echo trying; test -e there"
    with pytest.raises(StepFailedError) as caught:
        steps.perform("spec-command", command(root, script))
    assert [(one.kind, one.inline) for one in caught.value.artifacts] == [("stdout", "trying\n")]
    (root / "there").touch()
    again = steps.perform("spec-command", command(root, script, attempt=2))
    assert again.output["exitCode"] == 0
    paths = [live_output_path(directory, "run_1", "step-001:command-1", attempt) for attempt in (1, 2)]
    assert [path.read_bytes() for path in paths] == [b"trying\n", b"trying\n"]


def test_reviewers_are_given_outputs_changes_and_what_commands_wrote(steps: SpecSteps, root: Path) -> None:
    began_at = git(root, "rev-parse", "HEAD")
    outputs = run(steps, root, "echo built; echo x > out.txt", "echo two > a.txt; echo careful >&2; git add .; " +
                  "git -c user.name=a -c user.email=a@b commit -qm x")  # fmt: skip
    result = steps.perform("spec-outputs", looking(root, ["out.txt", "gone.txt"], outputs=outputs))
    digest = hashlib.sha256(b"x\n").hexdigest()
    assert result.output["outputs"] == [
        {"path": "out.txt", "sha256": digest, "bytes": 2},
        {"path": "gone.txt", "sha256": None, "bytes": None},
    ]
    assert (result.output["branch"], result.output["commit"]) == ("main", git(root, "rev-parse", "HEAD"))
    assert kept(result, "output") == {"out.txt": "x\n"}
    [diff] = kept(result, "diff").values()
    assert diff is not None
    assert "-one\n+two\n" in diff
    assert "b/out.txt" in diff
    evidence = {piece["title"]: piece["sha256"] for piece in result.output["evidence"]}
    assert evidence == {
        f"Changes since {began_at[:12]}": hashlib.sha256(diff.encode()).hexdigest(),
        "Output of command 1": hashlib.sha256(b"built\n").hexdigest(),
        "Standard error of command 2": hashlib.sha256(b"careful\n").hexdigest(),
    }


def test_the_gates_prompt_can_be_asked_and_shows_all_of_it(steps: SpecSteps, root: Path) -> None:
    outputs = run(steps, root, "echo built; echo x > out.txt")
    result = steps.perform("spec-outputs", looking(root, ["out.txt", "gone.txt"], outputs=outputs))
    prompt = build_prompt(result.output["prompt"], requirement=ANYONE_ONCE, ttl_s=60, now=0)
    hashes = {piece["title"]: piece.get("sha256") for piece in prompt.wire["evidence"]}
    assert hashes["gone.txt"] is None
    for piece in result.output["evidence"]:
        assert hashes[piece["title"]] == piece["sha256"]
    subject = prompt.wire["payload"]["subject"]
    assert (subject["branch"], subject["commit"]) == ("main", git(root, "rev-parse", "HEAD"))


def test_a_retry_in_another_commit_still_shows_changes_since_the_step_began(steps: SpecSteps, root: Path) -> None:
    asked = steps.perform("spec-prompt", context(root, "step-001:prompt", {}))
    write(root, {"a.txt": "two\n"})
    commit(root, "What the person did")
    outputs = {"step-001:prompt": asked.output}
    last = steps.perform("spec-command", command(root, "true", outputs=outputs, attempt=2))
    outputs["step-001:command-1"] = last.output
    result = steps.perform("spec-outputs", looking(root, [], outputs=outputs, attempt=2))
    [diff] = kept(result, "diff").values()
    assert "-one\n+two\n" in (diff or "")


def test_a_step_that_ran_nothing_shows_what_is_not_committed(steps: SpecSteps, root: Path) -> None:
    write(root, {"a.txt": "two\n"})
    result = steps.perform("spec-outputs", looking(root, []))
    assert len(kept(result, "diff")) == 1


def test_other_steps_commands_and_answers_are_not_this_steps(steps: SpecSteps, root: Path) -> None:
    other = {"commit": "0" * 40, "artifacts": [{"kind": "stdout", "sha256": "0" * 64}]}
    outputs = {"step-0011:command-1": other, "step-002:command-1": other, "step-001:G1": {"commit": "x"}}
    result = steps.perform("spec-outputs", looking(root, [], outputs=outputs))
    assert (result.output["evidence"], result.artifacts) == ([], ())


def test_without_git_there_are_outputs_alone(tmp_path: Path) -> None:
    root, directory = tmp_path / "plain", tmp_path / "signoff"
    write(root, {"out.txt": "x\n"})
    steps = SpecSteps(PersonStepAgent(), MockRepositorySandbox(), directory)
    result = steps.perform("spec-outputs", looking(root, ["out.txt"]))
    assert (result.output["branch"], result.output["commit"], result.output["evidence"]) == (None, None, [])
    assert kept(result, "diff") == {}
    assert kept(result, "output") == {"out.txt": "x\n"}


def test_a_gate_before_its_step_is_asked_with_git_facts_alone(steps: SpecSteps, root: Path) -> None:
    result = steps.perform("spec-ask", context(root, "step-001:ask", {"gate": GATE}))
    head = git(root, "rev-parse", "HEAD")
    assert result.output["commit"] == head
    assert result.output["prompt"]["payload"]["subject"]["commit"] == head
    assert build_prompt(result.output["prompt"], requirement=ANYONE_ONCE, ttl_s=60, now=0).digest


def test_a_missing_output_that_nobody_would_be_shown_fails_the_step(steps: SpecSteps, root: Path) -> None:
    write(root, {"there.txt": "x\n"})
    with pytest.raises(StepFailedError, match=r"Step 1 has not made .*: gone\.txt, gone/too\.$") as caught:
        steps.perform("spec-outputs", looking(root, ["there.txt", "gone.txt", "gone/too"], gate=None))
    assert caught.value.code == "output-missing"
    assert caught.value.details["missing"] == ["gone.txt", "gone/too"]
    assert [one.kind for one in caught.value.artifacts] == ["output", "diff"]


def test_what_was_not_done_is_said_to_the_reviewer(root: Path, directory: Path) -> None:
    steps = SpecSteps(PersonStepAgent(), MockRepositorySandbox(), directory)
    outputs = {
        "step-001:prompt": steps.perform("spec-prompt", context(root, "step-001:prompt", {})).output,
        "step-001:command-1": steps.perform("spec-command", command(root, "touch ran")).output,
    }
    assert outputs["step-001:command-1"]["ran"] is False
    body = steps.perform("spec-outputs", looking(root, [], outputs=outputs)).output["prompt"]["body"]
    assert "a person was to do this" in body
    assert "the commands were not run" in body


@pytest.mark.parametrize("action", ["spec-ask", "spec-prompt", "spec-command", "spec-outputs"])
@pytest.mark.parametrize("root_now", ["gone", "README.md"])
def test_a_worker_without_the_repository_fails_the_step(
    steps: SpecSteps, root: Path, action: str, root_now: str
) -> None:
    with pytest.raises(StepFailedError, match="This worker has no folder") as caught:
        steps.perform(action, context(root / root_now, "step-001", {}))
    assert caught.value.code == "no-repository"


def test_every_action_has_its_runner_and_an_unknown_one_none(root: Path, directory: Path) -> None:
    steps = make_steps(load({"dir": directory}, {}, cwd=root))
    compiled = steps.perform("compile", replace(context(root, "CompileST", {}), goal="Tidy up"))
    assert compiled.output["tasks"]
    assert steps.perform("spec-command", command(root, "touch ran")).output["ran"] is False
    unknown: list[Callable[[], StepResult]] = [
        lambda: steps.perform("fly", context(root, "x", {})),
        lambda: steps.undo("spec-outputs", context(root, "x", {})),
        lambda: steps.perform_task("spec-command", {"key": "k"}, context(root, "x", {})),
        lambda: steps.undo("fly", context(root, "x", {})),
        lambda: steps.perform_task("fly", {"key": "k"}, context(root, "x", {})),
    ]
    for perform in unknown:
        with pytest.raises(StepFailedError) as caught:
            perform()
        assert caught.value.code == "unknown-action"


def test_the_settings_say_who_carries_a_prompt_out(root: Path, directory: Path, tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.json").write_text('{"prompt": "Build it.", "says": "did", "files": {"b": "b"}}')
    asked: list[str] = []
    given: dict[str, dict[str, Any]] = {
        "command": {"agent": "command", "agent_command": "sh -c 'echo said'"},
        "replay": {"agent": "replay", "replay_dir": tmp_path / "recordings"},
        "none": {"agent": "none"},
    }
    outputs = {}
    for name, flags in given.items():
        settings = load({"dir": directory, **flags}, {}, cwd=root)
        steps = make_steps(settings, attend=lambda title, _: asked.append(title))
        outputs[name] = steps.perform("spec-prompt", context(root, "step-001:prompt", {})).output
    assert outputs["command"]["exitCode"] == 0
    assert outputs["replay"]["files"] == ["b"]
    assert outputs["none"]["waited"] is True
    assert asked == ["Step 1: Build"]
    with pytest.raises(StepFailedError, match="An intent needs an agent"):
        steps.perform("compile", context(root, "CompileST", {}))


def test_commands_run_where_the_sandbox_is_local_for_as_long_as_is_set(root: Path, directory: Path) -> None:
    settings = load({"dir": directory, "sandbox": "local", "command_timeout_s": 1}, {}, cwd=root)
    steps = make_steps(settings)
    assert steps.perform("spec-command", command(root, "true")).output["exitCode"] == 0
    with pytest.raises(StepFailedError, match="still running after 1 s"):
        steps.perform("spec-command", command(root, "sleep 600"))
