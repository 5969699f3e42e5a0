"""Any program can be the agent: prompt on stdin, plan on stdout, and bounds on both."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from signoff.app.steps import StepContext
from signoff.errors import MissingProgramError, StepFailedError
from signoff.runners.command import CommandAgent

ECHO = "import json, sys; json.dump({'summary': sys.stdin.read(), 'tasks': []}, sys.stdout)"


def agent(code: str, timeout_s: float = 60, output_bytes_max: int = 100_000) -> CommandAgent:
    return CommandAgent([sys.executable, "-I", "-S", "-c", code], timeout_s, output_bytes_max)


def context(**changes: Any) -> StepContext:
    facts: dict[str, Any] = {"inputs": {"tag": "v1 ü"}, "constraints": {"planApprovalTimeoutS": 60}, **changes}
    return StepContext("it_1", "CompileST", 1, "Ship it", **facts)


def test_the_program_reads_goal_inputs_constraints_and_the_form_of_the_answer() -> None:
    prompt = agent(ECHO).plan(context()).output["summary"]
    for part in ("# Goal\n\nShip it", '"tag": "v1 ü"', '"planApprovalTimeoutS": 60', '"summary"', '"approvalTimeoutS"'):
        assert part in prompt


def test_what_the_program_says_on_stderr_is_kept_beside_the_plan() -> None:
    result = agent("import sys; sys.stderr.write('thinking\\n');" + ECHO).plan(context())
    assert [(artifact.kind, artifact.inline) for artifact in result.artifacts] == [("stderr", "thinking\n")]
    assert agent(ECHO).plan(context()).artifacts == ()


def test_a_failing_program_is_told_with_its_exit_code_and_last_lines_made_harmless() -> None:
    code = "import sys; sys.stderr.write('one\\n\\x1b[31mno quota\\x1b[0m\\x07\\n'); sys.exit(4)"
    with pytest.raises(StepFailedError, match=r"failed with exit code 4:\none\nno quota$") as caught:
        agent(code).plan(context())
    assert caught.value.details == {"end": "exited", "exitCode": 4, "stdout": "", "stderr": "one\nno quota"}


def test_a_plan_from_a_program_that_fails_is_not_taken() -> None:
    with pytest.raises(StepFailedError, match="exit code 1"):
        agent(ECHO + "; sys.exit(1)").plan(context())


def test_an_answer_that_is_no_plan_fails_the_step() -> None:
    with pytest.raises(StepFailedError, match="cannot be taken"):
        agent("print('Sure! Here is the plan')").plan(context())


@pytest.mark.parametrize("end", ["sys.exit(4)", "pass"], ids=["failed", "no plan"])
def test_what_an_agent_wrote_is_kept_whole_when_it_fails(end: str) -> None:
    code = f"import sys; print('x' * 5_000); sys.stderr.write('why\\n' * 50); {end}"
    with pytest.raises(StepFailedError) as caught:
        agent(code).plan(context())
    kept = {artifact.kind: artifact.inline for artifact in caught.value.artifacts}
    assert kept == {"stdout": "x" * 5_000 + "\n", "stderr": "why\n" * 50}


def test_time_and_output_are_limited() -> None:
    with pytest.raises(StepFailedError, match=r"still running after 0\.5 s"):
        agent("import time; time.sleep(600)", timeout_s=0.5).plan(context())
    with pytest.raises(StepFailedError, match="wrote more than 1000 bytes"):
        agent("while True: print('x' * 100)", output_bytes_max=1_000).plan(context())


def test_a_cancelled_run_stops_its_agent() -> None:
    with pytest.raises(StepFailedError, match="cancelled"):
        agent("import time; time.sleep(600)").plan(context(is_cancelled=lambda: True))


def test_the_agent_is_not_handed_the_means_to_approve_its_own_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNOFF_TOKEN", "secret")
    monkeypatch.setenv("MODEL_KEY", "needed")
    code = "import json, os; print(json.dumps({'summary': ' '.join(os.environ), 'tasks': []}))"
    names = agent(code).plan(context()).output["summary"].split()
    assert "MODEL_KEY" in names
    assert "SIGNOFF_TOKEN" not in names


@pytest.mark.parametrize("argv", [[], ["no-such-agent"], ["/nowhere/agent", "--json"]])
def test_a_missing_program_is_found_out_before_anything_starts(argv: list[str]) -> None:
    with pytest.raises(MissingProgramError):
        CommandAgent(argv, 1, 1).check()


def test_a_program_that_is_there_passes_the_check_without_being_run() -> None:
    agent("raise SystemExit(1)").check()
