"""The command `signoff`. A command's module is imported when the command is used, and not before."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from signoff.cli.failure import INTERRUPTED, install_last_resort, report_error, report_usage
from signoff.cli.lazy_group import LazyGroup
from signoff.errors import SignoffError

#: Where each command is and what it does: a new one is a line here. The words stand here so that `--help` imports none.
COMMANDS = {
    "api": ("signoff.cli.up:api", "The API alone; workers run elsewhere on the same database."),
    "ask": ("signoff.cli.ask:ask", "Ask a person, wait, and exit by the answer: for scripts and CI jobs."),
    "audit": ("signoff.cli.audit:audit", "Read, verify and export the audit trail."),
    "completion": ("signoff.cli.completion:completion", "Print what makes a shell complete signoff's commands."),
    "db": ("signoff.cli.db:db", "Upgrade, query and check the ledger's database."),
    "demo": ("signoff.cli.demo:demo", "The main job in one command: run, stop at a gate, answer, prove."),
    "dev": ("signoff.cli.dev:dev", "Try things out: the clock of a development server."),
    "doctor": ("signoff.cli.doctor:doctor", "Check the set-up: settings and their origin, ledger, programs."),
    "gate": ("signoff.cli.gate.commands:gate", "List, show and answer gates."),
    "mission": ("signoff.cli.mission.group:mission", "Missions: work packages from a plan to a release."),
    "notify": ("signoff.cli.notify:notify", "Whom signoff tells of gates: check, test, list and retry."),
    "policy": ("signoff.cli.policy:policy", "Assess tasks, and check and explain the risk policy."),
    "principal": ("signoff.cli.principal:principal", "People and services by name, with their roles."),
    "run": ("signoff.cli.run:run", "Start, list, follow, cancel and retry runs."),
    "spec": ("signoff.cli.spec.commands:spec", "Write, compile and check specs: plans in Markdown."),
    "story": ("signoff.cli.story.group:story", "Story pipelines and their three checkpoints."),
    "token": ("signoff.cli.token:token", "Tokens, by which principals sign in at the server."),
    "up": ("signoff.cli.up:up", "Everything in one process: API and worker."),
    "workflow": ("signoff.cli.workflow:workflow", "Have tasks assessed and approved by their risk."),
    "worker": ("signoff.cli.up:worker", "A worker alone: any number of them against one database."),
}

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


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = list(sys.argv[1:] if args is None else args)
    is_json = "--json" in arguments
    install_last_resort(is_json=is_json)
    _print_whatever_comes()
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


def _print_whatever_comes() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _forget_stdout() -> None:
    """Whoever read it is gone; Python would complain about what it cannot flush at its end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
