"""`signoff up` and `signoff doctor` with a provider of OpenID Connect: set up in part, in whole, and in a browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cli_shell import Shell
from openid_provider import CLIENT_ID, CLIENT_SECRET, LocalProvider, local_provider, new_key

from signoff.clock import now_ms
from signoff.errors import InvalidInputError, MissingProgramError
from signoff.inbox.openid.client import make_provider
from signoff.settings import Settings, load

SECRET = {"SIGNOFF_OIDC_CLIENT_SECRET": CLIENT_SECRET}
OF_THE_EXTRA = ("authlib", "joserfc")


@pytest.fixture(scope="module")
def local() -> Iterator[LocalProvider]:
    with local_provider(now_ms, new_key("k-1")) as local:
        yield local


@contextmanager
def running(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    """A server that has the client's secret in its environment; it does not outlive the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "signoff", "up", "--port", "0"],
        cwd=shell.directory,
        env={**shell.environ, **SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def settings_in(directory: Path, **flags: str | None) -> Settings:
    return load({"oidc_issuer": "https://accounts.example", "oidc_client_id": "x", **flags}, {}, cwd=directory)


def test_people_sign_in_at_a_server_that_knows_a_provider(tmp_path: Path, local: LocalProvider) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "signoff.yaml").write_text(f"oidc:\n  issuer: {local.issuer}\n  client_id: {CLIENT_ID}\n")
    shell.json("principal", "add", "ada")
    refused = shell("up", "--port", "0")
    assert refused.code == 2
    assert "no token was ever issued" in refused.err
    shell("token", "create", "ada")
    checked = {one["check"]: one for one in shell("doctor", "--port", "0", "--json", environ=SECRET).document["checks"]}
    assert checked["OpenID Connect"]["message"] == f"{local.issuer} answers"
    with running(shell) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]
        with httpx.Client(base_url=url) as browser:
            away = browser.get("/sign-in/openid", params={"next": "/stats"})
            back = browser.get(local.let_in(away.headers["location"]))
            assert back.headers["location"] == "/stats"
            assert browser.get("/stats").status_code == 200
        process.terminate()
        _, log = process.communicate(timeout=60)
    assert CLIENT_SECRET not in log
    [row] = shell.json("db", "sql", "SELECT issuer, subject, token_id FROM app.sessions")["rows"]
    assert row in ([local.issuer, "u-1", None], {"issuer": local.issuer, "subject": "u-1", "token_id": None})


def test_doctor_says_that_the_provider_is_not_what_it_should_be(shell: Shell, local: LocalProvider) -> None:
    where = ("--oidc-issuer", f"{local.issuer}/", "--oidc-client-id", CLIENT_ID)
    for flags, words in (
        (where, f"calls itself '{local.issuer}', and oidc.issuer is '{local.issuer}/'"),
        (where[:2], "oidc.client_id is not set"),
        (where[2:], "oidc.issuer is not set"),
        ((*where, "--host", "signoff.example"), "public_url is not set"),
    ):
        answer = shell("doctor", "--port", "0", *flags)
        assert answer.code == 1
        assert words in answer.out


def test_what_is_set_in_part_is_refused_and_what_is_not_set_costs_nothing(tmp_path: Path) -> None:
    assert make_provider(replace(settings_in(tmp_path), oidc_issuer=None, oidc_client_id=None)) is None
    with pytest.raises(InvalidInputError, match=r"oidc\.issuer"):
        make_provider(replace(settings_in(tmp_path), oidc_issuer=None, oidc_client_id=None, oidc_client_secret="s"))


def test_without_the_extra_the_server_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib", None)
    with pytest.raises(MissingProgramError, match=r"pip install 'signoff\[oidc\]'"):
        make_provider(settings_in(tmp_path))


def test_nothing_of_the_extra_is_imported_while_no_provider_is_configured(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from fastapi import FastAPI\n"
        "import signoff.cli.up\n"
        "from pathlib import Path\n"
        "from signoff.inbox.openid.client import make_provider\n"
        "from signoff.inbox.site import add_inbox\n"
        "from signoff.settings import load\n"
        "add_inbox(FastAPI(), provider=make_provider(load({}, {}, cwd=Path())))\n"
        f"print([name for name in {OF_THE_EXTRA} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
