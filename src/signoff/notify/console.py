"""The console: a line in the worker's log. The target is the line's level."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from signoff.app.deliver_notice import Notice
from signoff.notify.facts import one_line
from signoff.notify.words import Words

_log = logging.getLogger("signoff.notify")
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING}


class ConsoleChannel:
    def __init__(self, words: Words) -> None:
        self._words = words

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        _log.log(_LEVELS[target], "%s", one_line(self._words.say("console", "txt", notice)))
        return None
