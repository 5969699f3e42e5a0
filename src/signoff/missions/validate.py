"""Everything that can be said against the files of a mission. Old logs and files of older tools are read as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from signoff.errors import MissionError
from signoff.missions import finding
from signoff.missions.event import Log, TransitionEvent, read_log
from signoff.missions.files import EVENTS_FILE, LANES_FILE, SNAPSHOT_FILE, TASKS_FOLDER, MissionFiles, work_package_in
from signoff.missions.finding import ERROR, WARNING, Finding
from signoff.missions.json_text import read_object
from signoff.missions.lane import Lane, has_edge
from signoff.missions.lanes_file import LanesFile, read_lanes
from signoff.missions.meta import META_FILE, MissionMeta, read_meta
from signoff.missions.reduce import Reduced, Snapshot, reduce, walk
from signoff.missions.reviews import judge_reviews
from signoff.missions.work_package import read_work_package

T = TypeVar("T", covariant=True)

_BEGINNINGS = frozenset({Lane.GENESIS, Lane.PLANNED})
_DIFFERENCES_MAX = 20


class _Reader(Protocol[T]):
    def __call__(self, text: str, /, *, path: str) -> T:
        """
        Raises:
            MissionError: with everything that is wrong in the file.
        """


def validate(files: MissionFiles, log: Log | None = None, reduced: Reduced | None = None) -> list[Finding]:
    """File by file; nothing where there is nothing to say.

    Args:
        log: what the log among the files holds, where that was read already.
        reduced: what it adds up to, likewise.
    """
    log = read_log(files.events or b"") if log is None else log
    reduced = reduce(log.events) if reduced is None else reduced
    meta, wrong_meta = _meta(files)
    return [
        *_unreadable(files),
        *wrong_meta,
        *_log(log),
        *_history(reduced),
        *_snapshot(files, reduced, meta),
        *_lanes(files),
        *_work_packages(files),
        *_untracked(files, reduced),
        *judge_reviews(files, reduced),
    ]


def slug_of(files: MissionFiles) -> str:
    """As `meta.json` has it; the folder's name where that says nothing."""
    meta, _ = _meta(files)
    return files.name if meta is None else meta.mission_slug


def _unreadable(files: MissionFiles) -> Iterator[Finding]:
    for path, why in files.unreadable.items():
        wp_id = work_package_in(path.split("/")[1]) if path.startswith(f"{TASKS_FOLDER}/") else None
        yield Finding(finding.MISSION_FILE_UNREADABLE, ERROR, f"{path}: {why}.", wp_id, {"path": path})


def _log(log: Log) -> Iterator[Finding]:
    for problem in log.problems:
        message = f"{EVENTS_FILE}:{problem.line}: {problem.message}."
        yield Finding(problem.diagnostic_code, ERROR, message, None, {"path": EVENTS_FILE, "line": problem.line})
    first: dict[str, TransitionEvent] = {}
    for event in log.events:
        before = first.setdefault(event.event_id, event)
        if before is not event and before != event:
            message = f"{event.event_id} is the id of another event in line {before.line}; this one does not count."
            yield _of_event(finding.EVENT_ID_REUSED, message, event)


def _history(reduced: Reduced) -> Iterator[Finding]:
    for event, before in walk(reduced.events):
        if not event.force and not has_edge(event.from_lane, event.to_lane):
            message = f"Nothing goes from {event.from_lane} to {event.to_lane}, and it was not forced."
            yield _of_event(finding.ILLEGAL_UNFORCED_EDGE, message, event)
        is_continued = event.from_lane in _BEGINNINGS if before is None else event.from_lane is before
        if not is_continued:
            lane = before or Lane.GENESIS
            message = f"It comes from {event.from_lane}, and {event.wp_id} was in {lane}."
            yield _of_event(finding.FROM_LANE_DISCONTINUITY, message, event, expected_lane=lane.value)


def _of_event(diagnostic_code: str, message: str, event: TransitionEvent, **more: Any) -> Finding:
    details = {
        "path": EVENTS_FILE,
        "line": event.line,
        "event_id": event.event_id,
        "from_lane": event.from_lane.value,
        "to_lane": event.to_lane.value,
        **more,
    }
    return Finding(diagnostic_code, WARNING, f"{EVENTS_FILE}:{event.line}: {message}", event.wp_id, details)


def _meta(files: MissionFiles) -> tuple[MissionMeta | None, list[Finding]]:
    if files.meta is not None:
        return _read(read_meta, files.meta, META_FILE, finding.MISSION_METADATA_INVALID)
    if files.unreadable.keys() & {META_FILE, "."}:
        return None, []
    message = f"{META_FILE}: there is none."
    return None, [Finding(finding.MISSION_METADATA_INVALID, ERROR, message, None, {"path": META_FILE})]


def _lanes(files: MissionFiles) -> list[Finding]:
    if files.lanes is None:
        return []
    return _read(_mergeable_lanes, files.lanes, LANES_FILE, finding.LANES_FILE_INVALID)[1]


def _mergeable_lanes(text: str, /, *, path: str) -> LanesFile:
    lanes = read_lanes(text, path=path)
    lanes.in_merge_order()
    return lanes


def _work_packages(files: MissionFiles) -> Iterator[Finding]:
    for name in sorted(files.work_packages):
        path, wp_id = f"{TASKS_FOLDER}/{name}", work_package_in(name)
        diagnostic_code = finding.WORK_PACKAGE_METADATA_INVALID
        package, wrong = _read(read_work_package, files.work_packages[name], path, diagnostic_code, wp_id)
        yield from wrong
        if package is not None and package.unknown:
            keys = ", ".join(package.unknown)
            details = {"path": path, "keys": list(package.unknown)}
            message = f"{path}: nobody knows the keys {keys}; they are kept."
            yield Finding(finding.WORK_PACKAGE_KEYS_UNKNOWN, WARNING, message, wp_id, details)


def _untracked(files: MissionFiles, reduced: Reduced) -> Iterator[Finding]:
    """Files that no command looks at. Where lanes or events cannot be read that is not known."""
    lanes = None if files.lanes is None else _read(read_lanes, files.lanes, LANES_FILE, finding.LANES_FILE_INVALID)[0]
    if files.unreadable.keys() & {LANES_FILE, EVENTS_FILE} or (lanes is None and files.lanes is not None):
        return
    for name in sorted(files.work_packages):
        wp_id = work_package_in(name) or name
        if wp_id not in reduced.work_packages and (lanes is None or lanes.lane_of(wp_id) is None):
            path = f"{TASKS_FOLDER}/{name}"
            message = f"{path}: {wp_id} is in no lane, and nothing was said of it."
            remediation = "Add it to plan.md and run signoff mission tasks, or remove the file."
            details = {"path": path, "remediation": remediation}
            yield Finding(finding.WORK_PACKAGE_UNTRACKED, WARNING, message, wp_id, details)


def _read(
    read: _Reader[T], text: str, path: str, diagnostic_code: str, wp_id: str | None = None
) -> tuple[T | None, list[Finding]]:
    """The value, or a finding with everything that is wrong in the file."""
    try:
        return read(text, path=path), []
    except MissionError as error:
        details = {"path": path, "line": error.line, "problems": error.details["problems"]}
        return None, [Finding(diagnostic_code, ERROR, error.message, wp_id, details)]


def _snapshot(files: MissionFiles, reduced: Reduced, meta: MissionMeta | None) -> Iterator[Finding]:
    if files.snapshot is None:
        if reduced.events and SNAPSHOT_FILE not in files.unreadable:
            yield _drift(f"there is none, and {EVENTS_FILE} has events", [])
        return
    wire, wrong = _read(read_object, files.snapshot, SNAPSHOT_FILE, finding.STATUS_SNAPSHOT_DRIFT)
    yield from wrong
    if wire is None:
        return
    snapshot = Snapshot(meta or MissionMeta(files.name), reduced)
    differences = list(_differences(wire, snapshot, has_meta=meta is not None))
    if differences and EVENTS_FILE not in files.unreadable:
        more = " and more" if len(differences) > _DIFFERENCES_MAX else ""
        told = ", ".join(differences[:_DIFFERENCES_MAX])
        yield _drift(f"other than the events say: {told}{more}", differences)


def _differences(wire: dict[str, Any], snapshot: Snapshot, *, has_meta: bool) -> Iterator[str]:
    """The members that say something else; what other tools have added is none of ours."""
    expected = snapshot.to_wire()
    for name in ("event_count", "last_event_id", "materialized_at"):
        if (wire.get(name) or None) != (expected[name] or None):
            yield name
    if has_meta:
        # Older tools write nothing for none, and have called missions by other names of theirs.
        for name in ("mission_number", "mission_type"):
            if str(wire.get(name) or "") != (expected[name] or ""):
                yield name
        slugs = {event.mission_slug for event in snapshot.reduced.events}
        if (wire.get("mission_slug") or None) not in {None, snapshot.meta.mission_slug, *slugs}:
            yield "mission_slug"
    yield from _lane_differences(wire.get("summary"), expected["summary"], "summary", default=0)
    packages = wire.get("work_packages")
    for wp_id, state in expected["work_packages"].items():
        found = packages.get(wp_id) if isinstance(packages, dict) else None
        yield from _lane_differences(found, state, f"work_packages.{wp_id}", default=None)
    if isinstance(packages, dict):
        yield from (f"work_packages.{wp_id}" for wp_id in sorted(_in_a_lane(packages) - set(snapshot.work_packages)))


def _lane_differences(found: Any, expected: dict[str, Any], name: str, *, default: Any) -> Iterator[str]:
    if not isinstance(found, dict):
        yield name
        return
    yield from (f"{name}.{key}" for key, value in expected.items() if found.get(key, default) != value)


def _in_a_lane(packages: dict[str, Any]) -> set[str]:
    """Those that the file says to be in a lane: notes of older tools stand there for others too."""
    lanes = {lane.value for lane in Lane}
    return {wp_id for wp_id, state in packages.items() if not isinstance(state, dict) or state.get("lane") in lanes}


def _drift(why: str, differences: list[str]) -> Finding:
    details = {"path": SNAPSHOT_FILE, "differences": differences}
    return Finding(finding.STATUS_SNAPSHOT_DRIFT, ERROR, f"{SNAPSHOT_FILE}: {why}.", None, details)
