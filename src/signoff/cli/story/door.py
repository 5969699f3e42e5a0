"""What following a story's run shows and asks: its checkpoints, as `story checkpoint` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.app.project_story import project_story
from signoff.app.retry_run import retry_run
from signoff.cli.call import Call
from signoff.cli.story.answers import Answers
from signoff.cli.story.resumption import has_returned
from signoff.cli.terminal import one_line
from signoff.gates.gate import State
from signoff.plans.plan import StepNode
from signoff.plans.run import Run
from signoff.plans.story import DRAFT, IMPLEMENT, PO_GATE, QA, QA_GATE, VALIDATE
from signoff.runners.story.projected import write_projection

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.sdk.backend import Backend

_HEADINGS = {
    DRAFT: "Draft (sm)",
    VALIDATE: "Validation (po)",
    IMPLEMENT: "Implementation (dev)",
    QA: "QA review (qa)",
}
_PLACES = {"ask-po": "validation", "accept": "implementation", "screen": "looking at the changes", "commit": "commit"}


@dataclass(frozen=True)
class StoryDoor:
    """Implements `Door` of `cli.follow.follower`. `began_at` is when somebody came to follow the run."""

    call: Call
    world: World
    backend: Backend
    state_file: Path
    answers: Answers
    began_at: int

    def greeting(self, about: Mapping[str, str]) -> tuple[str, str]:
        return one_line(f"Story {about['storyId']}: {about['title']}"), one_line(f"{self.state_file}")

    def heading(self, node: StepNode) -> str | None:
        return _HEADINGS.get(node.action)

    def place(self, node_id: str) -> str:
        return _PLACES.get(node_id, node_id)

    def told(self, row: Mapping[str, Any]) -> Iterator[str]:
        output = row["output"]
        if output.get("summary"):
            yield one_line(output["summary"])
        if "commit" in output and row["stepId"] == "commit":
            yield f"committed {output['commit']}"
            if output.get("remark"):
                yield one_line(output["remark"])
        if "why" in output:
            yield f"not committed: {one_line(output['why'])}"

    def shows_decided(self, receipt: Mapping[str, Any]) -> bool:
        return False

    def answer(self, view: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self.answers.payload(view)

    def draw(self, view: Mapping[str, Any], *, is_asked_here: bool) -> None:
        """Whoever asks draws it too."""
        if not is_asked_here and view["state"] == State.PENDING:
            self._decide()

    def ask(self, view: Mapping[str, Any]) -> Mapping[str, Any]:
        self._decide()
        gate = self.backend.gate(view["workflowID"], view["gateKey"])
        return gate.get("receipt") or {"state": gate["state"]}

    def again(self) -> str:
        flags = {name: self.call.flags.get(name.replace("-", "_")) for name in ("agent", "agent-command", "replay-dir")}
        repeated = [f"--{name}={value}" for name, value in flags.items() if value]
        return self.call.again("story", "resume", *repeated)

    def after_failure(self, run: Run) -> str | None:
        return None if run.node in (PO_GATE, QA_GATE) else self.again()

    def keep_up(self, run: Run) -> Run:
        if has_returned(self.world, run, self.began_at):
            run = retry_run(self.world, workflow_id=run.workflow_id, actor=self.call.actor)
        write_projection(self.state_file, project_story(self.world, run.workflow_id))
        return run

    def _decide(self) -> None:
        from signoff.cli.story.answering import Said
        from signoff.cli.story.desk import Desk

        Desk(self.call, self.backend, self.state_file, None, Said(), is_followed=True).decide()
