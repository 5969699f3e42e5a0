"""What every request goes through before its route: keys in the path, who is asking, and the body as strict JSON.

The order is the contract's: key format, sign-in, body; what comes after (run, gate, topic, ...) is the use case's.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from signoff.api.problems import problem
from signoff.errors import InvalidInputError
from signoff.gates.digest import parse_json
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.gates.requirement import NAME_CHARS_MAX, Actor, check_actor_name

ACTOR_HEADER = "Signoff-Actor"
ANONYMOUS = "anonymous"
JSON_MEDIA_TYPE = "application/json"


class JsonRequest(Request):
    """A request whose JSON was read before, strictly."""

    parsed: Any = None

    async def json(self) -> Any:
        return self.parsed


class StrictRoute(APIRoute):
    """Checks the path's keys, the query, the actor and the body, in this order, before anything else of the route."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def checked(request: Request) -> Response:
            check_path(request)
            check_query(request)
            if request.method == "GET":
                return await answer(request)
            request.state.actor = sign_in(request)
            strict = JsonRequest(request.scope, request.receive)
            body = await strict.body()
            if body or self._needs_body():
                if not is_json(request):
                    return problem("unsupported-media-type", f"The body must be {JSON_MEDIA_TYPE}.")
                strict.parsed = parse_json(body)
            return await answer(strict)

        return checked

    def _needs_body(self) -> bool:
        return self.body_field is not None and self.body_field.field_info.is_required()


def check_path(request: Request) -> None:
    if "gateKey" in request.path_params:
        check_gate_key(request.path_params["gateKey"])
    if "workflowId" in request.path_params:
        check_workflow_id(request.path_params["workflowId"])


def check_query(request: Request) -> None:
    """A parameter that is given twice could be read in two ways."""
    names = [name for name, _ in request.query_params.multi_items()]
    for name in request.query_params:
        if names.count(name) > 1:
            raise InvalidInputError(f"{name[:80]!r} is given more than once.", code="invalid-query")


def sign_in(request: Request) -> Actor:
    """Who is asking, while the API is open: whoever the header says, without proof."""
    given = [value for name, value in request.headers.raw if name.lower() == ACTOR_HEADER.lower().encode()]
    if not given:
        return Actor(ANONYMOUS)
    try:
        names = [value.decode("utf-8") for value in given]
    except UnicodeDecodeError:
        names = []
    if len(names) != 1:
        raise _bad_name(f"the header {ACTOR_HEADER} is UTF-8 and given once")
    return Actor(check_actor_name(names[0]))


def is_json(request: Request) -> bool:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    names = [one.strip().lower().replace('"', "") for one in parameters.split(";") if one.strip()]
    return media_type.strip().lower() == JSON_MEDIA_TYPE and all(one == "charset=utf-8" for one in names)


async def _actor(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias=ACTOR_HEADER,
            description=f"Who is asking, while the API is open: 1 to {NAME_CHARS_MAX} printable characters; "
            f"`{ANONYMOUS}` without it.",
            examples=["ada"],
        ),
    ] = None,
) -> Actor:
    actor: Actor = request.state.actor
    return actor


TheActor = Annotated[Actor, Depends(_actor)]


def _bad_name(why: str) -> InvalidInputError:
    return InvalidInputError(f"This is not the name of an actor: {why}.", code="invalid-actor")
