"""Whatever a log holds and however it was merged: it is read, and it adds up to the same."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mission_strategies import INSTANTS, events, logs

from signoff.missions.event import TransitionEvent, read_log, read_on, to_line
from signoff.missions.instant import parse_instant
from signoff.missions.lane import Lane
from signoff.missions.meta import MissionMeta
from signoff.missions.reduce import add, reduce, snapshot

META = MissionMeta("ledger", "01KQKV85G0STH8VF1RB66TW8DJ", 7, "software-dev", "main")
unhurried = settings(deadline=None)  # a busy machine is not a wrong answer


def wire_of(lines: list[str]) -> dict[str, Any]:
    log = read_log("".join(f"{line}\n" for line in lines).encode())
    assert log.problems == []
    return snapshot(log.events, META).to_wire()


@unhurried
@given(events)
def test_reading_a_line_undoes_writing_it(event: TransitionEvent) -> None:
    line = to_line(event)
    log = read_log(f"{line}\n".encode())
    assert (log.events, log.problems, log.others) == ([event], [], {})
    assert to_line(log.events[0]) == line


plain = st.text("ab .:-{}\x7f", min_size=1, max_size=4)
#: As commands write them.
ordinary = st.fixed_dictionaries(
    {
        "actor": plain,
        "at": st.sampled_from(INSTANTS),
        "event_id": plain,
        "evidence": st.none(),
        "execution_mode": plain,
        "force": st.booleans(),
        "from_lane": st.sampled_from(Lane),
        "mission_id": st.none() | plain,
        "mission_slug": plain,
        "policy_metadata": st.none(),
        "reason": st.none() | plain,
        "review_ref": st.none() | plain,
        "to_lane": st.sampled_from([lane for lane in Lane if lane is not Lane.GENESIS]),
        "wp_id": plain,
    }
)


@unhurried
@given(ordinary, st.just("") | st.sampled_from(["}", " ", "\\"]))
def test_a_line_says_the_same_however_it_is_spaced(wire: dict[str, Any], behind: str) -> None:
    said = dict(sorted(wire.items()))
    written = json.dumps(said, ensure_ascii=False) + behind
    # Blanks that no command writes: JSON has to be asked what such a line says.
    spaced = json.dumps(said, ensure_ascii=False, separators=(" ,", " :")) + behind
    read, asked = read_log(f"{written}\n".encode()), read_log(f"{spaced}\n".encode())
    assert (read.events, len(read.problems)) == (asked.events, len(asked.problems))
    assert [event.order for event in read.events] == [event.order for event in asked.events]


@unhurried
@given(st.data(), logs())
def test_the_order_of_lines_and_their_repetition_change_nothing(
    data: st.DataObject, log: list[TransitionEvent]
) -> None:
    lines = [to_line(event) for event in log]
    repeated = data.draw(st.lists(st.sampled_from(lines), max_size=6)) if lines else []
    shuffled = data.draw(st.permutations([*lines, *repeated]))
    assert wire_of(shuffled) == wire_of(lines)


@unhurried
@given(logs())
def test_the_snapshot_has_the_last_events_instant_and_counts_what_there_is(log: list[TransitionEvent]) -> None:
    wire = snapshot(log, META).to_wire()
    assert wire["event_count"] == len(log)
    assert sum(wire["summary"].values()) == len(wire["work_packages"]) == len({event.wp_id for event in log})
    if log:
        latest = max(parse_instant(event.at) or 0 for event in log)
        assert parse_instant(wire["materialized_at"]) == latest
        assert wire["last_event_id"] in {event.event_id for event in log if parse_instant(event.at) == latest}


@unhurried
@given(logs())
def test_no_step_forward_stands_over_a_step_back_of_its_instant(log: list[TransitionEvent]) -> None:
    for wp_id, state in reduce(log).work_packages.items():
        last = max(parse_instant(event.at) or 0 for event in log if event.wp_id == wp_id)
        rivals = [event for event in log if event.wp_id == wp_id and parse_instant(event.at) == last]
        sent_back = [event for event in rivals if sends_back(event)]
        expected = max(sent_back or rivals, key=lambda event: event.event_id)
        assert state.event == expected


def sends_back(event: TransitionEvent) -> bool:
    """In the contract's words."""
    if event.from_lane == "in_review":
        return event.to_lane == "in_progress"
    return event.from_lane == "for_review" and event.to_lane == "in_progress" and event.review_ref is not None


@unhurried
@given(logs())
def test_forced_events_that_brought_a_package_somewhere_are_counted(log: list[TransitionEvent]) -> None:
    for wp_id, state in reduce(log).work_packages.items():
        forced = sum(event.force for event in log if event.wp_id == wp_id)
        assert int(state.event.force) <= state.force_count <= forced


PIECES = (
    *(b"\n", b"\r\n", b"{", b"}", b'{"to_lane":"done"}', b'{"kind":"annotation"}', b"\xff", b"\x00", b"\xef\xbb\xbf"),
    *(b'"\\ud800"', b"[", b"1e999", b"null", b'{"event_id":"1","at":"2026-05-02T09:50:15Z"', b',"wp_id":"WP01"'),
)
BYTES = st.lists(st.binary(max_size=8) | st.sampled_from(PIECES), max_size=20).map(b"".join)


@unhurried
@given(BYTES, logs(3))
def test_any_bytes_are_read_and_what_was_whole_before_them_is_kept(junk: bytes, log: list[TransitionEvent]) -> None:
    whole = "".join(f"{to_line(event)}\n" for event in log).encode()
    found = read_log(whole + junk)
    assert found.events[: len(log)] == log
    json.dumps(snapshot(found.events, META).to_wire()).encode()
    snapshot(found.events, META).to_text().encode()
    assert found.torn is None or junk.endswith(found.torn)


@unhurried
@given(logs(3), BYTES, BYTES)
def test_a_log_that_has_grown_is_read_on_to_what_reading_it_anew_would_find(
    log: list[TransitionEvent], junk: bytes, more: bytes
) -> None:
    whole = "".join(f"{to_line(event)}\n" for event in log).encode()
    for before in (b"", whole, junk, whole + junk, b"\xef\xbb\xbf" + whole):
        for data in (before + more, before + whole, more):
            found, anew = read_on(read_log(before), before, data), read_log(data)
            assert found == anew
            assert [event.line for event in found.events] == [event.line for event in anew.events]


@unhurried
@given(
    st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{6}\+00:00", fullmatch=True),
    st.integers(0, 31),
    st.none() | st.sampled_from("0T- :.+Z\u0663"),
)
def test_an_instant_is_the_same_however_its_day_and_its_time_are_parted(text: str, at: int, other: str | None) -> None:
    changed = text if other is None else text[:at] + other + text[at + 1 :]
    # Nothing of ours writes a blank there, so that this is read otherwise than most of a log.
    assert parse_instant(changed) == parse_instant(changed[:10] + changed[10].replace("T", " ") + changed[11:])


@unhurried
@given(logs(), events)
def test_an_event_that_is_added_counts_as_if_it_had_been_there(
    log: list[TransitionEvent], event: TransitionEvent
) -> None:
    others = [one for one in log if one.event_id != event.event_id]
    assert add(reduce(others), event) == reduce([*others, event])


@unhurried
@given(logs(4), st.data())
def test_a_log_cut_anywhere_loses_its_last_line_alone(log: list[TransitionEvent], data: st.DataObject) -> None:
    whole = "".join(f"{to_line(event)}\n" for event in log).encode()
    cut = data.draw(st.integers(0, len(whole)))
    found = read_log(whole[:cut])
    assert found.events == log[: len(found.events)]
    assert len(found.problems) <= 1
    assert whole[:cut].count(b"\n") <= len(found.events) <= whole[:cut].count(b"\n") + 1


def test_every_lane_but_genesis_can_be_reached() -> None:
    # Or the strategies above would prove less than they seem to.
    assert {lane.value for lane in Lane} == {
        *("genesis", "planned", "claimed", "in_progress", "for_review", "in_review", "approved", "done"),
        *("blocked", "canceled"),
    }
