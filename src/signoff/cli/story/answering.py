"""What a person at a terminal is asked at a checkpoint; or what a script has said instead."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.cli.files import read_file
from signoff.errors import InvalidInputError
from signoff.stories.changes import clean_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import questionary

    from signoff.stories.choices import Action

    Ask = Callable[[questionary.Question], Any]

_COMMENT = "# What stands above is the message; this line is left out."


@dataclass(frozen=True)
class Said:
    """The options of the command. `choice` is as typed; `message` that of `--message-file`."""

    choice: str | None = None
    rationale: str | None = None
    message: str | None = None
    no_commit: bool = False


def is_attended() -> bool:
    """Whether somebody sits there to be asked: standard output may be caught by whoever called."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask_action(ask: Ask, actions: Sequence[Action]) -> Action:
    """By the arrows or the number; other keys do nothing."""
    import questionary

    choices = [questionary.Choice(one.label, value=one, shortcut_key=str(one.number)) for one in actions]
    chosen: Action = ask(
        questionary.select(
            "Your decision",
            choices=choices,
            use_shortcuts=True,
            use_jk_keys=False,
            instruction="(number or arrows, Enter)",
            output=_stderr(),
        )
    )
    return chosen


def ask_rationale(ask: Ask) -> str | None:
    import questionary

    said: str = ask(questionary.text("Rationale (optional)", output=_stderr()))
    return said.strip() or None


def message_of(path: Path) -> str:
    """
    Raises:
        InvalidInputError: `unreadable-file`, `invalid-commit-message`.
    """
    return clean_message(_text_of(read_file(path), str(path)))


def edit_message(message: str) -> str:
    """The message as the person's editor leaves it.

    Raises:
        InvalidInputError: (`editor-failed`) there is no such editor, it failed, or the message is empty.
    """
    with tempfile.TemporaryDirectory(prefix="signoff-message-") as folder:
        path = Path(folder) / "COMMIT_EDITMSG"
        path.write_text(f"{message}\n\n{_COMMENT}\n", "utf-8")
        _run_editor(path)
        written = _text_of(_left_by_editor(path), "What the editor has left")
    kept = "\n".join(line for line in written.splitlines() if line != _COMMENT)
    return clean_message(kept)


def _text_of(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        why = f"{what} is not UTF-8 at byte {error.start + 1}; write it as UTF-8."
        raise InvalidInputError(why, code="invalid-commit-message") from None


def _run_editor(path: Path) -> None:
    editor = next(filter(str.strip, (os.environ.get("VISUAL", ""), os.environ.get("EDITOR", ""))), "vi")
    try:
        # Standard output may be caught; an editor needs the terminal.
        done = subprocess.run([*shlex.split(editor), str(path)], stdout=sys.stderr, check=False)
    except FileNotFoundError:
        raise _editor_failed(editor, "is not installed") from None
    except OSError as error:
        raise _editor_failed(editor, f"cannot be started ({error.strerror})") from None
    except ValueError:
        raise _editor_failed(editor, "is no command: a quotation in it has no end") from None
    if done.returncode != 0:
        how = (
            f"ended with exit code {done.returncode}"
            if done.returncode > 0
            else f"was ended by signal {-done.returncode}"
        )
        raise _editor_failed(editor, how)


def _left_by_editor(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        why = "The editor has left no message, so that nothing is changed."
        raise InvalidInputError(why, code="editor-failed") from None


def _editor_failed(editor: str, how: str) -> InvalidInputError:
    advice = "Set EDITOR to one that is, or give the message with --message-file."
    return InvalidInputError(f"The editor {editor!r} {how}. {advice}", code="editor-failed", details={"editor": editor})


def _stderr() -> Any:
    from prompt_toolkit.output import create_output

    return create_output(stdout=sys.stderr)
