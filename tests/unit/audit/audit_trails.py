"""Audit trails to try things on."""

from __future__ import annotations

from typing import Any

from signoff.audit.entry import GENESIS, Entry, seal


def trail_of(*workflow_ids: str) -> list[Entry]:
    """A sound trail: one entry for each workflow named, in this order, with `seq` from 1."""
    tips: dict[str, Entry] = {}
    trail = []
    for seq, workflow_id in enumerate(workflow_ids, start=1):
        entry = follow(tips.get(workflow_id), workflow_id, seq=seq)
        tips[workflow_id] = entry
        trail.append(entry)
    return trail


def follow(before: Entry | None, workflow_id: str, *, seq: int, **columns: Any) -> Entry:
    """A sealed entry that follows on `before`, with the named columns of its own."""
    own: dict[str, Any] = {
        "n": 1 if before is None else before.n + 1,
        "gate_key": "approve-plan-3fa9c1d2e4b50617",
        "at": 1_767_225_600_000 + seq,
        "actor": "ada",
        "event": "gate.decided",
        "body": {"choice": "yes", "number": seq},
        "prev_hash": GENESIS if before is None else before.hash,
        **columns,
    }
    return seal(seq=seq, workflow_id=workflow_id, **own)
