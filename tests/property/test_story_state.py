"""State files of any content: nothing is lost in them, and nothing crashes the reader."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from story_checkpoints import COMMIT, PO, QA, state_of

from signoff.errors import DocumentError, InvalidInputError
from signoff.stories.asking import gate_key_of, prompt_draft
from signoff.stories.checkpoint import find_checkpoint
from signoff.stories.choices import CHOICES
from signoff.stories.decision import Facts, apply
from signoff.stories.state import PipelineState, read_state, to_text
from signoff.stories.state_text import rewrite

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
UNKNOWN = st.dictionaries(st.text(min_size=1, max_size=8).map(lambda name: f"x-{name}"), VALUES, max_size=4)
FACTS = Facts("2026-11-21T11:00:00Z", "ada", "story:1:4.10", "po-1", "d" * 64, "hi_1")
KNOWN = ("pipeline", "stories", "history", "currentStory", "checkpointData")


@given(UNKNOWN, UNKNOWN, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_a_file_says_what_it_is_to_say_and_what_is_not_touched_is_spelled_as_before(
    unknown: dict[str, object], new: dict[str, object], indent: int | str | None, is_ascii: bool
) -> None:
    text = json.dumps({**unknown, **state_of(PO)}, indent=indent, ensure_ascii=is_ascii)
    state = read_state(text, path="state.json")
    assert rewrite(text, state.raw) == text
    after = read_state(to_text(state.with_pipeline(**new).with_entry(new)), path="state.json")
    written = rewrite(text, after.raw, is_ascii=is_ascii)
    assert read_state(written, path="state.json") == after
    # Up to where something was changed it is the same file.
    assert written.startswith(text[: text.index('"pipeline"')])


@given(UNKNOWN, UNKNOWN)
def test_any_value_can_take_the_place_of_any_other(before: dict[str, object], after: dict[str, object]) -> None:
    old, new = (read_state(to_text(PipelineState(one)), path="state.json") for one in (before, after))
    assert read_state(rewrite(to_text(old), new.raw), path="state.json") == new


@given(UNKNOWN, st.sampled_from([PO, QA, COMMIT]), st.data())
def test_whatever_is_decided_nothing_unknown_is_touched(
    unknown: dict[str, object], data: dict[str, object], draw: st.DataObject
) -> None:
    state = PipelineState({**unknown, **state_of(data)})
    checkpoint = find_checkpoint(state)
    action = draw.draw(st.sampled_from([one for one in CHOICES[checkpoint.kind] if one.effect]))
    after = apply(state, checkpoint, action, FACTS)
    assert {name: after.raw[name] for name in unknown} == unknown
    assert after.history[: len(state.history)] == state.history
    assert apply(after, checkpoint, action, FACTS) == after


@given(st.text() | VALUES.map(json.dumps))
def test_any_text_is_a_state_or_refused_in_words(text: str) -> None:
    with suppress(DocumentError):
        state = read_state(text, path="state.json")
        assert read_state(to_text(state), path="state.json") == state


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KNOWN, VALUES)), st.sampled_from([PO, QA, COMMIT]), VALUES)
def test_any_data_is_a_checkpoint_or_refused_in_words(
    odd: dict[str, object], data: dict[str, object], value: object
) -> None:
    document = state_of(data)
    document["checkpointData"] |= dict.fromkeys(list(data)[1:3], value)
    for raw in (document, {**document, **odd}):
        with suppress(DocumentError, InvalidInputError):
            gate_key_of(prompt_draft(find_checkpoint(read_state(json.dumps(raw), path="state.json"))))
