"""A worker on a ledger, and what is to be removed of what its engine keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from signoff.bootstrap.metrics import tell_metrics
from signoff.bootstrap.notices import make_notices, warn_of_dead_notices
from signoff.bootstrap.secret_file import SIGNING_KEY_FILE, callback_secret, secret_file
from signoff.bootstrap.steps import make_steps
from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.app.steps import Attend, Steps
    from signoff.app.world import World
    from signoff.engine.prune import Pruned
    from signoff.engine.relay import CallBack
    from signoff.engine.worker import Worker
    from signoff.telemetry.metrics import Metrics


def make_worker(
    settings: Settings,
    world: World,
    *,
    attend: Attend | None = None,
    metrics: Metrics | None = None,
    steps: Steps | None = None,
) -> Worker:
    """A worker on this world's ledger. Missing programs are an error here, before any run.

    `steps` are done in place of those of the settings.

    `metrics` are those of this process, if it tells any. `attend` asks whoever sits at this process's terminal to do
    what a spec's prompt says, where the agent is none.
    """
    from signoff.app.find import find_gates_of
    from signoff.app.sign_in import is_open
    from signoff.engine.worker import Worker, WorkerOptions
    from signoff.ledger.store import SqlLedger

    outbox = world.ledger
    assert isinstance(outbox, SqlLedger)  # noqa: S101 - open_world made it; it implements all three ports
    notices = make_notices(settings, is_open=lambda: is_open(world))
    if notices is not None:
        warn_of_dead_notices(settings, world)
    options = WorkerOptions(
        system_database_url=_engine_url(settings),
        app_version=settings.app_version,
        concurrency=settings.concurrency,
        sandbox_concurrency=settings.sandbox_concurrency,
        is_partitioned=settings.partitioning,
        health_address=None if settings.admin_port is None else (settings.host, settings.admin_port),
    )
    return Worker(
        world,
        outbox=outbox,
        steps=steps or make_steps(settings, attend=attend, gates_of=lambda run_id: find_gates_of(world, run_id)),
        options=options,
        signing_key=secret_file(settings.dir / SIGNING_KEY_FILE),
        call_back=_call_back(settings),
        deliveries=outbox,
        notices=notices,
        **({} if metrics is None else {"tell_metrics": tell_metrics(world, metrics)}),
    )


def _call_back(settings: Settings) -> CallBack:
    from signoff.notify.signed_post import call_back

    secret = callback_secret(settings)
    return lambda payload, now: call_back(payload, secret=secret, now=now)


def prune_engine(
    settings: Settings, world: World, *, before: int, is_dry: bool, tell: Callable[[Pruned], None]
) -> Pruned:
    """Remove what the engine keeps of legs that ended before this instant; `engine.prune` says which."""
    from signoff.engine.prune import Pruned, prune
    from signoff.ledger.inspect import inspect_ledger

    with inspect_ledger(settings.dir, settings.database_url) as inspection:
        if not inspection.has_table("dbos.workflow_status"):
            # No worker has ever run here.
            return Pruned(0, 0)
    return prune(world, _engine_url(settings), before=before, is_dry=is_dry, tell=tell)


def _engine_url(settings: Settings) -> str:
    if settings.database_url is not None:
        from signoff.ledger import postgres

        return postgres.engine_url(settings.database_url)
    from signoff.ledger import sqlite

    return sqlite.engine_url(settings.dir)
