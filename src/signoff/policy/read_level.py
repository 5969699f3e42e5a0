"""One risk level as a file says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from signoff.documents.piece import Piece, Pieces, read_count, read_names, read_text, read_truth, read_word
from signoff.documents.problem import shown
from signoff.gates.requirement import COUNT_MAX
from signoff.policy.level import APPROVE, DAYS, REJECT, Level, Schedule
from signoff.policy.span import read_span

ESCALATIONS_MAX = 10
TIMEOUT_S = 86_400
#: Levels at which whoever asks may approve too, unless the file says otherwise.
REQUESTER_MAY_APPROVE = ("low", "medium")

#: What a level says even where nobody is asked.
_ALWAYS = ("auto_approve", "notify")
_LEVEL = (
    *_ALWAYS,
    "approvers",
    "required_approvals",
    "require_secondary_approval",
    "require_justification",
    "requester_may_approve",
    "timeout",
    "on_timeout",
    "escalate_after",
    "escalate_to",
    "max_escalations",
    "schedule",
)
_OF_ESCALATIONS = ("escalate_to", "max_escalations")
_SCHEDULE = ("timezone", "days", "hours")
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")

IsZone = Callable[[str], bool]


def has_zone_form(name: str) -> bool:
    """Whether it looks like the name of a time zone; which ones there are, only the system knows."""
    return _ZONE.fullmatch(name) is not None


def read_level(name: str, piece: Piece, roles: Mapping[str, tuple[str, ...]], is_zone: IsZone) -> Level:
    """What cannot be taken is among the problems, and has its default."""
    pieces = piece.members(_LEVEL)
    if read_truth(pieces, "auto_approve", False):
        _check_nobody_is_asked(pieces)
        return Level(name, auto_approve=True, notify=read_truth(pieces, "notify", False))
    may = {role for role, levels in roles.items() if name in levels}
    level = Level(
        name,
        notify=read_truth(pieces, "notify", True),
        approvers=_roles(pieces, "approvers", name, roles),
        required_approvals=read_count(pieces, "required_approvals", COUNT_MAX),
        second_approvers=_second(pieces, name, roles, tuple(role for role in roles if role in may)),
        requester_may_approve=read_truth(pieces, "requester_may_approve", name in REQUESTER_MAY_APPROVE),
        require_justification=read_truth(pieces, "require_justification", False),
        timeout_s=read_span(pieces, "timeout") or TIMEOUT_S,
        on_timeout=read_word(pieces, "on_timeout", (REJECT, APPROVE), REJECT),
        escalate_after_s=read_span(pieces, "escalate_after"),
        escalate_to=_roles(pieces, "escalate_to", name, roles),
        max_escalations=read_count(pieces, "max_escalations", ESCALATIONS_MAX),
        schedule=_schedule(pieces, is_zone),
    )
    if not pieces.get("approvers") or pieces["approvers"].value == []:
        piece.refuse("no-approvers", f"the level {name} without approvers", "approvers, or auto_approve: true")
    _check_times(level, pieces)
    return level


def _roles(pieces: Pieces, key: str, level: str, roles: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Roles that there are, and that may approve this level."""
    names = read_names(pieces, key, roles, "role")
    for role in names:
        if level not in roles[role]:
            found = f"the role {role}, which may not approve {level},"
            pieces[key].refuse("role-may-not-approve", f"{found} among {key}", f"{level} among its levels in roles")
    return names


def _second(pieces: Pieces, level: str, roles: Mapping[str, tuple[str, ...]], may: tuple[str, ...]) -> tuple[str, ...]:
    """`true` is any role that may approve the level."""
    piece = pieces.get("require_secondary_approval")
    if piece is None or piece.value is False:
        return ()
    if piece.value == []:
        piece.refuse("no-approvers", "a secondary approval by nobody", "true, false or a list of roles")
    return may if piece.value is True else _roles(pieces, "require_secondary_approval", level, roles)


def _check_nobody_is_asked(pieces: Pieces) -> None:
    for key, piece in pieces.items():
        if key in _LEVEL and key not in _ALWAYS:
            piece.refuse("dead-setting", f"{key} where nobody is asked", "nothing but notify beside auto_approve: true")


def _check_times(level: Level, pieces: Pieces) -> None:
    after, escalates = pieces.get("escalate_after"), level.escalate_after_s is not None
    if after is None:
        for key in _OF_ESCALATIONS:
            if key in pieces:
                pieces[key].refuse("dead-setting", f"{key} without escalate_after", "escalate_after, a time")
    elif escalates and "escalate_to" not in pieces:
        after.refuse("escalation-to-nobody", "escalate_after without escalate_to", "escalate_to, a list of roles")
    elif level.escalate_to and set(level.escalate_to) <= {*level.approvers, *level.second_approvers}:
        found = "an escalation to those only who are asked already"
        pieces["escalate_to"].refuse("escalation-to-nobody", found, "a role that is not among the approvers")
    elif "escalate_to" in pieces and pieces["escalate_to"].value == []:
        pieces["escalate_to"].refuse("escalation-to-nobody", "an escalation to nobody", "a list of roles")
    if after and (level.escalate_after_s or 0) * level.max_escalations >= level.timeout_s:
        found = f"the last of {level.max_escalations} escalations when the gate has ended"
        after.refuse("escalation-too-late", found, f"a timeout of more than {level.max_escalations} x escalate_after")
    if level.on_timeout == APPROVE and "timeout" not in pieces:
        pieces["on_timeout"].refuse("meaningless-time", "on_timeout: approve without a timeout", "the timeout too")


def _schedule(pieces: Pieces, is_zone: IsZone) -> Schedule | None:
    piece = pieces.get("schedule")
    if piece is None:
        return None
    given = piece.members(_SCHEDULE)
    zone, hours = read_text(given, "timezone", ""), read_text(given, "hours", "")
    days = read_names(given, "days", DAYS, "day") if "days" in given else DAYS[:5]
    if "days" in given and given["days"].value == []:
        given["days"].refuse("incomplete-schedule", "a schedule without a day", f"some of {', '.join(DAYS)}")
    for key in ("timezone", "hours"):
        if key not in given:
            piece.refuse("incomplete-schedule", f"a schedule without {key}", f"{key}: with a value")
    if zone and not is_zone(zone):
        given["timezone"].refuse("unknown-timezone", f"the time zone {shown(zone)}", "one like Europe/Berlin or UTC")
    match = _HOURS.fullmatch(hours)
    opens_at, closes_at = (_minutes(match[1], match[2]), _minutes(*match[3].split(":"))) if match else (0, 0)
    if hours and closes_at <= opens_at:
        given["hours"].refuse("meaningless-time", f"the hours {shown(hours)}", "hours like 09:00-17:00")
    return Schedule(zone, days, opens_at, closes_at)


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)
