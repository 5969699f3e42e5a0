"""The composition root: the only place that names adapters.

Imports are made where they are needed, so that a command which reads the ledger pays for nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.app import moments
from signoff.app.world import World
from signoff.clock import new_ulid, now_ms
from signoff.errors import NotFoundError, SignoffError
from signoff.ledger.migrate import check_schema, schema_version, upgrade
from signoff.ledger.store import SqlLedger
from signoff.settings import Settings, Source, mask_url

if TYPE_CHECKING:
    from signoff.app.steps import Agent, Sandbox, Steps
    from signoff.engine.worker import Worker
    from signoff.ledger.database import Database

PRIVATE_POSTGRES = "postgres"
SIGNING_KEY_FILE = "signing-key"
CALLBACK_KEY_FILE = "callback-key"
#: The most that any workload may ask for; a run's own `sandboxMinutes` is what bounds its tasks.
SANDBOX_TIMEOUT_S = 86_400


@contextmanager
def open_world(
    settings: Settings, *, is_server: bool = False, migrates: bool = False, creates: bool = True
) -> Iterator[World]:
    """The world of the use cases, closed at the end.

    An embedded ledger is made on first use, unless `creates` is False; `migrates` also upgrades one that is older.

    Raises:
        SchemaVersionError, LedgerUnavailableError. NotFoundError: (`no-ledger`) there is none and none may be made.
    """
    _arm_crash_point()
    database = open_database(settings, is_server=is_server, creates=creates)
    try:
        is_first_start = settings.database_url is None and schema_version(database) == 0
        if migrates or is_first_start:
            for name in upgrade(database, now=now_ms()):
                _log_info("migration %s applied", name)
        check_schema(database)
        yield World(
            ledger=SqlLedger(database),
            clock=now_ms,
            new_id=new_ulid,
            is_partitioned=settings.partitioning,
            approval_ttl_s=settings.plan_approval_timeout_s,
            callbacks_allow=settings.callbacks_allow,
        )
    finally:
        database.close()


def with_private_postgres(settings: Settings) -> Settings:
    """The settings, on the private Postgres that another process (`signoff up --postgres`) runs in the directory."""
    data_dir = settings.dir / PRIVATE_POSTGRES
    if settings.database_url is not None or not data_dir.exists():
        return settings
    from signoff.ledger.embedded_postgres import running_url

    url = running_url(data_dir)
    if url is None:
        return settings
    shown = Source("database_url", mask_url(url), f"private Postgres in {settings.dir}")
    sources = tuple(shown if source.name == shown.name else source for source in settings.sources)
    return replace(settings, database_url=url, sources=sources)


def open_database(settings: Settings, *, is_server: bool = False, creates: bool = True) -> Database:
    if settings.database_url is not None:
        from signoff.ledger.postgres import PostgresDatabase

        return PostgresDatabase(settings.database_url, is_pooled=is_server)
    from signoff.ledger.sqlite import APP_FILE, SqliteDatabase

    if not creates and not (settings.dir / APP_FILE).exists():
        if (settings.dir / PRIVATE_POSTGRES).exists():
            raise NotFoundError(
                f"The private Postgres in {settings.dir} is not running. Start it with: signoff up --postgres",
                code="no-ledger",
            )
        raise NotFoundError(
            f"There is no ledger in {settings.dir}. Start with `signoff demo` or `signoff up`, "
            "or say where it is with --dir or --database-url.",
            code="no-ledger",
        )
    return SqliteDatabase(settings.dir)


def make_worker(settings: Settings, world: World) -> Worker:
    """A worker on this world's ledger. Missing programs are an error here, before any run."""
    from signoff.engine.worker import Worker, WorkerOptions
    from signoff.ledger.sqlite import engine_url

    outbox = world.ledger
    assert isinstance(outbox, SqlLedger)  # noqa: S101 - open_world made it; it implements both ports
    options = WorkerOptions(
        system_database_url=settings.database_url or engine_url(settings.dir),
        app_version=settings.app_version,
        concurrency=settings.concurrency,
        sandbox_concurrency=settings.sandbox_concurrency,
        is_partitioned=settings.partitioning,
        health_address=None if settings.admin_port is None else (settings.host, settings.admin_port),
    )
    return Worker(
        world,
        outbox=outbox,
        steps=make_steps(settings),
        options=options,
        signing_key=secret_file(settings.dir / SIGNING_KEY_FILE),
        callback_secret=callback_secret(settings),
    )


def make_steps(settings: Settings) -> Steps:
    from signoff.runners.compile_default import CompileDefaultSteps
    from signoff.runners.worktree import ScratchWorkTree

    work_tree = ScratchWorkTree(settings.dir / "work")
    work_tree.check()
    return CompileDefaultSteps(_make_agent(settings), work_tree, _make_sandbox(settings))


def secret_file(path: Path) -> bytes:
    """32 random bytes, made once and readable by their owner only. Whoever comes second reads what the first wrote."""
    import secrets

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32).hex().encode() + b"\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise SignoffError(f"{path} is damaged: it should hold 64 hex digits.", code="damaged-secret")
    return secret


def callback_secret(settings: Settings) -> bytes:
    """What signs callbacks: the one configured, else one made for this directory."""
    if settings.callbacks_secret is not None:
        return settings.callbacks_secret.encode()
    return secret_file(settings.dir / CALLBACK_KEY_FILE)


def _make_agent(settings: Settings) -> Agent:
    if settings.agent == "replay":
        from signoff.runners.replay import ReplayAgent

        return ReplayAgent()
    from signoff.runners.command import CommandAgent

    agent = CommandAgent(settings.agent_command or (), settings.agent_timeout_s, settings.agent_output_bytes_max)
    agent.check()
    return agent


def _make_sandbox(settings: Settings) -> Sandbox:
    from signoff.runners.sandbox import LocalSandbox, MockSandbox

    if settings.sandbox == "mock":
        return MockSandbox()
    return LocalSandbox(SANDBOX_TIMEOUT_S, settings.sandbox_output_bytes_max, settings.dir / "sandbox")


def _log_info(message: str, *values: object) -> None:
    import logging

    logging.getLogger("signoff").info(message, *values)


def _arm_crash_point() -> None:
    """SIGNOFF_CRASH_AT names a moment (`app.moments`) at which this process kills itself, for crash tests."""
    wanted = os.environ.get("SIGNOFF_CRASH_AT")
    if wanted is None:
        return
    import signal

    def crash(moment: str) -> None:
        if moment == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    moments.on_moment = crash
