"""Asking a person at the terminal, while the same gate can be answered from anywhere else.

If somebody else answers first, the question goes away by itself and says who it was. Nobody is thrown out by a refusal:
it is said why, and asked again, with what was typed still there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import questionary

from signoff.cli.console.elsewhere import Elsewhere, EndedElsewhereError
from signoff.cli.console.evidence import Piece, find_evidence, show_evidence
from signoff.cli.console.form import ask_field, label
from signoff.cli.failure import receipt_line
from signoff.cli.gate.text import draw_gate, form_fields, remaining_words
from signoff.cli.output import counted, say, time_left
from signoff.cli.terminal import one_line
from signoff.clock import new_ulid
from signoff.errors import CallerError, GateFinalError, LedgerUnavailableError
from signoff.gates.digest import digest_of
from signoff.gates.prompt import APPROVE, HOLD, REJECT
from signoff.gates.reply import CONDITIONS_MAX

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

Receipt = Mapping[str, Any]

_WORDS = {APPROVE: "Approve", REJECT: "Reject", HOLD: "Defer"}


def ask_at_console(backend: Backend, gate_view: Mapping[str, Any], *, actor: str | None = None) -> Receipt:
    """Ask for the decision at a gate that was drawn before; the receipt of the answer that counted, whoever gave it.

    A deferral, and an approval below the gate's threshold, are answers too: their receipts say PENDING. `actor` is said
    to the person as the name they answer under.

    Raises:
        KeyboardInterrupt: the person left; the gate stays open.
    """
    if actor is not None:
        say(f"You answer as {one_line(actor)}. Ctrl-C leaves the gate open.", dim=True)
    with Elsewhere(backend, gate_view) as elsewhere:
        try:
            return _Console(backend, elsewhere, gate_view).receipt()
        except EndedElsewhereError as ended:
            return _told(ended.receipt)
        except GateFinalError as error:
            if error.receipt is None:
                raise
            return _told(error.receipt)


@dataclass
class _Draft:
    """What the person has said so far; a refusal takes none of it away."""

    ticked: set[str] = field(default_factory=set)
    fields: dict[str, Any] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)
    rationale: str = ""


class _Console:
    """One person before one gate."""

    def __init__(self, backend: Backend, elsewhere: Elsewhere, gate: Mapping[str, Any]) -> None:
        self._backend = backend
        self._ask = elsewhere.ask
        self._dedupe_keys: dict[str, str] = {}
        self._begin(gate)

    def _begin(self, gate: Mapping[str, Any]) -> None:
        self._gate = gate
        self._prompt = gate["prompt"]
        self._draft = _Draft(fields=dict(self._prompt.get("defaults") or {}))
        self._evidence = find_evidence(self._backend, gate)

    def receipt(self) -> Receipt:
        while True:
            act: Callable[[], Receipt | None] = self._ask(_select("Your decision", list(self._menu())))
            receipt = act()
            if receipt is not None:
                return receipt

    def _menu(self) -> Iterator[questionary.Choice]:
        if self._item_ids:
            done = f"{len(self._draft.ticked)} of {counted(len(self._item_ids), 'item')} ticked"
            yield questionary.Choice(f"Tick items ({done})", value=self._tick)
        for choice in self._prompt["choices"]:
            words = self._words(choice)
            yield questionary.Choice(label(words), value=partial(self._answer, choice))
            if choice["effect"] == APPROVE:
                conditional = partial(self._answer, choice, is_conditional=True)
                yield questionary.Choice(label(f"{words} with conditions"), value=conditional)
        for piece in self._evidence:
            yield questionary.Choice(label(f"View {piece.title}"), value=partial(self._view, piece))

    def _words(self, choice: Mapping[str, str]) -> str:
        """Our own word first where it names one choice only; a label alone could say the opposite of what it does."""
        effect, own = choice["effect"], choice["label"]
        word = _WORDS.get(effect)
        if word is None or sum(other["effect"] == effect for other in self._prompt["choices"]) > 1:
            return f"{own} ({effect})"
        return own if own.strip().casefold().startswith(word.casefold()) else f"{word}: {own}"

    def _tick(self) -> None:
        for category in self._prompt["checklist"]:
            items = category["items"]
            if items:
                ticked = self._ask(_checkbox(category["category"], items, self._draft.ticked))
                self._draft.ticked -= {item["id"] for item in items}
                self._draft.ticked |= set(ticked)

    def _view(self, piece: Piece) -> None:
        show_evidence(piece)

    def _answer(self, choice: Mapping[str, str], *, is_conditional: bool = False) -> Receipt | None:
        """The receipt; None where the answer cannot be given yet."""
        if choice["effect"] == APPROVE and not self._is_ready():
            return None
        self._draft.conditions = list(self._conditions()) if is_conditional else []
        for form_field in form_fields(self._prompt):
            self._fill_in(form_field, is_required=choice["effect"] == APPROVE and not form_field.get("opt"))
        self._draft.rationale = self._ask(self._rationale(choice["effect"]))
        return self._send(self._payload(choice["key"]))

    def _is_ready(self) -> bool:
        """Whether there is all that an approval is refused without. Items that are still open are asked for first."""
        missing = [piece["title"] for piece in self._prompt.get("evidence") or [] if not piece.get("sha256")]
        if self._gate["requirement"].get("allEvidence") and missing:
            say(f"This cannot be approved while something is missing: {one_line(', '.join(missing))}.", fg="red")
            return False
        return not self._gate["requirement"]["allItems"] or self._has_all_items()

    def _has_all_items(self) -> bool:
        if not self._open_items:
            return True
        say("Every item has to be ticked before this can be approved.")
        self._tick()
        if self._open_items:
            say(f"Still open: {one_line(', '.join(sorted(self._open_items)))}.", fg="red")
        return not self._open_items

    def _conditions(self) -> Iterator[str]:
        """One a line, at least one; what was said before stands there again."""
        before = self._draft.conditions
        for n in range(1, CONDITIONS_MAX + 1):
            about, check = ("one a line", _filled_in) if n == 1 else ("nothing ends the list", None)
            default = before[n - 1] if n <= len(before) else ""
            condition = self._ask(questionary.text(f"Condition {n} ({about})", default=default, validate=check))
            if not condition.strip():
                return
            yield condition

    def _fill_in(self, form_field: Mapping[str, Any], *, is_required: bool) -> None:
        said = self._draft.fields.pop(form_field["k"], None)
        value = ask_field(self._ask, form_field, said, is_required=is_required)
        if value is not None:
            self._draft.fields[form_field["k"]] = value

    def _rationale(self, effect: str) -> questionary.Question:
        is_in_form = any(one["k"] == "rationale" and not one.get("opt") for one in self._prompt["formSchema"]["fields"])
        is_owed = self._gate["requirement"]["justification"] and effect in (APPROVE, REJECT)
        if is_owed or (is_in_form and effect == APPROVE):
            return questionary.text("Rationale", default=self._draft.rationale, validate=_filled_in)
        return questionary.text("Rationale (optional)", default=self._draft.rationale)

    def _payload(self, choice_key: str) -> dict[str, Any]:
        draft = self._draft
        fields = {one["k"]: draft.fields[one["k"]] for one in form_fields(self._prompt) if one["k"] in draft.fields}
        payload: dict[str, Any] = {**fields, "choice": choice_key}
        if draft.rationale.strip():
            payload["rationale"] = draft.rationale
        if draft.conditions:
            payload["conditions"] = draft.conditions
        if draft.ticked:
            payload["checklist"] = dict.fromkeys(sorted(draft.ticked), True)
        return payload

    def _send(self, payload: dict[str, Any]) -> Receipt | None:
        """The receipt; None where it was refused, and is to be asked again."""
        try:
            receipt: Receipt = self._reply(payload)
        except GateFinalError:
            raise
        except LedgerUnavailableError as error:
            say(f"Not taken, as far as is known: {error.message}", fg="red")
            return None
        except CallerError as error:
            say(f"Not taken: {error.message}", fg="red")
            self._look_again()
            return None
        self._say_if_open(receipt)
        return receipt

    def _reply(self, payload: dict[str, Any]) -> Receipt:
        # The same answer keeps its key: sent again after a lost connection, it is found rather than counted twice.
        dedupe_key = self._dedupe_keys.setdefault(digest_of(payload), f"console-{new_ulid()}")
        body = {
            "payload": payload,
            "dedupeKey": dedupe_key,
            "promptDigest": self._prompt["digest"],
            "origin": "console",
        }
        receipt: Receipt = self._backend.reply(self._gate["workflowID"], self._gate["gateKey"], body)["receipt"]
        return receipt

    def _look_again(self) -> None:
        """Whatever was refused, it is asked again about what the gate asks now."""
        seen = self._prompt["digest"]
        gate = self._backend.gate(self._gate["workflowID"], self._gate["gateKey"])
        if gate["prompt"]["digest"] == seen:
            self._gate = gate
            return
        say()
        draw_gate(gate, [], [], self._backend.now())
        self._begin(gate)

    def _say_if_open(self, receipt: Receipt) -> None:
        if receipt.get("remaining"):
            say(f"Your approval counts. Still needed: {remaining_words(receipt['remaining'])}.", bold=True)
        elif receipt["state"] == "PENDING":
            left = time_left(self._gate["deadlineAt"] - self._backend.now())
            say(f"Deferred. The gate stays open; {left} left.", bold=True)

    @property
    def _item_ids(self) -> set[str]:
        return {item["id"] for category in self._prompt.get("checklist") or [] for item in category["items"]}

    @property
    def _open_items(self) -> set[str]:
        return self._item_ids - self._draft.ticked


def _select(message: str, choices: list[questionary.Choice]) -> questionary.Question:
    return questionary.select(message, choices=choices, instruction="(arrows, Enter)")


def _checkbox(category: str, items: list[Mapping[str, Any]], ticked: set[str]) -> questionary.Question:
    """What the file has ticked is not ticked here: a tick is what this person has looked at."""
    choices = [
        questionary.Choice(label(f"{item['id']}: {item['text']}"), value=item["id"], checked=item["id"] in ticked)
        for item in items
    ]
    instruction = "(Space ticks, a all, Enter goes on)"
    return questionary.checkbox(label(category), choices=choices, instruction=instruction)


def _filled_in(text: str) -> bool | str:
    return bool(text.strip()) or "This has to be filled in."


def _told(receipt: Receipt) -> Receipt:
    how = "Answered" if receipt["state"] == "RECEIVED" else "Ended"
    say(f"{how} meanwhile: {receipt_line(receipt)}.", bold=True)
    return receipt
