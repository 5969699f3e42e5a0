"""What the gates of specs are called, and what each can be. Settings speak of them too, and of nothing else here."""

from __future__ import annotations

from collections.abc import Mapping

#: The gates that a step may name, and what each is called where the file does not say.
GATES: Mapping[str, str] = {
    "G0": "Plan Approval",
    "G1": "Code Readiness",
    "G2": "Pre-Release",
    "G3": "Deployment Approval",
    "G4": "Post-Deployment Review",
}

BLOCKING, REQUIRED_ITEMS, ADVISORY, AUTOMATIC = "blocking", "required-items", "advisory", "automatic"
MODES = (BLOCKING, REQUIRED_ITEMS, ADVISORY, AUTOMATIC)
