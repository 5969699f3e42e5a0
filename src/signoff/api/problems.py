"""Every refusal as `application/problem+json` (RFC 9457): one sentence, a stable code, the facts, and in a conflict
that somebody else has won the winner's receipt."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from signoff.api.codes import CODES
from signoff.app.spans import happened
from signoff.errors import (
    ConflictError,
    InvalidInputError,
    LedgerUnavailableError,
    NotEntitledError,
    NotFoundError,
    NotSignedInError,
    SignoffError,
)

PROBLEM_MEDIA_TYPE = "application/problem+json"
PLACES_MAX = 20
TEXT_CHARS_MAX = 300
#: Of a ledger that cannot be used, in seconds: a server that is restarted needs little more.
RETRY_AFTER = {"Retry-After": "2"}

#: On every answer. The last resort for a defect is outside all middleware, so that it needs them too.
SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}

_STATUSES: Sequence[tuple[type[SignoffError], int]] = (
    (InvalidInputError, 400),
    (NotSignedInError, 401),
    (NotEntitledError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (LedgerUnavailableError, 503),
)
_ROUTING_CODES = {404: "no-such-route", 405: "method-not-allowed"}

_log = logging.getLogger("signoff.api")


class Problem(BaseModel):
    """A refusal. Programs decide by `code`, people read `error`."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Always about:blank: the code says what it is.")
    title: str = Field(description="The phrase of the status.")
    status: int
    error: str = Field(description="What is wrong, in one sentence.")
    code: str = Field(description="Stable and kebab-case.")
    details: dict[str, Any] = Field(description="The facts.")
    receipt: dict[str, Any] | None = Field(
        default=None, description="Only in a 409 that has a winner: who decided what, when, having seen what."
    )


def problem(
    code: str,
    error: str,
    *,
    status: int | None = None,
    details: Mapping[str, Any] | None = None,
    receipt: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer; without `status` that of the code."""
    happened("refusal", code=code)
    number = CODES[code].status if status is None else status
    content = to_wire(code, error, status=number, details=details, receipt=receipt)
    return JSONResponse(content, status_code=number, headers=headers, media_type=PROBLEM_MEDIA_TYPE)


def to_wire(
    code: str,
    error: str,
    *,
    status: int,
    details: Mapping[str, Any] | None = None,
    receipt: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "error": error,
        "code": code,
        "details": dict(details or {}),
    }
    if receipt is not None:
        wire["receipt"] = dict(receipt)
    return wire


def answer_problems(app: FastAPI) -> None:
    """Let every error leave the app as a problem."""
    app.add_exception_handler(SignoffError, _signoff_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _routing_error)
    app.add_exception_handler(ClientDisconnect, _nobody_left)
    app.add_exception_handler(Exception, _defect)


def status_of(error: SignoffError) -> int:
    return next((number for kind, number in _STATUSES if isinstance(error, kind)), 500)


def problem_of(error: SignoffError) -> JSONResponse:
    status = status_of(error)
    if isinstance(error, LedgerUnavailableError):
        # The driver's text names hosts, users and folders: for the operator's log only.
        _log.error("%s: %s", error.code, error.message)
        return problem(error.code, CODES[error.code].sentence, headers=RETRY_AFTER)
    if status == 500:
        _log.error("request failed: %s: %s", error.code, error.message)
        return _internal_error()
    receipt = error.receipt if isinstance(error, ConflictError) else None
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return problem(error.code, error.message, status=status, details=error.details, receipt=receipt, headers=headers)


async def _signoff_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SignoffError)  # noqa: S101 - registered for this class
    return problem_of(error)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    places = [_place(one) for one in error.errors()]
    code = "invalid-body" if any(one["in"] == "body" for one in places) else "invalid-query"
    first = places[0]
    where = f"{first['at']}: " if first["at"] else ""
    sentence = f"This request cannot be taken: {where}{first['why']}."
    return problem(code, sentence, details={"where": places[:PLACES_MAX]})


def _place(error: Mapping[str, Any]) -> dict[str, str]:
    """Where and why, without what was sent: that may be large, or a secret."""
    part, *path = error["loc"]
    at = ".".join(str(step) for step in path)
    why = str(error["msg"]).removeprefix("Value error, ")
    return {"in": str(part), "at": at[:TEXT_CHARS_MAX], "why": why[:TEXT_CHARS_MAX]}


async def _routing_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    code = _ROUTING_CODES.get(error.status_code)
    if code is None:
        _log.error("request failed: %s %s", error.status_code, error.detail)
        return _internal_error()
    return problem(code, CODES[code].sentence, details={"method": request.method}, headers=error.headers)


async def _nobody_left(_: Request, __: Exception) -> Response:
    """The client went away while it was sending: nothing was done, and nobody reads this."""
    return Response(status_code=400)


async def _defect(request: Request, error: Exception) -> JSONResponse:
    _log.error("defect in %s %s: %r", request.method, request.scope.get("path"), error)
    return _internal_error()


def _internal_error() -> JSONResponse:
    return problem("internal-error", CODES["internal-error"].sentence, headers=SECURITY_HEADERS)
