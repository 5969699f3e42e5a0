"""Questions at the terminal that go away by themselves once the gate that they are about has ended elsewhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from signoff.cli.console.leaving import ask_or_leave
from signoff.errors import SignoffError

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from questionary import Question

    from signoff.sdk.backend import Backend

#: How long one look at the gate waits for its end, and how often an open question asks whether it was seen.
LOOK_S = 1.0
GLANCE_S = 0.1


class EndedElsewhereError(Exception):
    """Not a refusal, but news: the gate's end, as a receipt. It never leaves the console."""

    def __init__(self, receipt: Mapping[str, Any]) -> None:
        super().__init__(receipt["state"])
        self.receipt = receipt


class Elsewhere:
    """Watches a gate beside the questions that are asked about it."""

    def __init__(self, backend: Backend, gate: Mapping[str, Any]) -> None:
        self._backend = backend
        self._gate = gate
        self._receipt: Mapping[str, Any] | None = None
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="signoff-elsewhere", daemon=True)

    def __enter__(self) -> Elsewhere:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join(LOOK_S * 3)

    def ask(self, question: Question) -> Any:
        """The answer.

        Raises:
            EndedElsewhereError: the gate has ended; the question is gone from the screen.
            KeyboardInterrupt: the person left, by Ctrl-C, by Ctrl-D, or by closing the input.
        """
        self._raise_if_ended()
        application = question.application

        def begin() -> None:
            application.create_background_task(self._end_in_time(application))

        application.pre_run_callables.append(begin)
        answer = ask_or_leave(question)
        self._raise_if_ended()
        return answer

    async def _end_in_time(self, application: Application[Any]) -> None:
        while self._receipt is None:
            await asyncio.sleep(GLANCE_S)
        # Whoever pressed Enter at this very moment has ended the question already.
        if not application.is_done:
            application.erase_when_done = True
            application.exit()

    def _raise_if_ended(self) -> None:
        if self._receipt is not None:
            raise EndedElsewhereError(self._receipt)

    def _watch(self) -> None:
        while not self._left.is_set():
            try:
                view = self._backend.gate(self._gate["workflowID"], self._gate["gateKey"], LOOK_S)
            except SignoffError:
                # What is wrong is said when the answer is given; until then it may have passed.
                self._left.wait(LOOK_S)
                continue
            if view.get("receipt"):
                self._receipt = view["receipt"]
                return
