"""What coverage measures: the processes that run the tests, and the commands that the tests of the CLI fork.

Measured, a process takes twice its time; and what servers, workers and programs of their own run is measured here too.
So tests that run whole systems are not measured at all: what they reach is reached in smaller ones.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from coverage import Coverage
from imported import import_all

_SWITCH = "COVERAGE_PROCESS_START"
#: Holds the same, but nothing that starts by itself looks at it.
_FORKS = "MEASURED_FORKS"

_HERE = Path(__file__).parent
_WHOLE_SYSTEMS = [_HERE / name for name in ("acceptance", "crash", "docs", "faults", "simulation")]

_given = os.environ.get(_SWITCH)
#: Started with this process, in those that run tests.
_own = Coverage.current()

IS_MEASURED = _given is not None

#: What the environment of a forked command that is to be measured has besides.
MEASURED: Mapping[str, str] = {} if _given is None else {_FORKS: _given}


def measure_no_process() -> None:
    """Whatever starts from here on is not measured, but for a fork that is given MEASURED."""
    if IS_MEASURED:
        del os.environ[_SWITCH]
        os.environ.update(MEASURED)


def measure_imports() -> None:
    """What of signoff runs when it is imported; then nothing until the first test, while all tests are collected."""
    if _own is not None:
        import_all()
        _own.stop()


def measure_test(path: Path) -> None:
    """Goes on measuring this process, or pauses it, as the file of the test that comes next asks for."""
    if _own is None:
        return
    is_to_be = not any(path.is_relative_to(folder) for folder in _WHOLE_SYSTEMS)
    is_now = Coverage.current() is not None
    if is_to_be and not is_now:
        _own.start()
    elif is_now and not is_to_be:
        _own.stop()


def measure_forks() -> None:
    """In the server of `forked`: to start once, after all imports, takes a fifth of a second off every command."""
    if _FORKS in os.environ:
        Coverage(config_file=os.environ[_FORKS]).start()


def go_on_measuring(environ: Mapping[str, str]) -> None:
    """In a forked process, or no longer if it is not to be."""
    current = Coverage.current()
    if current is not None and _FORKS not in environ:
        current.stop()


def save_measured(environ: Mapping[str, str]) -> None:
    """A forked process ends without what is registered for an end."""
    current = Coverage.current()
    if current is not None and _FORKS in environ:
        current.stop()
        current.save()
