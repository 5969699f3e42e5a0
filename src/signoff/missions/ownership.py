"""Who may commit what: the files that the active work package of a lane owns, and no others.

Which package is active is asked of the canonical status at this moment, never of a file that somebody left in the
worktree: a lane is shared, and the package that was worked on yesterday is not the one that is worked on now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from signoff.errors import MissionError
from signoff.missions import finding
from signoff.missions.files import TASKS_FOLDER, MissionFiles
from signoff.missions.finding import ERROR, Finding
from signoff.missions.lane import ACTIVE
from signoff.missions.lanes_file import LanesFile
from signoff.missions.reduce import Reduced
from signoff.missions.work_package import WorkPackage, read_work_package

#: What is made of it: it stops the work, is only said, or is not looked at.
BLOCK, WARN, OFF = "block", "warn", "off"

GLOB_CHARS_MAX = 1_000
_SHOWN_MAX = 20

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|.", re.DOTALL)
_PATTERNS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True)
class CommitContext:
    """A commit in a lane's worktree: `staged` are paths in the repository, with slashes. `worktree_wp` is the package
    that the worktree was last prepared for, None where nobody noted one."""

    lane_id: str
    staged: Sequence[str]
    worktree_wp: str | None = None


def matches(glob: str, path: str) -> bool:
    """`**` crosses folders, `*` and `?` do not; a glob that ends in a slash is everything in that folder."""
    return len(glob) <= GLOB_CHARS_MAX and _pattern(glob).fullmatch(path) is not None


def owns(package: WorkPackage, path: str) -> bool:
    return any(matches(glob, path) for glob in package.globs)


def active_work_package(lanes: LanesFile, lane_id: str, reduced: Reduced) -> str | Finding:
    """The one of the lane that is worked on or reviewed now, or why there is none to name."""
    lane = lanes.lane(lane_id)
    if lane is None:
        message = f"{lane_id} is no lane of {lanes.mission_slug} any more."
        return _finding(finding.ACTIVE_WP_CONTEXT_STALE, message, lane_id=lane_id)
    active = [wp_id for wp_id in lane.wp_ids if reduced.lane_of(wp_id) in ACTIVE]
    if not active:
        message = f"No work package of {lane_id} is in progress or in review: start one first."
        return _finding(finding.ACTIVE_WP_CONTEXT_MISSING, message, lane_id=lane_id, wp_ids=list(lane.wp_ids))
    if len(active) > 1:
        message = f"{', '.join(active)} of {lane_id} are in progress or in review at once: one at a time."
        return _finding(finding.ACTIVE_WP_CONTEXT_AMBIGUOUS, message, lane_id=lane_id, wp_ids=active)
    return active[0]


def judge_commit(files: MissionFiles, lanes: LanesFile, reduced: Reduced, commit: CommitContext) -> list[Finding]:
    """What speaks against a commit; nothing where every staged file is the active package's."""
    active = active_work_package(lanes, commit.lane_id, reduced)
    if isinstance(active, Finding):
        return [active]
    if commit.worktree_wp not in (None, active):
        message = f"The worktree is for {commit.worktree_wp}, and {active} is the one at work: start {active} in it."
        details = {"lane_id": commit.lane_id, "worktree_wp": commit.worktree_wp}
        return [_finding(finding.ACTIVE_WP_CONTEXT_STALE, message, active, **details)]
    package = _package(files, active)
    if isinstance(package, Finding):
        return [package]
    foreign = [path for path in commit.staged if not owns(package, path)]
    return [_scope_violation(package, foreign)] if foreign else []


def judge_changes(
    packages: Sequence[WorkPackage], changed: Sequence[str], *, lane_id: str, commit: str
) -> list[Finding]:
    """What speaks against changes that were committed already, up to `commit`: each path is owned by one of the
    packages."""
    foreign = [path for path in changed if not any(owns(package, path) for package in packages)]
    if not foreign:
        return []
    names, globs = [one.work_package_id for one in packages], [glob for one in packages for glob in one.globs]
    one_only = names[0] if len(names) == 1 else None
    details = {
        "branch_or_work_package": one_only or lane_id,
        "lane_id": lane_id,
        "lane_commit": commit,
        "files": foreign,
        "owned_files": globs,
        "remediation": "Take them out of the lane and have it reviewed again, or have the package own them: "
        f"owned_files in its file. See them: git log --stat {commit[:12]}",
    }
    message = f"The commits of {', '.join(names)} changed {_listed(foreign)}; owned are: {', '.join(globs)}."
    return [_finding(finding.WORK_PACKAGE_SCOPE_VIOLATION, message, one_only, **details)]


def _package(files: MissionFiles, wp_id: str) -> WorkPackage | Finding:
    name = files.work_package_file(wp_id)
    if name is None:
        message = f"{wp_id} has no file in {TASKS_FOLDER}/."
        return _finding(finding.ACTIVE_WP_METADATA_MISSING, message, wp_id)
    path = f"{TASKS_FOLDER}/{name}"
    try:
        package = read_work_package(files.work_packages[name], path=path)
    except MissionError as error:
        return _finding(finding.ACTIVE_WP_METADATA_INVALID, error.message, wp_id, path=path, line=error.line)
    if not package.owns_anything:
        message = f"{path} names no owned_files, so that nothing can be committed for {wp_id}."
        return _finding(finding.ACTIVE_WP_METADATA_INVALID, message, wp_id, path=path)
    return package


def _scope_violation(package: WorkPackage, foreign: Sequence[str]) -> Finding:
    wp_id, globs = package.work_package_id, list(package.globs)
    message = f"{wp_id} does not own {_listed(foreign)}. It owns: {', '.join(globs)}."
    return _finding(finding.ACTIVE_WP_SCOPE_VIOLATION, message, wp_id, files=list(foreign), owned_files=globs)


def _listed(paths: Sequence[str]) -> str:
    more = len(paths) - _SHOWN_MAX
    return ", ".join(paths[:_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


def _finding(diagnostic_code: str, message: str, wp_id: str | None = None, **details: Any) -> Finding:
    return Finding(diagnostic_code, ERROR, message, wp_id, details)


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    whole = f"{glob}**" if glob.endswith("/") else glob
    return re.compile("".join(_translated(_PARTS.findall(whole.removeprefix("./")))), re.DOTALL)


def _translated(parts: Iterable[str]) -> Iterable[str]:
    """Runs of stars are one: several in a row would be tried in ever more ways."""
    before = ""
    for part in parts:
        if not (part == before and part in _PATTERNS and part != "?"):
            yield _PATTERNS.get(part) or re.escape(part)
        before = part
