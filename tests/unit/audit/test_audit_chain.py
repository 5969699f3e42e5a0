from __future__ import annotations

import random
import weakref
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from audit_trails import follow, trail_of

from signoff.audit.chain import verify_chain
from signoff.audit.entry import GENESIS, Entry

TRAIL = trail_of("a", "b", "a", "a", "c", "b", "a", "b", "a")


def found(entries: list[Entry]) -> list[tuple[int | None, str]]:
    return [(finding.seq, finding.code) for finding in verify_chain(entries)]


def one_byte_changed(value: Any) -> list[Any]:
    """Values one byte away, in several ways."""
    if isinstance(value, int):
        return [value + 1, value + 1000]
    middle = len(value) // 2
    return [
        ("1" if value[0] != "1" else "2") + value[1:],
        value[:middle] + ("3" if value[middle] != "3" else "4") + value[middle + 1 :],
        value + " ",
        value[:-1],
    ]


def test_a_sound_trail_has_no_findings() -> None:
    assert verify_chain(TRAIL) == []


def test_an_empty_trail_has_no_findings() -> None:
    assert verify_chain([]) == []


@pytest.mark.parametrize("column", [field.name for field in fields(Entry)])
@pytest.mark.parametrize("index", range(len(TRAIL)))
def test_a_changed_byte_names_its_entry_and_no_other(index: int, column: str) -> None:
    entry = TRAIL[index]
    for value in one_byte_changed(getattr(entry, column)):
        altered = replace(entry, **{column: value})
        assert found([*TRAIL[:index], altered, *TRAIL[index + 1 :]]) == [(altered.seq, "entry-altered")]


@pytest.mark.parametrize("column", [field.name for field in fields(Entry)])
@pytest.mark.parametrize("value", [None, b"", b"ab", 1.5, True, -1, 2**62, "", "\ud800", float("nan")])
@pytest.mark.parametrize("index", [0, 2, 8])
def test_a_column_of_any_type_names_its_entry_and_no_other(index: int, column: str, value: Any) -> None:
    altered = replace(TRAIL[index], **{column: value})
    [finding] = verify_chain([*TRAIL[:index], altered, *TRAIL[index + 1 :]])
    assert finding.code == "entry-altered"
    assert finding.seq == (altered.seq if type(altered.seq) is int else None)
    assert finding.workflow_id == (altered.workflow_id if isinstance(altered.workflow_id, str) else None)


def test_an_entry_moved_to_another_workflow_hides_nothing_there() -> None:
    # b's second entry is gone, and a's third says it were b's second.
    moved = replace(TRAIL[3], workflow_id="b", n=2)
    assert found([*TRAIL[:3], moved, TRAIL[4], *TRAIL[6:]]) == [(4, "entry-altered"), (8, "entry-missing")]


@pytest.mark.parametrize(("gone", "successor"), [(1, 3), (3, 4), (4, 7), (7, 9), (2, 6), (6, 8)])
def test_a_deleted_entry_is_missed_at_the_one_after_it(gone: int, successor: int) -> None:
    assert found([entry for entry in TRAIL if entry.seq != gone]) == [(successor, "entry-missing")]


def test_several_deleted_entries_are_counted() -> None:
    [finding] = verify_chain([entry for entry in TRAIL if entry.seq not in (3, 4)])
    assert (finding.seq, finding.workflow_id) == (7, "a")
    assert "2 entries" in finding.message
    [finding] = verify_chain([entry for entry in TRAIL if entry.seq != 3])
    assert "One entry" in finding.message


def test_the_end_of_a_chain_can_be_cut_off_without_a_trace_in_it() -> None:
    assert found([entry for entry in TRAIL if entry.seq not in (5, 9)]) == []


def test_a_deletion_is_missed_beside_an_alteration_elsewhere() -> None:
    last = replace(TRAIL[8], actor="mallory")
    assert found([entry for entry in TRAIL[:8] if entry.seq != 3] + [last]) == [
        (4, "entry-missing"),
        (9, "entry-altered"),
    ]


def test_a_deletion_is_missed_beside_an_alteration_next_to_it() -> None:
    altered = replace(TRAIL[3], body="{}")
    assert found([*TRAIL[:2], altered, *TRAIL[4:]]) == [(4, "entry-altered"), (7, "entry-missing")]


def test_an_altered_hash_cannot_stand_in_for_a_deleted_entry() -> None:
    # Entry 7 is given the hash of the deleted entry 3.
    altered = replace(TRAIL[6], hash=TRAIL[2].hash)
    assert found([*TRAIL[:2], *TRAIL[3:6], altered, *TRAIL[7:]]) == [(4, "entry-missing"), (7, "entry-altered")]


def test_neighbours_altered_together_are_both_named_and_nobody_else() -> None:
    for column in ("body", "hash", "actor", "n", "workflow_id", "seq"):
        altered = [
            replace(entry, **{column: one_byte_changed(getattr(entry, column))[0]}) if entry.seq in (3, 4) else entry
            for entry in TRAIL
        ]
        expected = sorted((altered[index].seq, "entry-altered") for index in (2, 3))
        assert found(altered) == expected


def test_an_altered_entry_whose_successor_names_another_is_found_where_it_says_it_stands() -> None:
    third, fourth = replace(TRAIL[2], body="{}"), replace(TRAIL[3], prev_hash="f" * 64)
    assert found([*TRAIL[:2], third, fourth, *TRAIL[4:]]) == [(3, "entry-altered"), (4, "entry-altered")]


def test_an_altered_entry_fills_only_the_place_where_it_says_it_stands() -> None:
    # Entry 2 is altered and its successor is gone, so that nobody names it; entry 5 is gone as well.
    line = trail_of(*"aaaaaa")
    tampered = [line[0], replace(line[1], actor="mallory"), line[3], line[5]]
    findings = verify_chain(tampered)
    assert [(finding.seq, finding.code) for finding in findings] == [
        (2, "entry-altered"),
        (4, "entry-missing"),
        (6, "entry-missing"),
    ]
    assert all("One entry" in finding.message for finding in findings[1:])


def test_a_short_branch_of_a_fork_does_not_move_the_end_of_the_chain() -> None:
    line = trail_of(*"aaaaaa")
    twin = follow(line[0], "a", seq=7)
    findings = verify_chain([*line[:4], line[5], twin])
    assert [(finding.seq, finding.code) for finding in findings] == [(6, "entry-missing"), (7, "fork")]
    assert "One entry" in findings[0].message


def test_an_entry_without_a_hash_is_altered_even_where_none_is_due() -> None:
    assert found([*TRAIL[:8], replace(TRAIL[8], body="", hash=None)]) == [(9, "entry-altered")]  # type: ignore[arg-type]


def test_altered_links_that_lead_in_a_circle_come_to_an_end() -> None:
    third = replace(TRAIL[2], prev_hash=TRAIL[3].hash)
    fourth = replace(TRAIL[3], actor="mallory")
    assert found([*TRAIL[:2], third, fourth, *TRAIL[4:]]) == [(3, "entry-altered"), (4, "entry-altered")]


def test_every_hash_set_to_one_value_names_every_entry_once() -> None:
    altered = [replace(entry, hash=GENESIS) for entry in TRAIL]
    assert found(altered) == [(entry.seq, "entry-altered") for entry in TRAIL]


def test_an_entry_rewritten_with_its_hash_is_named_and_not_the_one_after_it() -> None:
    rewritten = follow(TRAIL[2], "a", seq=4, actor="mallory")
    [finding] = verify_chain([*TRAIL[:3], rewritten, *TRAIL[4:]])
    assert (finding.seq, finding.code) == (4, "link-broken")
    assert "seq 7" in finding.message


def test_a_first_entry_that_follows_on_something_is_named() -> None:
    assert found([follow(None, "d", seq=10, prev_hash="e" * 64)]) == [(10, "link-broken")]


def test_two_sound_entries_with_one_number_are_a_fork() -> None:
    twin = follow(TRAIL[3], "a", seq=10)
    assert found([*TRAIL, twin]) == [(10, "fork")]


def test_a_fork_at_the_end_of_a_chain_is_found() -> None:
    assert found([*TRAIL, follow(TRAIL[6], "a", seq=10)]) == [(10, "fork")]


def test_a_fork_is_named_once_however_far_it_goes() -> None:
    first = follow(TRAIL[3], "a", seq=10)
    second = follow(first, "a", seq=11)
    assert found([*TRAIL, first, second]) == [(10, "fork")]


def test_a_chain_may_go_on_from_either_side_of_a_fork() -> None:
    [one] = trail_of("a")
    left, right = follow(one, "a", seq=2), follow(one, "a", seq=3)
    for side in (left, right):
        after = follow(side, "a", seq=4)
        assert found([one, left, right, after]) == [(3, "fork")]
        assert found([after, right, left, one]) == [(3, "fork")]


def test_the_same_entry_twice_is_a_fork() -> None:
    assert found([*TRAIL, TRAIL[3]]) == [(4, "fork")]


def test_a_number_far_away_is_no_work() -> None:
    far = follow(None, "a", seq=1, n=2**53 - 1, prev_hash="f" * 64)
    assert found([far]) == [(1, "entry-missing")]


def test_the_order_of_arrival_does_not_matter() -> None:
    altered = replace(TRAIL[3], event="gate.rejected")
    entries = [entry for entry in [*TRAIL[:3], altered, *TRAIL[4:]] if entry.seq != 6]
    shuffling = random.Random(1)  # noqa: S311 (shuffles a test's input)
    for _ in range(20):
        shuffling.shuffle(entries)
        assert found(entries) == [(4, "entry-altered"), (8, "entry-missing")]


def test_entries_in_order_are_not_kept() -> None:
    alive: weakref.WeakSet[Entry] = weakref.WeakSet()
    most = 0

    def passing() -> Iterator[Entry]:
        nonlocal most
        before: dict[str, Entry] = {}
        for seq in range(1, 200):
            workflow_id = "ab"[seq % 2]
            entry = before[workflow_id] = follow(before.get(workflow_id), workflow_id, seq=seq)
            alive.add(entry)
            most = max(most, len(alive))
            yield replace(entry, actor="mallory") if seq == 50 else entry

    assert [finding.seq for finding in verify_chain(passing())] == [50]
    assert most < 10
