"""Verify the audit trail: every entry's hash, every chain, every signed head."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from signoff.app.world import World
from signoff.audit.export import dump
from signoff.audit.verify import Report, verify


def verify_audit(world: World, *, trusted_keys: Collection[str] | None = None) -> Report:
    with world.ledger.read() as tx:
        return verify(tx.all_entries(), tx.heads(), trusted_keys=trusted_keys)


def export_audit(world: World, *, workflow_id: str | None = None) -> Iterator[str]:
    """The lines of an export that anyone can verify offline; of one workflow, its chain without the heads."""
    with world.ledger.read() as tx:
        entries = (one for one in tx.all_entries() if workflow_id in (None, one.workflow_id))
        yield from dump(entries, tx.heads() if workflow_id is None else [])
