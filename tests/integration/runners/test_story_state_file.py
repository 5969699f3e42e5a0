"""The state file on the disk: read however it is encoded, written whole, never over somebody's change."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from story_checkpoints import PO, state_of, write_state

from signoff.errors import ConflictError, DocumentError, InvalidInputError, NotFoundError, OperationError
from signoff.runners.story import state_file
from signoff.runners.story.state_file import StateFile

DIE = """
import os, signal, sys
from pathlib import Path
from signoff.app import moments
from signoff.runners.story.state_file import StateFile

def die(moment):
    assert moment == moments.STATE_DRAFTED
    os.kill(os.getpid(), signal.SIGKILL)

moments.on_moment = die
file = StateFile(Path(sys.argv[1]))
with file.hold():
    seen = file.read()
    file.write(seen.with_pipeline(status="running"), instead_of=seen)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_state(tmp_path / "state" / "pipeline-state.json", state_of(PO))


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + '{"title": "Grün"}'.encode(),
        '{"title": "Grün"}'.replace(",", ",\r\n").encode(),
        '{"title": "Grün"}'.encode("utf-16"),
        '{"title": "Grün"}'.encode("cp1252"),
    ],
    ids=["byte order mark", "line ends", "utf-16", "cp1252"],
)
def test_files_are_read_in_whatever_encoding_they_came(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(data)
    assert StateFile(path).read().raw == {"title": "Grün"}


def test_bytes_of_no_encoding_are_kept_one_for_one(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b'{"title": "a\x81\xff"}')
    assert StateFile(path).read().raw == {"title": "a\x81\xff"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '{"ünï": "日本 €", "bad": "§", "pipeline": {"error": null}}'.encode().replace(b"\xc2\xa7", b"\xff"),
            "sch\\u00f6n",
        ),
        ('{"title": "Grün €", "pipeline": {"error": null}}'.encode("cp1252"), "sch\\u00f6n"),
        ('{"title": "Grün €", "pipeline": {"error": null}}'.encode(), "schön"),
        ('\ufeff{"v": 4.10,\r\n "pipeline": {"error": null}}\r\n'.encode(), "schön"),
        ('\ufeff{"title": "Grün \ud83d", "pipeline": {"error": null}}'.encode("utf-16-le", "surrogatepass"), "schön"),
        ('\ufeff{"title": "Grün", "pipeline": {"error": null}}'.encode("utf-16-be"), "schön"),
    ],
    ids=["one bad byte", "cp1252", "utf-8", "byte order mark", "utf-16 le", "utf-16 be"],
)
def test_what_is_not_ours_stays_byte_for_byte(tmp_path: Path, before: bytes, after: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(before)
    file = StateFile(path)
    seen = file.read()
    with file.hold():
        file.write(seen.with_pipeline(error="schön"), instead_of=seen)
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(before[:2], "utf-8")
    assert path.read_bytes() == before.replace("null".encode(encoding), f'"{after}"'.encode(encoding))
    assert file.read().pipeline["error"] == "schön"


def test_half_a_character_of_utf_16_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes("{}".encode("utf-16") + b"\n")
    with pytest.raises(DocumentError, match="Invalid pipeline state: it is not utf-16"):
        StateFile(path).read()


def test_a_file_that_is_not_there_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    missing = StateFile(tmp_path / "none" / "state.json")
    with pytest.raises(NotFoundError, match=r"^Pipeline state not found: .*state\.json"):
        missing.read()
    with pytest.raises(NotFoundError), missing.hold():
        pass
    with pytest.raises(InvalidInputError, match="cannot be read"):
        StateFile(tmp_path).read()


def test_a_file_beyond_the_limit_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "STATE_BYTES_MAX", 100)
    with pytest.raises(DocumentError, match=f"{path}:1: Invalid pipeline state: it has more than 100 bytes"):
        StateFile(path).read()


def test_a_state_is_written_whole_with_the_files_mode_and_through_its_link(path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    file = StateFile(link)
    assert file.place == StateFile(path).place
    seen = file.read()
    with file.hold():
        file.write(seen.with_pipeline(status="running"), instead_of=seen)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert file.read() == seen.with_pipeline(status="running")
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208 - names are what it is about


def test_somebody_elses_change_is_never_written_over(path: Path) -> None:
    file = StateFile(path)
    seen = file.read()
    write_state(path, {**state_of(PO), "mine": True})
    before = path.read_bytes()
    with file.hold(), pytest.raises(ConflictError) as caught:
        file.write(seen.with_pipeline(status="running"), instead_of=seen)
    assert caught.value.code == "pipeline-state-changed"
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_same_content_laid_out_differently_is_no_change(path: Path) -> None:
    file = StateFile(path)
    seen = file.read()
    path.write_text(json.dumps(state_of(PO), indent=7).replace("\n", "\r\n"))
    with file.hold():
        file.write(seen, instead_of=seen)
    assert file.read() == seen
    assert b"\r\n       " in path.read_bytes()


def test_whoever_holds_the_file_is_waited_for(path: Path) -> None:
    order: list[str] = []
    file = StateFile(path)

    def write() -> None:
        with StateFile(path).hold():
            order.append("second")

    with file.hold():
        second = threading.Thread(target=write)
        second.start()
        order.append("first")
    second.join()
    assert order == ["first", "second"]


def test_a_death_before_the_file_is_replaced_leaves_the_old_one_and_its_draft_is_cleared(path: Path) -> None:
    before = path.read_bytes()
    died = subprocess.run([sys.executable, "-c", DIE, str(path)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 2
    with StateFile(path).hold():
        assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = StateFile(path)
    seen = file.read()
    monkeypatch.setattr(state_file, "_write_draft", refuse)
    with file.hold(), pytest.raises(InvalidInputError, match="cannot be written: Permission denied"):
        file.write(seen, instead_of=seen)


def test_a_file_that_does_not_read_back_is_no_success(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = StateFile(path)
    seen = file.read()
    monkeypatch.setattr(state_file, "_sync_folder", lambda _: write_state(path, {}))
    with file.hold(), pytest.raises(OperationError, match="does not hold what was written"):
        file.write(seen, instead_of=seen)
