"""The fields of a gate's form, asked one by one at the terminal by their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import questionary

from signoff.cli.gate.answer import read_fields
from signoff.cli.terminal import cut, one_line, sanitise, width
from signoff.errors import InvalidInputError

Ask = Callable[[questionary.Question], Any]

LABEL_COLUMNS_MAX = 200
#: What the pointer, the indicator and the edge take of a line.
_POINTER_COLUMNS = 7

_LEFT_OUT = object()


def label(text: str) -> str:
    """A stranger's words as one line of a list, cut where the screen ends."""
    return cut(one_line(text), max(10, (width() or LABEL_COLUMNS_MAX) - _POINTER_COLUMNS))


def ask_field(ask: Ask, field: Mapping[str, Any], said: Any, *, is_required: bool) -> Any:
    """The field's value, None where it is left out. `said` is what stands there already, if anything does."""
    about = "" if is_required else ", optional"
    message = f"{cut(one_line(field.get('title') or field['k']), LABEL_COLUMNS_MAX)} ({field['t']}{about})"
    match field["t"]:
        case "enum":
            return _one_of(ask, message, [(value, value) for value in field["vs"]], said, is_required=is_required)
        case "bool":
            return _one_of(ask, message, [("Yes", True), ("No", False)], said, is_required=is_required)
        case _:
            return _typed(ask, message, field, said, is_required=is_required)


def _one_of(ask: Ask, message: str, values: Sequence[tuple[str, Any]], said: Any, *, is_required: bool) -> Any:
    choices = [questionary.Choice(label(shown), value=value) for shown, value in values]
    if not is_required:
        choices.append(questionary.Choice("(leave it out)", value=_LEFT_OUT))
    default = next((choice for choice in choices if choice.value == said), None)
    answer = ask(questionary.select(message, choices=choices, default=default))
    return None if answer is _LEFT_OUT else answer


def _typed(ask: Ask, message: str, field: Mapping[str, Any], said: Any, *, is_required: bool) -> Any:
    def check(text: str) -> bool | str:
        if not text.strip():
            return "This has to be filled in." if is_required else True
        try:
            _read(field, text)
        except InvalidInputError as error:
            return error.message
        return True

    is_long = field["t"] == "text"
    default = str(said) if isinstance(said, str | int | float) else ""
    shown = sanitise(default) if is_long else one_line(default)
    text = ask(questionary.text(message, default=shown, validate=check, multiline=is_long))
    return _read(field, text) if text.strip() else None


def _read(field: Mapping[str, Any], text: str) -> Any:
    return read_fields([f"{field['k']}={text}"], {"formSchema": {"fields": [field]}})[field["k"]]
