"""The steps of the recipe `compile-default`, by the action that its plan names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from signoff.app.steps import Agent, Sandbox, StepContext, StepResult, WorkTree
from signoff.plans.recipe import plan_prompt
from signoff.runners.routes import unknown_action

COMPILED = "CompileST"
ACTIONS = ("compile", "apply-patch", "decide", "execute")


@dataclass(frozen=True)
class CompileDefaultSteps:
    """Implements the port `Steps`."""

    agent: Agent
    work_tree: WorkTree
    sandbox: Sandbox

    def perform(self, action: str, context: StepContext) -> StepResult:
        match action:
            case "compile":
                return self._compile(context)
            case "apply-patch":
                return self.work_tree.apply(context.run_id, context.attempt, _patch(context))
            case "decide":
                return StepResult({"tasks": context.outputs[COMPILED]["tasks"]})
            case _:
                raise unknown_action(action)

    def undo(self, action: str, context: StepContext) -> StepResult:
        if action != "apply-patch":
            raise unknown_action(action)
        return self.work_tree.roll_back(context.run_id, context.attempt, _patch(context))

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        if action != "execute":
            raise unknown_action(action)
        return self.sandbox.run(task, context)

    def _compile(self, context: StepContext) -> StepResult:
        """The agent's plan, with the prompt that asks for its approval and the time that the agent asks for it."""
        result = self.agent.plan(context)
        plan = dict(result.output)
        wanted_s = plan.pop("approvalTimeoutS", None)
        ttl_s = context.constraints.get("planApprovalTimeoutS", wanted_s)
        return replace(result, output={**plan, "prompt": plan_prompt(context.goal, plan), "ttlS": ttl_s})


def _patch(context: StepContext) -> str:
    return context.outputs[COMPILED].get("patch") or ""
