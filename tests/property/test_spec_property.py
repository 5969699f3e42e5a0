"""Whatever is written: it compiles, or every reason why not is told; and what was meant is what is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st
from spec_strategies import compiled, specs

from signoff.documents.problem import Problem
from signoff.documents.yaml_text import read_yaml
from signoff.errors import SpecError
from signoff.plans.spec.compiled import Compiled, read_compiled
from signoff.plans.spec.emit import emit_yaml, scalar
from signoff.plans.spec.model import Item, Review, Spec, SpecStep
from signoff.plans.spec.parse import parse_spec

T = TypeVar("T")
unhurried = settings(deadline=None)  # a busy machine is not a wrong answer

PIECES = (
    "---", "tier: B", "tier: Q", "title: T", "owner: O", "goal: G", "a: *b", "a: [", "x: {y: [1, 2.0, null]}",
    "## Plan", "## Objective", "### Acceptance Criteria", "## Context", "### Background", "## Repository",
    "## Models & Tools", "**Tools:** a, b", "**Branch:** `x`", "# H", "## Plan",
    "### Step 1: a [G0: Plan Approval]", "### Step 2: b", "### Step 2: c [G9]", "### Step x", "#### Step 3: d",
    "**Prompt:**", "**Commands:**", "**Outputs:**", "- `a/b`", "- `../b`", "```bash", "```", "~~~", "ls",
    "<!-- GATE_REVIEW_START -->", "<!-- GATE_REVIEW_END -->", "<!--", "-->", "#### Gate Review Checklist", "##### C",
    "- [ ] i", "- [x] j", "- [] k", "#### Approval Decision", "- [x] APPROVED", "- [ ] REJECTED: ___", "- MAYBE",
    "**Approval Metadata:**", "- Reviewer: Bob", "- what", "> quote", "> Describe the current state.", "___", "\t",
    "    x", "\x0b", "\u2028", "\ud800", "\x00", "é", "\ufeff", "\r", "  1. x", "", "",
)  # fmt: skip
FRONT = "---\ntier: B\ntitle: T\nowner: O\ngoal: G\n---\n"

line_texts = st.one_of(st.sampled_from(PIECES), st.text(max_size=12))
texts = st.builds(
    lambda front, lines, end: front + end.join(lines),
    st.sampled_from(["", FRONT, f"{FRONT}## Plan\n### Step 1: a [G0]\n"]),
    st.lists(line_texts, max_size=25),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


@unhurried
@given(texts)
@example("---\n\x1b: !!int x\n---")
@example('---\n"\\UFFFFFFFF": 1\n---')
@example("---\n? [a]\n: 1\n...\n--- b\n---")
def test_any_text_compiles_or_its_problems_are_told(text: str) -> None:
    found = tried(lambda: parse_spec(text, path="plan.md"))
    if isinstance(found, Spec):
        document = compiled(found)
        assert read_compiled(emit_yaml(document), path="plan.compiled.yaml").document == document
    else:
        lines = [problem["line"] for problem in found.details["problems"]]
        assert lines == sorted(lines)
        assert found.line == lines[0]
        assert set(lines) <= set(range(1, text.count("\n") + text.count("\r") + 2))


@unhurried
@given(st.text(max_size=60))
def test_any_text_is_read_as_a_compiled_file_or_refused(text: str) -> None:
    found = tried(lambda: read_compiled(text, path="plan.compiled.yaml"))
    assert isinstance(found, Compiled) or found.details["problems"]


printable = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(printable, max_size=20)
    | st.lists(st.text(printable, max_size=8), max_size=4).map("\n".join),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(printable, max_size=8), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@unhurried
@given(st.dictionaries(st.text(printable, max_size=10), values, max_size=5))
def test_what_is_emitted_is_read_back(document: dict[str, Any]) -> None:
    problems: list[Problem] = []
    found = read_yaml(emit_yaml(document), problems)
    assert (found.value or {}, problems) == (document, [])


# A spec that is meant, and how it may be written


def written(spec: Spec, order: list[int]) -> str:
    sections = [
        f"## Objective\n\n{spec.description}\n",
        "## Acceptance Criteria\n\n" + "\n".join(_item(item) for item in spec.acceptance_criteria) + "\n",
        "## Plan\n\n" + "\n".join(_step(step) for step in spec.steps),
    ]
    front = spec.front
    head = "".join(f"{name}: {scalar(getattr(front, name))}\n" for name in ("tier", "title", "owner", "goal"))
    return f"---\n{head}---\n\n" + "\n".join(sections[at] for at in order)


def _item(item: Item) -> str:
    return f"- [{'x' if item.is_checked else ' '}] {item.text}"


def _step(step: SpecStep) -> str:
    gate = f" [{step.gate}] {step.remark}" if step.gate else ""
    commands = "\n".join(f"```{command.lang}\n{command.script}```\n" for command in step.commands)
    outputs = "\n".join(f"- `{path}`" for path in step.outputs)
    body = f"**Prompt:**\n\n{step.prompt}\n\n**Commands:**\n\n{commands}\n**Outputs:**\n\n{outputs}\n"
    return f"### Step {step.number}: {step.title}{gate}\n\n{body}\n{_review(step.review) if step.review else ''}"


def _review(review: Review) -> str:
    listed = "\n".join(f"##### {one.name}\n" + "\n".join(map(_item, one.items)) for one in review.categories)
    options = "\n".join(
        f"- [{'x' if one.is_ticked else ' '}] {one.label}: {one.text or '___'}" for one in review.options
    )
    metadata = "\n".join(f"- {name.capitalize()}: {value or '___'}" for name, value in review.metadata.items())
    return (
        f"<!-- GATE_REVIEW_START -->\n#### Gate Review Checklist\n\n{listed}\n\n#### Approval Decision\n{options}\n\n"
        f"**Approval Metadata:**\n{metadata}\n<!-- GATE_REVIEW_END -->\n"
    )


@unhurried
@given(specs(), st.permutations([0, 1, 2]), st.sampled_from(["\n", "\r\n"]))
def test_what_is_meant_is_what_is_read(spec: Spec, order: list[int], line_end: str) -> None:
    text = written(spec, order).replace("\n", line_end)
    found = parse_spec(text, path="plan.md")
    assert found == spec
    assert emit_yaml(compiled(found)) == emit_yaml(compiled(spec))


def tried(read: Callable[[], T]) -> T | SpecError:
    try:
        return read()
    except SpecError as error:
        return error
