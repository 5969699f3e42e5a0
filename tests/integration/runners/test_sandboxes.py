"""Tasks run apart from everything else, under bubblewrap where it works and with resource limits everywhere."""

from __future__ import annotations

import logging
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from signoff.app.steps import StepContext
from signoff.errors import StepFailedError
from signoff.runners.isolation import Isolation, find_isolation
from signoff.runners.sandbox import LocalSandbox, MockSandbox

LIMITS_ALONE = Isolation(None, "the test wants it so")


def context(**changes: Any) -> StepContext:
    return StepContext("it_1", "ExecuteST", 1, "goal", inputs={}, constraints={}, **changes)


def task(**members: Any) -> dict[str, Any]:
    return {"key": "build", "title": "Build it", **members}


def sandbox(root: Path, isolation: Isolation, timeout_s: float = 60, output_bytes_max: int = 100_000) -> LocalSandbox:
    return LocalSandbox(timeout_s, output_bytes_max, root, isolation=isolation)


@pytest.fixture
def bubblewrap(tmp_path: Path) -> Isolation:
    found = find_isolation(tmp_path)
    if found.bwrap is None:
        pytest.skip(found.why)
    return found


@pytest.fixture(params=["limits", "bubblewrap"])
def isolation(request: pytest.FixtureRequest) -> Isolation:
    return LIMITS_ALONE if request.param == "limits" else request.getfixturevalue("bubblewrap")


def test_the_mock_follows_from_the_task_alone() -> None:
    first, again, other = (MockSandbox().run(task(command=[c]), context()).output for c in ("a", "a", "b"))
    assert first == again
    assert (first["status"], first["title"]) == ("ok", "Build it")
    assert first["digest"] != other["digest"]


def test_a_command_gets_its_words_untouched_and_its_output_is_kept(tmp_path: Path, isolation: Isolation) -> None:
    result = sandbox(tmp_path, isolation).run(task(command=["printf", "%s|", "a b", "$HOME", "*"]), context())
    assert result.output == {"status": "ok", "title": "Build it", "exitCode": 0}
    assert [(artifact.kind, artifact.inline) for artifact in result.artifacts] == [("stdout", "a b|$HOME|*|")]


def test_a_script_runs_in_a_shell_and_both_streams_are_kept(tmp_path: Path, isolation: Isolation) -> None:
    result = sandbox(tmp_path, isolation).run(task(script="echo $((1 + 1)); echo oh >&2"), context())
    assert {artifact.kind: artifact.inline for artifact in result.artifacts} == {"stdout": "2\n", "stderr": "oh\n"}


def test_a_task_without_a_command_says_that_nothing_was_to_run(tmp_path: Path) -> None:
    result = sandbox(tmp_path, LIMITS_ALONE).run(task(), context())
    assert (result.output["status"], result.output["note"]) == ("ok", "There was nothing to run.")


def test_a_failing_task_is_told_with_its_exit_code_and_last_lines(tmp_path: Path, isolation: Isolation) -> None:
    with pytest.raises(StepFailedError, match=r"'build' failed with exit code 3:\nbad \$x$") as caught:
        sandbox(tmp_path, isolation).run(task(script="echo fine; printf 'bad \\033[1m$x\\n' >&2; exit 3"), context())
    assert caught.value.details["taskKey"] == "build"
    assert (caught.value.details["exitCode"], caught.value.details["stdout"]) == (3, "fine")
    assert [artifact.kind for artifact in caught.value.artifacts] == ["stdout", "stderr"]
    assert caught.value.artifacts[1].inline == "bad \x1b[1m$x\n"


def test_a_program_that_is_not_there_fails_the_task(tmp_path: Path, isolation: Isolation) -> None:
    with pytest.raises(StepFailedError, match="no-such-program: No such file"):
        sandbox(tmp_path, isolation).run(task(command=["no-such-program"]), context())


def test_a_task_has_a_clean_environment_and_a_writable_scratch_that_is_gone_afterwards(
    tmp_path: Path, isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNOFF_TOKEN", "secret")
    result = sandbox(tmp_path, isolation).run(task(script='touch "$HOME/f" && ls f && exec env'), context())
    first, *environment = (result.artifacts[0].inline or "").splitlines()
    names = {line.partition("=")[0] for line in environment}
    assert first == "f"
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH", "HOME", "LC_ALL"}
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_is_named_relatively_works_as_well(
    tmp_path: Path, isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sandbox(Path("a/root"), isolation).run(task(script="touch f"), context())
    assert stat.S_IMODE((tmp_path / "a/root").stat().st_mode) == 0o700


def test_the_time_limit_is_the_shorter_of_the_tasks_and_the_sandboxes(tmp_path: Path, isolation: Isolation) -> None:
    with pytest.raises(StepFailedError, match="still running after 1 s"):
        sandbox(tmp_path, isolation).run(task(command=["sleep", "600"], timeoutS=1), context())
    with pytest.raises(StepFailedError, match="still running after 1 s"):
        sandbox(tmp_path, isolation, timeout_s=1).run(task(command=["sleep", "600"], timeoutS=600), context())


def test_a_task_that_writes_without_end_is_stopped(tmp_path: Path, isolation: Isolation) -> None:
    with pytest.raises(StepFailedError, match="wrote more than 5000 bytes"):
        sandbox(tmp_path, isolation, output_bytes_max=5_000).run(task(command=["yes"]), context())


def test_a_cancelled_run_stops_its_task(tmp_path: Path, isolation: Isolation) -> None:
    with pytest.raises(StepFailedError, match="cancelled"):
        sandbox(tmp_path, isolation).run(task(command=["sleep", "600"]), context(is_cancelled=lambda: True))


def test_cpu_files_memory_and_processes_are_limited(tmp_path: Path, isolation: Isolation) -> None:
    script = "ulimit -H -t; ulimit -H -f; ulimit -H -v; ulimit -H -u; ulimit -H -c"
    result = sandbox(tmp_path, isolation).run(task(script=script), context())
    *bounds, core = (result.artifacts[0].inline or "").split()
    assert all(int(bound) > 0 for bound in bounds)
    assert len(bounds) == 4
    assert core == "0"


def test_under_bubblewrap_only_the_scratch_directory_can_be_written(tmp_path: Path, bubblewrap: Isolation) -> None:
    script = "for d in / /usr /etc /home /var; do touch $d/mark 2>/dev/null && echo $d; done; touch /scratch/ok /tmp/ok"
    result = sandbox(tmp_path, bubblewrap).run(task(script=script), context())
    assert result.artifacts == ()


def test_under_bubblewrap_neither_files_nor_processes_of_others_are_seen(tmp_path: Path, bubblewrap: Isolation) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    script = f"cat {secret} /etc/shadow 2>/dev/null; ls /proc | grep -c '^[0-9]'; ls /home /root 2>/dev/null; true"
    result = sandbox(tmp_path / "root", bubblewrap).run(task(script=script), context())
    assert int(result.artifacts[0].inline or "") < 10


def test_under_bubblewrap_there_is_no_network(tmp_path: Path, bubblewrap: Isolation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        script = f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}"
        sandbox(tmp_path, LIMITS_ALONE).run(task(script=script), context())
        with pytest.raises(StepFailedError, match=r"refused|unreachable"):
            sandbox(tmp_path, bubblewrap).run(task(script=script), context())


def test_what_keeps_tasks_apart_is_said_once_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="signoff.sandbox"):
        local = sandbox(tmp_path, LIMITS_ALONE)
        local.run(task(command=["true"]), context())
        local.run(task(command=["true"]), context())
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "the test wants it so" in record.getMessage()


def test_a_bubblewrap_that_does_not_work_is_not_relied_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent), prepend=":")
    found = find_isolation(tmp_path)
    assert found.bwrap is None
    assert "No permissions" in found.why


def test_without_bubblewrap_resource_limits_remain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_isolation(tmp_path) == Isolation(None, "bwrap is not installed")
