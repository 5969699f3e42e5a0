"""Gates of other programs' workflows, opened through the API, as those programs open them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.cli.bench.place import Site

GATE_KEY = "measured"
_CHOICES = [
    {"key": "yes", "label": "Yes", "effect": "approve"},
    {"key": "no", "label": "No", "effect": "reject"},
]


def open_foreign(site: Site, workflow_id: str, on_decision: Mapping[str, Any]) -> None:
    """One gate, `GATE_KEY`, which waits when this returns."""
    body = {"workflowId": workflow_id, "gateKey": GATE_KEY, "ttlS": 3600, "onDecision": dict(on_decision),
            "prompt": {"title": "May it go on?", "choices": _CHOICES}}  # fmt: skip
    site.wire.post("/api/gates", body)
