"""Asking a person at the terminal, while the same gate can be answered from anywhere else.

If somebody else answers first, the question goes away by itself and says who it was.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import questionary

from signoff.cli.failure import receipt_line
from signoff.cli.output import say
from signoff.cli.terminal import one_line
from signoff.clock import new_ulid
from signoff.errors import GateFinalError, LedgerUnavailableError

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

LOOK_S = 1.0


def ask_at_console(backend: Backend, gate: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask for the decision and a rationale; the receipt of the answer that counted, whoever gave it.

    Raises:
        KeyboardInterrupt: the person left; the gate stays open.
    """
    with _Elsewhere(backend, gate) as elsewhere:
        choices = [
            questionary.Choice(one_line(choice["label"]), value=choice["key"]) for choice in gate["prompt"]["choices"]
        ]
        choice = elsewhere.ask(questionary.select("Your decision", choices=choices))
        rationale = elsewhere.ask(questionary.text("Rationale (optional)"))
        if elsewhere.receipt is not None:
            return _told(elsewhere.receipt)
    payload = {"choice": choice, **({"rationale": rationale} if rationale.strip() else {})}
    body = {
        "payload": payload,
        "dedupeKey": f"console-{new_ulid()}",
        "promptDigest": gate["prompt"]["digest"],
        "origin": "console",
    }
    try:
        receipt: Mapping[str, Any] = backend.reply(gate["workflowID"], gate["gateKey"], body)["receipt"]
    except GateFinalError as error:
        return _told(error.receipt or {})
    return receipt


class _Elsewhere:
    """Watches the gate beside the question, and ends the question when somebody else has answered."""

    def __init__(self, backend: Backend, gate: Mapping[str, Any]) -> None:
        self.receipt: Mapping[str, Any] | None = None
        self._backend = backend
        self._gate = gate
        self._question: questionary.Question | None = None
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="signoff-elsewhere", daemon=True)

    def __enter__(self) -> _Elsewhere:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join(LOOK_S * 3)

    def ask(self, question: questionary.Question) -> Any:
        """The answer; None once the gate was answered elsewhere."""
        if self.receipt is not None:
            return None
        self._question = question
        try:
            return question.unsafe_ask()
        finally:
            self._question = None

    def _watch(self) -> None:
        while not self._left.is_set():
            try:
                view = self._backend.gate(self._gate["workflowID"], self._gate["gateKey"], LOOK_S)
            except LedgerUnavailableError:
                self._left.wait(LOOK_S)
                continue
            if view.get("receipt"):
                self.receipt = view["receipt"]
                self._end_question()
                return

    def _end_question(self) -> None:
        application = None if self._question is None else self._question.application
        loop = None if application is None else application.loop
        if application is not None and loop is not None and application.is_running:
            loop.call_soon_threadsafe(application.exit)


def _told(receipt: Mapping[str, Any]) -> Mapping[str, Any]:
    say(f"Answered meanwhile: {receipt_line(receipt)}.", bold=True)
    return receipt
