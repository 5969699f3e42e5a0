"""QA gate files: what a review found, and whether its gate says what that means.

The words of a file are compared with the vocabulary, and its gate with its own issues:

    FAIL       a risk score of 9 or more, a high issue, or an NFR that failed, unless properly waived
    CONCERNS   a risk score of 6 or more, a medium issue, or an NFR with concerns
    PASS       nothing of this
    WAIVED     a waiver that is active, says why, and names who approved it

Words are recognised by their letters, whatever icons stand beside them. One that is not in the vocabulary counts for
what it plainly means, so that `CRITICAL` is no way past `FAIL`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.piece import Document, Piece
from signoff.documents.problem import Problem, shown
from signoff.documents.yaml_text import read_yaml
from signoff.stories.instant import instant_of
from signoff.stories.state import letters_of

PASS, CONCERNS, FAIL, WAIVED = "PASS", "CONCERNS", "FAIL", "WAIVED"
GATES = (PASS, CONCERNS, FAIL, WAIVED)
NFR_STATUSES = (PASS, CONCERNS, FAIL)
SEVERITIES = ("low", "medium", "high")
FAIL_SCORE, CONCERNS_SCORE = 9, 6

WARNINGS = frozenset({"decorated-word", "letter-case", "missing-story", "nested-gate", "superseded", "unreadable-time"})
ERRORS = frozenset(
    {
        "gate-too-lenient",
        "gate-too-strict",
        "invalid-shape",
        "invalid-yaml",
        "missing-gate",
        "no-gate-files",
        "unknown-value",
        "unreadable-file",
        "waiver-incomplete",
    }
)

#: How much each means: the place in (PASS, CONCERNS, FAIL).
_OF_SEVERITY = {
    **dict.fromkeys(("medium", "moderate"), 1),
    **dict.fromkeys(("high", "critical", "blocker", "major", "severe"), 2),
}
_OF_NFR = {**dict.fromkeys(("concerns", "concern"), 1), **dict.fromkeys(("fail", "failed", "failing"), 2)}
#: Under what name a gate that is nested has its word.
_NESTED_WORDS = ("gate", "status", "decision", "result")


@dataclass(frozen=True)
class Finding:
    """`line` from 1, where one can be named."""

    code: str
    message: str
    line: int | None = None

    @property
    def is_error(self) -> bool:
        return self.code in ERRORS


@dataclass(frozen=True)
class Issue:
    id: str
    severity: str
    finding: str
    action: str


@dataclass(frozen=True)
class QaGate:
    """What a file says. `gate` is None where it is none of `GATES`; `updated_at` is in epoch milliseconds."""

    story: str | None
    gate: str | None
    status_reason: str
    issues: tuple[Issue, ...]
    updated: str | None
    updated_at: int | None


@dataclass(frozen=True)
class Checked:
    """A file that was looked at: `gate` is None where it could not be read at all."""

    gate: QaGate | None
    findings: tuple[Finding, ...] = ()

    @property
    def status(self) -> str:
        if any(finding.is_error for finding in self.findings):
            return "error"
        return "warning" if self.findings else "ok"


def check_qa_gate(text: str, *, path: str) -> Checked:
    """What the file says, and everything that is wrong with it in the order of its lines. Nothing is raised."""
    problems: list[Problem] = []
    file = Document(path, read_yaml(text, problems), problems)
    if problems and file.yaml.value is None:
        return Checked(None, _in_order(file, []))
    reading = _Reading(text, file)
    gate = reading.read()
    return Checked(gate, _in_order(file, reading.findings))


def newest_of(gates: Mapping[str, QaGate]) -> dict[str, str]:
    """The path of the file that holds for each story, of those at these paths: the one that was updated last, whatever
    its name; of those that do not say when, the last by its path."""
    newest: dict[str, str] = {}
    for path, gate in sorted(gates.items(), key=lambda item: (_instant(item[1]), item[0])):
        if gate.story is not None:
            newest[gate.story] = path
    return newest


def _instant(gate: QaGate) -> tuple[bool, int]:
    return gate.updated_at is not None, gate.updated_at or 0


@dataclass
class _Reading:
    """One file, read from its top."""

    text: str
    file: Document
    findings: list[Finding] = field(default_factory=list)
    #: What the evidence means at least, and which piece of it says so.
    meaning: int = 0
    because: list[str] = field(default_factory=list)

    def read(self) -> QaGate | None:
        root = Piece(self.file.yaml.value, self.file)
        if not isinstance(root.value, dict):
            root.refuse("invalid-shape", shown(str(root.value)), "a mapping")
            return None
        pieces = root.members()
        word = pieces.get("gate")
        if word is not None and isinstance(word.value, dict):
            self._find("nested-gate", "the gate is a mapping; it belongs at the top of the file.", word)
            inner = word.members()
            pieces = {**{name: piece for name, piece in pieces.items() if name != "gate"}, **inner}
            word = next((inner[name] for name in _NESTED_WORDS if name in inner), None)
        issues = tuple(self._issues(pieces))
        self._look_at_nfr(pieces)
        self._look_at_risk(pieces)
        gate = self._gate(word)
        self._compare(gate, word, is_waived=self._is_waived(pieces, gate))
        return self._told(pieces, gate, issues)

    def _gate(self, word: Piece | None) -> str | None:
        if word is None:
            self._find("missing-gate", f"there is no gate; it is one of {', '.join(GATES)}.", None)
            return None
        return self._word(word, GATES, "gate")

    def _issues(self, pieces: Mapping[str, Piece]) -> Iterator[Issue]:
        for item in pieces["top_issues"].items() if "top_issues" in pieces else ():
            members = item.members()
            name = _text(members, "id") or f"issue {item.at[-1]}"
            severity = "" if "severity" not in members else self._severity(members["severity"], name)
            if "risk_score" in members:
                self._weigh_score(members["risk_score"], name)
            action = _text(members, "suggested_action") or _text(members, "action")
            yield Issue(name, severity, _text(members, "finding"), action)

    def _severity(self, piece: Piece, name: str) -> str:
        word = self._word(piece, SEVERITIES, "severity") or _shown_word(piece)
        self._weigh(_OF_SEVERITY.get(letters_of(word), 0), f"issue {name} is {word}")
        return word

    def _look_at_nfr(self, pieces: Mapping[str, Piece]) -> None:
        found = pieces["nfr_validation"].members() if "nfr_validation" in pieces else {}
        for name, piece in found.items():
            if name.startswith("_") or isinstance(piece.value, list):
                continue
            status = piece.members().get("status") if isinstance(piece.value, dict) else piece
            if status is not None:
                word = self._word(status, NFR_STATUSES, f"status of {name}") or _shown_word(status)
                self._weigh(_OF_NFR.get(letters_of(word), 0), f"the NFR {name} is {word}")

    def _look_at_risk(self, pieces: Mapping[str, Piece]) -> None:
        summary = pieces["risk_summary"].members() if "risk_summary" in pieces else {}
        highest = summary["highest"].members() if isinstance(_value(summary, "highest"), dict) else {}
        if "score" in highest:
            self._weigh_score(highest["score"], "risk_summary.highest")

    def _weigh_score(self, piece: Piece, name: str) -> None:
        score = _number(piece.value)
        if score is None:
            self._find("unknown-value", f"the risk score {_quoted(piece)} of {name} is no number.", piece)
            return
        self._weigh((score >= CONCERNS_SCORE) + (score >= FAIL_SCORE), f"the risk score of {name} is {score:g}")

    def _weigh(self, meaning: int, because: str) -> None:
        if meaning > self.meaning:
            self.meaning, self.because = meaning, []
        if meaning and meaning == self.meaning:
            self.because.append(because)

    def _is_waived(self, pieces: Mapping[str, Piece], gate: str | None) -> bool:
        """Whether there is a waiver that counts; one that is claimed and does not is said."""
        piece = pieces.get("waiver")
        waiver = piece.members() if piece is not None else {}
        is_active = _value(waiver, "active") is True or str(_value(waiver, "active")).lower() in ("yes", "true")
        if gate != WAIVED and not is_active:
            return False
        approver = _text(waiver, "approved_by") or _text(waiver, "approver")
        lacking = {"active: true": is_active, "a reason": bool(_text(waiver, "reason")), "an approver": bool(approver)}
        missing = [name for name, is_there in lacking.items() if not is_there]
        if missing:
            self._find("waiver-incomplete", f"the waiver lacks {', '.join(missing)}.", piece or pieces.get("gate"))
        return not missing

    def _compare(self, gate: str | None, word: Piece | None, *, is_waived: bool) -> None:
        if gate is None or gate == WAIVED or is_waived:
            return
        means = NFR_STATUSES[self.meaning]
        why = f"{'; '.join(self.because)}: that means {means}"
        if NFR_STATUSES.index(gate) < self.meaning:
            self._find("gate-too-lenient", f"the gate says {gate}, but {why}.", word)
        elif NFR_STATUSES.index(gate) > self.meaning:
            why = why if self.because else f"nothing in the file is graver than {means}"
            self._find("gate-too-strict", f"the gate says {gate}, but {why}.", word)

    def _told(self, pieces: Mapping[str, Piece], gate: str | None, issues: tuple[Issue, ...]) -> QaGate:
        story, updated = self._story(pieces.get("story")), pieces.get("updated")
        if story is None:
            self._find("missing-story", "it does not say which story it is of.", None)
        updated_at = None if updated is None else instant_of(updated.value)
        if updated is not None and updated_at is None:
            self._find("unreadable-time", f"updated is {_quoted(updated)}, which is no time that can be read.", updated)
        said = None if updated is None else str(updated.value)
        return QaGate(story, gate, _text(pieces, "status_reason"), issues, said, updated_at)

    def _story(self, piece: Piece | None) -> str | None:
        """As it stands in the file: YAML takes `4.10` for the number 4.1."""
        if piece is None or isinstance(piece.value, dict | list | bool):
            return None
        if isinstance(piece.value, str):
            return piece.value.strip() or None
        line = self.text.splitlines()[self.file.yaml.line(piece.at) - 1]
        written = re.search(r"story[\"']?\s*:\s*([^\s,}#]+)", line)
        return str(piece.value) if written is None else written[1]

    def _word(self, piece: Piece, known: Sequence[str], what: str) -> str | None:
        """The word of the vocabulary; None, with a finding, where it is none."""
        said = str(piece.value).strip()
        found = next((word for word in known if letters_of(word) == letters_of(said)), None)
        if found is None:
            self._find("unknown-value", f"the {what} is {_quoted(piece)}, which is none of {', '.join(known)}.", piece)
        elif found != said:
            drift = "letter-case" if found.lower() == said.lower() else "decorated-word"
            self._find(drift, f"the {what} is {_quoted(piece)}; it is written {found}.", piece)
        return found

    def _find(self, what: str, message: str, piece: Piece | None) -> None:
        line = None if piece is None else self.file.yaml.line(piece.at)
        self.findings.append(Finding(what, message[:1].upper() + message[1:], line))


def _in_order(file: Document, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    problems = [Finding(one.code, str(one)[:1].upper() + str(one)[1:], one.line) for one in file.problems]
    return tuple(sorted([*problems, *findings], key=lambda finding: finding.line or 0))


def _value(pieces: Mapping[str, Piece], name: str) -> Any:
    return pieces[name].value if name in pieces else None


def _text(pieces: Mapping[str, Piece], name: str) -> str:
    value = _value(pieces, name)
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _shown_word(piece: Piece) -> str:
    return " ".join(str(piece.value).split())[:40]


def _quoted(piece: Piece) -> str:
    return shown(str(piece.value))
