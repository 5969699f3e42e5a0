"""The steps behind a mission's gates, by the actions that their plans name (`plans.mission`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signoff.app.steps import StepContext, StepResult
from signoff.errors import DiagnosticError, SignoffError, StepFailedError
from signoff.gates.gate import Gate, State
from signoff.plans.mission import RECORD_REVIEW, RELEASE
from signoff.runners.excerpt import to_artifact
from signoff.runners.mission.place import MissionPlace, find_checkout
from signoff.runners.mission.record import record_review
from signoff.runners.mission.ship import report_paths, signed_report, to_markdown, write_release
from signoff.runners.routes import unknown_action

ACTIONS = (RECORD_REVIEW, RELEASE)


@dataclass(frozen=True)
class MissionSteps:
    """Implements the port `Steps`. `gates_of` finds the gates of a run, in the order in which they were opened;
    `now_us` is in microseconds since 1970 began."""

    gates_of: Callable[[str], Sequence[Gate]]
    now_us: Callable[[], int]

    def perform(self, action: str, context: StepContext) -> StepResult:
        """
        Raises:
            StepFailedError: also (`no-repository`) where the repository is not on this machine. Nothing was written
                then; a retry does it again.
        """
        if action not in ACTIONS:
            raise unknown_action(action)
        place = place_of(context.about)
        gate = self._decided(context.run_id)
        try:
            return self._record(place, gate, context) if action == RECORD_REVIEW else _release(place, gate, context)
        except StepFailedError:
            raise
        except SignoffError as error:
            details = error.to_wire() if isinstance(error, DiagnosticError) else error.details
            raise StepFailedError(error.message, code=error.code, details=details) from None

    def undo(self, action: str, context: StepContext) -> StepResult:
        raise unknown_action(action)

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        raise unknown_action(action)

    def _decided(self, run_id: str) -> Gate:
        """The one that led here: each attempt of a run has a gate of its own."""
        decided = [gate for gate in self.gates_of(run_id) if gate.state is State.RECEIVED]
        if not decided:
            raise StepFailedError(f"Nobody has decided anything in {run_id}.")
        return decided[-1]

    def _record(self, place: MissionPlace, gate: Gate, context: StepContext) -> StepResult:
        recorded = record_review(place, gate, context.about, now_us=self.now_us())
        return StepResult(
            {
                "workPackage": context.about["work_package_id"],
                "verdict": recorded.verdict,
                "eventId": recorded.event.event_id,
                "toLane": recorded.event.to_lane.value,
                "reviewCycle": place.shown(recorded.cycle),
            }
        )


def place_of(about: Mapping[str, str]) -> MissionPlace:
    """Where the mission of a plan is.

    Raises:
        StepFailedError: (`no-repository`) not on this machine.
    """
    root = Path(about["repo_root"])
    folder = root / about["folder"]
    if not folder.is_dir():
        raise StepFailedError(
            f"This worker has no folder {str(folder)!r}, in which the mission is kept. Retry the run with a worker on "
            "the machine that has it.",
            code="no-repository",
            details={"root": str(root)},
        )
    return MissionPlace(find_checkout(root), folder)


def _release(place: MissionPlace, gate: Gate, context: StepContext) -> StepResult:
    signed = signed_report(context.params["report"], gate)
    write_release(place, context.about, signed)
    artifact = to_artifact("release-report", to_markdown(signed))
    return StepResult({"paths": report_paths(place), "signOff": signed["sign_off"]}, (artifact,))
