"""What every request goes through before its route: keys in the path, who is asking, and the body as strict JSON.

The order is the contract's: key format, sign-in, body; what comes after (run, gate, topic, ...) is the use case's.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from signoff.api.ingress import Ingress
from signoff.api.problems import problem
from signoff.app.sign_in import sign_in, sign_in_by_signature
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates.digest import parse_json
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.gates.principal import ANONYMOUS
from signoff.gates.requirement import NAME_CHARS_MAX, Actor, check_actor_name

ACTOR_HEADER = "Signoff-Actor"
JSON_MEDIA_TYPE = "application/json"
#: The page and the description of the API are public too; they are no such routes.
PUBLIC_PATHS = frozenset({"/healthz"})
#: Where other systems answer: signed, once there is a secret for that.
EVENTS_PATH = "/api/events/hitl"


class JsonRequest(Request):
    """A request whose JSON was read before, strictly."""

    parsed: Any = None

    async def json(self) -> Any:
        return self.parsed


class StrictRoute(APIRoute):
    """Checks the path's keys, who is asking, the query and the body, in this order and before all else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def checked(request: Request) -> Response:
            check_path(request)
            strict = JsonRequest(request.scope, request.receive)
            if self.path not in PUBLIC_PATHS:
                await _sign_in(strict, is_event=self.path == EVENTS_PATH)
            check_query(request)
            if request.method == "GET":
                return await answer(request)
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


async def _sign_in(request: Request, *, is_event: bool) -> None:
    """Leave the actor with the request, and the token, by which a request that waits is looked at again."""
    ingress: Ingress | None = request.app.state.surface.ingress
    if is_event and ingress is not None:
        await _sign_in_event(request, ingress)
        return
    is_read = request.method == "GET"
    name = None if is_read else _actor_named(request)
    doing = None if is_read else f"{request.method} {request.url.path}"
    token = request.state.token = _bearer_token(request)
    world: World = request.app.state.surface.world
    request.state.actor = await run_in_threadpool(sign_in, world, token=token, name=name, doing=doing)


async def _sign_in_event(request: Request, ingress: Ingress) -> None:
    """By the signature over the body, whatever token there may be."""
    name = _actor_named(request)
    request.state.actor = await run_in_threadpool(
        sign_in_by_signature,
        request.app.state.surface.world,
        service=ingress.service,
        why_not=ingress.why_not(request.headers, await request.body()),
        name=name,
        doing=f"{request.method} {request.url.path}",
    )


def _bearer_token(request: Request) -> str | None:
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip() if scheme.lower() == "bearer" else None


def _actor_named(request: Request) -> str | None:
    """Whom the header names: while the API is open that is who acts, later it has to be who is signed in."""
    given = [value for name, value in request.headers.raw if name.lower() == ACTOR_HEADER.lower().encode()]
    if not given:
        return None
    try:
        names = [value.decode("utf-8") for value in given]
    except UnicodeDecodeError:
        names = []
    if len(names) != 1:
        raise _bad_name(f"the header {ACTOR_HEADER} is UTF-8 and given once")
    return check_actor_name(names[0])


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
            f"`{ANONYMOUS}` without it. With a token it may be left out, and names nobody else.",
            examples=["ada"],
        ),
    ] = None,
) -> Actor:
    actor: Actor = request.state.actor
    return actor


async def _token(request: Request) -> str | None:
    token: str | None = request.state.token
    return token


TheActor = Annotated[Actor, Depends(_actor)]
#: For routes whose body names the actor, and those that wait: to sign in once more.
TheToken = Annotated[str | None, Depends(_token)]


def _bad_name(why: str) -> InvalidInputError:
    return InvalidInputError(f"This is not the name of an actor: {why}.", code="invalid-actor")
