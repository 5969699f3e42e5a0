"""Outputs are hashed where they are, and nothing outside of the repository is."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest
from spec_repositories import make_repository, write

from signoff.errors import StepFailedError
from signoff.runners.spec import outputs
from signoff.runners.spec.outputs import TEXT_BYTES_MAX, Found, look_at


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", {"docs/a.md": "# A\n"})


def look(root: Path, path: str) -> Found | None:
    return look_at(root, path, hidden=root / ".signoff")


def test_a_text_is_kept_with_its_digest(root: Path) -> None:
    assert look(root, "docs/a.md") == Found(sha256(b"# A\n"), 4, "# A\n")


@pytest.mark.parametrize(
    ("data", "is_kept"),
    [
        (b"", True),
        ("Grüße\r\n\ufeff".encode(), True),
        (b"\x1b[31m", True),
        (b"a\0b", False),
        (b"\xff\xfe", False),
        (b"x" * TEXT_BYTES_MAX, True),
        (b"x" * (TEXT_BYTES_MAX + 1), False),
        (b"x" * 3_000_000, False),
    ],
    ids=["empty", "unicode", "controls", "NUL", "no UTF-8", "at the limit", "over the limit", "large"],
)
def test_what_is_kept_hashes_to_the_digest_or_is_not_kept(root: Path, data: bytes, is_kept: bool) -> None:
    (root / "out").write_bytes(data)
    found = look(root, "out")
    assert found is not None
    assert (found.sha256, found.bytes) == (sha256(data), len(data))
    assert found.text == (data.decode() if is_kept else None)


@pytest.mark.parametrize("path", ["gone", "docs/gone", "gone/deeper", "docs/a.md/deeper", "dangling"])
def test_what_is_not_there_is_missing(root: Path, path: str) -> None:
    (root / "dangling").symlink_to("docs/nowhere")
    assert look(root, path) is None


def test_a_pipe_or_a_socket_is_no_output_and_nothing_waits_for_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert [look(root, "pipe"), look(root, "socket")] == [None, None]


def test_links_that_stay_inside_are_followed(root: Path) -> None:
    (root / "link.md").symlink_to("docs/a.md")
    (root / "link").symlink_to("docs")
    assert look(root, "link.md") == look(root, "link/a.md") == look(root, "docs/a.md")


@pytest.mark.parametrize(
    "path",
    ["../secret", "docs/../../secret", "/etc/passwd", "~/.ssh", "file", "parent/secret", "parent/gone", "dangling",
     "loop", ".git/config", ".Git/config", "config", ".signoff/signing-key", ".signoff", "key", ".", "whole"],
)  # fmt: skip
def test_what_leaves_the_repository_or_is_gits_or_signoffs_is_refused(root: Path, path: str) -> None:
    outside = root.parent
    (outside / "secret").write_text("secret\n")
    write(root, {".signoff/signing-key": "secret\n"})
    links = {
        "file": outside / "secret", "parent": outside, "dangling": outside / "gone", "loop": root / "loop",
        "config": root / ".git/config", "key": root / ".signoff/signing-key", "whole": root,
    }  # fmt: skip
    for name, target in links.items():
        (root / name).symlink_to(target)
    with pytest.raises(StepFailedError) as caught:
        look(root, path)
    assert caught.value.code == "output-escapes"
    assert "secret\n" not in caught.value.message


def test_a_folder_is_the_list_of_its_files_by_path(root: Path) -> None:
    write(root, {"site/b.txt": "b", "site/a/z.txt": "z", "site/a.txt": "a"})
    lines = [f"{sha256(b'a')}  a.txt", f"{sha256(b'z')}  a/z.txt", f"{sha256(b'b')}  b.txt"]
    listing = "".join(f"{line}\n" for line in lines)
    assert look(root, "site") == Found(sha256(listing.encode()), 3, listing)


def test_every_change_in_a_folder_changes_its_digest(root: Path) -> None:
    write(root, {"site/a.txt": "a"})
    digests = [look(root, "site")]
    for change in (
        lambda: write(root, {"site/a.txt": "b"}),
        lambda: (root / "site/a.txt").rename(root / "site/b.txt"),
        lambda: write(root, {"site/c/d.txt": ""}),
        lambda: (root / "site/e").symlink_to("c"),
        lambda: os.mkfifo(root / "site/f"),
    ):
        change()
        digests.append(look(root, "site"))
    assert len({found.sha256 for found in digests if found is not None}) == 6


def test_links_in_a_folder_are_what_they_are_and_never_followed(root: Path) -> None:
    (root.parent / "secret").write_text("secret\n")
    write(root, {"site/a.txt": "a"})
    (root / "site/out").symlink_to(root.parent / "secret")
    (root / "site/up").symlink_to("..")
    found = look(root, "site")
    assert found is not None
    assert found.text is not None
    assert found.text.splitlines() == [
        f"{sha256(b'a')}  a.txt", f"link to {root.parent / 'secret'}  out", "link to ..  up"
    ]  # fmt: skip
    assert found.bytes == 1


def test_names_that_could_pass_for_other_lines_are_quoted(root: Path) -> None:
    names = ["a\nb", 'c"d', '"e"', "f  g", "\udcff"]
    (root / "site").mkdir()
    for name in names:
        (root / "site" / name).touch()
    found = look(root, "site")
    assert found is not None
    assert found.text is not None
    shown = [line.partition("  ")[2] for line in found.text.splitlines()]
    assert sorted(shown) == sorted(['"a\\nb"', 'c"d', '"\\"e\\""', '"f  g"', '"\\udcff"'])


def test_gits_and_signoffs_folders_in_a_folder_are_left_out(root: Path) -> None:
    write(root, {"site/a.txt": "a", "site/.git/config": "x", "site/.signoff/signing-key": "x"})
    found = look_at(root, "site", hidden=root / "site/.signoff")
    assert found is not None
    assert found.text == f"{sha256(b'a')}  a.txt\n"


def test_a_folder_of_too_many_files_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "FILES_MAX", 2)
    write(root, {"site/a": "", "site/b": ""})
    assert look(root, "site") is not None
    write(root, {"site/c/d": ""})
    with pytest.raises(StepFailedError, match="'site' holds more than 2 files"):
        look(root, "site")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_fails_the_step_with_its_path(root: Path) -> None:
    (root / "docs/a.md").chmod(0)
    with pytest.raises(StepFailedError, match=r"'docs/a\.md' cannot be read"):
        look(root, "docs/a.md")
