"""A mission in a repository of its own, and nothing of whoever runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from mission_places import PERSON
from mission_repository import MissionRepository, new_mission


@pytest.fixture(autouse=True)
def as_ada(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**PERSON, "LOGNAME": "Ada"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repo(tmp_path: Path) -> MissionRepository:
    return new_mission(tmp_path)
