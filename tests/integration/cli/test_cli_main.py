"""What holds for every command: help, JSON, exit codes, and no traceback for anybody's mistake."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_shell import COMMAND, Shell

from signoff.app.create_intent import create_intent
from signoff.app.start_run import start_run
from signoff.cli.places import COMMANDS
from signoff.cli.root import cli

MINE = ("audit", "completion", "db", "doctor", "gate", "run", "spec")


def _leaves() -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(cli)
    for name in MINE:
        command = cli.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            for sub in command.list_commands(ctx):
                each = command.get_command(ctx, sub)
                assert each is not None
                yield f"{name} {sub}", each
        else:
            yield name, command


@pytest.mark.parametrize("name", [name for name, _ in _leaves()])
def test_every_command_has_examples_and_json(name: str) -> None:
    command = dict(_leaves())[name]
    assert "Examples:" in (command.epilog or "")
    assert any("--json" in option.opts for option in command.params)


@pytest.mark.parametrize("name", MINE)
def test_the_table_of_commands_leads_to_them(name: str) -> None:
    assert name in COMMANDS


def test_help_and_version_are_on_stdout(shell: Shell) -> None:
    for words in (["-h"], ["--help"], ["gate", "-h"], ["run", "start", "--help"]):
        answer = shell(*words)
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.startswith("Usage: signoff")
    assert shell("--version").out.startswith("signoff ")


@pytest.mark.parametrize("words", [["nonsense"], ["gate", "lst"], ["gate", "list", "--limit", "0"], ["gate", "show"]])
def test_wrong_use_is_bad_input_in_words_and_in_json(shell: Shell, words: list[str]) -> None:
    answer = shell(*words)
    assert (answer.code, answer.out) == (2, "")
    assert "Error: " in answer.err
    in_json = shell(*words, "--json")
    assert (in_json.code, in_json.document["code"]) == (2, "usage")


def test_bad_settings_are_bad_input(shell: Shell) -> None:
    (shell.directory / "signoff.yaml").write_text("port: many\n")
    answer = shell("gate", "list", "--json")
    assert (answer.code, answer.document["code"]) == (2, "invalid-settings")


def test_a_ledger_that_cannot_be_reached_is_a_failure(shell: Shell) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    for words in (["gate", "list"], ["db", "check"], ["db", "sql", "SELECT 1"]):
        answer = shell(*words, "--database-url", url, "--json")
        assert (answer.code, answer.document["code"]) == (1, "ledger-unavailable")


def test_a_damaged_ledger_is_a_failure_in_one_sentence(shell: Shell) -> None:
    shell.json("db", "upgrade")
    (shell.directory / ".signoff" / "app.db").write_bytes(b"not a database at all " * 500)
    for words in (["gate", "list"], ["db", "check"], ["db", "upgrade"]):
        answer = shell(*words)
        assert answer.code == 1
        assert answer.err.count("\n") == 1


_DEFECT = """
import sys
from signoff.cli import main
from signoff.cli.call import Call
Call.backend = lambda call: 1 / 0
sys.exit(main.main(sys.argv[1:]))
"""


def _run_defective(shell: Shell, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND[0], "-c", _DEFECT, "run", "list", *words],
        cwd=shell.directory,
        env={**shell.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


_INTERRUPTED_IN_GARBAGE = """
import os, signal, sys, threading
from signoff.cli import main
from signoff.cli.call import Call
class Garbage:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
def backend(call):
    Garbage()
    threading.Event().wait()
Call.backend = backend
sys.exit(main.main(sys.argv[1:]))
"""


def test_ctrl_c_ends_a_command_also_where_python_drops_it(shell: Shell) -> None:
    ended = subprocess.run(
        [COMMAND[0], "-c", _INTERRUPTED_IN_GARBAGE, "run", "list"],
        cwd=shell.directory,
        env=shell.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr.strip()) == (130, "", "")


def test_a_defect_of_ours_is_one_sentence_and_the_traceback_is_there_for_the_asking(shell: Shell) -> None:
    plain = _run_defective(shell)
    assert (plain.returncode, plain.stdout) == (1, "")
    assert "ZeroDivisionError" in plain.stderr
    assert "SIGNOFF_DEBUG=1" in plain.stderr
    assert "Traceback" not in plain.stderr
    assert '"code": "internal-error"' in _run_defective(shell, "--json").stdout
    assert "Traceback" in _run_defective(shell, SIGNOFF_DEBUG="1").stderr


_GARBAGE = """
import gc, sys, threading
from signoff.cli import main, worker_beside
from signoff.cli.call import Call
before = gc.get_threshold()
class Worker:
    def start(self):
        print("working", gc.get_threshold() == before)
    def stop(self):
        pass
def backend(call):
    print("command", gc.get_threshold() == before)
    import signoff.bootstrap.worker
    signoff.bootstrap.worker.make_worker = lambda *_, **__: Worker()
    with worker_beside.working(call.settings, None):
        sys.exit(0)
Call.backend = backend
sys.argv = ["signoff", "run", "list"]
main.main({arguments})
"""


@pytest.mark.parametrize(("arguments", "is_as_ever"), [("", False), ("sys.argv[1:]", True)])
def test_a_command_looks_for_garbage_rarely_where_it_is_the_process_and_lasts_for_moments(
    shell: Shell, arguments: str, is_as_ever: bool
) -> None:
    done = subprocess.run(
        [COMMAND[0], "-c", _GARBAGE.format(arguments=arguments)],
        cwd=shell.directory,
        env=shell.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == [f"command {is_as_ever}", "working True"], done.stderr


def test_a_reader_that_goes_away_is_no_complaint(shell: Shell) -> None:
    for n in range(3):
        shell.open_gate("w", f"gate-{n}", prompt={"body": "x" * 200_000})
    with shell.start("gate", "list", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 1


def test_ctrl_c_ends_a_watch_quietly_and_leaves_the_run_alone(shell: Shell) -> None:
    with shell.world() as world:
        run_id = create_intent(world, goal="Tidy up", inputs={}, constraints={}, actor="ada")
        start_run(world, intent_id=run_id, actor="ada", queue_partition_key="default")
    with shell.start("run", "watch", run_id) as process:
        assert process.stdout is not None
        assert "ENQUEUED" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (130, "")
    assert shell.json("run", "show", run_id)["status"] == "ENQUEUED"


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_knows_the_shells(shell: Shell, name: str) -> None:
    assert "_SIGNOFF_COMPLETE" in shell("completion", name).out
    assert shell.json("completion", name)["shell"] == name


def test_completion_completes(shell: Shell) -> None:
    asked = {"_SIGNOFF_COMPLETE": "bash_complete", "COMP_WORDS": "signoff gate ap", "COMP_CWORD": "2"}
    done = subprocess.run(
        [COMMAND[0], "-c", "from signoff.cli.main import main; main()"],
        env={**shell.environ, **asked},
        cwd=shell.directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "plain,approve\n"


_INTERRUPTED_WHILE_IMPORTING = """
import sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == sys.argv[1]:
            raise KeyboardInterrupt
sys.modules.pop(sys.argv[1], None)
sys.meta_path.insert(0, Interrupting())
from signoff.cli.main import main
sys.exit(main(["gate", "list"]))
"""


@pytest.mark.parametrize("module", ["typing", "click", "signoff.cli.places", "signoff.cli.gate"])
def test_who_interrupts_while_a_command_is_imported_sees_no_traceback(tmp_path: Path, module: str) -> None:
    command = [COMMAND[0], "-c", _INTERRUPTED_WHILE_IMPORTING, module]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")
