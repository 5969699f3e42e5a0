"""Waiting for a gate, through lost connections and restarts of whatever answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from signoff.errors import LedgerUnavailableError, OperationError
from signoff.gates.gate import State
from signoff.sdk.backend import Backend, Wire

#: A server that is restarted or a database that fails over is back within this time, or the waiting ends.
OUTAGE_S_MAX = 60.0
RETRY_S = 0.5
#: How long after its deadline a gate may still be PENDING, before we say that nothing ends it.
OVERDUE_S_MAX = 60.0
LOOK_S = 25.0


class Patience:
    """Takes one look at a time, and knows how long things have gone wrong."""

    def __init__(self, backend: Backend, workflow_id: str, gate_key: str) -> None:
        self._backend = backend
        self._workflow_id = workflow_id
        self._gate_key = gate_key
        self._out_since: float | None = None
        self._overdue_since: float | None = None

    def look(self, timeout_s: float) -> Wire | None:
        """The gate's view, final or after `timeout_s`; None where it could not be read this time.

        Raises:
            LedgerUnavailableError: for too long now. OperationError: (`deadline-not-kept`).
        """
        try:
            view = self._backend.gate(self._workflow_id, self._gate_key, timeout_s)
        except LedgerUnavailableError:
            self._out_since = self._out_since or time.monotonic()
            if time.monotonic() - self._out_since > OUTAGE_S_MAX:
                raise
            return None
        self._out_since = None
        self._check_deadline(view)
        return view

    def _check_deadline(self, view: Wire) -> None:
        is_overdue = view["state"] == State.PENDING and self._backend.now() > view["deadlineAt"]
        # Counted from when it was first seen: the clock of what ends gates may be behind.
        self._overdue_since = (self._overdue_since or time.monotonic()) if is_overdue else None
        if self._overdue_since is not None and time.monotonic() - self._overdue_since > OVERDUE_S_MAX:
            raise OperationError(
                f"The deadline of gate {self._gate_key} has passed and nothing ends the gate: is a worker running?",
                code="deadline-not-kept",
                details={"deadlineAt": view["deadlineAt"]},
            )


def wait_until_final(
    backend: Backend,
    view: Wire,
    timeout_s: float | None = None,
    *,
    look_s: float = LOOK_S,
    on_look: Callable[[Wire], Any] | None = None,
) -> Wire:
    """The gate's view once it is final, or PENDING when `timeout_s` is over. `on_look` is called with what was seen at
    least every `look_s` seconds."""
    patience = Patience(backend, view["workflowID"], view["gateKey"])
    ends_at = None if timeout_s is None else time.monotonic() + timeout_s
    # A view that says PENDING may be old: it is looked at once, however little time there is.
    is_first = True
    while view["state"] == State.PENDING:
        left_s = look_s if ends_at is None else ends_at - time.monotonic()
        if left_s <= 0 and not is_first:
            break
        is_first = False
        if on_look is not None:
            on_look(view)
        seen = patience.look(max(0.0, min(left_s, look_s)))
        if seen is None:
            time.sleep(min(RETRY_S, max(0.0, left_s)))
        view = seen or view
    return view
