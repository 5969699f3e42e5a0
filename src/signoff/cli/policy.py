"""`signoff policy`: how risky a task is, and what the policy says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.output import counted, say
from signoff.cli.task_file import read_task
from signoff.errors import NotFoundError

if TYPE_CHECKING:
    from signoff.policy.risk import RiskPolicy


@click.group()
def policy() -> None:
    """Assess tasks, and check and explain the risk policy."""


_ASSESS_EPILOG = """\b
Examples:
  signoff policy assess task.json
  echo '{"operation": "deploy", "environment": "production"}' | signoff policy assess -
  signoff policy assess task.json --json | jq -r .risk_level
"""


@policy.command(epilog=_ASSESS_EPILOG)
@click.argument("task", metavar="TASK.json|-")
@takes_settings("policy_dir", "url")
def assess(call: Call, task: str) -> None:
    """How risky a task is, why, and what that asks of whom. It is one JSON object, - is standard input.

    The policy is that of the server where one is set (--url), else the one that is set here. Nothing is written.
    """
    from signoff.cli.policy_text import draw_assessment

    assessment = _assess(call, read_task(task))
    call.show(assessment, lambda: draw_assessment(assessment))


_CHECK_EPILOG = """\b
Examples:
  signoff policy check                     the policy that is set, else the built-in one
  signoff policy check policies/ --json    for CI: exit 2 if something is wrong
"""


@policy.command(epilog=_CHECK_EPILOG)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@takes_settings("policy_dir")
def check(call: Call, folder: Path | None) -> None:
    """Check the files of a policy: whatever is wrong with them is named with its line, all at once."""
    from signoff.settings.policy_files import load_policy

    chosen = folder or call.settings.policy_dir
    found = load_policy(chosen)
    counts = {name: len(getattr(found, name)) for name in ("levels", "rules", "triggers", "roles", "operations")}
    path = None if chosen is None else str(chosen)
    told = ", ".join(counted(count, name.removesuffix("s")) for name, count in counts.items())
    call.show({"path": path, "valid": True, **counts}, lambda: say(f"ok: {path or 'the built-in policy'}: {told}."))


_EXPLAIN_EPILOG = """\b
Examples:
  signoff policy explain                          every level, rule and trigger
  signoff policy explain high                     what a level asks of whom, and what leads to it
  signoff policy explain deploy-to-production     when a rule fires
  signoff policy explain --task task.json         why a task got its level
"""


@policy.command(epilog=_EXPLAIN_EPILOG)
@click.argument("name", metavar="[LEVEL|RULE]", required=False)
@click.option("--task", metavar="FILE|-", help="Say why this task got its level.")
@takes_settings("policy_dir")
def explain(call: Call, name: str | None, task: str | None) -> None:
    """What the policy says: of a level, rule or trigger, of a task, or all of it."""
    from signoff.cli import policy_text
    from signoff.policy import explain as explained

    if name is not None and task is not None:
        raise click.UsageError("Name a level or rule, or a task, but not both.")
    found = _policy(call)
    if task is not None:
        given = read_task(task)
        call.show(explained.of_task(given, found), lambda: policy_text.draw_task(given, found))
    elif name is None:
        call.show(explained.of_policy(found), lambda: policy_text.draw_policy(found))
    else:
        part = explained.of_part(name, found)
        if part is None:
            raise NotFoundError(f"The policy has no level, rule or trigger {name[:80]!r}.", code="no-such-rule")
        call.show(part, lambda: policy_text.draw_part(name, found))


def _assess(call: Call, task: Any) -> dict[str, Any]:
    """A ledger is not needed for it."""
    if call.settings.url is not None:
        with call.backend() as backend:
            return backend.assess(task)
    from signoff.policy import risk

    return risk.to_wire(risk.assess(task, _policy(call)))


def _policy(call: Call) -> RiskPolicy:
    from signoff.settings.policy_files import load_policy

    return load_policy(call.settings.policy_dir)
