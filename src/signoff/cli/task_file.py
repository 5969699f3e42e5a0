"""The file that a task is in, as a person names it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from signoff.errors import InvalidInputError

#: More than a task needs, as the API takes it.
TASK_BYTES_MAX = 1024 * 1024


def read_task(name: str) -> Any:
    """The JSON of a file, or of standard input where the name is -.

    Raises:
        InvalidInputError: (`unreadable-file`, `malformed-json`, `invalid-task`).
    """
    from signoff.gates.digest import parse_json

    try:
        if name == "-":
            data = sys.stdin.buffer.read(TASK_BYTES_MAX + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(TASK_BYTES_MAX + 1)
    except OSError as error:
        raise InvalidInputError(f"{name} cannot be read: {error.strerror}.", code="unreadable-file") from None
    if len(data) > TASK_BYTES_MAX:
        raise InvalidInputError(f"A task has at most {TASK_BYTES_MAX} bytes.", code="invalid-task")
    return parse_json(data)
