"""`signoff up`, `api` and `worker`: the processes that stay."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.ending import leave_threads_behind
from signoff.cli.garbage import look_as_ever
from signoff.cli.live import live_view
from signoff.cli.logs import set_up_logging
from signoff.cli.output import print_json
from signoff.cli.settings_flags import STEPS
from signoff.cli.worker_beside import WorkerBeside, working
from signoff.errors import InvalidInputError
from signoff.settings import Settings, mask_url

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.telemetry.metrics import Metrics

_SERVER = ("dir", "database_url", "host", "port")
_WORKER = (
    "admin_port",
    *STEPS,
    "app_version",
    "concurrency",
    "sandbox_concurrency",
    "notify_file",
    "public_url",
)
_RULES = ("dev", "partitioning", "plan_approval_timeout_s", "policy_dir", "callbacks_allow", "tracing", "log_format")
#: Of those that listen.
_EVENTS = ("ingress_actor",)
_OPENID = ("oidc_issuer", "oidc_client_id", "oidc_claim")

OPEN = "open: no token was issued, so that whoever is on this machine may decide (signoff token create NAME ends that)"

_log = logging.getLogger("signoff.api")


@click.command()
@click.option("--postgres", is_flag=True, help="Start a private Postgres in the directory, and stop it at the end.")
@takes_settings(*_SERVER, *_EVENTS, *_OPENID, *_WORKER, *_RULES)
def up(call: Call, postgres: bool) -> None:
    """Everything in one process: API, inbox and worker.

    \b
    Examples:
      signoff up                              on the embedded SQLite in .signoff
      signoff up --port 3001
      signoff up --postgres                   on a private Postgres, data in .signoff
      signoff up --database-url postgresql://user:password@db/signoff
    """
    from signoff.api.guard import check_binding

    settings = call.settings
    set_up_logging(settings.log_format)
    with ExitStack() as stack:
        if postgres:
            settings = stack.enter_context(_private_postgres(settings))
        world = stack.enter_context(_open_world(settings, migrates=True))
        check_binding(world, settings.host)
        metrics = stack.enter_context(_watched(settings, world, is_api=True, is_worker=True))
        beside = stack.enter_context(WorkerBeside(settings, world, metrics=metrics))
        with live_view(world):
            _serve(
                settings,
                world,
                metrics,
                on_listening=beside.start,
                is_json=call.is_json,
                ending=beside.ending,
            )


@click.command()
@takes_settings(*_SERVER, *_EVENTS, *_OPENID, *_RULES, "public_url", "migrate")
def api(call: Call) -> None:
    """The API and the inbox; workers run elsewhere on the same database.

    \b
    Example:
      signoff api --port 3011 --database-url postgresql://user:password@db/signoff
    """
    settings = call.settings
    set_up_logging(settings.log_format)
    leave_threads_behind()
    look_as_ever()
    with (
        _open_world(settings, migrates=settings.migrate) as world,
        _watched(settings, world, is_api=True) as metrics,
    ):
        _serve(settings, world, metrics, on_listening=lambda say_ready: say_ready(), is_json=call.is_json)


@click.command()
@takes_settings("dir", "database_url", "host", *_WORKER, *_RULES, "migrate")
def worker(call: Call) -> None:
    """A worker alone: any number of them against one database.

    \b
    Example:
      signoff worker --concurrency 20 --database-url postgresql://user:password@db/signoff
    """
    settings = call.settings
    set_up_logging(settings.log_format)
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    with (
        _open_world(settings, migrates=settings.migrate) as world,
        _watched(settings, world, is_worker=True) as metrics,
        working(settings, world, metrics=metrics),
    ):
        shown = _database(settings)
        _say_ready({"ready": "worker", "database": shown}, f"worker database={shown}", call.is_json)
        stopped.wait()


@contextmanager
def _open_world(settings: Settings, *, migrates: bool) -> Iterator[World]:
    from signoff.bootstrap.world import open_world

    with open_world(settings, is_server=True, migrates=migrates) as world:
        yield world


@contextmanager
def _watched(settings: Settings, world: World, *, is_api: bool = False, is_worker: bool = False) -> Iterator[Metrics]:
    from signoff.bootstrap.metrics import watched
    from signoff.telemetry.metrics import API, WORKER

    with watched(settings, world, (API if is_api else frozenset()) | (WORKER if is_worker else frozenset())) as metrics:
        yield metrics


@contextmanager
def _private_postgres(settings: Settings) -> Iterator[Settings]:
    if settings.database_url is not None:
        raise InvalidInputError("--postgres starts a database of its own; leave --database-url out.", code="usage")
    from signoff.bootstrap.database import PRIVATE_POSTGRES
    from signoff.ledger.embedded_postgres import EmbeddedPostgres

    settings.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = EmbeddedPostgres(settings.dir / PRIVATE_POSTGRES)
    url = server.start()
    try:
        yield replace(settings, database_url=url)
    finally:
        server.stop()


def _serve(
    settings: Settings,
    world: World,
    metrics: Metrics,
    *,
    on_listening: Callable[[Callable[[], None]], None],
    is_json: bool,
    ending: threading.Event | None = None,
) -> None:
    from importlib.metadata import version

    from signoff.api.ingress import make_ingress
    from signoff.api.serve import serve
    from signoff.api.server import create_app
    from signoff.app.sign_in import is_open
    from signoff.inbox.openid.client import check_closed, make_provider
    from signoff.inbox.site import add_inbox

    provider = make_provider(settings)
    if provider is not None:
        check_closed(is_open=is_open(world))
    app = create_app(
        world,
        version=version("signoff"),
        database="sqlite" if settings.database_url is None else "postgres",
        host=settings.host,
        ingress=make_ingress(settings.ingress_secret, settings.ingress_actor),
        public_url=settings.public_url,
        metrics=metrics,
    )
    add_inbox(app, public_url=settings.public_url, provider=provider)

    def on_ready(url: str) -> None:
        shown, auth = _database(settings), "open" if is_open(world) else "tokens"
        if auth == "open":
            _log.warning(OPEN)
        document = {"ready": url, "database": shown, "auth": auth}
        on_listening(lambda: _say_ready(document, f"{url} database={shown} auth={auth}", is_json))

    serve(app, host=settings.host, port=settings.port, on_ready=on_ready, ending=ending)


def _say_ready(document: dict[str, str], text: str, is_json: bool) -> None:
    if is_json:
        print_json(document)
    else:
        click.echo(f"ready {text}")


def _database(settings: Settings) -> str:
    return f"sqlite:{settings.dir}" if settings.database_url is None else mask_url(settings.database_url)
