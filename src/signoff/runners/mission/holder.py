"""The process on whose behalf a command was called, and whether such a process still runs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from signoff.errors import InvalidInputError
from signoff.missions.claim import Holder
from signoff.missions.instant import parse_instant

#: Programs that only start others and end with them: whoever started these is meant.
_LAUNCHERS = frozenset({"env", "hatch", "nice", "nohup", "pipx", "poetry", "sudo", "time", "timeout", "uv", "uvx"})
_SHELLS = frozenset({"bash", "dash", "fish", "ksh", "sh", "zsh"})
#: A machine's idea of when it was started moves a little when its clock is set.
_SAME_START_US = 2_000_000


def calling_holder(pid: int | None = None) -> Holder:
    """The process of this number, or without one whoever called this command.

    Raises:
        InvalidInputError: (`no-such-process`) there is none of this number.
    """
    if pid is not None and not _runs(pid):
        raise InvalidInputError(f"There is no process {pid} on this machine.", code="no-such-process")
    found = _caller() if pid is None else pid
    return Holder(os.uname().nodename, found, _started_at(found))


def is_gone(holder: Holder) -> bool | None:
    """Whether the process has ended; None for one on another machine, of which that cannot be told."""
    if holder.host != os.uname().nodename:
        return None
    if not _runs(holder.pid):
        return True
    started, found = parse_instant(holder.started_at), parse_instant(_started_at(holder.pid))
    return started is not None and found is not None and abs(started - found) > _SAME_START_US


def _caller() -> int:
    pid = os.getppid()
    while pid > 1 and _is_launcher(pid) and (above := _parent(pid)):
        pid = above
    return pid or os.getpid()


def _is_launcher(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    name = words[0].rpartition("/")[2].removeprefix("-")
    return name in _LAUNCHERS or (name in _SHELLS and "-c" in words[1:3])


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    # One that has ended and waits to be noticed by its parent does nothing any more.
    return _stat(pid)[:1] not in (["Z"], ["X"])


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _started_at(pid: int) -> str | None:
    fields = _stat(pid)
    if not fields:
        return None
    lines = Path("/proc/stat").read_text("ascii").splitlines()
    booted_s = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    started_s = booted_s + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return datetime.fromtimestamp(started_s, UTC).isoformat(timespec="microseconds")


def _stat(pid: int) -> list[str]:
    """What the system says of a process behind its name: state, parent, ..., start (20th); nothing where there is no
    such file, as on other systems than Linux."""
    try:
        # The name is in parentheses, and may hold some itself.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
