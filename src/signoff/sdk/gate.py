"""A gate as a program holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.errors import GateCancelledError, GateTimedOutError
from signoff.gates.gate import State
from signoff.sdk.backend import Backend, Wire
from signoff.sdk.receipt import Receipt, read_receipt
from signoff.sdk.wait import Patience, wait_until_final


class Gate:
    """What was last seen of a gate; `refresh` and `wait` look again."""

    def __init__(self, backend: Backend, view: Mapping[str, Any]) -> None:
        self._backend = backend
        self._view: Wire = dict(view)

    def __repr__(self) -> str:
        return f"<Gate {self.workflow_id} {self.key} {self.state}>"

    @property
    def workflow_id(self) -> str:
        return str(self._view["workflowID"])

    @property
    def key(self) -> str:
        return str(self._view["gateKey"])

    @property
    def title(self) -> str:
        return str(self._view["prompt"]["title"])

    @property
    def prompt_digest(self) -> str:
        """Names what is asked; an answer that names it is refused once something else is asked."""
        return str(self._view["prompt"]["digest"])

    @property
    def state(self) -> str:
        """PENDING, RECEIVED (somebody decided), TIMED_OUT or CANCELLED."""
        return str(self._view["state"])

    @property
    def deadline_at(self) -> int:
        """Epoch milliseconds."""
        return int(self._view["deadlineAt"])

    @property
    def receipt(self) -> Receipt | None:
        """None while the gate is PENDING."""
        wire = self._view.get("receipt")
        return None if wire is None else read_receipt(wire, self._view["prompt"])

    @property
    def view(self) -> Wire:
        """All that is known of it, in the wire form."""
        return dict(self._view)

    def refresh(self) -> Gate:
        self._view = self._backend.gate(self.workflow_id, self.key)
        return self

    def wait(self, timeout_s: float | None = None) -> Receipt:
        """Wait for the decision: any choice, also one that refuses (`receipt.is_approved`).

        A caller that dies finds the same gate, or its receipt, when it opens it again.

        Raises:
            TimeoutError: `timeout_s` is over and the gate still PENDING; it stays open.
            GateTimedOutError: its own deadline passed first. GateCancelledError: what it belongs to ended first.
        """
        self._view = wait_until_final(self._backend, self._view, timeout_s)
        return self.decided_or_raise(timeout_s)

    def patience(self) -> Patience:
        """For those who wait in a way of their own: looks at this gate, to be given to `take`."""
        return Patience(self._backend, self.workflow_id, self.key)

    def take(self, view: Wire | None) -> None:
        """What was seen; None where nothing could be."""
        self._view = view or self._view

    def decided_or_raise(self, timeout_s: float | None = None) -> Receipt:
        """The receipt of what was last seen, or the errors of `wait`."""
        wire, receipt = self._view.get("receipt"), self.receipt
        match self.state:
            case State.TIMED_OUT:
                raise GateTimedOutError(
                    f"Gate {self.key} of {self.workflow_id} timed out; nobody decided.", receipt=wire
                )
            case State.CANCELLED:
                raise GateCancelledError(
                    f"Gate {self.key} of {self.workflow_id} was cancelled before anybody decided.", receipt=wire
                )
        if receipt is None:
            waited = "" if timeout_s is None else f" after {timeout_s:g} s"
            raise TimeoutError(
                f"Gate {self.key} of {self.workflow_id} is still open{waited}; opening it again finds it."
            )
        return receipt
