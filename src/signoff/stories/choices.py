"""The ways to answer each of the three checkpoints.

`CHOICES` is the whole truth about them. An action with an effect is a choice of the checkpoint's gate; one without is
done by whoever asks, who then asks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from signoff.gates.prompt import APPROVE, FIX, HOLD, REJECT
from signoff.stories.state import Kind

CONTINUE, PAUSE, FIX_ISSUES, ABORT, REVIEW, EDIT = "continue", "pause", "fix", "abort", "review", "edit"


@dataclass(frozen=True)
class Action:
    """One way to answer. `action` is what the pipeline is told; without an `effect` nothing is decided by it."""

    number: int
    key: str
    label: str
    action: str
    effect: str | None
    consequences: tuple[str, ...]


CHOICES: Mapping[Kind, tuple[Action, ...]] = {
    Kind.PO: (
        Action(
            *(1, "approve", "APPROVE & Continue to Development", CONTINUE, APPROVE),
            ("Story will be passed to Dev Agent for implementation",),
        ),
        Action(
            *(2, "changes", "REQUEST MORE CHANGES", PAUSE, HOLD),
            ("Pipeline pauses; you can edit the story manually", "Resume the pipeline when ready"),
        ),
        Action(*(3, "abort", "ABORT Pipeline", ABORT, REJECT), ("Story returns to backlog; all progress discarded",)),
    ),
    Kind.QA: (
        Action(
            *(1, "approve", "APPROVE & Proceed to Commit", CONTINUE, APPROVE),
            (
                "Accept current state (concerns noted but not blocking)",
                "Skip fixes; proceed directly to commit",
            ),
        ),
        Action(
            *(2, "fix", "FIX ISSUES First", FIX_ISSUES, FIX),
            ("Dev Agent will address QA findings", "Pipeline continues after fixes complete"),
        ),
        Action(
            *(3, "abort", "ABORT Pipeline", ABORT, REJECT),
            ("Implementation preserved but not committed", "Story returns to implementing state"),
        ),
    ),
    Kind.COMMIT: (
        Action(
            *(1, "commit", "COMMIT Changes", CONTINUE, APPROVE),
            ("Execute git commit with proposed message", "Update story status to Done", "Pipeline completes"),
        ),
        Action(
            *(2, "review", "REVIEW Changes First", REVIEW, None),
            ("Show full git diff", "Return to this prompt after review"),
        ),
        Action(
            *(3, "edit", "EDIT Commit Message", EDIT, None),
            ("Modify the commit message before committing",),
        ),
        Action(
            *(4, "abort", "ABORT (Do Not Commit)", ABORT, REJECT),
            ("Changes remain uncommitted", "Pipeline pauses; resume it to return here"),
        ),
    ),
}
HEADINGS = {Kind.PO: "PO Validation Complete", Kind.QA: "QA Review Complete", Kind.COMMIT: "Ready to Commit"}
NUMBERS = {kind: number for number, kind in enumerate(Kind, start=1)}


def find_action(kind: Kind, wanted: str) -> Action | None:
    """The action of this number, or that is called so: by its key, by what the pipeline is told, or by its effect."""
    said = wanted.strip().lower()
    return next((one for one in CHOICES[kind] if said in (str(one.number), one.key, one.action, one.effect)), None)


def action_of(kind: Kind, choice: str) -> Action:
    """The action of a choice of the gate."""
    return next(one for one in CHOICES[kind] if one.key == choice and one.effect is not None)
