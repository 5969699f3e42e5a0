"""Programs are bounded in time and output, and leave nothing of themselves running."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.errors import MissingProgramError, StepFailedError
from signoff.runners.process import End, Limits, Outcome, run_program

WIDE = Limits(timeout_s=60, output_bytes_max=10_000_000)
FOREVER = "import time; time.sleep(600)"


def run_python(code: str, limits: Limits = WIDE, **options: object) -> Outcome:
    return run_program([sys.executable, "-I", "-S", "-c", code], limits, **options)  # type: ignore[arg-type]


@pytest.fixture
def lives(tmp_path: Path) -> Callable[[], bool]:
    """Whether any process still holds the pipe `tmp_path/alive` open for writing."""
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    def look() -> bool:
        os.set_blocking(reader, True)  # a writer's death is seen as the end of the file, whenever it comes
        thread = threading.Thread(target=os.read, args=(reader, 1), daemon=True)
        thread.start()
        thread.join(10)
        return thread.is_alive()

    return look


def test_what_goes_in_comes_out_however_much_it_is() -> None:
    sent = os.urandom(3_000_000)
    outcome = run_program(["cat"], WIDE, stdin=sent)
    assert outcome == Outcome(End.EXITED, 0, sent, b"", False, False)


def test_a_failing_program_is_an_outcome_with_its_exit_code_and_both_streams() -> None:
    outcome = run_python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (outcome.end, outcome.exit_code, outcome.stdout, outcome.stderr) == (End.EXITED, 7, b"out\n", b"err\n")


def test_a_program_that_does_not_read_its_input_is_not_held_against_it() -> None:
    outcome = run_python("print('done')", stdin=b"x" * 1_000_000)
    assert (outcome.exit_code, outcome.stdout) == (0, b"done\n")


def test_a_program_that_closes_its_streams_is_still_waited_for(tmp_path: Path) -> None:
    code = "import os, sys\nfor n in (0, 1, 2): os.close(n)\nwith open('mark', 'w') as f: f.write('x')\nos._exit(3)"
    assert run_python(code, cwd=tmp_path).exit_code == 3
    assert (tmp_path / "mark").exists()


def test_a_program_that_takes_too_long_is_killed_and_what_it_wrote_is_kept() -> None:
    outcome = run_python("print('begun', flush=True);" + FOREVER, Limits(timeout_s=1.5, output_bytes_max=100))
    assert (outcome.end, outcome.exit_code, outcome.stdout) == (End.TIMED_OUT, -9, b"begun\n")


def test_a_silent_program_with_closed_streams_is_killed_in_time_too() -> None:
    code = "import os\nfor n in (0, 1, 2): os.close(n)\n" + FOREVER
    assert run_python(code, Limits(timeout_s=0.5, output_bytes_max=100)).end is End.TIMED_OUT


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_program_that_writes_without_end_is_killed_with_the_beginning_kept(stream: str) -> None:
    code = f"import sys\nwhile True: sys.{stream}.write('0123456789')"
    outcome = run_python(code, Limits(timeout_s=60, output_bytes_max=1_005))
    assert outcome.end is End.WROTE_TOO_MUCH
    assert getattr(outcome, stream) == b"0123456789" * 100 + b"01234"
    assert (outcome.is_stdout_cut, outcome.is_stderr_cut) == (stream == "stdout", stream == "stderr")


@pytest.mark.parametrize(("size", "end"), [(1_000, End.EXITED), (1_001, End.WROTE_TOO_MUCH)])
def test_the_output_limit_is_exact_even_when_the_program_has_ended(size: int, end: End) -> None:
    outcome = run_python(f"print('x' * {size}, end='')", Limits(timeout_s=60, output_bytes_max=1_000))
    assert (outcome.end, len(outcome.stdout)) == (end, 1_000)


def test_what_is_written_is_told_while_the_program_still_runs(tmp_path: Path) -> None:
    told = bytearray()

    def let_it_go_on(piece: bytes) -> None:
        told.extend(piece)
        if told.endswith(b"one\n"):
            (tmp_path / "go").touch()

    code = "import os, sys, time\nprint('one', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
    outcome = run_python(code + "sys.stderr.write('two\\n')", cwd=tmp_path, on_output=let_it_go_on)
    assert (outcome.end, outcome.exit_code) == (End.EXITED, 0)
    assert bytes(told) == b"one\ntwo\n"


@pytest.mark.parametrize("bytes_max", [1, 99_999, 100_000])
def test_what_is_told_ends_where_what_is_kept_ends(bytes_max: int) -> None:
    told = bytearray()
    outcome = run_python("print('x' * 100_001, end='')", Limits(60, bytes_max), on_output=told.extend)
    assert bytes(told) == outcome.stdout == b"x" * bytes_max


def test_an_error_while_telling_leaves_no_program_behind(tmp_path: Path, lives: Callable[[], bool]) -> None:
    def refuse(_: bytes) -> None:
        raise LookupError("nobody listens")

    with pytest.raises(LookupError):
        run_program(["sh", "-c", "exec 9>alive; echo begun; sleep 600"], WIDE, cwd=tmp_path, on_output=refuse)
    assert not lives()


def test_a_cancelled_run_stops_its_program() -> None:
    answers = itertools.chain([False, False], itertools.repeat(True))
    assert run_python(FOREVER, is_cancelled=lambda: next(answers)).end is End.CANCELLED


def test_an_error_while_asking_whether_it_is_cancelled_leaves_no_program_behind(
    tmp_path: Path, lives: Callable[[], bool]
) -> None:
    def fail_once_it_runs() -> bool:
        if (tmp_path / "begun").exists():
            raise LookupError("the ledger is away")
        return False

    script = "exec 9>alive; touch begun; sleep 600"
    with pytest.raises(LookupError):
        run_program(["sh", "-c", script], WIDE, cwd=tmp_path, is_cancelled=fail_once_it_runs)
    assert not lives()


@pytest.mark.parametrize("leader", ["sleep 600", "true"], ids=["timed out", "ended well"])
def test_children_in_the_background_die_with_their_program(
    leader: str, tmp_path: Path, lives: Callable[[], bool]
) -> None:
    # The child holds the pipes open as well, so that waiting for their end would be waiting for the child.
    script = f"exec 9>alive; sleep 600 & {leader}"
    outcome = run_program(["sh", "-c", script], Limits(timeout_s=2, output_bytes_max=100), cwd=tmp_path)
    assert outcome.end is (End.EXITED if leader == "true" else End.TIMED_OUT)
    assert not lives()


def test_a_program_that_is_not_there_is_missing_and_named() -> None:
    with pytest.raises(MissingProgramError, match="'no-such-program-here'"):
        run_program(["no-such-program-here"], WIDE)


def test_a_folder_that_is_not_there_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match="could not be started"):
        run_program(["true"], WIDE, cwd=tmp_path / "gone")


def test_a_file_that_is_no_program_is_a_failed_step(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    with pytest.raises(StepFailedError, match="could not be started"):
        run_program([str(tmp_path / "text")], WIDE)
