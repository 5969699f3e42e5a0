"""Are the entries of each workflow as they were written, and are they all there?

Entry n names the hash of entry n - 1. A changed entry fails its own hash and is named for that (`entry-altered`); the
hole that it leaves in its chain is explained by it, so that its innocent neighbours are not named as well. What no
changed entry explains is named apart:

    entry-missing   entries before this one are gone
    link-broken     the entry after this one follows on another entry: this one was rewritten, its hash included
    fork            another entry of the same workflow has the same number

Entries that are gone from the *end* of a chain leave no trace in it: the signed heads (`head`, `verify`) show those.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from signoff.audit.entry import GENESIS, Entry, entry_hash


@dataclass(frozen=True)
class Finding:
    """Something wrong: `seq` and `workflow_id` as they now stand, None where no entry can be named by them."""

    seq: int | None
    workflow_id: str | None
    code: str
    message: str


@dataclass
class _Stretch:
    """Sound entries of one workflow, each following on the one before; only what is needed of both ends is kept."""

    prev_hash: str
    first_n: int
    first_seq: int
    last_n: int
    last_seq: int
    last_hash: str


@dataclass(frozen=True)
class _Gap:
    """Places `after_n` + 1 to `stretch.first_n` - 1 of a chain, which no sound entry takes."""

    workflow_id: str
    after_n: int
    stretch: _Stretch


@dataclass(frozen=True)
class _Stray:
    """An entry that fails its own hash, and the hash it should have, if any."""

    entry: Entry
    due_hash: str | None


def verify_chain(entries: Iterable[Entry]) -> list[Finding]:
    """Check every entry and every chain; findings come in the order of `seq`.

    Entries may come in any order. When they come in that of `seq`, memory grows with the number of workflows and of
    bad entries, not with the number of entries.
    """
    sound = _Sound()
    strays: list[_Stray] = []
    for entry in entries:
        due_hash = entry_hash(entry)
        if due_hash is not None and due_hash == entry.hash:
            sound.add(entry)
        else:
            strays.append(_Stray(entry, due_hash))
    findings = [_altered(stray.entry) for stray in strays]
    gaps: list[_Gap] = []
    for workflow_id, stretches in sound.stretches.items():
        findings += _inspect(workflow_id, stretches, gaps)
    findings += _unexplained(gaps, _by_hash(strays, sound))
    return sorted(findings, key=lambda finding: -1 if finding.seq is None else finding.seq)


class _Sound:
    """Joins entries to stretches as they come."""

    def __init__(self) -> None:
        self.stretches: dict[str, list[_Stretch]] = {}
        self._tips: dict[tuple[str, int, str], _Stretch] = {}

    def add(self, entry: Entry) -> None:
        stretch = self._tips.pop((entry.workflow_id, entry.n - 1, entry.prev_hash), None)
        if stretch is None:
            stretch = _Stretch(entry.prev_hash, entry.n, entry.seq, entry.n, entry.seq, entry.hash)
            self.stretches.setdefault(entry.workflow_id, []).append(stretch)
        stretch.last_n, stretch.last_seq, stretch.last_hash = entry.n, entry.seq, entry.hash
        self._tips[(entry.workflow_id, entry.n, entry.hash)] = stretch


def _inspect(workflow_id: str, stretches: list[_Stretch], gaps: list[_Gap]) -> Iterator[Finding]:
    """Lay the stretches of one workflow end to end; what does not meet is a finding, or a gap to be looked into."""
    ends = {(0, GENESIS)}
    top: _Stretch | None = None
    for stretch in sorted(stretches, key=lambda stretch: (stretch.first_n, stretch.first_seq)):
        top_n = 0 if top is None else top.last_n
        if stretch.first_n <= top_n:
            message = f"Another entry of its workflow is number {stretch.first_n} too."
            yield Finding(stretch.first_seq, workflow_id, "fork", message)
        elif stretch.first_n > top_n + 1:
            gaps.append(_Gap(workflow_id, top_n, stretch))
        elif (top_n, stretch.prev_hash) not in ends:
            yield _broken(workflow_id, top, stretch)
        ends.add((stretch.last_n, stretch.last_hash))
        if stretch.last_n > top_n:
            top = stretch


def _by_hash(strays: list[_Stray], sound: _Sound) -> dict[Any, Entry]:
    """The altered entries under the hash by which the entry after them knows them.

    That is the hash they should have where the stored one is what was altered, otherwise the stored one.
    """
    named = {stretch.prev_hash for stretches in sound.stretches.values() for stretch in stretches}
    return {stray.due_hash if stray.due_hash in named else stray.entry.hash: stray.entry for stray in strays}


def _unexplained(gaps: list[_Gap], altered: dict[Any, Entry]) -> Iterator[Finding]:
    """The gaps that have more places than altered entries to fill them.

    Altered entries are put in their places by hash first: their `n` and `workflow_id` may be what was altered. Only
    those that nobody names by hash are believed where they say they stand.
    """
    followed = [_take_followed(gap.stretch.prev_hash, altered) for gap in gaps]
    claims = _claims(altered.values())
    for gap, filled in zip(gaps, followed, strict=True):
        numbers = claims.get(gap.workflow_id, [])
        claimed = bisect_left(numbers, gap.stretch.first_n) - bisect_right(numbers, gap.after_n)
        missing = gap.stretch.first_n - gap.after_n - 1 - filled - claimed
        if missing > 0:
            yield _missing(gap, missing)


def _take_followed(prev_hash: Any, altered: dict[Any, Entry]) -> int:
    """How many altered entries lead up to one that names `prev_hash`; each is taken out, to explain one gap only."""
    taken = 0
    while (entry := altered.pop(prev_hash, None)) is not None:
        taken += 1
        prev_hash = entry.prev_hash
    return taken


def _claims(entries: Iterable[Entry]) -> dict[str, list[int]]:
    """By workflow, the numbers that these entries say they have, ascending, each once."""
    numbers: dict[str, set[int]] = {}
    for entry in entries:
        if type(entry.workflow_id) is str and type(entry.n) is int:
            numbers.setdefault(entry.workflow_id, set()).add(entry.n)
    return {workflow_id: sorted(those) for workflow_id, those in numbers.items()}


def _altered(entry: Entry) -> Finding:
    return Finding(
        entry.seq if type(entry.seq) is int else None,
        entry.workflow_id if type(entry.workflow_id) is str else None,
        "entry-altered",
        "It does not fit its own hash: something in it was changed after it was written.",
    )


def _missing(gap: _Gap, count: int) -> Finding:
    what = "One entry" if count == 1 else f"{count} entries"
    before = f"{what} of its workflow before it (it is number {gap.stretch.first_n})"
    return Finding(gap.stretch.first_seq, gap.workflow_id, "entry-missing", f"{before} cannot be found.")


def _broken(workflow_id: str, before: _Stretch | None, after: _Stretch) -> Finding:
    # The rewritten entry is named, not the one after it: whoever rewrites an entry has no reason to touch its link to
    # the entry before, and cannot touch the links of those that follow without rewriting them as well.
    if before is None:
        message = "It is the first of its workflow, yet it follows on some other entry."
        return Finding(after.first_seq, workflow_id, "link-broken", message)
    message = f"The entry after it (seq {after.first_seq}) follows on another entry than this: it was rewritten."
    return Finding(before.last_seq, workflow_id, "link-broken", message)
