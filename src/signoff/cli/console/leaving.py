"""Every question at the terminal can be left: by Ctrl-C, by Ctrl-D, and by a signal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPressEvent
    from questionary import Question


def ask_or_leave(question: Question) -> Any:
    """The answer.

    Raises:
        KeyboardInterrupt: the person left, by Ctrl-C, by Ctrl-D, or by closing the input.
    """
    _let_leave(question)
    try:
        # A signal is asyncio's: prompt_toolkit forgets one that comes when the question is just answered.
        return question.application.run(handle_sigint=False)
    except EOFError:
        raise KeyboardInterrupt from None


def _let_leave(question: Question) -> None:
    """Ctrl-D is how the end of the input is typed; lists do not know it, and an empty line leaves already."""
    from prompt_toolkit.key_binding import KeyBindings

    bindings = question.application.key_bindings
    if isinstance(bindings, KeyBindings):

        @bindings.add("c-d", eager=True)
        def leave(event: KeyPressEvent) -> None:
            event.app.exit(exception=KeyboardInterrupt)
