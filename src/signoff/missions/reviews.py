"""What the review cycles of a mission say about each other, and about the lanes of their packages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise

from signoff.documents.problem import shown
from signoff.errors import MissionError
from signoff.missions import finding
from signoff.missions.files import MissionFiles
from signoff.missions.finding import ERROR, WARNING, Finding
from signoff.missions.front_matter import read_front_matter
from signoff.missions.lane import ACCEPTED
from signoff.missions.reduce import Reduced
from signoff.missions.review_cycle import REJECTED, ReviewCycle, in_order, newest, number_in, read_review_cycle

_MISSING_MAX = 100
_SHOWN_MAX = 20

_CONFLICT_INVARIANT = "terminal_wp_latest_review_artifact_must_not_be_rejected"
_CONFLICT_REMEDIATION = (
    "Review it again with `signoff mission review`, or move it out of approved and done; or somebody who had no part "
    "in the work overrides the review: `signoff mission override`."
)


def judge_reviews(files: MissionFiles, reduced: Reduced) -> Iterator[Finding]:
    """Package by package."""
    for wp_id in files.reviewed_packages():
        texts = files.cycles_of(wp_id)
        reviews = [_read(path, texts[path]) for path in in_order(texts)]
        for review in reviews:
            yield from _schema(wp_id, review)
        yield from _conflict(wp_id, reviews, reduced)
        yield from _gaps(wp_id, reviews)
        yield from _repeated(wp_id, reviews)


def newest_review(files: MissionFiles, wp_id: str) -> tuple[str, ReviewCycle] | None:
    """The path of the package's newest review, and what it says.

    Raises:
        MissionError: it cannot be read.
    """
    cycles = files.cycles_of(wp_id)
    path = newest(cycles)
    return None if path is None else (path, read_review_cycle(cycles[path], path=path))


@dataclass(frozen=True)
class _Review:
    """`cycle` is None where the front matter cannot be taken; `error` says why."""

    path: str
    number: int
    body: str
    cycle: ReviewCycle | None = None
    error: MissionError | None = None


def _read(path: str, text: str) -> _Review:
    number = number_in(path) or 0
    try:
        cycle = read_review_cycle(text, path=path)
    except MissionError as error:
        return _Review(path, number, read_front_matter(text).body.strip(), error=error)
    return _Review(path, number, cycle.feedback.strip(), cycle)


def _schema(wp_id: str, review: _Review) -> Iterator[Finding]:
    details = {"path": review.path, "review_cycle_number": review.number}
    if review.error is not None:
        details["line"] = review.error.line or 1
        yield Finding(finding.REVIEW_ARTIFACT_SCHEMA_INVALID, ERROR, review.error.message, wp_id, details)
    elif review.cycle is not None and review.cycle.wp_id != wp_id:
        message = f"{review.path}: found a review of {shown(review.cycle.wp_id)}; expected one of {wp_id}."
        yield Finding(finding.REVIEW_ARTIFACT_SCHEMA_INVALID, ERROR, message, wp_id, details)


def _conflict(wp_id: str, reviews: Sequence[_Review], reduced: Reduced) -> Iterator[Finding]:
    """What cannot be read is told by its schema."""
    last, lane = reviews[-1] if reviews else None, reduced.lane_of(wp_id)
    if last is None or last.cycle is None or lane not in ACCEPTED:
        return
    if last.cycle.verdict == REJECTED and not last.cycle.is_overridden:
        message = f"{wp_id} is {lane}, and its newest review, {last.path}, rejects it."
        details = {
            "branch_or_work_package": wp_id,
            "violated_invariant": _CONFLICT_INVARIANT,
            "lane": lane.value,
            "latest_review_cycle_path": last.path,
            "latest_review_cycle_verdict": last.cycle.verdict,
            "review_cycle_number": last.number,
            "remediation": _CONFLICT_REMEDIATION,
        }
        yield Finding(finding.REJECTED_REVIEW_ARTIFACT_CONFLICT, ERROR, message, wp_id, details)


def _gaps(wp_id: str, reviews: Sequence[_Review]) -> Iterator[Finding]:
    """One finding for all that are missing below the newest."""
    numbers = {review.number for review in reviews}
    highest = max(numbers, default=0)
    # Few at a time: a number in a file's name can be as high as anybody likes.
    untaken = (number for number in count(1) if number not in numbers)
    missing = [number for number in islice(untaken, _MISSING_MAX) if number < highest]
    if missing:
        message = f"{wp_id} has {len(numbers)} review cycles up to {highest}; missing: {_listed(missing)}."
        details = {"missing_numbers": missing, "review_cycle_number": highest}
        yield Finding(finding.REVIEW_CYCLE_NUMBERING_GAP, WARNING, message, wp_id, details)


def _repeated(wp_id: str, reviews: Sequence[_Review]) -> Iterator[Finding]:
    for before, after in pairwise(reviews):
        if after.body and before.body == after.body:
            message = f"{after.path} says the same as {before.path}: was it looked at again?"
            details = {"path": after.path, "repeats": before.path, "review_cycle_number": after.number}
            yield Finding(finding.REVIEW_CYCLE_BODY_REPEATED, WARNING, message, wp_id, details)


def _listed(numbers: Sequence[int]) -> str:
    more = " and more" if len(numbers) > _SHOWN_MAX else ""
    return ", ".join(str(number) for number in numbers[:_SHOWN_MAX]) + more
