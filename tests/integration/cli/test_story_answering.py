"""A commit message in the editor of whoever decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.cli.story.answering import edit_message
from signoff.errors import InvalidInputError


@pytest.mark.parametrize(
    ("editor", "why"),
    [
        ("no-such-editor --wait", "The editor 'no-such-editor --wait' is not installed. Set EDITOR"),
        ("./plain.txt", "cannot be started (Permission denied)"),
        ("vi 'unended", "is no command: a quotation in it has no end"),
        ("false", "ended with exit code 1"),
        ("sh -c 'kill -9 $$'", "was ended by signal 9"),
        ("rm -f", "has left no message"),
        ("cp latin.txt", "What the editor has left is not UTF-8 at byte 4"),
        ("truncate --size=0", "A commit message is text"),
    ],
)
def test_an_editor_that_gives_no_message_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, editor: str, why: str
) -> None:
    (tmp_path / "plain.txt").write_text("no program")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VISUAL", " ")
    monkeypatch.setenv("EDITOR", editor)
    with pytest.raises(InvalidInputError) as refused:
        edit_message("feat: areas")
    assert why in refused.value.message
    assert refused.value.code in ("editor-failed", "invalid-commit-message")


def test_what_the_editor_leaves_is_the_message_without_the_line_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "sed -i s/areas/ländern/")
    assert edit_message("feat: areas\n\n# kept") == "feat: ländern\n\n# kept"
