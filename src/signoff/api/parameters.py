"""Parameters of paths and queries, as the docs show them. Vocabulary and bounds are checked by the use cases."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from signoff.app.find import DOORS, SUBJECT_CHARS_MAX
from signoff.app.page import PAGE_MAX, ROWS_MAX
from signoff.gates.gate import RISK_LEVELS, State
from signoff.gates.keys import GATE_KEY_PATTERN, WORKFLOW_ID_PATTERN, check_workflow_id
from signoff.gates.requirement import ROLE_CHARS_MAX
from signoff.plans.run import Status

TIMEOUT_S_MAX = 30
_DIGITS_MAX = 19

EXAMPLE_WORKFLOW_ID = "deploy-2026-11-21"
EXAMPLE_GATE_KEY = "go-live"


def _plain_digits(text: Any) -> Any:
    """`+5`, ` 5`, `5.0` and `1_000` are integers to Python, and guesses to us."""
    if isinstance(text, str) and not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX):
        raise ValueError("must be an integer in plain decimal digits")
    return text


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("must be printable text")
    return text


def _integer(least: int, most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})


def _words(words: list[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": words})


_Digits = BeforeValidator(_plain_digits)

WorkflowIdInPath = Annotated[
    str,
    Path(alias="workflowId", description="A run's or a workflow's id."),
    WithJsonSchema({"type": "string", "pattern": WORKFLOW_ID_PATTERN, "examples": [EXAMPLE_WORKFLOW_ID]}),
]
GateKeyInPath = Annotated[
    str,
    Path(alias="gateKey", description="The key of a gate."),
    WithJsonSchema({"type": "string", "pattern": GATE_KEY_PATTERN, "examples": [EXAMPLE_GATE_KEY]}),
]
StreamKeyInPath = Annotated[
    str,
    Path(alias="streamKey", description="What to follow: `status`."),
    WithJsonSchema({"type": "string", "pattern": GATE_KEY_PATTERN, "examples": ["status"]}),
]
WorkflowIdInQuery = Annotated[
    Annotated[
        str,
        AfterValidator(check_workflow_id),
        WithJsonSchema({"type": "string", "pattern": WORKFLOW_ID_PATTERN, "examples": [EXAMPLE_WORKFLOW_ID]}),
    ]
    | None,
    Query(alias="workflowId", description="Only what belongs to this run or workflow."),
]
Cursor = Annotated[str | None, Query(description="The `nextCursor` of the page before.")]
PageLimit = Annotated[int, _Digits, _integer(1, PAGE_MAX), Query(description="How many at most.")]
RowLimit = Annotated[int, _Digits, _integer(1, ROWS_MAX), Query(description="How many at most.")]
AfterSeq = Annotated[int, _Digits, _integer(0, 2**53 - 1), Query(description="Only entries after this `seq`.")]
TimeoutS = Annotated[
    Annotated[int, _Digits, Field(ge=0, le=TIMEOUT_S_MAX)] | None,
    Query(alias="timeoutS", description="Wait up to this many seconds for the gate to be decided."),
]
RunStatus = Annotated[
    Annotated[str, _words([one.value for one in Status])] | None, Query(alias="status", description="Only such runs.")
]
Door = Annotated[
    Annotated[str, _words(list(DOORS))] | None, Query(alias="door", description="Only runs that this door opened.")
]
Subject = Annotated[
    Annotated[str, AfterValidator(_printable), Field(max_length=SUBJECT_CHARS_MAX)] | None,
    Query(description="Only runs about this: a spec's path in its repository."),
]
GateState = Annotated[str, _words([one.value for one in State]), Query(alias="state", description="Only such gates.")]
RiskLevel = Annotated[
    Annotated[str, _words(list(RISK_LEVELS))] | None, Query(alias="risk", description="Only gates of this risk level.")
]
Role = Annotated[
    Annotated[str, AfterValidator(_printable), Field(max_length=ROLE_CHARS_MAX)] | None,
    Query(description="Only gates that somebody with this role may answer."),
]
