"""What a process weighs, by the kernel's own account: resident memory, and processor time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import OperationError

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Weight:
    """`cpu_s`: seconds of processor time since the process began, with that of programs it ran that have ended."""

    rss_mb: float
    cpu_s: float


def weigh(pid: int) -> Weight:
    """
    Raises:
        OperationError: (`no-proc`) this system has no /proc, or the process is gone.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        # The name before it may hold blanks and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        raise OperationError(
            f"Process {pid} cannot be weighed: it has ended, or this system has no /proc.", code="no-proc"
        ) from None
    rss_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return Weight(round(rss_kb / 1024, 1), sum(map(int, fields[11:15])) / _TICKS)


def cpu_of(pids: Iterable[int]) -> float:
    return sum(weigh(pid).cpu_s for pid in pids)
