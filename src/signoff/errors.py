"""Every error that signoff raises on purpose.

The first split says whose move it is: the caller's, a document's author's, or ours.

    SignoffError
    ├── CallerError                  the caller can put it right
    │   ├── InvalidInputError        not understood or out of bounds; nothing was written
    │   │   ├── QueuePolicyError
    │   │   └── RequirementError     understood, but the gate asks for more (a rationale, ticked items)
    │   ├── NotSignedInError
    │   ├── NotEntitledError
    │   ├── NotFoundError
    │   └── ConflictError            somebody or something was there first
    │       └── GateFinalError       carries the winner's receipt
    │           ├── GateDecidedError
    │           ├── GateTimedOutError
    │           └── GateCancelledError
    ├── DocumentError                a file's author can put it right; names file and line
    │   ├── MissionError
    │   ├── NotifyFileError
    │   ├── PolicyError
    │   ├── SettingsError
    │   └── SpecError
    ├── DiagnosticError              a mission's command stopped; says which rule, and how to go on
    │   └── MoveRefusedError         no such edge, or its guard is not met; nothing was written
    └── OperationError               the operator, or we
        ├── DeliveryError            a notice did not get through; it is tried again
        ├── LedgerUnavailableError   nothing was written, but where this says so:
        │   └── OutcomeUnknownError      the connection was lost while it was committed: it may be written or not
        ├── SchemaVersionError
        ├── StepFailedError          a step of a run did not succeed; the run ends, the process goes on
        └── MissingProgramError      a program or an extra that the settings ask for is not installed

`code` is stable and kebab-case; the reference documents each. `details` holds facts as JSON values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SignoffError(Exception):
    """The root: one sentence, a stable code, and the facts."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details: dict[str, Any] = dict(details or {})


class CallerError(SignoffError):
    code = "caller-error"


class InvalidInputError(CallerError):
    code = "invalid-input"


class QueuePolicyError(InvalidInputError):
    """A queue that is not `intentQ`, or a missing partition key while partitioning is on."""

    code = "queue_policy_violation"


class RequirementError(InvalidInputError):
    code = "requirement-not-met"


class NotSignedInError(CallerError):
    code = "not-signed-in"


class NotEntitledError(CallerError):
    code = "not-entitled"


class NotFoundError(CallerError):
    code = "not-found"


class ConflictError(CallerError):
    """`receipt` is the winner's, where there is one."""

    code = "conflict"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        receipt: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.receipt = None if receipt is None else dict(receipt)


class GateFinalError(ConflictError):
    code = "gate-final"


class GateDecidedError(GateFinalError):
    code = "gate-decided"


class GateTimedOutError(GateFinalError):
    code = "gate-timed-out"


class GateCancelledError(GateFinalError):
    code = "gate-cancelled"


class DocumentError(SignoffError):
    """Something in a file: `path`, and `line` (from 1) where one can be named."""

    code = "invalid-document"

    def __init__(self, message: str, *, path: str, line: int | None = None, code: str | None = None) -> None:
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {message}", code=code, details={"path": path, "line": line})
        self.path = path
        self.line = line


class PolicyError(DocumentError):
    """A folder of risk policies; `details["problems"]` has everything that is wrong with its files."""

    code = "invalid-policy"


class MissionError(DocumentError):
    """A file of a mission; `details["problems"]` has everything that is wrong with it."""

    code = "invalid-mission"


class NotifyFileError(DocumentError):
    """`notify.yaml`; `details["problems"]` has everything that is wrong with it."""

    code = "invalid-notify-file"


class SettingsError(DocumentError):
    code = "invalid-settings"


class SpecError(DocumentError):
    """A spec or its compiled file; `details["problems"]` has everything that is wrong with it."""

    code = "invalid-spec"


class DiagnosticError(SignoffError):
    """A command of a mission that stopped: at what (`diagnostic_code`, one of `missions.finding`), what to do about it
    (`remediation`), and whatever else is known in `details`, the members of its JSON document."""

    code = "mission-diagnostic"

    def __init__(
        self,
        message: str,
        *,
        diagnostic_code: str,
        remediation: str,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code or diagnostic_code.lower().replace("_", "-"), details=details)
        self.diagnostic_code = diagnostic_code
        self.remediation = remediation

    def to_wire(self) -> dict[str, Any]:
        """Flat, as programs read it."""
        return {"diagnostic_code": self.diagnostic_code, "remediation": self.remediation, **self.details}


class MoveRefusedError(DiagnosticError):
    code = "move-refused"


class OperationError(SignoffError):
    code = "operation-failed"


class DeliveryError(OperationError):
    """`retry_after_s`: how long the receiver asked to be left alone."""

    code = "delivery-failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.retry_after_s = retry_after_s


class LedgerUnavailableError(OperationError):
    code = "ledger-unavailable"


class OutcomeUnknownError(LedgerUnavailableError):
    code = "outcome-unknown"


class SchemaVersionError(OperationError):
    code = "schema-version"


class StepFailedError(OperationError):
    """`artifacts` (as in `app.steps`) are what the step left behind when it failed; they are kept with the run."""

    code = "step-failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        artifacts: Sequence[Any] = (),
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.artifacts = tuple(artifacts)


class MissingProgramError(OperationError):
    code = "missing-program"
