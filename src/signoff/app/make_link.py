"""Make a link: it signs one principal in, once, for one gate."""

from __future__ import annotations

import secrets

from signoff.app.find import the_gate
from signoff.app.find_principals import the_principal
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.gates.principal import IDENTITY
from signoff.gates.session import LINK_MS_MAX, LINK_PREFIX, Link
from signoff.gates.token import SECRET_BYTES, token_hash, token_text

ACTOR = "signoff"


def make_link(world: World, *, workflow_id: str, gate_key: str, name: str, actor: str = ACTOR) -> tuple[Link, str]:
    """The link as it is stored, and its secret. It ends with the gate's deadline, if that is sooner than its own time.

    Raises:
        NotFoundError: `principal-not-found`, `run-not-found`, `gate-not-found`. InvalidInputError: (`invalid-link`)
        the principal is disabled, or the gate has ended.
    """
    check_workflow_id(workflow_id)
    check_gate_key(gate_key)
    text = token_text(secrets.token_bytes(SECRET_BYTES), LINK_PREFIX)
    with world.ledger.write(IDENTITY, "make_link") as tx:
        now, principal, gate = world.clock(), the_principal(tx, name), the_gate(tx, workflow_id, gate_key)
        if principal.disabled_at is not None:
            raise _invalid(f"{name} is disabled")
        if gate.is_final or gate.is_due(now):
            raise _invalid("the gate has ended")
        link = Link(
            id=f"sl_{world.new_id()}",
            hash=token_hash(text),
            principal_id=principal.id,
            workflow_id=workflow_id,
            gate_key=gate_key,
            created_at=now,
            expires_at=min(now + LINK_MS_MAX, gate.deadline_at),
        )
        tx.insert_link(link)
        body = {"linkId": link.id, "name": name, "workflowId": workflow_id, "gateKey": gate_key}
        tx.append_entry(at=now, actor=actor, event="link.made", body=body)
    return link, text


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This link cannot be made: {why}.", code="invalid-link")
