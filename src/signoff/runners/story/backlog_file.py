"""The backlog's file: read as it is, and written with one cell moved along."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from signoff.errors import StepFailedError
from signoff.stories.backlog import move_story


def read_backlog(path: Path) -> str:
    """Every byte of the file, those that are no UTF-8 as lone surrogates."""
    return path.read_bytes().decode("utf-8", errors="surrogateescape")


def move_in_backlog(path: Path, story_id: str, state: str) -> bool:
    """Whether there was something to move. All of the file is written, or nothing.

    Raises:
        StepFailedError: (`unwritable-backlog`).
    """
    try:
        text = read_backlog(path)
        moved = move_story(text, story_id, state)
        if moved != text:
            _replace(path.resolve(), moved.encode("utf-8", errors="surrogateescape"))
        return moved != text
    except FileNotFoundError:
        # Whoever took it away keeps no backlog any more.
        return False
    except OSError as error:
        raise StepFailedError(
            f"The backlog {path} cannot be written: {error.strerror}.",
            code="unwritable-backlog",
            details={"path": str(path)},
        ) from None


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(path.stat().st_mode & 0o7777)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
