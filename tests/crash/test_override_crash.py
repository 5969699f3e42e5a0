"""A command that is killed while it goes past a gate has done all of it or nothing."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from processes import Place


@pytest.mark.parametrize("edge", ["before", "after"])
def test_an_override_that_dies_has_decided_or_has_not(signoff_dir: Path, edge: str) -> None:
    place = Place(signoff_dir)
    assert place.command("ask", "Ship it?", "--workflow", "wf-1", "--key", "ship", "--no-wait").code == 3
    words = ("gate", "override", "wf-1", "ship", "--reason", "the pager is on fire")
    died = replace(place, environ={"SIGNOFF_CRASH_AT": f"override_gate: {edge} commit"}).command(*words)
    assert died.code == -signal.SIGKILL
    decided = "SELECT COUNT(*) FROM app.human_gates WHERE state = 'RECEIVED'"
    assert place.count(decided) == (0 if edge == "before" else 1)
    place.check()
    assert place.command(*words).code == (0 if edge == "before" else 4)
    assert place.count(decided) == 1
    assert place.count("SELECT COUNT(*) FROM app.audit_entries WHERE event = 'gate.overridden'") == 1
    place.check()
