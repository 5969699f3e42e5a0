"""A route's function, called with what its parameters ask for: the world, who asks, keys, query and body.

FastAPI makes the description of the API of the same parameters, and could do this too: in several threads one after the
other, and in more time than a decision takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request, params
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

#: Where nothing was sent.
ABSENT = object()

_MISSING = {"type": "missing", "msg": "Field required"}

Fetch = Callable[[Request], Any]


@dataclass(frozen=True)
class _Sent:
    """A parameter that has to be looked at: under which name it comes, and what it is without having been sent."""

    name: str
    alias: str
    adapter: TypeAdapter[Any]
    default: Any


class Endpoint:
    """`function` as a route has it: parameters that are in the path or depend on the request alone, queries, and at
    most one other, which is the body."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._fetched: dict[str, Fetch] = {}
        self._queries: list[_Sent] = []
        self._body: _Sent | None = None
        for parameter in inspect.signature(function, eval_str=True).parameters.values():
            self._take_in(parameter)

    @property
    def needs_body(self) -> bool:
        return self._body is not None and self._body.default is inspect.Parameter.empty

    def __call__(self, request: Request, body: Any = ABSENT) -> Any:
        """
        Raises:
            RequestValidationError: with everything that is wrong with query and body. Whatever the function raises.
        """
        given: dict[str, Any] = {name: fetch(request) for name, fetch in self._fetched.items()}
        wrong: list[Mapping[str, Any]] = []
        for query in self._queries:
            _read(query, request.query_params.get(query.alias, ABSENT), ("query", query.alias), given, wrong)
        if self._body is not None:
            _read(self._body, ABSENT if body is None else body, ("body",), given, wrong)
        if wrong:
            raise RequestValidationError(wrong)
        return self._function(**given)

    def _take_in(self, parameter: inspect.Parameter) -> None:
        name, annotation = parameter.name, parameter.annotation
        kind = next((one for one in getattr(annotation, "__metadata__", ()) if isinstance(one, _KINDS)), None)
        if annotation is Request:
            self._fetched[name] = lambda request: request
        elif isinstance(kind, params.Depends):
            assert kind.dependency is not None  # noqa: S101 - ours name theirs
            self._fetched[name] = kind.dependency
        elif isinstance(kind, params.Path):
            key = kind.alias or name
            self._fetched[name] = lambda request: request.path_params[key]
        elif isinstance(kind, params.Query):
            self._queries.append(_Sent(name, kind.alias or name, TypeAdapter(annotation), parameter.default))
        else:
            self._body = _Sent(name, name, TypeAdapter(annotation), parameter.default)


_KINDS = (params.Depends, params.Path, params.Query)


def _read(
    sent: _Sent, value: Any, place: tuple[str, ...], given: dict[str, Any], wrong: list[Mapping[str, Any]]
) -> None:
    if value is not ABSENT:
        try:
            given[sent.name] = sent.adapter.validate_python(value, from_attributes=True)
        except ValidationError as error:
            wrong.extend(_at(place, error))
    elif sent.default is inspect.Parameter.empty:
        wrong.append({**_MISSING, "loc": place, "input": None})
    else:
        given[sent.name] = sent.default


def _at(place: tuple[str, ...], error: ValidationError) -> Sequence[Mapping[str, Any]]:
    return [{**one, "loc": (*place, *one["loc"])} for one in error.errors(include_url=False)]
