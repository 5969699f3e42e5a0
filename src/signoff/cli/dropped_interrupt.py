"""Ctrl-C where Python drops it.

Raised in a callback of the garbage collector, KeyboardInterrupt is printed and forgotten: whoever pressed the key would
wait for ever. It is delivered again a moment later, to whatever takes the signal then.
"""

from __future__ import annotations

import sys

AGAIN_S = 0.01

_told_before = sys.unraisablehook


def deliver_dropped_interrupts() -> None:
    sys.unraisablehook = _deliver_again


def _deliver_again(dropped: sys.UnraisableHookArgs) -> None:
    if dropped.exc_type is not KeyboardInterrupt:
        _told_before(dropped)
        return
    import signal

    # By the clock of the process: a thread could wait for a lock that is held by what was interrupted.
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
