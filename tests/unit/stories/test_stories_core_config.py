"""Where a project keeps its stories."""

from __future__ import annotations

import pytest

from signoff.errors import DocumentError
from signoff.stories.core_config import CoreConfig, read_core_config


def test_what_is_said_is_taken_what_is_not_is_as_bmad_has_it_and_unknown_keys_are_kept() -> None:
    text = "devStoryLocation: ./stories/\nprd:\n  prdShardedLocation: plan\nslashPrefix: BMad\n"
    config = read_core_config(text, path="core-config.yaml")
    assert (config.stories, config.qa_gates, config.backlog) == ("stories", "docs/qa/gates", "plan/sprint-backlog.md")
    assert config.values["slashPrefix"] == "BMad"
    assert read_core_config("", path="c") == CoreConfig()


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\nqa: text\n", 2), ("devStoryLocation: [a]\n", 1), ("- a\n", 1), ("a: [", 1)]
)
def test_what_is_no_configuration_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(DocumentError) as refused:
        read_core_config(text, path="core-config.yaml")
    assert (refused.value.code, refused.value.line) == ("invalid-core-config", line)
