"""Which runner performs which action, so that one worker does the steps of every kind of plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.app.steps import StepContext, StepResult, Steps
from signoff.errors import StepFailedError


class RoutedSteps:
    """Implements the port `Steps` by those of each action.

    Raises:
        StepFailedError: (`unknown-action`) a stored plan names an action that nobody here performs.
    """

    def __init__(self, by_action: Mapping[str, Steps]) -> None:
        self._by_action = dict(by_action)

    def perform(self, action: str, context: StepContext) -> StepResult:
        return self._for(action).perform(action, context)

    def undo(self, action: str, context: StepContext) -> StepResult:
        return self._for(action).undo(action, context)

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        return self._for(action).perform_task(action, task, context)

    def _for(self, action: str) -> Steps:
        if action not in self._by_action:
            raise unknown_action(action)
        return self._by_action[action]


def unknown_action(action: str) -> StepFailedError:
    return StepFailedError(
        f"This version of signoff does not know the action {action!r} of the stored plan.", code="unknown-action"
    )
