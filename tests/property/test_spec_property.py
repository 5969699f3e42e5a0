"""Whatever is written: it compiles, or every reason why not is told; and what was meant is what is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from signoff.errors import SpecError
from signoff.plans.spec.compile import compile_spec
from signoff.plans.spec.compiled import Compiled, read_compiled
from signoff.plans.spec.emit import emit_yaml, scalar
from signoff.plans.spec.model import (
    DECISIONS,
    GATES,
    TIERS,
    Category,
    Command,
    FrontMatter,
    GateRef,
    Item,
    Option,
    Review,
    Spec,
    SpecStep,
)
from signoff.plans.spec.parse import parse_spec
from signoff.plans.spec.problem import SpecProblem
from signoff.plans.spec.yaml_text import read_yaml

T = TypeVar("T")
unhurried = settings(deadline=None)  # a busy machine is not a wrong answer

AT_GATE = {"mode": "blocking", "review": "peer", "roles": ["developer"], "hours": 8}
DEFAULTS = {
    "tier": "B",
    "all_items": False,
    "justification": False,
    "owner_may_approve": True,
    "gates": dict.fromkeys(GATES, AT_GATE),
}

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
    problems: list[SpecProblem] = []
    found = read_yaml(emit_yaml(document), problems)
    assert (found.value or {}, problems) == (document, [])


# A spec that is meant, and how it may be written

words = st.text("abcdefghij XYZ09é", min_size=1, max_size=20).map(lambda text: " ".join(text.split())).filter(
    lambda text: text and text[0].isalpha() and text.lower() not in ("na", "tbd")
)  # fmt: skip
paths = st.lists(
    st.text("abc.", min_size=1, max_size=5).filter(lambda part: part.strip(".")), min_size=1, max_size=3
).map("/".join)
items = st.builds(Item, words, st.booleans())
categories = st.lists(
    st.builds(Category, words, st.lists(items, min_size=1, max_size=3).map(tuple)),
    min_size=1,
    max_size=3,
    unique_by=lambda category: category.name,
).map(tuple)


@st.composite
def reviews(draw: st.DrawFn) -> Review:
    ticked = draw(st.sampled_from([None, *DECISIONS]))
    options = tuple(Option(name, name, draw(st.just("") | words), name == ticked) for name in DECISIONS)
    metadata = {name: draw(st.just("") | words) for name in ("reviewer", "date", "rationale")}
    return Review(draw(categories), options, metadata)


@st.composite
def steps(draw: st.DrawFn, number: int) -> SpecStep:
    gate = draw(st.none() | st.builds(GateRef, st.sampled_from(sorted(GATES)), words))
    return SpecStep(
        number=number,
        title=draw(words),
        gate=gate,
        remark=draw(st.just("") | words) if gate else "",
        prompt=draw(st.lists(words, max_size=3).map("\n".join)),
        commands=tuple(draw(st.lists(st.builds(Command, st.just("bash"), words.map(lambda x: f"{x}\n")), max_size=2))),
        outputs=tuple(draw(st.lists(paths, max_size=3, unique=True))),
        review=draw(st.none() | reviews()) if gate else None,
    )


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    front = FrontMatter(draw(st.sampled_from(TIERS)), draw(words), draw(words), draw(words))
    count = draw(st.integers(1, 3))
    return Spec(
        front=front,
        steps=tuple(draw(steps(number)) for number in range(1, count + 1)),
        description=draw(st.just("") | words),
        acceptance_criteria=tuple(draw(st.lists(items, max_size=3))),
    )


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


def compiled(spec: Spec) -> dict[str, Any]:
    return compile_spec(spec, DEFAULTS, source_md_path="plan.md", source_md_sha256="0" * 64)
