"""A spec as it was written. Texts are Markdown as it stands there, with line ends as `\\n`; empty means not said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TIERS = ("A", "B", "C")

#: The decisions of a review. Longest first: each is looked for at the start of a line.
APPROVED_WITH_CONDITIONS = "APPROVED WITH CONDITIONS"
DECISIONS = (APPROVED_WITH_CONDITIONS, "APPROVED", "REJECTED", "DEFERRED")

#: Limits, all but the first the same as those of a gate's prompt: what compiles can also be asked.
SPEC_CHARS_MAX = 4_000_000
NAME_CHARS_MAX = 120
TITLE_CHARS_MAX = 300
TEXT_CHARS_MAX = 2_000
ITEMS_MAX = 500


@dataclass(frozen=True)
class FrontMatter:
    """`extra` are the keys that are not known, as JSON values. Dates are kept as the text that they were."""

    tier: str
    title: str
    owner: str
    goal: str
    version: str = ""
    labels: tuple[str, ...] = ()
    project_slug: str = ""
    spec_version: str = ""
    created: str = ""
    updated: str = ""
    orchestrator_contract: str | Mapping[str, Any] = "standard"
    repo_url: str = ""
    repo_default_branch: str = ""
    repo_working_branch: str = ""
    aip_id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """`- [ ] text` or `- [x] text`."""

    text: str
    is_checked: bool = False


@dataclass(frozen=True)
class Category:
    name: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Option:
    """One line of `#### Approval Decision`: `decision` is one of DECISIONS, `label` it as written (`APPROVED FOR
    DEPLOYMENT`), `text` what follows the colon. A tick is evidence for whoever decides, never a decision."""

    decision: str
    label: str
    text: str = ""
    is_ticked: bool = False


STANDARD_OPTIONS = (
    Option("APPROVED", "APPROVED"),
    Option(APPROVED_WITH_CONDITIONS, APPROVED_WITH_CONDITIONS),
    Option("REJECTED", "REJECTED"),
    Option("DEFERRED", "DEFERRED"),
)


@dataclass(frozen=True)
class Review:
    """What stands between the marks of a gate review. `metadata` has at least reviewer, date and rationale."""

    categories: tuple[Category, ...]
    options: tuple[Option, ...]
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Command:
    """A fenced block: `script` is its text whole, with the last line end."""

    lang: str
    script: str


@dataclass(frozen=True)
class GateRef:
    code: str
    name: str

    def __str__(self) -> str:
        return f"{self.code}: {self.name}"


@dataclass(frozen=True)
class SpecStep:
    """`remark` is what follows the gate's bracket in the heading; `line` (from 1) is that of the heading."""

    number: int
    title: str
    gate: GateRef | None = None
    remark: str = ""
    prompt: str = ""
    commands: tuple[Command, ...] = ()
    outputs: tuple[str, ...] = ()
    review: Review | None = None
    line: int = field(default=1, compare=False)

    @property
    def id(self) -> str:
        return f"step-{self.number:03}"


@dataclass(frozen=True)
class Repository:
    """The section of this name; the front matter's `repo` is kept apart from it."""

    branch: str = ""
    merge_strategy: str = ""
    block_paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """`other_sections` are the headings of sections that are not known: they are for readers, and not compiled."""

    front: FrontMatter
    steps: tuple[SpecStep, ...]
    description: str = ""
    acceptance_criteria: tuple[Item, ...] = ()
    background: str = ""
    constraints: str = ""
    tools: tuple[str, ...] = ()
    models: str = ""
    repository: Repository = Repository()
    other_sections: tuple[str, ...] = ()
