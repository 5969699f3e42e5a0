"""What a report of `signoff bench` has to hold, by what is documented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.cli.bench.members import MEMBERS, SHARED
from signoff.cli.bench.report import leaves

#: Of a list or an object: itself where it is empty or null, its members otherwise.
_EITHER = ("limits", "memory", "floor")


def unlike_the_documented(report: Mapping[str, Any]) -> list[str]:
    """Members that the report lacks, or that nobody has documented."""
    documented = {*SHARED, *MEMBERS[report["kind"]]}
    has = {name for name, _ in leaves(report)}
    lacks = {name for name in documented - has if not _is_left_out(name, report)}
    return sorted([*(f"undocumented: {name}" for name in has - documented), *(f"missing: {name}" for name in lacks)])


def _is_left_out(name: str, report: Mapping[str, Any]) -> bool:
    whole = name.partition(".")[0].removesuffix("[]")
    if whole not in _EITHER:
        return False
    is_bound = name in ("limits[].most", "limits[].least")
    return is_bound or ("." in name) != bool(report[whole])
