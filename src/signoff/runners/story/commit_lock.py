"""One commit at a time in a repository, also after whoever made it was killed: then its git may live on, and commit."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signoff.errors import StepFailedError
from signoff.runners.process import LOOK_EVERY_S


@contextmanager
def hold_commits(root: Path, *, wait_s: float) -> Iterator[int]:
    """The lock's descriptor, to be handed to the git that commits in the repository `root`: the lock is held for as
    long as that git, or a hook of it, lives. It is waited for.

    Raises:
        StepFailedError: (`git-busy`) it was not to be had in this time.
    """
    descriptor = os.open(root / ".git", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _take(descriptor, root, wait_s)
        try:
            yield descriptor
        finally:
            # Said aloud, as what a hook has left running in the background has the descriptor as well.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _take(descriptor: int, root: Path, wait_s: float) -> None:
    ends_at = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends_at:
                why = f"A commit that was begun before still runs in {root}, or one of its hooks does."
                raise StepFailedError(why, code="git-busy", details={"root": str(root)}) from None
            time.sleep(LOOK_EVERY_S)
        else:
            return
