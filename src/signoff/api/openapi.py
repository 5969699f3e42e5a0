"""The API's description of itself: every route, body, answer and refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from signoff.api.codes import CODES
from signoff.api.problems import PROBLEM_MEDIA_TYPE, Problem, to_wire

DESCRIPTION = """\
Opens gates, takes answers, tells what was decided. Instants are epoch milliseconds; the header `Signoff-Now` of each
answer is the server's own.

Every refusal is `application/problem+json` with a stable `code`; a conflict that somebody else has won carries the
winner's `receipt`. Once a token was issued, every call but `/healthz`, `/openapi.json` and `/docs` needs one, as
`Authorization: Bearer`; until then it needs none. A path that is none of these answers 404 `no-such-route`, a method
that a path does not take 405 `method-not-allowed`. A 503 says in `Retry-After` how many seconds to wait before the same
is sent again. A 500 is a defect.
"""

_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may refuse with these codes: one for each status, one example for each code."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(CODES[code].status, []).append(code)
    return {status: _refusal(status, named) for status, named in sorted(by_status.items())}


def _refusal(status: int, codes: list[str]) -> dict[str, Any]:
    examples = {
        code: {
            "summary": CODES[code].sentence,
            "value": to_wire(code, CODES[code].sentence, status=status),
        }
        for code in sorted(codes)
    }
    names = ", ".join(f"`{code}`" for code in sorted(codes))
    return {"description": names, "content": {PROBLEM_MEDIA_TYPE: {"schema": _PROBLEM_REF, "examples": examples}}}


def describe(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """`app.openapi` as it is, with the schema of a problem and without the 422 that is never answered."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(make())
        return app.openapi_schema

    return openapi


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}, {}]
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    return schema
