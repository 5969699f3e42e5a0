"""Whatever the files of a mission hold: what is wrong is told, and what is written is what is read again."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.documents.problem import Problem
from signoff.documents.yaml_text import read_yaml
from signoff.missions.files import MissionFiles
from signoff.missions.finding import CODES
from signoff.missions.front_matter import read_front_matter, write_front_matter
from signoff.missions.ownership import matches
from signoff.missions.plain_yaml import read_plain
from signoff.missions.validate import validate

unhurried = settings(deadline=None)  # a busy machine is not a wrong answer

LINES = (
    *("work_package_id: WP01", "title: A title", "title: 'it''s'", 'title: "x: y"', "dependencies: []", "subtasks:"),
    *("- T001", "  - T001", "- a: 1", "  b: x", "  b: 'y'", "- - x", "owned_files: [a/**, 'b*']", "x: 1.50", "x: 007"),
    *("x: 0x1f", "x: 1e5", "x: 12e03", "x: .5", "x: ...", "x: 2026-05-02", "x: 4dbb05e", "x: null", "x: ~", "x: Null"),
    *("x: TRUE", "x: yes", "x: a #b", "x: a#b", "x: # b", "# b", "", " ", "x: a: b", "x: a:b", "x: -1", "x: - a"),
    *("x: [a, b]", "x: [a:b]", "x: [1, true, null]", "x: [a,]", "x: [,]", "x: [ ]", "x: >-", "  folded", "x: *a"),
    *("x: &a b", "x: !t b", "<<: 1", "x: <<", "x: =", "x: %a", "x: (a)", "x: /a", "x: $a", "x: _a", "x: \u00e9", "---"),
    *(
        "...",
        "x: 0",
        "x: 00",
        "x: 0o7",
        "x: 1_000",
        "x: 1:30",
        "x: .inf",
        "x: .a",
        "x: a'b",
        "x: 'a' b",
        "cycle_number: 1",
    ),
    *("verdict: rejected", "x: a ", "x:  a", "x:\ta", "x: a\tb", "x : a", "'x': a", "1: a", "null: a", "true: a"),
)
fronts = st.lists(st.sampled_from(LINES), max_size=7).map("\n".join)
scalars = st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(st.characters(codec="utf-8"), max_size=8)
keys = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6)
values = st.recursive(
    scalars.filter(lambda value: not isinstance(value, str) or "\x00" not in value),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


@unhurried
@given(fronts)
def test_what_is_read_at_once_is_what_the_full_reader_reads(text: str) -> None:
    plain = read_plain(text, first_line=2)
    problems: list[Problem] = []
    full = read_yaml(text, problems, first_line=2)
    if plain is not None:
        assert (plain.value, plain.lines, problems) == (full.value, full.lines, [])


@unhurried
@given(
    st.dictionaries(keys, values, max_size=4),
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20),
)
def test_reading_front_matter_undoes_writing_it(members: dict[str, object], body: str) -> None:
    front = read_front_matter(write_front_matter(members, body))
    if members:
        assert (front.members, front.body, list(front.problems)) == (members, body, [])


texts = st.none() | fronts.map(lambda front: f"---\n{front}\n---\nbody") | st.text(max_size=20) | st.just("{}")


@unhurried
@given(texts, texts, texts, texts.filter(lambda text: text is not None), st.binary(max_size=40))
def test_whatever_the_files_are_findings_come_of_it(
    meta: str | None, lanes: str | None, snapshot: str | None, package: str, events: bytes
) -> None:
    files = MissionFiles(
        "ledger",
        meta=meta,
        lanes=lanes,
        events=events,
        snapshot=snapshot,
        work_packages={"WP01.md": package},
        review_cycles={"WP01": {"review-cycle-1.md": package, "review-cycle-2.md": package}},
    )
    for finding in validate(files):
        assert finding.diagnostic_code in CODES
        json.dumps(finding.to_wire())


parts = st.sampled_from(["**", "*", "?", "/", "a", "b", ".", "[", "]", "**/", "\n"])


@unhurried
@given(
    st.lists(parts, max_size=8).map("".join), st.lists(st.sampled_from(["a", "b", "/", "."]), max_size=8).map("".join)
)
def test_a_glob_without_two_stars_never_crosses_a_folder(glob: str, path: str) -> None:
    if "**" not in glob and not glob.endswith("/") and matches(glob, path):
        assert glob.removeprefix("./").count("/") == path.count("/")
