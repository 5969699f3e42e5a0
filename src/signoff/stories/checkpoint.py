"""The checkpoint that a pipeline has come to, and what is shown at each of the three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.errors import InvalidInputError
from signoff.stories.changes import clean_message, clean_path, path_problem
from signoff.stories.choices import CHOICES, Action
from signoff.stories.state import Kind, PipelineState, id_problem, word

ROWS_MAX = 2_000
ID_CHARS_MAX = 200


@dataclass(frozen=True)
class Amendment:
    section: str
    change: str
    reason: str


@dataclass(frozen=True)
class PoData:
    """`score` is of 10; both are as the file has them."""

    amendments: tuple[Amendment, ...]
    score: str | None
    status: str | None


@dataclass(frozen=True)
class Finding:
    id: str
    severity: str
    finding: str
    action: str


@dataclass(frozen=True)
class QaData:
    gate: str | None
    findings: tuple[Finding, ...]
    tests: str | None
    coverage: str | None
    lint: str | None
    gate_file: str | None


@dataclass(frozen=True)
class CommitData:
    paths: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Checkpoint:
    """`raw` is the data as the file has it; `is_in_pipeline` says that it stands under `pipeline`, not at the root."""

    kind: Kind
    story_id: str
    title: str
    summary: str | None
    story_file: str | None
    about: PoData | QaData | CommitData
    raw: Mapping[str, Any]
    is_in_pipeline: bool

    @property
    def actions(self) -> tuple[Action, ...]:
        return CHOICES[self.kind]

    @property
    def shown(self) -> dict[str, Any]:
        """What is put before people: all of the data, but for what names a gate."""
        return {name: value for name, value in self.raw.items() if name != "signoff"}

    @property
    def own_gate(self) -> tuple[str, str] | None:
        """The workflow and the key of the gate of a run of signoff's own, where the data names it."""
        named = self.raw.get("signoff")
        if not isinstance(named, dict):
            return None
        workflow_id, gate_key = named.get("workflowID"), named.get("gateKey")
        if not isinstance(workflow_id, str) or not isinstance(gate_key, str):
            raise _invalid("`checkpointData.signoff` names no gate")
        return workflow_id, gate_key


def find_checkpoint(state: PipelineState, expected: Kind | None = None) -> Checkpoint:
    """The checkpoint that the pipeline has come to.

    Raises:
        InvalidInputError: (`invalid-checkpoint-state`) there is none, it is another than expected, or its data is not
        what is shown at such a checkpoint.
    """
    raw, is_in_pipeline = _data(state)
    kind = word(Kind, raw.get("checkpoint"))
    if kind is None:
        raise _invalid(f"`checkpointData.checkpoint` is one of {', '.join(Kind)}, not {_brief(raw.get('checkpoint'))}")
    _check_arrived(state, kind)
    if expected not in (None, kind):
        raise _invalid(f"expected {expected}, and the pipeline is at {kind}")
    story_id = _story_id(state, raw)
    story = state.stories.get(story_id)
    return Checkpoint(
        kind=kind,
        story_id=story_id,
        title=_said(raw, "storyTitle") or (story and story.title) or "",
        summary=_said(raw, "summary"),
        story_file=_said(raw, "storyFile") or (story and story.story_file) or None,
        about=_about(kind, raw),
        raw=raw,
        is_in_pipeline=is_in_pipeline,
    )


def _check_arrived(state: PipelineState, kind: Kind) -> None:
    """Data may be of another checkpoint than the one that the pipeline says it is at: nobody is asked about that."""
    named = state.pipeline.get("checkpoint")
    if named is not None and state.checkpoint is not kind:
        raise _invalid(f"the pipeline is at {state.checkpoint or _brief(named)}, and its checkpointData is of {kind}")


def _data(state: PipelineState) -> tuple[Mapping[str, Any], bool]:
    """The data, and whether it stands under `pipeline`; where both have some, those of the pipeline's checkpoint."""
    found: list[tuple[Mapping[str, Any], bool]] = []
    for holder, is_in_pipeline in ((state.raw, False), (state.pipeline, True)):
        data = holder.get("checkpointData")
        if isinstance(data, dict):
            found.append((data, is_in_pipeline))
        elif data is not None:
            raise _invalid("`checkpointData` must be an object")
    if not found:
        raise _invalid("there is no checkpointData, neither at the root nor under `pipeline`")
    matching = (one for one in found if state.checkpoint and word(Kind, one[0].get("checkpoint")) is state.checkpoint)
    return next(matching, found[0])


def _story_id(state: PipelineState, raw: Mapping[str, Any]) -> str:
    named = raw.get("storyId")
    if (why := id_problem(named)) is not None:
        raise _invalid(f"`checkpointData.storyId` {why}")
    if named and state.current_story not in (None, "", named):
        raise _invalid(
            f"it is of story {_brief(named)}, and the pipeline's currentStory is {_brief(state.current_story)}"
        )
    story_id = named or state.current_story
    if not story_id or not story_id.strip():
        raise _invalid("`checkpointData.storyId` is missing")
    if not story_id.isprintable() or len(story_id) > ID_CHARS_MAX:
        raise _invalid(f"a story's id has at most {ID_CHARS_MAX} printable characters")
    return str(story_id)


def _about(kind: Kind, raw: Mapping[str, Any]) -> PoData | QaData | CommitData:
    match kind:
        case Kind.PO:
            amendments = tuple(_amendment(one, at) for at, one in enumerate(_list(raw, "amendments")))
            return PoData(amendments, _said(raw, "validationScore"), _said(raw, "validationStatus"))
        case Kind.QA:
            return _qa(raw)
        case Kind.COMMIT:
            return _commit(raw)


def _amendment(raw: object, at: int) -> Amendment:
    if isinstance(raw, str):
        return Amendment("", raw, "")
    if not isinstance(raw, dict):
        raise _invalid(f"`amendments[{at}]` must be an object")
    return Amendment(*(_said(raw, name) or "" for name in ("section", "change", "reason")))


def _qa(raw: Mapping[str, Any]) -> QaData:
    found = raw.get("qaFindings")
    if not isinstance(found, dict):
        raise _invalid("`qaFindings` must be an object")
    findings = tuple(_finding(one, at) for at, one in enumerate(_list(found, "issues")))
    gate_file = _said(raw, "qaGateFile")
    return QaData(_said(found, "gate"), findings, _tests(found), _coverage(found), _lint(found.get("lint")), gate_file)


def _finding(raw: object, at: int) -> Finding:
    if not isinstance(raw, dict):
        raise _invalid(f"`qaFindings.issues[{at}]` must be an object")
    return Finding(*(_said(raw, name) or "" for name in ("id", "severity", "finding", "action")))


def _tests(found: Mapping[str, Any]) -> str | None:
    """`12 passing, 0 failing`, or as much of it as is known; a failure is said first."""
    counts = [f"{said} {word_}" for word_, name in (("passing", "testsPassing"), ("failing", "testsFailing"))
              if (said := _said(found, name)) is not None]  # fmt: skip
    is_well = found.get("testsPass")
    if is_well is False:
        return ", ".join(["FAILING", *counts])
    return ", ".join(counts) or ("passing" if is_well is True else None)


def _coverage(found: Mapping[str, Any]) -> str | None:
    percent, target = _said(found, "coveragePercent"), _said(found, "coverageTarget")
    if percent is None:
        return None
    return f"{percent}%" if target is None else f"{percent}% (target: {target}%)"


def _lint(found: object) -> str | None:
    if isinstance(found, bool):
        return "No issues" if found else "ISSUES"
    return None if found is None else _scalar(found, "lint")


def _commit(raw: Mapping[str, Any]) -> CommitData:
    listed = _list(raw, "changesForCommit")
    if not listed:
        raise _invalid("`changesForCommit` lists no file")
    paths = []
    for at, one in enumerate(listed):
        path = one.get("path") if isinstance(one, dict) else one
        if (why := path_problem(path)) is not None:
            raise _invalid(f"`changesForCommit[{at}]` {why}")
        paths.append(clean_path(str(path)))
    return CommitData(tuple(dict.fromkeys(paths)), _message(raw.get("commitMessage")))


def _message(raw: object) -> str:
    try:
        return clean_message(raw if isinstance(raw, str) else "")
    except InvalidInputError:
        raise _invalid("`commitMessage` is missing, or no text that a commit can have") from None


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    found = raw.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or len(found) > ROWS_MAX:
        raise _invalid(f"`{name}` must be a list of at most {ROWS_MAX}")
    return found


def _said(raw: Mapping[str, Any], name: str) -> str | None:
    """A member as text; None where it is left out or says nothing."""
    found = raw.get(name)
    return None if found is None else _scalar(found, name).strip() or None


def _scalar(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if isinstance(value, float) else str(value)
    raise _invalid(f"`{name}` must be a text or a number")


def _brief(value: object) -> str:
    return repr(value)[:80]


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"Invalid checkpoint state: {why}.", code="invalid-checkpoint-state")
