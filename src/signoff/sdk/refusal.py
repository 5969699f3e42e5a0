"""A server's refusal, as the error that the ledger at hand would have raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.errors import (
    ConflictError,
    GateCancelledError,
    GateDecidedError,
    GateTimedOutError,
    InvalidInputError,
    LedgerUnavailableError,
    NotEntitledError,
    NotFoundError,
    NotSignedInError,
    OperationError,
    OutcomeUnknownError,
    QueuePolicyError,
    RequirementError,
    SignoffError,
)

_BY_CODE: Mapping[str, type[SignoffError]] = {
    "gate-decided": GateDecidedError,
    "gate-timed-out": GateTimedOutError,
    "gate-cancelled": GateCancelledError,
    "queue_policy_violation": QueuePolicyError,
    "justification-required": RequirementError,
    "items-required": RequirementError,
    "evidence-missing": RequirementError,
    "outcome-unknown": OutcomeUnknownError,
}

_BY_STATUS: Mapping[int, type[SignoffError]] = {
    400: InvalidInputError,
    401: NotSignedInError,
    403: NotEntitledError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidInputError,
    415: InvalidInputError,
    503: LedgerUnavailableError,
}


def error_of(status: int, problem: Mapping[str, Any]) -> SignoffError:
    """The error of a problem document `{error, code, details, receipt?}`."""
    code, message = str(problem["code"]), str(problem["error"])
    details = problem.get("details")
    facts = details if isinstance(details, dict) else {}
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, OperationError)
    if issubclass(kind, ConflictError):
        receipt = problem.get("receipt")
        return kind(message, code=code, details=facts, receipt=receipt if isinstance(receipt, dict) else None)
    return kind(message, code=code, details=facts)
