"""Resource limits for a program, set by a small launcher that then becomes the program.

A launcher and not `preexec_fn`: code between fork and exec may deadlock in a process that has threads, and a worker
has many. The launcher is this file, run by path with the standard library alone.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence

FILE_BYTES_MAX = 1 << 30
ADDRESS_SPACE_BYTES_MAX = 8 << 30
# Counted over everything its user runs, threads too: low enough to stop a fork bomb, no lower.
PROCESSES_MAX = 4_096

NOT_STARTED_EXIT_CODE = 127


def limited(argv: Sequence[str], cpu_s: int) -> list[str]:
    """The command line that runs `argv` with each process held to `cpu_s` seconds of CPU and the limits above."""
    return [sys.executable, "-I", "-S", __file__, str(cpu_s), *argv]


def _set_limits(cpu_s: int) -> None:
    wanted = {
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: FILE_BYTES_MAX,
        resource.RLIMIT_AS: ADDRESS_SPACE_BYTES_MAX,
        resource.RLIMIT_NPROC: PROCESSES_MAX,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def _launch(cpu_s: str, *argv: str) -> None:
    _set_limits(int(cpu_s))
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.exit(NOT_STARTED_EXIT_CODE)


if __name__ == "__main__":
    _launch(*sys.argv[1:])
