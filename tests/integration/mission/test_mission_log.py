"""The log as a file: what is said to have moved has moved, and what could not be written has not."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from mission_places import SLUG, move, new_place

from signoff.app.mission_log import instant_of
from signoff.errors import DiagnosticError
from signoff.missions.event import TransitionEvent, read_log
from signoff.missions.lane import Lane
from signoff.missions.reduce import Snapshot
from signoff.runners.mission.log import MissionLogFile, heal, is_behind, repair
from signoff.runners.mission.place import MissionPlace


@pytest.fixture
def place(tmp_path: Path) -> MissionPlace:
    """WP01 is planned."""
    place = new_place(tmp_path)
    move(place, "WP01", Lane.PLANNED)
    return place


def portrait(place: MissionPlace) -> dict[str, bytes]:
    """Every file of the mission, and nothing else may have come."""
    return {path.name: path.read_bytes() for path in sorted(place.folder.iterdir()) if path.is_file()}


def refused(place: MissionPlace, code: str, invariant: str, **more: object) -> DiagnosticError:
    """A claim of WP01 stops with this diagnostic, says all that it has to, and nothing has changed."""
    before = portrait(place)
    with pytest.raises(DiagnosticError) as caught:
        move(place, "WP01", Lane.CLAIMED, **more)  # type: ignore[arg-type]
    assert portrait(place) == before
    check_diagnostic(caught.value.to_wire(), place, code, invariant)
    return caught.value


def check_diagnostic(wire: dict[str, object], place: MissionPlace, code: str, invariant: str) -> None:
    assert wire["diagnostic_code"] == code
    assert wire["violated_invariant"] == invariant
    assert wire["remediation"]
    assert wire["mission_slug"] == SLUG
    assert wire["work_package_id"] == "WP01"
    assert wire["requested_lane"] == "claimed"
    assert wire["status_events_path"] == str(place.log)


def test_a_move_is_one_line_in_the_log_and_the_snapshot_says_it(place: MissionPlace) -> None:
    appended = move(place, "WP01", Lane.CLAIMED)
    lines = place.log.read_text().splitlines()
    assert [json.loads(line)["to_lane"] for line in lines] == ["planned", "claimed"]
    assert list(json.loads(lines[-1])) == sorted(json.loads(lines[-1]))
    status = json.loads(place.snapshot.read_text())
    assert status["work_packages"]["WP01"]["lane"] == "claimed"
    assert status["last_event_id"] == appended.event.event_id
    assert status["materialized_at"] == appended.event.at
    assert sorted(portrait(place)) == ["meta.json", "status.events.jsonl", "status.json"]


def test_a_refused_move_names_log_and_package_and_changes_nothing(place: MissionPlace) -> None:
    before = portrait(place)
    with pytest.raises(DiagnosticError) as caught:
        move(place, "WP01", Lane.DONE)
    assert portrait(place) == before
    assert caught.value.details["status_events_path"] == str(place.log)
    assert caught.value.details["violated_invariant"] == "STA-005"


def added(place: MissionPlace, event: TransitionEvent) -> Snapshot:
    """What the log adds up to with an event that was judged already."""
    return MissionLogFile(place).append(event.wp_id, event.to_lane, lambda _: event).snapshot


def test_an_event_is_written_once_whoever_brings_it_how_often(place: MissionPlace) -> None:
    event = event_of(Lane.PLANNED, Lane.CLAIMED, at_us=4_000_000_000_000_000)
    first, size = added(place, event), place.log.stat().st_size
    assert added(place, event) == first
    assert place.log.stat().st_size == size


def test_a_move_comes_after_the_last_one_also_where_that_was_from_a_clock_ahead(place: MissionPlace) -> None:
    added(place, event_of(Lane.PLANNED, Lane.CLAIMED, at_us=4_000_000_000_000_000))
    assert move(place, "WP01", Lane.BLOCKED).snapshot.reduced.lane_of("WP01") is Lane.BLOCKED


def test_an_event_that_would_not_bring_the_package_where_it_says_is_not_written(place: MissionPlace) -> None:
    before = portrait(place)
    with pytest.raises(DiagnosticError) as caught:
        added(place, event_of(Lane.PLANNED, Lane.CLAIMED, at_us=1))
    check_diagnostic(caught.value.to_wire(), place, "STATUS_LANE_NOT_REACHED", "STA-006")
    assert portrait(place) == before


def test_a_log_that_another_process_holds_is_left_alone(place: MissionPlace) -> None:
    with place.log.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        refused(place, "STATUS_LOG_LOCKED", "STA-001", lock_wait_s=0.0)
    assert move(place, "WP01", Lane.CLAIMED)


def test_a_log_that_is_replaced_while_it_is_written_is_seen(place: MissionPlace) -> None:
    """Somebody checks out another branch between the decision and the write."""
    before = portrait(place)
    seen: list[Lane] = []

    def decide(snapshot: Snapshot) -> TransitionEvent:
        seen.append(snapshot.reduced.lane_of("WP01"))
        other = place.log.with_name("other")
        other.write_bytes(place.log.read_bytes())
        other.replace(place.log)
        return event_of(Lane.PLANNED, Lane.CLAIMED, at_us=4_000_000_000_000_000)

    with pytest.raises(DiagnosticError) as caught:
        MissionLogFile(place).append("WP01", Lane.CLAIMED, decide)
    check_diagnostic(caught.value.to_wire(), place, "STATUS_LOG_REPLACED", "STA-002")
    assert (seen, portrait(place)) == ([Lane.PLANNED], before)
    assert move(place, "WP01", Lane.CLAIMED)


def test_a_log_that_is_gone_is_not_begun_again(place: MissionPlace) -> None:
    place.log.unlink()
    refused(place, "STATUS_LOG_NOT_WRITABLE", "STA-001")


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_stands_in_the_logs_place_and_is_no_file_is_not_written(place: MissionPlace, kind: str) -> None:
    place.log.unlink()
    if kind == "folder":
        place.log.mkdir()
    elif kind == "link":
        place.log.symlink_to("/dev/full")
    else:
        os.mkfifo(place.log)
    with pytest.raises(DiagnosticError) as caught:
        move(place, "WP01", Lane.CLAIMED)
    check_diagnostic(caught.value.to_wire(), place, "STATUS_LOG_NOT_WRITABLE", "STA-001")


def test_a_snapshot_that_cannot_be_put_in_its_place_takes_the_event_back(place: MissionPlace) -> None:
    place.snapshot.unlink()
    place.snapshot.mkdir()
    refused(place, "STATUS_SNAPSHOT_NOT_WRITABLE", "STA-001")


@pytest.fixture
def open_place() -> Iterator[MissionPlace]:
    """A mission that others can look into, all the way from the root."""
    with tempfile.TemporaryDirectory(prefix="signoff-log-") as folder:
        Path(folder).chmod(0o755)
        place = new_place(Path(folder))
        move(place, "WP01", Lane.PLANNED)
        yield place


#: Of a process that finds the modules of the tests, and those that this one was given.
ENVIRON = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    "PYTHONDONTWRITEBYTECODE": "1",
}
CLAIM = """
import json, os, resource, sys
from pathlib import Path
from mission_places import move
from signoff.errors import DiagnosticError
from signoff.missions.lane import Lane
from signoff.runners.mission.place import Checkout, MissionPlace
folder, bytes_max = Path(sys.argv[1]), int(sys.argv[2])
if bytes_max >= 0:
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
elif os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    move(MissionPlace(Checkout(folder, folder, None, folder), folder), "WP01", Lane.CLAIMED)
except DiagnosticError as error:
    print(json.dumps(error.to_wire()))
"""


def refused_elsewhere(place: MissionPlace, code: str, *, bytes_max: int = -1) -> None:
    """The same for a process that may not make files any longer than this; without that, for one that is not root."""
    before = portrait(place)
    done = subprocess.run(
        [sys.executable, "-c", CLAIM, str(place.folder), str(bytes_max)],
        env=ENVIRON,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert portrait(place) == before
    check_diagnostic(json.loads(done.stdout), place, code, "STA-001")


def test_a_read_only_log_is_refused_and_nothing_moves(open_place: MissionPlace) -> None:
    open_place.log.chmod(0o444)
    refused_elsewhere(open_place, "STATUS_LOG_NOT_WRITABLE")


def test_a_read_only_folder_is_refused_before_the_log_is_written(open_place: MissionPlace) -> None:
    open_place.log.chmod(0o666)
    open_place.folder.chmod(0o555)
    refused_elsewhere(open_place, "STATUS_SNAPSHOT_NOT_WRITABLE")
    open_place.folder.chmod(0o755)


@pytest.mark.parametrize("room", [0, 7], ids=["none", "for a piece of the line"])
def test_a_full_log_is_refused_and_holds_no_piece_of_the_event(place: MissionPlace, room: int) -> None:
    """The limit is met by the log alone: it is longer than the snapshot."""
    for number in range(2, 8):
        move(place, f"WP{number:02}", Lane.PLANNED)
    size = place.log.stat().st_size
    assert place.snapshot.stat().st_size < size
    refused_elsewhere(place, "STATUS_LOG_FULL", bytes_max=size + room)
    assert move(place, "WP01", Lane.CLAIMED)


def test_a_disk_without_room_for_the_snapshot_is_full_before_the_log_is_written(place: MissionPlace) -> None:
    refused_elsewhere(place, "STATUS_LOG_FULL", bytes_max=10)


def test_a_torn_last_line_is_kept_aside_by_the_next_move_which_says_so(place: MissionPlace) -> None:
    piece = place.log.read_bytes()[:-30]
    with place.log.open("ab") as file:
        file.write(piece)
    appended = move(place, "WP01", Lane.CLAIMED)
    assert appended.torn == piece
    assert place.torn.read_bytes() == piece + b"\n"
    log = read_log(place.log.read_bytes())
    assert ([event.to_lane for event in log.events], log.problems) == ([Lane.PLANNED, Lane.CLAIMED], [])


def test_a_refused_move_leaves_a_torn_line_where_it_is_and_a_failed_one_says_that_it_was_kept_aside(
    place: MissionPlace,
) -> None:
    with place.log.open("ab") as file:
        file.write(b'{"torn')
    before = portrait(place)
    with pytest.raises(DiagnosticError) as caught:
        move(place, "WP01", Lane.DONE)
    assert caught.value.diagnostic_code == "TRANSITION_EDGE_ILLEGAL"
    assert portrait(place) == before
    place.snapshot.unlink()
    place.snapshot.mkdir()
    with pytest.raises(DiagnosticError) as caught:
        move(place, "WP01", Lane.CLAIMED)
    assert caught.value.diagnostic_code == "STATUS_SNAPSHOT_NOT_WRITABLE"
    assert caught.value.details["torn_line_kept_in"] == str(place.torn)
    assert place.torn.read_bytes() == b'{"torn\n'


def test_a_last_line_that_only_lacks_its_end_is_kept(place: MissionPlace) -> None:
    place.log.write_bytes(place.log.read_bytes().rstrip(b"\n"))
    appended = move(place, "WP01", Lane.CLAIMED)
    assert appended.torn is None
    assert len(read_log(place.log.read_bytes()).events) == 2


def test_nothing_is_added_to_a_log_with_a_line_that_cannot_be_read_until_it_is_repaired(place: MissionPlace) -> None:
    kept = place.log.read_bytes()
    place.log.write_bytes(b"<<<<<<< ours\n" + kept + b"=======\n")
    refused(place, "EVENT_LINE_MALFORMED", "STA-001")
    assert repair(place) == 2
    assert place.log.read_bytes() == kept
    assert place.torn.read_bytes() == b"<<<<<<< ours\n=======\n"
    assert (repair(place), bool(move(place, "WP01", Lane.CLAIMED))) == (0, True)


def test_a_snapshot_behind_its_log_is_made_anew_by_whoever_reads(place: MissionPlace) -> None:
    kept = place.snapshot.read_bytes()
    told: list[str] = []
    for damage, count in ((place.snapshot.unlink, 1), (lambda: place.snapshot.write_text("{"), 2), (lambda: None, 2)):
        damage()
        assert heal(place, told.append).reduced.lane_of("WP01") is Lane.PLANNED
        assert ["status.json" in one for one in told] == [True] * count
        assert place.snapshot.read_bytes() == kept
        assert not is_behind(place)


def test_the_oldest_missions_have_no_meta_json_and_a_broken_one_is_told(place: MissionPlace) -> None:
    place.meta.unlink()
    assert move(place, "WP01", Lane.CLAIMED).event.mission_slug == SLUG
    place.meta.write_text("[]")
    with pytest.raises(DiagnosticError, match=r"meta\.json:1: found") as caught:
        move(place, "WP01", Lane.BLOCKED)
    wire = {**caught.value.to_wire(), "requested_lane": "claimed"}
    check_diagnostic(wire, place, "MISSION_METADATA_INVALID", "STA-003")


MOVER = """
import sys
from pathlib import Path
from mission_places import move
from signoff.errors import MoveRefusedError
from signoff.missions.lane import Lane
from signoff.runners.mission.place import Checkout, MissionPlace
root, folder, wp_id = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
place = MissionPlace(Checkout(root, root, None, root), folder)
print("ready", flush=True)
sys.stdin.read()
try:
    move(place, "WP99", Lane.CLAIMED, lock_wait_s=60.0)
except MoveRefusedError:
    pass
for lane in (Lane.PLANNED, Lane.CLAIMED, Lane.BLOCKED):
    move(place, wp_id, lane, lock_wait_s=60.0)
"""


def test_twenty_processes_at_once_lose_no_event_tear_no_line_and_one_of_them_has_what_all_want(tmp_path: Path) -> None:
    place = new_place(tmp_path)
    move(place, "WP99", Lane.PLANNED)
    names = [f"WP{number:02}" for number in range(1, 21)]
    movers = [
        subprocess.Popen(
            [sys.executable, "-c", MOVER, str(tmp_path), str(place.folder), name],
            env=ENVIRON,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for mover in movers:
        assert mover.stdout is not None
        assert mover.stdout.readline() == "ready\n"
    for mover in movers:
        assert mover.stdin is not None
        mover.stdin.close()
    assert [mover.wait(120) for mover in movers] == [0] * len(movers)
    for mover in movers:
        assert mover.stdout is not None
        mover.stdout.close()
    log = read_log(place.log.read_bytes())
    assert (len(log.events), log.problems, log.torn) == (62, [], None)
    assert sum(event.wp_id == "WP99" and event.to_lane is Lane.CLAIMED for event in log.events) == 1
    assert {event.wp_id for event in log.events if event.to_lane is Lane.BLOCKED} == set(names)
    status = json.loads(place.snapshot.read_text())
    assert (status["event_count"], status["summary"]["blocked"]) == (62, 20)
    assert sorted(portrait(place)) == ["meta.json", "status.events.jsonl", "status.json"]


def event_of(from_lane: Lane, to_lane: Lane, *, at_us: int) -> TransitionEvent:
    return TransitionEvent(
        event_id="01KAJ2V3Q4R5S6T7V8W9X0Y1Z9",
        at=instant_of(at_us),
        actor="ada",
        mission_id=None,
        mission_slug=SLUG,
        wp_id="WP01",
        from_lane=from_lane,
        to_lane=to_lane,
    )
