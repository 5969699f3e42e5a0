"""`signoff spec run`: a spec's run, with a worker in the command itself.

The run is one like any other: its gates can be answered from anywhere, and whichever worker is on the ledger performs
its steps. This command starts it, or goes on with the one that has not ended, shows what happens, and asks at its gates
where somebody sits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.cli.call import Call
from signoff.cli.follow.beside import ended_by_signals, follow_with_worker
from signoff.cli.output import note
from signoff.cli.own_ledger import check_own, own_ledger
from signoff.cli.spec.answers import Answers, read_answers
from signoff.cli.spec.files import Runnable, open_runnable
from signoff.errors import InvalidInputError
from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.cli.follow.follower import Follower
    from signoff.plans.plan import Plan
    from signoff.plans.run import Run

LOG_FILE = "spec-run.log"


@dataclass(frozen=True)
class Wish:
    """What the command line says beside the file."""

    step: int | None
    override_reason: str | None
    answers: Sequence[str]
    rationale: str | None
    all_items: bool


def run_spec(call: Call, file: Path, wish: Wish) -> int:
    """The exit code."""
    check_own(call)
    settings = _for_specs(call.settings)
    runnable = open_runnable(file, settings)
    plan = _plan(runnable, settings)
    answers = read_answers(wish.answers, plan, rationale=wish.rationale, all_items=wish.all_items)
    start = _start(plan, wish)
    if runnable.is_older:
        note(f"{file} is in the older shape; compile it again where you have its Markdown.")
    with ended_by_signals(), own_ledger(call, creates=True, migrates=settings.database_url is None) as world:
        run = None if start else _unfinished(world, plan)
        follower = _follower(call, settings, world, run or _begin(call, world, plan, start, wish), file, answers)
        follower.greet(is_resumed=run is not None)
        code = follow_with_worker(call, settings, world, follower, log=LOG_FILE)
    call.show(follower.document, follower.take_leave)
    return code


def _for_specs(settings: Settings) -> Settings:
    """Commands of a spec are really run, unless somebody said otherwise: what is not run cannot fail."""
    was_said = any(source.name == "sandbox" and source.origin != "default" for source in settings.sources)
    return settings if was_said else replace(settings, sandbox="local")


def _plan(runnable: Runnable, settings: Settings) -> Plan:
    from signoff.plans.spec.plan import plan_of
    from signoff.plans.spec.policies import policies_in_force

    document = runnable.document
    policies = policies_in_force(document, settings.gates, runnable.defaults)
    about = {
        "spec": runnable.subject,
        "specSha256": runnable.spec_sha256,
        "tier": document["tier"],
        "title": document["title"],
        "owner": document["owner"],
        "goal": document["objective"]["goal"],
        "root": str(runnable.root),
    }
    return plan_of(document, policies, about)


def _start(plan: Plan, wish: Wish) -> str | None:
    """The node to start at; None where no step was named.

    Raises:
        InvalidInputError: there is no such step, or an override goes past nothing.
    """
    from signoff.plans.spec.plan import first_node_of, steps_of

    if wish.step is None:
        if wish.override_reason is not None:
            raise InvalidInputError("--override goes past the gates before a step; name it with --step.", code="usage")
        return None
    node = first_node_of(plan, wish.step)
    if node is None:
        numbers = ", ".join(map(str, steps_of(plan)))
        raise InvalidInputError(f"There is no step {wish.step}; there are {numbers}.", code="unknown-step")
    return node


def _unfinished(world: World, plan: Plan) -> Run | None:
    from signoff.app.start_spec import unfinished

    run, others = unfinished(world, plan)
    for other in others if run is None else ():
        note(
            f"{other.workflow_id} is of an earlier text of this spec and has not ended: signoff run cancel gives it up."
        )
    return run


def _begin(call: Call, world: World, plan: Plan, start: str | None, wish: Wish) -> Run:
    from signoff.app.sign_in import act_as
    from signoff.app.start_spec import start_spec

    actor = act_as(world, call.actor)
    return start_spec(world, plan, actor=actor, start=start, override_reason=wish.override_reason)


def _follower(call: Call, settings: Settings, world: World, run: Run, file: Path, answers: Answers) -> Follower:
    from signoff.cli.follow.follower import Follower
    from signoff.cli.follow.screen import screen_for
    from signoff.cli.spec.follow import SpecDoor
    from signoff.sdk.ledger_backend import LedgerBackend

    backend = LedgerBackend(world, actor=call.actor)
    return Follower(
        call=call,
        world=world,
        backend=backend,
        workflow_id=run.workflow_id,
        door=SpecDoor(call, backend, file, answers),
        screen=screen_for(call),
        directory=settings.dir,
    )
