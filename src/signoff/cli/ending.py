"""The end of a process whose threads still wait for a database that does not answer.

What they do may be left at any moment, as in a crash; but Python would wait for them, and the engine for its database,
without end.
"""

from __future__ import annotations

import atexit
import os
import threading

LEFT_S = 1.0

_ends_with: list[int] = []
_is_ending = threading.Event()


def end_with(code: int) -> int:
    """The process has said its last word, and ends with this code."""
    _ends_with.append(code)
    _is_ending.set()
    return code


def leave_threads_behind() -> None:
    """From now on: once the process has said its last word, its threads have `LEFT_S` to end."""
    has_ended = threading.Event()
    # Called when they have.
    atexit.register(has_ended.set)
    threading.Thread(target=_end_after_last_word, args=(has_ended,), name="signoff-ending", daemon=True).start()


def _end_after_last_word(has_ended: threading.Event) -> None:
    _is_ending.wait()
    if not has_ended.wait(LEFT_S):
        os._exit(_ends_with[0])
