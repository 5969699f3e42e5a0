"""What is shown of a run while it works: lines, what programs write, and at a terminal a line of progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.cli.call import Call
from signoff.cli.output import say
from signoff.cli.terminal import is_terminal, sanitise, styled

if TYPE_CHECKING:
    from rich.status import Status

_MARGIN = "  | "


class Screen:
    """`is_silent`: nothing is shown (`--json`). Programs' output passes `sanitise`, as everything does."""

    def __init__(self, *, is_silent: bool, is_live: bool) -> None:
        self._is_silent = is_silent
        self._is_live = is_live and not is_silent
        self._status: Status | None = None

    def line(self, text: str = "", **style: bool | str) -> None:
        if self._is_silent:
            return
        if self._status is None:
            say(text, **style)
        else:
            # Through what stands in for standard output while there is a line of progress.
            print(styled(sanitise(text), **style))

    def output(self, text: str) -> None:
        """One line of what a program wrote. Of a line that was written over, its end is what was to be seen."""
        self.line(_MARGIN + text.rstrip("\r").rpartition("\r")[2], dim=True)

    def progress(self, text: str) -> None:
        if not self._is_live:
            return
        if self._status is None:
            self._status = _status()
            self._status.start()
        from rich.text import Text

        self._status.update(Text(sanitise(text)))

    def rest(self) -> None:
        """Take the line of progress away, so that somebody can be asked."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def screen_for(call: Call) -> Screen:
    return Screen(is_silent=call.is_json, is_live=is_terminal())


def _status() -> Status:
    from rich.console import Console

    return Console().status("")
