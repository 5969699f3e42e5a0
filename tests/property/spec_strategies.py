"""Specs drawn at random, as they are once they have been read, and what they compile to."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from signoff.plans.spec.compile import compile_spec
from signoff.plans.spec.gate_names import GATES
from signoff.plans.spec.model import (
    DECISIONS,
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

AT_GATE = {"mode": "blocking", "review": "peer", "roles": ["developer"], "hours": 8}
DEFAULTS = {
    "tier": "B",
    "all_items": False,
    "justification": False,
    "owner_may_approve": True,
    "gates": dict.fromkeys(GATES, AT_GATE),
}

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
def specs(draw: st.DrawFn, steps_max: int = 3) -> Spec:
    front = FrontMatter(draw(st.sampled_from(TIERS)), draw(words), draw(words), draw(words))
    count = draw(st.integers(1, steps_max))
    return Spec(
        front=front,
        steps=tuple(draw(steps(number)) for number in range(1, count + 1)),
        description=draw(st.just("") | words),
        acceptance_criteria=tuple(draw(st.lists(items, max_size=3))),
    )


def compiled(spec: Spec) -> dict[str, Any]:
    return compile_spec(spec, DEFAULTS, source_md_path="plan.md", source_md_sha256="0" * 64)
