"""What coverage measures: the processes that run the tests, and the commands that the tests of the CLI fork.

Measured, a process takes twice its time; and what servers, workers and programs of their own run is measured here too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from coverage import Coverage

_SWITCH = "COVERAGE_PROCESS_START"
#: Holds the same, but nothing that starts by itself looks at it.
_FORKS = "MEASURED_FORKS"

_given = os.environ.get(_SWITCH)

IS_MEASURED = _given is not None

#: What the environment of a forked command that is to be measured has besides.
MEASURED: Mapping[str, str] = {} if _given is None else {_FORKS: _given}


def measure_no_process() -> None:
    """Whatever starts from here on is not measured, but for a fork that is given MEASURED."""
    if IS_MEASURED:
        del os.environ[_SWITCH]
        os.environ.update(MEASURED)


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
