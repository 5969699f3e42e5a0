"""The command `signoff` with all its commands. The module of each is imported when it is used, and not before."""

from __future__ import annotations

import sys

import click

from signoff.cli.dropped_interrupt import deliver_dropped_interrupts
from signoff.cli.failure import INTERRUPTED, install_last_resort, report_error, report_usage
from signoff.cli.lazy_group import LazyGroup
from signoff.cli.places import COMMANDS
from signoff.cli.streams import make_streams_sturdy
from signoff.errors import SignoffError

_EPILOG = """\b
Examples:
  signoff gate list                       what waits for a person
  signoff gate show GATE                  what it asks, and how to answer
  signoff run start "Add a health check"  start a run that will stop at a gate
  signoff audit verify                    prove the record

Exit codes: 0 done, 1 failed or refused, 2 bad input, 3 waiting for a person, 4 somebody else decided otherwise.
"""


def _print_version(ctx: click.Context, _param: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        click.echo(f"signoff {version('signoff')}")
        ctx.exit()


@click.group(cls=LazyGroup, places=COMMANDS, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def cli() -> None:
    """Durable human sign-off for automated work: a run stops at a gate, one person's decision is taken exactly once,
    and the record can be proved afterwards."""


def run_command(arguments: list[str]) -> int:
    """Run one command; the exit code."""
    is_json = "--json" in arguments
    make_streams_sturdy()
    install_last_resort(is_json=is_json)
    deliver_dropped_interrupts()
    try:
        # Commands return their exit code, or nothing for 0.
        code = cli.main(arguments, prog_name="signoff", standalone_mode=False)
        sys.stdout.flush()
    except SignoffError as error:
        return report_error(error, is_json=is_json)
    except click.ClickException as error:
        return report_usage(error, is_json=is_json)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 1
    return code if isinstance(code, int) else 0


def _forget_stdout() -> None:
    """Whoever read it is gone; Python would complain about what it cannot flush at its end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
