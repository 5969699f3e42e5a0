"""The release report of a mission: who did what, who looked at it and what they said, and who signed it off.

What is asked about at the sign-off is this report without the sign-off; what is written behind the gate is the same
report with it. It is refused where the target branch has moved in between: nobody signed that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from signoff.app.mission_log import instant_of
from signoff.errors import MissionError, StepFailedError
from signoff.gates.gate import Gate
from signoff.missions.event import TransitionEvent
from signoff.missions.finding import Finding
from signoff.missions.lane import Lane
from signoff.missions.reviews import newest_review
from signoff.plans.markdown import in_code, line
from signoff.plans.mission_kind import SIGN_OFF
from signoff.runners.mission.committed import REPORT_JSON, REPORT_MARKDOWN, released_commit
from signoff.runners.mission.mission_state import MissionState
from signoff.runners.mission.place import MissionPlace
from signoff.runners.mission.record import REFERENCE_KEY, reference_of
from signoff.runners.whole_file import write_whole

SCHEMA_VERSION = 1


def release_report(state: MissionState, findings: Sequence[Finding], target_commit: str) -> dict[str, Any]:
    """JSON values: `{schema_version, mission_slug, mission_id, mission_number, target_branch, target_commit,
    work_packages: [...], findings: [...]}`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "mission_slug": state.place.slug,
        "mission_id": state.mission_id,
        "mission_number": state.meta.mission_number,
        "target_branch": state.target_branch,
        "target_commit": target_commit,
        "work_packages": [_row(state, wp_id) for wp_id in state.reduced.work_packages],
        "findings": [one.to_wire() for one in findings],
    }


def release_about(state: MissionState) -> dict[str, str]:
    """What the plan of a sign-off says that it is of (`plans.mission.sign_off_plan`)."""
    root = state.place.checkout.root
    return {
        "kind": SIGN_OFF,
        "repo_root": str(root),
        "folder": state.place.shown(state.place.folder),
        "mission_id": state.mission_id,
        "mission_slug": state.place.slug,
        "target_branch": state.target_branch,
        "target_commit": released_commit(state.place, state.target_branch) or "",
    }


def signed_report(report: Mapping[str, Any], gate: Gate) -> dict[str, Any]:
    """The report with the sign-off that this gate came to."""
    return {**report, "sign_off": _sign_off(gate)}


def write_release(place: MissionPlace, about: Mapping[str, str], signed: Mapping[str, Any]) -> None:
    """Write the signed report, as JSON and as Markdown.

    Raises:
        StepFailedError: (`target-moved`) the target branch is not where it was signed off; (`report-not-written`).
    """
    _check_target(place, about)
    _write(place.folder / REPORT_JSON, json.dumps(signed, indent=2, ensure_ascii=False) + "\n")
    _write(place.folder / REPORT_MARKDOWN, to_markdown(signed))


def report_paths(place: MissionPlace) -> list[str]:
    return [place.shown(place.folder / name) for name in (REPORT_MARKDOWN, REPORT_JSON)]


def to_markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    return "\n".join(_lines(report)) + "\n"


def _row(state: MissionState, wp_id: str) -> dict[str, Any]:
    package_state = state.reduced.work_packages[wp_id]
    review = _review(state, wp_id)
    return {
        "work_package_id": wp_id,
        "title": _title(state, wp_id),
        "lane": package_state.lane.value,
        "implementer": state.implementers(wp_id)[-1],
        "implementers": list(state.implementers(wp_id)),
        "force_count": package_state.force_count,
        "event_id": package_state.last_event_id,
        "event_at": package_state.last_transition_at,
        **review,
    }


def _title(state: MissionState, wp_id: str) -> str:
    return state.package(wp_id).title if state.files.work_package_file(wp_id) else ""


def _review(state: MissionState, wp_id: str) -> dict[str, Any]:
    """What the package's newest review says, and the event that it led to; each is None where there is none."""
    approval = _approval(state, wp_id)
    said = (approval.evidence or {}).get("review") if approval is not None else None
    review = said if isinstance(said, Mapping) else {}
    try:
        found = newest_review(state.files, wp_id)
    except MissionError:
        found = None
    cycle = None if found is None else found[1]
    overridden = cycle if cycle is not None and cycle.is_overridden else None
    return {
        "verdict": review.get("verdict") if cycle is None else cycle.verdict,
        "reviewer": review.get("reviewer") if cycle is None else cycle.reviewer_agent,
        "reviewed_at": None if cycle is None else cycle.reviewed_at,
        "review_cycle": None if found is None else found[0],
        "override_actor": None if overridden is None else overridden.override_actor,
        "override_reason": None if overridden is None else overridden.override_reason,
        "override_at": None if overridden is None else overridden.override_at,
        "approval_event_id": None if approval is None else approval.event_id,
        "receipt": _receipt(cycle.extra if cycle is not None else {}) or review.get("reference"),
    }


def _approval(state: MissionState, wp_id: str) -> TransitionEvent | None:
    """The last event that approved the package; of one that was never in approved, the one that ended it."""
    own = [event for event in state.reduced.events if event.wp_id == wp_id]
    found = [event for lane in (Lane.DONE, Lane.APPROVED) for event in own if event.to_lane is lane]
    return found[-1] if found else None


def _receipt(extra: Mapping[str, Any]) -> str | None:
    reference = extra.get(REFERENCE_KEY)
    return reference if isinstance(reference, str) else None


def _sign_off(gate: Gate) -> dict[str, Any]:
    receipt = gate.receipt()
    return {
        "decision": gate.decision,
        "by": gate.decided_by,
        "role": gate.role,
        "at": instant_of((gate.decided_at or 0) * 1_000),
        "risk_level": gate.risk_level,
        "receipt": reference_of(gate),
        "prompt_digest": None if receipt is None else receipt.prompt_digest,
        "rationale": (gate.reply or {}).get("rationale"),
    }


def _check_target(place: MissionPlace, about: Mapping[str, str]) -> None:
    now = released_commit(place, about["target_branch"])
    if now != about["target_commit"]:
        raise StepFailedError(
            f"{about['target_branch']} has moved from {about['target_commit'][:12]}, which was signed off, to "
            f"{str(now)[:12]}. Have it signed off again: signoff mission ship",
            code="target-moved",
            details={"signed_commit": about["target_commit"], "target_commit": now},
        )


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise StepFailedError(f"{path} cannot be written: {error.strerror}.", code="report-not-written") from None


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Release of {line(report['mission_slug'])}"
    yield ""
    yield f"On {in_code(report['target_branch'])}, at {in_code(report['target_commit'])}."
    yield ""
    yield from _signed(report["sign_off"])
    yield "## Work packages"
    yield ""
    yield "| package | title | lane | verdict | reviewer | event | receipt |"
    yield "|---|---|---|---|---|---|---|"
    for row in report["work_packages"]:
        cells = (row["work_package_id"], row["title"], row["lane"], _verdict(row), row["reviewer"])
        codes = (row["approval_event_id"] or row["event_id"], row["receipt"])
        yield f"| {' | '.join([*map(_cell, cells), *map(_code, codes)])} |"
    if report["findings"]:
        yield from ("", "## Found before it was shipped", "")
        yield from (f"- {in_code(one['diagnostic_code'])}: {line(one['message'])}" for one in report["findings"])


def _signed(sign_off: Mapping[str, Any]) -> Iterator[str]:
    role = f" as {sign_off['role']}" if sign_off["role"] else ""
    yield f"Signed off: {line(str(sign_off['decision']))} by {line(str(sign_off['by']))}{role}, {sign_off['at']}."
    if sign_off["rationale"]:
        yield f"> {line(sign_off['rationale'])}"
    yield ""
    yield f"- receipt {in_code(sign_off['receipt'])}"
    yield f"- prompt {in_code(str(sign_off['prompt_digest']))}"
    yield ""


def _verdict(row: Mapping[str, Any]) -> str:
    if row["override_actor"]:
        return f"{row['verdict']}, overridden by {row['override_actor']}: {row['override_reason']}"
    return row["verdict"] or "none"


def _cell(text: str | None) -> str:
    return line(text or "").replace("|", "\\|")


def _code(text: str | None) -> str:
    return in_code(text.replace("|", "\\|")) if text else ""
