"""An answer as it was recorded: who gave it, in which roles."""

from __future__ import annotations

import pytest

from signoff.gates.interaction import Interaction
from signoff.gates.requirement import Actor


@pytest.mark.parametrize(
    ("role", "roles"), [(None, None), ("lead", frozenset({"lead"})), ("lead,ops", frozenset({"lead", "ops"}))]
)
def test_whoever_answered_is_known_in_the_recorded_roles_or_in_every_one_while_nobody_had_any(
    role: str | None, roles: frozenset[str] | None
) -> None:
    given = Interaction(
        id="hi_1",
        workflow_id="it_1",
        run_id=None,
        gate_key="ship",
        topic="human:ship",
        dedupe_key="d",
        payload={"choice": "ship"},
        payload_hash="a" * 64,
        origin="manual",
        actor="ada",
        role=role,
        choice="ship",
        created_at=0,
    )
    assert given.answerer == Actor("ada", roles)
