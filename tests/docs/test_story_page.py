"""What may be found in the files of a story is documented, and nothing else is."""

from __future__ import annotations

from signoff.runners.story.answers import FORMS, ROLES
from signoff.stories import qa_gate, record

from .story_page import QA_FINDINGS, RECORD_FINDINGS, story_page


def test_every_finding_has_a_line_and_every_line_a_finding() -> None:
    assert set(QA_FINDINGS) == qa_gate.ERRORS | qa_gate.WARNINGS
    assert set(RECORD_FINDINGS) == record.CODES


def test_the_page_shows_every_finding_and_every_agents_answer() -> None:
    page = story_page()
    assert all(f"| `{name}` |" in page for name in (*QA_FINDINGS, *RECORD_FINDINGS))
    assert FORMS.keys() == ROLES.keys()
    assert all(form in page for form in FORMS.values())
