"""Commands that sign in at a server, with a token from the environment or from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Answer, Shell
from processes import Place

import signoff
from signoff.errors import InvalidInputError, NotSignedInError


@pytest.fixture
def home(tmp_path: Path) -> Shell:
    """Where the server runs, with ada and her token in `token`."""
    folder = tmp_path / "server"
    folder.mkdir()
    shell = Shell(folder)
    shell.json("principal", "add", "ada", "--role", "lead")
    token = folder / "token"
    token.touch(0o600)
    token.write_text(shell("token", "create", "ada").out, "ascii")
    shell.open_gate()
    return shell


@pytest.fixture
def url(home: Shell) -> Iterator[str]:
    with home.start("up", "--port", "0") as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[-1] == "auth=tokens"
        yield words[1]
        process.terminate()
        process.communicate(timeout=30)


def code_of(answer: Answer) -> tuple[int, str]:
    return answer.code, answer.document["code"]


def test_a_token_signs_commands_in_from_the_environment_or_from_a_private_file(
    tmp_path: Path, home: Shell, url: str
) -> None:
    away = Shell(tmp_path)
    token_file = home.directory / "token"
    token = token_file.read_text("ascii").strip()
    (tmp_path / "signoff.yaml").write_text(f"url: {url}\n", "utf-8")
    assert code_of(away("gate", "list", "--json")) == (1, "not-signed-in")
    assert "SIGNOFF_TOKEN" in away("gate", "list").err
    by_environment = {"SIGNOFF_TOKEN": f" {token}\n"}
    assert len(away("gate", "list", "--json", environ=by_environment).document["items"]) == 1

    settings = tmp_path / "signoff.yaml"
    settings.write_text(f"url: {url}\ntoken: {token}\n", "utf-8")
    settings.chmod(0o644)
    readable = away("gate", "list", "--json")
    assert code_of(readable) == (2, "token-file-exposed")
    assert "chmod 600 signoff.yaml" in readable.document["error"]
    assert token not in readable.out + readable.err
    settings.chmod(0o600)
    assert away("gate", "list").code == 0

    settings.write_text(f"url: {url}\ntoken_file: {token_file}\n", "utf-8")
    token_file.chmod(0o640)
    exposed = away("gate", "list", "--json")
    assert code_of(exposed) == (2, "token-file-exposed")
    assert f"chmod 600 {token_file}" in exposed.document["error"]
    assert token not in exposed.out + exposed.err
    token_file.chmod(0o600)
    # The system's user is called ada in these tests too; whoever the token is of acts, not whoever types.
    not_ada = {"LOGNAME": "grace"}
    assert code_of(away("gate", "approve", "ship", "--as", "grace", "--json", environ=not_ada)) == (1, "not-you")
    receipt = away("gate", "approve", "ship", "--json", environ=not_ada).document["receipt"]
    assert receipt["actor"] == "ada"


def test_a_server_that_is_open_says_so_in_its_log_once(tmp_path: Path) -> None:
    place, shell = Place(tmp_path / ".signoff"), Shell(tmp_path)
    with place.start("api", "--migrate") as server:
        assert server.stop() == 0
        assert server.log.read_text().count("open: no token was issued") == 1
        assert '"level": "warning"' in server.log.read_text()
    shell.json("principal", "add", "ada")
    shell.json("token", "create", "ada")
    with place.start("api") as server:
        assert server.stop() == 0
        # Both processes write to one log.
        assert server.log.read_text().count("open: no token was issued") == 1


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), (b"", "it is empty"), (b"\xff", "holds no token")]
)
def test_a_token_file_that_holds_no_token_is_told(
    shell: Shell, tmp_path: Path, content: bytes | None, why: str
) -> None:
    token_file = tmp_path / "token"
    if content is not None:
        token_file.touch(0o600)
        token_file.write_bytes(content)
    environ = {"SIGNOFF_URL": "http://127.0.0.1:1", "SIGNOFF_TOKEN_FILE": str(token_file)}
    answer = shell("gate", "list", "--json", environ=environ)
    assert code_of(answer) == (2, "unreadable-file")
    assert why in answer.document["error"]


def test_programs_sign_in_with_a_token_of_theirs(home: Shell, url: str) -> None:
    token = (home.directory / "token").read_text("ascii").strip()
    with pytest.raises(NotSignedInError), signoff.connect(url) as nobody:
        nobody.gate("deploy-42", "ship")
    for damaged in (" ", f"{token[:9]} {token[9:]}", f"{token}\u200b"):
        with pytest.raises(InvalidInputError, match="as it was shown") as refused, signoff.connect(url, damaged):
            """It is not sent."""
        assert token[9:] not in refused.value.message
    (home.directory / "damaged").touch(0o600)
    (home.directory / "damaged").write_text(f"{token[:9]} {token[9:]}\n", "ascii")
    environ = {"SIGNOFF_URL": url, "SIGNOFF_TOKEN_FILE": "damaged"}
    assert code_of(home("gate", "list", "--json", environ=environ)) == (2, "invalid-token")
    with signoff.connect(url, f"{token}\n") as client:
        assert client.actor is None
        assert client.reply("deploy-42", "ship", "yes").actor == "ada"


def test_a_server_that_others_can_reach_does_not_start_without_a_token(shell: Shell) -> None:
    answer = shell("up", "--host", "0.0.0.0", "--port", "0", "--json")  # noqa: S104
    assert code_of(answer) == (2, "host-not-loopback")
    assert "signoff token create" in answer.document["error"]
