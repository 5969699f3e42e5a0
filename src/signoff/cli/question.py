"""What `signoff ask` asks, read from its options, and the key that names it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates.deadline import check_ttl
from signoff.gates.digest import digest_of
from signoff.gates.prompt import APPROVE, REJECT, YES_NO

WORKFLOW_ID = "ask"
TIMEOUT = "1d"

_SECONDS_IN = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"([0-9]{1,9})([smhd])")


@dataclass(frozen=True)
class Question:
    """`prompt` and `needs` are in their wire forms, `needs` None where anyone may answer."""

    prompt: dict[str, Any]
    needs: list[dict[str, Any]] | None
    ttl_s: int
    requested_by: str

    def key_of_round(self, round_: int) -> str:
        """The same for the same question: asked again, it finds the gate of the first time. Rounds are from 1."""
        key = f"ask-{digest_of([self.prompt, self.needs, self.ttl_s, self.requested_by])[:16]}"
        return key if round_ == 1 else f"{key}-{round_}"

    @property
    def choices(self) -> list[str]:
        return [choice["key"] for choice in self.prompt["choices"]]

    def to_wire(self, workflow_id: str, gate_key: str) -> dict[str, Any]:
        wire: dict[str, Any] = {
            "workflowId": workflow_id,
            "gateKey": gate_key,
            "prompt": self.prompt,
            "ttlS": self.ttl_s,
            "requestedBy": self.requested_by,
        }
        return wire if self.needs is None else {**wire, "requirement": {"needs": self.needs}}


def read_question(
    title: str,
    *,
    body: bytes | None,
    choices: Sequence[str],
    needs: Sequence[str],
    evidence: Sequence[Path],
    timeout: str,
    requested_by: str,
) -> Question:
    """
    Raises:
        InvalidInputError: naming the option that cannot be taken.
    """
    prompt: dict[str, Any] = {"title": title, "choices": read_choices(choices)}
    if body is not None:
        prompt["body"] = _text(body)
    if evidence:
        prompt["evidence"] = [_piece(path) for path in evidence]
    return Question(prompt, [read_need(need) for need in needs] or None, read_span(timeout), requested_by)


def read_choices(pairs: Sequence[str]) -> list[dict[str, str]]:
    """`KEY=LABEL` each; the first lets it go on, the others refuse."""
    if not pairs:
        return [{"key": choice.key, "label": choice.label, "effect": choice.effect} for choice in YES_NO]
    if len(pairs) == 1:
        raise _invalid("--choice", "name at least two, or nobody could refuse")
    choices = []
    for at, pair in enumerate(pairs):
        key, _, label = pair.partition("=")
        if not key or not label.strip():
            raise _invalid("--choice", f"{pair[:80]!r} is not of the form KEY=LABEL")
        choices.append({"key": key, "label": label, "effect": APPROVE if at == 0 else REJECT})
    return choices


def read_need(text: str) -> dict[str, Any]:
    """`release,lead:2`: two people who are release or lead."""
    roles, _, count = text.rpartition(":")
    names = [role.strip() for role in roles.split(",")]
    if not all(names) or re.fullmatch(r"[0-9]{1,3}", count) is None:
        raise _invalid("--need", f"{text[:80]!r} is not of the form ROLE[,ROLE]:COUNT")
    return {"any_of": names, "count": int(count)}


def read_span(text: str) -> int:
    """Seconds of `90s`, `30m`, `2h` or `1d`."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise _invalid("--timeout", f"{text[:80]!r} is not of the form 90s, 30m, 2h or 1d")
    return check_ttl(int(match[1]) * _SECONDS_IN[match[2]])


def _piece(path: Path) -> dict[str, str]:
    """A file by its name, where it is from here, and the hash of what is in it."""
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _invalid("--evidence", f"{str(path)[:200]!r} cannot be read: {error.strerror}") from None
    absolute, here = path.absolute(), Path.cwd()
    shown = absolute.relative_to(here) if absolute.is_relative_to(here) else path
    return {"title": path.name, "uri": shown.as_posix(), "sha256": sha256}


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid("--body", f"it is not UTF-8 at byte {error.start}") from None


def _invalid(flag: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"{flag} cannot be taken: {why}.", code="invalid-question", details={"flag": flag})
