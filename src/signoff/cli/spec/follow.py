"""What following a spec's run shows and asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.cli.call import Call
from signoff.cli.spec.answers import Answers
from signoff.cli.terminal import one_line
from signoff.plans.plan import StepNode
from signoff.plans.run import Run
from signoff.plans.spec.plan import ADVISORY_POLICY, number_of

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend


@dataclass(frozen=True)
class SpecDoor:
    """Implements `Door` of `cli.follow.follower`."""

    call: Call
    backend: Backend
    file: Path
    answers: Answers

    def greeting(self, about: Mapping[str, str]) -> tuple[str, str]:
        return one_line(about["title"]), f"{about['spec']}, tier {about['tier']}"

    def heading(self, node: StepNode) -> str | None:
        """The step's title, when it begins."""
        return f"Step {node.params['number']}: {one_line(node.params['title'])}"

    def place(self, node_id: str) -> str:
        """`step 3, command 1` of `step-003:command-1`."""
        step, _, part = node_id.partition(":")
        words = [f"step {number_of(step)}", part.replace("-", " ") or "outputs"]
        return ", ".join(words)

    def told(self, row: Mapping[str, Any]) -> Iterator[str]:
        for output in row["output"].get("outputs", []):
            is_there = output["sha256"] is not None
            yield f"{'output' if is_there else 'missing'} {one_line(output['path'])}"

    def shows_decided(self, receipt: Mapping[str, Any]) -> bool:
        return bool(receipt["actor"] == ADVISORY_POLICY)

    def answer(self, view: Mapping[str, Any]) -> Mapping[str, Any] | None:
        effect = self.answers.effect_at(view)
        return None if effect is None else self.answers.payload(effect, view["prompt"])

    def draw(self, view: Mapping[str, Any], *, is_asked_here: bool) -> None:
        from signoff.cli.gate.answering import answering_commands
        from signoff.cli.gate.text import draw_gate

        where = (view["workflowID"], view["gateKey"])
        answers = [] if is_asked_here else list(answering_commands(self.call, where, view))
        draw_gate(view, [], answers, self.backend.now())

    def ask(self, view: Mapping[str, Any]) -> Mapping[str, Any]:
        from signoff.cli.console.asking import ask_at_console

        return ask_at_console(self.backend, view, actor=self.call.actor)

    def again(self) -> str:
        flags = {name: self.call.flags.get(name.replace("-", "_")) for name in ("agent", "tier-defaults")}
        repeated = [f"--{name}={value}" for name, value in flags.items() if value]
        return self.call.again("spec", "run", str(self.file), *repeated)

    def after_failure(self, run: Run) -> str | None:
        return f"{self.call.again('run', 'retry', run.workflow_id)} && {self.again()}"

    def keep_up(self, run: Run) -> Run:
        """Nothing beside the ledger tells of it."""
        return run
