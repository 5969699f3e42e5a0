"""`meta.json`: which mission this is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import Problem, all_at_once, shown
from signoff.errors import MissionError
from signoff.missions.json_text import read_object

META_FILE = "meta.json"

_TEXTS = ("mission_id", "mission_slug", "mission_type", "target_branch")
_OLD_NAMES = {"mission_slug": "feature_slug", "mission_number": "feature_number", "mission_type": "mission"}


@dataclass(frozen=True)
class MissionMeta:
    """`mission_number` is None until the mission has one; `extra` is what else the file says."""

    mission_slug: str
    mission_id: str | None = None
    mission_number: int | str | None = None
    mission_type: str | None = None
    target_branch: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def read_meta(text: str, *, path: str = META_FILE) -> MissionMeta:
    """
    Raises:
        MissionError: with everything that is wrong in the file.
    """
    wire = read_object(text, path=path)
    problems: list[Problem] = []
    found: dict[str, Any] = {
        name: wire.get(name, wire.get(_OLD_NAMES.get(name, name))) for name in (*_TEXTS, "mission_number")
    }
    for name, value in found.items():
        is_number = name == "mission_number" and isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not isinstance(value, str) and not is_number:
            problems.append(Problem(1, "invalid-value", f"{name} {shown(json.dumps(value))}", "a text"))
    if not found["mission_slug"]:
        problems.append(Problem(1, "missing-key", "no mission_slug", "the name of the mission"))
    if problems:
        raise all_at_once(MissionError, {path: problems})
    known = {*found, *(_OLD_NAMES[name] for name in found if name not in wire and name in _OLD_NAMES)}
    return MissionMeta(**found, extra={key: value for key, value in wire.items() if key not in known})


def write_meta(meta: MissionMeta) -> str:
    """The file's text: keys sorted, two spaces, a line end."""
    wire = {
        **meta.extra,
        "mission_id": meta.mission_id,
        "mission_number": meta.mission_number,
        "mission_slug": meta.mission_slug,
        "mission_type": meta.mission_type,
        "target_branch": meta.target_branch,
    }
    return json.dumps(wire, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
