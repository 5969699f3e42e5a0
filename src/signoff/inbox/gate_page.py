"""A gate's page: see what is asked, fill in the form, confirm, and read the receipt."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import PlainTextResponse, Response

from signoff.app.reply import reply
from signoff.app.show_gate import Shown, show_gate
from signoff.documents.plain_text import sanitise
from signoff.errors import ConflictError, InvalidInputError, NotEntitledError, NotFoundError, SignoffError
from signoff.gates.gate import Gate, State, check_digest, check_open
from signoff.gates.name import is_same
from signoff.gates.prompt import APPROVE, HOLD, Choice
from signoff.gates.reply import Reply, check_requirement, read_reply
from signoff.inbox import words
from signoff.inbox.answer import CONDITIONS_SHOWN, Answer, hidden_pairs, input_name, read_answer, written
from signoff.inbox.evidence import INLINE_CHARS_MAX, content_of, pieces_of
from signoff.inbox.form import Form
from signoff.inbox.markdown import CHARS_MAX
from signoff.inbox.outline import outline_of
from signoff.inbox.problem import NAME, Problem, field_control, problems_of
from signoff.inbox.render import gate_path, pretty_json
from signoff.inbox.standing import effects_of, of_person, said_at, seats_of, ways_of
from signoff.inbox.visit import HEADERS, Visit

ORIGIN = "inbox"

#: Refusals of what was filled in, which a reader can put right in the form.
_OF_CONTROLS = frozenset({"bad-choice", "invalid-reply", "items-required", "justification-required"})

_PLAIN = {**HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'"}


@dataclass(frozen=True)
class Filled:
    """What the form shows as filled in: nothing at first, what was sent where something was wrong with it. `name` is
    what was typed as one, None for that of whoever looks."""

    choice: str | None
    rationale: str
    conditions: Sequence[str]
    items: frozenset[str]
    fields: dict[str, str]
    name: str | None = None


def show(visit: Visit) -> Response:
    shown = _shown(visit)
    return _page(visit, shown, _beginning(visit, shown.gate))


def confirm(visit: Visit) -> Response:
    """What is about to be signed, once more and in full. Nothing is written."""
    shown = _shown(visit)
    gate = shown.gate
    try:
        if visit.form.one("edit"):
            return _page(visit, shown, _refilled(visit.form, gate))
        check_open(gate)
        _check_name(visit)
        answer = read_answer(visit.form, gate.prompt)
        check_digest(gate, answer.prompt_digest)
        said = read_reply(answer.payload, gate.prompt)
        _check_entitled(shown, said)
        check_requirement(said, gate.prompt, gate.requirement)
    except ConflictError as error:
        return _decided_meanwhile(visit, gate, error)
    except (InvalidInputError, NotEntitledError) as error:
        return _refused(visit, shown, error)
    ways = ways_of(gate, shown.answers, visit.person())
    return visit.page(
        "confirm.html",
        gate=gate,
        said=said,
        effect=effects_of(gate, ways)[said.choice.key],
        is_final=ways[said.choice.key].lets_go_on if said.approves else said.choice.effect != HOLD,
        items=_items(gate, said),
        fields=_fields(gate, said),
        hidden=hidden_pairs(visit.form),
        dedupe_key=f"inbox:{secrets.token_hex(16)}",
        path=_path(gate),
    )


def answer(visit: Visit) -> Response:
    """Take the answer as every surface does; then show the gate as it is."""
    shown = _shown(visit)
    gate = shown.gate
    try:
        _check_name(visit)
        given = read_answer(visit.form, gate.prompt)
        _reply(visit, gate, given)
    except ConflictError as error:
        return _decided_meanwhile(visit, gate, error)
    except (InvalidInputError, NotEntitledError) as error:
        return _refused(visit, shown, error)
    return visit.go(f"{_path(gate)}?answered=1")


def show_payload(visit: Visit) -> Response:
    payload = _shown(visit).gate.prompt.wire.get("payload")
    return _plain(None if payload is None else pretty_json(payload))


def show_body(visit: Visit) -> Response:
    return _plain(_shown(visit).gate.prompt.wire.get("body"))


def show_evidence(visit: Visit) -> Response:
    shown = _shown(visit)
    return _plain(content_of(shown.gate, shown.artifacts, int(visit.parameter("number"))))


def _reply(visit: Visit, gate: Gate, given: Answer) -> None:
    dedupe_key = visit.form.one("dedupeKey")
    if dedupe_key is None:
        raise InvalidInputError("This form cannot be taken: dedupeKey is missing.", code="invalid-body")
    reply(
        visit.world,
        workflow_id=gate.workflow_id,
        gate_key=gate.gate_key,
        payload=given.payload,
        dedupe_key=dedupe_key,
        actor=visit.person(),
        origin=ORIGIN,
        prompt_digest=given.prompt_digest,
    )


def _shown(visit: Visit) -> Shown:
    return show_gate(visit.world, visit.parameter("workflowID"), visit.parameter("gateKey"), visit.person())


def _page(
    visit: Visit,
    shown: Shown,
    filled: Filled,
    *,
    error: SignoffError | None = None,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    gate = shown.gate
    payload = gate.prompt.wire.get("payload")
    ways = ways_of(gate, shown.answers, visit.person())
    said = said_at(gate, shown.answers)
    return visit.page(
        "gate.html",
        status=status,
        shown=shown,
        gate=gate,
        filled=filled,
        error=error,
        problems={problem.control: problem for problem in problems},
        path=_path(gate),
        beside=_beside(visit, gate),
        markdown_chars_max=CHARS_MAX,
        text_chars=INLINE_CHARS_MAX,
        subject=gate.prompt.subject,
        payload=None if payload is None else outline_of(_beside_subject(payload)),
        pieces=pieces_of(gate, shown.artifacts),
        answers=said,
        mine=of_person(said, visit.person()),
        ways=ways,
        effects=effects_of(gate, ways),
        seats=seats_of(gate, ways),
        conditions_of=words.conditions_of(gate.requirement),
        input_name=input_name,
        field_control=field_control,
        conditions_shown=max(CONDITIONS_SHOWN, len(filled.conditions) + 1),
        was_answered="answered" in visit.query,
    )


def _beside(visit: Visit, gate: Gate) -> str:
    """What changes with the gate beside its head, without what is being written; the token of the form changes with
    who is signed in."""
    effects = [f"#effect-{number}" for number, _ in enumerate(gate.prompt.choices, start=1)]
    return ",".join(["#history", "#mine", *effects, *([] if visit.is_open else ["#csrf", "#who"])])


def _refused(visit: Visit, shown: Shown, error: SignoffError) -> Response:
    """The form as it was sent, and what is wrong with it."""
    status = 403 if isinstance(error, NotEntitledError) else 400
    problems = _problems(visit, shown.gate, error)
    return _page(visit, shown, _refilled(visit.form, shown.gate), error=error, problems=problems, status=status)


def _problems(visit: Visit, gate: Gate, error: SignoffError) -> list[Problem]:
    """What of it is a control's; nothing where the form itself was none of ours."""
    if visit.refused_name is not None:
        return [Problem(NAME, "Your name", error.message)]
    if error.code not in _OF_CONTROLS:
        return []
    return problems_of(read_answer(visit.form, gate.prompt).payload, gate)


def _decided_meanwhile(visit: Visit, gate: Gate, error: ConflictError) -> Response:
    """No error: somebody else was first, or the same person elsewhere, and this is who."""
    now = show_gate(visit.world, gate.workflow_id, gate.gate_key, visit.person()).gate
    return visit.page(
        "decided.html",
        status=409,
        gate=now,
        receipt=now.receipt(),
        error=error,
        path=_path(gate),
        is_own=now.state is State.RECEIVED and is_same(visit.person().name, now.decided_by),
        written=written(visit.form),
    )


def _check_name(visit: Visit) -> None:
    if visit.refused_name is not None:
        raise visit.refused_name


def _check_entitled(shown: Shown, said: Reply) -> None:
    why_not = shown.why_not_approve if said.choice.effect == APPROVE else shown.why_not_answer
    if why_not is not None:
        raise NotEntitledError(why_not)


def _items(gate: Gate, said: Reply) -> list[tuple[str, bool]]:
    checklist = gate.prompt.wire.get("checklist") or []
    return [(item["text"], bool(said.ticked.get(item["id"]))) for category in checklist for item in category["items"]]


def _fields(gate: Gate, said: Reply) -> list[tuple[str, str]]:
    """What was filled in beside choice and rationale."""
    given = [(field.title or field.key, said.fields.get(field.key)) for field in gate.prompt.fields]
    return [(title, words.value_words(value)) for title, value in given if value is not None]


def _beginning(visit: Visit, gate: Gate) -> Filled:
    """A choice is made beforehand only where somebody has asked for it: with a key in the list."""
    choice: Choice | None = gate.prompt.choice(visit.query.get("choice", ""))
    defaults = gate.prompt.wire.get("defaults") or {}
    fields = {field.key: _as_text(defaults.get(field.key)) for field in gate.prompt.fields}
    return Filled(None if choice is None else choice.key, "", (), frozenset(), fields)


def _refilled(form: Form, gate: Gate) -> Filled:
    def first(name: str) -> str:
        return (form.all(name) or [""])[0]

    return Filled(
        choice=first("choice") or None,
        rationale=first("rationale"),
        conditions=[text for text in form.all("condition") if text.strip()],
        items=frozenset(form.all("item")),
        fields={field.key: first(input_name(field.key)) for field in gate.prompt.fields},
        name=first("actor") or None,
    )


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return pretty_json(value)


def _beside_subject(payload: Any) -> Any:
    """What a gate is about stands at the head of its page already."""
    if not isinstance(payload, dict) or not isinstance(payload.get("subject"), dict):
        return payload
    return {name: member for name, member in payload.items() if name != "subject"} or payload


def _path(gate: Gate) -> str:
    return gate_path(gate.workflow_id, gate.gate_key)


def _plain(text: str | None) -> Response:
    """Text and nothing else, whatever it says that it is."""
    if text is None:
        raise NotFoundError("Nothing is kept of this here.", code="content-not-found")
    return PlainTextResponse(sanitise(text), headers=_PLAIN)
