"""What a reviewer is shown at a gate of a spec.

The body says what was asked and what the file says of it; the evidence is what came of it; the payload is what an
approval lets run. An approval with conditions is an approval whose answer carries them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.gates.digest import digest_of
from signoff.gates.prompt import BODY_CHARS_MAX, EVIDENCE_MAX, TITLE_CHARS_MAX
from signoff.plans.markdown import fenced, in_code, line, paragraphs, quoted

#: Between all that a body may hold and what is left when the longest of what may be left out is.
PART_CHARS_MAX = BODY_CHARS_MAX // 5

_LABELS = {"APPROVED": "Approve", "REJECTED": "Reject", "DEFERRED": "Defer: leave it open"}
_EFFECTS = {"APPROVED": ("approve", "approve"), "REJECTED": ("reject", "reject"), "DEFERRED": ("defer", "hold")}


@dataclass(frozen=True)
class Output:
    """`sha256` and `bytes` are None where there is nothing at this path."""

    path: str
    sha256: str | None
    bytes: int | None


@dataclass(frozen=True)
class StepFacts:
    """What is known when the step is done. `evidence` is what else can be looked at: `{title, uri, sha256}`; `notes`
    say how it was done where that is not plain."""

    outputs: tuple[Output, ...] = ()
    branch: str | None = None
    commit: str | None = None
    evidence: tuple[Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def gate_prompt(params: Mapping[str, Any], about: Mapping[str, str], *, facts: StepFacts) -> dict[str, Any]:
    """The draft of the prompt; `params` are those of the step that asks (`plan.ASK`, `plan.OUTPUTS`)."""
    gate = params["gate"]
    review = gate["review"] or {"checklist": [], "approval_options": [], "approval_metadata": {}}
    return {
        "title": line(f"{gate['ref']}: step {params['number']}, {params['title']}")[:TITLE_CHARS_MAX],
        "body": _body(params, about, facts, review),
        "checklist": _checklist(review["checklist"]),
        "choices": _choices(review["approval_options"]),
        "evidence": _evidence(facts),
        "payload": {
            "subject": _subject(params, about, facts),
            "then": gate["then"],
        },
    }


def _subject(params: Mapping[str, Any], about: Mapping[str, str], facts: StepFacts) -> dict[str, str]:
    git = {"branch": facts.branch, "commit": facts.commit}
    return {
        **{name: about[name] for name in ("spec", "specSha256", "tier")},
        "step": f"step-{params['number']:03}",
        "gate": params["gate"]["ref"],
        **{name: value for name, value in git.items() if value is not None},
    }


def _checklist(checklist: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The items under ids that follow from their places: `2.3` is the third item of the second category."""
    return [
        {
            "category": category["category"],
            "items": [{"id": f"{c}.{i}", **item} for i, item in enumerate(category["items"], start=1)],
        }
        for c, category in enumerate(checklist, start=1)
    ]


def _choices(options: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """All three, under the words that the file has for them."""
    labels = {option["decision"]: option["label"] for option in options if option["decision"] != option["label"]}
    return [
        {"key": key, "label": labels.get(decision, _LABELS[decision]), "effect": effect}
        for decision, (key, effect) in _EFFECTS.items()
    ]


def _evidence(facts: StepFacts) -> list[dict[str, str]]:
    """What is missing comes first, so that no limit hides it."""
    missing = [{"title": one.path, "uri": one.path} for one in facts.outputs if one.sha256 is None]
    there = [
        {"title": one.path, "uri": one.path, "sha256": one.sha256} for one in facts.outputs if one.sha256 is not None
    ]
    return _bounded_list([*missing, *map(dict, facts.evidence), *there])


def _bounded_list(pieces: list[dict[str, str]]) -> list[dict[str, str]]:
    """As many as a prompt takes; the last is then the digest of the others, so that nothing goes unsigned."""
    if len(pieces) <= EVIDENCE_MAX:
        return pieces
    shown, others = pieces[: EVIDENCE_MAX - 1], pieces[EVIDENCE_MAX - 1 :]
    if any("sha256" not in piece for piece in others):
        return [*shown, {"title": f"{len(others)} more, some of them missing", "uri": "in the spec"}]
    return [*shown, {"title": f"{len(others)} more", "uri": "in the spec", "sha256": digest_of(others)}]


def _body(params: Mapping[str, Any], about: Mapping[str, str], facts: StepFacts, review: Mapping[str, Any]) -> str:
    asked = "Asked in" if "commands" in params else "What comes in"
    whose = f"tier {about['tier']}, owner {line(about['owner'])}"
    return paragraphs(
        f"**Spec:** {line(about['title'])} ({in_code(about['spec'])}, {whose})",
        _bounded(f"### {asked} step {params['number']}", _work(params)),
        "\n".join(f"- {line(note)}" for note in facts.notes),
        _bounded("### Said in the file", _said(review)),
    )


def _bounded(heading: str, text: str) -> str:
    """A part is shown whole or not at all: a part of it would pass for the whole."""
    if not text:
        return ""
    shown = (
        text if len(text) <= PART_CHARS_MAX else "Too long to be shown here; the payload or the spec holds it whole."
    )
    return f"{heading}\n\n{shown}"


def _work(step: Mapping[str, Any]) -> str:
    scripts = [fenced(command["script"].rstrip("\n"), command["lang"]) for command in step.get("commands", [])]
    return paragraphs(quoted(step["prompt"]), *scripts) or "Nothing but to look at its outputs."


def _said(review: Mapping[str, Any]) -> str:
    """A decision in the file is evidence for whoever decides."""
    ticked = [option for option in review["approval_options"] if option["checked"]]
    decisions = [f"- ticked: {line(': '.join(filter(None, (one['label'], one['text']))))}" for one in ticked]
    metadata = [f"- **{line(name)}:** {line(value)}" for name, value in review["approval_metadata"].items() if value]
    return "\n".join([*decisions, *metadata])
