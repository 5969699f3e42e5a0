"""The pipeline of a story as a plan.

    begin             how the repository is before anything is done
    draft             the story is written (sm)
    validate          it is validated (po)
    ask-po            the prompt of the first checkpoint, with the story file as it is
    po-approval
    accept            the story file is still what was approved; else the run goes back and asks again
    implement         (dev); behind a fix again, with the findings
    qa                the review (qa), and the prompt of the second checkpoint
    qa-approval       fix leads back to implement
    screen            the changes as git has them, and the prompt of the third checkpoint
    commit-approval
    commit            exactly what was approved; where that has changed the run goes back to the screen

An abort ends the run. What it takes back of the steps named in `undo` is the story's place in the backlog, nothing
else: work is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from signoff.gates.prompt import APPROVE, FIX
from signoff.plans.plan import GateNode, Node, Plan, StepNode, make_plan

RECIPE = DOOR = "story"
BEGIN, DRAFT, VALIDATE, ASK, ACCEPT = "story-begin", "story-draft", "story-validate", "story-ask", "story-accept"
IMPLEMENT, QA, SCREEN, COMMIT = "story-implement", "story-qa", "story-screen", "story-commit"
ACTIONS = (BEGIN, DRAFT, VALIDATE, ASK, ACCEPT, IMPLEMENT, QA, SCREEN, COMMIT)

PO_GATE, QA_GATE, COMMIT_GATE = "po-approval", "qa-approval", "commit-approval"
GATE_NODES = (PO_GATE, QA_GATE, COMMIT_GATE)


def plan_of_story(about: Mapping[str, str], *, ttl_s: int) -> Plan:
    """The plan of one story.

    Args:
        about: `{storyId, title, epicId, root, stateFile, backlog, stories, qaGates, config}`: paths are relative to
            `root` but for the state file's; `backlog` is empty without one, `config` is JSON.
        ttl_s: how long each checkpoint waits.
    """
    nodes: list[Node] = [
        StepNode("begin", BEGIN, "draft"),
        StepNode("draft", DRAFT, "validate"),
        StepNode("validate", VALIDATE, "ask-po"),
        StepNode("ask-po", ASK, PO_GATE),
        _gate(PO_GATE, "PO approval", {APPROVE: "accept"}, "ask-po", ttl_s, undo="draft", again="ask-po"),
        StepNode("accept", ACCEPT, "implement", again="ask-po"),
        StepNode("implement", IMPLEMENT, "qa"),
        StepNode("qa", QA, QA_GATE),
        _gate(
            QA_GATE,
            "QA approval",
            {APPROVE: "screen", FIX: "implement"},
            "qa",
            ttl_s,
            undo="implement",
            again="implement",
        ),
        StepNode("screen", SCREEN, COMMIT_GATE),
        _gate(COMMIT_GATE, "Commit approval", {APPROVE: "commit"}, "screen", ttl_s, undo="screen", again="screen"),
        StepNode("commit", COMMIT, None, again="screen"),
    ]
    return make_plan(RECIPE, nodes, about=about)


def _gate(
    node_id: str, label: str, ways: Mapping[str, str], prompt_from: str, ttl_s: int, *, undo: str, again: str
) -> GateNode:
    return GateNode(
        id=node_id,
        purpose=node_id,
        label=label,
        ways=ways,
        ttl_s=ttl_s,
        next_action="REVIEW_GATE",
        prompt_from=prompt_from,
        undo=(undo,),
        again=again,
    )
