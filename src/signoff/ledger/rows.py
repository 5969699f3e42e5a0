"""Between rows and what the core knows them as."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from signoff.audit.entry import Entry
from signoff.audit.head import Head
from signoff.errors import InvalidInputError
from signoff.gates import requirement as requirements
from signoff.gates.deadline import Ladder, ladder_from_wire, ladder_to_wire
from signoff.gates.digest import INTEGER_MAX, canonical_json
from signoff.gates.gate import Gate, State
from signoff.gates.interaction import Interaction
from signoff.gates.name import plain_name
from signoff.gates.principal import Principal
from signoff.gates.prompt import read_prompt
from signoff.gates.terms import Terms, terms_from_wire, terms_to_wire
from signoff.plans.run import Run, Status

Values = Mapping[str, Any]

#: How many of what is read again and again are kept as they were read.
CACHED_MAX = 256

#: Of a gate: in columns of other names, as JSON, or in the row of the interaction that decided it.
_ELSEWHERE = frozenset({"prompt", "ladder", "terms", "on_decision", "reply", "payload_hash", "role", "origin"})


def to_json(value: Any) -> str:
    return canonical_json(value).decode("utf-8")


def _number(digits: str) -> int | float:
    # Postgres spells 1e22 as an integer of 23 digits; it was a float when it came in.
    return i if abs(i := int(digits)) <= INTEGER_MAX else float(digits)


#: The value of a JSON text. (`json.loads` would make a decoder each time.)
from_json: Callable[[str], Any] = json.JSONDecoder(parse_int=_number).decode


def with_json(row: Values, *columns: str) -> dict[str, Any]:
    return {**row, **{column: from_json(row[column]) for column in columns}}


def run_to_row(run: Run) -> dict[str, Any]:
    return {**run_changes(run), "plan": to_json(run.plan)}


def run_changes(run: Run) -> dict[str, Any]:
    """What `update_run` writes; a plan stays as it is."""
    return {name: value for name, value in vars(run).items() if name != "plan"} | {"status": run.status.value}


def run_from_row(row: Values) -> Run:
    return Run(**{**row, "plan": from_json(row["plan"]), "status": Status(row["status"])})


def gate_to_row(gate: Gate) -> dict[str, Any]:
    return {
        **gate_changes(gate),
        "prompt": to_json(gate.prompt.wire),
        "prompt_digest": gate.prompt.digest,
        "title": gate.prompt.title,
        "ladder": to_json(ladder_to_wire(gate.ladder)),
        "terms": to_json(terms_to_wire(gate.terms)),
        "on_decision": to_json(gate.on_decision),
    }


def gate_changes(gate: Gate) -> dict[str, Any]:
    """What `update_gate` writes; what people were shown stays as it is."""
    row = {name: value for name, value in vars(gate).items() if name not in _ELSEWHERE}
    return {
        **row,
        "state": gate.state.value,
        **_requirement_columns(gate.requirement),
        "kept_from": to_json(sorted({plain_name(name) for name in _kept_from(gate)})),
    }


def _kept_from(gate: Gate) -> tuple[str, ...]:
    return gate.requirement.kept_from(gate.requested_by)


def gate_from_row(row: Values) -> Gate:
    values = dict(row)
    del values["prompt_digest"], values["title"], values["roles"], values["kept_from"], values["door"]
    return Gate(
        **{
            **values,
            "state": State(row["state"]),
            "prompt": read_prompt(from_json(row["prompt"])),
            "requirement": _requirement(row["requirement"]),
            "ladder": _ladder(row["ladder"]),
            "terms": _terms(row["terms"]),
            "on_decision": from_json(row["on_decision"]),
            "reply": None if row["reply"] is None else from_json(row["reply"]),
        }
    )


# Many gates have few of these between them.


@lru_cache(CACHED_MAX)
def _requirement(text: str) -> requirements.Requirement:
    return requirements.from_wire(from_json(text))


@lru_cache(CACHED_MAX)
def _ladder(text: str) -> Ladder:
    return ladder_from_wire(from_json(text))


@lru_cache(CACHED_MAX)
def _terms(text: str) -> Terms:
    return terms_from_wire(from_json(text))


@lru_cache(CACHED_MAX)
def _requirement_columns(requirement: requirements.Requirement) -> Mapping[str, str]:
    roles = sorted({role for need in requirement.needs for role in need.any_of})
    return {"requirement": to_json(requirements.to_wire(requirement)), "roles": to_json(roles)}


def request_from_row(row: Values) -> dict[str, Any]:
    return {**with_json(row, "approvers"), "escalated": bool(row["escalated"])}


def interaction_to_row(interaction: Interaction) -> dict[str, Any]:
    return {**vars(interaction), "payload": to_json(interaction.payload)}


def interaction_from_row(row: Values) -> Interaction:
    return Interaction(**with_json(row, "payload"))


def entry_from_row(row: Values, dialect: str) -> Entry:
    """On Postgres a body is JSONB and has no spelling of its own; on SQLite it is the text that was hashed."""
    body = row["body"]
    if dialect == "postgres":
        try:
            body = to_json(from_json(body))
        except (InvalidInputError, ValueError):
            # Only tampering leaves a body that has no canonical spelling: it is handed on, to be found out.
            body = row["body"]
    return Entry(**{**row, "body": body})


def principal_to_row(principal: Principal) -> dict[str, Any]:
    return {**vars(principal), "roles": to_json(sorted(principal.roles))}


def principal_from_row(row: Values) -> Principal:
    return Principal(**{**row, "roles": frozenset(from_json(row["roles"]))})


def head_from_row(row: Values) -> Head:
    return Head(**row)
