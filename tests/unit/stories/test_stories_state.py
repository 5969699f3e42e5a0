"""The state file as a value: what is kept, what is recognised, what is refused."""

from __future__ import annotations

import json
from enum import StrEnum

import pytest
from story_checkpoints import PO, STORY, state_of

from signoff.errors import DocumentError
from signoff.stories.state import Event, Kind, Phase, Stage, Status, read_state, to_text, word


def refused(text: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read_state(text, path="state.json")
    assert caught.value.code == "invalid-pipeline-state"
    return caught.value


def test_what_is_not_known_survives_in_its_order() -> None:
    document = state_of(PO)
    written = to_text(read_state(json.dumps(document), path="state.json"))
    assert json.loads(written) == document
    assert list(json.loads(written)) == list(document)
    assert written.endswith("}\n")


def test_texts_are_written_as_they_are_and_half_a_character_is_none() -> None:
    state = read_state('{"a": "Ünïcödé 日本", "b": "\\ud83d"}', path="state.json")
    assert state.raw["b"] == "\ufffd"
    written = to_text(state)
    assert "Ünïcödé 日本" in written
    assert read_state(written.encode().decode(), path="state.json") == state


def test_the_view_tells_pipeline_stories_and_history() -> None:
    state = read_state(json.dumps(state_of(PO)), path="state.json")
    assert (state.status, state.phase, state.checkpoint) == (Status.CHECKPOINT, Phase.VALIDATING, Kind.PO)
    assert state.current_story == STORY
    story = state.stories[STORY]
    assert (story.id, story.title, story.stage, story.story_file) == (STORY, "Coverage", Stage.VALIDATING, None)
    (entry,) = state.history
    assert (entry.timestamp, entry.story_id, entry.event) == ("2026-01-02T03:04:05Z", STORY, Event.PIPELINE_STARTED)
    assert (entry.phase, entry.facts) == (None, {})


@pytest.mark.parametrize("text", ["{}", '{"pipeline": null, "stories": null, "history": null, "currentStory": null}'])
def test_an_empty_state_has_nothing_and_is_no_error(text: str) -> None:
    state = read_state(text, path="state.json")
    assert (state.status, state.phase, state.checkpoint, state.current_story) == (None, None, None, None)
    assert (state.stories, state.history) == ({}, ())
    assert state.with_story("1.1", state="x") == state


@pytest.mark.parametrize(
    ("vocabulary", "text", "expected"),
    [
        (Status, "âœ… Completed", Status.COMPLETED),
        (Phase, "QA-Review", Phase.QA_REVIEW),
        (Phase, "ðŸ§ª qa review", Phase.QA_REVIEW),
        (Stage, "  AWAITING_COMMIT ", Stage.AWAITING_COMMIT),
        (Stage, "awaitingCommit", Stage.AWAITING_COMMIT),
        (Stage, "Done", Stage.COMPLETE),
        (Status, "complete", Status.COMPLETED),
        (Event, ":tada: done", Event.COMPLETED),
        (Stage, "incomplete", None),
        (Status, "almost completed", None),
        (Status, "", None),
        (Status, 3, None),
        (Status, None, None),
    ],
)
def test_words_are_recognised_whatever_stands_beside_them(
    vocabulary: type[StrEnum], text: object, expected: StrEnum | None
) -> None:
    assert word(vocabulary, text) is expected


def test_what_is_not_json_is_refused_with_its_line() -> None:
    error = refused('{\r\n "a": 1,\r\n "b": oops\r\n}')
    assert (error.path, error.line) == ("state.json", 3)
    assert error.message.startswith("state.json:3: Invalid pipeline state: not JSON")


@pytest.mark.parametrize("text", ["[]", '"text"', "null", "3"])
def test_what_is_no_object_is_refused_at_its_first_line(text: str) -> None:
    assert refused(text).line == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": NaN}', "NaN is no number of JSON"),
        ('{"a": 1e999}', "a number is too large"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"pipeline": []}', "`pipeline` must be an object"),
        ('{"stories": 3}', "`stories` must be an object"),
        ('{"history": {}}', "`history` must be a list"),
        ('{"stories": {"1.1": []}}', "`stories.1.1` must be an object"),
        ('{"history": [3]}', "`history[0]` must be an object"),
        ('{"currentStory": true}', "`currentStory` is not a text"),
    ],
)
def test_what_readers_would_read_differently_is_refused(text: str, why: str) -> None:
    assert why in refused(text).message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"currentStory": 4.10}', "`currentStory`"),
        ('{"stories": {"4.10": {"id": 4.10}}}', "`stories.4.10.id`"),
        ('{"history": [{"storyId": 4}]}', "`history[0].storyId`"),
    ],
)
def test_an_id_that_is_a_number_is_refused_since_410_is_not_41(text: str, where: str) -> None:
    message = refused(text).message
    assert f"{where} is a number" in message
    assert '"4.10"' in message


def test_a_byte_order_mark_is_no_part_of_the_state() -> None:
    assert read_state('\ufeff{"a": 1}', path="state.json").raw == {"a": 1}
