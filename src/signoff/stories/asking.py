"""The gate that a checkpoint is: its workflow, its key and what it asks.

The key is made from what is shown and from the round, so that after a crash the gate is found again, and what was ended
once (a fix, an abort, a commit that failed) is asked anew although nothing has changed. Rounds are counted by the
decisions that the ledger knows to be taken up, never in the file: that belongs to others, who may rewrite it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from signoff.gates.digest import digest_of, sha256_hex
from signoff.gates.prompt import TITLE_CHARS_MAX
from signoff.stories.changes import Changes
from signoff.stories.checkpoint import Checkpoint
from signoff.stories.checkpoint_data import CommitData, Finding, PoData, QaData
from signoff.stories.choices import HEADINGS
from signoff.stories.state import Event, HistoryEntry, Kind, Phase, PipelineState

CHECKPOINT_TTL_S = 7 * 86_400
#: The field of a commit's gate in which a reply has another message than the proposed one.
MESSAGE_FIELD = "message"

_KIND_OF_PHASE = {Phase.VALIDATING: Kind.PO, Phase.QA_REVIEW: Kind.QA, Phase.COMMITTING: Kind.COMMIT}
_ID = re.compile(r"[A-Za-z0-9._@+-]{1,100}")


def round_of(taken_up: Iterable[object], checkpoint: Checkpoint) -> int:
    """How many times this checkpoint of this story was ended before: the same data after that is asked anew.
    `taken_up` are the payloads of those gates of the story of whose decisions the pipeline was told."""
    about = _subject(checkpoint)
    return sum(isinstance(payload, dict) and payload.get("subject") == about for payload in taken_up)


def deferrals_of(state: PipelineState, checkpoint: Checkpoint) -> int:
    return sum(
        entry.event is Event.USER_DEFERRED and _is_of(entry, checkpoint) and entry.story_id == checkpoint.story_id
        for entry in state.history
    )


def workflow_id_of(place: str, story_id: str) -> str:
    """The workflow that the story's gates are opened under; `place` is the absolute path of the state file."""
    name = story_id if _ID.fullmatch(story_id) else f"{sha256_hex(story_id.encode())[:16]}"
    return f"story:{sha256_hex(place.encode())[:8]}:{name}"


def gate_key_of(draft: Mapping[str, Any], *, asked_before: int = 0) -> str:
    """The same for the same draft, so that after a crash the gate is found. `asked_before`: how many gates of this
    content have ended without anybody's decision."""
    kind = draft["payload"]["subject"]["checkpoint"]
    name = f"{kind.replace('_', '-')}-{digest_of(draft)[:16]}"
    return f"{name}-{asked_before + 1}" if asked_before else name


def prompt_draft(checkpoint: Checkpoint, *, round_: int = 0, changes: Changes | None = None) -> dict[str, Any]:
    """The draft of the gate's prompt. `changes` are those that a commit is about, where it is made here."""
    payload: dict[str, Any] = {
        "subject": _subject(checkpoint),
        "round": round_,
        "checkpointData": checkpoint.shown,
    }
    if changes is not None:
        payload["changes"] = changes.to_wire()
    title = f"{HEADINGS[checkpoint.kind]}: {checkpoint.story_id} {' '.join(checkpoint.title.split())}".strip()
    draft: dict[str, Any] = {
        "title": title if len(title) <= TITLE_CHARS_MAX else f"{title[: TITLE_CHARS_MAX - 1]}…",
        "body": "\n".join(_body(checkpoint, changes)),
        "choices": [
            {"key": one.key, "label": one.label, "effect": one.effect} for one in checkpoint.actions if one.effect
        ],
        "payload": payload,
    }
    if isinstance(checkpoint.about, CommitData):
        field = {"k": MESSAGE_FIELD, "t": "text", "opt": True, "title": "Another commit message"}
        draft["formSchema"] = {"v": 1, "title": "Commit", "fields": [field]}
    return draft


def is_about(payload: object, checkpoint: Checkpoint, round_: int) -> bool:
    """Whether a gate's payload was made from this checkpoint, in this round."""
    draft = prompt_draft(checkpoint, round_=round_)["payload"]
    return isinstance(payload, dict) and {name: payload.get(name) for name in draft} == draft


def is_asked_in(payload: object, checkpoint: Checkpoint, round_: int) -> bool:
    """Whether a gate's payload is of this story's checkpoint in this round, whatever it shows."""
    about = {"subject": _subject(checkpoint), "round": round_}
    return isinstance(payload, dict) and {name: payload.get(name) for name in about} == about


def _subject(checkpoint: Checkpoint) -> dict[str, str]:
    return {"story": checkpoint.story_id, "checkpoint": checkpoint.kind.value}


def _is_of(entry: HistoryEntry, checkpoint: Checkpoint) -> bool:
    """What others have recorded names its checkpoint by the phase alone."""
    named = entry.facts.get("checkpoint")
    if named is not None:
        return bool(named == checkpoint.kind.value)
    return entry.phase is not None and _KIND_OF_PHASE.get(entry.phase) is checkpoint.kind


def _body(checkpoint: Checkpoint, changes: Changes | None) -> Iterator[str]:
    """Markdown. Whatever the file says is a line of its own, or an indented block, so that it ends nothing."""
    if checkpoint.summary:
        yield f"{_line(checkpoint.summary)}\n"
    match checkpoint.about:
        case PoData(amendments, score, status):
            yield f"Validation: **{_line(status or 'not said')}** (score {_line(score or '-')})\n"
            yield from (f"- {_line(': '.join(filter(None, (one.section, one.change))))}" for one in amendments)
        case QaData() as qa:
            yield f"QA gate: **{_line(qa.gate or 'not said')}**\n"
            facts = (("Tests", qa.tests), ("Coverage", qa.coverage), ("Lint", qa.lint), ("Gate file", qa.gate_file))
            yield from (f"- {name}: {_line(said)}" for name, said in facts if said)
            yield from (f"- {_line(_issue(one))}" for one in qa.findings)
        case commit:
            yield from _commit_body(commit.paths, commit.message, changes)
    if checkpoint.story_file:
        yield f"\nStory file: {_line(checkpoint.story_file)}"


def _issue(one: Finding) -> str:
    """As much as is said of it."""
    severity = f"({one.severity})" if one.severity else ""
    return " ".join(filter(None, (one.id, severity, ": ".join(filter(None, (one.finding, one.action))))))


def _commit_body(paths: tuple[str, ...], message: str, changes: Changes | None) -> Iterator[str]:
    if changes is None:
        yield from (f"- {_line(path)}" for path in paths)
    else:
        yield f"On branch {_line(changes.branch or '(none)')} at {changes.head or 'its beginning'}:\n"
        yield from (f"- {file.words}: {_line(file.path)}" for file in changes.files)
        yield from (f"\n**Not as it stands:** {_line(why)}" for why in changes.obstacles)
    yield "\nProposed message:\n"
    yield from (f"    {line}" for line in message.split("\n"))


def _line(text: str) -> str:
    return " ".join(text.split())
