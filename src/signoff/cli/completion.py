"""`signoff completion`: completion for shells."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from signoff.cli.call import Call, takes_settings

_EPILOG = """\b
Examples:
  signoff completion bash >> ~/.bashrc
  signoff completion zsh >> ~/.zshrc
  signoff completion fish > ~/.config/fish/completions/signoff.fish
"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@takes_settings()
def completion(call: Call, shell: str) -> None:
    """Print the completion script for SHELL."""
    from signoff.cli.root import cli

    complete = get_completion_class(shell)
    assert complete is not None  # noqa: S101 - the three are click's own
    script = complete(cli, {}, "signoff", "_SIGNOFF_COMPLETE").source()
    call.show({"shell": shell, "script": script}, lambda: click.echo(script))
