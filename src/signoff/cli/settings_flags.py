"""The flags of settings, made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from signoff.settings import CONFIG_FLAG, SETTINGS, Setting

#: What every command needs that reads or writes the ledger, here or through a server.
LEDGER = ("dir", "database_url", "url")
#: The same for commands that read the database itself.
DATABASE = ("dir", "database_url")
#: Who and what performs the steps of runs.
STEPS = (
    "agent",
    "agent_command",
    "agent_timeout_s",
    "agent_output_bytes_max",
    "replay_dir",
    "sandbox",
    "sandbox_output_bytes_max",
    "command_timeout_s",
)
#: Those a command may take: all but secrets, which have no flag.
ALL = tuple(setting.attribute for setting in SETTINGS if setting.flag)

F = TypeVar("F", bound=Callable[..., Any])


def settings_flags(*attributes: str) -> Callable[[F], F]:
    """Adds the flags of these settings, and `--config`; each arrives as a parameter of its attribute's name."""
    chosen = [setting for setting in SETTINGS if setting.attribute in attributes]

    def decorate(function: F) -> F:
        config = click.option(CONFIG_FLAG, "config", metavar="FILE", help="The settings file, signoff.yaml otherwise.")
        function = config(function)
        for setting in reversed(chosen):
            function = _option(setting)(function)
        return function

    return decorate


def _option(setting: Setting) -> Callable[[F], F]:
    flags = f"{setting.flag}/{setting.off_flag}" if setting.off_flag else str(setting.flag)
    # Values are left as typed and None where not given: `settings.load` reads them, and knows what goes before what.
    return click.option(
        flags,
        setting.attribute,
        default=None,
        metavar=None if setting.kind.is_switch else _metavar(setting),
        help=f"{setting.help}  [{setting.env}]",
    )


def _metavar(setting: Setting) -> str:
    if setting.kind.choices:
        return "|".join(setting.kind.choices)
    return "URL" if setting.attribute.endswith("url") else setting.attribute.rpartition("_")[2].upper()
