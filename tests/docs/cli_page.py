"""`cli.md`: the help of every command, at a fixed width."""

from __future__ import annotations

from collections.abc import Iterator

import click

from signoff.cli.root import cli

from .markdown import fence, page

WIDTH = 100


def cli_page() -> str:
    return page(
        "Commands",
        "Every command takes `--help`; `--json` puts one JSON document on stdout, a refusal as "
        "`{error, code, details}`. With `SIGNOFF_URL` set, commands that read and answer speak to that server; "
        "without it, to the ledger in `.signoff` or the one that `--dir` or `--database-url` names.",
        "| exit code | meaning |\n|---|---|\n| 0 | done |\n| 1 | failed or refused |\n| 2 | bad input, or not found |\n"
        "| 3 | it waits for a person |\n| 4 | somebody else decided otherwise |\n| 130 | interrupted |",
        *(f"## {path}\n\n{fence(text)}" for path, text in helps()),
    )


def helps() -> Iterator[tuple[str, str]]:
    """Every command, from `signoff` down, and its help."""
    return _helps(_context(cli, "signoff", None))


def _helps(context: click.Context) -> Iterator[tuple[str, str]]:
    command = context.command
    lines = (line.rstrip() for line in command.get_help(context).splitlines())
    yield context.command_path, "\n".join(lines)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _helps(_context(child, name, context))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(
        command, parent, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH, **command.context_settings
    )
