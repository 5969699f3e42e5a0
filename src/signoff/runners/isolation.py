"""How far apart something runs from the rest of the machine: under bubblewrap, or with resource limits alone.

A task knows nothing of the machine. Commands of a spec work in a person's repository with that person's programs: they
see the whole file system but for the signoff directory, and write in the repository and their own `/tmp` alone.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.runners.excerpt import last_lines
from signoff.runners.limits import limited
from signoff.runners.process import Limits, run_program

PROBE_LIMITS = Limits(timeout_s=10, output_bytes_max=65_536)
SCRATCH_INSIDE = "/scratch"
TMP_INSIDE = "/tmp"  # noqa: S108 - it is a folder of its own, mounted there

# What a task sees of the system, read-only: programs and libraries, and of /etc what those need to work. The rest of
# /etc, home directories and the ledger are not there at all.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store")
_ETC = ("alternatives", "group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd", "pki", "ssl")


@dataclass(frozen=True)
class Isolation:
    """`bwrap` is the path of a bubblewrap that works; None means resource limits alone, for the reason in `why`."""

    bwrap: str | None
    why: str

    def wrap(self, argv: Sequence[str], scratch: Path, timeout_s: float) -> list[str]:
        """The command line that runs `argv` in `scratch`, apart from everything else."""
        inner = list(argv) if self.bwrap is None else [*_bwrap_argv(self.bwrap, scratch), "--", *argv]
        return limited(inner, _cpu_s(timeout_s))

    def wrap_in_repository(
        self, argv: Sequence[str], root: Path, *, tmp: Path, hidden: Path, timeout_s: float
    ) -> list[str]:
        """The command line that runs `argv` in the repository `root`, with `tmp` as its `/tmp` and nothing in `hidden`.

        The paths are absolute and without symbolic links; `hidden` is neither `root` nor missing.
        """
        inner = list(argv)
        if self.bwrap is not None:
            inner = [*_bwrap_repository_argv(self.bwrap, root, tmp, hidden), "--", *argv]
        return limited(inner, _cpu_s(timeout_s))


def find_isolation(scratch: Path) -> Isolation:
    """Bubblewrap where it is installed and works; it may be there and not be allowed to make namespaces."""
    program = shutil.which("bwrap")
    if program is None:
        return Isolation(None, "bwrap is not installed")
    probe = run_program([*_bwrap_argv(program, scratch), "--", "true"], PROBE_LIMITS)
    if probe.exit_code != 0:
        return Isolation(None, f"bwrap does not work here: {last_lines(probe.stderr)}")
    return Isolation(program, "bwrap works")


def _cpu_s(timeout_s: float) -> int:
    # A process may keep several cores busy for the whole of its time, and no more.
    return math.ceil(timeout_s) * (os.cpu_count() or 1)


def _bwrap_argv(program: str, scratch: Path) -> list[str]:
    shown = [*_SYSTEM, *(f"/etc/{name}" for name in _ETC)]
    return [
        program,
        *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *(word for path in shown for word in ("--ro-bind-try", path, path)),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--bind", str(scratch), SCRATCH_INSIDE, "--symlink", SCRATCH_INSIDE.lstrip("/"), "/tmp"),  # noqa: S108
        *("--remount-ro", "/", "--chdir", SCRATCH_INSIDE, "--setenv", "HOME", SCRATCH_INSIDE),
    ]


def _bwrap_repository_argv(program: str, root: Path, tmp: Path, hidden: Path) -> list[str]:
    # What lies deeper is mounted later, so that neither the repository nor what is hidden covers the other.
    mounts = [("--bind", str(tmp), TMP_INSIDE), ("--bind", str(root), str(root)), ("--tmpfs", str(hidden))]
    mounts += [("--ro-bind", str(prefix), str(prefix)) for prefix in _programs_in_tmp(root)]
    mounts.sort(key=lambda mount: len(Path(mount[-1]).parts))
    return [
        program,
        *("--unshare-all", "--share-net", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"),
        *(word for mount in mounts for word in mount),
        *("--remount-ro", str(hidden), "--chdir", str(root)),
    ]


def _programs_in_tmp(root: Path) -> list[Path]:
    """Where programs of the PATH are installed that the private `/tmp` would cover: a virtualenv that lies there."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    prefixes = {folder.parent for folder in folders if folder.is_dir() and folder.is_relative_to(TMP_INSIDE)}
    return sorted(one for one in prefixes if one != Path(TMP_INSIDE) and not one.is_relative_to(root))
