"""The composition root: the only place that names adapters.

Imports are made where they are needed, so that a command which reads the ledger pays for nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.app import moments
from signoff.clock import MovableClock, moved_ms, new_ulid, now_ms, now_us
from signoff.errors import DocumentError, NotFoundError, OperationError, SignoffError
from signoff.settings import Settings, Source, mask_url

if TYPE_CHECKING:
    from signoff.app.deliver_notice import Notices
    from signoff.app.ports import Clock
    from signoff.app.steps import Agent, Attend, RepositorySandbox, Sandbox, StepAgent, Steps
    from signoff.app.world import World
    from signoff.engine.health import TellMetrics
    from signoff.engine.prune import Pruned
    from signoff.engine.relay import CallBack
    from signoff.engine.worker import Worker
    from signoff.gates.gate import Gate
    from signoff.ledger.database import Database
    from signoff.ledger.lists import SqlLists
    from signoff.notify.read import NotifyFile, Reach
    from signoff.notify.secrets import Secrets
    from signoff.policy.level import Schedule
    from signoff.policy.risk import RiskPolicy
    from signoff.policy.schedule import Span
    from signoff.runners.story.agents import StoryAgent
    from signoff.telemetry.metrics import Metrics
    from signoff.telemetry.table import Teller

PRIVATE_POSTGRES = "postgres"
SIGNING_KEY_FILE = "signing-key"
CALLBACK_KEY_FILE = "callback-key"
#: Stands in the directory of a ledger in development mode, and says how far on its clock is.
DEV_CLOCK_FILE = "dev-clock"
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
        PolicyError: of a server, whose risk policy is read first. OperationError: (`development-ledger`) of a server
        outside development mode, on a ledger whose clock was moved.
    """
    arm_crash_point()
    policy = _policy_once(settings)
    if is_server:
        # What is wrong with it is said now, and not to the first who asks.
        policy()
    with _checked_database(settings, is_server=is_server, migrates=migrates, creates=creates) as database:
        # Behind it: what looks for a ledger and finds none mostly goes on without.
        from signoff.app.world import World
        from signoff.ledger.store import SqlLedger

        yield World(
            ledger=SqlLedger(database),
            clock=_clock(settings, is_server=is_server),
            new_id=new_ulid,
            is_partitioned=settings.partitioning,
            approval_ttl_s=settings.plan_approval_timeout_s,
            callbacks_allow=settings.callbacks_allow,
            tool=_tool,
            policy=policy,
            business_hours=_business_hours,
        )


@contextmanager
def open_lists(settings: Settings) -> Iterator[tuple[SqlLists, Clock]]:
    """What a ledger has of gates and runs in short, and its clock. Without the world of the use cases, which takes
    longer to import than a list to read.

    Raises:
        SchemaVersionError, LedgerUnavailableError. NotFoundError: (`no-ledger`).
    """
    with _checked_database(settings, creates=False) as database:
        from signoff.ledger.lists import SqlLists

        yield SqlLists(database), _clock(settings, is_server=False)


@contextmanager
def _checked_database(
    settings: Settings, *, is_server: bool = False, migrates: bool = False, creates: bool = True
) -> Iterator[Database]:
    """With the schema that this program knows."""
    database = open_database(settings, is_server=is_server, creates=creates)
    try:
        from signoff.ledger.migrate import check_schema, schema_version, upgrade

        is_first_start = settings.database_url is None and schema_version(database) == 0
        if migrates or is_first_start:
            for name in upgrade(database, now=now_ms()):
                _log_info("migration %s applied", name)
        check_schema(database)
        yield database
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


@contextmanager
def watched(settings: Settings, world: World, tellers: frozenset[Teller]) -> Iterator[Metrics]:
    """This process while this is open: its metrics, of what its kind has, and traces where the settings say so.

    Raises:
        MissingProgramError: traces are wanted, and their extra is not installed.
    """
    from importlib.metadata import version

    from signoff.app.spans import watched_by
    from signoff.telemetry.metrics import Metrics
    from signoff.telemetry.tracing import traced

    metrics = Metrics(world, version=version("signoff"), tellers=tellers)
    with ExitStack() as stack:
        traces = [stack.enter_context(traced(version("signoff")))] if settings.tracing else []
        stack.enter_context(watched_by(metrics.process, *traces))
        yield metrics


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
        _warn_of_dead_notices(settings, world)
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
        **({} if metrics is None else {"tell_metrics": _tell_metrics(world, metrics)}),
    )


def _tell_metrics(world: World, metrics: Metrics) -> TellMetrics:
    from signoff.app.sign_in import sign_in

    def tell(*, token: str | None, accept: str) -> tuple[bytes, str]:
        sign_in(world, token=token)
        return metrics.tell(accept)

    return tell


def _engine_url(settings: Settings) -> str:
    if settings.database_url is not None:
        from signoff.ledger import postgres

        return postgres.engine_url(settings.database_url)
    from signoff.ledger import sqlite

    return sqlite.engine_url(settings.dir)


def prune_engine(
    settings: Settings, world: World, *, before: int, is_dry: bool, tell: Callable[[Pruned], None]
) -> Pruned:
    """Remove what the engine keeps of legs that ended before this instant; `engine.prune` says which."""
    from signoff.engine.prune import Pruned, prune
    from signoff.ledger.inspect import inspect_ledger
    from signoff.ledger.sqlite import engine_url

    with inspect_ledger(settings.dir, settings.database_url) as inspection:
        if not inspection.has_table("dbos.workflow_status"):
            # No worker has ever run here.
            return Pruned(0, 0)
    url = settings.database_url or engine_url(settings.dir)
    return prune(world, url, before=before, is_dry=is_dry, tell=tell)


def make_notices(settings: Settings, *, is_open: Callable[[], bool]) -> Notices | None:
    """Whom a worker tells of gates, and how; None where there is no notify file, and nobody is told.

    `is_open` says whether nobody has to sign in, so that webhooks on loopback may be called.

    Raises:
        NotifyFileError: with everything that is wrong in it. MissingProgramError: a channel needs an extra.
    """
    from signoff.notify.secrets import Secrets

    secrets = Secrets(os.environ)
    file = _open_notify_file(settings, secrets)
    if file is None:
        return None

    from random import SystemRandom

    from signoff.app.callback_url import check_callback_url
    from signoff.app.deliver_notice import Notices
    from signoff.notify.channels import make_channels

    channels = make_channels(
        file,
        secrets=secrets,
        public_url=settings.public_url,
        check_url=lambda url: check_callback_url(url, allow=settings.callbacks_allow, is_open=is_open()),
        clock=now_ms,
    )
    return Notices(file.routes, channels, file.attempts_max, SystemRandom().random, file.people)


def check_notices(settings: Settings, world: World | None) -> None:
    """Look whether all whom the notify file names can be told, by what the ledger knows now; None is that of nobody.

    Raises:
        NotifyFileError: also with the webhooks that no worker calls, and the roles that there are not. PolicyError.
    """
    from signoff.app.callback_url import is_callback_allowed
    from signoff.app.find_roles import find_roles
    from signoff.app.sign_in import is_open
    from signoff.notify.read import Reach
    from signoff.notify.secrets import Secrets

    is_all_open = world is None or is_open(world)
    roles = _policy_once(settings)().roles if world is None else find_roles(world)
    allow = settings.callbacks_allow
    reach = Reach(roles, lambda url: is_callback_allowed(url, allow=allow, is_open=is_all_open))
    _open_notify_file(settings, Secrets(os.environ), reach)


def routed_roles(settings: Settings) -> frozenset[str]:
    """Those that the routes of the notify file name.

    Raises:
        NotifyFileError.
    """
    from signoff.notify.secrets import Secrets

    file = _open_notify_file(settings, Secrets(os.environ))
    return frozenset() if file is None else frozenset(role for route in file.routes for role in route.roles)


def _open_notify_file(settings: Settings, secrets: Secrets, reach: Reach | None = None) -> NotifyFile | None:
    """None where there is none, and none is named."""
    path = settings.notify_file
    origin = next(source.origin for source in settings.sources if source.name == "notify_file")
    if origin == "default" and not path.exists():
        return None
    from signoff.notify.open_file import open_notify_file

    here = Path.cwd()
    called = path.relative_to(here) if path.is_relative_to(here) else path
    return open_notify_file(path, called=str(called), secrets=secrets, reach=reach)


def _warn_of_dead_notices(settings: Settings, world: World) -> None:
    """A worker works all the same: people and tokens come and go, and everybody else is told."""
    try:
        check_notices(settings, world)
    except DocumentError as error:
        for problem in error.message.splitlines():
            _log_warning("%s", problem)


def make_steps(
    settings: Settings, *, attend: Attend | None = None, gates_of: Callable[[str], Sequence[Gate]] = lambda _: ()
) -> Steps:
    """`gates_of` finds the gates of a run: what was decided at them is what some steps write down."""
    from signoff.plans import story
    from signoff.runners import compile_default
    from signoff.runners.mission import steps as mission
    from signoff.runners.routes import RoutedSteps
    from signoff.runners.spec import steps as spec
    from signoff.runners.story.steps import StorySteps
    from signoff.runners.worktree import ScratchWorkTree

    work_tree = ScratchWorkTree(settings.dir / "work")
    work_tree.check()
    of_intents = compile_default.CompileDefaultSteps(_make_agent(settings), work_tree, _make_sandbox(settings))
    of_specs = spec.SpecSteps(
        _make_step_agent(settings, attend), _make_repository_sandbox(settings), settings.dir.resolve()
    )
    of_stories = StorySteps(_make_story_agent(settings, attend), settings.dir.resolve())
    return RoutedSteps(
        {
            **dict.fromkeys(compile_default.ACTIONS, of_intents),
            **dict.fromkeys(spec.ACTIONS, of_specs),
            **dict.fromkeys(mission.ACTIONS, mission.MissionSteps(gates_of, now_us)),
            **dict.fromkeys(story.ACTIONS, of_stories),
        }
    )


def make_rehearsed_steps(settings: Settings) -> Steps:
    """Those of the built-in recipe, with the agent and the sandbox of the settings and a harmless task of our own.

    Raises:
        MissingProgramError.
    """
    from signoff.runners.compile_default import CompileDefaultSteps
    from signoff.runners.rehearsal import RehearsedAgent
    from signoff.runners.worktree import ScratchWorkTree

    work_tree = ScratchWorkTree(settings.dir / "work")
    work_tree.check()
    return CompileDefaultSteps(RehearsedAgent(_make_agent(settings)), work_tree, _make_sandbox(settings))


def make_mission_steps(world: World) -> Steps:
    """Those behind the gates of missions alone, for commands that do them without a worker."""
    from signoff.app.find import find_gates_of
    from signoff.runners.mission.steps import MissionSteps

    return MissionSteps(lambda run_id: find_gates_of(world, run_id), now_us)


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


def _call_back(settings: Settings) -> CallBack:
    from signoff.notify.signed_post import call_back

    secret = callback_secret(settings)
    return lambda payload, now: call_back(payload, secret=secret, now=now)


def _make_agent(settings: Settings) -> Agent:
    if settings.agent == "replay":
        from signoff.runners.replay import ReplayAgent

        return ReplayAgent()
    if settings.agent == "none":
        from signoff.runners.nobody import NoAgent

        return NoAgent()
    from signoff.runners.command import CommandAgent

    agent = CommandAgent(settings.agent_command or (), settings.agent_timeout_s, settings.agent_output_bytes_max)
    agent.check()
    return agent


def _make_step_agent(settings: Settings, attend: Attend | None) -> StepAgent:
    if settings.agent == "replay":
        from signoff.runners.spec.replay import ReplayStepAgent

        return ReplayStepAgent(settings.replay_dir, settings.dir)
    if settings.agent == "none":
        from signoff.runners.nobody import PersonStepAgent

        return PersonStepAgent(attend)
    from signoff.runners.spec.agents import CommandStepAgent

    return CommandStepAgent(settings.agent_command or (), settings.agent_timeout_s, settings.agent_output_bytes_max)


def _make_story_agent(settings: Settings, attend: Attend | None) -> StoryAgent:
    from signoff.runners.story.agents import CommandStoryAgent, PersonStoryAgent, ReplayStoryAgent

    if settings.agent == "replay":
        return ReplayStoryAgent(settings.replay_dir, settings.dir)
    if settings.agent == "none":
        return PersonStoryAgent(settings.dir.resolve(), attend)
    return CommandStoryAgent(settings.agent_command or (), settings.agent_timeout_s, settings.agent_output_bytes_max)


def _make_repository_sandbox(settings: Settings) -> RepositorySandbox:
    from signoff.runners.spec.commands import LocalRepositorySandbox, MockRepositorySandbox

    if settings.sandbox == "mock":
        return MockRepositorySandbox()
    return LocalRepositorySandbox(settings.command_timeout_s, settings.sandbox_output_bytes_max, settings.dir)


def _make_sandbox(settings: Settings) -> Sandbox:
    from signoff.runners.sandbox import LocalSandbox, MockSandbox

    if settings.sandbox == "mock":
        return MockSandbox()
    return LocalSandbox(SANDBOX_TIMEOUT_S, settings.sandbox_output_bytes_max, settings.dir / "sandbox")


def _log_warning(message: str, *values: object) -> None:
    import logging

    logging.getLogger("signoff").warning(message, *values)


def _log_info(message: str, *values: object) -> None:
    import logging

    logging.getLogger("signoff").info(message, *values)


def _clock(settings: Settings, *, is_server: bool) -> Clock:
    """A server says whether its ledger is in development mode; whoever else works on it finds that so."""
    path = settings.dir / DEV_CLOCK_FILE
    if is_server and settings.dev:
        settings.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        _log_info("development mode: the clock of this ledger can be moved (signoff dev clock)")
    elif is_server and path.exists():
        if moved_ms(path):
            raise OperationError(
                f"The ledger in {settings.dir} was used in development mode and its clock was moved on. Start with "
                "--dev, or begin a new ledger.",
                code="development-ledger",
            )
        path.unlink()
    return MovableClock(path) if path.exists() else now_ms


def _business_hours(schedule: Schedule, now: int) -> Iterator[Span]:
    from signoff.settings.business_hours import business_hours

    return business_hours(schedule, now)


def _policy_once(settings: Settings) -> Callable[[], RiskPolicy]:
    """Reads it when it is first asked for, since most commands never do, and keeps it."""

    @cache
    def read() -> RiskPolicy:
        from signoff.settings.policy_files import load_policy

        return load_policy(settings.policy_dir)

    return read


def _tool() -> str:
    import signoff

    return f"signoff {signoff.__version__}"


def arm_crash_point() -> None:
    """SIGNOFF_CRASH_AT names a moment (`app.moments`) at which this process kills itself, for crash tests."""
    wanted = os.environ.get("SIGNOFF_CRASH_AT")
    if wanted is None:
        return
    import signal

    def crash(moment: str) -> None:
        if moment == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    moments.on_moment = crash
