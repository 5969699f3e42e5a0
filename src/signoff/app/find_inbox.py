"""Find what waits in the inbox: gates in short, by whom they wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.find import DOORS, PAGE_MAX, Page, check_limit, check_word, page_of, read_cursor, to_cursor
from signoff.app.route_notice import OUTSIDE
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates.gate import FINAL_STATES, RISK_LEVELS, State
from signoff.gates.requirement import ROLE_CHARS_MAX, Actor

if TYPE_CHECKING:
    from signoff.app.ports import Place

ME, OTHERS, ALL = "me", "others", "all"
WHO = (ME, OTHERS, ALL)
#: Every final state at once.
ENDED = "ENDED"
STATES = (State.PENDING.value, ENDED, *sorted(state.value for state in FINAL_STATES))
INBOX_DOORS = (*DOORS, OUTSIDE)
TEXT_CHARS_MAX = 200
INBOX_PAGE = 50
LOOKED_THROUGH = 5_000

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
    first, whoever they waited for. Rows as in `Reader.inbox_gates`.

    A page looks through LOOKED_THROUGH gates at most, so that it is there at once however many there are: one with
    fewer rows than `limit`, and a cursor, has not found more among these.

    Raises:
        InvalidInputError: `invalid-query`, `invalid-cursor`.
    """
    _check(filters, who)
    check_limit(limit, PAGE_MAX)
    begin: Place = read_cursor(cursor, int, str, str) or (_FIRST if filters.is_open else _LAST)
    conditions = {"risk": filters.risk, "role": filters.role, "door": filters.door, "text": filters.text}
    with world.ledger.read() as tx:
        if filters.is_open:
            end = tx.open_gate_far_on(begin, LOOKED_THROUGH - 1)
            found = tx.inbox_gates(
                conditions,
                who=who,
                actor=actor.name,
                roles=actor.roles,
                after=begin,
                until=end or _LAST,
                limit=limit + 1,
            )
        else:
            end = tx.gate_far_back(begin, LOOKED_THROUGH - 1)
            state = None if filters.state == ENDED else filters.state
            found = tx.ended_gates(conditions, state=state, before=begin, until=end or _FIRST, limit=limit + 1)
    if len(found) <= limit:
        return Page(found, None if end is None else to_cursor(end))
    at = "deadline_at" if filters.is_open else "opened_at"
    return page_of(found, limit, lambda row: (row[at], row["workflow_id"], row["gate_key"]))


def count_open(world: World) -> int:
    with world.ledger.read() as tx:
        return tx.count_open()


def _check(filters: Filters, who: str) -> None:
    check_word("state", filters.state, STATES)
    check_word("risk", filters.risk, RISK_LEVELS)
    check_word("door", filters.door, INBOX_DOORS)
    check_word("who", who, WHO)
    for name, text, chars_max in (("role", filters.role, ROLE_CHARS_MAX), ("text", filters.text, TEXT_CHARS_MAX)):
        if text is not None and not (text.isprintable() and 1 <= len(text) <= chars_max):
            raise InvalidInputError(f"{name} is 1 to {chars_max} printable characters.", code="invalid-query")
