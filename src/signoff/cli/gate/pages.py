"""Pages of gates, each whole: for programs, of a server, and of a spec's runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.app.views import sla_status
from signoff.cli.call import Call
from signoff.cli.gate.where import gates_about, newest_run, subject_of_spec
from signoff.errors import InvalidInputError
from signoff.gates.name import plain_name

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend


def read_page(
    call: Call,
    comes_last: Callable[[Mapping[str, Any]], bool],
    *,
    spec: Path | None,
    state: str | None,
    role: str | None,
    risk: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[dict[str, Any], int]:
    """A page `{items, nextCursor}` and the ledger's now: soonest deadline first, but for what comes last."""
    with call.backend() as backend:
        if spec is None:
            page = backend.gates(state, role, risk, limit, cursor)
            return {**page, "items": sorted(page["items"], key=comes_last)}, backend.now()
        views = _gates_of_spec(backend, subject_of_spec(spec), state, role, risk)
        now = backend.now()
    return _page(sorted(views, key=comes_last), limit, cursor), now


def in_short(view: Mapping[str, Any]) -> dict[str, Any]:
    """A row as in `app.list_gates`."""
    requirement = view["requirement"]
    asked = [view["requestedBy"]] if requirement["notRequester"] and view.get("requestedBy") else []
    return {
        "workflow_id": view["workflowID"],
        "gate_key": view["gateKey"],
        "state": view["state"],
        "risk_level": view.get("riskLevel"),
        "title": view["prompt"]["title"],
        "deadline_at": view["deadlineAt"],
        "kept_from": [plain_name(name) for name in (*asked, *requirement.get("notBy", []))],
    }


def _gates_of_spec(
    backend: Backend, subject: str, state: str | None, role: str | None, risk: str | None
) -> list[dict[str, Any]]:
    """As the inbox has them: soonest deadline first, and with how near it is."""
    newest_run(backend, subject)
    now = backend.now()
    found = [
        {**view, "slaStatus": sla_status(view["state"], view["deadlineAt"], now)}
        for view in gates_about(backend, subject, is_open=state == "PENDING")
        if state in (None, view["state"]) and risk in (None, view["riskLevel"]) and _may_answer(view, role)
    ]
    return sorted(found, key=lambda view: (view["deadlineAt"], view["workflowID"], view["gateKey"]))


def _may_answer(view: Mapping[str, Any], role: str | None) -> bool:
    return role is None or any({role, "*"} & set(need["any_of"]) for need in view["requirement"]["needs"])


def _page(views: list[dict[str, Any]], limit: int, cursor: str | None) -> dict[str, Any]:
    """The gates of a spec are few and read at once; the cursor says how many of them were shown."""
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
        raise InvalidInputError("This cursor was not handed out here; begin without one.", code="invalid-cursor")
    end = int(cursor or 0) + limit
    return {"items": views[end - limit : end], "nextCursor": str(end) if len(views) > end else None}
