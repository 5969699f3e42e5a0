"""What an agent of a story is asked: who it is, what there is to do, what is known, and the form of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.plans.markdown import line, paragraphs
from signoff.runners.story.answers import DEV, FORMS, PO, QA, ROLES, SM

_WORK: Mapping[str, str] = {
    SM: "Write the story's file, ready to be validated. If it is there already, leave what is right in it as it is.",
    PO: "Validate the story's file: put right what is wrong or missing in it, and say what you amended.",
    DEV: "Implement the story. Do not commit anything: a person looks at the changes first.",
    QA: "Review the implementation against the story: run its tests, and write the QA gate file.",
}
_FIX = "Put right what the review found, `findings` in the input. Do not commit anything."


@dataclass(frozen=True)
class Asked:
    """`number` counts the times that this agent is asked for this story, a fix being one more; `facts` are JSON."""

    role: str
    number: int
    facts: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"{self.role}: {line(self.facts['title'] or '')}".removesuffix(": ")


def prompt_of(asked: Asked) -> str:
    """The whole text, as a program reads it."""
    facts = asked.facts
    work = _FIX if asked.role == DEV and facts.get("findings") is not None else _WORK[asked.role]
    return (
        paragraphs(
            f"# Story {line(facts['storyId'])}: {line(facts['title'])}",
            f"You are the {ROLES[asked.role]} ({asked.role}). The working directory is the repository.",
            work,
            f"## Input\n\n{json.dumps(dict(facts), indent=2, ensure_ascii=False)}",
            "## Answer\n\nAnswer with one JSON object on standard output, and nothing else. Messages for people go to "
            f"standard error.\n\n{FORMS[asked.role]}",
        )
        + "\n"
    )
