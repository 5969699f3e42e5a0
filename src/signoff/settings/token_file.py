"""A token in a file, which nobody but its owner can read."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.errors import InvalidInputError

if TYPE_CHECKING:
    from signoff.settings import Settings

TOKEN_BYTES_MAX = 1_000


def with_token(settings: Settings) -> Settings:
    """The settings, with the token that `token_file` holds where a server is called and no token was given otherwise.

    Raises:
        InvalidInputError: `token-file-exposed`, `unreadable-file`.
    """
    if settings.url is None or settings.token is not None or settings.token_file is None:
        return settings
    return replace(settings, token=_read(settings.token_file))


def check_private(path: str, descriptor: int) -> None:
    """Of a file that holds a token, which is open: looked at there, since another may take its place.

    Raises:
        InvalidInputError: (`token-file-exposed`).
    """
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode & 0o077:
        import shlex  # only needed when something is wrong

        raise InvalidInputError(
            f"{path} holds a token and can be read by others ({mode:04o}). Run: {shlex.join(['chmod', '600', path])}",
            code="token-file-exposed",
            details={"path": path},
        )


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            check_private(str(path), file.fileno())
            text = file.read(TOKEN_BYTES_MAX).decode("ascii").strip()
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from None
    except UnicodeDecodeError:
        raise _unreadable(path, "it holds no token") from None
    if not text:
        raise _unreadable(path, "it is empty")
    return text


def _unreadable(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(f"The token in {path} cannot be read: {why}.", code="unreadable-file")
