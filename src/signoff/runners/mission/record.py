"""Record a review that was decided: its cycle file, then the event that moves the package.

Both follow from the gate alone, so that whoever records it, and however often, records the same thing once: a worker
that does the review's step, or the next command of the mission. The file comes first; it is taken back where the event
cannot be written, so that a review counts everywhere or nowhere.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signoff.app.mission_log import instant_after, instant_of
from signoff.app.moments import CYCLE_WRITTEN, reach
from signoff.errors import DiagnosticError, MissionError, SignoffError
from signoff.gates.gate import Gate
from signoff.gates.prompt import APPROVE
from signoff.gates.reply import Reply, read_reply
from signoff.missions import review_cycle as cycles
from signoff.missions.approval import Decision
from signoff.missions.event import WORKTREE, TransitionEvent
from signoff.missions.files import work_package_in
from signoff.missions.finding import REVIEW_NOT_RECORDED
from signoff.missions.lane import Lane
from signoff.missions.move import MoveWish, check_move, make_event
from signoff.missions.reduce import Snapshot
from signoff.missions.review_cycle import APPROVED, REJECTED, ReviewCycle
from signoff.runners.mission.log import MissionLogFile, moving
from signoff.runners.mission.place import MissionPlace

#: Under this key a cycle's front matter names the decision that it records.
REFERENCE_KEY = "review_ref"
#: How often somebody else may be faster with the next number.
_TRIES_MAX = 100
NO_FEEDBACK = "The reviewer gave no reason."

_ULID_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


@dataclass(frozen=True)
class Recorded:
    """Where a decided review stands in the mission's files. `is_new` is False where it stood there already."""

    cycle: Path
    verdict: str
    event: TransitionEvent
    is_new: bool


def record_review(place: MissionPlace, gate: Gate, about: Mapping[str, str], *, now_us: int) -> Recorded:
    """
    Args:
        gate: the review's, decided by somebody.
        about: as `plans.mission.review_plan` takes it.
        now_us: microseconds since 1970 began.

    Raises:
        DiagnosticError: one of the two cannot be written, or the package was moved meanwhile: neither was.
    """
    reply = read_reply(gate.reply or {}, gate.prompt)
    wp_id, to_lane = about["work_package_id"], _lane_of(reply)
    with moving(place, wp_id, to_lane), _cycle_written(place, gate, reply, about) as path:
        appended = MissionLogFile(place).append(wp_id, to_lane, lambda now: _event(now, gate, reply, about, now_us))
    return Recorded(path, _verdict(reply), appended.event, appended.is_new)


def decision_of(gate: Gate, about: Mapping[str, str]) -> Decision:
    """What a gate that somebody decided came to, to be compared with what the log says of it."""
    return Decision(
        reference=reference_of(gate),
        event_id=event_id_of(gate),
        mission_id=about["mission_id"],
        work_package_id=about["work_package_id"],
        reviewer=str(gate.decided_by),
        verdict=_verdict(read_reply(gate.reply or {}, gate.prompt)),
        lane_commit=about["lane_commit"],
        base_commit=about["base_commit"],
        lane_branch=about["lane_branch"],
        execution_mode=_execution_mode(about),
    )


def reference_of(gate: Gate) -> str:
    """What the files call the decision by."""
    return f"{gate.workflow_id}/{gate.gate_key}#{gate.interaction_id}"


def event_id_of(gate: Gate) -> str:
    """A ULID of the instant of the decision; the rest of it is the gate's."""
    identity = hashlib.sha256(f"{gate.workflow_id}/{gate.gate_key}".encode()).digest()
    number = ((gate.decided_at or 0) << _RANDOM_BITS) | int.from_bytes(identity[: _RANDOM_BITS // 8])
    return "".join(_ULID_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))


def _event(now: Snapshot, gate: Gate, reply: Reply, about: Mapping[str, str], now_us: int) -> TransitionEvent:
    event_id = event_id_of(gate)
    written = next((event for event in now.reduced.events if event.event_id == event_id), None)
    if written is not None:
        return written
    wish = _wish(gate, reply, about)
    check_move(now.work_packages, wish)
    state = now.work_packages.get(wish.wp_id)
    return make_event(wish, state, meta=now.meta, event_id=event_id, at=instant_after(state, now_us))


def _wish(gate: Gate, reply: Reply, about: Mapping[str, str]) -> MoveWish:
    reference = reference_of(gate)
    return MoveWish(
        wp_id=about["work_package_id"],
        to_lane=_lane_of(reply),
        actor=str(gate.decided_by),
        reason=reply.rationale,
        evidence={
            "review": {"reviewer": gate.decided_by, "verdict": _verdict(reply), "reference": reference},
            "repos": [{key: about[key] for key in ("lane_branch", "base_commit", "lane_commit")}],
        },
        review_ref=reference,
        review_of=about["from_event"],
        execution_mode=_execution_mode(about),
    )


@contextmanager
def _cycle_written(place: MissionPlace, gate: Gate, reply: Reply, about: Mapping[str, str]) -> Iterator[Path]:
    """The file of this decision; taken back, where it was written now, if the rest does not come about."""
    try:
        path, is_new = _write_cycle(place, gate, reply, about)
    except OSError as error:
        raise DiagnosticError(
            f"The review of {about['work_package_id']} cannot be recorded: {error.filename}: {error.strerror}.",
            diagnostic_code=REVIEW_NOT_RECORDED,
            remediation="Look at the permissions of the mission's folder and the room on the disk; then do it again.",
            details={"violated_invariant": "STA-001"},
        ) from None
    reach(CYCLE_WRITTEN)
    try:
        yield path
    except SignoffError:
        if is_new:
            path.unlink(missing_ok=True)
        raise


def _write_cycle(place: MissionPlace, gate: Gate, reply: Reply, about: Mapping[str, str]) -> tuple[Path, bool]:
    folder = _folder(place, about["work_package_id"])
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(_TRIES_MAX):
        found = cycles_of(place, about["work_package_id"])
        written = next((path for path in found if _reference_in(path) == reference_of(gate)), None)
        if written is not None:
            return written, False
        number = cycles.next_number(path.name for path in found)
        path = folder / cycles.file_name(number)
        if cycles.number_in(path.name) != number:
            raise OSError(errno.EOVERFLOW, "there is no number behind that of the newest review", str(path))
        if _write_once(path, cycles.write_review_cycle(_cycle(gate, reply, about, number))):
            return path, True
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def cycles_of(place: MissionPlace, wp_id: str) -> list[Path]:
    """The files of a package's review cycles, by their numbers."""
    folders = [one for one in _listed(place.tasks) if work_package_in(one.name) == wp_id and one.is_dir()]
    by_name = {path.name: path for folder in folders for path in _listed(folder)}
    return [by_name[name] for name in cycles.in_order(by_name)]


def _cycle(gate: Gate, reply: Reply, about: Mapping[str, str], number: int) -> ReviewCycle:
    said = [reply.rationale or NO_FEEDBACK, *(f"- on condition: {one}" for one in reply.conditions)]
    return ReviewCycle(
        cycle_number=number,
        mission_slug=about["mission_slug"],
        wp_id=about["work_package_id"],
        verdict=_verdict(reply),
        reviewer_agent=str(gate.decided_by),
        reviewed_at=instant_of((gate.decided_at or 0) * 1_000),
        reproduction_command=f"git diff {about['base_commit']} {about['lane_commit']}",
        feedback="\n".join(said) + "\n",
        extra={REFERENCE_KEY: reference_of(gate), "event_id": event_id_of(gate), "commit": about["lane_commit"]},
    )


def _write_once(path: Path, text: str) -> bool:
    """Whether it is written, whole and read back; False where somebody else has just written a file of this name."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with draft.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    if path.read_text("utf-8") != text:
        raise OSError(0, "it does not hold what was written to it", str(path))
    return True


def _folder(place: MissionPlace, wp_id: str) -> Path:
    """Named after the package's file."""
    files = (path.stem for path in _listed(place.tasks) if path.suffix == ".md" and work_package_in(path.name) == wp_id)
    return place.tasks / next(files, wp_id)


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _reference_in(path: Path) -> object:
    try:
        return cycles.read_review_cycle(path.read_text("utf-8", errors="replace"), path=path.name).extra.get(
            REFERENCE_KEY
        )
    except MissionError:
        # What somebody wrote by hand is none of ours; `validate` tells what is wrong with it.
        return None


def _execution_mode(about: Mapping[str, str]) -> str:
    return about.get("execution_mode", WORKTREE)


def _verdict(reply: Reply) -> str:
    return APPROVED if reply.choice.effect == APPROVE else REJECTED


def _lane_of(reply: Reply) -> Lane:
    return Lane.APPROVED if reply.choice.effect == APPROVE else Lane.IN_PROGRESS
