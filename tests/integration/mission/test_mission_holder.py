"""Whether the process that holds a claim still runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from signoff.errors import InvalidInputError
from signoff.missions.claim import Holder
from signoff.runners.mission.holder import calling_holder, is_gone

NEEDS_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells when a process began")
TELLS = "from signoff.runners.mission.holder import calling_holder; print(calling_holder().pid)"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_process_is_gone_when_it_has_ended(process: subprocess.Popen[bytes]) -> None:
    holder = calling_holder(process.pid)
    assert (holder.host, holder.pid, is_gone(holder)) == (socket.gethostname(), process.pid, False)
    process.kill()
    process.wait()
    assert is_gone(holder) is True


@NEEDS_PROC
def test_one_that_ended_and_was_not_noticed_by_its_parent_is_gone(process: subprocess.Popen[bytes]) -> None:
    holder = calling_holder(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(holder) is True


@NEEDS_PROC
def test_a_later_process_with_the_same_number_is_another_one(process: subprocess.Popen[bytes]) -> None:
    holder = calling_holder(process.pid)
    assert holder.started_at is not None
    assert is_gone(replace(holder, started_at="2020-01-01T00:00:00+00:00")) is True
    assert is_gone(replace(holder, started_at=None)) is False


def test_of_another_machine_nothing_is_known() -> None:
    assert is_gone(Holder("elsewhere.signoff.example", 1)) is None


def test_a_process_that_is_not_there_holds_nothing(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pid in (process.pid, 2**40):
        with pytest.raises(InvalidInputError) as caught:
            calling_holder(pid)
        assert caught.value.code == "no-such-process"


@NEEDS_PROC
@pytest.mark.parametrize(
    "around", [[], ["env"], ["nice"], ["sh", "-c", '"$@"; exit $?', "sh"]], ids=["itself", "env", "nice", "shell"]
)
def test_whoever_called_holds_it_and_not_what_only_started_the_command(around: list[str]) -> None:
    told = subprocess.run([*around, sys.executable, "-c", TELLS], capture_output=True, text=True, check=True)
    assert int(told.stdout) == os.getpid()
