"""Find what waits in the inbox: gates in short, by whom they wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.find import DOORS, check_word
from signoff.app.page import PAGE_MAX, Page, check_limit, page_of, read_cursor
from signoff.app.route_notice import OUTSIDE
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates.gate import FINAL_STATES, RISK_LEVELS, State
from signoff.gates.requirement import ROLE_CHARS_MAX, Actor

if TYPE_CHECKING:
    from signoff.app.ports import Place, Row

ME, OTHERS, ALL = "me", "others", "all"
WHO = (ME, OTHERS, ALL)
#: Every final state at once.
ENDED = "ENDED"
STATES = (State.PENDING.value, ENDED, *sorted(state.value for state in FINAL_STATES))
INBOX_DOORS = (*DOORS, OUTSIDE)
TEXT_CHARS_MAX = 200
INBOX_PAGE = 50

_FIRST: Place = (0, "", "")
_LAST: Place = (2**63 - 1, "", "")


@dataclass(frozen=True)
class Filters:
    """What is left out is no condition. `text` is looked for in titles, workflow ids and gate keys."""

    state: str = State.PENDING.value
    risk: str | None = None
    role: str | None = None
    door: str | None = None
    text: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state == State.PENDING

    @property
    def final_state(self) -> str | None:
        """None for every one."""
        return None if self.state == ENDED else self.state

    @property
    def conditions(self) -> Row:
        return {"risk": self.risk, "role": self.role, "door": self.door, "text": self.text}


@dataclass(frozen=True)
class Counts:
    """`open`: every gate that is open, whatever the filters. `lists`: by who, the rows that `find_inbox` finds."""

    open: int
    lists: Mapping[str, int]


def find_inbox(
    world: World,
    actor: Actor,
    filters: Filters,
    *,
    who: str = ALL,
    limit: int = INBOX_PAGE,
    cursor: str | None = None,
) -> Page:
    """Open gates, soonest deadline first: what waits for the actor, for `others`, or all. Final ones, last opened
    first, whoever they waited for. Rows as in `InboxReader`.

    Raises:
        InvalidInputError: `invalid-query`, `invalid-cursor`.
    """
    _check(filters, who)
    check_limit(limit, PAGE_MAX)
    place: Place | None = read_cursor(cursor, int, str, str)
    with world.ledger.read() as tx:
        if filters.is_open:
            found = tx.inbox.open_gates(
                filters.conditions,
                who=who,
                actor=actor.name,
                roles=actor.roles,
                after=place or _FIRST,
                limit=limit + 1,
            )
        else:
            before = place or _LAST
            found = tx.inbox.ended_gates(filters.conditions, state=filters.final_state, before=before, limit=limit + 1)
    at = "deadline_at" if filters.is_open else "opened_at"
    return page_of(found, limit, lambda row: (row[at], row["workflow_id"], row["gate_key"]))


def count_inbox(world: World, actor: Actor, filters: Filters) -> Counts:
    """How long the lists of `find_inbox` are.

    Raises:
        InvalidInputError: `invalid-query`.
    """
    _check(filters, ALL)
    with world.ledger.read() as tx:
        if not filters.is_open:
            ended = tx.inbox.ended_counts(filters.conditions, state=filters.final_state)
            return Counts(ended["open"], {ALL: ended["found"]})
        counts = tx.inbox.open_counts(filters.conditions, actor=actor.name, roles=actor.roles)
    return Counts(counts["open"], {ME: counts["mine"], OTHERS: counts["found"] - counts["mine"], ALL: counts["found"]})


def _check(filters: Filters, who: str) -> None:
    check_word("state", filters.state, STATES)
    check_word("risk", filters.risk, RISK_LEVELS)
    check_word("door", filters.door, INBOX_DOORS)
    check_word("who", who, WHO)
    for name, text, chars_max in (("role", filters.role, ROLE_CHARS_MAX), ("text", filters.text, TEXT_CHARS_MAX)):
        if text is not None and not (text.isprintable() and 1 <= len(text) <= chars_max):
            raise InvalidInputError(f"{name} is 1 to {chars_max} printable characters.", code="invalid-query")
