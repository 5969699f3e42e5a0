"""A disk with little room, which is filled and made free again, and may be made read-only."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True)
class SmallDisk:
    path: Path

    def fill(self) -> None:
        with suppress(OSError), (self.path / "filler").open("ab", buffering=0) as filler:
            while filler.write(bytes(BLOCK_BYTES)) == BLOCK_BYTES:
                pass

    def free(self) -> None:
        (self.path / "filler").unlink()

    def remount(self, mode: str) -> None:
        """`ro` or `rw`; nobody may have a file there open for writing."""
        _run("mount", "-o", f"remount,{mode}", str(self.path))


@contextmanager
def small_disk(mebibytes: int) -> Iterator[SmallDisk]:
    """A file system in memory. It takes the right to mount, which is no defect of ours where it is missing, and nothing
    else behaves as a full disk does."""
    # Where a Postgres that is not root's may come by.
    path = Path(tempfile.mkdtemp(prefix="signoff-faults-", dir="/var/tmp"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0711", "signoff-faults", str(path)]
    if (done := subprocess.run(mount, capture_output=True, text=True)).returncode:
        path.rmdir()
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        # Whoever has still something open there is not waited for.
        _run("umount", "--lazy", str(path))
        path.rmdir()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}: {done.stderr.strip()}")
