from __future__ import annotations

import json
from typing import Any

import pytest
from mission_samples import APPROVAL, event, line, log_of

from signoff.missions.event import LINE_BYTES_MAX, PROBLEMS_MAX, name_of, read_log, read_on, to_line
from signoff.missions.instant import parse_instant
from signoff.missions.lane import Lane

CLAIM = event(1, "planned", "claimed")
# A line of each kind that shares the log.
OTHERS = [
    {"event_type": "WPCreated", "event_id": "x", "payload": {}},
    {"kind": "annotation", "wp_id": "WP01", "delta": {"subtasks": {"T001": "done"}}},
    {"type": "RetrospectiveCaptured", "force": False},
    {"event_name": "retrospective.completed"},
]


def problems(data: bytes) -> list[str]:
    return [f"{problem.line}: {problem.message}" for problem in read_log(data).problems]


def test_a_line_has_every_member_its_keys_sorted() -> None:
    wire = json.loads(to_line(event(7, "in_review", "approved", evidence=APPROVAL, force=True, reason="late")))
    promised = {
        *("event_id", "at", "actor", "mission_id", "mission_slug", "wp_id", "from_lane", "to_lane", "force"),
        *("reason", "execution_mode", "evidence", "review_ref", "policy_metadata"),
    }
    assert list(wire) == sorted(promised)
    assert (wire["from_lane"], wire["to_lane"], wire["force"]) == ("in_review", "approved", True)
    assert "\n" not in to_line(event(1, "planned", "claimed", reason="two\nlines"))


def test_an_old_line_is_read_in_the_words_of_today() -> None:
    old = line(
        CLAIM,
        mission_slug=...,
        feature_slug="012-ledger",
        mission_id=...,
        event_id="6f1c3b0e-6a5b-4c93-9a3e-0d9f7cf6a4d1",
        from_lane="claimed",
        to_lane="doing",
        at="2026-05-02T09:50:15Z",
    )
    (read,) = read_log(old.encode()).events
    assert (read.mission_slug, read.mission_id, read.to_lane) == ("012-ledger", None, Lane.IN_PROGRESS)
    assert read.event_id == "6f1c3b0e-6a5b-4c93-9a3e-0d9f7cf6a4d1"
    assert read.extra == {}


@pytest.mark.parametrize(
    "odd",
    [
        *({"at": "2026-02-30T00:00:00.000000+00:00"}, {"at": "soon"}, {"event_id": ""}, {"event_id": "x" * 200}),
        *({"event_id": "x" * 201}, {"wp_id": "x" * 201}, {"wp_id": "é"}, {"reason": 'a "word"'}, {"force": None}),
        *({"from_lane": "doing"}, {"to_lane": "doing"}, {"to_lane": "genesis"}, {"to_lane": "nowhere"}),
        *({"from_lane": "nowhere"}, {"evidence": {}}, {"actor": {"tool": "a"}}, {"actor": None}, {"mission_slug": 1}),
    ],
    ids=str,
)
def test_a_line_that_is_nearly_as_commands_write_them_is_taken_as_it_would_be_in_any_other_spelling(
    odd: dict[str, Any],
) -> None:
    written = json.dumps(json.loads(line(CLAIM, **odd)), ensure_ascii=False).encode()
    spaced = json.dumps(json.loads(line(CLAIM, **odd)), ensure_ascii=False, separators=(" ,", " :")).encode()
    assert read_log(written + b"\n").events == read_log(spaced + b"\n").events
    assert problems(written + b"\n") == problems(spaced + b"\n")


def test_what_nobody_knows_in_a_line_is_kept() -> None:
    data = line(CLAIM, review_result={"verdict": "approved"}).encode()
    (read,) = read_log(data).events
    assert read.extra == {"review_result": {"verdict": "approved"}}
    assert f"{to_line(read)}\n".encode() == data


def test_lines_of_other_kinds_are_counted_apart() -> None:
    data = "\n".join(json.dumps(one) for one in [*OTHERS, OTHERS[1]]).encode() + b"\n\n" + log_of(CLAIM)
    log = read_log(data)
    assert log.others == {
        "WPCreated": 1,
        "annotation": 2,
        "RetrospectiveCaptured": 1,
        "retrospective.completed": 1,
    }
    assert (log.events, log.problems) == ([CLAIM], [])
    assert log.events[0].line == 7


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"[1]", "no JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"a": NaN}', "no number of JSON"),
        (b'{"a": 1e999}', "no number of JSON"),
        (b'{"kind": "annotation", "a": ' + b"[" * 60 + b"]" * 60 + b"}", "levels"),
        (b'{"kind": ' + b"[" * 900 + b"]" * 900 + b"}", "levels"),
        (b'{"to_lane": "done", "to_lane": "planned"}', "twice"),
        (b"[" * 100_000, "not JSON"),
        (b'{"reason": "\\ud800", "kind": "annotation"}', "half a character"),
        (b'{"kind": "' + b"x" * LINE_BYTES_MAX + b'"}', "bytes"),
        (b"{}", "event_id"),
    ],
)
def test_a_line_that_is_no_event_is_named_and_the_others_are_read(bad: bytes, why: str) -> None:
    log = read_log(log_of(CLAIM) + bad + b"\r\n" + log_of(event(2, "claimed", "in_progress")))
    assert [problem.line for problem in log.problems] == [2]
    assert why in log.problems[0].message
    assert log.problems[0].diagnostic_code == "EVENT_LINE_MALFORMED"
    assert [one.line for one in log.events] == [1, 3]
    assert log.torn is None


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("event_id", ...),
        ("event_id", ""),
        ("wp_id", 7),
        ("at", "yesterday"),
        ("at", None),
        ("from_lane", "limbo"),
        ("to_lane", "genesis"),
        ("to_lane", None),
        ("force", "yes"),
        ("evidence", []),
        ("actor", 3),
        ("policy_metadata", "x"),
    ],
)
def test_an_event_without_what_it_needs_is_refused_by_that_name(member: str, value: Any) -> None:
    (told,) = problems(line(CLAIM, **{member: value}).encode())
    assert member in told


def test_members_that_may_be_missing_may_be_null() -> None:
    bare = line(CLAIM, force=..., actor=None, reason=..., evidence=None, execution_mode=..., mission_slug=...)
    (read,) = read_log(bare.encode()).events
    assert (read.force, read.actor, read.reason, read.execution_mode, read.mission_slug) == (
        False,
        "",
        None,
        "worktree",
        "",
    )


def test_a_line_with_many_members_is_not_deep() -> None:
    data = line(CLAIM, extra=[[] for _ in range(200)], size=1.5).encode()
    assert read_log(data).problems == []


def test_a_last_line_that_was_cut_off_is_kept_as_it_is() -> None:
    data = log_of(CLAIM, event(2, "claimed", "in_progress"))
    log = read_log(data[:-40])
    assert log.events == [CLAIM]
    assert log.torn == data[:-40].split(b"\n")[1]
    assert [problem.line for problem in log.problems] == [2]
    assert "not written to its end" in log.problems[0].message


def test_a_last_line_that_lacks_only_its_end_is_whole() -> None:
    log = read_log(log_of(CLAIM)[:-1])
    assert (log.events, log.torn, log.lacks_line_end, log.problems) == ([CLAIM], None, True, [])
    assert not read_log(log_of(CLAIM)).lacks_line_end


def test_of_something_else_altogether_the_first_lines_are_told() -> None:
    log = read_log(b"\x00\x01junk\n" * (PROBLEMS_MAX + 5))
    assert len(log.problems) == PROBLEMS_MAX + 1
    assert log.problems[-1].message == "5 more lines are no events"


def test_a_mark_at_the_beginning_of_the_file_is_no_text() -> None:
    assert read_log(b"\xef\xbb\xbf" + log_of(CLAIM)).events == [CLAIM]


@pytest.mark.parametrize("before", [b"", log_of(CLAIM), b"no event\n", log_of(CLAIM)[:-1]], ids=repr)
def test_of_a_log_that_has_grown_what_is_new_is_read_and_its_lines_are_counted_on(before: bytes) -> None:
    grown = before + b"\n" + log_of(event(2, "claimed", "in_progress"))
    found, anew = read_on(read_log(before), before, grown), read_log(grown)
    assert found == anew
    assert [one.line for one in found.events] == [one.line for one in anew.events]


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ("ada", "ada"),
        ({"tool": "coder", "role": "reviewer", "model": None}, "coder"),
        ({"role": "reviewer"}, "reviewer"),
        ({"x": 1}, '{"x": 1}'),
    ],
)
def test_an_actor_has_one_name(actor: Any, name: str) -> None:
    assert name_of(actor) == name
    assert event(1, "planned", "claimed", actor=actor).actor_name == name


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.5", 500_000),
        ("2000-03-01T00:00:00+00:00", 951_868_800_000_000),
        ("2024-02-29T23:59:59.999999+05:30", 1_709_231_399_999_999),
        ("2026-05-02T09:50:15.123456+00:00", 1_777_715_415_123_456),
        ("2026-05-02T04:50:15.123456-05:00", 1_777_715_415_123_456),
        ("1969-12-31T23:59:59Z", -1_000_000),
    ],
)
def test_an_instant_is_reckoned_in_microseconds(text: str, microseconds: int) -> None:
    assert parse_instant(text) == microseconds


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01"),
        *("2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00+24:00", ""),
        *("2026-01-01T00:00:00+00:60", "\u0662026-01-01T00:00:00Z", None),
    ],
)
def test_what_is_no_instant_is_none(text: object) -> None:
    assert parse_instant(text) is None
