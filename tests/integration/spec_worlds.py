"""Specs whose steps are done by hand: nothing is run, and what they find is what the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from use_case_worlds import ADA, say, work

from signoff.app.find import find_gates_of
from signoff.app.reply import Answered
from signoff.app.start_spec import start_spec
from signoff.app.steps import Artifact, StepContext, StepResult
from signoff.app.world import World
from signoff.errors import StepFailedError
from signoff.gates.digest import sha256_hex
from signoff.gates.gate import Gate, State
from signoff.gates.requirement import Actor
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger
from signoff.ledger.writer import SqlWriter
from signoff.plans.plan import Plan
from signoff.plans.run import Run
from signoff.plans.spec.compile import compile_spec
from signoff.plans.spec.compiled import read_defaults
from signoff.plans.spec.output_path import stays
from signoff.plans.spec.parse import parse_spec
from signoff.plans.spec.plan import ASK, OUTPUTS, plan_of
from signoff.plans.spec.policies import policies_in_force
from signoff.plans.spec.prompt import Output, StepFacts, gate_prompt

REVIEW = """<!-- GATE_REVIEW_START -->
#### Gate Review Checklist

##### Quality
- [ ] It is complete
- [x] It is short

#### Approval Decision
- [ ] APPROVED
- [ ] REJECTED: ___
- [ ] DEFERRED: ___
<!-- GATE_REVIEW_END -->
"""
#: A reviewed step, one with commands that comes after its gate, another reviewed one, one that opens its gate first.
TEXT = f"""---
tier: B
title: Move the ledger
owner: ada
goal: The ledger has moved
---

## Plan

### Step 1: Survey [G0: Plan Approval]

**Prompt:**

Look around.

**Outputs:**

- `survey.md`

{REVIEW}
### Step 2: Rehearse [G0]

**Commands:**

```bash
rehearse
```

```bash
compare
```

### Step 3: Copy [G1: Code Readiness]

**Prompt:**

Copy it.

**Outputs:**

- `copy.log`

{REVIEW}
### Step 4: Switch [G2: Pre-Release]

**Prompt:**

Switch over.
"""
FIRST_LEG = ["step-001:prompt", "step-001"]
BEHIND_G0 = ["step-002:command-1", "step-002:command-2", "step-002", "step-003:prompt", "step-003"]
TICKED = {"1.1": True, "1.2": True}


def a_plan(tier: str = "B", *, sha256: str = "5" * 64, spec: str = "docs/plan.md", **modes: str) -> Plan:
    """The plan of `TEXT` in a tier, with the modes of gates that the settings say."""
    name = f"defaults/tier-{tier.lower()}.yaml"
    defaults = read_defaults(files("signoff.plans.spec").joinpath(name).read_text("utf-8"), path=name, tier=tier)
    read = parse_spec(TEXT.replace("tier: B", f"tier: {tier}"), path=spec, leaves=stays)
    document = compile_spec(read, defaults, source_md_path=spec, source_md_sha256=sha256)
    about = {"spec": spec, "specSha256": sha256, "tier": tier, "title": "Move the ledger", "owner": "ada", "root": "/r"}
    return plan_of(document, policies_in_force(document, modes), about)


@dataclass
class ByHand:
    """Implements the port `Steps`. `done` are the nodes in the order in which they were done; those in `failing` fail,
    and leave behind what they said; the outputs in `missing` are not there."""

    failing: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)

    def perform(self, action: str, context: StepContext) -> StepResult:
        self.done.append(context.step_id)
        said = f"{context.step_id}, attempt {context.attempt}"
        artifacts = (Artifact("said", sha256_hex(said.encode()), inline=said),)
        if context.step_id in self.failing:
            raise StepFailedError("It did not work.", artifacts=artifacts)
        if action not in (ASK, OUTPUTS) or context.params["gate"] is None:
            return StepResult({}, artifacts)
        paths = context.params.get("outputs", ())
        outputs = tuple(Output(path, None if path in self.missing else "a" * 64, 1) for path in paths)
        facts = StepFacts(outputs, "main", "c0ffee")
        return StepResult({"prompt": gate_prompt(context.params, context.about, facts=facts)}, artifacts)

    def undo(self, action: str, context: StepContext) -> StepResult:
        raise NotImplementedError

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        raise NotImplementedError


@dataclass
class SpecRuns:
    """Runs of specs on a ledger, and the one worker that walks them."""

    world: World
    database: Database
    steps: ByHand = field(default_factory=ByHand)

    def start(self, plan: Plan, *, actor: Actor = ADA, **options: Any) -> Run:
        run = start_spec(self.world, plan, actor=actor, **options)
        self.work()
        return run

    def work(self) -> None:
        work(self.world, SqlLedger(self.database), self.steps)

    def gates(self, run: Run) -> list[tuple[str, State]]:
        """In the order in which they were opened, by their nodes."""
        return [(gate.on_decision["node"], gate.state) for gate in find_gates_of(self.world, run.workflow_id)]

    def gate(self, run: Run, node: str, attempt: int = 1) -> Gate:
        [found] = [
            gate
            for gate in find_gates_of(self.world, run.workflow_id)
            if (gate.on_decision["node"], gate.on_decision["attempt"]) == (node, attempt)
        ]
        return found

    def answer(
        self, run: Run, node: str, choice: str, *, actor: Actor = ADA, attempt: int = 1, **said: Any
    ) -> Answered:
        """The answer, and all that follows from it."""
        gate = self.gate(run, node, attempt)
        answered = say(
            self.world,
            workflow_id=run.workflow_id,
            gate_key=gate.gate_key,
            payload={"choice": choice, **said},
            actor=actor,
            dedupe_key=f"{actor.name}:{choice}",
        )
        self.work()
        return answered

    def passed(self, plan: Plan) -> Run:
        """A run that has been approved up to its end."""
        run = self.start(plan)
        for node in ("step-001:G0", "step-003:G1", "step-004:G2"):
            self.answer(run, node, "approve")
        return run


class OvertakenLedger(SqlLedger):
    """The ledger, on which somebody is a moment faster than the first transaction of this verb."""

    def __init__(self, database: Database, verb: str, faster: Callable[[], object]) -> None:
        super().__init__(database)
        self._faster = {verb: faster}

    @contextmanager
    def write(self, workflow_id: str, verb: str) -> Iterator[SqlWriter]:
        faster = self._faster.pop(verb, None)
        if faster is not None:
            faster()
        with super().write(workflow_id, verb) as tx:
            yield tx
