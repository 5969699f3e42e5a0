"""A mission's log as a file: one writer at a time, whole lines, and no success before the event was read back.

The order in `append` is what makes a failure leave everything as it was: the snapshot is drafted before the event is
written, so that a full disk is met while the log is untouched; the event is written in one piece and taken back if it
cannot be made durable; the draft takes the snapshot's place last. A process that dies in between leaves either a torn
line, which the next writer keeps aside, or a snapshot that is behind its log, which the next command makes anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from signoff.app.mission_log import Appended
from signoff.app.moments import MOVED, reach
from signoff.errors import DiagnosticError
from signoff.missions.event import Log, TransitionEvent, read_log, read_on, to_line
from signoff.missions.finding import EVENT_LINE_MALFORMED, STATUS_LANE_NOT_REACHED, STATUS_SNAPSHOT_NOT_WRITABLE
from signoff.missions.lane import Lane
from signoff.missions.meta import MissionMeta, read_meta
from signoff.missions.reduce import Reduced, Snapshot, add, reduce
from signoff.runners.mission.diagnosing import diagnosing
from signoff.runners.mission.log_file import (
    cut_off,
    drafted,
    keep_aside,
    locked_log,
    log_failure,
    read_whole,
    replace_whole,
    take_back,
    unwritable,
    write_and_read_back,
)
from signoff.runners.mission.place import MissionPlace

#: A writer needs some 100 ms; who waits longer than this waits for one that hangs.
LOCK_WAIT_S = 10.0


class MissionLogFile:
    """`app.mission_log.MissionLog` of the mission at `place`."""

    def __init__(self, place: MissionPlace, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._place = place
        self._lock_wait_s = lock_wait_s

    def append(self, wp_id: str, to_lane: Lane, decide: Callable[[Snapshot], TransitionEvent]) -> Appended:
        """As the Protocol says."""
        with moving(self._place, wp_id, to_lane), locked_log(self._place.log, self._lock_wait_s) as file:
            return self._append(file, decide)

    def _append(self, file: int, decide: Callable[[Snapshot], TransitionEvent]) -> Appended:
        data, torn = _without_torn(read_whole(file))
        log = log_of(data)
        _check(log, self._place.log)
        before = Snapshot(meta_of(self._place), reduced_of(data))
        event = decide(before)
        is_new = all(event.event_id != one.event_id for one in log.events)
        after = Snapshot(before.meta, add(before.reduced, event)) if is_new else before
        if is_new and after.reduced.lane_of(event.wp_id) is not event.to_lane:
            raise _lane_not_reached(event, after)
        with _drafted(self._place.snapshot, after) as draft:
            if is_new:
                line = f"{to_line(event)}\n".encode()
                with self._mended(file, len(data), torn):
                    self._write(file, b"\n" + line if log.lacks_line_end else line, draft)
            else:
                _put_in_place(draft, self._place.snapshot)
        return Appended(event, after, torn if is_new else None, is_new)

    @contextmanager
    def _mended(self, file: int, ends_at: int, torn: bytes | None) -> Iterator[None]:
        """The log without the piece of a line at its end, which is kept aside. Only who writes mends; where nothing
        comes of that, the mending is told all the same."""
        if torn is not None:
            keep_aside(self._place.torn, torn)
            cut_off(file, self._place.log, ends_at)
        try:
            yield
        except DiagnosticError as error:
            if torn is not None:
                error.details["torn_line_kept_in"] = str(self._place.torn)
            raise

    def _write(self, file: int, line: bytes, draft: Path) -> None:
        """The line into the log and the draft into the snapshot's place, or neither."""
        begins_at = write_and_read_back(file, self._place.log, line)
        reach(MOVED)
        try:
            _put_in_place(draft, self._place.snapshot)
        except DiagnosticError:
            take_back(file, begins_at, line)
            raise


class _LastLook:
    """The log that was read last. A command looks at one log several times: the same bytes say the same, and of one
    that has grown meanwhile only what is new is read."""

    def __init__(self) -> None:
        self._read = (b"", read_log(b""))
        self._added_up = (b"", reduce([]))

    def look(self, data: bytes) -> Log:
        before, log = self._read
        if data != before:
            log = read_on(log, before, data)
            self._read = data, log
        return log

    def reduced(self, data: bytes) -> Reduced:
        before, reduced = self._added_up
        if data != before:
            reduced = reduce(self.look(data).events)
            self._added_up = data, reduced
        return reduced


_LAST = _LastLook()


@contextmanager
def moving(place: MissionPlace, wp_id: str, to_lane: Lane) -> Iterator[None]:
    """Whatever stops this move says which one it was, and where the log is.

    Raises:
        DiagnosticError: as it was raised; a file of the mission that cannot be taken becomes one.
    """
    try:
        with diagnosing():
            yield
    except DiagnosticError as error:
        error.details.setdefault("violated_invariant", "STA-003")
        about = {
            "mission_slug": place.slug,
            "work_package_id": wp_id,
            "requested_lane": to_lane.value,
            "status_events_path": str(place.log),
        }
        error.details.update(about)
        raise


def heal(place: MissionPlace, tell: Callable[[str], object] | None = None) -> Snapshot:
    """What the log adds up to; `status.json` is made anew where it says something else, and that is told.

    Where nothing can be written that stays undone, as whoever asks only reads.

    Raises:
        MissionError: `meta.json` cannot be taken. DiagnosticError: the log cannot be read.
    """
    data, meta = _read(place), meta_of(place)
    log, found = log_of(data), Snapshot(meta, reduced_of(data))
    if log.events and not log.problems and not _is_up_to_date(place.snapshot, found):
        with suppress(DiagnosticError), locked_log(place.log, LOCK_WAIT_S) as file:
            found = Snapshot(meta, reduced_of(read_whole(file)))
            with _drafted(place.snapshot, found) as draft:
                _put_in_place(draft, place.snapshot)
            if tell is not None:
                tell(f"{place.shown(place.snapshot)} said something else than the log; it is made anew.")
    return found


def check_readable(place: MissionPlace) -> None:
    """That every line of the log can be read; a piece at its end that was cut off is no matter.

    Raises:
        DiagnosticError: `EVENT_LINE_MALFORMED`; or the log cannot be read at all.
    """
    _check(log_of(_without_torn(_read(place))[0]), place.log)


def snapshot_of(place: MissionPlace) -> Snapshot:
    """What the log adds up to, whatever `status.json` says.

    Raises:
        MissionError, DiagnosticError: as `heal`.
    """
    return Snapshot(meta_of(place), reduced_of(_read(place)))


def is_behind(place: MissionPlace) -> bool:
    """Whether `status.json` says something else than the log.

    Raises:
        MissionError, DiagnosticError: as `heal`.
    """
    found = snapshot_of(place)
    return bool(found.reduced.events) and not _is_up_to_date(place.snapshot, found)


def repair(place: MissionPlace) -> int:
    """Keep aside every line that cannot be read; how many these were. The others stay as they are, byte for byte.

    Raises:
        DiagnosticError: the log cannot be written; it is as it was.
    """
    with locked_log(place.log, LOCK_WAIT_S) as file:
        lines = read_whole(file).split(b"\n")
        bad: list[bytes] = []
        # A log names the first of its problems only.
        while problems := read_log(b"\n".join(lines)).problems:
            numbers = {problem.line for problem in problems}
            bad += [line for number, line in enumerate(lines, start=1) if number in numbers]
            lines = [line for number, line in enumerate(lines, start=1) if number not in numbers]
        if bad:
            keep_aside(place.torn, b"\n".join(bad))
            replace_whole(place.log, b"\n".join([*(line for line in lines if line.strip()), b""]))
    return len(bad)


def read_events(place: MissionPlace) -> Log:
    """
    Raises:
        DiagnosticError: the log is there and cannot be read.
    """
    return log_of(_read(place))


def log_of(data: bytes) -> Log:
    """As `read_log`."""
    return _LAST.look(data)


def reduced_of(data: bytes) -> Reduced:
    """What the log in these bytes adds up to."""
    return _LAST.reduced(data)


def meta_of(place: MissionPlace) -> MissionMeta:
    """
    Raises:
        MissionError: `meta.json` cannot be taken.
    """
    try:
        text = place.meta.read_text("utf-8", errors="replace")
    except OSError:
        # The oldest missions have none; the folder says all that a move needs.
        return MissionMeta(mission_slug=place.slug)
    return read_meta(text, path=str(place.meta))


def _read(place: MissionPlace) -> bytes:
    try:
        return place.log.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise unwritable(place.log, error) from None


def _without_torn(data: bytes) -> tuple[bytes, bytes | None]:
    """All of a log but a piece of a line at its end, and that piece."""
    torn = log_of(data).torn
    return (data, None) if torn is None else (data[: len(data) - len(torn)], torn)


def _check(log: Log, path: Path) -> None:
    if not log.problems:
        return
    first = log.problems[0]
    # A line that cannot be read may have been a move: to go on would be a guess.
    raise log_failure(
        f"{path}:{first.line}: {first.message}.",
        EVENT_LINE_MALFORMED,
        "STA-001",
        "See all of it with: signoff mission validate. Mend the line, or have it kept aside: signoff mission doctor "
        "--repair",
    )


@contextmanager
def _drafted(path: Path, after: Snapshot) -> Iterator[Path]:
    with ExitStack() as stack:
        try:
            draft = stack.enter_context(drafted(path, after.to_text().encode()))
        except OSError as error:
            raise unwritable(path, error, STATUS_SNAPSHOT_NOT_WRITABLE) from None
        yield draft


def _put_in_place(draft: Path, path: Path) -> None:
    try:
        draft.replace(path)
    except OSError as error:
        raise unwritable(path, error, STATUS_SNAPSHOT_NOT_WRITABLE) from None


def _is_up_to_date(path: Path, found: Snapshot) -> bool:
    try:
        return bool(json.loads(path.read_bytes()) == found.to_wire())
    except (OSError, ValueError, RecursionError):
        return False


def _lane_not_reached(event: TransitionEvent, after: Snapshot) -> DiagnosticError:
    lane = after.reduced.lane_of(event.wp_id)
    return log_failure(
        f"With the event, {event.wp_id} would be in {lane}, not in {event.to_lane}.",
        STATUS_LANE_NOT_REACHED,
        "STA-006",
        "Another event of the package is later, or from the same instant; look at: signoff mission status",
    )
