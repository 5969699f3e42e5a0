"""The files of one mission, as texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

EVENTS_FILE = "status.events.jsonl"
SNAPSHOT_FILE = "status.json"
LANES_FILE = "lanes.json"
TASKS_FILE = "tasks.md"
TASKS_FOLDER = "tasks"

_WORK_PACKAGE = re.compile(r"(WP[0-9]+)(?:[-_.].*)?")


@dataclass(frozen=True)
class MissionFiles:
    """Each text is None where there is no such file.

    `name` is the folder's. `work_packages` are the files of `tasks/` by their name (`WP01-ledger.md`), `review_cycles`
    those in its folders by the folder's name (`WP01-ledger`) and then their own. `unreadable` has by the path of a file
    why it could not be read; it is None or missing above then.
    """

    name: str
    meta: str | None = None
    lanes: str | None = None
    events: bytes | None = None
    snapshot: str | None = None
    tasks_md: str | None = None
    work_packages: Mapping[str, str] = field(default_factory=dict)
    review_cycles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def cycles_of(self, wp_id: str) -> dict[str, str]:
        """The review cycles of a package, by their paths in the mission's folder."""
        return {
            f"{TASKS_FOLDER}/{folder}/{name}": text
            for folder, cycles in self.review_cycles.items()
            if work_package_in(folder) == wp_id
            for name, text in cycles.items()
        }

    def work_package_file(self, wp_id: str) -> str | None:
        """The name of the package's file; None where it has none."""
        return self._package_files.get(wp_id)

    @cached_property
    def _package_files(self) -> dict[str, str]:
        """By their packages; of several of one package the first counts."""
        names = sorted(self.work_packages, reverse=True)
        return {wp_id: name for name in names if (wp_id := work_package_in(name)) is not None}

    def reviewed_packages(self) -> Iterator[str]:
        """Those that have a folder for reviews, each once."""
        found = (work_package_in(folder) for folder in sorted(self.review_cycles))
        yield from dict.fromkeys(one for one in found if one is not None)


def work_package_in(name: str) -> str | None:
    """`WP01` of `WP01-ledger.md`; None where the name of a file or folder is none of a package."""
    match = _WORK_PACKAGE.fullmatch(name)
    return match[1] if match else None
