"""`/`: what waits, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import Response

from signoff.app.find_inbox import (
    ALL,
    INBOX_DOORS,
    INBOX_PAGE,
    ME,
    OTHERS,
    STATES,
    WHO,
    Counts,
    Filters,
    count_inbox,
    find_inbox,
)
from signoff.app.page import Page
from signoff.app.views import sla_status
from signoff.errors import InvalidInputError
from signoff.gates import requirement as requirements
from signoff.gates.gate import RISK_LEVELS
from signoff.gates.prompt import APPROVE, HOLD, REJECT
from signoff.inbox.render import gate_path
from signoff.inbox.visit import Visit

if TYPE_CHECKING:
    from signoff.app.ports import Row

#: Under what waits for somebody else's answer, this many are shown before they are asked for.
OTHERS_SHOWN = 10

_FILTERS = ("state", "risk", "role", "door", "text")
_KEYS = ((APPROVE, "a"), (REJECT, "r"), (HOLD, "d"))


@dataclass(frozen=True)
class Item:
    """A gate in the list. `ways` leads from a key of the keyboard to the gate's page with that choice made."""

    row: Row
    href: str
    roles: str
    sla: str
    ways: Mapping[str, str]


@dataclass(frozen=True)
class Section:
    """`items` are one page of `count` gates; `next_href` is the next page, None at the end."""

    who: str
    title: str
    items: tuple[Item, ...]
    count: int
    next_href: str | None


def show_list(visit: Visit) -> Response:
    query = visit.query
    filters = _filters(query)
    who = query.get("who")
    counts = count_inbox(visit.world, visit.person(), filters)
    sections = _sections(visit, filters, who, counts)
    return visit.page(
        "list.html",
        sections=sections,
        filters=filters,
        is_filtered=any(query.get(name) for name in _FILTERS),
        who=who,
        is_later=bool(query.get("cursor")),
        open_count=counts.open,
        choices={"state": STATES, "risk": RISK_LEVELS, "door": INBOX_DOORS},
        refresh=_href(query),
        roles=sorted(visit.person().roles or ()),
    )


def _sections(visit: Visit, filters: Filters, who: str | None, counts: Counts) -> list[Section]:
    """What waits for whoever looks comes first, then what waits for others; one of both where it was asked for."""
    if who is not None or not filters.is_open:
        return [_section(visit, filters, who if who and filters.is_open else ALL, counts)]
    if visit.query.get("cursor"):
        raise InvalidInputError("A cursor belongs to a list: say who.", code="invalid-query")
    mine = _section(visit, filters, ME, counts)
    if not counts.lists[OTHERS]:
        return [mine]
    return [mine, _section(visit, filters, OTHERS, counts, OTHERS_SHOWN)]


def _section(visit: Visit, filters: Filters, who: str, counts: Counts, limit: int = INBOX_PAGE) -> Section:
    cursor = visit.query.get("cursor")
    if not counts.lists[who] and cursor is None:
        return Section(who, _title(filters, who), (), 0, None)
    page = find_inbox(visit.world, visit.person(), filters, who=who, cursor=cursor, limit=limit)
    now = visit.world.clock()
    items = tuple(_item(row, now) for row in page.items)
    return Section(who, _title(filters, who), items, counts.lists[who], _next(visit.query, who, page))


def _item(row: Row, now: int) -> Item:
    requirement = requirements.from_wire(row["requirement"])
    path = gate_path(row["workflow_id"], row["gate_key"])
    first = {effect: next((c["key"] for c in row["choices"] if c["effect"] == effect), None) for effect, _ in _KEYS}
    named = {key: first[effect] for effect, key in _KEYS if first[effect] is not None}
    return Item(
        row=row,
        href=path,
        roles=", ".join(sorted({role for need in requirement.needs for role in need.any_of} - {"*"})) or "anyone",
        sla=sla_status(row["state"], row["deadline_at"], now),
        ways={key: f"{path}?{urlencode({'choice': choice})}#decide" for key, choice in named.items()},
    )


def _title(filters: Filters, who: str) -> str:
    if not filters.is_open:
        return "Ended"
    return {ME: "Waits for you", OTHERS: "Waits for others", ALL: "Everything that waits"}[who]


def _next(query: Mapping[str, str], who: str, page: Page) -> str | None:
    """A list that is longer than its page goes on on a page of its own."""
    if page.next_cursor is None:
        return None
    return _href({**query, "who": who, "cursor": page.next_cursor})


def _href(query: Mapping[str, Any]) -> str:
    return f"/?{urlencode(query)}" if query else "/"


def _filters(query: Mapping[str, str]) -> Filters:
    unknown = [name for name in query if name not in (*_FILTERS, "who", "cursor")]
    if unknown or query.get("who", ALL) not in WHO:
        raise InvalidInputError(f"{(unknown or ['who'])[0][:80]!r} is not understood.", code="invalid-query")
    given = {name: query[name].strip() for name in _FILTERS if query.get(name, "").strip()}
    return Filters(**given)
