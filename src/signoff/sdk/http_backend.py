"""The verbs on a server: each one request. The only module that imports httpx."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from signoff.clock import now_ms
from signoff.errors import InvalidInputError, LedgerUnavailableError, NotFoundError, OperationError
from signoff.gates.gate import State
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.sdk.backend import Wire
from signoff.sdk.refusal import error_of
from signoff.settings import mask_url

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
LONG_POLL_S_MAX = 30
#: Between two looks at a gate, where the server answers at once although it was asked to wait (it is stopping).
PAUSE_S = 0.5
PAGE_MAX = 200
SEARCHED_PAGES_MAX = 50
#: What a server's clock shows, in each of its answers.
CLOCK_HEADER = "signoff-now"
INSTANT_CHARS_MAX = 16

_STATES = [state.value for state in State]


@contextmanager
def open_http_backend(url: str, *, token: str | None, actor: str | None) -> Iterator[HttpBackend]:
    headers = {b"accept": b"application/json"}
    if actor is not None:
        headers[b"signoff-actor"] = actor.encode()
    if token is not None:
        headers[b"authorization"] = b"Bearer " + _checked(token).encode()
    timeout = httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    place = urlsplit(url)
    # Reading whom to believe takes longer than a call; over plain HTTP nobody is asked for a certificate.
    verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if place.scheme == "http" else True
    trust_env = not _is_loopback(place.hostname or "")
    with httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=trust_env, verify=verify) as client:
        yield HttpBackend(client, shown_url=mask_url(url).rstrip("/"))


class HttpBackend:
    """Safe to use from several threads, as its client is."""

    def __init__(self, client: httpx.Client, *, shown_url: str) -> None:
        self._client = client
        self._url = shown_url
        self._ahead_ms = 0

    def now(self) -> int:
        return now_ms() + self._ahead_ms

    def gates(self, state: str | None, role: str | None, risk: str | None, limit: int, cursor: str | None) -> Wire:
        if state is not None:
            return self._gates(state, role, risk, limit, cursor)
        return self._gates_in_every_state(role, risk, limit, cursor)

    def newest_gates(self, limit: int, cursor: str | None) -> Wire:
        return dict(self._get("api/gates/newest", limit=limit, cursor=cursor))

    def gate(self, workflow_id: str, gate_key: str, timeout_s: float | None = None) -> Wire:
        path = f"{_run_path(workflow_id)}/gates/{_gate_part(gate_key)}"
        view: Wire = self._get(path)
        ends_at = time.monotonic() + (timeout_s or 0)
        while view["state"] == State.PENDING and (left_s := ends_at - time.monotonic()) > 0:
            view = self._look_for(path, left_s)
        return view

    def gate_by_key(self, gate_key: str) -> Wire:
        """The API knows gates by workflow and key only, so that a key alone is looked for in the lists."""
        check_gate_key(gate_key)
        found = [view for view in self._listed_gates() if view["gateKey"] == gate_key]
        if not found:
            raise NotFoundError(f"There is no gate {gate_key}.", code="gate-not-found")
        if len(found) > 1:
            names = ", ".join(view["workflowID"] for view in found[:5])
            raise InvalidInputError(
                f"{len(found)} workflows have a gate {gate_key}; name one of them: {names}.", code="ambiguous-gate-key"
            )
        return {name: value for name, value in found[0].items() if name != "slaStatus"}

    def gates_of(self, workflow_id: str) -> list[Wire]:
        return list(self._get(f"{_run_path(workflow_id)}/gates"))

    def open_gate(self, body: Mapping[str, Any]) -> Wire:
        return dict(self._post("api/gates", body))

    def reply(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        return dict(self._post(f"{_run_path(workflow_id)}/gates/{_gate_part(gate_key)}/reply", body))

    def close_gate(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        return dict(self._post(f"{_run_path(workflow_id)}/gates/{_gate_part(gate_key)}/close", body))

    def override(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire:
        return dict(self._post(f"{_run_path(workflow_id)}/gates/{_gate_part(gate_key)}/override", body))

    def assess(self, task: Any) -> Wire:
        return dict(self._post("api/policy/assess", task))

    def gate_stats(self) -> Wire:
        return dict(self._get("api/gates/stats"))

    def request_workflow(self, body: Mapping[str, Any]) -> Wire:
        return dict(self._post("workflows", body))

    def pending_workflows(self, role: str | None, limit: int) -> Wire:
        return dict(self._get("workflows/pending", role=role, limit=limit))

    def approve_workflow(self, workflow_id: str, body: Mapping[str, Any]) -> Wire:
        return dict(self._post(f"{_workflow_path(workflow_id)}/approve", body))

    def reject_workflow(self, workflow_id: str, body: Mapping[str, Any]) -> Wire:
        return dict(self._post(f"{_workflow_path(workflow_id)}/reject", body))

    def workflow(self, workflow_id: str) -> Wire:
        return dict(self._get(f"{_workflow_path(workflow_id)}/status"))

    def create_intent(self, goal: str, inputs: Mapping[str, Any], constraints: Mapping[str, Any]) -> str:
        body = {"goal": goal, "inputs": inputs, "constraints": constraints}
        return str(self._post("api/intents", body)["intentId"])

    def start_run(self, body: Mapping[str, Any]) -> Wire:
        return dict(self._post("api/runs", body))

    def run(self, workflow_id: str) -> Wire:
        return dict(self._get(_run_path(workflow_id)))

    def runs(
        self, status: str | None, limit: int, cursor: str | None, *, door: str | None = None, subject: str | None = None
    ) -> Wire:
        return dict(self._get("api/runs", status=status, door=door, subject=subject, limit=limit, cursor=cursor))

    def cancel_run(self, workflow_id: str, reason: str | None = None) -> Wire:
        return dict(self._post(f"{_run_path(workflow_id)}/cancel", {} if reason is None else {"reason": reason}))

    def retry_run(self, workflow_id: str) -> Wire:
        return dict(self._post(f"{_run_path(workflow_id)}/retry", {}))

    def steps(self, workflow_id: str) -> list[Wire]:
        return list(self._get(f"{_run_path(workflow_id)}/steps"))

    def artifacts(self, workflow_id: str) -> list[Wire]:
        return list(self._get(f"{_run_path(workflow_id)}/artifacts"))

    def interactions(self, workflow_id: str, limit: int, cursor: str | None) -> Wire:
        return dict(self._get(f"{_run_path(workflow_id)}/interactions", limit=limit, cursor=cursor))

    def entries(self, workflow_id: str | None, after: int, limit: int) -> Wire:
        return dict(self._get("api/audit", workflowId=workflow_id, after=after, limit=limit))

    def head(self) -> Wire:
        return dict(self._get("api/audit/head"))

    def _look_for(self, path: str, left_s: float) -> Wire:
        """One long poll; what is left below a second, which the server does not take, is slept away."""
        began_at = time.monotonic()
        poll_s = min(LONG_POLL_S_MAX, math.floor(left_s))
        view: Wire = self._get(path, wait_s=poll_s, timeoutS=poll_s or None)
        took_s = time.monotonic() - began_at
        if view["state"] == State.PENDING and took_s < (poll_s or left_s):
            time.sleep(max(0.0, min(PAUSE_S, left_s - took_s)))
            if poll_s == 0:
                view = self._get(path)
        return view

    def _gates(self, state: str, role: str | None, risk: str | None, limit: int, cursor: str | None) -> Wire:
        return dict(self._get("api/gates", state=state, role=role, risk=risk, limit=limit, cursor=cursor))

    def _gates_in_every_state(self, role: str | None, risk: str | None, limit: int, cursor: str | None) -> Wire:
        """The cursor names the state that comes next, and where in it."""
        first, _, within = (cursor or f"{_STATES[0]}.").partition(".")
        if first not in _STATES:
            raise InvalidInputError("This cursor was not handed out here; begin without one.", code="invalid-cursor")
        items: list[Wire] = []
        for state in _STATES[_STATES.index(first) :]:
            if len(items) == limit:
                return {"items": items, "nextCursor": f"{state}."}
            page = self._gates(state, role, risk, limit - len(items), within or None)
            items.extend(page["items"])
            if page["nextCursor"] is not None:
                return {"items": items, "nextCursor": f"{state}.{page['nextCursor']}"}
            within = ""
        return {"items": items, "nextCursor": None}

    def _listed_gates(self) -> Iterator[Wire]:
        cursor = None
        for _ in range(SEARCHED_PAGES_MAX):
            page = self._gates_in_every_state(None, None, PAGE_MAX, cursor)
            yield from page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                return
        raise InvalidInputError(
            f"The server has more than {SEARCHED_PAGES_MAX * PAGE_MAX} gates to look through; "
            "put the workflow's id before the key.",
            code="ambiguous-gate-key",
        )

    def _get(self, path: str, *, wait_s: float = 0, **query: str | int | None) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        timeout = httpx.Timeout(ANSWER_TIMEOUT_S + wait_s, connect=CONNECT_TIMEOUT_S)
        return self._send(self._client.build_request("GET", path, params=given, timeout=timeout))

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        try:
            request = self._client.build_request("POST", path, json=body)
        except (ValueError, TypeError) as error:
            raise InvalidInputError(f"This cannot be sent as JSON: {error}.", code="malformed-json") from None
        return self._send(request)

    def _send(self, request: httpx.Request) -> Any:
        # The client's own errors are not passed on: some quote headers, and so the token.
        try:
            response = self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise LedgerUnavailableError(
                f"Nothing answers at {self._url}. Start the server there with `signoff up`, say where it is with "
                "SIGNOFF_URL, or unset that to use the local ledger.",
                details={"url": self._url},
            ) from None
        except httpx.RequestError as error:
            raise LedgerUnavailableError(
                f"The connection to {self._url} broke before the answer came ({type(error).__name__}); "
                "what was asked may have been done. Ask again.",
                details={"url": self._url},
            ) from None
        return self._read(response)

    def _read(self, response: httpx.Response) -> Any:
        self._set_clock(response.headers.get(CLOCK_HEADER, ""))
        try:
            document = response.json()
        except ValueError:
            document = None
        if response.is_success and isinstance(document, dict | list):
            return document
        if isinstance(document, dict) and isinstance(document.get("code"), str) and "error" in document:
            raise error_of(response.status_code, document)
        message = f"{self._url} answered {response.status_code}, and not as a signoff server does; check the URL."
        if response.status_code in (502, 503, 504):
            raise LedgerUnavailableError(message, details={"url": self._url})
        raise OperationError(message, code="not-a-signoff-server", details={"url": self._url})

    def _set_clock(self, shown: str) -> None:
        if shown.isascii() and shown.isdecimal() and len(shown) < INSTANT_CHARS_MAX:
            self._ahead_ms = int(shown) - now_ms()


def _checked(token: str) -> str:
    """Here, since the client would quote it in its complaint. Blanks around it come from copying."""
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInputError(
            "The token is empty, or holds a blank or a character that no token has: copy it again, whole.",
            code="invalid-token",
        )
    return token


def _run_path(workflow_id: str) -> str:
    return f"api/runs/{quote(check_workflow_id(workflow_id), safe='')}"


def _workflow_path(workflow_id: str) -> str:
    return f"workflows/{quote(check_workflow_id(workflow_id), safe='')}"


def _gate_part(gate_key: str) -> str:
    return quote(check_gate_key(gate_key), safe="")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
