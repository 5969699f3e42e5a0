"""Verify the audit trail: every entry's hash, every chain, every signed head."""

from __future__ import annotations

from collections.abc import Collection

from signoff.app.world import World
from signoff.audit.verify import Report, verify


def verify_audit(world: World, *, trusted_keys: Collection[str] | None = None) -> Report:
    with world.ledger.read() as tx:
        return verify(tx.audit.all_entries(), tx.audit.heads(), trusted_keys=trusted_keys)
