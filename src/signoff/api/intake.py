"""What every request goes through before its route: keys in the path, who is asking, and the body as strict JSON.

The order is the contract's: key format, sign-in, body; what comes after (run, gate, topic, ...) is the use case's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from signoff.api.endpoint import ABSENT, Endpoint
from signoff.api.guard import BodyTooLargeError
from signoff.api.ingress import Ingress
from signoff.api.problems import problem
from signoff.app.sign_in import sign_in, sign_in_by_signature
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates.digest import parse_json
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.gates.name import NAME_CHARS_MAX, check_actor_name
from signoff.gates.principal import ANONYMOUS
from signoff.gates.requirement import Actor

ACTOR_HEADER = "Signoff-Actor"
JSON_MEDIA_TYPE = "application/json"
#: The page and the description of the API are public too; they are no such routes.
PUBLIC_PATHS = frozenset({"/healthz"})
#: Where other systems answer: signed, once there is a secret for that.
EVENTS_PATH = "/api/events/hitl"


class StrictRoute(APIRoute):
    """Checks the path's keys, who is asking, the query and the body, in this order and before all else.

    All that may wait for the ledger, sign-in and use case, is done in one go in one thread. A function that has to wait
    for longer gives back a coroutine, which then waits without it.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        # No part of a path has a slash in it: most routes are told apart by how many there are.
        if scope["path"].count("/") != self.path.count("/"):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = Endpoint(self.endpoint)

        async def answer_at_once(request: Request) -> Response:
            check_query(request)
            answered: Response = await endpoint(request)
            return answered

        async def answer(request: Request) -> Response:
            check_path(request)
            body = b"" if request.method == "GET" else await self._read_body(request)
            answered = await run_in_threadpool(self._answer, endpoint, request, body)
            return answered if isinstance(answered, Response) else await answered

        return answer_at_once if self.path in PUBLIC_PATHS else answer

    async def _read_body(self, request: Request) -> bytes:
        try:
            return await request.body()
        except BodyTooLargeError:
            # Who is not signed in hears of that first.
            if not self._is_signed(request):
                await run_in_threadpool(_sign_in, request)
            raise

    def _is_signed(self, request: Request) -> bool:
        """Whether it is the body that signs its sender in."""
        return self.path == EVENTS_PATH and request.app.state.surface.ingress is not None

    def _answer(self, endpoint: Endpoint, request: Request, body: bytes) -> Response | Awaitable[Response]:
        if self._is_signed(request):
            _sign_in_event(request, body)
        else:
            _sign_in(request)
        check_query(request)
        content = ABSENT
        if request.method != "GET" and (body or endpoint.needs_body):
            if not is_json(request):
                return problem("unsupported-media-type", f"The body must be {JSON_MEDIA_TYPE}.")
            content = parse_json(body)
        answered: Response | Awaitable[Response] = endpoint(request, content)
        return answered


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


def _sign_in(request: Request) -> None:
    """Leave the actor with the request, and the token, by which a request that waits is looked at again."""
    is_read = request.method == "GET"
    name = None if is_read else _actor_named(request)
    doing = None if is_read else f"{request.method} {request.scope['path']}"
    token = request.state.token = _bearer_token(request)
    world: World = request.app.state.surface.world
    request.state.actor = sign_in(world, token=token, name=name, doing=doing)


def _sign_in_event(request: Request, body: bytes) -> None:
    """By the signature over the body, whatever token there may be."""
    name = _actor_named(request)
    ingress: Ingress = request.app.state.surface.ingress
    request.state.actor = sign_in_by_signature(
        request.app.state.surface.world,
        service=ingress.service,
        why_not=ingress.why_not(request.headers, body),
        name=name,
        doing=f"{request.method} {request.scope['path']}",
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


def _actor(
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


def _token(request: Request) -> str | None:
    token: str | None = request.state.token
    return token


TheActor = Annotated[Actor, Depends(_actor)]
#: For routes whose body names the actor, and those that wait: to sign in once more.
TheToken = Annotated[str | None, Depends(_token)]


def _bad_name(why: str) -> InvalidInputError:
    return InvalidInputError(f"This is not the name of an actor: {why}.", code="invalid-actor")
