"""Facts of gates and runs in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from signoff.gates.prompt import APPROVE, FIX, HOLD, REJECT
from signoff.gates.requirement import ANYONE, Requirement

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))

EFFECTS: Mapping[str, str] = {
    APPROVE: "lets it go on",
    REJECT: "ends it",
    FIX: "sends it back to be done anew",
    HOLD: "leaves it open",
}
NOT_UNDERSTOOD = "Not understood"
REFUSALS: Mapping[int, str] = {
    401: "Sign in first",
    403: "Not yours to do",
    404: "Not found",
    405: "Not found",
    409: "Not any more",
    500: "A defect",
}
STATES: Mapping[str, str] = {
    "PENDING": "waiting",
    "RECEIVED": "decided",
    "TIMED_OUT": "timed out",
    "CANCELLED": "cancelled",
    "ENDED": "ended",
}
STATUSES: Mapping[str, str] = {
    "ENQUEUED": "queued",
    "PENDING": "working",
    "WAITING_INPUT": "waiting for people",
    "SUCCESS": "succeeded",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
}
DOORS: Mapping[str, str] = {
    "intent": "intent",
    "spec": "spec",
    "story": "story",
    "mission": "mission",
    "outside": "outside workflow",
}


def span(ms: int) -> str:
    """`2 d 3 h`: a length of time, in the two largest units that it has."""
    left = max(0, ms)
    parts: list[str] = []
    for unit, size in _UNITS:
        if left >= size or (parts and len(parts) < 2):
            count, left = divmod(left, size)
            parts.append(f"{count} {unit}")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0 ")) or "0 s"


def left(deadline_at: int, now: int) -> str:
    return f"{span(deadline_at - now)} left" if deadline_at > now else f"{span(now - deadline_at)} overdue"


def moment(at_ms: int) -> str:
    return _instant(at_ms).strftime("%Y-%m-%d %H:%M UTC")


def iso(at_ms: int) -> str:
    return _instant(at_ms).isoformat(timespec="seconds").replace("+00:00", "Z")


def day(days: int) -> str:
    return _instant(days * 86_400_000).strftime("%d %b")


def counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def roles_words(roles: Sequence[str]) -> str:
    return "anyone" if ANYONE in roles else " or ".join(roles)


def needed(left: Mapping[str, int]) -> str:
    """Open places by the labels of their needs: `1 approval by security, 2 approvals by lead or ops`."""
    return ", ".join(f"{counted(n, 'approval')} by {roles_words(label.split(','))}" for label, n in left.items())


def value_words(value: Any) -> str:
    """What was filled in, as its reader would say it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def role_words(role: str | None) -> str:
    """The roles in which somebody answered, as they are recorded."""
    return "" if role in (None, ANYONE) else str(role).replace(",", ", ")


def conditions_of(requirement: Requirement) -> list[str]:
    """What an approval takes beside the people."""
    flags = (
        (requirement.distinct_people and sum(need.count for need in requirement.needs) > 1, "by different people"),
        (requirement.not_requester, "not by whoever asked for it"),
        (requirement.not_by, f"not by {' or '.join(requirement.not_by)}"),
        (requirement.justification, "with a rationale"),
        (requirement.all_items, "with every item ticked"),
        (requirement.all_evidence, "with no evidence missing"),
    )
    return [words for is_set, words in flags if is_set]


def label_of(choices: Sequence[Mapping[str, Any]], key: str | None) -> str:
    """What a choice is called in its prompt."""
    return next((str(choice["label"]) for choice in choices if choice["key"] == key), key or "")


def _instant(at_ms: int) -> datetime:
    # A database may hold any number; a page is shown all the same.
    return datetime.fromtimestamp(min(max(at_ms, 0), 253_402_300_799_000) / 1000, UTC)
