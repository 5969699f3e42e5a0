"""Looking for garbage, which a command that soon ends need not do: of the many thousand objects that it imports and
reads all are kept, and to go through them again and again takes longer than some commands do."""

from __future__ import annotations

import gc

OBJECTS_BEFORE_GARBAGE = 200_000

_as_ever = gc.get_threshold()


def look_rarely() -> None:
    gc.set_threshold(OBJECTS_BEFORE_GARBAGE)


def look_as_ever() -> None:
    """For what lasts, as servers and workers do."""
    gc.set_threshold(*_as_ever)


def leave_it() -> None:
    """The interpreter looks once more when it ends; the system takes back what there is anyhow."""
    gc.freeze()
