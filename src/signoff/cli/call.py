"""One call of a command: its settings, who makes it, and how it shows what it found."""

from __future__ import annotations

import functools
import os
import pwd
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.output import print_json
from signoff.cli.settings_flags import settings_flags
from signoff.errors import InvalidInputError
from signoff.settings import SETTINGS, Settings, load
from signoff.settings.kind import FOLDER, FOLDER_OF_FILE
from signoff.settings.primary_checkout import primary_checkout

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

Command = Callable[..., Any]


@dataclass(frozen=True)
class Call:
    """`flags` are the settings' flags as typed; `as_name` what `--as` said. `folder` is where settings are looked for,
    and where relative ones begin: the working directory, where it is None."""

    flags: Mapping[str, Any]
    is_json: bool = False
    as_name: str | None = None
    folder: Path | None = None

    @cached_property
    def settings(self) -> Settings:
        from signoff.bootstrap.database import with_private_postgres
        from signoff.settings.token_file import with_token

        return with_token(with_private_postgres(self.plain_settings))

    @cached_property
    def plain_settings(self) -> Settings:
        """As somebody has set them: for what needs neither ledger nor server."""
        return load(self.flags, os.environ, cwd=self.folder or Path.cwd())

    @cached_property
    def actor(self) -> str:
        """Who acts, as far as this machine knows: the one that `--as` names, else whom the setting `actor` says."""
        return self.as_name or (git_user_name() if self.settings.actor == "git" else user_name())

    def at(self, folder: Path) -> Call:
        """The same call with the settings, and so the ledger, of this folder; paths begin where they were typed."""
        here = Path.cwd()
        if folder == here:
            return self
        paths = {one.attribute for one in SETTINGS if one.kind in (FOLDER, FOLDER_OF_FILE)} | {"config"}
        flags = {name: str(here / said) if name in paths and said else said for name, said in self.flags.items()}
        return replace(self, flags=flags, folder=folder)

    def backend(self, *, creates: bool = False) -> AbstractContextManager[Backend]:
        """The server where one is set, else the ledger."""
        from signoff.sdk.backend import open_backend

        is_signed_in = self.settings.url is not None and self.settings.token is not None
        return open_backend(self.settings, creates=creates, actor=self.as_name if is_signed_in else self.actor)

    def show(self, document: Any, draw: Callable[[], object]) -> None:
        """The document for a program, or what `draw` prints for a person."""
        if self.is_json:
            print_json(document)
        else:
            draw()

    def again(self, *words: str) -> str:
        """Another command on the same ledger, as it can be typed."""
        import shlex

        given = {**self.flags, "dir": self.flags.get("dir") or self._dir_elsewhere}
        flags = [f"{name}={given[key]}" for key, name in _REPEATED.items() if given.get(key)]
        if self.flags.get("database_url"):
            flags.append("--database-url=URL")  # it may hold a password
        return shlex.join(["signoff", *words, *flags])

    @property
    def _dir_elsewhere(self) -> Path | None:
        """The ledger's directory, where it would not be found from the working directory."""
        here = Path.cwd()
        return None if self.folder in (None, here, primary_checkout(here)) else self.settings.dir


_REPEATED = {"dir": "--dir", "url": "--url", "config": "--config"}


def takes_settings(*attributes: str) -> Callable[[Command], Command]:
    """Gives a command `--json` and the flags of these settings; they arrive as one `Call`, its first argument."""

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def command(*, is_json: bool, as_name: str | None = None, **values: Any) -> Any:
            flags = {name: values.pop(name, None) for name in (*attributes, "config")}
            return function(Call(flags, is_json, as_name), **values)

        json_flag = click.option("--json", "is_json", is_flag=True, help="Print one JSON document.")
        command = json_flag(command)
        return settings_flags(*attributes)(command) if attributes else command

    return decorate


def acts(function: Command) -> Command:
    """Gives a command `--as`: who is said to have done it, where nobody has to sign in."""
    return click.option("--as", "as_name", metavar="NAME", help="Act under this name (open mode).")(function)


def git_user_name() -> str:
    """
    Raises:
        InvalidInputError: (`no-git-identity`) the record is to name whom git knows, and git knows nobody.
    """
    import subprocess

    try:
        found = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, check=False)
        name = found.stdout.strip()
    except OSError:
        name = ""
    if not name:
        raise InvalidInputError(
            "The setting actor is git, and git has no user.name here. Run: git config user.name NAME",
            code="no-git-identity",
        )
    return name


def user_name() -> str:
    """The name of whoever runs this, as the system knows it."""
    for variable in ("LOGNAME", "USER"):
        if name := os.environ.get(variable, "").strip():
            return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"
