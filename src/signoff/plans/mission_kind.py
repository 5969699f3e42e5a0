"""What the runs of missions are called. Most commands of missions look for such runs, and know no more of plans."""

from __future__ import annotations

RECIPE = DOOR = "mission"
#: The nodes of the gates.
REVIEW, SIGN_OFF = "review", "sign-off"
