"""Whatever else Apprise speaks (extra `notify`). A target is one of its URLs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from signoff.app.deliver_notice import Notice
from signoff.errors import DeliveryError, MissingProgramError
from signoff.notify.facts import one_line
from signoff.notify.words import Words


class AppriseChannel:
    """
    Raises:
        MissingProgramError: the extra is not installed.
    """

    def __init__(self, words: Words) -> None:
        if find_spec("apprise") is None:
            raise MissingProgramError(
                "A channel of the kind apprise needs what is not installed: pip install 'signoff[notify]'"
            )
        self._words = words
        # It logs URLs, and its URLs hold secrets.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        title = one_line(self._words.say("apprise", "title.txt", notice))
        one = import_module("apprise").Apprise()
        if not one.add(target):
            raise DeliveryError("Apprise does not understand this URL.")
        if not one.notify(title=title, body=self._words.say("apprise", "txt", notice), body_format="text"):
            raise DeliveryError("Apprise could not deliver it.")
        return None
