"""The state file as the projection of a run: made where there is none, written only where it says something else."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from signoff.errors import InvalidInputError
from signoff.runners.story.state_file import StateFile
from signoff.stories.state import PipelineState, to_text


def write_projection(path: Path, project: Callable[[PipelineState], PipelineState]) -> bool:
    """Whether there was something to write.

    Raises:
        DocumentError: somebody has made the file into something else. ConflictError: somebody wrote to it meanwhile.
        InvalidInputError: (`unwritable-file`).
    """
    file = StateFile(path)
    _make(path)
    with file.hold():
        before = file.read()
        after = project(before)
        if after == before:
            return False
        file.write(after, instead_of=before)
    return True


def _make(path: Path) -> None:
    """An empty state, whole or not at all; who comes second finds the first one's."""
    if path.exists() or path.is_symlink():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(to_text(PipelineState({})), "utf-8")
        with suppress(FileExistsError):
            os.link(draft, path)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}.", code="unwritable-file") from None
    finally:
        draft.unlink(missing_ok=True)
