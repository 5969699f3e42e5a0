"""The list of gates: what is on it, in which order, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.app.views import sla_status
from signoff.cli.call import Call
from signoff.cli.gate.where import gates_about, newest_run, subject_of_spec
from signoff.cli.output import Column, hint, print_table, say, time_left
from signoff.errors import InvalidInputError

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

_NOT_MINE = "*"


def list_page(
    call: Call,
    *,
    spec: Path | None,
    state: str | None,
    role: str | None,
    risk: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[dict[str, Any], int]:
    """A page `{items, nextCursor}` and the ledger's now: first what whoever asks may approve, each part by deadline."""
    with call.backend() as backend:
        if spec is None:
            page = backend.gates(state, role, risk, limit, cursor)
            return {**page, "items": _mine_first(page["items"], _me(call))}, backend.now()
        views = _gates_of_spec(backend, subject_of_spec(spec), state, role, risk)
        now = backend.now()
    return _page(_mine_first(views, _me(call)), limit, cursor), now


def draw_list(call: Call, page: Mapping[str, Any], now: int) -> None:
    items, me = page["items"], _me(call)
    if not items:
        say("No gate waits for a person.")
        return
    columns = [Column("LEFT"), Column("GATE"), Column("WORKFLOW"), Column("RISK"), Column("TITLE", is_elastic=True)]
    print_table(columns, [_row(view, now, me) for view in items])
    if any(_is_not_mine(view, me) for view in items):
        hint(f"{_NOT_MINE} asked for by {me}: somebody else has to approve it.")
    if page["nextCursor"] is not None:
        hint(f"There are more: --cursor {page['nextCursor']}")
    if any(view["state"] == "PENDING" for view in items):
        hint(f"Read one and how to answer it: {call.again('gate', 'show', 'GATE')}")


def _me(call: Call) -> str | None:
    """Who asks; None where a token says so to the server alone."""
    is_signed_in = call.settings.url is not None and call.settings.token is not None
    return call.as_name if is_signed_in else call.actor


def _mine_first(views: list[dict[str, Any]], me: str | None) -> list[dict[str, Any]]:
    return sorted(views, key=lambda view: _is_not_mine(view, me))


def _is_not_mine(view: Mapping[str, Any], me: str | None) -> bool:
    """Whether it waits, and for anybody but me, since I asked for it or had a part in it."""
    requirement = view["requirement"]
    kept_from = [*([view.get("requestedBy")] if requirement["notRequester"] else []), *requirement.get("notBy", [])]
    return view["state"] == "PENDING" and me is not None and me in kept_from


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


def _row(view: Mapping[str, Any], now: int, me: str | None) -> list[str]:
    left = time_left(view["deadlineAt"] - now) if view["state"] == "PENDING" else view["state"]
    marked = f"{left} {_NOT_MINE}" if _is_not_mine(view, me) else left
    return [marked, view["gateKey"], view["workflowID"], view.get("riskLevel") or "-", view["prompt"]["title"]]
