"""Commands of a spec run in the repository, and under bubblewrap they cannot reach what answers their gates."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from spec_repositories import context, git, make_repository, write

from signoff.app.steps import StepResult
from signoff.errors import StepFailedError
from signoff.runners.isolation import Isolation, find_isolation
from signoff.runners.spec.commands import LocalRepositorySandbox, MockRepositorySandbox

LIMITS_ALONE = Isolation(None, "the test wants it so")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that is not below /tmp: commands have another /tmp, in which nothing would have to be hidden."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder).resolve()


@pytest.fixture
def root(place: Path) -> Path:
    return make_repository(place / "repository", {"a.txt": "one\n"})


@pytest.fixture
def bubblewrap(tmp_path: Path) -> Isolation:
    found = find_isolation(tmp_path)
    if found.bwrap is None:
        pytest.skip(found.why)
    return found


@pytest.fixture(params=["limits", "bubblewrap"])
def isolation(request: pytest.FixtureRequest) -> Isolation:
    return LIMITS_ALONE if request.param == "limits" else request.getfixturevalue("bubblewrap")


def run(
    root: Path,
    isolation: Isolation,
    script: str,
    *,
    lang: str = "bash",
    directory: Path | None = None,
    timeout_s: float = 60,
    output_bytes_max: int = 100_000,
    **changes: Any,
) -> StepResult:
    sandbox = LocalRepositorySandbox(timeout_s, output_bytes_max, directory or root / ".signoff", isolation=isolation)
    step = context(root, "step-001:command-1", {"lang": lang, "script": script, "command": 1}, **changes)
    return sandbox.run_commands(step, root, lambda _: None)


def said(result: StepResult, kind: str = "stdout") -> str:
    return next((one.inline or "" for one in result.artifacts if one.kind == kind), "")


@pytest.mark.parametrize(
    ("lang", "script"),
    [
        ("bash", 'echo "${BASH_VERSION:+bash} $PWD"'),
        ("shell", 'echo "${BASH_VERSION:+bash} $PWD"'),
        ("sh", 'echo "bash $PWD"'),
        ("python", "import os; print('bash', os.getcwd())"),
        ("python3", "import os; print('bash', os.getcwd())"),
        ("py", "import os; print('bash', os.getcwd())"),
    ],
)
def test_each_language_runs_in_the_repository(root: Path, isolation: Isolation, lang: str, script: str) -> None:
    result = run(root, isolation, script, lang=lang)
    assert result.output == {"lang": lang, "exitCode": 0}
    assert said(result) == f"bash {root}\n"


@pytest.mark.parametrize(
    ("lang", "script"),
    [("bash", "false\ntouch went-on"), ("bash", "false | cat\ntouch went-on"), ("sh", "false\ntouch went-on"),
     ("python", "raise SystemExit(1)\nopen('went-on', 'w')")],
)  # fmt: skip
def test_the_first_command_that_fails_is_the_last(root: Path, isolation: Isolation, lang: str, script: str) -> None:
    with pytest.raises(StepFailedError, match="Block 1 of the commands of step 1 failed with exit code 1"):
        run(root, isolation, script, lang=lang)
    assert not (root / "went-on").exists()


def test_what_a_failing_command_wrote_is_kept_whole_and_what_it_did_stays(root: Path, isolation: Isolation) -> None:
    with pytest.raises(StepFailedError, match=r"exit code 7:\nwhy$") as caught:
        run(root, isolation, "echo made > made.txt; seq 1000; echo why >&2; exit 7")
    kept = {one.kind: one.inline for one in caught.value.artifacts}
    assert kept == {"stdout": "".join(f"{n}\n" for n in range(1, 1_001)), "stderr": "why\n"}
    assert (root / "made.txt").read_text() == "made\n"
    assert list((root / ".signoff" / "sandbox").iterdir()) == []


def test_what_is_written_is_shown_in_its_order_while_it_runs(root: Path, isolation: Isolation) -> None:
    shown = bytearray()

    def let_it_go_on(piece: bytes) -> None:
        shown.extend(piece)
        (root / f"seen-{len(shown.splitlines())}").touch()

    wait = "until test -e seen-{n}; do sleep 0.01; done"
    script = f"echo one; {wait.format(n=1)}; echo two >&2; {wait.format(n=2)}; echo three"
    step = context(root, "step-001:command-1", {"lang": "bash", "script": script, "command": 1})
    LocalRepositorySandbox(60, 1_000, root / ".signoff", isolation=isolation).run_commands(step, root, let_it_go_on)
    assert shown.decode().splitlines() == ["one", "two", "three"]


def test_time_and_output_are_limited_and_a_cancelled_run_stops(root: Path, isolation: Isolation) -> None:
    with pytest.raises(StepFailedError, match="still running after 1 s"):
        run(root, isolation, "sleep 600", timeout_s=1)
    with pytest.raises(StepFailedError, match="wrote more than 5000 bytes"):
        run(root, isolation, "yes", output_bytes_max=5_000)
    with pytest.raises(StepFailedError, match="cancelled"):
        run(root, isolation, "sleep 600", is_cancelled=lambda: True)


def test_git_and_the_programs_of_a_virtualenv_work(
    root: Path, isolation: Isolation, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = place / "home"
    write(home, {".gitconfig": "[user]\n\tname = Ada\n\temail = ada@example.org\n"})
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    write(root, {"test_a.py": "def test_a(tmp_path):\n    assert tmp_path.is_dir()\n"})
    script = (
        "python -m pytest -q -p no:cacheprovider test_a.py\nruff check test_a.py\ngit add test_a.py\ngit commit -qm x"
    )
    result = run(root, isolation, script)
    assert "1 passed" in said(result)
    assert git(root, "log", "-1", "--format=%an %s") == "Ada x"


def test_commands_do_not_inherit_what_signoff_is_set_with(
    root: Path, isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNOFF_TOKEN", "secret")
    monkeypatch.setenv("BUILD_KEY", "needed")
    names = {line.partition("=")[0] for line in said(run(root, isolation, "env")).splitlines()}
    assert "BUILD_KEY" in names
    assert not {name for name in names if name.startswith("SIGNOFF_")}


def test_under_bubblewrap_only_the_repository_and_a_home_of_its_own_can_be_written(
    root: Path, bubblewrap: Isolation, place: Path
) -> None:
    script = (
        f'for d in / /usr /etc /var /var/tmp {place} ~root; do touch "$d/mark" 2>/dev/null && echo "$d"; done\n'
        "touch inside ~/mark /tmp/mark\n"
        "mkdir -p ~/.cache && echo $HOME"
    )
    result = run(root, bubblewrap, script)
    assert said(result) == "/tmp/home\n"
    assert (root / "inside").exists()
    assert not Path("/tmp/mark").exists()


@pytest.mark.parametrize("where", ["in the repository", "beside it", "around it"])
def test_under_bubblewrap_the_signoff_directory_can_neither_be_seen_nor_changed(
    root: Path, bubblewrap: Isolation, place: Path, where: str
) -> None:
    places = {"in the repository": root / "etc" / ".signoff", "beside it": place / "s", "around it": place}
    directory = places[where]
    write(directory, {"app.db": "ledger\n"})
    script = f"""
        ls -A {directory} | grep -v repository || true
        echo x > {directory}/app.db || true
        mv {directory} {directory}.away || true
        umount {directory} || true
        cat {directory}/app.db {directory}.away/app.db || true
    """
    result = run(root, bubblewrap, script, directory=directory)
    assert said(result) == ""
    assert (directory / "app.db").read_text() == "ledger\n"


def test_with_limits_alone_the_signoff_directory_is_within_reach(root: Path) -> None:
    # What the log warns of; without it the test before would prove nothing.
    write(root, {".signoff/app.db": "ledger\n"})
    assert said(run(root, LIMITS_ALONE, "cat .signoff/app.db")) == "ledger\n"


def test_under_bubblewrap_other_processes_and_their_environment_are_not_seen(root: Path, bubblewrap: Isolation) -> None:
    result = run(root, bubblewrap, f"ls /proc | grep -c '^[0-9]'; cat /proc/{os.getpid()}/environ || true")
    assert int(said(result)) < 10


def test_a_signoff_directory_that_is_the_repository_is_refused(root: Path, isolation: Isolation) -> None:
    with pytest.raises(StepFailedError, match="is the repository itself"):
        run(root, isolation, "true", directory=root)


def test_a_language_that_nothing_runs_and_a_script_that_no_argument_holds_are_refused(root: Path) -> None:
    with pytest.raises(StepFailedError, match="Commands in 'ruby' cannot be run"):
        run(root, LIMITS_ALONE, "puts 1", lang="ruby")
    with pytest.raises(StepFailedError, match="at most 131071 bytes"):
        run(root, LIMITS_ALONE, "#" + "x" * 131_071)
    assert run(root, LIMITS_ALONE, "#" + "x" * 131_070).output["exitCode"] == 0


def test_a_mock_runs_nothing_and_says_so(root: Path) -> None:
    step = context(root, "step-001:command-1", {"lang": "bash", "script": "touch ran", "command": 1})
    result = MockRepositorySandbox().run_commands(step, root, lambda _: None)
    assert result == StepResult({"lang": "bash", "ran": False})
    assert not (root / "ran").exists()


def test_what_keeps_commands_apart_is_said_in_the_log(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="signoff.sandbox"):
        run(root, LIMITS_ALONE, "true")
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "the test wants it so" in record.getMessage()
